"""Function declarations: names, schemas, and which ones must be called."""

import re
from collections.abc import Iterator
from typing import Any

from fairlead.emulator.authority.google_json import field, listed
from fairlead.emulator.rules.gemini.request import Request

__all__ = ["choice", "duplicates", "names", "schema_faults", "schemas"]

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")
BAD_NAME = (
    "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, "
    "A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64."
)
FORMATS = {"enum", "date-time"}
# The enum Schema.Type in its order, for types given by number [R].
TYPES = ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")
DEEPEST = 64

Schema = dict[str, Any]


def names(request: Request) -> Iterator[tuple[str, str]]:
    """Letters, digits and some marks, at most 64 [O]."""
    for path, declaration in request.declarations:
        if not NAME.fullmatch(declaration.get("name") or ""):
            yield (
                f"{path}.name",
                BAD_NAME,
            )


def duplicates(request: Request) -> str | None:
    """Each name once [O]."""
    seen: set[str] = set()
    for _, declaration in request.declarations:
        name = declaration["name"]
        if name in seen:
            return f"Duplicate function declaration found: {name}"
        seen.add(name)
    return None


def choice(request: Request) -> str | None:
    """A choice among functions needs functions [O], or server tools that are told of [R]; it names
    only those that there are [M].
    """
    config = field(field(request.body, "toolConfig"), "functionCallingConfig")
    if not config or field(field(request.body, "toolConfig"), "includeServerSideToolInvocations"):
        return None
    known = {declaration["name"] for _, declaration in request.declarations}
    if not known:
        return "Function calling config is set without function_declarations."
    for name in listed(config, "allowedFunctionNames"):
        if name not in known:
            return (
                "Invalid value in allowed_function_names: "
                f"{name} is not among the function declarations."
            )
    return None


def schemas(request: Request) -> Iterator[tuple[str, str]]:
    """The OpenAPI subset that `parameters` and `response` are written in."""
    for path, declaration in request.declarations:
        for key in ("parameters", "response"):
            schema = declaration.get(key)
            if schema is not None:
                yield from schema_faults(schema, f"{path}.{key}")


def schema_faults(schema: Schema, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Where a schema leaves the subset [O]; `response_schema` obeys the same rules."""
    if depth > DEEPEST:
        yield path, "exceeds the maximum allowed nesting depth"
        return
    kind = _type(schema)
    properties = schema.get("properties") or {}
    alternatives = listed(schema, "anyOf")
    if not kind and not alternatives:
        yield f"{path}.type", "must be specified"
    if kind == "ARRAY" and not schema.get("items"):
        yield f"{path}.items", "missing field."
    for index, name in enumerate(listed(schema, "required")):
        if name not in properties:
            yield f"{path}.required[{index}]", "property is not defined"
    if kind == "STRING" and schema.get("format", "enum") not in FORMATS:
        yield f"{path}.format", "only 'enum' and 'date-time' are supported for STRING type"
    values = listed(schema, "enum")
    if values and kind not in ("STRING", "INTEGER", "NUMBER"):
        yield f"{path}.enum", "only allowed for STRING type"
    for index, value in enumerate(values):
        if not value:
            yield f"{path}.enum[{index}]", "cannot be empty"
    for name, inner in properties.items():
        yield from schema_faults(inner, f"{path}.properties[{name}]", depth + 1)
    if schema.get("items"):
        yield from schema_faults(schema["items"], f"{path}.items", depth + 1)
    for index, inner in enumerate(alternatives):
        yield from schema_faults(inner, f"{path}.any_of[{index}]", depth + 1)


def _type(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, int):
        return TYPES[kind] if 0 < kind < len(TYPES) else ""
    return (kind or "").upper()
