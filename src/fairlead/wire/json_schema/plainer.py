"""Keywords in plainer words: `const`, `oneOf`, exclusive bounds, tuples, null."""

from typing import Final

from fairlead.wire.json_schema.profile import Losses, Profile
from fairlead.wire.json_schema.vocabulary import ANNOTATIONS, Schema, is_number, is_plain_enum

__all__ = ["plain"]

_BOUNDS: Final = {"exclusiveMinimum": ("minimum", 1), "exclusiveMaximum": ("maximum", -1)}
"""The inclusive bound that says an exclusive one, and the whole number's step towards it."""

_REST: Final = {"prefixItems": "items", "items": "additionalItems"}
"""What is said of the places after a tuple's; `items` was a tuple before draft 2020-12."""


def plain(given: Schema, profile: Profile, pointer: str, losses: Losses) -> Schema:
    """`const`, `oneOf`, exclusive bounds and tuples in plainer words."""
    schema = dict(given)
    if profile.type_lists and schema.get("nullable") is True:
        _allow_null(schema)
    if "const" in schema and "const" not in profile.keep:
        const = schema.pop("const")
        schema["enum"] = [const]
    if "oneOf" in schema and "oneOf" not in profile.keep:
        branches = schema.pop("oneOf")
        losses.lose(pointer, "oneOf", "said as anyOf: a value may fit more than one branch")
        if "anyOf" in schema:
            losses.lose(pointer, "anyOf", "beside oneOf only one of them can be said")
        else:
            schema["anyOf"] = branches
    if profile.plain_enums:
        _free_null(schema)
    for bound in _BOUNDS:
        if bound in schema and bound not in profile.keep:
            _widen(schema, bound, pointer, losses)
    if schema.get("items") is False:  # no more than the tuple's places
        places = len(schema.get("prefixItems") or ())
        most = schema.get("maxItems", places)
        schema["maxItems"] = min(most, places) if isinstance(most, int) else places
        del schema["items"]
    if "prefixItems" in schema and "prefixItems" not in profile.keep:
        _untuple(schema, "prefixItems", pointer, losses)
    elif isinstance(schema.get("items"), list):
        _untuple(schema, "items", pointer, losses)
    return schema


def _free_null(schema: Schema) -> None:
    """Null out of an `enum`: as a branch of its own where other values stay."""
    values = schema.get("enum")
    if not isinstance(values, list) or None not in values or "anyOf" in schema:
        return
    rest = [v for v in values if v is not None]
    if not rest:
        del schema["enum"]
        schema["type"] = "null"
    elif is_plain_enum(rest):
        own = {k: schema.pop(k) for k in [*schema] if k not in ANNOTATIONS}
        said = own.get("type")
        own["enum"] = rest
        if isinstance(said, list):
            kinds = [kind for kind in said if kind != "null"]
            own["type"] = kinds[0] if len(kinds) == 1 else kinds
        schema["anyOf"] = [own]
        if said is None or "null" in said:
            schema["anyOf"].append({"type": "null"})


def _widen(schema: Schema, bound: str, pointer: str, losses: Losses) -> None:
    inclusive, step = _BOUNDS[bound]
    value = schema.pop(bound)
    if not is_number(value):  # draft 4: a flag beside the bound
        if value is True:
            losses.lose(pointer, bound, "said as an inclusive bound")
        return
    if schema.get("type") == "integer" and float(value).is_integer():
        value = int(value) + step
    else:
        losses.lose(pointer, bound, "said as an inclusive bound")
    mine = schema.get(inclusive)
    if not is_number(mine):
        schema[inclusive] = value
    else:
        schema[inclusive] = max(mine, value) if step > 0 else min(mine, value)


def _untuple(schema: Schema, name: str, pointer: str, losses: Losses) -> None:
    rest = schema.get(_REST[name])
    places = schema.pop(name)
    losses.lose(pointer, name, "said as a list of any of its members' types")
    branches = [*places] if isinstance(places, list) else []
    if isinstance(rest, dict):
        branches.append(rest)
    most = schema.get("maxItems")
    closed = rest is False or (isinstance(most, int) and most <= len(branches))
    schema["items"] = {"anyOf": branches} if branches and (closed or rest) else {}


def _allow_null(schema: Schema) -> None:
    """Say OpenAPI's `nullable` in JSON Schema."""
    said = schema.get("type")
    if isinstance(said, str):
        schema["type"] = [said, "null"]
    elif isinstance(said, list) and "null" not in said:
        schema["type"] = [*said, "null"]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
