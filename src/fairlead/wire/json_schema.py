"""JSON Schema to the subsets of it that vendors take. Pure.

Clients send JSON Schema as their libraries make it: `$ref` and `$defs`, `const`, `oneOf`, lists of
types, exclusive bounds. A vendor takes less. `translate` says the same with less, under a
`Profile` that lists what the vendor knows, by one principle:

    The result accepts whatever the original accepts. It may accept more, and then says so.

So a keyword without an equivalent is dropped and named, a bound is rounded outwards, `oneOf` is
said as `anyOf`, a recursive `$ref` is unrolled a little and then cut to "any value of that type".
Where the words of a lost keyword help the model (a format, an enum of numbers), they go into the
description. Where a vendor must be told a type and the schema doesn't say one, it is the one that
`properties`, `items` or `enum` imply, else any of them all. One thing is assumed there: an array
about whose items nothing is said holds no arrays (or the schema would never end).

The work is bounded: `MAX_DEPTH` levels (beyond them a `SchemaError`), `MAX_NODES` subschemas
(beyond them every further reference is cut), whatever the references weave.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

__all__ = ["Lost", "Profile", "SchemaError", "Translated", "keywords", "tame", "translate"]

Schema = dict[str, Any]

MAX_DEPTH: Final = 64
MAX_NODES: Final = 4000
MAX_WALK: Final = 100_000
UNROLL: Final = 2
ROOT: Final = "the_root"
"""The name of the definition that stands in for `#`."""

_SILENT: Final = frozenset(
    {"$schema", "$id", "$comment", "$anchor", "$vocabulary", "$dynamicAnchor", "id"}
)
"""Keywords that say nothing about instances: dropped without a word."""

_BY_NAME: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_BY_LIST: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_BY_ONE: Final = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains"),
    *("propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema"),
)
_BELONGS: Final[dict[str, tuple[str, ...]]] = {
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


class SchemaError(Exception):
    """A schema can't be read: `pointer` is where (`properties.a.items`), the message what."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


class Profile(Struct, frozen=True):
    """What a vendor's schema knows.

    `keep` holds the keywords that are passed on. `formats` limits `format` by type (None: any).
    `inline_refs`: there are no references. `string_enums`: `enum` holds non-empty strings only.
    `nullable`: null is said by `nullable: true`, not by a type. `upper_types`: type names are
    upper case. `types_needed`: each schema has one type, or `anyOf`, and an array has `items`.
    `lone_any_of`: no keyword may stand beside `anyOf`. `type_lists`: `type` may be a list.
    `plain_enums`: `enum` holds strings and numbers only. `required_cycles`: a reference may lead
    back to where it stands from within a required property too.
    """

    name: str
    keep: frozenset[str]
    formats: Mapping[str, frozenset[str]] | None = None
    inline_refs: bool = True
    string_enums: bool = False
    nullable: bool = False
    upper_types: bool = False
    lone_any_of: bool = False
    types_needed: bool = False
    type_lists: bool = False
    plain_enums: bool = False
    required_cycles: bool = True


class Lost(Struct, frozen=True):
    """A keyword that the result doesn't say: where it stood, its name, and why."""

    pointer: str
    keyword: str
    why: str


class Translated(Struct, frozen=True):
    """A schema in the profile's words, and what was lost; each keyword is named once."""

    schema: Schema
    lost: tuple[Lost, ...] = ()


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
    if "$ref" in schema and not _lone(schema):
        found.add("$ref+")
    if "enum" in schema and not _plain_enum(schema["enum"]):
        found.add("enum+")
    for child in _children(schema):
        found |= keywords(child, depth + 1)
    return found


def tame(schema: object) -> bool:
    """Whether every reference names a definition at the root, and none leads back to itself from
    within a required property.
    """
    work = _Translation(schema, _TAME)
    defs = schema.get("$defs") if isinstance(schema, dict) else None
    names = set(work.reached(schema, every=True))
    if not names:
        return True
    if not isinstance(defs, dict) or not names <= defs.keys():
        return False
    return not any(work.leads(p, name) for name in names for p in _required(defs[name]))


