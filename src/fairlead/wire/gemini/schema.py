"""Gemini's two ways to say a schema, and the way back.

`parameters` and `responseSchema` take the vendor's subset of OpenAPI 3.0 (discovery document,
`Schema`); one keyword outside of it is a 400 for the whole request ("Unknown name
"exclusiveMinimum" ... Cannot find field": nakama#292, pizza-bot#62, 9router#3018). Newer models
also take `parametersJsonSchema` and `responseJsonSchema`: "While the full JSON Schema may be sent,
not all features are supported. Specifically, only the following properties are supported"
(GenerationConfig reference, `responseJsonSchema`). Recorded with status 200: 197 declarations to
2.5 and 3 with `parametersJsonSchema`, 15 requests with `responseJsonSchema` (2.0 too), 77
declarations with `parameters`.

The choice is a model fact: the feature `json_schema_tools` (a model that the catalogue doesn't know
is taken to be a new one, which has it). What JSON Schema goes out under it is verbatim where it
keeps to the supported keywords, so that prompt caches hold.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import Failure, Problem
from fairlead.catalog.model import Model
from fairlead.wire.gemini.types import ENCODER
from fairlead.wire.json_schema import (
    Lost,
    Profile,
    SchemaError,
    keywords,
    tame,
    translate,
)
from fairlead.wire.losses import Losses

__all__ = [
    "JSON_SCHEMA",
    "OPENAPI",
    "encode_parameters",
    "encode_schema",
    "from_openapi",
    "takes_json_schema",
]

OPENAPI: Final = Profile(
    name="Gemini's OpenAPI subset",
    keep=frozenset(
        {
            *("type", "format", "title", "description", "nullable", "enum", "items", "properties"),
            *("required", "propertyOrdering", "anyOf", "minItems", "maxItems", "minimum"),
            *("maximum", "minLength", "maxLength", "pattern", "minProperties", "maxProperties"),
            "default",
        }
    ),
    # "only 'enum' and 'date-time' are supported for STRING type" (the server's words).
    formats={
        "string": frozenset({"enum", "date-time"}),
        "number": frozenset({"float", "double"}),
        "integer": frozenset({"int32", "int64"}),
    },
    string_enums=True,
    nullable=True,
    upper_types=True,
    # "When using any_of, it must be the only field set" (Vertex's words).
    lone_any_of=True,
    types_needed=True,
)
JSON_SCHEMA: Final = Profile(
    name="Gemini's JSON Schema",
    keep=frozenset(
        {
            *("$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum"),
            *("items", "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf"),
            *("properties", "additionalProperties", "required", "propertyOrdering"),
            "default",  # recorded with status 200
        }
    ),
    inline_refs=False,
    type_lists=True,
    plain_enums=True,  # "`enum` (for strings and numbers)"
    # "Cyclic references are unrolled to a limited degree and, as such, may only be used within
    # non-required properties. (Nullable properties are not sufficient.)"
    required_cycles=False,
)
# "`oneOf` (interpreted the same as `anyOf`)": said as anyOf where a schema is translated at all.
_VERBATIM: Final = JSON_SCHEMA.keep | {"$schema", "$comment", "oneOf"}
_CACHED_MAX: Final = 32 * 1024


def takes_json_schema(facts: Model) -> bool:
    """Whether the model takes real JSON Schema."""
    return "json_schema_tools" in facts.features or not facts.known


def encode_schema(schema: bytes, facts: Model, path: str, losses: Losses) -> Raw:
    """`schema` (JSON Schema) as the model takes it, its losses named `schema:<keyword>`.

    Raises:
        Failure: it is no schema, at `path`.
    """
    profile = JSON_SCHEMA if takes_json_schema(facts) else OPENAPI
    work = _cached if len(schema) <= _CACHED_MAX else _encoded
    try:
        raw, lost = work(schema, profile.upper_types)
    except SchemaError as error:
        where = f"{path}.{error.pointer}" if error.pointer else path
        raise Failure.invalid(str(error), where) from None
    for item in lost:
        where = f"{path}.{item.pointer}" if item.pointer else path
        losses.cosmetic(where, f"schema:{item.keyword}", item.why)
    return Raw(raw)


def encode_parameters(schema: bytes, facts: Model, path: str, losses: Losses) -> Raw:
    """A function's parameters: "the schema must describe an object where the properties are the
    parameters to the function" (FunctionDeclaration reference), so an object is what a schema
    without a type is about.

    Raises:
        Failure: it is no schema, or of no object ("parameters schema should be of type OBJECT").
    """
    rooted = (_rooted_cached if len(schema) <= _CACHED_MAX else _rooted)(schema)
    if isinstance(rooted, str):
        message = f"a function's parameters are an object to Gemini, not of type {rooted}"
        raise Failure(Problem("unsupported", message, path))
    return encode_schema(rooted, facts, path, losses)


def _rooted(schema: bytes) -> bytes | str:
    """`schema` with its type said, or the name of a type that is no object's."""
    try:
        root = msgspec.json.decode(schema)
    except (msgspec.DecodeError, RecursionError):
        return schema  # the translation says what is wrong
    if not isinstance(root, dict):
        return schema
    kind = root.get("type")
    if kind is None and root.keys().isdisjoint(_COMPOSED):
        return ENCODER.encode({"type": "object", **root})
    kinds = kind if isinstance(kind, list) else [kind]
    if kind is None or any(k not in _OTHER_TYPES for k in kinds if isinstance(k, str)):
        return schema
    return ", ".join(map(str, kinds))


