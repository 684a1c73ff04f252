"""One request on a connection of ours, and its answer: what the engine sees of the client.

It is the engine's `Client` by itself, so that nothing stands between the engine and the socket: an
answer that is whole goes out in one write. Its body is read as ASGI reads it (`receive`), so that
the data plane need not know which host it has.
"""

import asyncio
from http import HTTPStatus
from typing import Final, Protocol

from fairlead.engine.client import Header
from fairlead.server.asgi_client import Message, Scope

__all__ = ["HIGH_WATER", "Connection", "Incoming", "encode_head"]

HIGH_WATER: Final = 64 * 1024
"""Bytes of a body that may wait to be read."""

_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii")
    for status in HTTPStatus
}
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_GONE: Final[Message] = {"type": "http.disconnect"}
_BODILESS: Final = frozenset({204, 304})


class Connection(Protocol):
    """What a request needs of the connection that it came on."""

    def write(self, data: bytes) -> None:
        """Hand bytes to the socket."""
        ...

    choked: asyncio.Event | None
    """Set once the client has caught up; None while it does not read too slowly."""

    def pause_reading(self) -> None:
        """Take no more of the client's bytes for now."""
        ...

    def resume_reading(self) -> None:
        """Take them again."""
        ...

    def answered(self, *, keep: bool) -> None:
        """The answer is complete; `keep`: the connection may serve another request."""
        ...


class Incoming:
    """One request. `scope` is its head in ASGI's shape; `keep`: whether the connection lives on.

    `gone` is set when the client has left; from then on what is written goes nowhere.
    """

    __slots__ = (
        "_chunked", "_connection", "_parts", "_size", "_told_to_go_on", "_waiter", "arrived",
        "bodiless", "finished", "gone", "keep", "scope", "started", "taken", "task", "v10",
    )  # fmt: skip

    def __init__(self, connection: Connection, scope: Scope, *, keep: bool, v10: bool) -> None:
        self.scope = scope
        self.keep = keep
        self.v10 = v10
        self.bodiless = scope["method"] == "HEAD"
        self.arrived = False  # the request's last byte has come
        self.taken = False  # and has been handed over
        self.started = False
        self.finished = False
        self.gone = False
        self.task: asyncio.Task[None] | None = None
        self._connection = connection
        self._parts: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._chunked = False
        self._told_to_go_on = False

    # --- the request's body, as it comes ----------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """A piece of the body has come."""
        if self.finished:
            return  # answered without it
        self._parts.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER:
            self._connection.pause_reading()
        if self._waiter is not None:
            self._wake()

    def complete(self) -> None:
        """The request's last byte has come."""
        self.arrived = True
        if self._waiter is not None:
            self._wake()

    def leave(self) -> None:
        """The client has left: whoever works for it is stopped."""
        self.gone = True
        if self._waiter is not None:
            self._wake()
        elif self.taken and not self.finished and self.task is not None:
            self.task.cancel()

    async def receive(self) -> Message:
        """ASGI's receive: what has come of the body, or that the client has left."""
        connection = self._connection
        if not self.arrived and self._expects():
            self._told_to_go_on = True
            connection.write(_CONTINUE)
        while not (self._parts or self.arrived or self.gone):
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self.gone or self.taken:
            return _GONE
        parts = self._parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        if self._size > HIGH_WATER:
            connection.resume_reading()
        self._size = 0
        self.taken = self.arrived
        return {"type": "http.request", "body": data, "more_body": not self.arrived}

    def _expects(self) -> bool:
        """Whether the client waits for our word before it sends the body."""
        if self._told_to_go_on or self._parts:
            return False
        headers: list[Header] = self.scope["headers"]
        return any(n == b"expect" and v.lower() == b"100-continue" for n, v in headers)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- the answer (engine.client.Client) --------------------------------------------------------

    async def respond(self, status: int, headers: list[Header], body: bytes) -> None:
        """The whole answer at once."""
        if self.gone:
            return
        headers.append((b"content-length", b"%d" % len(body)))
        head = self._head(status, headers)
        choked = self._connection.choked
        if choked is not None:
            await choked.wait()
        self._connection.write(head if self.bodiless else head + body)
        self._finished()

    async def start(self, status: int, headers: list[Header]) -> None:
        """Headers of a streamed answer; chunks tell its end, or the connection's (HTTP/1.0)."""
        if self.gone:
            return
        self._chunked = not (self.v10 or self.bodiless or status in _BODILESS)
        if self._chunked:
            headers = [*headers, (b"transfer-encoding", b"chunked")]
        elif self.v10:
            self.keep = False
        self._connection.write(self._head(status, headers))

    async def write(self, data: bytes) -> None:
        """A piece of a streamed answer; waits while the client is slow."""
        if data and not self.gone and not self.bodiless:
            choked = self._connection.choked
            if choked is not None:
                await choked.wait()
            if not self.gone:
                self._connection.write(
                    b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
                )

    async def finish(self, data: bytes = b"") -> None:
        """The last piece."""
        await self.write(data)
        if self.gone:
            return
        if self._chunked:
            self._connection.write(b"0\r\n\r\n")
        self._finished()

    def _head(self, status: int, headers: list[Header]) -> bytes:
        if not self.arrived and self._expects():  # a body may follow or not: nobody could tell
            self.keep = False
        self.started = True
        return encode_head(status, headers, keep=self.keep)

    def _finished(self) -> None:
        if not self.finished:
            self.finished = True
            self._connection.answered(keep=self.keep)


def encode_head(status: int, headers: list[Header], *, keep: bool) -> bytes:
    """An answer's head.

    Raises:
        ValueError: a header holds a line's end; nothing of ours does, and nothing may start a line
            of its own.
    """
    lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
    for name, value in headers:
        lines += (name, b": ", value, b"\r\n")
    lines.append(b"\r\n" if keep else b"connection: close\r\n\r\n")
    head = b"".join(lines)
    if head.count(b"\n") != len(headers) + (2 if keep else 3):
        raise ValueError("a header of the answer holds a line's end")
    return head
