"""What is wrong with a body in Google's words.

The servers convert JSON to a protobuf message while they read it, go on after a fault, and report
all of them, one sentence a line. The sentences are protobuf's own (`ProtoWriter`,
`StatusErrorListener`), with the path in proto names:

    Invalid JSON payload received. Unknown name "foo" at 'contents[0]': Cannot find field.
    Invalid value at 'generation_config.seed' (TYPE_INT32), 3812238859
    Invalid value at 'contents[0]' (role), Starting an object on a scalar field
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from fairlead.emulator.authority.definitions import whole
from fairlead.emulator.authority.discovery import BASE64, SECONDS, Messages, Node, snake
from fairlead.emulator.authority.fault import Fault, Json

__all__ = ["google_faults"]

KINDS = {
    ("string", None): "TYPE_STRING",
    ("string", "byte"): "TYPE_BYTES",
    ("string", "int64"): "TYPE_INT64",
    ("string", "google-duration"): "type.googleapis.com/google.protobuf.Duration",
    ("integer", "int32"): "TYPE_INT32",
    ("integer", None): "TYPE_INT32",
    ("number", "double"): "TYPE_DOUBLE",
    ("number", "float"): "TYPE_FLOAT",
    ("number", None): "TYPE_DOUBLE",
    ("boolean", None): "TYPE_BOOL",
    ("object", None): "type.googleapis.com/google.protobuf.Struct",
}
SHOWN_CHARACTERS = 200

_PATTERNS = {
    "TYPE_BYTES": re.compile(BASE64),
    "type.googleapis.com/google.protobuf.Duration": re.compile(SECONDS),
}
_DIGITS = re.compile(r"-?[0-9]+")
_NUMERAL = re.compile(r"-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?|NaN|-?Infinity")
_INT_BITS = {"TYPE_INT32": 31, "TYPE_INT64": 63}
_FLOATS = {"TYPE_DOUBLE", "TYPE_FLOAT"}


def google_faults(known: Messages, op: str, body: object) -> Iterator[Fault]:
    """Every fault of `body` as a request of `op`, in the order of its keys."""
    if not isinstance(body, dict):
        yield _unknown("", "", "Root element must be a message.")
        return
    yield from _Walk(known).message(known.ops[op], body, "")


def _unknown(path: str, name: str, why: str) -> Fault:
    at = f" at '{path}'" if path else ""
    sentence = f'Invalid JSON payload received. Unknown name "{_cut(name)}"{at}: {why}'
    return Fault(path, sentence)


def _invalid(path: str, kind: str, what: str) -> Fault:
    return Fault(path, f"Invalid value at '{path}' ({kind}), {what}")


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."


def _shown(value: object) -> str:
    return _cut(msgspec.json.encode(value).decode("utf-8", "replace"))


class _Walk:
    """One body's walk along the messages that it should be made of."""

    def __init__(self, known: Messages) -> None:
        self.known = known

    def message(self, name: str, value: dict[str, Any], path: str) -> Iterator[Fault]:
        fields = self.known.fields[name]
        for key, inner in value.items():
            if key not in fields:
                yield _unknown(path, key, "Cannot find field.")
                continue
            camel, node = fields[key]
            below = f"{path}.{snake(camel)}" if path else snake(camel)
            yield from self.field(node, inner, below, (name, path, key))

    def field(
        self, node: Node, value: Json, path: str, home: tuple[str, str, str]
    ) -> Iterator[Fault]:
        """Faults of one field; `home` is its message's name and path, and the key as written."""
        if value is None or node.get("type") == "any":
            return
        if node.get("type") == "array":
            yield from self.repeated(node["items"], value, path, home)
        elif isinstance(value, list) and node.get("type") != "object":
            yield _unknown(home[1], home[2], "Proto field is not repeating, cannot start list.")
        else:
            yield from self.single(node, value, path, home)

    def repeated(
        self, items: Node, value: Json, path: str, home: tuple[str, str, str]
    ) -> Iterator[Fault]:
        if not isinstance(value, list):
            # A lone message is taken for a list of one; a lone scalar is not.
            if "$ref" in items and isinstance(value, dict):
                yield from self.message(items["$ref"], value, path + "[0]")
            else:
                yield _invalid(path, self.kind(items, home), _shown(value))
            return
        for index, element in enumerate(value):
            below = f"{path}[{index}]"
            if items.get("type") == "any":
                continue
            if element is None or isinstance(element, list):
                yield _invalid(below, self.kind(items, home), _shown(element))
            else:
                yield from self.single(items, element, below, home)

    def single(
        self, node: Node, value: Json, path: str, home: tuple[str, str, str]
    ) -> Iterator[Fault]:
        if "$ref" in node:
            if isinstance(value, dict):
                yield from self.message(node["$ref"], value, path)
            else:
                yield _invalid(path, self.kind(node, home), _shown(value))
        elif node["type"] == "object":
            yield from self.mapping(node, value, path, home)
        elif isinstance(value, dict):
            yield _invalid(home[1], snake(home[2]), "Starting an object on a scalar field")
        elif not _scalar_fits(node, self.kind(node, home), value):
            yield self.scalar(node, value, path, home)

    def mapping(
        self, node: Node, value: Json, path: str, home: tuple[str, str, str]
    ) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield _invalid(path, self.kind(node, home), _shown(value))
            return
        values = node.get("additionalProperties", {"type": "any"})
        if values.get("type") == "any":
            return
        for index, element in enumerate(value.values()):
            # protobuf counts a map's entries and calls their value `value`.
            below = f"{path}[{index}].value"
            yield from self.single(values, element, below, home)

    def scalar(self, node: Node, value: Json, path: str, home: tuple[str, str, str]) -> Fault:
        kind = self.kind(node, home)
        if kind == "TYPE_BYTES" and isinstance(value, str):
            return _invalid(path, kind, f"Base64 decoding failed for {_shown(value)}")
        return _invalid(path, kind, _shown(value))

    def kind(self, node: Node, home: tuple[str, str, str]) -> str:
        """A field's type as errors name it."""
        if "$ref" in node:
            return f"type.googleapis.com/{self.known.package}.{node['$ref']}"
        if "enum" in node:
            camel = self.known.fields[home[0]][home[2]][0]
            return (
                f"type.googleapis.com/{self.known.package}.{home[0]}.{camel[:1].upper()}{camel[1:]}"
            )
        return KINDS[node["type"], node.get("format")]


def _scalar_fits(node: Node, kind: str, value: Json) -> bool:
    if "enum" in node:
        if isinstance(value, str):
            return value in node["enum"] or value in [name.lower() for name in node["enum"]]
        return whole(value)
    if kind in _INT_BITS:
        if isinstance(value, str):
            return _DIGITS.fullmatch(value) is not None
        limit = 1 << _INT_BITS[kind]
        return whole(value) and (kind == "TYPE_INT64" or -limit <= value < limit)
    if kind in _FLOATS:
        if isinstance(value, str):
            return _NUMERAL.fullmatch(value) is not None
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "TYPE_BOOL":
        return isinstance(value, bool)
    pattern = _PATTERNS.get(kind)
    return isinstance(value, str) and (pattern is None or pattern.match(value) is not None)
