"""A TCP server of which a test decides every byte, and a decorator that runs tests on both loops."""

import asyncio
import contextlib
import gc
import inspect
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Self

import pytest
import uvloop

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CLOSE = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"


class Peer:
    """One connection, seen from the server."""

    def __init__(self, upstream: "RawUpstream", reader, writer) -> None:
        self.upstream = upstream
        self.reader: asyncio.StreamReader = reader
        self.writer: asyncio.StreamWriter = writer
        self.requests = 0

    async def request(self) -> bytes:
        """Read one request whole, `b""` when the client closed instead."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        length = re.search(rb"content-length: (\d+)", head)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        self.requests += 1
        self.upstream.requests.append((head, body))
        return head + body

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        self.writer.transport.abort()


async def until(condition: Callable[[], object]) -> None:
    """Wait for what nothing announces: the state of the other side, or of what closes itself."""
    while not condition():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.001)


Handler = Callable[[Peer], Awaitable[None]]


class RawUpstream:
    """`async with RawUpstream(handler) as upstream`: the handler runs for each connection."""

    def __init__(
        self, handler: Handler, *, tls: ssl.SSLContext | None = None, send_buffer: int | None = None
    ) -> None:
        self.handler = handler
        self.requests: list[tuple[bytes, bytes]] = []
        self.accepted = 0
        self.open = 0
        self._tls = tls
        self._send_buffer = send_buffer
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        if self._send_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_buffer)
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=listener, ssl=self._tls)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "/v1/x", scheme: str | None = None, host: str = "127.0.0.1") -> str:
        return f"{scheme or ('https' if self._tls else 'http')}://{host}:{self.port}{path}"

    async def until_closed(self) -> None:
        """Wait until every accepted connection is over, as the server sees it."""
        await until(lambda: not self.open)

    async def _accept(self, reader, writer) -> None:
        self._tasks.add(asyncio.current_task())
        self.accepted += 1
        self.open += 1
        try:
            await self.handler(Peer(self, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        except RuntimeError as error:
            # uvloop's streams say so when the client left between two reads of this server.
            if "the handler is closed" not in str(error):
                raise
        except asyncio.CancelledError:
            # Not passed on: the streams machinery of 3.11 would log a cancelled handler.
            pass
        finally:
            self.open -= 1
            writer.transport.abort()
            self._tasks.discard(asyncio.current_task())


def answering(*answers: bytes) -> Handler:
    """A handler that gives the n-th request of each connection the n-th answer, then closes."""

    async def handle(peer: Peer) -> None:
        for answer in answers:
            if not await peer.request():
                return
            await peer.send(answer)
        peer.writer.close()

    return handle


def repeating(answer: bytes) -> Handler:
    """A handler that gives every request the same answer and keeps the connection."""

    async def handle(peer: Peer) -> None:
        while await peer.request():
            await peer.send(answer)

    return handle


def sending(answer: bytes) -> Handler:
    """A handler that answers the first request with these bytes and keeps the connection open."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer)
        await peer.gone()

    return handle


async def left_over(within: float = 10.0) -> set[asyncio.Task[Any]]:
    """The tasks that do not end by themselves now that the test is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    await asyncio.sleep(0.005)
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        if loop.time() > deadline:
            break
        await asyncio.sleep(0.005)
    return left


def on_both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test on the plain loop and on uvloop; leaked tasks and loop errors fail it."""

    def run(loop_factory: Callable[[], asyncio.AbstractEventLoop], **arguments: object) -> None:
        complaints: list[dict[str, Any]] = []

        async def checked() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: complaints.append(context))
            async with asyncio.timeout(60):
                await test(**arguments)
            left = await left_over()
            assert not left, f"leaked tasks: {left}"

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(checked())
        gc.collect(1)
        assert not complaints, complaints

    own = [
        inspect.Parameter("loop_factory", inspect.Parameter.KEYWORD_ONLY),
        *inspect.signature(test).parameters.values(),
    ]
    run.__name__ = test.__name__
    run.__module__ = test.__module__
    run.__signature__ = inspect.Signature(
        [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    )
    run.pytestmark = list(getattr(test, "pytestmark", []))
    loops = [asyncio.new_event_loop, uvloop.new_event_loop]
    return pytest.mark.parametrize("loop_factory", loops, ids=["asyncio", "uvloop"])(run)
