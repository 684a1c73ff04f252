"""Reading a client's JSON strictly, with errors that say where.

Two rules. A body that is as it should be is decoded once, into structs that refuse unknown fields.
Everything else may take its time: a field that no struct knows sends the body through a second
pass, which takes such fields out as extras; a body that is no JSON is looked at again by the
standard library's parser, which knows line and column.
"""

import json
import re
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure

__all__ = ["Reader", "Unknown", "check_text", "join"]

_T = TypeVar("_T", bound=Struct)
Unknown = tuple[str, bytes]
"""A field that no struct knows: its path and its JSON."""

_UNKNOWN_FIELD: Final = "Object contains unknown field"
_EXPECTED = re.compile(r"^Expected `([^`]*)`, got `([^`]*)`")
_FIELD = re.compile(r"`([^`]*)`")
_AT = re.compile(r" - at `\$(.*)`$", re.DOTALL)
_LONE = re.compile("[\ud800-\udfff]")

_NAMES: Final = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


class Reader(Generic[_T]):
    """Reads one struct type. `read` raises `Failure` with the path below `path` at fault."""

    __slots__ = ("_decoder", "_type")

    def __init__(self, type_: type[_T]) -> None:
        self._type = type_
        self._decoder = msgspec.json.Decoder(type_)

    def read(self, data: bytes | Raw, path: str = "") -> tuple[_T, list[Unknown]]:
        """The struct, and what it does not know."""
        try:
            return self._decoder.decode(data), []
        except msgspec.ValidationError as error:
            if not str(error).startswith(_UNKNOWN_FIELD):
                raise _type_failure(error, path) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise _json_failure(bytes(data), error, path) from None
        return self._read_apart(data, path)

    def _read_apart(self, data: bytes | Raw, path: str) -> tuple[_T, list[Unknown]]:
        unknown: list[Unknown] = []
        try:
            kept = _take_unknown(self._type, Raw(bytes(data).lstrip()), path, unknown)
            return self._decoder.decode(kept), unknown
        except msgspec.ValidationError as error:
            raise _type_failure(error, path) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise _json_failure(bytes(data), error, path) from None


def check_text(body: bytes) -> None:
    """Refuse bytes that are not UTF-8, and escapes of lone surrogates.

    The decoder checks neither inside the values that are kept verbatim.
    """
    if (failure := _not_utf8(body)) is not None:
        raise failure
    if b"\\ud" in body or b"\\uD" in body:
        try:
            msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise _json_failure(body, error, "") from None


def _not_utf8(body: bytes) -> Failure | None:
    if body.isascii():
        return None
    try:
        body.decode()
    except UnicodeDecodeError as error:
        line, column = _place(body, error.start)
        return Failure.invalid(
            f"The request body is not valid UTF-8: byte 0x{body[error.start]:02x} at line {line}, "
            f"column {column} (offset {error.start}).",
            code="invalid_json",
        )
    return None


def join(path: str, field: str) -> str:
    """The path of a field below `path`."""
    return f"{path}.{field}" if path else field


# Unknown fields


def _nested(type_: type[Struct]) -> dict[str, type[Struct] | None]:
    """Each field of a struct, with the struct that it holds (alone or in a list), if any."""
    info = msgspec.inspect.type_info(type_)
    fields = info.fields if isinstance(info, msgspec.inspect.StructType) else ()
    return {field.encode_name: _held(field.type) for field in fields}


def _held(info: msgspec.inspect.Type) -> type[Struct] | None:
    if isinstance(info, msgspec.inspect.UnionType):
        return next((held for held in map(_held, info.types) if held is not None), None)
    if isinstance(info, msgspec.inspect.ListType):
        return _held(info.item_type)
    if isinstance(info, msgspec.inspect.StructType) and info.forbid_unknown_fields:
        return info.cls
    return None


_ITEMS: Final = msgspec.json.Decoder(list[Raw])
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_NESTED: dict[type[Struct], dict[str, type[Struct] | None]] = {}