_COMPOSED: Final = frozenset({"$ref", "anyOf", "oneOf", "allOf"})
_OTHER_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "array", "null"})
_rooted_cached = lru_cache(maxsize=256)(_rooted)


def _encoded(schema: bytes, openapi: bool) -> tuple[bytes, tuple[Lost, ...]]:
    try:
        read = msgspec.json.decode(schema)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SchemaError("", f"is no JSON: {error}") from None
    done = translate(read, OPENAPI if openapi else JSON_SCHEMA)  # also finds what is no schema
    if not openapi and keywords(read) <= _VERBATIM and tame(read):
        return schema, ()
    return ENCODER.encode(done.schema), done.lost


# Clients send the same tools with every request; a pure function of small bytes.
_cached = lru_cache(maxsize=256)(_encoded)


_TYPE_NUMBERS: Final = {
    1: "string",
    2: "number",
    3: "integer",
    4: "boolean",
    5: "array",
    6: "object",
    7: "null",
}
_NAMES: Final = {
    "any_of": "anyOf",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "property_ordering": "propertyOrdering",
    "additional_properties": "additionalProperties",
    "defs": "$defs",
    "ref": "$ref",
}
_COUNTS: Final = frozenset(
    {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}
)
_DEPTH: Final = 100


def from_openapi(schema: bytes, path: str) -> bytes:
    """JSON Schema of the vendor's OpenAPI subset: type names, `nullable`, counts as strings.

    Raises:
        Failure: it is no schema, at `path`.
    """
    try:
        read = msgspec.json.decode(schema)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Failure.invalid(f"is no schema: {error}", path) from None
    return ENCODER.encode(_plain(read, path, 0))


def _plain(schema: object, path: str, depth: int) -> dict[str, Any]:
    if not isinstance(schema, dict):
        raise Failure.invalid("is no schema: an object is expected", path)
    if depth > _DEPTH:
        raise Failure.invalid(f"a schema nested deeper than {_DEPTH} levels", path)
    result: dict[str, Any] = {}
    for given, value in schema.items():
        name: str = _NAMES.get(given) or given
        if value is None:
            continue
        if name == "type":
            kind = _TYPE_NUMBERS.get(value) if isinstance(value, int) else value
            if kind not in ("TYPE_UNSPECIFIED", None):
                result["type"] = kind.lower() if isinstance(kind, str) else kind
        elif name in {"properties", "$defs"} and isinstance(value, dict):
            result[name] = {k: _plain(v, f"{path}.{k}", depth + 1) for k, v in value.items()}
        elif name == "items" or (name == "additionalProperties" and isinstance(value, dict)):
            result[name] = _plain(value, f"{path}.{name}", depth + 1)
        elif name == "anyOf" and isinstance(value, list):
            result[name] = [_plain(v, f"{path}.anyOf", depth + 1) for v in value]
        elif name in _COUNTS and isinstance(value, str) and value.isdigit():
            result[name] = int(value)
        elif name == "$ref" and isinstance(value, str):
            result[name] = value.replace("#/defs/", "#/$defs/", 1)
        elif not (name == "format" and value == "enum") and name != "nullable":
            result[name] = value
    if schema.get("nullable") is True:
        _allow_null(result)
    return result


def _allow_null(schema: dict[str, Any]) -> None:
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        schema["type"] = [kind, "null"]
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    elif "anyOf" in schema:
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
