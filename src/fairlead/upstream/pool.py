"""`PooledTransport`: the gateway's HTTP client. Keep-alive pools over `connection.py`, one for each
origin (`origin_pool.py`); the TLS settings belong to the transport.
"""

import asyncio
import sys
import warnings
from collections.abc import AsyncIterator
from typing import Final

from msgspec import Struct

from fairlead.upstream.connection import READ_SIZE, Connection
from fairlead.upstream.dial import Dialer, dial_direct
from fairlead.upstream.head import Origin, Target, encode_head, forwarded, parse_target
from fairlead.upstream.origin_pool import OriginPool, PoolLimits
from fairlead.upstream.proxy import Proxy
from fairlead.upstream.tls import TlsSettings
from fairlead.upstream.transport import (
    ConnectFailed,
    HttpRequest,
    UpstreamProtocolError,
    UpstreamReset,
    not_sent,
)
from fairlead.upstream.tunnel import WRONG_CREDENTIALS, Tunnel

__all__ = ["PoolStats", "PooledResponse", "PooledTransport"]

_TARGETS_MAX: Final = 1024


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

    Belongs to one event loop. `tls` holds for all https origins and `proxy` for all; an upstream
    with settings of its own gets a transport of its own. With a proxy the `dialer` is not used.
    """

    def __init__(
        self,
        *,
        tls: TlsSettings | None = None,
        limits: PoolLimits | None = None,
        dialer: Dialer = dial_direct,
        proxy: Proxy | None = None,
    ) -> None:
        self._tls = tls or TlsSettings()
        self._limits = limits or PoolLimits()
        self._dialer = dialer
        self._tunnel = None if proxy is None else Tunnel(proxy, self._tls.ca_file)
        self._view = memoryview(bytearray(READ_SIZE))
        self._targets: dict[str, tuple[Target, OriginPool]] = {}
        self._pools: dict[Origin, OriginPool] = {}
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
        connection = pool.take_idle()
        if connection is None:
            try:
                connection = await pool.acquire(timeouts)
            except asyncio.CancelledError as gone:
                not_sent(gone)
                raise
        await connection.exchange(request.method, head, request.body, timeouts, deadline)
        if pool.forwarding and connection.answer.status == 407:
            connection.abort()
            raise ConnectFailed(
                f"{pool.label}: the proxy wants a user name and a password, or refuses those that"
                f" it was given (status 407): {WRONG_CREDENTIALS}",
                sent=False,  # not to the upstream
            )
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

    def _locate(self, url: str) -> tuple[Target, OriginPool]:
        if self._closed:
            raise ConnectFailed("the transport is closed", sent=False)
        target = parse_target(url)
        tunnel = self._tunnel
        forwarding = tunnel is not None and tunnel.proxy.forwards(target.origin.scheme)
        if tunnel is not None and forwarding:
            target = forwarded(target, tunnel.proxy.authorization)
        pool = self._pools.get(target.origin)
        if pool is None:
            pool = self._pools[target.origin] = self._new_pool(target.origin, forwarding=forwarding)
        if len(self._targets) >= _TARGETS_MAX:
            self._targets.clear()
        self._targets[url] = (target, pool)
        return target, pool

    def _new_pool(self, origin: Origin, *, forwarding: bool) -> OriginPool:
        # With Windows' overlapped reads a buffer is in use between steps of the loop.
        view = self._view if sys.platform != "win32" else None
        tunnel = self._tunnel
        if tunnel is None:
            return OriginPool(origin, self._limits, self._tls, self._dialer, view)
        dialer: Dialer = tunnel.to_proxy if forwarding else tunnel
        via = tunnel.proxy.label
        return OriginPool(
            origin, self._limits, self._tls, dialer, view, via=via, forwarding=forwarding
        )


class PooledResponse:
    """An answer whose head has arrived (see `transport.HttpResponse`)."""

    __slots__ = ("_connection", "_cut", "_pool", "headers", "status")

    def __init__(self, pool: OriginPool, connection: Connection) -> None:
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
