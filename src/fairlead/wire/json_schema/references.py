"""What the references of a schema name, and how they and `allOf` are merged into it."""

import re
from collections.abc import Iterable
from typing import Final

from fairlead.wire.json_schema.profile import Losses
from fairlead.wire.json_schema.vocabulary import (
    ANNOTATIONS,
    MAX_DEPTH,
    Schema,
    SchemaError,
    children,
    is_lone,
    is_number,
)

__all__ = ["MAX_NODES", "ROOT", "References", "is_local", "tame"]

MAX_NODES: Final = 4000
MAX_WALK: Final = 100_000
UNROLL: Final = 2
ROOT: Final = "the_root"
"""The name of the definition that stands in for `#`."""

is_local: Final = re.compile(r"#(?:/(?:\$defs|definitions)/[^/]+)?").fullmatch
_SHALLOW: Final = ("type", "description", "title")
_LOWER: Final = frozenset({"minimum", "exclusiveMinimum", "minItems", "minLength", "minProperties"})
_UPPER: Final = frozenset({"maximum", "exclusiveMaximum", "maxItems", "maxLength", "maxProperties"})


def tame(schema: object) -> bool:
    """Whether every reference names a definition at the root, and none leads back to itself from
    within a required property.
    """
    refs = References(schema, Losses())
    defs = schema.get("$defs") if isinstance(schema, dict) else None
    names = set(refs.reached(schema, every=True))
    if not names:
        return True
    if not isinstance(defs, dict) or not names <= defs.keys():
        return False
    return not any(refs.leads(p, name) for name in names for p in _required(defs[name]))


def _required(schema: object) -> Iterable[object]:
    """The required properties of `schema` and of what stands in it."""
    if not isinstance(schema, dict):
        return
    properties, names = schema.get("properties"), schema.get("required")
    if isinstance(properties, dict) and isinstance(names, list):
        yield from (properties[n] for n in names if isinstance(n, str) and n in properties)
    for child in children(schema):
        yield from _required(child)


class References:
    """The references of one schema. `nodes` counts the subschemas that have been said of it."""

    def __init__(self, root: object, losses: Losses) -> None:
        self.root = root
        self.lose = losses.lose
        self.nodes = 0
        self.walked = 0
        self.nulls: dict[str, bool] = {}

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
        """The schema that a reference names; None where there is none."""
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
        """Add to a schema what another one demands as well."""
        for name, value in part.items():
            mine = into.get(name)
            if name not in into:
                into[name] = value
            elif mine == value or name in ANNOTATIONS:
                continue
            elif name == "properties" and isinstance(mine, dict) and isinstance(value, dict):
                both = {k: {"allOf": [mine[k], v]} for k, v in value.items() if k in mine}
                into[name] = {**mine, **value, **both}
            elif name == "required" and isinstance(mine, list) and isinstance(value, list):
                into[name] = [*mine, *(v for v in value if v not in mine)]
            elif name == "enum" and isinstance(mine, list) and isinstance(value, list):
                into[name] = [v for v in mine if v in value]
            elif name in _LOWER and is_number(mine) and is_number(value):
                into[name] = max(mine, value)
            elif name in _UPPER and is_number(mine) and is_number(value):
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
            if isinstance(ref, str) and (every or is_local(ref)):
                name = ref.removeprefix("#/$defs/").removeprefix("#/definitions/")
                name = ROOT if name == "#" else name
                if name not in found:
                    found.add(name)
                    yield name
                    left.append(self.target(ref))
            left.extend(children(node))

    def is_null(self, schema: object, depth: int = 0) -> bool:
        """Whether `schema` means null alone."""
        if not isinstance(schema, dict) or depth > MAX_DEPTH:
            return False
        ref = schema.get("$ref")
        if isinstance(ref, str) and is_lone(schema):
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
