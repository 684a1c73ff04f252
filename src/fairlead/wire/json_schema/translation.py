"""A schema in the words of a profile."""

import re
from typing import Any, Final

import msgspec

from fairlead.wire.json_schema.plainer import plain
from fairlead.wire.json_schema.profile import Losses, Profile, Translated
from fairlead.wire.json_schema.references import ROOT, References, is_local
from fairlead.wire.json_schema.vocabulary import (
    ANNOTATIONS,
    BELONGS,
    MAX_DEPTH,
    SILENT,
    Schema,
    SchemaError,
    is_lone,
    is_number,
    is_plain_enum,
)

__all__ = ["translate"]

_TYPES: Final = frozenset({*BELONGS, "null"})
_ANY: Final = ("string", "number", "boolean", "object", "array")
_ANY_ITEM: Final = ("string", "number", "boolean", "object")
_ENUMERABLE: Final = ("string", "boolean", "integer", "number")
_HANDLED: Final = frozenset(
    {"type", "description", "nullable", "anyOf", "$defs", "definitions", "additionalItems"}
)


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
    return Translated(result, work.losses.each_once())


class _Translation:
    """One schema on its way."""

    def __init__(self, root: object, profile: Profile) -> None:
        self.profile = profile
        self.losses = Losses()
        self.lose = self.losses.lose
        self.references = References(root, self.losses)
        self.referred = False
        self.rooted = False

    def node(self, given: object, pointer: str, depth: int, refs: tuple[str, ...]) -> Schema:
        if given is False:
            self.lose(pointer, "false", "a schema that nothing satisfies can't be said")
        if isinstance(given, bool):
            given = {}
        if not isinstance(given, dict):
            raise SchemaError(pointer, f"is no JSON Schema: {type(given).__name__}")
        if depth > MAX_DEPTH:
            raise SchemaError(pointer, f"the schema is nested deeper than {MAX_DEPTH} levels")
        self.references.nodes += 1
        schema: Schema = given
        if "$ref" in schema:
            if not self.profile.inline_refs and self.stays(schema, pointer, refs):
                self.referred = True
                if schema["$ref"] == "#":
                    self.rooted = True
                    return {"$ref": f"#/$defs/{ROOT}"}
                return {"$ref": schema["$ref"].replace("#/definitions/", "#/$defs/", 1)}
            schema, refs = self.references.resolved(schema, pointer, refs)
        if "allOf" in schema:
            schema, refs = self.references.merged(schema, pointer, refs)
        return self.said(plain(schema, self.profile, pointer, self.losses), pointer, depth, refs)

    def stays(self, schema: Schema, pointer: str, refs: tuple[str, ...]) -> bool:
        """Whether a reference is said as one: to a definition, and nothing stands beside it, or
        what it means stands around it.
        """
        ref = schema["$ref"]
        if not isinstance(ref, str) or not is_local(ref) or self.references.target(ref) is None:
            return False
        if not is_lone(schema):
            if ref not in refs:
                return False
            self.lose(pointer, "$ref", "it is recursive: what stands beside it can't be said")
        return True

    def said(self, schema: Schema, pointer: str, depth: int, refs: tuple[str, ...]) -> Schema:
        types, null = self.types(schema, pointer)
        any_of = schema.get("anyOf")
        branches: list[Schema] = []
        if isinstance(any_of, list) and any_of and "anyOf" in self.profile.keep:
            kept = [b for b in any_of if not (self.profile.nullable and self.references.is_null(b))]
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
        own: Schema = {k: schema[k] for k in BELONGS.get(kind, ()) if k in schema}
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
            if k not in {"anyOf", "type", "nullable", "$defs", "definitions"} and k not in SILENT
        }
        if len(types) > 1 and "anyOf" not in schema:
            spent = {name for kind in types for name in BELONGS.get(kind, ())}
            beside = {k: v for k, v in beside.items() if k not in spent}
        for name, value in beside.items():
            if name in ANNOTATIONS and not self.profile.lone_any_of and name in self.profile.keep:
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
            if name not in SILENT:
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
                free = [
                    v for v in there if not self.references.leads(schema["properties"][v], home)
                ]
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
        if self.profile.plain_enums and not is_plain_enum(values):
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


def _fits(value: object, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in {"integer", "number"}:
        return is_number(value)
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
        whole = all(isinstance(v, int) for v in values if is_number(v))
        del kinds["number" if whole else "integer"]
    others = any(isinstance(v, list | dict) for v in values)
    return ([*_ANY] if others else [*kinds] or ["null"]), bool(kinds) and None in values


def _home(pointer: str) -> str | None:
    """The definition in which `pointer` lies."""
    if not pointer.startswith("$defs."):
        return None
    return re.split(r"\.(?:properties|items|anyOf|prefixItems|additionalProperties)\b", pointer)[0][
        6:
    ]


def _listed(schema: Schema, values: list[Any]) -> None:
    listed = ", ".join(msgspec.json.encode(v).decode() for v in values[:50])
    _describe(schema, f"one of: {listed}")


def _describe(schema: Schema, words: str) -> None:
    said = schema.get("description")
    schema["description"] = f"{said} ({words})" if isinstance(said, str) and said else words
