"""The plain request: a text or messages of text, a limit, a temperature. Many are nothing else.

It has a struct of its own, and needs none of the checks that tools, media and verbatim values call
for. Whatever does not fit, or is wrong in any way, is left to the full reading, which also knows
what to say about it: this one never refuses.
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
    type: Literal["message"] | None = None


class _Plain(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    model: str
    input: str | list[_Message]
    instructions: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    stream: bool | None = None
    store: bool | None = None


_decode: Final = msgspec.json.Decoder(_Plain).decode
_PATHS: Final = tuple(f"input[{at}]" for at in range(64))
_UNSET: Final = Sampling()


def read_plain(body: bytes, most: int) -> Request | None:
    """The request, or None where the full reading is needed. `most`: the highest limit of tokens.

    No value is kept verbatim here, so the decoder itself refuses what is no Unicode text.
    """
    if len(body) > _LARGEST or b'"tools"' in body:
        return None
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    limit, warmth = asked.max_output_tokens, asked.temperature
    if not asked.model or not asked.input:
        return None
    if limit is not None and not 1 <= limit <= most:
        return None
    if warmth is not None and not 0 <= warmth <= 2:
        return None
    turns = _turns(asked.input)
    if turns is None:
        return None
    return Request(
        model=asked.model,
        turns=turns,
        instructions=(Text(asked.instructions),) if asked.instructions else (),
        sampling=_UNSET if warmth is None else Sampling(warmth),
        max_tokens=limit,
        stream=asked.stream or False,
        include_usage=asked.stream or False,
    )


def _turns(found: str | list[_Message]) -> tuple[Turn, ...] | None:
    if isinstance(found, str):
        return (Turn("user", (Text(found),), None, "input"),)
    if len(found) > len(_PATHS):
        return None
    before = ""
    for message in found:  # two of the assistant's in a row are one turn
        if before == message.role == "assistant":
            return None
        before = message.role
    return tuple(
        [
            Turn(message.role, (Text(message.content),), None, path)
            for message, path in zip(found, _PATHS, strict=False)
        ]
    )