def _required(schema: object) -> Iterable[object]:
    """The required properties of `schema` and of what stands in it."""
    if not isinstance(schema, dict):
        return
    properties, names = schema.get("properties"), schema.get("required")
    if isinstance(properties, dict) and isinstance(names, list):
        yield from (properties[n] for n in names if isinstance(n, str) and n in properties)
    for child in _children(schema):
        yield from _required(child)


def _children(schema: Schema) -> Iterable[object]:
    for name in _BY_NAME:
        if isinstance(below := schema.get(name), dict):
            yield from below.values()
    for name in _BY_LIST:
        if isinstance(below := schema.get(name), list):
            yield from below
    for name in _BY_ONE:
        if isinstance(below := schema.get(name), dict):
            yield below


def translate(schema: object, profile: Profile) -> Translated:
    """`schema` in the words of `profile`.

    Raises:
        SchemaError: it is no schema, or nested too deep.
    """
    work = _Translation(schema, profile)
    result = work.node(schema, "", 0, ())
    if not profile.inline_refs and isinstance(schema, dict) and work.referred:
        result["$defs"] = {
            name: work.node(below, f"$defs.{name}", 1, ())
            for holder in ("$defs", "definitions")
            for name, below in (schema.get(holder) or {}).items()
        }
        if work.rooted:  # `#` can't be said: the root is a definition as well
            result["$defs"][ROOT] = work.node(schema, f"$defs.{ROOT}", 1, ())
    unique = {lost.keyword: lost for lost in reversed(work.lost)}
    return Translated(result, tuple(reversed(unique.values())))


