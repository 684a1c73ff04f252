"""The lines of a file that is a list of like tables: `[[cases]]`, `[[figures]]`, or their JSON.

Good for pointing, not for parsing: what was parsed has no lines any more.
"""

import json
import re
from typing import Final

import msgspec

__all__ = ["TableLines", "not_json"]

_UNKNOWN: Final = re.compile(r"unknown field `([^`]+)`$")
_NUMBERED: Final = re.compile(r"\w+\[(\d+)\]\.?(.*)", re.DOTALL)


class TableLines:
    """Says where the tables of the array `name` stand, and their keys."""

    def __init__(self, text: str, where: str, name: str) -> None:
        self._lines = text.splitlines()
        self._where = where
        self._name = name
        head = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
        self._heads = [n for n, line in enumerate(self._lines) if head.match(line)]

    def place(self, number: int | None, key: str = "") -> str:
        """`FILE:LINE` of a table, or of a key in it (the last part of its path); `FILE` alone where
        no line can be told. No `number`: a key of the file's top.
        """
        start, end = 0, len(self._lines)
        heads = self._heads
        if number is None:
            end = heads[0] if heads else end
        elif number < len(heads):
            start = heads[number]
            end = heads[number + 1] if number + 1 < len(heads) else end
        found: list[int] = []
        for part in filter(None, reversed(key.split("."))):
            word = re.compile(
                rf"""(?<![\w-])(["']?){re.escape(part)}\1\s*(?:[=:.]|\]+\s*(?:#|$))"""
            )
            found = [n for n in range(start, end) if word.search(self._lines[n])]
            if found:
                break
        if len(found) == 1 or (found and self._heads):
            return f"{self._where}:{found[0] + 1}"
        if number is not None and number < len(heads):
            return f"{self._where}:{start + 1}"
        return self._where

    def told(self, number: int, key: str, message: str) -> str:
        """`FILE:LINE: cases[NUMBER].KEY: MESSAGE`."""
        path = f"{self._name}[{number}]{'.' if key else ''}{key}"
        return f"{self.place(number, key)}: {path}: {message}"

    def explained(self, error: msgspec.ValidationError) -> str:
        """What does not fit, with the place of the key at fault."""
        what, _, path = str(error).partition(" - at `$")
        key, number = path.rstrip("`").removeprefix("."), None
        if found := _NUMBERED.match(key):
            number, key = int(found.group(1)), found.group(2)
        if unknown := _UNKNOWN.search(what):
            key, what = f"{key}.{unknown.group(1)}".removeprefix("."), "unknown key"
        if number is not None:
            return self.told(number, key, what)
        return f"{self.place(None, key)}: {key}: {what}" if key else f"{self._where}: {what}"


def not_json(text: str, where: str) -> str | None:
    """`FILE:LINE: not valid JSON: what`; None for text that Python reads as JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"{where}:{error.lineno}: not valid JSON: {error.msg} (column {error.colno})"
    except RecursionError:
        return f"{where}: not valid JSON: it is nested too deeply"
    return None
