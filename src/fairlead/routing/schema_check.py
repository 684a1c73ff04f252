"""Whether a JSON value keeps a JSON Schema, for schemas and values that strangers wrote.

A validator does what its schema says, and a schema can say a lot: fetch an address, run a regular
expression for ever, or refer to itself so that each level of the value doubles the work. Here
nothing is fetched, expressions run in time linear in the text (so one with a look-ahead is not
known), and what could take long is not begun: then the answer is that nobody knows.
"""

from functools import lru_cache
from typing import Any, Final, NoReturn

import jsonschema_rs
import msgspec
from msgspec import Struct

__all__ = ["MOST_SCHEMA", "Schema", "schema_of"]

MOST_SCHEMA: Final = 64 * 1024
"""Bytes of a schema that is looked at."""
_MOST_VISITS: Final = 1_000_000
_MOST_DEPTH: Final = 200
_REGEX: Final = 1 << 20
_LONGEST: Final = 160


class Schema(Struct, frozen=True):
    """A compiled schema. `weight`: subschemas that one place of a value may meet; `references`:
    how many it has where they lead back to themselves, else 0.
    """

    validator: Any
    weight: int
    references: int

    def fault(self, value: object) -> str | None:
        """What is wrong with the value; `""` if nothing is, None if that takes too long to say."""
        nodes, depth = _extent(value)
        visits = self.weight * nodes
        if self.references > 1:
            visits *= self.references ** min(depth, 40)
        if visits > _MOST_VISITS or depth > _MOST_DEPTH:
            return None
        try:
            self.validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            # The message repeats the value, and its path the value's own keys: what is told is
            # which line of the schema is broken.
            return f"/{'/'.join([str(step) for step in error.schema_path])}"[:_LONGEST]
        except (ValueError, TypeError, RecursionError):
            return None
        return ""


@lru_cache(maxsize=128)
def schema_of(text: bytes) -> Schema | None:
    """The schema of a JSON text; None where it is none, or cannot be checked here."""
    if len(text) > MOST_SCHEMA:
        return None
    try:
        schema = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(schema, dict | bool):
        return None
    weigher = _Weigher(schema)
    try:
        weight = weigher.weigh(schema)
        validator = jsonschema_rs.validator_for(
            schema,
            retriever=_nobody,
            pattern_options=jsonschema_rs.RegexOptions(_REGEX, _REGEX),
        )
    except (ValueError, TypeError, RecursionError):
        return None
    if weight > _MOST_VISITS:
        return None
    return Schema(validator, weight, weigher.references if weigher.cyclic else 0)


def _nobody(uri: str) -> NoReturn:
    """Nothing is fetched: an address in a client's schema is not the gateway's to visit."""
    raise ValueError(uri)


class _Weigher:
    """Counts what a schema may ask of one place of a value, references followed."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._known: dict[str, int] = {}
        self._open: set[str] = set()
        self.cyclic = False
        self.references = 0

    def weigh(self, node: object) -> int:
        """The subschemas of a node, those that it refers to included."""
        if isinstance(node, list):
            return sum([self.weigh(each) for each in node])
        if not isinstance(node, dict):
            return 0
        weight = 1 + sum([self.weigh(each) for each in node.values()])
        for key in ("$ref", "$dynamicRef", "$recursiveRef"):
            target = node.get(key)
            if isinstance(target, str):
                self.references += 1
                weight += self._referred(target)
        return min(weight, _MOST_VISITS + 1)

    def _referred(self, target: str) -> int:
        if target in self._open:
            self.cyclic = True
            return 1
        if target not in self._known:
            self._open.add(target)
            self._known[target] = self.weigh(self._found(target))
            self._open.discard(target)
        return self._known[target]

    def _found(self, target: str) -> object:
        """What a local reference names; one by an anchor may be anywhere: the whole."""
        node = self._root
        if not target.startswith("#/"):
            return node
        for step in target[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            node = node.get(name) if isinstance(node, dict) else None
        return node


def _extent(value: object) -> tuple[int, int]:
    """How many values a value holds, and how deep they lie."""
    nodes, depth, level = 0, 0, [value]
    while level:
        nodes, depth = nodes + len(level), depth + 1
        below: list[object] = []
        for each in level:
            if isinstance(each, dict):
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = below
    return nodes, depth
