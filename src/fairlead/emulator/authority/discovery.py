"""Google's request messages, read from the shipped discovery structure plus the overlay.

A discovery document says what a field's type is; the servers read JSON by protobuf's rules, which
are wider. `json_schema` writes those rules out: names in camelCase or snake_case, null for any
field, integers as strings of digits, enums by name in either case or by number, a lone object for
a repeated message, both base64 alphabets.
"""

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

import msgspec

__all__ = ["Messages", "messages", "snake"]

Node = dict[str, Any]

INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}
DIGITS = {"type": "string", "pattern": r"^-?[0-9]+$"}
NUMERAL = {
    "type": "string",
    "pattern": r"^(-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?|NaN|-?Infinity)$",
}
BASE64 = r"^[A-Za-z0-9+/_\-\s]*={0,2}\s*$"
SECONDS = r"^-?[0-9]+(\.[0-9]{1,9})?s$"
NULL: Node = {"type": "null"}

SCALARS: dict[tuple[str | None, str | None], Node] = {
    ("string", None): {"type": ["string", "null"]},
    ("string", "byte"): {"type": ["string", "null"], "pattern": BASE64},
    ("string", "int64"): {"anyOf": [{"type": "integer"}, DIGITS, NULL]},
    ("string", "google-duration"): {"type": ["string", "null"], "pattern": SECONDS},
    ("integer", "int32"): {"anyOf": [{"type": "integer", **INT32}, DIGITS, NULL]},
    ("integer", None): {"anyOf": [{"type": "integer", **INT32}, DIGITS, NULL]},
    ("number", "double"): {"anyOf": [{"type": "number"}, NUMERAL, NULL]},
    ("number", "float"): {"anyOf": [{"type": "number"}, NUMERAL, NULL]},
    ("number", None): {"anyOf": [{"type": "number"}, NUMERAL, NULL]},
    ("boolean", None): {"type": ["boolean", "null"]},
    ("any", None): {},
}

_HUMP = re.compile(r"([A-Z])")


@cache
def snake(name: str) -> str:
    """A field's proto name: `inlineData` -> `inline_data`."""
    return _HUMP.sub(lambda hump: "_" + hump.group(1).lower(), name)


class Messages(msgspec.Struct, frozen=True):
    """The request messages of one vendor: `schemas` by short name, `ops` name their roots.

    `fields[message]` finds what a JSON key means, in either spelling: the camelCase name and the
    field's node. `package` is the protobuf package that the vendor's errors name types by.
    """

    ops: dict[str, str]
    schemas: dict[str, Node]
    fields: dict[str, dict[str, tuple[str, Node]]]
    package: str

    def json_schema(self, op: str) -> Node:
        """The body of `op` as JSON Schema."""
        return {
            "$ref": f"#/$defs/{self.ops[op]}",
            "$defs": {name: self._message(node) for name, node in self.schemas.items()},
        }

    def _message(self, node: Node) -> Node:
        properties: Node = {}
        for name, field in node.get("properties", {}).items():
            properties[name] = properties[snake(name)] = self._value(field)
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def _value(self, field: Node) -> Node:
        if "$ref" in field:
            return {"anyOf": [NULL, {"$ref": f"#/$defs/{field['$ref']}"}]}
        if "enum" in field:
            return {"anyOf": [_enum(field["enum"]), {"type": "integer"}, NULL]}
        if field["type"] == "array":
            items = self._element(field["items"])
            lone = [items] if "$ref" in field["items"] else []
            return {"anyOf": [{"type": "array", "items": items}, NULL, *lone]}
        if field["type"] == "object":
            values = self._element(field.get("additionalProperties", {"type": "any"}))
            return {"type": ["object", "null"], "additionalProperties": values}
        return SCALARS[field["type"], field.get("format")]

    def _element(self, field: Node) -> Node:
        return {"$ref": f"#/$defs/{field['$ref']}"} if "$ref" in field else self._value(field)


def _enum(names: list[str]) -> Node:
    return {"enum": [*names, *(name.lower() for name in names)]}


def _spellings(message: Node) -> dict[str, tuple[str, Node]]:
    return {
        spelling: (name, node)
        for name, node in message.get("properties", {}).items()
        for spelling in (name, snake(name))
    }


def _overlaid(text: str) -> Node:
    """A field type of the overlay as a discovery node."""
    if text.endswith("[]"):
        return {"type": "array", "items": _overlaid(text[:-2])}
    if text == "object":
        return {"type": "object", "additionalProperties": {"type": "any"}}
    return {"type": text} if text[0].islower() else {"$ref": text}


PACKAGES = {
    "gemini": "google.ai.generativelanguage.v1beta",
    "vertex_gemini": "google.cloud.aiplatform.v1beta1",
}


@cache
def messages(vendor: str) -> Messages:
    """The messages of `gemini` or `vertex_gemini`; KeyError for anyone else."""
    package = PACKAGES[vendor]
    data = resources.files(__package__) / "data"
    document = msgspec.json.decode((data / "gemini.json").read_bytes())
    overlay = tomllib.loads((data / "gemini_overlay.toml").read_text("utf-8"))[vendor]
    schemas: dict[str, Node] = document["schemas"]
    for name, fields in overlay["add"].items():
        properties = schemas.setdefault(name, {"type": "object"}).setdefault("properties", {})
        properties.update({field: _overlaid(text) for field, text in fields.items()})
    for name, dropped in overlay["drop"].items():
        for field in dropped:
            del schemas[name]["properties"][field]
    fields = {name: _spellings(message) for name, message in schemas.items()}
    return Messages(document["ops"], schemas, fields, package)
