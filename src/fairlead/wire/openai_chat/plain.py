"""The plain request: messages of text, a limit, a temperature. Most are nothing else.

It has a struct of its own, a fifth of the size of the full one, and needs none of the checks that
tools, media, thoughts and verbatim values call for. Whatever does not fit, or is wrong in any way,
is left to the full reading, which also knows what to say about it: this one never refuses.
"""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from fairlead.canon import Request, Sampling, Text, Turn

__all__ = ["read_plain"]

_LARGEST: Final = 32 * 1024
"""Bytes. A larger body that turns out not to be plain would be read twice at some cost."""


class _Message(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    role: Literal["system", "developer", "user", "assistant"]
    content: str


class _Options(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    include_usage: bool | None = None


class _Plain(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    model: str
    messages: list[_Message]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    stream: bool | None = None
    stream_options: _Options | None = None


_decode: Final = msgspec.json.Decoder(_Plain).decode
_PATHS: Final = tuple(f"messages[{at}]" for at in range(64))
_UNSET: Final = Sampling()


def read_plain(body: bytes, most: int) -> Request | None:
    """The request, or None where the full reading is needed. `most`: the highest limit of tokens.

    No value is kept verbatim here, so the decoder itself refuses what is no Unicode text.
    """
    if len(body) > _LARGEST or body.find(b'"tools"') >= 0:
        return None
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    messages, limit, warmth = asked.messages, asked.max_tokens, asked.temperature
    if limit is None:
        limit = asked.max_completion_tokens
    elif asked.max_completion_tokens is not None:
        return None
    if not asked.model or not messages or len(messages) > len(_PATHS):
        return None
    if limit is not None and not 1 <= limit <= most:
        return None
    if warmth is not None and not 0 <= warmth <= 2:
        return None
    options = asked.stream_options
    if options is not None and not asked.stream:
        return None
    return Request(
        model=asked.model,
        turns=tuple(
            [
                Turn(message.role, (Text(message.content),), None, path)
                for message, path in zip(messages, _PATHS, strict=False)
            ]
        ),
        sampling=_UNSET if warmth is None else Sampling(warmth),
        max_tokens=limit,
        stream=asked.stream or False,
        include_usage=options is not None and bool(options.include_usage),
    )
