"""JSON Schemas as this vendor takes them.

Two sets of rules. A tool's `input_schema` is any schema whose top level is an object ("input_schema
does not support oneOf, allOf, or anyOf at the top level" is a 400). An answer's schema, and that of
a strict tool, is compiled into a grammar and may use a subset only (platform.claude.com,
build-with-claude/structured-outputs, "JSON Schema limitations"): no recursion, no external `$ref`,
no numeric or length constraints, `minItems` 0 or 1, `additionalProperties` false on every object,
`allOf` without `$ref`; "if you use an unsupported feature, you'll receive a 400 error".

What the grammar can't hold moves into the description, where the model still reads it: that is what
the vendor's own SDK does (anthropic/lib/_parse/_transform.py). Each such keyword is a cosmetic
loss. What would change the shape of the answer (a map with free keys, recursion) makes the whole
schema unsayable.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from fairlead.wire.anthropic.types import dump

__all__ = ["Strict", "object_schema", "strict_schema"]

EMPTY_OBJECT: Final = b'{"type":"object","properties":{}}'

_DEPTH_MAX: Final = 64
_CACHED_MAX: Final = 32 * 1024
"""Bytes of a schema that is remembered: applications send the same few again and again."""
_FORMATS: Final = frozenset(
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"]
)
_KEPT: Final = frozenset({"type", "description", "title", "default", "required", "pattern"})
_DECODE = msgspec.json.Decoder().decode
_KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}").fullmatch

Node = dict[str, Any]


class Strict(Struct, frozen=True):
    """A schema for the grammar. `schema` is None where it can't be said; `why` says why."""

    schema: bytes | None
    dropped: tuple[str, ...] = ()
    why: str = ""


class _Unsayable(Exception):
    """The shape itself is outside the subset."""


def strict_schema(raw: bytes) -> Strict:
    """`raw` within the subset. Verbatim where nothing has to change. Not JSON: unsayable."""
    return _strict_schema(raw) if len(raw) > _CACHED_MAX else _strict_schema_cached(raw)


