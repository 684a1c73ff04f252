"""Making connections: the seam for proxies and for addresses that were checked beforehand.

A `Dialer` yields a connected transport for a host and port; TLS to the upstream is laid over it by
the connection, so a dialer that goes through an HTTP CONNECT or SOCKS5 proxy only has to get
bytes through: it talks to the proxy with a protocol of its own, then hands the transport over
(`transport.set_protocol(protocol); protocol.connection_made(transport)`).
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Protocol

__all__ = ["Address", "Dialer", "ProtocolFactory", "connect_first", "dial_direct", "resolve"]

Address = tuple[socket.AddressFamily, str]
ProtocolFactory = Callable[[], asyncio.BufferedProtocol]

STAGGER = 0.25
"""Seconds before the next address is tried beside a silent one (RFC 8305, 5: 250 ms)."""


class Dialer(Protocol):
    """Connects; cancelling it leaves nothing open."""

    async def __call__(
        self, factory: ProtocolFactory, host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
        """The transport and the protocol made by `factory`.

        Raises:
            OSError: no address of `host`, or none that answers.
            TransportError: refused by the dialer's own rules.
        """
        ...


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of `host`, families taking turns, the system's first choice first.

    Raises:
        OSError: there is none (`socket.gaierror`).
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, f"not a host name: {host!r}") from None
    wanted: list[Address] = list(
        dict.fromkeys((family, str(sockaddr[0])) for family, _, _, _, sockaddr in found)
    )
    if not wanted:
        raise socket.gaierror(socket.EAI_NONAME, f"no address for {host!r}")
    same = [a for a in wanted if a[0] == wanted[0][0]]
    other = [a for a in wanted if a[0] != wanted[0][0]]
    turns = [pair for both in zip(same, other, strict=False) for pair in both]
    shorter = min(len(same), len(other))
    return turns + same[shorter:] + other[shorter:]


async def connect_first(
    factory: ProtocolFactory, addresses: Sequence[Address], port: int
) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
    """Connect to the first address that answers, a further one joining after each `STAGGER`.

    Raises:
        OSError: none answered; the first one's error.
    """
    if len(addresses) == 1:
        return await _connect(factory, addresses[0], port)
    attempts: list[asyncio.Task[tuple[asyncio.Transport, asyncio.BufferedProtocol]]] = []
    waiting = list(addresses)
    errors: list[OSError] = []
    pending: set[asyncio.Task[tuple[asyncio.Transport, asyncio.BufferedProtocol]]] = set()
    try:
        while waiting or pending:
            if waiting:
                attempts.append(asyncio.create_task(_connect(factory, waiting.pop(0), port)))
                pending.add(attempts[-1])
            done, pending = await asyncio.wait(
                pending,
                timeout=STAGGER if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for attempt in done:
                error = attempt.exception()
                if error is None:
                    attempts.remove(attempt)
                    return attempt.result()
                if not isinstance(error, OSError):
                    raise error
                errors.append(error)
        raise errors[0]
    finally:
        await _drop(attempts)


async def dial_direct(
    factory: ProtocolFactory, host: str, port: int
) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
    """The dialer without a proxy."""
    return await connect_first(factory, await resolve(host, port), port)


async def _connect(
    factory: ProtocolFactory, address: Address, port: int
) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
    family, host = address
    loop = asyncio.get_running_loop()
    return await loop.create_connection(factory, host, port, family=family)


async def _drop(
    attempts: Sequence[asyncio.Task[tuple[asyncio.Transport, asyncio.BufferedProtocol]]],
) -> None:
    """End the attempts that lost, also those that got through at the last moment."""
    for attempt in attempts:
        attempt.cancel()
    for outcome in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(outcome, tuple):
            outcome[0].abort()
