"""InvokeModelWithResponseStream: each `chunk` is `{"bytes": base64 of one of Anthropic's events}`.

The event is passed on byte for byte; only its name is read, for the `event:` line. A guardrail that
intervenes marks an event (`amazon-bedrock-guardrailAction`); what stopped the answer is then told
as a refusal, in the `message_delta` that follows or carries the mark.
"""

import binascii
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.wire.bedrock.guardrail import INTERVENED, refused_delta
from fairlead.wire.bedrock.sse import event
from fairlead.wire.bedrock.unframing import Unframing

__all__ = ["InvokeStream"]


class _Chunk(Struct, gc=False):
    bytes: str = ""


class _Typed(Struct, gc=False):
    type: str = ""


_CHUNK: Final = msgspec.json.Decoder(_Chunk)
_TYPED: Final = msgspec.json.Decoder(_Typed)


class InvokeStream(Unframing):
    """One stream."""

    __slots__ = ("_blocked",)

    def __init__(self) -> None:
        super().__init__()
        self._blocked = False

    def take(self, name: str, payload: bytes) -> bytes:
        """The event inside a chunk; anything but chunks is passed over."""
        if name != "chunk":
            return b""
        data = binascii.a2b_base64(_CHUNK.decode(payload).bytes)
        if not data:
            return b""
        kind = _TYPED.decode(data).type
        if INTERVENED in data:
            self._blocked = True
        if kind == "message_delta" and self._blocked:
            data = refused_delta(data)
        elif kind in ("message_stop", "error"):
            self.done = True
        if b"\n" in data:  # JSON may be written over several lines; an SSE field may not
            data = data.replace(b"\n", b"")
        return event(kind, data)
