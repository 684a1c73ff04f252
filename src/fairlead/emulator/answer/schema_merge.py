"""Two schemas as one, as far as that can be said in one: for `allOf`, `$ref` and branches."""

from typing import Any

from fairlead.emulator.json_value import JsonValue

__all__ = ["Unsatisfiable", "merge"]


class Unsatisfiable(Exception):
    """No value was found for a part of a schema."""


def merge(one: dict[str, Any], other: JsonValue) -> dict[str, Any]:
    """Both schemas at once, as far as that can be said in one."""
    if other is True:
        return one
    if not isinstance(other, dict):
        raise Unsatisfiable
    merged = dict(one)
    for key, value in other.items():
        if key not in merged:
            merged[key] = value
        elif key == "properties":
            both = dict(merged[key])
            for name, schema in value.items():
                both[name] = {"allOf": [both[name], schema]} if name in both else schema
            merged[key] = both
        elif key == "required":
            merged[key] = list(dict.fromkeys([*merged[key], *value]))
        elif key == "enum":
            merged[key] = [v for v in merged[key] if v in value]
            if not merged[key]:
                raise Unsatisfiable
        elif key in ("minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum"):
            merged[key] = max(merged[key], value)
        elif key in ("maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum"):
            merged[key] = min(merged[key], value)
        elif key == "type":
            merged[key] = _both_types(merged[key], value)
        elif key in ("anyOf", "oneOf", "allOf"):
            merged.setdefault("allOf", [])
            merged["allOf"] = [*merged["allOf"], {key: value}]
        elif key in ("items", "additionalProperties") and isinstance(merged[key], dict):
            merged[key] = merge(merged[key], value)
    return merged


def _both_types(one: JsonValue, other: JsonValue) -> JsonValue:
    ones = one if isinstance(one, list) else [one]
    others = other if isinstance(other, list) else [other]
    both = [kind for kind in ones if kind in others]
    if not both and {"integer", "number"} <= {*ones, *others}:
        both = ["integer"]
    if not both:
        raise Unsatisfiable
    return both[0] if len(both) == 1 else both
