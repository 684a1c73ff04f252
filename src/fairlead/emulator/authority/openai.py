"""What is wrong with a body in OpenAI's words.

Their API names the first fault only, the place in `param`, and the kind of fault in `code`:

    Invalid type for 'messages[1].content': expected one of a string or array of objects, but got an
    object instead.                                                     code invalid_type
    Missing required parameter: 'tools[0].function'.                    missing_required_parameter
    Unknown parameter: 'input[2].status'.                               unknown_parameter
    Invalid value: 'bot'. Supported values are: 'system', 'user', ...   invalid_value

all of them as users quote them from the live API in public issues; `Unrecognized request argument
supplied: top_k`, without a `param`, is what chat completions say of a stray top-level key.

What the live server takes beyond the SDK's types is `data/openai_overlay.toml`, each line with its
reason.
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from fairlead.emulator.authority.definitions import TYPES, Definitions, Node, fits, shipped
from fairlead.emulator.authority.fault import Fault, Json

__all__ = ["openai_definitions", "openai_faults"]

NAMES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a decimal",
    "boolean": "a boolean",
    "object": "an object",
    "null": "null",
}
PLURALS = {
    "string": "strings",
    "integer": "integers",
    "number": "decimals",
    "object": "objects",
    "array": "arrays",
}
TAGS = ("role", "type")
MOST_COMPARED = 20


class _Allowed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the overlay: keys that may be left out, may be null, or that are there too."""

    definitions: tuple[str, ...]
    reason: str
    optional: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()
    keys: dict[str, Node] = {}


@cache
def openai_definitions() -> Definitions:
    """The shipped schemas with the overlay."""
    known = shipped("openai")
    overlay = resources.files(__package__) / "data" / "openai_overlay.toml"
    rows = tomllib.loads(overlay.read_text("utf-8"))["allow"]
    for row in msgspec.convert(rows, list[_Allowed]):
        for name in row.definitions:
            _allow(known.defs[name], row)
    return known


def _allow(node: Node, row: _Allowed) -> None:
    node["required"] = [key for key in node["required"] if key not in row.optional]
    for key in row.nullable:
        known = node["properties"][key]
        node["properties"][key] = {"anyOf": [*known.get("anyOf", [known]), {"type": "null"}]}
    for key, schema in row.keys.items():
        known = node["properties"].get(key)
        arms = [] if known is None else known.get("anyOf", [known])
        node["properties"][key] = {"anyOf": [*arms, schema]} if arms else schema


def openai_faults(known: Definitions, op: str, body: object) -> Iterator[Fault]:
    """Every fault of `body` as a request of `op`, in the order of the schema's keys."""
    walk = _Walk(known, bare_top=op == "chat")
    yield from walk.value(known.root(op), body, "")


