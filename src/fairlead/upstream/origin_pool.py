"""The connections to one origin (scheme, host, port).

Idle connections are a stack, so that a quiet hour leaves few of them in use and the others age out.
At its limit senders wait, first come, first served, within their connect timeout; a connection that
is given back goes to the first of them directly.

What is retried, and what never is, is rule 3 in `connection.py`: an idle connection that the peer
has closed is noticed before anything is written to it, and the next one is taken. Once bytes
were handed to the kernel no error is retried here.
"""

import asyncio
from collections import deque

from msgspec import Struct

from fairlead.upstream.answer import WireLimits
from fairlead.upstream.connection import READ_SIZE, Connection
from fairlead.upstream.dial import Dialer
from fairlead.upstream.head import Origin
from fairlead.upstream.tls import TlsLayer, TlsSettings, tls_context
from fairlead.upstream.transport import ConnectFailed, Timeouts

__all__ = ["OriginPool", "PoolLimits"]


class PoolLimits(Struct, frozen=True):
    """Bounds per origin. `idle_ttl` is seconds; it should be below the upstream's own.

    Requests at once are bounded above (`server.max_requests`, `delivery.max_in_flight`, an
    upstream's `max_in_flight`), in queues that know their priorities and tell the client. So the
    bound on connections is beyond all of those: who waits here looks like an upstream that is down.
    """

    max_connections: int = 100_000
    max_idle: int = 64
    idle_ttl: float = 55.0
    wire: WireLimits = WireLimits()


class OriginPool:
    """The connections to one origin. `size` counts open ones and those being opened."""

    def __init__(
        self,
        origin: Origin,
        limits: PoolLimits,
        tls: TlsSettings,
        dialer: Dialer,
        view: memoryview | None,
        *,
        via: str = "",
        forwarding: bool = False,
    ) -> None:
        """`via` names a proxy for messages; `forwarding`: it is written requests to itself."""
        self.loop = asyncio.get_running_loop()
        self.label = f"{origin.label} (through {via})" if via else origin.label
        self.forwarding = forwarding
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
