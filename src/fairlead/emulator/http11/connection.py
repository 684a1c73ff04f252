"""A connection: requests in, scripts played out.

One request is answered at a time. What needs no waiting is written in the parser's own callback;
anything with time in it is played by a task, which stops at once when the client leaves.
"""

import asyncio
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import cast

import httptools
from msgspec import Struct

from fairlead.emulator.http11.pace import Pace
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.http11.script import Ending, Script, Step, frame, script_of

__all__ = ["Connection", "Exchange", "Handler"]

MAX_HEAD = 64 * 1024
MAX_WAITING = 32
# Steps that fall due within this time are written together, so that timers don't set the pace.
GRAIN = 0.004


class Exchange(Struct):
    """One answer to be played. `finished` is told how far it got, in output tokens, and whether
    the client stayed to the end.
    """

    reply: Reply
    pace: Pace
    shape: Callable[[Script], None] | None = None
    finished: Callable[[int, bool], None] | None = None


Handler = Callable[[Request], Exchange]


class Connection(asyncio.Protocol):
    """One client. `handle` answers a request; `limit` is the body's size limit in bytes."""

    def __init__(
        self,
        handle: Handler,
        limit: int,
        registry: set["Connection"],
    ) -> None:
        self._handle = handle
        self._limit = limit
        self._registry = registry
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._playing: asyncio.Task[None] | None = None
        self._writable: asyncio.Event | None = None
        self._paused = False
        self._start_request()

    def _start_request(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._head_size = 0
        self._too_large: int | None = None

    # -- asyncio -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._registry.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: what is being played ends here."""
        del exc
        self._registry.discard(self)
        if self._playing is not None:
            self._playing.cancel()
        self._waiting.clear()

    def pause_writing(self) -> None:
        """The client does not read: no more for now."""
        self._paused = True
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._paused = False
        if self._writable is not None:
            self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Bytes for the parser, which calls the `on_` methods below."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse("upgrades are not supported")
        except httptools.HttpParserError as error:
            self._refuse(f"not a valid HTTP/1.1 request: {error}")

    def eof_received(self) -> bool:
        """A client may half-close after its request and still read the answer."""
        return self._playing is not None

    def abort(self) -> None:
        """Drop the connection at once."""
        self._transport.abort()

    # -- httptools -----------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins."""
        self._start_request()

    def on_url(self, url: bytes) -> None:
        """Its target, maybe in parts."""
        self._target += url
        self._grow_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        self._grow_head(len(name) + len(value))

    def _grow_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD:
            raise httptools.HttpParserError(f"head over {MAX_HEAD} bytes")

    def on_headers_complete(self) -> None:
        """The head is complete: refuse a body that is announced too large."""
        length = self._headers.get("content-length", "")
        if length.isdigit() and int(length) > self._limit:
            self._too_large = int(length)
            self._complete(keep_alive=False)
        elif self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Part of the body, free of chunk framing."""
        if self._too_large is not None:
            return
        self._size += len(body)
        if self._size > self._limit:
            self._too_large = self._size
            self._complete(keep_alive=False)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if self._too_large is None:
            self._complete(keep_alive=self._parser.should_keep_alive())

    # -- answering -----------------------------------------------------------------------------

    def _complete(self, *, keep_alive: bool) -> None:
        body = b"" if self._too_large is not None else b"".join(self._body)
        request = Request(
            self._parser.get_method().decode("latin-1"),
            self._target.decode("latin-1"),
            self._headers,
            body,
            keep_alive,
            self._too_large,
        )
        if self._playing is None and not self._waiting:
            self._answer(request)
        else:
            self._waiting.append(request)
            if len(self._waiting) > MAX_WAITING:
                self._transport.abort()

    def _refuse(self, reason: str) -> None:
        reply = Reply(400, "text/plain", f"fairlead emulator: {reason}\n".encode(), close=True)
        self._transport.write(reply.head(f"content-length: {len(reply.body)}") + reply.body)
        self._transport.close()

    def _answer(self, request: Request) -> None:
        if self._transport.is_closing():
            return
        exchange = self._handle(request)
        exchange.reply.close = exchange.reply.close or not request.keep_alive
        script = script_of(exchange.reply, exchange.pace)
        if exchange.shape is not None:
            exchange.shape(script)
        steps = frame(script)
        if request.method == "HEAD":
            steps = steps[:1]
        end = max(script.last_due, steps[-1].due if steps else 0.0)
        if end <= 0 and not self._paused:
            self._transport.write(b"".join([step.data for step in steps]))
            self._finish(exchange, steps)
            self._end(script.ending, close=exchange.reply.close)
        else:
            loop = asyncio.get_running_loop()
            self._playing = loop.create_task(self._play(exchange, script, steps, end))

    async def _play(
        self, exchange: Exchange, script: Script, steps: list[Step], end: float
    ) -> None:
        """Write the steps when they fall due, waiting while the client does not read."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        made = at = 0
        try:
            while at < len(steps):
                await self._until(loop, start + steps[at].due)
                now = loop.time() - start + GRAIN
                first = at
                while at < len(steps) and steps[at].due <= now:
                    made = max(made, steps[at].tokens)
                    at += 1
                self._transport.write(b"".join([step.data for step in steps[first:at]]))
                if self._paused and self._writable is not None:
                    await self._writable.wait()
            await self._until(loop, start + end)
        except asyncio.CancelledError:
            self._playing = None
            if exchange.finished is not None:
                exchange.finished(made, False)
            raise
        self._playing = None
        self._finish(exchange, steps)
        self._end(script.ending, close=exchange.reply.close)
        while self._waiting and self._playing is None:
            self._answer(self._waiting.popleft())

    @staticmethod
    async def _until(loop: asyncio.AbstractEventLoop, when: float) -> None:
        delay = when - loop.time()
        if delay > 0:
            await asyncio.sleep(delay)

    @staticmethod
    def _finish(exchange: Exchange, steps: list[Step]) -> None:
        if exchange.finished is not None:
            exchange.finished(max((step.tokens for step in steps), default=0), True)

    def _end(self, ending: Ending, *, close: bool) -> None:
        if ending == "reset":
            self._reset()
        elif ending == "close" or close:
            self._transport.close()

    def _reset(self) -> None:
        """Send RST: with SO_LINGER at zero seconds, close() discards and resets."""
        pseudo = self._transport.get_extra_info("socket")
        if pseudo is not None:
            # A duplicate shares the options; the loops' own stand-ins don't all offer setsockopt.
            with socket.socket(fileno=os.dup(pseudo.fileno())) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
