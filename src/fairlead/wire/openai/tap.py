"""What passes by towards a client of OpenAI's: a whole answer, or a stream of events. Pure."""

from typing import Final

from fairlead.canon import Usage
from fairlead.wire.framing.sse import SseEvent, SseParser, SseTooLong
from fairlead.wire.openai.stream import MALFORMED

__all__ = ["OpenAITap"]

_BODY_MAX: Final = 32 << 20


class OpenAITap:
    """Tells a whole answer from a stream, and collects the one or cuts the other into events. What
    cannot be read is passed over: `feed` never raises.
    """

    __slots__ = ("_body", "_size", "_sse", "finish", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.finish: str | None = None
        self._sse: SseParser | None = None
        self._body: list[bytes] | None = None  # of a whole answer
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Look at the bytes."""
        try:
            if self._sse is not None:
                for event in self._sse.feed(data):
                    self._event(event)
            elif self._body is not None:
                self._collect(data)
            else:
                self._begin(data)
        except (*MALFORMED, SseTooLong):
            return

    def _begin(self, data: bytes) -> None:
        """The first byte that is no space tells a whole answer from a stream."""
        start = data.lstrip()
        if not start:
            return
        if start.startswith(b"{"):
            self._body = []
            self._collect(start)
        else:
            self._sse = SseParser()
            self.feed(start)

    def _collect(self, data: bytes) -> None:
        body = self._body
        if body is None or self._size > _BODY_MAX:
            return
        body.append(data)
        self._size += len(data)
        # The end of the body is not announced, so it is tried whenever it may have come.
        if data.rstrip().endswith(b"}"):
            self._whole(b"".join(body))

    def _event(self, event: SseEvent) -> None:
        raise NotImplementedError

    def _whole(self, body: bytes) -> None:
        raise NotImplementedError
