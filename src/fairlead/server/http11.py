"""The listening protocol: HTTP/1.1 from a socket to the data plane, and back.

uvicorn stays the host: it listens, handles signals and drains. Its own protocol is replaced,
because it cost half of what a request may cost (ADR 3): a dictionary, an event and two messages
for each request, two regular expressions for each header of the answer, two writes, two timers.

    IDLE --first byte--> HEAD --end of the head--> BODY --last byte--> ANSWER --last byte--> IDLE

Framing is llhttp's matter (httptools), bounds are ours:

- HEAD and BODY must come to their end within `patience` seconds, the head within `MAX_HEAD` bytes:
  whoever can connect, key or not, could else fill the memory with one header line or hold every
  place with requests that never come (Slowloris). IDLE ends after `keep_alive` seconds, before the
  first request after `patience`. ANSWER is the engine's to bound, unless the client takes nothing
  of it for `patience` seconds. One timer for all connections looks at them now and then (`Round`),
  since a timer for each request costs as much as its parsing.
- Of a body at most 64 KiB and one read wait to be taken; then reading pauses. Of requests sent one
  behind the other the first is served first, and reading pauses as long as others wait.
- What is wrong at this level is told in OpenAI's error shape, as everything else is.
"""

import asyncio
import logging
from collections import deque
from http import HTTPStatus
from typing import Any, ClassVar, Final, Protocol, cast
from urllib.parse import unquote

import httptools
import msgspec
from uvicorn.config import Config
from uvicorn.server import ServerState

from fairlead.engine.client import Client, Header
from fairlead.server.asgi_client import Receive, Scope
from fairlead.server.incoming import Incoming

__all__ = ["MAX_HEAD", "Http11", "protocol_for"]

log = logging.getLogger("fairlead.server")

MAX_HEAD: Final = 64 * 1024
"""Bytes of request line and headers that may come before the head is complete."""

ROUND_EVERY: Final = 1.0
"""Seconds between two looks at the connections' patience, at most."""


class Plane(Protocol):
    """What serves the requests (`data_plane.DataPlane`)."""

    async def handle(self, scope: Scope, receive: Receive, client: Client) -> None:
        """Serve one."""
        ...


_FAILED: Final = b'{"error":{"message":"Fairlead failed on this request","type":"server_error"}}'


