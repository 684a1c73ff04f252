"""From the binary event stream to server-sent events: what both streaming APIs share.

    event      -> `take`, which knows what the API's events mean
    exception  -> an error event, and nothing after it
    error      -> likewise (a fault of the transport: `:error-code`, `:error-message`)

Broken framing is told as an error too, and so is a body that ends before `done`.
"""

from typing import Final

import msgspec

from fairlead.canon import Failure, Problem
from fairlead.wire.bedrock.errors import problem_of_exception
from fairlead.wire.bedrock.sse import broken, error_event
from fairlead.wire.framing.aws_eventstream import EventStreamBroken, EventStreamParser, Message

__all__ = ["Unframing"]

_FAULTS: Final = (
    msgspec.DecodeError,
    RecursionError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)
"""What reading an event may raise that is not in the API's shape."""


class Unframing:
    """One stream; `take` is the API's own part. Silent after its end."""

    __slots__ = ("_parser", "done", "ended")

    def __init__(self) -> None:
        self._parser = EventStreamParser()
        self.done: bool = False
        """Set by `take` when the answer is complete."""
        self.ended: bool = False

    def take(self, name: str, payload: bytes) -> bytes:
        """What one event means."""
        raise NotImplementedError

    def feed(self, data: bytes) -> bytes:
        """Server-sent events for what `data` completes."""
        if self.ended:
            return b""
        out = b""
        try:
            out = self._passed(self._parser.feed(data))
            self._parser.check()
        except EventStreamBroken as error:
            return out if self._over() else out + self._end(broken(str(error)))
        return out

    def _passed(self, messages: list[Message]) -> bytes:
        out: list[bytes] = []
        for message in messages:
            out.append(self._told(message))
            if self.ended:
                break
        return b"".join(out)

    def close(self) -> bytes:
        """At the end of the body."""
        if self.ended:
            return b""
        if self._parser.pending:
            return self._end(broken("it ends within a message"))
        if not self.done:
            return self._end(broken("it ends before the answer does"))
        return b""

    def _told(self, message: Message) -> bytes:
        headers = message.headers
        kind = headers.get(":message-type", "event")
        if kind == "event":
            try:
                return self.take(headers.get(":event-type", ""), message.payload)
            except Failure as failure:
                return self._end(error_event(failure.problem))
            except _FAULTS as error:
                return self._end(broken(f"a malformed event: {error}"))
        if kind == "exception":
            name = headers.get(":exception-type", "")
            return self._end(error_event(problem_of_exception(name, message.payload)))
        said = headers.get(":error-message") or headers.get(":error-code") or kind
        problem = Problem("upstream", f"the vendor broke the stream off: {said}", retryable=True)
        return self._end(error_event(problem))

    def _over(self) -> bool:
        return self.ended

    def _end(self, words: bytes) -> bytes:
        self.ended = True
        return words
