"""Gemini's stream as one JSON array: what `streamGenerateContent` answers without `alt=sse`.

The same chunks as in the stream of server-sent events, between brackets and commas; an error is an
element of the array, too (15 recorded streams; google-genai 3.4.0, `_iter_response_stream`).
"""

from fairlead.canon import Deltas, Event, Loss, StreamError
from fairlead.wire.codec import Reply
from fairlead.wire.gemini.stream import StreamEncoder

__all__ = ["ArrayStreamEncoder"]

_FRAME = b"\r\n\r\n"
_DATA = len(b"data: ")


class ArrayStreamEncoder:
    """Canonical events in, an array of chunks out."""

    __slots__ = ("_begun", "_closed", "_inner")

    def __init__(self, reply: Reply) -> None:
        self._inner = StreamEncoder(reply)
        self._begun = False
        self._closed = False

    @property
    def losses(self) -> list[Loss]:
        """What could not be said so far."""
        return self._inner.losses

    @losses.setter
    def losses(self, found: list[Loss]) -> None:
        self._inner.losses = found

    def encode(self, event: Event) -> bytes:
        """Bytes for one event (may be empty). An error closes the array: nothing follows it."""
        said = self._elements(self._inner.encode(event))
        if isinstance(event, StreamError) and not self._closed:
            self._closed = True
            return said + b"]\r\n"
        return said

    def encode_run(self, run: Deltas) -> bytes:
        """Bytes for several deltas of one part."""
        return self._elements(self._inner.encode_run(run))

    def close(self, extra: bytes = b"") -> bytes:
        """The last chunk and the closing bracket."""
        said = self._elements(self._inner.close(extra))
        if self._closed:
            return said
        self._closed = True
        return said + (b"]\r\n" if self._begun else b"[]\r\n")

    def _elements(self, frames: bytes) -> bytes:
        if not frames:
            return b""
        said = b""
        for frame in frames.split(_FRAME):
            if frame:
                said += (b",\r\n" if self._begun else b"[") + frame[_DATA:]
                self._begun = True
        return said
