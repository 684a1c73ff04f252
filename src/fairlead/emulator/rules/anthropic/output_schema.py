"""The JSON Schema subset that answers and strict tools can be held to.

Sentences from live answers that users quote [O]: "For 'object' type, 'additionalProperties' must be
explicitly set to false", "For 'integer' type, properties maximum, minimum are not supported", "For
'array' type, 'minItems' values other than 0 or 1 are not supported", "For 'array' type, property
'maxItems' is not supported". No recursion, no external references [D].
"""

from typing import Any

import jsonschema_rs

from fairlead.emulator.rules.anthropic.request import Request

__all__ = ["is_json_schema", "output_schema", "subset_fault"]

NUMERIC = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf")
UNSUPPORTED = {
    "integer": NUMERIC,
    "number": NUMERIC,
    "string": ("maxLength", "minLength"),
    "array": ("contains", "maxItems", "uniqueItems"),
    "object": ("maxProperties", "minProperties", "patternProperties", "propertyNames"),
}
FORMATS = {
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
    "uuid",
}
LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
MAPS = ("properties", "$defs", "definitions")
Schema = dict[str, Any]


def output_schema(request: Request) -> str | None:
    """The schema of `output_config.format`, or of the older `output_format`."""
    config = request.body.get("output_config") or {}
    for path, wanted in (
        ("output_config.format", config.get("format")),
        ("output_format", request.body.get("output_format")),
    ):
        if wanted and (fault := subset_fault(wanted["schema"])):
            return f"{path}.schema: {fault}"
    return None


def subset_fault(schema: Schema) -> str | None:
    """The first thing in a schema that the subset lacks; None when it is in the subset."""
    if not is_json_schema(schema):
        return "JSON schema is invalid. It must match JSON Schema draft 2020-12"
    if _recursive(schema):
        return "Recursive schemas are not supported"
    todo: list[Any] = [schema]
    while todo:
        node = todo.pop()
        if not isinstance(node, dict):
            continue
        if fault := _node(node):
            return fault
        todo += [part for key in LISTS for part in node.get(key) or ()]
        todo += [part for key in MAPS for part in (node.get(key) or {}).values()]
        todo.append(node.get("items"))
    return None


def is_json_schema(schema: Schema) -> bool:
    """Whether this is JSON Schema, draft 2020-12.

    A `$schema` of its own is not followed: an unknown one would be fetched.
    """
    return jsonschema_rs.meta.is_valid({k: v for k, v in schema.items() if k != "$schema"})


def _node(node: Schema) -> str | None:
    ref = node.get("$ref")
    if isinstance(ref, str) and not ref.startswith("#"):
        return f"External schema references are not supported: '{ref}'"
    kinds = node.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    for kind in kinds:
        found = sorted(key for key in UNSUPPORTED.get(kind, ()) if key in node)
        if len(found) == 1:
            return f"For '{kind}' type, property '{found[0]}' is not supported"
        if found:
            return f"For '{kind}' type, properties {', '.join(found)} are not supported"
    if "array" in kinds and node.get("minItems", 0) not in (0, 1):
        return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    if "string" in kinds and node.get("format", "uri") not in FORMATS:
        return f"For 'string' type, format '{node['format']}' is not supported"
    if "object" in kinds and node.get("additionalProperties") is not False:
        if isinstance(node.get("additionalProperties"), dict):
            return (
                "For 'object' type, 'additionalProperties: object' is not supported. "
                "Please set it to false"
            )
        return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    return None


def _recursive(schema: Schema) -> bool:
    """Whether a definition reaches itself, or anything refers to the root."""
    tables = [schema.get(key) or {} for key in ("$defs", "definitions")]
    reaches = {
        f"#/{key}/{name}": _references(body)
        for key, table in zip(("$defs", "definitions"), tables, strict=True)
        for name, body in table.items()
    }
    if "#" in _references(schema):
        return True
    for start, first in reaches.items():
        seen: set[str] = set()
        todo = list(first)
        while todo:
            ref = todo.pop()
            if ref == start:
                return True
            if ref not in seen:
                seen.add(ref)
                todo += reaches.get(ref, ())
    return False


def _references(node: object) -> set[str]:
    found: set[str] = set()
    todo: list[object] = [node]
    while todo:
        here = todo.pop()
        if isinstance(here, dict):
            if isinstance(here.get("$ref"), str):
                found.add(here["$ref"])
            todo += here.values()
        elif isinstance(here, list):
            todo += here
    return found
