"""A value that is valid under a JSON Schema.

The maker builds by construction: it follows `$ref`, merges `allOf`, takes one branch of `anyOf` or
`oneOf`, and obeys bounds. What construction alone can't promise (`oneOf`, `not`, `if`, patterns) is
checked with a validator, and another attempt is made with other branches, a bounded number of
times. A schema that nothing satisfies gets the last attempt: an emulator must not fail for it.

Recursive schemas end because optional properties stop at `DEEP`, and from there on the branch
that comes to an end soonest is taken.
"""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec

from fairlead.emulator.answer.formats import formatted
from fairlead.emulator.answer.pattern import matching
from fairlead.emulator.answer.schema_bounds import number_in, whole_of
from fairlead.emulator.answer.schema_merge import Unsatisfiable, merge
from fairlead.emulator.json_value import JsonValue

__all__ = ["fits", "value_for"]

DEEP, DEEPEST = 3, 24
MOST_ITEMS = 1_000
ATTEMPTS = 24
# What a schema that is none may do to the maker: vendors don't check tool schemas to the last.
MALFORMED = (
    Unsatisfiable,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_SCALARS = ("null", "boolean", "integer", "number", "string")
_HINTED_BY = (
    ("object", ("properties", "required", "additionalProperties", "patternProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "contains")),
    ("string", ("pattern", "format", "minLength", "maxLength")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)
# Where construction alone does not promise validity.
_DOUBTFUL = (
    b'"oneOf"', b'"not"', b'"if"', b'"pattern"', b'"allOf"', b'"contains"', b'"uniqueItems"',
    b'"dependent', b'"propertyNames"', b'"patternProperties"', b'"unevaluated', b'"$dynamicRef"',
    b'"minProperties"', b'"maxProperties"', b'"format"', b'"const"', b'"multipleOf"', b'"anyOf"',
)  # fmt: skip


def value_for(schema: JsonValue, number: int, hint: str = "") -> JsonValue:
    """A value under `schema`, chosen by `number`; `hint` goes where a free string is wanted."""
    if not isinstance(schema, dict):
        return {}
    doubtful = any(word in msgspec.json.encode(schema) for word in _DOUBTFUL)
    validator = _validator(schema) if doubtful else None
    last: JsonValue = {}
    for attempt in range(ATTEMPTS):
        try:
            last = _Maker(schema, number, attempt, hint).make(schema, 0, "")
        except MALFORMED:
            continue
        if validator is None or _is_valid(validator, last):
            return last
    return last


def fits(value: JsonValue, schema: dict[str, Any]) -> bool:
    """Whether a value is valid under a schema; under one that is none, nothing is."""
    validator = _validator(schema)
    return validator is not None and _is_valid(validator, value)


def _validator(schema: dict[str, Any]) -> JsonValue:
    try:
        return jsonschema_rs.validator_for(_plain(schema), validate_formats=True)
    except (ValueError, jsonschema_rs.ReferencingError):
        return None


def _is_valid(validator: JsonValue, value: JsonValue) -> bool:
    return bool(validator.is_valid(value))


def _plain(schema: JsonValue) -> JsonValue:
    """Upper-case types of the OpenAPI dialect as JSON Schema says them."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(value) for name, value in schema.items()}
    kind = plain.get("type")
    if isinstance(kind, str):
        plain["type"] = kind.lower()
    return plain


class _Maker:
    """One attempt. `_turn` picks branches; it moves on with every choice and every attempt."""

    def __init__(self, root: dict[str, Any], number: int, attempt: int, hint: str) -> None:
        self._root = root
        self._number = number
        self._attempt = attempt
        self._hint = hint
        self._hint_used = False
        self._choices = 0
        self._following: list[str] = []

    def make(self, schema: JsonValue, depth: int, name: str) -> JsonValue:
        """A value for `schema`, which stands `depth` below the root under the key `name`."""
        if schema is True or schema == {}:
            return f"emulated {name}".strip()
        if not isinstance(schema, dict) or depth > DEEPEST:
            raise Unsatisfiable
        schema = self._merged(schema, 0)
        if "const" in schema:
            return schema["const"]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return self._of_enum(schema["enum"])
        for key in ("anyOf", "oneOf"):
            if isinstance(schema.get(key), list) and schema[key]:
                return self._of_branches(schema, key, depth, name)
        return self._of_type(schema, self._type(schema), depth, name)

    # -- choices -------------------------------------------------------------------------------

    def _pick(self, count: int, *, first: bool = False) -> int:
        """An index below `count`; a first attempt takes the first where `first` is given."""
        self._choices += 1
        if first:
            return (self._attempt // self._choices) % count
        return (self._number + self._attempt + self._choices) % count

    def _of_enum(self, values: list[Any]) -> JsonValue:
        wanted = self._hint.lower()
        if wanted and self._attempt == 0:
            for value in values:
                if isinstance(value, str) and value.lower() == wanted:
                    return value
        fit = [value for value in values if value is not None] or values
        return fit[self._pick(len(fit))]

    def _of_branches(self, schema: dict[str, Any], key: str, depth: int, name: str) -> JsonValue:
        rest = {k: v for k, v in schema.items() if k != key}
        branches = list(schema[key])
        if depth >= DEEP:
            branches.sort(key=self._height)
        else:
            branches.sort(key=_is_null)
        start = self._pick(len(branches), first=True)
        for at in range(len(branches)):
            branch = branches[(start + at) % len(branches)]
            try:
                return self.make(merge(rest, branch) if rest else branch, depth + 1, name)
            except Unsatisfiable:
                continue
        raise Unsatisfiable

    def _height(self, schema: JsonValue) -> int:
        """A rough measure of how soon a branch comes to an end."""
        if not isinstance(schema, dict):
            return 0
        if "$ref" in schema:
            return 9 if schema["$ref"] in self._following else 6
        if "const" in schema or "enum" in schema or self._type(schema) in _SCALARS:
            return 1
        required = schema.get("required")
        return 3 + (2 * len(required) if isinstance(required, list) else 0)

    # -- references ----------------------------------------------------------------------------

    def _merged(self, schema: dict[str, Any], hops: int) -> dict[str, Any]:
        """The schema with `$ref` followed and `allOf` folded in."""
        if hops > DEEPEST:
            raise Unsatisfiable
        if isinstance(schema.get("$ref"), str):
            self._following.append(schema["$ref"])
            target = self._resolve(schema["$ref"])
            rest = {k: v for k, v in schema.items() if k != "$ref"}
            if target is True:
                target = {}
            if not isinstance(target, dict):
                raise Unsatisfiable
            return self._merged(merge(rest, target), hops + 1)
        if isinstance(schema.get("allOf"), list):
            merged = {k: v for k, v in schema.items() if k != "allOf"}
            for one in schema["allOf"]:
                if isinstance(one, dict):
                    merged = merge(merged, self._merged(one, hops + 1))
                elif one is False:
                    raise Unsatisfiable
            return self._merged(merged, hops + 1) if "$ref" in merged else merged
        return schema

    def _resolve(self, pointer: str) -> JsonValue:
        if not pointer.startswith("#"):
            raise Unsatisfiable
        at: JsonValue = self._root
        for step in pointer[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(at, dict) and key in at:
                at = at[key]
            elif isinstance(at, list) and key.isdecimal() and int(key) < len(at):
                at = at[int(key)]
            else:
                raise Unsatisfiable
        return at

    # -- types ---------------------------------------------------------------------------------

    def _type(self, schema: dict[str, Any]) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            kinds = [str(k).lower() for k in kind if str(k).lower() != "null"] or ["null"]
            return kinds[0]
        if isinstance(kind, str):
            return kind.lower()
        for guess, keys in _HINTED_BY:
            if any(key in schema for key in keys):
                return guess
        return "string"

    def _of_type(self, schema: dict[str, Any], kind: str, depth: int, name: str) -> JsonValue:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth, name)
        if kind == "string":
            return self._string(schema, name)
        if kind in ("integer", "number"):
            turn = self._number + self._choices + self._attempt
            self._choices += 1
            return number_in(schema, turn, whole=kind == "integer")
        if kind == "boolean":
            return self._pick(2) == 0
        if kind == "null":
            return None
        raise Unsatisfiable

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        required = schema.get("required")
        needed = (
            [key for key in required if isinstance(key, str)] if isinstance(required, list) else []
        )
        made: dict[str, Any] = {}
        for key, one in properties.items():
            if key in needed:
                made[key] = self.make(one, depth + 1, key)
            elif depth < DEEP and self._attempt % 3 != 2:
                try:
                    made[key] = self.make(one, depth + 1, key)
                except Unsatisfiable:
                    continue
        for key in (*needed, *_dependents(schema, made)):
            if key not in made:
                made[key] = self.make(properties.get(key, _extra(schema, key)), depth + 1, key)
        most = whole_of(schema.get("maxProperties"))
        for key in [key for key in made if key not in needed] if most is not None else ():
            if len(made) <= (most or 0):
                break
            del made[key]
        self._fill(schema, depth, made)
        return made

    def _fill(self, schema: dict[str, Any], depth: int, made: dict[str, Any]) -> None:
        """Add properties of any name until there are enough."""
        least = min(whole_of(schema.get("minProperties")) or 0, MOST_ITEMS)
        for at in range(2 * least):
            if len(made) >= least:
                break
            self._number += 1
            key = self._extra_name(schema, at)
            if key not in made:
                made[key] = self.make(_extra(schema, key), depth + 1, key)

    def _extra_name(self, schema: dict[str, Any], at: int) -> str:
        names = schema.get("propertyNames")
        if isinstance(names, dict):
            made = self.make({"type": "string", **names}, DEEP, f"name{at}")
            return str(made)
        patterns = schema.get("patternProperties")
        if isinstance(patterns, dict) and patterns:
            found = matching(next(iter(patterns)), self._number + at)
            if found is not None:
                return found
        return f"emulated_{at}"

    def _array(self, schema: dict[str, Any], depth: int, name: str) -> list[Any]:
        prefix = schema.get("prefixItems")
        prefix = prefix if isinstance(prefix, list) else []
        items = schema.get("items", True)
        if isinstance(items, list):
            prefix, items = items, schema.get("additionalItems", True)
        least = whole_of(schema.get("minItems")) or 0
        most = whole_of(schema.get("maxItems"))
        contains = schema.get("contains")
        wanted = max(least, len(prefix), 1 if depth < DEEP and items is not False else 0)
        if contains is not None:
            wanted = max(wanted, len(prefix) + (whole_of(schema.get("minContains")) or 1))
        wanted = min(wanted, MOST_ITEMS if most is None else most)
        made: list[Any] = []
        for at in range(wanted):
            one = prefix[at] if at < len(prefix) else contains if contains is not None else items
            if contains is not None and at >= len(prefix) and isinstance(items, dict):
                one = merge(items, contains)
            try:
                made.append(self._item(schema, one, depth, name, made))
            except Unsatisfiable:
                if len(made) >= least:
                    break
                raise
        return made

    def _item(
        self, schema: dict[str, Any], one: JsonValue, depth: int, name: str, made: list[Any]
    ) -> JsonValue:
        value = self.make(one, depth + 1, name)
        if schema.get("uniqueItems") is not True:
            return value
        for at in range(1, 40):
            if value not in made:
                return value
            if isinstance(value, str) and isinstance(one, dict) and "enum" not in one:
                longer = f"{value} {len(made) + at}"
                if len(longer) <= (whole_of(one.get("maxLength")) or len(longer)):
                    value = longer
                    continue
            self._number += 1
            value = self.make(one, depth + 1, name)
        raise Unsatisfiable

    def _string(self, schema: dict[str, Any], name: str) -> str:
        least = whole_of(schema.get("minLength")) or 0
        most = whole_of(schema.get("maxLength"))
        if isinstance(schema.get("format"), str):
            made = formatted(schema["format"], self._number)
            if made is not None:
                return made
        if isinstance(schema.get("pattern"), str):
            found = matching(schema["pattern"], self._number + self._attempt, least, most)
            if found is not None:
                return found
        if self._hint and not self._hint_used:
            self._hint_used = True
            text = self._hint
        else:
            text = f"emulated {name} {self._attempt or ''}".strip()
        if len(text) < least:
            text += "." * min(least - len(text), 1_000_000)
        return text if most is None else text[:most]


def _is_null(schema: JsonValue) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _extra(schema: dict[str, Any], key: str) -> JsonValue:
    """The schema of a property that `properties` doesn't name."""
    for pattern, one in (schema.get("patternProperties") or {}).items():
        if pattern.strip("^$") and key.startswith(pattern.strip("^$.*")):
            return one
    extra = schema.get("additionalProperties", True)
    if extra is False:
        raise Unsatisfiable
    return extra


def _dependents(schema: dict[str, Any], made: dict[str, Any]) -> Iterator[str]:
    dependent = schema.get("dependentRequired")
    if isinstance(dependent, dict):
        for key, names in dependent.items():
            if key in made and isinstance(names, list):
                yield from (name for name in names if isinstance(name, str))
