"""What is wrong with a body in Anthropic's words.

Their API validates with pydantic, stops after validation with the first fault, and says
`<path>: <sentence>`. Where a value is one of several objects, the path names the one that its
`type` picked, as pydantic does for tagged unions; both recorded in the wild:

    messages.3.content.1.tool_use.input: Input should be a valid dictionary
    system.1.cache_control.ephemeral.scope: Extra inputs are not permitted

A tool without `type` is a `custom` one: `tools.0.custom.input_schema: Field required`.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from fairlead.emulator.authority.definitions import Definitions, Node, fits, shipped
from fairlead.emulator.authority.fault import Fault, Json

__all__ = ["anthropic_definitions", "anthropic_faults"]

SENTENCES = {
    "string": "Input should be a valid string",
    "integer": "Input should be a valid integer",
    "number": "Input should be a valid number",
    "boolean": "Input should be a valid boolean",
    "array": "Input should be a valid list",
    "object": "Input should be a valid dictionary",
    "null": "Input should be None",
}
MISSING = "Field required"
EXTRA = "Extra inputs are not permitted"


@cache
def anthropic_definitions() -> Definitions:
    """The shipped schemas."""
    return shipped("anthropic")


def anthropic_faults(known: Definitions, op: str, body: object) -> Iterator[Fault]:
    """Every fault of `body` as a request of `op`: per object first missing, then extra keys."""
    yield from _Walk(known).value(known.root(op), body, ())


def _fault(path: tuple[str, ...], sentence: str) -> Fault:
    where = ".".join(path)
    return Fault(where, f"{where}: {sentence}" if where else sentence)


class _Walk:
    """One body's walk along the schema that it should fit."""

    def __init__(self, known: Definitions) -> None:
        self.resolved = known.resolved

    def value(self, node: Node, value: Json, path: tuple[str, ...]) -> Iterator[Fault]:
        node = self.resolved(node)
        if "anyOf" in node:
            yield from self.union([self.resolved(arm) for arm in node["anyOf"]], value, path)
        elif "enum" in node:
            if value not in node["enum"] or isinstance(value, bool):
                yield _fault(path, "Input should be " + _alternatives(node["enum"]))
        elif "type" in node:
            if not fits(node["type"], value):
                yield _fault(path, SENTENCES[node["type"]])
            elif node["type"] == "array":
                for index, element in enumerate(value):
                    yield from self.value(node["items"], element, (*path, str(index)))
            elif node["type"] == "object":
                yield from self.members(node, value, path)

    def members(self, node: Node, value: Node, path: tuple[str, ...]) -> Iterator[Fault]:
        properties: Node = node.get("properties", {})
        for key in properties:
            if key in value:
                yield from self.value(properties[key], value[key], (*path, key))
            elif key in node["required"]:
                yield _fault((*path, key), MISSING)
        rest = node["additionalProperties"]
        for key in value.keys() - properties.keys() if rest is not True else ():
            if rest is False:
                yield _fault((*path, key), EXTRA)
            else:
                yield from self.value(rest, value[key], (*path, key))

    def union(self, arms: list[Node], value: Json, path: tuple[str, ...]) -> Iterator[Fault]:
        """The faults of the arm that fits the value best."""
        if any(next(self.value(arm, value, path), None) is None for arm in arms):
            return
        objects = [arm for arm in arms if "properties" in arm]
        if isinstance(value, dict) and objects:
            yield from self.tagged(objects, value, path)
            return
        same_kind = [arm for arm in arms if fits(arm.get("type"), value)]
        # Neither a string nor a list: pydantic's last word is the list.
        chosen = same_kind or [arm for arm in arms if arm.get("type") != "null"][-1:]
        for arm in chosen[:1]:
            yield from self.value(arm, value, path)

    def tagged(self, arms: list[Node], value: Node, path: tuple[str, ...]) -> Iterator[Fault]:
        """Faults of the object that the value's tag picks, or that no object has that tag."""
        key = _tag_key(arms)
        if key is None:
            yield from min((list(self.value(arm, value, path)) for arm in arms), key=len)
            return
        tag = value.get(key, "custom" if _has_default(arms, key) else None)
        if tag is None:
            yield _fault((*path, key), MISSING)
            return
        picked = [arm for arm in arms if tag in self.tags(arm, key)]
        if not picked:
            yield self.stray(arms, key, tag, path)
            return
        inner = path if key == "role" else (*path, str(tag))
        yield from min((list(self.value(arm, value, inner)) for arm in picked), key=len)

    def stray(self, arms: list[Node], key: str, tag: object, path: tuple[str, ...]) -> Fault:
        """The fault of a tag that none of the objects has."""
        known = [tag for arm in arms for tag in self.tags(arm, key)]
        if key == "role":
            return _fault((*path, key), "Input should be " + _alternatives(known))
        listed = ", ".join(f"'{name}'" for name in sorted(set(known)))
        return _fault(
            path,
            f"Input tag '{tag}' found using '{key}' does not match any of the expected tags: "
            f"{listed}",
        )

    def tags(self, arm: Node, key: str) -> list[str]:
        """The values of `key` that pick this object."""
        node = arm["properties"][key]
        arms = node.get("anyOf", [node])
        return [tag for each in arms for tag in each.get("enum", ())]


def _tag_key(arms: list[Node]) -> str | None:
    """The key whose value tells the objects apart."""
    for key in ("type", "role"):
        if all(key in arm["properties"] for arm in arms):
            return key
    return None


def _has_default(arms: list[Node], key: str) -> bool:
    return any(key not in arm["required"] for arm in arms)


def _alternatives(values: list[Any]) -> str:
    quoted = [f"'{value}'" if isinstance(value, str) else str(value) for value in values]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