class _Walk:
    """One body's walk along the schema that it should fit."""

    def __init__(self, known: Definitions, *, bare_top: bool) -> None:
        self.resolved = known.resolved
        self.bare_top = bare_top

    def value(self, node: Node, value: Json, path: str) -> Iterator[Fault]:
        node = self.resolved(node)
        if "anyOf" in node:
            yield from self.union([self.resolved(arm) for arm in node["anyOf"]], value, path)
        elif "enum" in node:
            if not _listed(value, node["enum"]):
                yield _not_listed(value, node["enum"], path)
        elif "type" in node:
            if not fits(node["type"], value):
                yield self.wrong_type([node], value, path)
            elif node["type"] == "array":
                for index, element in enumerate(value):
                    yield from self.value(node["items"], element, f"{path}[{index}]")
            elif node["type"] == "object":
                yield from self.members(node, value, path)

    def members(self, node: Node, value: Node, path: str) -> Iterator[Fault]:
        properties: Node = node.get("properties", {})
        inner = f"{path}." if path else ""
        rest = node["additionalProperties"]
        for key in value.keys() - properties.keys() if rest is False else ():
            if self.bare_top and not path:
                yield Fault("", f"Unrecognized request argument supplied: {key}")
            else:
                yield _fault(inner + key, "Unknown parameter: '{}'.", "unknown_parameter")
        for key in properties:
            if key in value:
                yield from self.value(properties[key], value[key], inner + key)
            elif key in node["required"]:
                sentence = "Missing required parameter: '{}'."
                yield _fault(inner + key, sentence, "missing_required_parameter")
        if isinstance(rest, dict):
            for key in value.keys() - properties.keys():
                yield from self.value(rest, value[key], inner + key)

    def union(self, arms: list[Node], value: Json, path: str) -> Iterator[Fault]:
        """The faults of the arm that fits the value best."""
        if any(next(self.value(arm, value, path), None) is None for arm in arms):
            return
        objects = [arm for arm in arms if "properties" in arm]
        if isinstance(value, dict) and objects:
            yield from self.best(self.tagged(objects, value), value, path)
            return
        same = [arm for arm in arms if fits(arm.get("type"), value)]
        if same:
            yield from self.best(same, value, path)
            return
        choices = [choice for arm in arms for choice in arm.get("enum", ())]
        if choices and isinstance(value, str):
            yield _not_listed(value, choices, path)
        else:
            yield self.wrong_type(arms, value, path)

    def best(self, arms: list[Node], value: Json, path: str) -> Iterator[Fault]:
        """The faults of the arm that has the fewest."""
        if len(arms) == 1:
            yield from self.value(arms[0], value, path)
            return
        yield from min((self.some(arm, value, path) for arm in arms[:MOST_COMPARED]), key=len)

    def some(self, arm: Node, value: Json, path: str) -> list[Fault]:
        """At most so many faults as are worth comparing."""
        return [fault for fault, _ in zip(self.value(arm, value, path), range(50), strict=False)]

    def tagged(self, arms: list[Node], value: Node) -> list[Node]:
        """The objects whose tags fit the value's; one that lists all tags when none does."""
        for key in TAGS:
            told = [arm for arm in arms if self.tags(arm, key)]
            if len(told) < len(arms):
                continue
            if key not in value:
                open_ones = [arm for arm in arms if key not in arm["required"]]
                return open_ones or [_only(key, self.all_tags(arms, key))]
            fitting = [arm for arm in arms if _listed(value[key], self.tags(arm, key))]
            return fitting or [_only(key, self.all_tags(arms, key))]
        return arms

    def all_tags(self, arms: list[Node], key: str) -> list[Any]:
        return [tag for arm in arms for tag in self.tags(arm, key)]

    def tags(self, arm: Node, key: str) -> list[Any]:
        """The values of `key` that pick this object; none when it has no such choice."""
        node = self.resolved(arm["properties"].get(key, {}))
        arms = [self.resolved(one) for one in node.get("anyOf", [node])]
        return [tag for each in arms for tag in each.get("enum", ())]

    def wrong_type(self, arms: list[Node], value: Json, path: str) -> Fault:
        wanted = list(dict.fromkeys(self.named(arm) for arm in arms if self.named(arm) != "null"))
        wanted = wanted or ["null"]
        if len(wanted) > 1:
            bare = [
                wanted[0],
                *(name.removeprefix("an ").removeprefix("a ") for name in wanted[1:]),
            ]
            expected = "one of " + _or(bare)
        else:
            expected = wanted[0]
        sentence = f"Invalid type for '{{}}': expected {expected}, but got {_named(value)} instead."
        return _fault(path, sentence, "invalid_type")

    def named(self, arm: Node) -> str:
        if "enum" in arm:
            return "a string" if isinstance(arm["enum"][0], str) else "an integer"
        if arm.get("type") != "array":
            return NAMES.get(arm.get("type", ""), "a value")
        items = self.resolved(arm["items"])
        items = self.resolved(items["anyOf"][0]) if "anyOf" in items else items
        kind = items.get("type", "string" if "enum" in items else "object")
        return f"an array of {PLURALS.get(kind, 'values')}"


def _only(key: str, tags: list[Any]) -> Node:
    """An object of which nothing is asked but one of these tags."""
    return {
        "type": "object",
        "properties": {key: {"enum": list(dict.fromkeys(tags))}},
        "required": [key],
        "additionalProperties": {},
    }


def _fault(path: str, sentence: str, code: str) -> Fault:
    return Fault(path, sentence.replace("{}", path), code)


def _not_listed(value: Json, choices: list[Any], path: str) -> Fault:
    if not isinstance(value, str):
        sentence = f"Invalid type for '{{}}': expected a string, but got {_named(value)} instead."
        return _fault(path, sentence, "invalid_type")
    listed = _and([f"'{choice}'" for choice in choices])
    kind = "Supported values are" if len(choices) > 1 else "Value must be"
    return Fault(path, f"Invalid value: '{value}'. {kind}: {listed}.", "invalid_value")


def _listed(value: Json, choices: list[Any]) -> bool:
    return any(type(one) is type(value) and one == value for one in choices)


def _named(value: Json) -> str:
    for kind, test in TYPES.items():
        if test(value):
            return "an array" if kind == "array" else NAMES[kind]
    return "a value"


def _or(words: list[str]) -> str:
    return _joined(words, "or")


def _and(words: list[str]) -> str:
    return _joined(words, "and")


def _joined(words: list[str], last: str) -> str:
    if len(words) < 3:
        return f" {last} ".join(words)
    return f"{', '.join(words[:-1])}, {last} {words[-1]}"
