"""What a strict JSON Schema may hold: "all fields must be required", "additionalProperties: false
must always be set" (guide on structured outputs); the words as users quote them.
"""

from collections.abc import Iterator
from typing import Any

__all__ = ["strict_fault"]

Node = dict[str, Any]
# [D] "Some type-specific keywords are not yet supported"; these are refused outright.
REFUSED = ("allOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else", "oneOf")
INNER = ("properties", "$defs", "definitions")
DEEPEST = 64


def strict_fault(schema: object) -> str | None:
    """The sentence about the first fault, behind "Invalid schema for ...: "; None without one."""
    if not isinstance(schema, dict):
        return None
    if schema.get("type") != "object":
        found = "None" if schema.get("type") is None else str(schema.get("type"))
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{found}\"'."
    return next(_faults(schema, (), 0), None)


def _faults(node: object, place: tuple[str, ...], depth: int) -> Iterator[str]:
    if not isinstance(node, dict) or depth > DEEPEST:
        return
    where = "(" + ", ".join(f"'{one}'" for one in place) + ("," if len(place) == 1 else "") + ")"
    for key in REFUSED:
        if key in node:
            yield f"In context={where}, '{key}' is not permitted."
    kind = node.get("type")
    if kind == "object" or (isinstance(kind, list) and "object" in kind):
        yield from _object(node, where)
    for key in INNER:
        inner = node.get(key)
        for name, one in inner.items() if isinstance(inner, dict) else ():
            yield from _faults(one, (*place, key, str(name)), depth + 1)
    yield from _faults(node.get("items"), (*place, "items"), depth + 1)
    arms = node.get("anyOf")
    for index, one in enumerate(arms if isinstance(arms, list) else ()):
        yield from _faults(one, (*place, "anyOf", str(index)), depth + 1)


def _object(node: Node, where: str) -> Iterator[str]:
    if node.get("additionalProperties") is not False:
        yield (
            f"In context={where}, 'additionalProperties' is required to be supplied and to be "
            "false."
        )
    properties = node.get("properties")
    names = list(properties) if isinstance(properties, dict) else []
    wanted = node.get("required")
    listed = wanted if isinstance(wanted, list) else []
    missing = [name for name in names if name not in listed]
    if missing:
        yield (
            f"In context={where}, 'required' is required to be supplied and to be an array "
            f"including every key in properties. Missing '{missing[0]}'."
        )
    extra = [name for name in listed if name not in names]
    if extra:
        yield (
            f"In context={where}, 'required' is required to be supplied and to be an array "
            f"including every key in properties. Extra required key '{extra[0]}' supplied."
        )
