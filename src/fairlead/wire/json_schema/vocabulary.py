"""What JSON Schema is made of: its keywords, and what of a schema is a schema again."""

from collections.abc import Iterable
from typing import Any, Final

__all__ = [
    "ANNOTATIONS",
    "BELONGS",
    "MAX_DEPTH",
    "SILENT",
    "Schema",
    "SchemaError",
    "children",
    "is_lone",
    "is_number",
    "is_plain_enum",
    "keywords",
]

Schema = dict[str, Any]

MAX_DEPTH: Final = 64

SILENT: Final = frozenset(
    {"$schema", "$id", "$comment", "$anchor", "$vocabulary", "$dynamicAnchor", "id"}
)
"""Keywords that say nothing about instances: dropped without a word."""

_BY_NAME: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_BY_LIST: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_BY_ONE: Final = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains"),
    *("propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema"),
)
BELONGS: Final[dict[str, tuple[str, ...]]] = {
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "object": (
        *("properties", "required", "additionalProperties", "propertyOrdering"),
        *("minProperties", "maxProperties"),
    ),
    "string": ("pattern", "minLength", "maxLength", "format", "enum"),
    "integer": ("minimum", "maximum", "format", "enum"),
    "number": ("minimum", "maximum", "format", "enum"),
    "boolean": (),
}
"""Which keywords go with which branch when a list of types becomes `anyOf`."""

ANNOTATIONS: Final = frozenset(
    {
        *("description", "title", "default", "examples", "example", "deprecated", "readOnly"),
        *("writeOnly", "discriminator"),
    }
)


class SchemaError(Exception):
    """A schema can't be read: `pointer` is where (`properties.a.items`), the message what."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


def keywords(schema: object, depth: int = 0) -> set[str]:
    """All keywords that `schema` uses, in itself and below; `$ref+` if something stands beside one,
    `enum+` if one holds more than strings and numbers.

    Raises:
        SchemaError: nested deeper than `MAX_DEPTH`.
    """
    if depth > MAX_DEPTH:
        raise SchemaError("", f"the schema is nested deeper than {MAX_DEPTH} levels")
    if not isinstance(schema, dict):
        return set()
    found = set(schema)
    if "$ref" in schema and not is_lone(schema):
        found.add("$ref+")
    if "enum" in schema and not is_plain_enum(schema["enum"]):
        found.add("enum+")
    for child in children(schema):
        found |= keywords(child, depth + 1)
    return found


def children(schema: Schema) -> Iterable[object]:
    """What stands in a schema where a schema stands."""
    for name in _BY_NAME:
        if isinstance(below := schema.get(name), dict):
            yield from below.values()
    for name in _BY_LIST:
        if isinstance(below := schema.get(name), list):
            yield from below
    for name in _BY_ONE:
        if isinstance(below := schema.get(name), dict):
            yield below


def is_lone(schema: Schema) -> bool:
    """Whether a schema says nothing beside its `$ref`."""
    # "no other properties, except for than those starting as a `$`, may be set" beside a $ref
    # (Gemini's reference); a title was recorded beside one with status 200.
    return all(name.startswith("$") or name == "title" for name in schema)


def is_number(value: object) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_plain_enum(values: object) -> bool:
    """Whether all values are strings and numbers."""
    return isinstance(values, list) and all(isinstance(v, str) or is_number(v) for v in values)
