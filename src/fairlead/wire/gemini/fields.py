"""Reading a client's JSON as leniently as Google's servers do, and saying where it is wrong.

Taken by the live servers (recorded, and proto3's JSON mapping): camelCase and snake_case keys, null
for a field that isn't set, a lone object for a repeated field, numbers as strings, enums in lower
case or as numbers. Whatever is not taken out of a `Fields` is left over, and can be kept as extras.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import Failure
from fairlead.wire.gemini.types import OBJECT

__all__ = ["Fields"]

_LIST: Final = msgspec.json.Decoder(list[Raw])
_VALUE: Final = msgspec.json.Decoder(str | int | float | bool | None)
_SNAKE: Final = re.compile(r"_([a-z0-9])")
_NULL: Final = b"null"
_HUGE: Final = 2**63


@lru_cache(maxsize=512)
def _camel(name: str) -> str:
    return _SNAKE.sub(lambda found: found[1].upper(), name)


class Fields:
    """The fields of one JSON object; taking one removes it. `path` names the object."""

    __slots__ = ("left", "path")

    def __init__(self, raw: bytes | Raw, path: str = "") -> None:
        self.path = path
        try:
            fields = OBJECT.decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            whole = "" if path else "the body "
            raise Failure.invalid(f"{whole}is no JSON object: {error}", path or None) from None
        self.left: dict[str, Raw] = {}
        for name, value in fields.items():
            if bytes(value) != _NULL:
                self.left[_camel(name) if "_" in name[1:] else name] = value

    def at(self, name: str) -> str:
        """The path of the field `name`."""
        return f"{self.path}.{name}" if self.path else name

    def raw(self, name: str) -> Raw | None:
        """The field's JSON, as it came."""
        return self.left.pop(name, None)

    def value(self, name: str) -> str | float | bool | None:
        """A scalar, whatever its type."""
        raw = self.left.pop(name, None)
        if raw is None:
            return None
        try:
            read: str | float | bool | None = _VALUE.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Failure.invalid("a plain value is expected", self.at(name)) from None
        return read

    def text(self, name: str) -> str | None:
        """A string."""
        value = self.value(name)
        if value is None or isinstance(value, str):
            return value
        raise Failure.invalid("a string is expected", self.at(name))

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self.value(name)
        if value is None or isinstance(value, bool):
            return value
        raise Failure.invalid("true or false is expected", self.at(name))

    def number(self, name: str) -> float | None:
        """A number, also as a string."""
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            if value >= _HUGE or value < -_HUGE:
                raise Failure.invalid("the number is too large", self.at(name))
            return value
        if isinstance(value, str):
            try:
                read = float(value)
            except ValueError:
                read = float("nan")
            if read == read and abs(read) != float("inf"):  # noqa: PLR0124  # NaN is unlike itself
                return read
        raise Failure.invalid("a number is expected", self.at(name))

    def integer(self, name: str) -> int | None:
        """A whole number, also as a string or as 1.0."""
        value = self.number(name)
        if value is None or isinstance(value, int):
            return value
        if value.is_integer():
            return int(value)
        raise Failure.invalid("a whole number is expected", self.at(name))

    def word(self, name: str, numbers: Mapping[int, str]) -> str | None:
        """An enum's word in upper case."""
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, str):
            return value.upper()
        if isinstance(value, int) and value in numbers:
            return numbers[value]
        raise Failure.invalid(f"{value!r} is none of its words", self.at(name))

    def object(self, name: str) -> "Fields | None":
        """An object."""
        raw = self.left.pop(name, None)
        return None if raw is None else Fields(raw, self.at(name))

    def raws(self, name: str) -> list[Raw]:
        """The members of a list; anything else is a list of one."""
        raw = self.left.pop(name, None)
        if raw is None:
            return []
        if not bytes(raw).lstrip().startswith(b"["):
            return [raw]
        try:
            return _LIST.decode(raw)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Failure.invalid(f"is no list: {error}", self.at(name)) from None

    def objects(self, name: str) -> "list[Fields]":
        """A list of objects, or a lone one."""
        return [Fields(raw, f"{self.at(name)}[{at}]") for at, raw in enumerate(self.raws(name))]

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings, or a lone one."""
        found: list[str] = []
        for at, raw in enumerate(self.raws(name)):
            try:
                found.append(msgspec.json.decode(raw, type=str))
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise Failure.invalid("a string is expected", f"{self.at(name)}[{at}]") from None
        return tuple(found)