def _take_unknown(type_: type[Struct], raw: Raw, path: str, out: list[Unknown]) -> Raw:
    """`raw` without the fields that `type_` does not know, which go to `out`.

    Every other value stays as it was written, byte for byte: caches hang on that.
    """
    opening = bytes(memoryview(raw)[:1])
    if opening == b"[":
        items = _ITEMS.decode(raw)
        kept = [_take_unknown(type_, item, f"{path}[{at}]", out) for at, item in enumerate(items)]
        same = all(new is old for new, old in zip(kept, items, strict=True))
        return raw if same else Raw(msgspec.json.encode(kept))
    if opening != b"{":
        return raw
    known = _NESTED.get(type_)
    if known is None:
        known = _NESTED[type_] = _nested(type_)
    fields = _FIELDS.decode(raw)
    changed = False
    for field, value in list(fields.items()):
        if field not in known:
            out.append((join(path, field), bytes(fields.pop(field))))
            changed = True
        elif (held := known[field]) is not None:
            below = _take_unknown(held, value, join(path, field), out)
            changed = changed or below is not value
            fields[field] = below
    return Raw(msgspec.json.encode(fields)) if changed else raw


# Errors


def _type_failure(error: msgspec.ValidationError, path: str) -> Failure:
    """A msgspec error in OpenAI's words: "Invalid type for 'x': expected a string, but got ..."."""
    text = str(error)
    at = _AT.search(text)
    param = path
    if at is not None:
        param = (path + at.group(1)).lstrip(".")
        text = text[: at.start()]
    if expected := _EXPECTED.match(text):
        wants = [_NAMES.get(name, name) for name in expected.group(1).split(" | ")]
        wants = [name for name in wants if name != "null"] or wants
        want = " or ".join(wants)
        got = _NAMES.get(expected.group(2), expected.group(2))
        what = f"Invalid type for '{param}'" if param else "Invalid request body"
        return Failure.invalid(
            f"{what}: expected {want}, but got {got} instead.", param or None, code="invalid_type"
        )
    if text.startswith("Object missing required field") and (field := _FIELD.search(text)):
        param = join(param, field.group(1))
        return Failure.invalid(
            f"Missing required parameter: '{param}'.", param, code="missing_required_parameter"
        )
    what = f"Invalid '{param}'" if param else "Invalid request body"
    return Failure.invalid(f"{what}: {text}.", param or None, code="invalid_value")


def _json_failure(body: bytes, error: Exception, path: str) -> Failure:
    """Why a body is no JSON, with line and column; or which field holds a lone surrogate."""
    if isinstance(error, RecursionError):
        return Failure.invalid(
            "The request body is nested too deeply.", path or None, code="invalid_json"
        )
    if (failure := _not_utf8(body)) is not None:
        return failure
    at, why = len(body), "it ends too early"
    try:
        surrogate = _find_surrogate(json.loads(body), path)
    except json.JSONDecodeError as found:
        at, surrogate = len(found.doc[: found.pos].encode("utf-8", "replace")), None
        if at < len(body.rstrip()) and "Unterminated" not in found.msg:
            why = found.msg[:1].lower() + found.msg[1:]
        else:
            at = len(body)
    except (ValueError, RecursionError):
        surrogate, at, why = None, 0, str(error)
    else:
        if surrogate is not None:
            return Failure.invalid(
                f"Invalid '{surrogate}': it holds a lone surrogate, which is no character.",
                surrogate,
                code="invalid_json",
                hint="Encode characters beyond U+FFFF as a pair of escapes, or as UTF-8.",
            )
        offset = re.search(r"\(byte (\d+)\)", str(error))
        at = int(offset.group(1)) if offset else 0
        why = str(error).removeprefix("JSON is malformed: ").partition(" (byte")[0]
    line, column = _place(body, at)
    return Failure.invalid(
        f"We could not parse the JSON body of your request: {why}, at line {line}, column "
        f"{column} (offset {at}).",
        path or None,
        code="invalid_json",
    )


def _place(body: bytes, at: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1, the column in bytes."""
    return body.count(b"\n", 0, at) + 1, at - (body.rfind(b"\n", 0, at) + 1) + 1


def _find_surrogate(value: Any, path: str) -> str | None:  # noqa: ANN401  # any JSON
    """The path of the first text with a lone surrogate, in a value of the lenient parser."""
    if isinstance(value, str):
        return path if _LONE.search(value) else None
    if isinstance(value, dict):
        for key, item in value.items():
            below = join(path, _LONE.sub("?", key))
            found = below if _LONE.search(key) else _find_surrogate(item, below)
            if found is not None:
                return found
    if isinstance(value, list):
        for at, item in enumerate(value):
            if (found := _find_surrogate(item, f"{path}[{at}]")) is not None:
                return found
    return None
