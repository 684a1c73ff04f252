"""`PooledTransport`: the gateway's HTTP client. Keep-alive pools over `connection.py`.

One pool per origin (scheme, host, port; the TLS settings belong to the transport). Idle connections
are a stack, so that a quiet hour leaves few of them in use and the others age out. A pool at
its limit lets senders wait, first come, first served, within their connect timeout; a connection
that is given back goes to the first of them directly.

What is retried, and what never is, is rule 3 in `connection.py`: an idle connection that the peer
has closed is noticed before anything is written to it, and the next one is taken. Once bytes
were handed to the kernel no error is retried here.
"""

import asyncio
import sys
import warnings
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from msgspec import Struct

from fairlead.upstream.answer import WireLimits
from fairlead.upstream.connection import READ_SIZE, Connection
from fairlead.upstream.dial import Dialer, dial_direct
from fairlead.upstream.head import Origin, Target, encode_head, parse_target
from fairlead.upstream.tls import TlsLayer, TlsSettings, tls_context
from fairlead.upstream.transport import (
    ConnectFailed,
    HttpRequest,
    Timeouts,
    UpstreamProtocolError,
    UpstreamReset,
)

__all__ = ["PoolLimits", "PoolStats", "PooledResponse", "PooledTransport"]

_TARGETS_MAX: Final = 1024


class PoolLimits(Struct, frozen=True):
    """Bounds per origin. `idle_ttl` is seconds; it should be below the upstream's own."""

    max_connections: int = 512
    max_idle: int = 64
    idle_ttl: float = 55.0
    wire: WireLimits = WireLimits()


class PoolStats(Struct, frozen=True):
    """A look at the pools: gauges first, then counts since the start.

    `open` = `idle` + `in_flight`; `connecting` are not open yet; `waiting` are senders in line.
    """

    open: int
    idle: int
    in_flight: int
    connecting: int
    waiting: int
    dialled: int
    reused: int


class PooledTransport:
    """Sends requests over pooled connections (see `transport.Transport`).

    Belongs to one event loop. `tls` holds for all https origins; an upstream with settings of its
    own gets a transport of its own.
    """

    def __init__(
        self,
        *,
        tls: TlsSettings | None = None,
        limits: PoolLimits | None = None,
        dialer: Dialer = dial_direct,
    ) -> None:
        self._tls = tls or TlsSettings()
        self._limits = limits or PoolLimits()
        self._dialer = dialer
        self._view = memoryview(bytearray(READ_SIZE))
        self._targets: dict[str, tuple[Target, _Pool]] = {}
        self._pools: dict[Origin, _Pool] = {}
        self._closed = False

    async def send(self, request: HttpRequest) -> "PooledResponse":
        """Send and wait for the head of the answer. Cancelling closes the connection at once.

        Raises:
            TransportError: one of its subclasses, or itself for a request that can't be sent.
        """
        target, pool = self._targets.get(request.url) or self._locate(request.url)
        head = encode_head(request, target)
        timeouts = request.timeouts
        deadline = pool.loop.time() + timeouts.total
        connection = pool.take_idle() or await pool.acquire(timeouts)
        await connection.exchange(request.method, head, request.body, timeouts, deadline)
        return PooledResponse(pool, connection)

    async def aclose(self) -> None:
        """Close all connections, also those in use; whoever waits gets `ConnectFailed`."""
        self._closed = True
        for pool in self._pools.values():
            await pool.aclose()

    def stats(self) -> PoolStats:
        """Counts over all origins."""
        pools = self._pools.values()
        opened = sum(len(pool.members) for pool in pools)
        idle = sum(len(pool.idle) for pool in pools)
        return PoolStats(
            open=opened,
            idle=idle,
            in_flight=opened - idle,
            connecting=sum(pool.connecting for pool in pools),
            waiting=sum(len(pool.waiters) for pool in pools),
            dialled=sum(pool.dialled for pool in pools),
            reused=sum(pool.reused for pool in pools),
        )

    def _locate(self, url: str) -> "tuple[Target, _Pool]":
        if self._closed:
            raise ConnectFailed("the transport is closed", sent=False)
        target = parse_target(url)
        pool = self._pools.get(target.origin)
        if pool is None:
            # With Windows' overlapped reads a buffer is in use between steps of the loop.
            shared = sys.platform != "win32"
            view = self._view if shared else None
            pool = _Pool(target.origin, self._limits, self._tls, self._dialer, view)
            self._pools[target.origin] = pool
        if len(self._targets) >= _TARGETS_MAX:
            self._targets.clear()
        self._targets[url] = (target, pool)
        return target, pool


