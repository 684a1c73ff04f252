"""What a JSON Schema of a tool or an answer is made of, as far as tokenizers feel it.

Vendors don't send a schema to the model as it came: OpenAI writes TypeScript, Anthropic and Google
forms of their own. All of them name each property, its type and its description; so these are
counted, and each family has a price for each.
"""

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from fairlead.tokens.text import length

__all__ = ["NAMES", "measure"]

NAMES = (
    "properties",
    "property_words",
    "described",
    "description_words",
    "choices",
    "choice_words",
    "required",
    "nested",
    "arrays",
    "unions",
    "keywords",
    "schema_json",
)
"""`properties`, tokens of their names; how many are `described`, tokens of what describes them;
values of enumerations and their tokens; names of `required`; objects and arrays below the top;
members of `anyOf`; all other keywords (`title`, `default`, `minimum`); tokens of the JSON
itself."""

_DEEPEST = 24
_SILENT = frozenset({"type", "properties", "required", "description", "enum", "const", "items"})
_UNIONS = ("anyOf", "oneOf", "allOf")
_DEFINITIONS = ("$defs", "definitions")

_PROPERTIES, _WORDS, _DESCRIBED, _DESCRIPTIONS, _CHOICES, _CHOICE_WORDS, _REQUIRED = range(7)
_NESTED, _ARRAYS, _UNION_MEMBERS, _KEYWORDS, _JSON = range(7, 12)


def measure(raw: bytes) -> list[float]:
    """Counts in the order of `NAMES`. What is no JSON object counts as its text alone."""
    found = [0.0] * len(NAMES)
    found[_JSON] = length(raw.decode("utf-8", "replace"))
    try:
        schema = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return found
    found[_JSON] = length(msgspec.json.encode(schema).decode())
    for node, depth in _nodes(schema, 0):
        _add(node, depth, found)
    return found


def _nodes(node: object, depth: int) -> Iterator[tuple[dict[str, Any], int]]:
    """The schema and all schemas in it, definitions included, each once."""
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    schema = cast("dict[str, Any]", node)
    yield schema, depth
    for inner in _inner(schema):
        yield from _nodes(inner, depth + 1)


def _inner(schema: dict[str, Any]) -> Iterator[object]:
    for key in ("properties", *_DEFINITIONS):
        inside = schema.get(key)
        if isinstance(inside, dict):
            yield from inside.values()
    for key in ("items", "additionalProperties"):
        yield schema.get(key)
    for key in ("prefixItems", *_UNIONS):
        inside = schema.get(key)
        if isinstance(inside, list):
            yield from inside


def _add(schema: dict[str, Any], depth: int, found: list[float]) -> None:
    properties = schema.get("properties")
    if isinstance(properties, dict):
        found[_PROPERTIES] += len(properties)
        found[_WORDS] += sum(length(str(name)) for name in properties)
        found[_NESTED] += depth > 0
    said = schema.get("description")
    if isinstance(said, str) and said and depth:
        found[_DESCRIBED] += 1
        found[_DESCRIPTIONS] += length(said)
    elif isinstance(said, str):
        found[_DESCRIPTIONS] += length(said)
    choices = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if isinstance(choices, list):
        found[_CHOICES] += len(choices)
        found[_CHOICE_WORDS] += sum(length(str(choice)) for choice in choices)
    required = schema.get("required")
    found[_REQUIRED] += len(required) if isinstance(required, list) else 0
    found[_ARRAYS] += schema.get("type") in {"array", "ARRAY"} or "items" in schema
    found[_UNION_MEMBERS] += sum(
        len(schema[key]) for key in _UNIONS if isinstance(schema.get(key), list)
    )
    found[_KEYWORDS] += len(schema.keys() - _SILENT - set(_UNIONS) - set(_DEFINITIONS))
