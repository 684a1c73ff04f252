"""What is wrong in a TOML document, told with file, line and key; and the shapes of its values."""

import math
import re
from collections.abc import Mapping
from typing import NoReturn

from fairlead.routing.policy import PolicyError

__all__ = ["TomlReader"]

_WORDS: dict[type, str] = {
    str: "a string",
    list: "a list",
    dict: "a table",
    int: "a number",
    float: "a number",
}


class TomlReader:
    """Checks a parsed document. `rule` counts the tables of the array `[[rules]]`."""

    def __init__(self, text: str, where: str) -> None:
        self.lines = text.splitlines()
        self.where = where

    # --- telling ----------------------------------------------------------------------------------

    def fail(self, key: str, rule: int | None, message: str) -> NoReturn:
        """Raise for a key of the file's top or of a rule."""
        path = key if rule is None else f"rules[{rule}].{key}" if key else f"rules[{rule}]"
        where = f"{self.where}:{self._line(key, rule)}"
        raise PolicyError(f"{where}: {path}: {message}" if path else f"{where}: {message}")

    def _line(self, key: str, rule: int | None) -> int:
        """The line of a key: the last part of its path, at or behind its table's header."""
        start, end = 0, len(self.lines)
        parts = key.split(".")
        if rule is not None:
            heads = [n for n, line in enumerate(self.lines) if _HEAD.match(line)]
            start = heads[rule] if rule < len(heads) else 0
            end = heads[rule + 1] if rule + 1 < len(heads) else end
        else:
            head = re.compile(rf"\s*\[\s*{re.escape(parts[0])}\s*\]")
            start = next((n for n, line in enumerate(self.lines) if head.match(line)), 0)
        for part in reversed(parts):
            word = re.compile(rf"""(?<![\w-])["']?{re.escape(part)}["']?(?:\s*=|\.|\]\s*$)""")
            for number in range(start, end):
                if part and word.search(self.lines[number]):
                    return number + 1
        return start + 1

    # --- shapes -----------------------------------------------------------------------------------

    def table(
        self,
        table: Mapping[str, object],
        keys: Mapping[str, tuple[type, ...]],
        required: tuple[str, ...],
        what: str,
        rule: int | None,
    ) -> None:
        """Unknown keys, missing keys, wrong types. `what` is the table's own path."""
        for key, value in table.items():
            path = f"{what}.{key}" if what else key
            if key not in keys:
                self.fail(path, rule, f"unknown key; known are {', '.join(keys)}")
            if isinstance(value, bool) or not isinstance(value, keys[key]) or value == "":
                said = " or ".join(dict.fromkeys(_WORDS[kind] for kind in keys[key]))
                self.fail(path, rule, f"must be {said} that is not empty")
        for key in required:
            if key not in table:
                self.fail(what, rule, f"'{key}' is missing")

    def names(self, value: object, key: str, rule: int | None = None) -> tuple[str, ...]:
        """A list of different strings, not empty."""
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(each, str) and each for each in value)
            or len(set(value)) != len(value)
        ):
            self.fail(key, rule, "must be a list of different strings, not empty")
        return tuple(value)

    def among(
        self, value: object, candidates: tuple[str, ...], key: str, rule: int | None
    ) -> tuple[str, ...]:
        """One candidate or several."""
        names = (value,) if isinstance(value, str) else self.names(value, key, rule)
        for name in names:
            if name not in candidates:
                self.fail(key, rule, f"'{name}' is not among the candidates")
        return names

    def number(self, value: object, key: str, least: float = 0) -> float:
        """A finite number, not below `least`."""
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            self.fail(key, None, f"must be a number, got {value!r:.60}")
        if value < least:
            self.fail(key, None, f"must be {least:g} or more, got {value}")
        return value


_HEAD = re.compile(r"\s*\[\[\s*rules\s*\]\]")
