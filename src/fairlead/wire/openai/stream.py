"""A stream of OpenAI's as it is read: server-sent events until its end or a fault. Pure."""

from typing import Final

import msgspec

from fairlead.canon import Event, Problem, StreamError
from fairlead.wire.framing.sse import SseEvent, SseParser, SseTooLong

__all__ = ["MALFORMED", "OpenAIStreamDecoder"]

MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
"""What reading an event may raise."""


class OpenAIStreamDecoder:
    """Upstream bytes in, events out. After an error nothing more comes."""

    __slots__ = ("_dead", "_done", "_sse")

    def __init__(self) -> None:
        self._sse = SseParser()
        self._done = False
        self._dead = False

    def feed(self, data: bytes) -> list[Event]:
        """Events that `data` completes; a malformed stream gives a `StreamError`."""
        events: list[Event] = []
        if self._over():
            return events
        try:
            for event in self._sse.feed(data):
                self._take(event, events)
        except SseTooLong as error:
            message = f"The upstream's stream is malformed: {error}."
            self._break(Problem("upstream", message), events)
        return events

    def told(self, data: bytes) -> list[Event]:
        """As `feed`."""
        return self.feed(data)

    def close(self) -> list[Event]:
        """What is due at the end of the body; a `StreamError` if it came too early."""
        events: list[Event] = []
        if self._over():
            return events
        for event in self._sse.close():
            self._take(event, events)
        if self._over():
            return events
        if not self._is_whole():
            message = "The upstream's stream ended before the answer did."
            self._break(Problem("upstream", message, retryable=True), events)
        self._done = True
        return events

    def _take(self, event: SseEvent, events: list[Event]) -> None:
        raise NotImplementedError

    def _is_whole(self) -> bool:
        """Whether a stream that ends without its last event has said all."""
        raise NotImplementedError

    def _over(self) -> bool:
        return self._dead or self._done

    def _break(self, problem: Problem, events: list[Event]) -> None:
        self._dead = True
        events.append(StreamError(problem))

    def _malformed(self, data: bytes, error: Exception, events: list[Event]) -> None:
        shown = data[:120].decode("utf-8", "replace")
        message = f"The upstream's stream is malformed: {error}, in {shown!r}."
        self._break(Problem("upstream", message, retryable=True), events)
