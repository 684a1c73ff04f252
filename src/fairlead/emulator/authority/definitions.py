"""Shipped schemas of vendors whose SDKs type their bodies, and what JSON Schema's types hold."""

from collections.abc import Callable
from importlib import resources
from typing import Any

import msgspec

__all__ = ["TYPES", "Definitions", "Node", "fits", "shipped", "whole"]

Node = dict[str, Any]
REF = "#/$defs/"


class Definitions(msgspec.Struct, frozen=True):
    """JSON Schemas of the bodies: `ops` names the root of each operation in `defs`."""

    ops: dict[str, str]
    defs: dict[str, Node]

    def root(self, op: str) -> Node:
        """A reference to the body of `op`."""
        return {"$ref": REF + self.ops[op]}

    def json_schema(self, op: str) -> Node:
        """The body of `op` as JSON Schema."""
        return {**self.root(op), "$defs": self.defs}

    def resolved(self, node: Node) -> Node:
        """The node itself, or the definition that it refers to."""
        return self.defs[node["$ref"].removeprefix(REF)] if "$ref" in node else node


def shipped(vendor: str) -> Definitions:
    """A vendor's schemas, read anew: they may be changed."""
    path = resources.files(__package__) / "data" / f"{vendor}.json"
    document = msgspec.json.decode(path.read_bytes())
    return Definitions(document["ops"], document["$defs"])


def fits(kind: str | None, value: object) -> bool:
    """Whether a value is of a type of JSON Schema's; none is of a type that there isn't."""
    test = TYPES.get(kind or "")
    return test is not None and test(value)


def whole(value: object) -> bool:
    """Whether a value is an integer, which `1.0` is and `true` is not."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


TYPES: dict[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": whole,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
