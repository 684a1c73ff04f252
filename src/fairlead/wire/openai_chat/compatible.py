"""A chat request for an endpoint that speaks OpenAI's dialect in part.

What an endpoint lacks is told by words: some stand for a thing that can be said otherwise (a role,
a limit's name), any other for a top-level field, which is left out and named. Values that stay are
verbatim.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import Failure, Loss
from fairlead.wire.codec import Encoded

__all__ = ["SPECIAL", "without"]

_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_LIST: Final = msgspec.json.Decoder(list[Raw])
_ENCODE: Final = msgspec.json.Encoder().encode
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NULL: Final = b"null"
_DEVELOPER: Final = b'"developer"'
_SYSTEM: Final = Raw(b'"system"')
_JSON_OBJECT: Final = Raw(b'{"type":"json_object"}')

Fields = dict[str, Raw]


def without(body: bytes, lacks: tuple[str, ...]) -> Encoded:
    """`body` without what the endpoint does not take.

    Raises:
        Failure: `body` is no JSON object.
    """
    try:
        fields = _OBJECT.decode(body)
    except _UNREADABLE as error:
        raise Failure.invalid(f"the body is no JSON object: {error}") from error
    before = dict(fields)
    losses: list[Loss] = []
    for word in lacks:
        special = SPECIAL.get(word)
        if special is not None:
            special(fields, losses)
        elif (told := fields.pop(word, None)) is not None and bytes(told) != _NULL:
            losses.append(Loss("cosmetic", word, word, "the endpoint does not take it"))
    return Encoded(body if fields == before else _ENCODE(fields), tuple(losses))


def _developer(fields: Fields, _losses: list[Loss]) -> None:
    """Instructions of a developer go as the system's, which is what they are there."""
    raw = fields.get("messages")
    if raw is None or _DEVELOPER not in bytes(raw):
        return
    try:
        messages = [_OBJECT.decode(one) for one in _LIST.decode(raw)]
    except _UNREADABLE:  # the vendor says what is wrong with it
        return
    for message in messages:
        if bytes(message.get("role", _NULL)) == _DEVELOPER:
            message["role"] = _SYSTEM
    fields["messages"] = Raw(_ENCODE(messages))


def _limit(fields: Fields, _losses: list[Loss]) -> None:
    """`max_tokens` is the same limit by its older name."""
    told = fields.pop("max_completion_tokens", None)
    if told is not None:
        fields.setdefault("max_tokens", told)


def _stream_options(fields: Fields, _losses: list[Loss]) -> None:
    """Without them a stream tells no usage: it is estimated."""
    fields.pop("stream_options", None)


def _json_schema(fields: Fields, losses: list[Loss]) -> None:
    raw = fields.get("response_format")
    if raw is not None and b'"json_schema"' in bytes(raw):
        why = "the endpoint answers in JSON, by no schema"
        losses.append(Loss("semantic", "response_format", "json_schema", why))
        fields["response_format"] = _JSON_OBJECT


def _json(fields: Fields, losses: list[Loss]) -> None:
    told = fields.pop("response_format", None)
    if told is not None and b'"json' in bytes(told):
        why = "the endpoint promises no JSON"
        losses.append(Loss("semantic", "response_format", "response_format", why))


def _tools(fields: Fields, losses: list[Loss]) -> None:
    fields.pop("tool_choice", None)
    fields.pop("parallel_tool_calls", None)
    if fields.pop("tools", None) is not None:
        losses.append(Loss("semantic", "tools", "tools", "the endpoint calls no tools"))


SPECIAL: Final[dict[str, Callable[[Fields, list[Loss]], None]]] = {
    "developer": _developer,
    "max_completion_tokens": _limit,
    "stream_options": _stream_options,
    "json_schema": _json_schema,
    "response_format": _json,
    "tools": _tools,
}
"""What an endpoint may lack that is more than a field to be left out."""
