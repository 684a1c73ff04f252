"""Which transport serves an upstream: those with the same TLS settings and proxy share one pool."""

from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.proxy import Proxy
from fairlead.upstream.tls import TlsSettings
from fairlead.upstream.transport import Transport
from fairlead.upstream.vendors import Upstream

__all__ = ["SharedTransport", "Transports"]


class Transports:
    """One `PooledTransport` for each set of TLS settings and proxy, made when first needed."""

    def __init__(self) -> None:
        self._pools: dict[tuple[TlsSettings, Proxy | None], PooledTransport] = {}

    def of(self, upstream: Upstream) -> Transport:
        """The transport for an upstream."""
        way = (upstream.tls, upstream.proxy)
        found = self._pools.get(way)
        if found is None:
            found = self._pools[way] = PooledTransport(tls=upstream.tls, proxy=upstream.proxy)
        return found

    async def aclose(self) -> None:
        """Close them all."""
        for pool in self._pools.values():
            await pool.aclose()


class SharedTransport:
    """The same transport for every upstream: for tests, with `FakeTransport`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def of(self, upstream: Upstream) -> Transport:  # noqa: ARG002 - the seam's signature
        """The one transport."""
        return self._transport

    async def aclose(self) -> None:
        """Close it."""
        await self._transport.aclose()
