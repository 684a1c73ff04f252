"""Asking a stream for its usage, and keeping the answer to that from a client who did not ask.

Without `stream_options.include_usage` a chat stream never says what it cost ("An additional chunk
will be streamed before the data: [DONE] message. The usage field on this chunk shows the token
usage statistics for the entire request, and the choices field will always be an empty array":
openai SDK, ChatCompletionStreamOptionsParam). So it is asked for, and that one chunk is withheld.
All other bytes stay as they came; an event is held back only until it is complete.
"""

import re
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from fairlead.canon import Failure
from fairlead.wire.codec import Meter
from fairlead.wire.splice import splice

__all__ = ["METER", "UsageStripper", "ask_usage"]

HOLD_MOST: Final = 1024 * 1024
"""Bytes of one event that are held back; a longer one is no usage chunk."""

_ASKED: Final = b'{"include_usage":true}'
_END: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class _Options(Struct):
    include_usage: bool | None = None


class _Asking(Struct):
    stream_options: msgspec.Raw | UnsetType = UNSET


class _Chunk(Struct):
    choices: list[msgspec.Raw] | None = None
    usage: dict[str, msgspec.Raw] | None = None


_ASKING: Final = msgspec.json.Decoder(_Asking)
_OPTIONS: Final = msgspec.json.Decoder(_Options | None)
_CHUNK: Final = msgspec.json.Decoder(_Chunk)
_MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def ask_usage(body: bytes) -> bytes:
    """The body with usage asked for; the very same bytes if it does so itself, or is malformed."""
    try:
        raw = _ASKING.decode(body).stream_options
        inner = _ASKED
        if raw is not UNSET and (options := _OPTIONS.decode(raw)) is not None:
            if options.include_usage:
                return body
            inner = splice(bytes(raw), _WISH)
        return splice(body, {"stream_options": inner})
    except (*_MALFORMED, Failure):
        return body  # the vendor says what is wrong with it


_WISH: Final = {"include_usage": b"true"}


class UsageStripper:
    """Passes a stream on without its usage chunk."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What the client shall get now."""
        data = self._held + data
        passed: list[bytes] = []
        start = 0
        for end in _END.finditer(data):
            event = data[start : end.end()]
            start = end.end()
            if not _is_usage(event):
                passed.append(event)
        self._held = data[start:]
        if len(self._held) > HOLD_MOST:
            passed.append(self._held)
            self._held = b""
        return b"".join(passed)

    def close(self) -> bytes:
        """An event without its end is the client's all the same."""
        held, self._held = self._held, b""
        return b"" if _is_usage(held) else held


def _is_usage(event: bytes) -> bool:
    if b'"usage"' not in event:
        return False
    data = b"".join(line[5:] for line in event.splitlines() if line.startswith(b"data:"))
    try:
        chunk = _CHUNK.decode(data)
    except _MALFORMED:
        return False
    return chunk.choices == [] and chunk.usage is not None


METER: Final = Meter(ask_usage, UsageStripper)
