"""A client that sees the beginning of a stream a little later, so that an early fault can still be
mended unseen.

The relay writes as ever and takes the stream for begun. What it writes is held for some time, or
until so many pieces have come; if the vendor's stream breaks before that, the held bytes are thrown
away and the request goes on elsewhere. It costs every stream that time at its start.

A stream that ends while it is held stays held: whether it goes out (`let_go`) or is thrown away is
for the loop to say, which knows how it ended. Between an end and that word no timer runs: what goes
out in a wait before the next attempt would be glued to that one's answer.
"""

import asyncio
import contextlib

from fairlead.engine.client import Client, Header

__all__ = ["HoldBack"]


class HoldBack:
    """Stands before a client (see `engine.client.Client`) for one attempt after the other.

    `seconds` and `pieces` (0: no bound) are what is held back.
    """

    def __init__(self, client: Client, seconds: float, pieces: int = 0) -> None:
        self._client = client
        self._seconds = seconds
        self._pieces = pieces
        self._head: tuple[int, list[Header]] | None = None
        self._held: list[bytes] = []
        self._timer: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    @property
    def started(self) -> bool:
        """Whether the relay has begun to answer, be it held back."""
        return self._head is not None or self._client.started

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self._client.gone

    @property
    def unseen(self) -> bool:
        """Whether there is an answer of which nothing has gone out."""
        return self._head is not None and not self._client.started

    async def respond(self, status: int, headers: list[Header], body: bytes) -> None:
        """The whole answer at once: nothing of it could break any more."""
        await self._client.respond(status, headers, body)

    async def start(self, status: int, headers: list[Header]) -> None:
        """Headers of a streamed answer, which wait with what follows them."""
        self._head = status, headers
        self._timer = asyncio.create_task(self._later())

    async def write(self, data: bytes) -> None:
        """A piece of a streamed answer."""
        async with self._turn:
            if self._client.started:
                await self._client.write(data)
                return
            self._held.append(data)
            if self._pieces and len(self._held) > self._pieces:
                await self._release()

    async def finish(self, data: bytes = b"") -> None:
        """The last piece: an error's, too. What is unseen by then waits for the loop's word."""
        async with self._turn:
            if self._client.started:
                await self._client.finish(data)
                return
            self._stop()
            self._held.append(data)

    async def let_go(self) -> None:
        """The client gets what is held, which is all there is."""
        async with self._turn:
            await self._release(last=True)

    def throw_away(self) -> None:
        """What is held came from an attempt that failed. What the client has seen stays."""
        self._stop()
        if not self._client.started:
            self._head = None
            self._held.clear()

    def close(self) -> None:
        """The request is over, or its client has left: nothing is to go out later."""
        self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _later(self) -> None:
        await asyncio.sleep(self._seconds)
        async with self._turn:
            self._timer = None
            # A client that cannot be written to is the relay's to notice.
            with contextlib.suppress(OSError):
                await self._release()

    async def _release(self, *, last: bool = False) -> None:
        if self._head is not None and not self._client.started:
            self._stop()
            await self._client.start(*self._head)
        data = b"".join(self._held)
        self._held.clear()
        if last:
            self._stop()
            await self._client.finish(data)
        elif data:
            await self._client.write(data)
