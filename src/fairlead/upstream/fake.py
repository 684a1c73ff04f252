"""`FakeTransport`: a transport without a network, for tests of everything above the seam.

    fake = FakeTransport(
        Answer(200, {"content-type": "application/json"}, (b'{"ok":', Pause(0.01), b"true}")),
        ConnectFailed("refused", sent=False),
    )

Each `send` takes the next entry of the script and records the request. A script may also be one
function from request to answer. It keeps the seam's promises: timeouts hold, a closed answer can't
be read on, and `unfinished` counts answers that were neither read to their end nor closed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

from msgspec import Struct, field

from fairlead.upstream.transport import (
    ConnectFailed,
    HttpRequest,
    ReadTimeout,
    Timeouts,
    TransportError,
    UpstreamProtocolError,
    UpstreamReset,
)

__all__ = ["Answer", "FakeResponse", "FakeTransport", "Pause", "Script"]


class Pause(Struct, frozen=True):
    """The upstream is silent for so many seconds."""

    seconds: float


Step = bytes | Pause | TransportError


class Answer(Struct, frozen=True):
    """A scripted answer. `steps` is its body: pieces, pauses, and at most one error at the end.

    `wait` is the silence before the head, in seconds. Header names are lower-case.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    steps: tuple[Step, ...] = ()
    wait: float = 0.0


Script = Answer | TransportError


class FakeTransport:
    """Answers from a script (see `transport.Transport`). `requests` holds what was sent."""

    def __init__(
        self, *script: Script, handler: Callable[[HttpRequest], Script] | None = None
    ) -> None:
        self._script = list(script)
        self._handler = handler
        self.requests: list[HttpRequest] = []
        self.responses: list[FakeResponse] = []
        self.closed = False

    def add(self, *script: Script) -> None:
        """Put further answers at the end of the script."""
        self._script.extend(script)

    @property
    def unfinished(self) -> int:
        """How many answers were neither read to their end nor closed."""
        return sum(not response.finished for response in self.responses)

    async def send(self, request: HttpRequest) -> "FakeResponse":
        """Take the next answer of the script.

        Raises:
            TransportError: scripted, or `ReadTimeout` for a scripted silence that is too long.
            LookupError: the script is at its end.
        """
        if self.closed:
            raise ConnectFailed("the transport is closed", sent=False)
        self.requests.append(request)
        entry = self._next(request)
        if isinstance(entry, TransportError):
            raise entry
        clock = _Clock(request.timeouts)
        await clock.silence(entry.wait)
        response = FakeResponse(entry, clock)
        self.responses.append(response)
        return response

    async def aclose(self) -> None:
        """Refuse further requests."""
        self.closed = True

    def _next(self, request: HttpRequest) -> Script:
        if self._script:
            return self._script.pop(0)
        if self._handler is not None:
            return self._handler(request)
        raise LookupError(f"no answer is scripted for request {len(self.requests)}: {request.url}")


class FakeResponse:
    """A scripted answer under way (see `transport.HttpResponse`)."""

    def __init__(self, answer: Answer, clock: "_Clock") -> None:
        self.status = answer.status
        self.headers = dict(answer.headers)
        self.finished = False
        self.cut = False
        self._steps = list(answer.steps)
        self._clock = clock

    async def read(self, limit: int) -> bytes:
        """The whole body; raises `UpstreamProtocolError` past `limit` bytes."""
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) > limit:
                self.finished = self.cut = True
                raise UpstreamProtocolError(f"the fake sent more than {limit} bytes", sent=True)
        return bytes(body)

    def chunks(self) -> AsyncIterator[bytes]:
        """The scripted pieces, with their pauses."""
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.cut:
            raise UpstreamReset("the answer was closed from this side", sent=True)
        while self._steps:
            step = self._steps.pop(0)
            try:
                if isinstance(step, TransportError):
                    raise step  # noqa: TRY301 - one place ends the answer for every fault
                if isinstance(step, Pause):
                    await self._clock.silence(step.seconds)
            except BaseException:
                self.finished = self.cut = True
                raise
            if isinstance(step, bytes) and step:
                return step
        self.finished = True
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the answer; what was not read is cut off."""
        if not self.finished:
            self.finished = True
            self.cut = bool(self._steps)


class _Clock:
    """Holds the timeouts of one exchange."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._left = timeouts.total

    async def silence(self, seconds: float) -> None:
        bound = min(self._timeouts.read, self._left)
        self._left -= seconds
        if seconds >= bound:
            await asyncio.sleep(bound)
            raise ReadTimeout("the fake was silent for too long", sent=True)
        if seconds > 0:
            await asyncio.sleep(seconds)
