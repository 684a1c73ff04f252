"""Hints for routing: the body's `fairlead` object, or the same as `x-fairlead-*` headers.

A hint that is not known is an error that lists the known ones: a misspelt hint that is ignored
would send requests to the wrong model in silence.
"""

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Struct, UnsetType

from fairlead.canon import Failure
from fairlead.routing.decision import Hints

__all__ = ["FIELD", "PREFIX", "read"]

FIELD = "fairlead"
PREFIX = b"x-fairlead-"
_LENGTH = len(PREFIX)
_KNOWN = {field.encode_name: field for field in msgspec.structs.fields(Hints)}
_NONE = Hints()


class _Body(Struct):
    fairlead: msgspec.Raw | UnsetType = UNSET


_BODY = msgspec.json.Decoder(_Body)
_HINTS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Hints:
    """The hints of a request; the body's word goes before a header's.

    Raises:
        Failure: an unknown hint or value; the known ones are named.
    """
    found: dict[str, object] = {}
    for name, value in headers:
        if name[:_LENGTH] == PREFIX:
            key = name[len(PREFIX) :].decode("latin-1").replace("-", "_")
            found[key] = _value(key, value.decode("latin-1").strip(), f"header {name.decode()}")
    # A JSON escape may spell the name too; bodies with escapes of ASCII letters are rare.
    # (`find`, since `in` tries an integer first, at ten times the cost.)
    if body.find(b'"fairlead"') >= 0 or body.find(b"\\u00") >= 0:
        found.update(_from_body(body))
    return msgspec.convert(found, Hints) if found else _NONE


def _from_body(body: bytes) -> dict[str, object]:
    try:
        raw = _BODY.decode(body).fairlead
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}  # the codec says what is wrong with the body, and where
    if raw is UNSET:
        return {}
    try:
        fields = _HINTS.decode(raw)
    except msgspec.DecodeError as error:
        raise Failure.invalid(f"'{FIELD}' must be an object of hints: {_known()}", FIELD) from error
    return {
        key: _value(key, msgspec.json.decode(value), f"{FIELD}.{key}")
        for key, value in fields.items()
    }


def _value(key: str, value: object, where: str) -> object:
    field = _KNOWN.get(key)
    if field is None:
        raise Failure.invalid(f"unknown hint '{key}'; known hints are {_known()}", where)
    try:
        converted: object = msgspec.convert(value, field.type, strict=False)
    except msgspec.ValidationError as error:
        known = _words(key)
        expected = f"one of {', '.join(known)}" if known else str(error)
        raise Failure.invalid(f"hint '{key}' has the wrong value: {expected}", where) from error
    return converted


def _words(key: str) -> list[str]:
    info = msgspec.inspect.type_info(_KNOWN[key].type)
    kinds = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    return [
        str(word)
        for kind in kinds
        if isinstance(kind, msgspec.inspect.LiteralType)
        for word in kind.values
    ]


def _known() -> str:
    parts = []
    for key in _KNOWN:
        words = _words(key)
        parts.append(f"{key} ({'|'.join(words)})" if words else key)
    return ", ".join(parts)