class PooledResponse:
    """An answer whose head has arrived (see `transport.HttpResponse`)."""

    __slots__ = ("_connection", "_cut", "_pool", "headers", "status")

    def __init__(self, pool: "_Pool", connection: Connection) -> None:
        self._pool = pool
        self._connection: Connection | None = connection
        self._cut = False
        self.status = connection.answer.status
        self.headers = connection.answer.headers

    async def read(self, limit: int) -> bytes:
        """The whole body; raises `UpstreamProtocolError` past `limit` bytes."""
        connection = self._connection
        parts: list[bytes] = []
        got = 0
        if connection is not None and connection.complete:
            data = connection.take()
            self._connection = None
            self._pool.give_back(connection)
            if len(data) <= limit:
                return data
            size = len(data)
        else:
            declared = self.headers.get("content-length", "")
            size = int(declared) if declared.isdecimal() else 0
        while size <= limit:
            data = await self._next()
            if not data:
                return parts[0] if len(parts) == 1 else b"".join(parts)
            parts.append(data)
            got += len(data)
            size = max(size, got)
        await self.aclose()
        self._cut = True
        raise UpstreamProtocolError(f"{self._pool.label} sent more than {limit} bytes", sent=True)

    def chunks(self) -> AsyncIterator[bytes]:
        """Body bytes as they arrive. While nobody reads, at most 256 KiB is buffered."""
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        data = await self._next()
        if not data:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Give the connection back if the answer is complete, else close it at once."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.complete:
            self._cut = not connection.spent
            self._pool.give_back(connection)
        else:
            self._cut = True
            connection.abort()

    async def _next(self) -> bytes:
        connection = self._connection
        if connection is None:
            if self._cut:
                raise UpstreamReset("the answer was closed from this side", sent=True)
            return b""
        try:
            data = await connection.more()
        except BaseException:
            self._connection = None
            self._cut = True
            raise
        if connection.spent and self._connection is not None:
            self._connection = None
            self._pool.give_back(connection)
        return data

    def __del__(self) -> None:
        connection = self._connection
        if connection is not None:
            connection.abort()
            warnings.warn(
                "an answer was neither read to its end nor closed",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )


