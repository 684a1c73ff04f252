"""Arguments that a prompt writes out: "what is add(2, b=3)?" has a model call `add` with them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from fairlead.emulator.answer.schema_value import fits
from fairlead.emulator.json_value import JsonValue

__all__ = ["written_arguments"]

READ = 4_000


def written_arguments(text: str, name: str, schema: JsonValue) -> list[dict[str, Any]]:
    """The arguments of each `name(...)` in a text, by position or by name, as far as the schema of
    the tool's arguments takes them. Values are JSON, or quoted as in Python.
    """
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return []
    properties = schema["properties"]
    partly = {**schema, "required": []}
    found = []
    for inside in _insides(text[:READ], name):
        values = _values(inside, list(properties))
        if values and values.keys() <= properties.keys() and fits(values, partly):
            found.append(values)
    return found


def _insides(text: str, name: str) -> Iterator[str]:
    """What stands between the brackets behind a name."""
    start = text.find(name + "(")
    while start >= 0:
        begin = start + len(name) + 1
        end = text.find(")", begin)
        if end < 0:
            return
        if not text[max(start - 1, 0) : start].isalnum():
            yield text[begin:end]
        start = text.find(name + "(", end)


def _values(inside: str, names: list[str]) -> dict[str, Any]:
    """The arguments by name; none if one of them can't be read."""
    values: dict[str, Any] = {}
    for at, piece in enumerate(inside.split(",")):
        key, sign, value = piece.partition("=")
        if not sign:
            key, value = (names[at] if at < len(names) else ""), piece
        try:
            values[key.strip()] = msgspec.json.decode(value.strip().replace("'", '"'))
        except msgspec.DecodeError:
            return {}
    return values