class _Translation:
    """One schema on its way."""

    def __init__(self, root: object, profile: Profile) -> None:
        self.root = root
        self.profile = profile
        self.lost: list[Lost] = []
        self.nodes = 0
        self.referred = False
        self.rooted = False
        self.walked = 0
        self.nulls: dict[str, bool] = {}

    def lose(self, pointer: str, keyword: str, why: str) -> None:
        self.lost.append(Lost(pointer, keyword, why))

    # -- one subschema -------------------------------------------------------------------------

    def node(self, given: object, pointer: str, depth: int, refs: tuple[str, ...]) -> Schema:
        if given is False:
            self.lose(pointer, "false", "a schema that nothing satisfies can't be said")
        if isinstance(given, bool):
            given = {}
        if not isinstance(given, dict):
            raise SchemaError(pointer, f"is no JSON Schema: {type(given).__name__}")
        if depth > MAX_DEPTH:
            raise SchemaError(pointer, f"the schema is nested deeper than {MAX_DEPTH} levels")
        self.nodes += 1
        schema: Schema = given
        if "$ref" in schema:
            if not self.profile.inline_refs and self.stays(schema, pointer, refs):
                self.referred = True
                if schema["$ref"] == "#":
                    self.rooted = True
                    return {"$ref": f"#/$defs/{ROOT}"}
                return {"$ref": schema["$ref"].replace("#/definitions/", "#/$defs/", 1)}
            schema, refs = self.resolved(schema, pointer, refs)
        if "allOf" in schema:
            schema, refs = self.merged(schema, pointer, refs)
        return self.said(self.plain(schema, pointer), pointer, depth, refs)

    def stays(self, schema: Schema, pointer: str, refs: tuple[str, ...]) -> bool:
        """Whether a reference is said as one: to a definition, and nothing stands beside it, or
        what it means stands around it.
        """
        ref = schema["$ref"]
        if not isinstance(ref, str) or not _LOCAL(ref) or self.target(ref) is None:
            return False
        if not _lone(schema):
            if ref not in refs:
                return False
            self.lose(pointer, "$ref", "it is recursive: what stands beside it can't be said")
        return True

    def resolved(
        self, schema: Schema, pointer: str, refs: tuple[str, ...]
    ) -> tuple[Schema, tuple[str, ...]]:
        """The schema with its reference replaced by what it names; siblings win."""
        seen = 0
        while "$ref" in schema:
            ref = schema["$ref"]
            rest = {k: v for k, v in schema.items() if k != "$ref"}
            target = self.target(ref)
            seen += 1
            if target is None or seen > MAX_DEPTH:
                self.lose(pointer, "$ref", f"{str(ref)[:80]!r} can't be resolved: any value passes")
                return rest, refs
            if refs.count(ref) >= UNROLL or self.nodes > MAX_NODES:
                self.lose(
                    pointer, "$ref", f"{ref[:80]!r} is recursive: cut, any value passes there"
                )
                shallow: Schema = {k: target[k] for k in _SHALLOW if k in target}
                return {**shallow, **rest}, refs
            refs = (*refs, ref)
            schema = {**target, **rest}
        return schema, refs

    def target(self, ref: object) -> Schema | None:
        if not isinstance(ref, str) or not ref.startswith("#"):
            return None
        at: object = self.root
        for step in ref[1:].split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(at, dict) and name in at:
                at = at[name]
            elif isinstance(at, list) and name.isdigit() and int(name) < len(at):
                at = at[int(name)]
            else:
                return None
        if at is True:
            return {}
        return at if isinstance(at, dict) else None

    def merged(
        self, schema: Schema, pointer: str, refs: tuple[str, ...], level: int = 0
    ) -> tuple[Schema, tuple[str, ...]]:
        """The schema with the members of `allOf` merged into it."""
        result = {k: v for k, v in schema.items() if k != "allOf"}
        members = schema["allOf"]
        if not isinstance(members, list):
            raise SchemaError(pointer, "allOf is no list")
        for member in members:
            if member is True:
                continue
            if not isinstance(member, dict) or level > MAX_DEPTH:
                self.lose(pointer, "allOf", "one of its members can't be merged")
                continue
            part = member
            if "$ref" in part:
                part, refs = self.resolved(part, pointer, refs)
            if "allOf" in part:
                part, refs = self.merged(part, pointer, refs, level + 1)
            self.merge(result, part, pointer)
        return result, refs

    def merge(self, into: Schema, part: Schema, pointer: str) -> None:
        for name, value in part.items():
            mine = into.get(name)
            if name not in into:
                into[name] = value
            elif mine == value or name in _ANNOTATIONS:
                continue
            elif name == "properties" and isinstance(mine, dict) and isinstance(value, dict):
                both = {k: {"allOf": [mine[k], v]} for k, v in value.items() if k in mine}
                into[name] = {**mine, **value, **both}
            elif name == "required" and isinstance(mine, list) and isinstance(value, list):
                into[name] = [*mine, *(v for v in value if v not in mine)]
            elif name == "enum" and isinstance(mine, list) and isinstance(value, list):
                into[name] = [v for v in mine if v in value]
            elif name in _LOWER and _number(mine) and _number(value):
                into[name] = max(mine, value)
            elif name in _UPPER and _number(mine) and _number(value):
                into[name] = min(mine, value)
            elif name == "type" and {str(mine), str(value)} == {"integer", "number"}:
                into[name] = "integer"
            else:
                self.lose(pointer, "allOf", f"its members disagree on {name!r}: the first counts")

    def leads(self, schema: object, name: str) -> bool:
        """Whether references in `schema` lead to the definition `name`, or may (the walks of one
        schema are `MAX_WALK` steps in all).
        """
        return self.walked > MAX_WALK or name in self.reached(schema) or self.walked > MAX_WALK

    def reached(self, schema: object, *, every: bool = False) -> Iterable[str]:
        """The names of all definitions that `schema` leads to; with `every`, the references that
        name none as well.
        """
        found: set[str] = set()
        left: list[object] = [schema]
        while left:
            node = left.pop()
            self.walked += 1
            if not isinstance(node, dict) or (self.walked > MAX_WALK and not every):
                continue
            ref = node.get("$ref")
            if isinstance(ref, str) and (every or _LOCAL(ref)):
                name = ref.removeprefix("#/$defs/").removeprefix("#/definitions/")
                name = ROOT if name == "#" else name
                if name not in found:
                    found.add(name)
                    yield name
                    left.append(self.target(ref))
            left.extend(_children(node))

    # -- keywords with a plainer equivalent ----------------------------------------------------

    def plain(self, given: Schema, pointer: str) -> Schema:
        """`const`, `oneOf`, exclusive bounds and tuples in plainer words."""
        schema = dict(given)
        if self.profile.type_lists and schema.get("nullable") is True:
            _allow_null(schema)
        if "const" in schema and "const" not in self.profile.keep:
            const = schema.pop("const")
            schema["enum"] = [const]
        if "oneOf" in schema and "oneOf" not in self.profile.keep:
            branches = schema.pop("oneOf")
            self.lose(pointer, "oneOf", "said as anyOf: a value may fit more than one branch")
            if "anyOf" in schema:
                self.lose(pointer, "anyOf", "beside oneOf only one of them can be said")
            else:
                schema["anyOf"] = branches
        if self.profile.plain_enums:
            self.free_null(schema)
        for bound, plain, step in (("exclusiveMinimum", "minimum", 1), *_EXCLUSIVE_MAXIMUM):
            if bound in schema and bound not in self.profile.keep:
                self.widen(schema, bound, plain, step, pointer)
        if schema.get("items") is False:  # no more than the tuple's places
            places = len(schema.get("prefixItems") or ())
            most = schema.get("maxItems", places)
            schema["maxItems"] = min(most, places) if isinstance(most, int) else places
            del schema["items"]
        if "prefixItems" in schema and "prefixItems" not in self.profile.keep:
            self.untuple(schema, "prefixItems", schema.get("items"), pointer)
        elif isinstance(schema.get("items"), list):  # before draft 2020-12
            self.untuple(schema, "items", schema.get("additionalItems"), pointer)
        return schema

    def free_null(self, schema: Schema) -> None:
        """Null out of an `enum`: as a branch of its own where other values stay."""
        values = schema.get("enum")
        if not isinstance(values, list) or None not in values or "anyOf" in schema:
            return
        rest = [v for v in values if v is not None]
        if not rest:
            del schema["enum"]
            schema["type"] = "null"
        elif _plain_enum(rest):
            own = {k: schema.pop(k) for k in [*schema] if k not in _ANNOTATIONS}
            said = own.get("type")
            own["enum"] = rest
            if isinstance(said, list):
                kinds = [kind for kind in said if kind != "null"]
                own["type"] = kinds[0] if len(kinds) == 1 else kinds
            schema["anyOf"] = [own]
            if said is None or "null" in said:
                schema["anyOf"].append({"type": "null"})

    def widen(self, schema: Schema, bound: str, plain: str, step: int, pointer: str) -> None:
        value = schema.pop(bound)
        if not _number(value):  # draft 4: a flag beside the bound
            if value is True:
                self.lose(pointer, bound, "said as an inclusive bound")
            return
        if schema.get("type") == "integer" and float(value).is_integer():
            value = int(value) + step
        else:
            self.lose(pointer, bound, "said as an inclusive bound")
        mine = schema.get(plain)
        if not _number(mine):
            schema[plain] = value
        else:
            schema[plain] = max(mine, value) if step > 0 else min(mine, value)

    def untuple(self, schema: Schema, name: str, rest: object, pointer: str) -> None:
        places = schema.pop(name)
        self.lose(pointer, name, "said as a list of any of its members' types")
        branches = [*places] if isinstance(places, list) else []
        if isinstance(rest, dict):
            branches.append(rest)
        most = schema.get("maxItems")
        closed = rest is False or (isinstance(most, int) and most <= len(branches))
        schema["items"] = {"anyOf": branches} if branches and (closed or rest) else {}

    def is_null(self, schema: object, depth: int = 0) -> bool:
        """Whether `schema` means null alone."""
        if not isinstance(schema, dict) or depth > MAX_DEPTH:
            return False
        ref = schema.get("$ref")
        if isinstance(ref, str) and _lone(schema):
            if ref not in self.nulls:
                self.nulls[ref] = False  # while it is looked at: a circle means nothing
                self.nulls[ref] = self.is_null(self.target(ref), depth + 1)
            return self.nulls[ref]
        if schema.get("type") in ("null", "NULL", ["null"]) or schema.get("enum") == [None]:
            return True
        for name in ("anyOf", "oneOf", "allOf"):
            below = schema.get(name)
            if isinstance(below, list) and below:
                return all(self.is_null(branch, depth + 1) for branch in below)
        return "const" in schema and schema["const"] is None

    # -- what the profile can say --------------------------------------------------------------

    def said(self, schema: Schema, pointer: str, depth: int, refs: tuple[str, ...]) -> Schema:
        types, null = self.types(schema, pointer)
        any_of = schema.get("anyOf")
        branches: list[Schema] = []
        if isinstance(any_of, list) and any_of and "anyOf" in self.profile.keep:
            kept = [b for b in any_of if not (self.profile.nullable and self.is_null(b))]
            if not kept:
                return {"type": self.type_name("null")}
            null = null or len(kept) < len(any_of)
            if len(kept) == 1 and isinstance(kept[0], dict):
                rest = {k: v for k, v in schema.items() if k != "anyOf"}
                joined = self.node({"allOf": [rest, kept[0]]}, pointer, depth + 1, refs)
                return self.with_null(joined) if null else joined
            for at, branch in enumerate(kept):
                where = f"{pointer}.anyOf[{at}]".lstrip(".")
                branches.append(self.node(branch, where, depth + 1, refs))
            if not self.profile.lone_any_of:
                result = self.single(schema, None, (pointer, depth, refs))
                return {**result, "anyOf": branches}
        else:
            if self.profile.types_needed and not types:
                types, said_null = _implied(schema)
                null = null or said_null
            if len(types) > 1:
                branches = [self.branch(schema, kind, pointer, depth, refs) for kind in types]
        if branches:
            return self.union(schema, branches, types, null=null, pointer=pointer)
        result = self.single(schema, types[0] if types else None, (pointer, depth, refs))
        return self.with_null(result) if null else result

    def single(
        self, schema: Schema, kind: str | None, place: tuple[str, int, tuple[str, ...]]
    ) -> Schema:
        """A schema of one type, or of none."""
        result: Schema = {}
        if self.profile.type_lists and "type" in schema:
            result["type"] = schema["type"]
        elif kind is not None:
            result["type"] = self.type_name(kind)
        if "description" in schema and "description" in self.profile.keep:
            result["description"] = schema["description"]
        for name, value in schema.items():
            if name not in _HANDLED:
                self.keyword(result, name, value, kind, place, schema)
        if self.profile.types_needed and kind == "array" and "items" not in result:
            self.lose(place[0], "items", "an array of anything can't be said: no arrays in it")
            result["items"] = self.union(
                {}, [{"type": self.type_name(k)} for k in _ANY_ITEM], [], null=True, pointer=""
            )
        return result

    def types(self, schema: Schema, pointer: str) -> tuple[list[str], bool]:
        """The types but null, and whether null is one of several."""
        said = schema.get("type")
        names = said if isinstance(said, list) else [] if said is None else [said]
        known = [name.lower() for name in names if isinstance(name, str)]
        if len(known) != len(names) or any(name not in _TYPES for name in known):
            raise SchemaError(f"{pointer}.type".lstrip("."), f"unknown type {said!r:.80}")
        if self.profile.type_lists:
            return known if len(known) == 1 else [], False
        null = "null" in known and len(known) > 1
        null = null or schema.get("nullable") is True
        return [name for name in known if name != "null" or len(known) == 1], null

    def type_name(self, kind: str) -> str:
        return kind.upper() if self.profile.upper_types else kind

    def with_null(self, schema: Schema) -> Schema:
        if "anyOf" in schema and self.profile.lone_any_of:
            for branch in schema["anyOf"]:
                self.with_null(branch)
        else:
            schema["nullable"] = True
        return schema

    def branch(
        self, schema: Schema, kind: str, pointer: str, depth: int, refs: tuple[str, ...]
    ) -> Schema:
        own: Schema = {k: schema[k] for k in _BELONGS.get(kind, ()) if k in schema}
        if "enum" in own:
            own["enum"] = [v for v in own["enum"] if _fits(v, kind)]
            if not own["enum"]:
                del own["enum"]
        return self.node({**own, "type": kind}, pointer, depth + 1, refs)

    def union(
        self, schema: Schema, branches: list[Schema], types: list[str], *, null: bool, pointer: str
    ) -> Schema:
        result: Schema = {"anyOf": branches}
        beside = {
            k: v
            for k, v in schema.items()
            if k not in {"anyOf", "type", "nullable", "$defs", "definitions"} and k not in _SILENT
        }
        if len(types) > 1 and "anyOf" not in schema:
            spent = {name for kind in types for name in _BELONGS.get(kind, ())}
            beside = {k: v for k, v in beside.items() if k not in spent}
        for name, value in beside.items():
            if name in _ANNOTATIONS and not self.profile.lone_any_of and name in self.profile.keep:
                result[name] = value
            elif name == "description":
                for branch in branches:
                    branch.setdefault("description", value)
            elif name != "title":
                self.lose(pointer, name, "can't be said beside anyOf")
        return self.with_null(result) if null else result

    def keyword(
        self,
        result: Schema,
        name: str,
        value: Any,  # noqa: ANN401  # a JSON value
        kind: str | None,
        place: tuple[str, int, tuple[str, ...]],
        schema: Schema,
    ) -> None:
        pointer, depth, refs = place
        if name == "enum":
            self.enum(result, value, kind, pointer)
        elif name == "format":
            self.format(result, value, kind, pointer)
        elif name not in self.profile.keep:
            if name not in _SILENT:
                self.lose(pointer, name, f"{self.profile.name} has no {name}")
        elif name == "properties":
            if not isinstance(value, dict):
                raise SchemaError(f"{pointer}.properties".lstrip("."), "is no object")
            result[name] = {
                key: self.node(below, f"{pointer}.properties.{key}".lstrip("."), depth + 1, refs)
                for key, below in value.items()
            }
        elif name in {"items", "additionalProperties"}:
            if isinstance(value, bool):
                if name != "items":
                    result[name] = value
                return
            result[name] = self.node(value, f"{pointer}.{name}".lstrip("."), depth + 1, refs)
        elif name in {"prefixItems", "oneOf"} and isinstance(value, list):
            result[name] = [
                self.node(below, f"{pointer}.{name}[{at}]".lstrip("."), depth + 1, refs)
                for at, below in enumerate(value)
            ]
        elif name == "required":
            listed = value if isinstance(value, list) else [value]
            names = [v for v in listed if isinstance(v, str)]
            known = schema.get("properties")
            there = [v for v in names if isinstance(known, dict) and v in known]
            if len(there) < len(listed):
                self.lose(pointer, "required", "names a property that properties doesn't define")
            if not self.profile.required_cycles and (home := _home(pointer)) is not None:
                free = [v for v in there if not self.leads(schema["properties"][v], home)]
                if len(free) < len(there):
                    self.lose(pointer, "required", "a recursive property can't be required")
                there = free
            if there:
                result[name] = there
        else:
            result[name] = value

    def enum(self, result: Schema, value: object, kind: str | None, pointer: str) -> None:
        values = value if isinstance(value, list) else []
        if kind == "null" and self.profile.types_needed:
            if None not in values:
                self.lose(pointer, "enum", "none of its values is of the schema's type")
            return
        if self.profile.nullable and None in values and len(values) > 1:
            values = [v for v in values if v is not None]
            result["nullable"] = True
        if self.profile.plain_enums and not _plain_enum(values):
            self.lose(pointer, "enum", "only strings and numbers can be enumerated: said in words")
            _listed(result, values)
            return
        if not self.profile.string_enums or (
            kind in (None, "string") and all(isinstance(v, str) and v for v in values)
        ):
            if values:
                result["enum"] = values
                if kind is None and self.profile.string_enums:
                    result["type"] = self.type_name("string")
            return
        self.lose(pointer, "enum", "only non-empty strings can be enumerated: said in words")
        _listed(result, values)

    def format(self, result: Schema, value: object, kind: str | None, pointer: str) -> None:
        formats = self.profile.formats
        if "format" in self.profile.keep and (
            formats is None or value in formats.get(kind or "", frozenset())
        ):
            result["format"] = value
            return
        self.lose(pointer, "format", f"{self.profile.name} has no format {value!r:.40}")
        _describe(result, f"format: {value}"[:80])