def _strict_schema(raw: bytes) -> Strict:
    try:
        root = _DECODE(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return Strict(None, why=f"the schema is not valid JSON: {error}")
    narrowing = _Narrowing()
    try:
        _refuse_recursion(root)
        strict = narrowing.node(root, 0)
    except _Unsayable as error:
        return Strict(None, tuple(narrowing.dropped), str(error))
    return Strict(raw if strict == root else dump(strict), tuple(narrowing.dropped))


_strict_schema_cached = lru_cache(maxsize=512)(_strict_schema)


class _Place(Struct):
    """One schema node on its way: as it came, as it goes, what spills into the description."""

    node: Node
    depth: int
    out: Node
    spilled: Node


class _Narrowing:
    """One schema's way into the subset. `dropped` holds the keywords that changed, in order."""

    def __init__(self) -> None:
        self.dropped: dict[str, None] = {}

    def node(self, node: object, depth: int) -> Node:
        if not isinstance(node, dict):
            raise _Unsayable("a schema of true, false or no object cannot be said")
        if depth > _DEPTH_MAX:
            raise _Unsayable("the schema is nested too deep")
        place = _Place(node, depth, {}, {})
        if "$ref" in node:
            return self._reference(place)
        for key, value in node.items():
            rule = _RULES.get(key)
            if rule is not None:
                rule(self, place, value)
            elif key in _KEPT:
                place.out[key] = value
            else:
                place.spilled[key] = value
        self._definitions(place)
        if _is_object(node):
            self._close(place)
        self._spill(place)
        return place.out

    def _spill(self, place: _Place) -> None:
        if not place.spilled:
            return
        self.dropped.update(dict.fromkeys(place.spilled))
        note = "{" + ", ".join(f"{key}: {value}" for key, value in place.spilled.items()) + "}"
        description = place.out.get("description")
        place.out["description"] = f"{description}\n\n{note}" if description else note

    def _close(self, place: _Place) -> None:
        """Objects must have `additionalProperties: false`."""
        more = place.node.get("additionalProperties")
        if more is not False:
            if isinstance(more, dict) or not place.node.get("properties"):
                raise _Unsayable("an object with free keys cannot be said")
            self.dropped["additionalProperties"] = None
        place.out["additionalProperties"] = False

    def _reference(self, place: _Place) -> Node:
        target = place.node["$ref"]
        if not isinstance(target, str) or not target.startswith("#/"):
            raise _Unsayable(f"the reference {target!r} does not point into the schema")
        place.out["$ref"] = target
        self._definitions(place)
        for key in place.node:
            if key not in place.out:
                self.dropped[f"$ref+{key}"] = None
        return place.out

    def _definitions(self, place: _Place) -> None:
        for key in ("$defs", "definitions"):
            found = place.node.get(key)
            if isinstance(found, dict):
                place.out[key] = {name: self.node(s, place.depth + 1) for name, s in found.items()}

    # ---- one method for each keyword that is not kept as it is ----------------------------------

    def properties(self, place: _Place, value: object) -> None:
        if not isinstance(value, dict):
            raise _Unsayable("properties must be an object")
        place.out["properties"] = {n: self.node(s, place.depth + 1) for n, s in value.items()}

    def items(self, place: _Place, value: object) -> None:
        if isinstance(value, dict):
            place.out["items"] = self.node(value, place.depth + 1)
        else:
            place.spilled["items"] = value

    def any_of(self, place: _Place, value: object) -> None:
        place.out["anyOf"] = self._variants(place, value)

    def one_of(self, place: _Place, value: object) -> None:
        if "anyOf" in place.node:
            raise _Unsayable("anyOf beside oneOf cannot be said")
        self.dropped["oneOf"] = None
        place.out["anyOf"] = self._variants(place, value)

    def all_of(self, place: _Place, value: object) -> None:
        if isinstance(value, list) and any(isinstance(s, dict) and "$ref" in s for s in value):
            raise _Unsayable("allOf with a $ref cannot be said")
        place.out["allOf"] = self._variants(place, value)

    def _variants(self, place: _Place, value: object) -> list[Node]:
        if not isinstance(value, list):
            raise _Unsayable("variants must be a list")
        return [self.node(variant, place.depth + 1) for variant in value]

    def enum(self, place: _Place, value: object) -> None:
        plain = isinstance(value, list) and not any(isinstance(v, dict | list) for v in value)
        (place.out if plain else place.spilled)["enum"] = value

    def const(self, place: _Place, value: object) -> None:
        (place.spilled if isinstance(value, dict | list) else place.out)["const"] = value

    def format(self, place: _Place, value: object) -> None:
        known = isinstance(value, str) and value in _FORMATS
        (place.out if known else place.spilled)["format"] = value

    def min_items(self, place: _Place, value: object) -> None:
        (place.out if value in (0, 1) else place.spilled)["minItems"] = value

    def later(self, place: _Place, value: object) -> None:
        """Handled once the other keywords are known."""


_Rule = Callable[[_Narrowing, _Place, object], None]
_RULES: Final[dict[str, _Rule]] = {
    "properties": _Narrowing.properties,
    "items": _Narrowing.items,
    "anyOf": _Narrowing.any_of,
    "oneOf": _Narrowing.one_of,
    "allOf": _Narrowing.all_of,
    "enum": _Narrowing.enum,
    "const": _Narrowing.const,
    "format": _Narrowing.format,
    "minItems": _Narrowing.min_items,
    "additionalProperties": _Narrowing.later,
    "$defs": _Narrowing.later,
    "definitions": _Narrowing.later,
}


def _is_object(node: Node) -> bool:
    kind = node.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in node


def _refuse_recursion(root: object) -> None:
    """Raise for a `$ref` that leads back to where it stands."""
    done: set[str] = set()

    def visit(node: object, open_refs: tuple[str, ...], depth: int) -> None:
        if depth > _DEPTH_MAX:
            raise _Unsayable("the schema is nested too deep")
        if isinstance(node, list):
            for item in node:
                visit(item, open_refs, depth + 1)
        elif isinstance(node, dict):
            target = node.get("$ref")
            if isinstance(target, str):
                follow(target, open_refs, depth)
            for key, value in node.items():
                if key not in ("$ref", "$defs", "definitions", "enum", "const", "default"):
                    visit(value, open_refs, depth + 1)

    def follow(target: str, open_refs: tuple[str, ...], depth: int) -> None:
        if target in open_refs or target == "#":
            raise _Unsayable(f"the schema is recursive at {target}")
        if target not in done:
            visit(_resolve(root, target), (*open_refs, target), depth + 1)
            done.add(target)

    visit(root, (), 0)


def _resolve(root: object, target: str) -> object:
    node = root
    for step in target.removeprefix("#/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or name not in node:
            raise _Unsayable(f"the reference {target!r} points nowhere")
        node = node[name]
    return node


def object_schema(raw: bytes) -> Strict:
    """A tool's schema with an object at its top level. `schema` None: it can't be one.

    Verbatim in the usual case. A missing `type` is filled in, a `$ref` at the top is resolved, and
    variants at the top are folded into one object whose properties are those of all of them.
    """
    return _object_schema(raw) if len(raw) > _CACHED_MAX else _object_schema_cached(raw)


def _object_schema(raw: bytes) -> Strict:
    try:
        root = _DECODE(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return Strict(None, why=f"is not valid JSON: {error}")
    if not isinstance(root, dict):
        return Strict(None, why="must be a JSON Schema of type object")
    kind = root.get("type")
    variants = [key for key in ("anyOf", "oneOf", "allOf") if key in root]
    if kind == "object" and not variants:
        return _check_keys(root) or Strict(raw)
    try:
        if isinstance(root.get("$ref"), str):
            root = {**_object(_resolve(root, root["$ref"])), **_without(root, "$ref")}
            kind = root.get("type")
        if kind not in (None, "object", ["object"]):
            return Strict(None, why=f"must be of type object, not {kind}")
        for key in variants:
            root = _fold_variants(root, key)
    except _Unsayable as error:
        return Strict(None, why=str(error))
    root = {**root, "type": "object"}
    return _check_keys(root) or Strict(dump(root), tuple(variants))


_object_schema_cached = lru_cache(maxsize=512)(_object_schema)


def _check_keys(root: Node) -> Strict | None:
    """At the top level "property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'"."""
    properties = root.get("properties")
    for key in properties if isinstance(properties, dict) else ():
        if not _KEY(key):
            return Strict(None, why=f"hold the property {key[:80]!r}, a name the vendor refuses")
    return None


def _object(node: object) -> Node:
    if not isinstance(node, dict):
        raise _Unsayable("a reference must lead to an object")
    return node


def _without(node: Node, key: str) -> Node:
    return {name: value for name, value in node.items() if name != key}


def _fold_variants(root: Node, key: str) -> Node:
    """One object that allows what any (`allOf`: what all) of the variants allow."""
    branches = []
    for variant in root[key] if isinstance(root[key], list) else ():
        branch = _object(variant)
        if isinstance(branch.get("$ref"), str):
            branch = _object(_resolve(root, branch["$ref"]))
        branches.append(branch)
    properties: Node = {}
    for branch in branches:
        if isinstance(branch.get("properties"), dict):
            properties.update(branch["properties"])
    required = [set(_required(branch)) for branch in branches]
    demanded = set.union if key == "allOf" else set.intersection
    names = _required(root)
    if required:
        names += sorted(demanded(*required) - set(names))
    out = _without(root, key)
    own = root.get("properties")
    out["properties"] = {**properties, **(own if isinstance(own, dict) else {})}
    if names:
        out["required"] = names
    return out


def _required(schema: Node) -> list[str]:
    """The names in `required`; a client may have written anything there."""
    names = schema.get("required")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