class Round:
    """Looks at all connections in turn, and ends those on which nothing comes any more.

    `now` is the time of the last look: exact enough to measure patience by, and free.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._members: set[Http11] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.now = 0.0

    def join(self, connection: "Http11", loop: asyncio.AbstractEventLoop) -> None:
        """From now on look at this one too."""
        self._members.add(connection)
        if self._timer is None:
            self.now = loop.time()
            self._timer = loop.call_later(self._every, self._look, loop)

    def leave(self, connection: "Http11") -> None:
        """Never again."""
        self._members.discard(connection)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self.now = now = loop.time()
        for connection in tuple(self._members):
            connection.look(now)
        self._timer = None
        if self._members:
            self._timer = loop.call_later(self._every, self._look, loop)


class Http11(asyncio.Protocol):
    """One connection. uvicorn makes it; `protocol_for` sets what it belongs to."""

    plane: ClassVar["Plane"]
    patience: ClassVar[float] = 300.0
    round: ClassVar[Round]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        del app_state  # the data plane keeps none
        self._loop = _loop or asyncio.get_running_loop()
        self._state = server_state
        self._keep_alive = float(config.timeout_keep_alive)
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        # Else a request that says `connection: close` would not be answered if more came with it.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._transport: asyncio.Transport | None = None
        self._peer: tuple[str, int] | None = None
        self._url = b""
        self._headers: list[Header] = []
        self._head = 0  # bytes of a head that is not complete
        self._coming: Incoming | None = None  # whose body is on its way
        self._serving: Incoming | None = None
        self._waiting: deque[Incoming] = deque()
        self._since = 0.0  # the connection has waited for bytes
        self._asked = False
        self._read_paused = False
        self._unread = 0  # bytes that the client had not taken at the last look
        self._unread_since = 0.0
        self.choked: asyncio.Event | None = None

    # --- asyncio's side ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come: wait for its first request, but not for ever."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._peer = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else None
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn names its own classes
        self.round.join(self, self._loop)
        self._since = self.round.now

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left, or we have: stop what is done for it."""
        del exc
        self._state.connections.discard(self)
        self.round.leave(self)
        self._parser = None  # unties a cycle of references
        self._waiting.clear()
        self._coming = None
        if self._serving is not None:
            self._serving.leave()
        self.resume_writing()

    def eof_received(self) -> bool:
        """The client has closed its side; so do we."""
        return False

    def data_received(self, data: bytes) -> None:
        """Feed the parser, then see whether a request is still on its way."""
        parser = self._parser
        if parser is None:
            return
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # the request is served as if it had not asked
        except httptools.HttpParserError:
            self._refuse(400, "Invalid HTTP request received.")
            return
        if self._head or (self._coming is None and self._serving is None):
            self._count(len(data))

    def pause_writing(self) -> None:
        """The client reads more slowly than it is written to."""
        self._unread = 0
        self.choked = asyncio.Event()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self.choked is not None:
            self.choked.set()
            self.choked = None

    # --- llhttp's callbacks -----------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._headers = []
        self._head = 1
        if self._serving is None:
            self._since = self.round.now

    def on_url(self, url: bytes) -> None:
        """Its target, or a piece of it."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header (or a trailer, which changes nothing any more)."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete: begin to serve, or stand in line."""
        parser = self._parser
        if parser is None:
            return
        self._head = 0
        version = parser.get_http_version()
        incoming = Incoming(
            self,
            self._scope(parser.get_method(), version),
            keep=parser.should_keep_alive() and version != "1.0",
            v10=version == "1.0",
        )
        self._coming = incoming
        if self._serving is None:
            self._serve(incoming)
        else:
            self._waiting.append(incoming)
            self.pause_reading()

    def on_body(self, data: bytes) -> None:
        """A piece of its body."""
        if self._coming is not None:
            self._coming.feed(data)

    def on_message_complete(self) -> None:
        """Its last byte."""
        if self._coming is not None:
            self._coming.complete()
            self._coming = None

    def _scope(self, method: bytes, version: str) -> Scope:
        target = self._url
        if not target.startswith(b"/"):  # an absolute address, as to a proxy
            parsed = httptools.parse_url(target)
            target = parsed.path or b"/"
            if parsed.query:
                target += b"?" + parsed.query
        raw_path, _, query = target.partition(b"?")
        if b"#" in target:
            raw_path, query = raw_path.partition(b"#")[0], query.partition(b"#")[0]
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "http_version": version,
            "method": method.decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "query_string": query,
            "headers": self._headers,
            "client": self._peer,
        }

    # --- serving ----------------------------------------------------------------------------------

    def _serve(self, incoming: Incoming) -> None:
        self._serving = incoming
        self._asked = True
        task = self._loop.create_task(self._run(incoming))
        incoming.task = task
        self._state.tasks.add(task)

    async def _run(self, incoming: Incoming) -> None:
        try:
            await self.plane.handle(incoming.scope, incoming.receive, incoming)
        except Exception:
            log.exception("a request failed inside Fairlead")
            if not incoming.started:
                headers: list[Header] = [(b"content-type", b"application/json")]
                await incoming.respond(500, headers, _FAILED)
        finally:
            if incoming.task is not None:
                self._state.tasks.discard(incoming.task)
            if not incoming.finished:
                self.close()

    # --- what a request needs of its connection (incoming.Connection) -----------------------------

    def write(self, data: bytes) -> None:
        """Hand bytes to the socket."""
        if self._transport is not None:
            self._transport.write(data)

    def pause_reading(self) -> None:
        """Take no more of the client's bytes for now."""
        if not self._read_paused and self._transport is not None:
            self._read_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take them again, unless others stand in line."""
        if self._read_paused and not self._waiting and self._transport is not None:
            self._read_paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def answered(self, *, keep: bool) -> None:
        """The answer is complete."""
        self._state.total_requests += 1
        self._serving = None
        self._since = self.round.now
        if not keep:
            self.close()
        elif self._waiting:
            self._serve(self._waiting.popleft())
        if self._read_paused:
            self.resume_reading()

    def close(self) -> None:
        """Close when everything is written."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def shutdown(self) -> None:
        """Close for the drain: what is idle at once, the rest when it is answered."""
        if self._serving is None:
            self.close()
        else:
            self._serving.keep = False

    # --- patience ---------------------------------------------------------------------------------

    def look(self, now: float) -> None:
        """End the connection if what it waits for does not come."""
        if self._stuck(now):
            return
        coming, serving, waited = self._coming, self._serving, now - self._since
        if serving is not None and serving is not coming:
            return  # the answer is under way; of several requests the first comes first
        if coming is None and not self._head:
            if waited >= (self._keep_alive if self._asked else self.patience):
                self.close()
        elif waited >= self.patience:
            self._refuse(408, f"the request did not arrive within {self.patience:g} s")

    def _stuck(self, now: float) -> bool:
        """Whether the client takes nothing of what it is written; too long, and it is cut off. Else
        it would hold its request's place, or what is left of its answer, for as long as it likes.
        """
        transport = self._transport
        if transport is None or not (self.choked is not None or transport.is_closing()):
            return False
        left = transport.get_write_buffer_size()
        if left != self._unread:
            self._unread, self._unread_since = left, now
        elif left and now - self._unread_since >= self.patience:
            transport.abort()
        return bool(left)

    def _count(self, size: int) -> None:
        """Bytes came that complete no head."""
        self._head += size
        if self._head > MAX_HEAD:
            self._refuse(431, f"the request line and headers are larger than {MAX_HEAD} bytes")

    def _refuse(self, status: int, message: str) -> None:
        """Answer without the data plane, and close."""
        transport, request = self._transport, self._serving or self._coming
        if transport is None or transport.is_closing():
            return
        if request is None or not request.started:  # there is no place for an answer in another
            error = {"message": message, "type": "invalid_request_error"}
            body = msgspec.json.encode({"error": {**error, "param": None, "code": None}})
            head = (
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
                "connection: close\r\n\r\n"
            )
            transport.write(head.encode("ascii") + body)
        transport.close()


def protocol_for(plane: Plane, patience: float) -> type[Http11]:
    """The protocol for a data plane, with that patience in seconds; uvicorn makes the instances."""
    fields = {
        "plane": plane,
        "patience": patience,
        "round": Round(min(ROUND_EVERY, patience / 4)),
    }
    return type("Http11", (Http11,), fields)