_LOCAL: Final = re.compile(r"#(?:/(?:\$defs|definitions)/[^/]+)?").fullmatch
_TAME: Final = Profile("any", frozenset())
_TYPES: Final = frozenset({*_BELONGS, "null"})
_ANY: Final = ("string", "number", "boolean", "object", "array")
_ANY_ITEM: Final = ("string", "number", "boolean", "object")
_SHALLOW: Final = ("type", "description", "title")
_ANNOTATIONS: Final = frozenset(
    {
        *("description", "title", "default", "examples", "example", "deprecated", "readOnly"),
        *("writeOnly", "discriminator"),
    }
)
_HANDLED: Final = frozenset(
    {"type", "description", "nullable", "anyOf", "$defs", "definitions", "additionalItems"}
)
_LOWER: Final = frozenset({"minimum", "exclusiveMinimum", "minItems", "minLength", "minProperties"})
_UPPER: Final = frozenset({"maximum", "exclusiveMaximum", "maxItems", "maxLength", "maxProperties"})
_EXCLUSIVE_MAXIMUM: Final = (("exclusiveMaximum", "maximum", -1),)


def _lone(schema: Schema) -> bool:
    # "no other properties, except for than those starting as a `$`, may be set" beside a $ref
    # (Gemini's reference); a title was recorded beside one with status 200.
    return all(name.startswith("$") or name == "title" for name in schema)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain_enum(values: object) -> bool:
    """Whether all values are strings and numbers."""
    return isinstance(values, list) and all(isinstance(v, str) or _number(v) for v in values)