class _Pool:
    """The connections to one origin. `size` counts open ones and those being opened."""

    def __init__(
        self,
        origin: Origin,
        limits: PoolLimits,
        tls: TlsSettings,
        dialer: Dialer,
        view: memoryview | None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.label = origin.label
        self.idle: list[Connection] = []
        self.members: set[Connection] = set()
        self.waiters: deque[asyncio.Future[Connection | None]] = deque()
        self.size = 0
        self.dialled = 0
        self.reused = 0
        self._origin = origin
        self._limits = limits
        self._tls = tls
        self._dialer = dialer
        self._view = view
        self._closed = False
        self._emptied = asyncio.Event()

    @property
    def connecting(self) -> int:
        """Connections being opened."""
        return self.size - len(self.members)

    def take_idle(self) -> Connection | None:
        """The idle connection that was used last, if the peer has not closed it."""
        idle = self.idle
        while idle:
            connection = idle.pop()
            if connection.usable():
                self.reused += 1
                return connection
            connection.abort()
        return None

    async def acquire(self, timeouts: Timeouts) -> Connection:
        """A connection to write to: an idle one, a new one, or one that another gives back.

        Raises:
            ConnectFailed: none in time.
        """
        seconds = min(timeouts.connect, timeouts.total)
        try:
            async with asyncio.timeout(seconds):
                while not self._closed:
                    if self.size < self._limits.max_connections:
                        self.size += 1
                        return await self._open()
                    connection = await self._stand_in_line()
                    if connection is None:
                        return await self._open()
                    if connection.usable():
                        self.reused += 1
                        return connection
                    connection.abort()
        except TimeoutError:
            busy = self.size >= self._limits.max_connections
            why = f"all {self.size} connections are busy" if busy else "no connection"
            raise ConnectFailed(f"{self.label}: {why} after {seconds:g} s", sent=False) from None
        raise ConnectFailed("the transport is closed", sent=False)

    async def _stand_in_line(self) -> Connection | None:
        """Wait for a connection, or for a place to open one (None)."""
        turn: asyncio.Future[Connection | None] = self.loop.create_future()
        self.waiters.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.done() or turn.cancelled():
                if turn in self.waiters:
                    self.waiters.remove(turn)
            elif turn.exception() is None:
                self._hand_on(turn.result())
            raise

    def _hand_on(self, connection: Connection | None) -> None:
        if connection is None:
            self._free_place()
        elif connection.usable():
            self.put_idle(connection)
        else:
            connection.abort()

    async def _open(self) -> Connection:
        """Open a connection in a place that is already counted."""
        try:
            connection = await self._dial()
        except BaseException:
            self._free_place()
            raise
        self.dialled += 1
        self.members.add(connection)
        connection.on_closed = self._gone
        if self._closed:
            connection.abort()
            raise ConnectFailed("the transport is closed", sent=False)
        return connection

    async def _dial(self) -> Connection:
        origin = self._origin
        try:
            layer = self._tls_layer() if origin.scheme == "https" else None
            transport, protocol = await self._dialer(self._protocol, origin.host, origin.port)
        except (OSError, ValueError) as error:
            raise ConnectFailed(f"{self.label}: {error}", sent=False) from error
        if not isinstance(protocol, Connection):
            transport.abort()
            raise TypeError("a dialer must connect the protocol that its factory made")
        try:
            if layer is not None:
                await protocol.open_tls(layer)
            protocol.ready()
        except BaseException:
            transport.abort()
            raise
        return protocol

    def _protocol(self) -> Connection:
        view = self._view if self._view is not None else memoryview(bytearray(READ_SIZE))
        return Connection(view, self.label, self._limits.wire, self._limits.idle_ttl)

    def _tls_layer(self) -> TlsLayer:
        name = self._tls.server_name or self._origin.host
        return TlsLayer(tls_context(self._tls), name)

    def give_back(self, connection: Connection) -> None:
        """The exchange is over: keep the connection if it can be used again."""
        if connection.release():
            self.put_idle(connection)

    def put_idle(self, connection: Connection) -> None:
        """Hand a clean connection to the first in line, or keep it."""
        while self.waiters:
            turn = self.waiters.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if self._closed or len(self.idle) >= self._limits.max_idle:
            connection.close()
        else:
            self.idle.append(connection)

    def _gone(self, connection: Connection) -> None:
        self.members.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        self._free_place()
        if not self.members:
            self._emptied.set()

    def _free_place(self) -> None:
        """A place is free: the first in line may open a connection in it."""
        while self.waiters:
            turn = self.waiters.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.size -= 1

    async def aclose(self) -> None:
        """Close everything and wait until the sockets are gone."""
        self._closed = True
        self.idle.clear()
        while self.waiters:
            turn = self.waiters.popleft()
            if not turn.done():
                turn.set_exception(ConnectFailed("the transport is closed", sent=False))
        if self.members:
            self._emptied.clear()
            for connection in tuple(self.members):
                connection.abort()
            await self._emptied.wait()
