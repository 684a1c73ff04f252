"""Reading and writing JSON of this dialect: objects field by field, every error with its path.

A body is read as `dict[str, Raw]`, object by object, never into one big schema: a field that is
taken is read typed, what nobody takes is left over and becomes an `Extra`, so that nothing the
vendor may add tomorrow is dropped without a word. Raw values stay verbatim.
"""

from collections.abc import Iterator
from typing import Annotated, Final, TypeVar

import msgspec

from fairlead.canon import Dialect, Failure

__all__ = ["DIALECT", "Fields", "Json", "Raw", "as_object", "dump", "is_null", "opens_with", "read"]

DIALECT: Final[Dialect] = "anthropic"

T = TypeVar("T")
Raw = bytes | msgspec.Raw
"""Undecoded JSON: a whole body, or a value in one."""
Json = dict[str, object]
"""A JSON object that is being written; its values may be `msgspec.Raw`."""

dump = msgspec.json.Encoder().encode

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_TEXTS = msgspec.json.Decoder(list[str])
_INT = msgspec.json.Decoder(Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)])
_FLOAT = msgspec.json.Decoder(float)
_BOOL = msgspec.json.Decoder(bool)

_SNIPPET = 300
_MISSING = "Object missing required field"


def is_null(raw: Raw) -> bool:
    """Whether a raw JSON value is `null`."""
    return len(raw) == 4 and bytes(raw) == b"null"


def opens_with(raw: Raw, char: bytes) -> bool:
    """Whether a raw JSON value begins with `char`: a quote, a brace, a bracket."""
    return memoryview(raw)[:1] == char


def read(decoder: "msgspec.json.Decoder[T]", data: Raw, path: str) -> T:
    """`data` decoded; what is wrong with it becomes a `Failure` that names the field."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        inner = where.rstrip("`")
        at = path + inner if path else inner.lstrip(".")
        if what.startswith(_MISSING):
            field = what.removeprefix(_MISSING).strip(" `")
            raise Failure.invalid("is required", f"{at}.{field}" if at else field) from None
        raise Failure.invalid(_lower(what), at or None) from None
    except RecursionError:
        raise Failure.invalid("is nested too deep", path or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        what = str(error)[:_SNIPPET]
        raise Failure.invalid(f"is not valid JSON: {what}", path or None) from None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:_SNIPPET]


def as_object(text: str | bytes) -> bytes | None:
    """The JSON object that `text` is, as bytes to splice; None when it is none."""
    raw = text.encode() if isinstance(text, str) else bytes(text)
    try:
        _OBJECT.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return raw


class Fields:
    """One JSON object. Each `take` removes its field; `left` yields what nobody took."""

    __slots__ = ("path", "raw")

    def __init__(self, data: Raw, path: str) -> None:
        self.raw = read(_OBJECT, data, path)
        self.path = path

    def at(self, key: str) -> str:
        """The path of one of this object's fields."""
        return f"{self.path}.{key}" if self.path else key

    def take(self, key: str) -> msgspec.Raw | None:
        """The raw value; None when it is absent or null."""
        value = self.raw.pop(key, None)
        return None if value is None or is_null(value) else value

    def need(self, key: str) -> msgspec.Raw:
        """The raw value; a `Failure` when it is absent or null."""
        value = self.take(key)
        if value is None:
            raise Failure.invalid("is required", self.at(key))
        return value

    def text(self, key: str) -> str | None:
        """A string, or None when absent."""
        value = self.take(key)
        return None if value is None else read(_TEXT, value, self.at(key))

    def needed_text(self, key: str) -> str:
        """A string that must be there."""
        return read(_TEXT, self.need(key), self.at(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty when absent."""
        value = self.take(key)
        if value is None:
            return ()
        found: list[str] = read(_TEXTS, value, self.at(key))
        return tuple(found)

    def whole(self, key: str) -> int | None:
        """An integer, or None when absent."""
        value = self.take(key)
        return None if value is None else read(_INT, value, self.at(key))

    def number(self, key: str) -> float | None:
        """A number, or None when absent."""
        value = self.take(key)
        return None if value is None else read(_FLOAT, value, self.at(key))

    def flag(self, key: str) -> bool | None:
        """A boolean, or None when absent."""
        value = self.take(key)
        return None if value is None else read(_BOOL, value, self.at(key))

    def object(self, key: str) -> "Fields | None":
        """A nested object, or None when absent."""
        value = self.take(key)
        return None if value is None else Fields(value, self.at(key))

    def items(self, key: str) -> Iterator[tuple[str, msgspec.Raw]]:
        """The elements of a list with their paths; nothing when absent."""
        value = self.take(key)
        if value is not None:
            path = self.at(key)
            found: list[msgspec.Raw] = read(_LIST, value, path)
            for index, item in enumerate(found):
                yield f"{path}[{index}]", item

    def left(self) -> Iterator[tuple[str, bytes]]:
        """The fields that nobody took and that are not null: name, JSON."""
        for key, value in self.raw.items():
            if not is_null(value):
                yield key, bytes(value)