def _fits(value: object, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in {"integer", "number"}:
        return _number(value)
    return isinstance(value, str) if kind == "string" else value is None


def _implied(schema: Schema) -> tuple[list[str], bool]:
    """The types of what `schema` may be about, and whether null is one, where it names no type."""
    if "properties" in schema:
        return ["object"], False
    if "items" in schema or "prefixItems" in schema:
        return ["array"], False
    values = schema.get("enum")
    if not isinstance(values, list) or not values:
        return [*_ANY], True
    kinds = {kind: None for v in values for kind in _ENUMERABLE if _fits(v, kind)}
    if "integer" in kinds and "number" in kinds:
        whole = all(isinstance(v, int) for v in values if _number(v))
        del kinds["number" if whole else "integer"]
    others = any(isinstance(v, list | dict) for v in values)
    return ([*_ANY] if others else [*kinds] or ["null"]), bool(kinds) and None in values


_ENUMERABLE: Final = ("string", "boolean", "integer", "number")


def _home(pointer: str) -> str | None:
    """The definition in which `pointer` lies."""
    if not pointer.startswith("$defs."):
        return None
    return re.split(r"\.(?:properties|items|anyOf|prefixItems|additionalProperties)\b", pointer)[0][
        6:
    ]


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


def _listed(schema: Schema, values: list[Any]) -> None:
    listed = ", ".join(msgspec.json.encode(v).decode() for v in values[:50])
    _describe(schema, f"one of: {listed}")


def _describe(schema: Schema, words: str) -> None:
    said = schema.get("description")
    schema["description"] = f"{said} ({words})" if isinstance(said, str) and said else words
