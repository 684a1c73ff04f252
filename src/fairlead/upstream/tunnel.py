"""`Tunnel`: a dialer that gets its bytes through a proxy (HTTP CONNECT, SOCKS5).

    TCP to the proxy -> TLS to it (https://) -> its handshake -> the connection's own protocol

Three rules:

1. The handshake is spoken by a protocol of its own, buffered like the connection's, because an
   event loop need not let a transport change from one sort to the other while it reads. A byte
   beyond the handshake is a fault: in TLS and in HTTP/1.1 the client speaks first.
2. Who is trusted is not the proxy's affair: TLS with the upstream is laid over the tunnel. TLS with
   an https proxy is the event loop's own layer, beneath ours; its certificate is verified too.
3. Whatever fails, also a cancellation and the pool's timeout, closes the socket. Errors are
   `OSError`s without credentials; nothing of the request has been sent then.

The rules of SOCKS are RFC 1928 and RFC 1929; those of CONNECT RFC 9110, 9.3.6.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv4Address, ip_address
from typing import Final, cast

from fairlead.upstream.dial import ProtocolFactory, connect_first, resolve
from fairlead.upstream.proxy import Proxy
from fairlead.upstream.tls import TlsSettings, tls_context, tls_reason

__all__ = ["WRONG_CREDENTIALS", "ProxyError", "Tunnel"]

WRONG_CREDENTIALS: Final = 'give the right ones: `proxy = "http://user:password@host:port"`'

_HEAD_MAX: Final = 16 * 1024
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)[ \r]")
_SCHEME: Final = re.compile(rb"\r\nproxy-authenticate:[ \t]*([A-Za-z][A-Za-z0-9-]*)", re.IGNORECASE)

_ANSWERS: Final[Mapping[int, str]] = {
    400: "does not take the request for a tunnel",
    403: "does not allow it",
    404: "is no proxy, or does not know the host",
    405: "makes no tunnels",
    429: "has too many requests",
    500: "failed",
    501: "makes no tunnels",
    502: "cannot reach it",
    503: "cannot reach it, or is overloaded",
    504: "got no answer from it in time",
}
# RFC 1928, 6, the field REP
_REPLIES: Final[Mapping[int, str]] = {
    1: "failed",
    2: "does not allow it by its rules",
    3: "cannot reach the network",
    4: "cannot reach the host",
    5: "was refused the connection by the host",
    6: "got no answer from it in time",
    7: "makes no connections (command not supported)",
    8: "does not know this kind of address",
}
_OTHER_ADDRESS: Final = frozenset((3, 4, 8))
"""Replies after which an address of the other family may do."""


class ProxyError(OSError):
    """The proxy cannot be reached or does not do it. `reply` is the code of a SOCKS refusal."""

    def __init__(self, message: str, reply: int = 0) -> None:
        super().__init__(message)
        self.reply = reply


class Tunnel:
    """Dials through `proxy` (see `dial.Dialer`). `ca_file` adds to whom an https proxy may be
    certified by.
    """

    def __init__(self, proxy: Proxy, ca_file: str | None = None) -> None:
        self.proxy = proxy
        self._ca_file = ca_file
        self._shake = _HANDSHAKES[proxy.scheme]

    async def __call__(
        self, factory: ProtocolFactory, host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
        """A transport to `host` at the proxy's other side.

        Raises:
            OSError: there is none (`ProxyError`); the message says why.
        """
        places = await self._places(host, port)
        while True:
            place = places.pop(0)
            try:
                return await self._connect(factory, place, port)
            except ProxyError as error:
                if not places or error.reply not in _OTHER_ADDRESS:
                    raise

    async def to_proxy(
        self,
        factory: ProtocolFactory,
        host: str,  # noqa: ARG002 - a dialer's signature
        port: int,  # noqa: ARG002
    ) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
        """A transport to the proxy itself, for requests that it forwards."""
        transport, talk = await self._reach()
        return talk.hand_over(transport, factory)

    async def _connect(
        self, factory: ProtocolFactory, host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
        transport, talk = await self._reach()
        try:
            await self._shake(talk, self.proxy, host, port)
            return talk.hand_over(transport, factory)
        except BaseException:
            transport.abort()
            raise

    async def _places(self, host: str, port: int) -> list[str]:
        """What the proxy is asked for: the name, or an address of each family."""
        if self.proxy.resolves or _literal(host):
            return [host]
        try:
            found = await resolve(host, port)
        except OSError as error:
            raise ProxyError(
                f"{host} has no address here ({error}); with socks5h:// the proxy looks it up"
            ) from error
        places: dict[int, str] = {}
        for family, address in found:
            places.setdefault(family, address)
        return list(places.values())

    async def _reach(self) -> "tuple[asyncio.Transport, _Talk]":
        """A connection to the proxy, with TLS where it wants that."""
        proxy = self.proxy
        try:
            addresses = await resolve(proxy.host, proxy.port)
            transport, made = await connect_first(_Talk, addresses, proxy.port)
        except OSError as error:
            raise ProxyError(f"the proxy cannot be reached: {error}") from error
        talk = cast("_Talk", made)
        if proxy.scheme != "https":
            return transport, talk
        try:
            context = tls_context(TlsSettings(ca_file=self._ca_file))
            loop = asyncio.get_running_loop()
            secure = await loop.start_tls(transport, talk, context, server_hostname=proxy.host)
        except ssl.SSLError as error:
            transport.abort()
            raise ProxyError(f"TLS with the proxy: {tls_reason(error)}") from error
        except OSError as error:
            transport.abort()
            why = str(error) or "it ended in the middle"
            raise ProxyError(f"TLS with the proxy: {why}") from error
        except BaseException:
            transport.abort()
            raise
        talk.transport = cast("asyncio.Transport", secure)
        return talk.transport, talk


class _Talk(asyncio.BufferedProtocol):
    """The handshake's side of the socket: bytes out, bytes in until there are enough."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._view = memoryview(bytearray(4096))
        self._got = bytearray()
        self._ended: str | None = None
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        self._got += self._view[:nbytes]
        if len(self._got) > _HEAD_MAX:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = "the proxy closed the connection"
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        told = f" ({exc})" if exc is not None else ""
        self._ended = self._ended or f"the proxy closed the connection{told}"
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _take(self, end: Callable[[bytearray], int]) -> bytes:
        """The bytes up to where `end` finds theirs (0: not yet)."""
        while not (size := end(self._got)):
            if len(self._got) > _HEAD_MAX:
                raise ProxyError("the proxy's answer is too long")
            if self._ended is not None:
                raise ProxyError(self._ended)
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        taken = bytes(self._got[:size])
        del self._got[:size]
        return taken

    async def exactly(self, size: int) -> bytes:
        """So many bytes."""
        return await self._take(lambda got: size if len(got) >= size else 0)

    async def head(self) -> bytes:
        """A head of HTTP, its empty line included."""
        return await self._take(lambda got: got.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in got else 0)

    def hand_over(
        self, transport: asyncio.Transport, factory: ProtocolFactory
    ) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
        """Give the transport to the protocol that it was made for."""
        if self._got:
            transport.abort()
            raise ProxyError("the proxy sent bytes that nobody asked for")
        if self._ended is not None:
            transport.abort()
            raise ProxyError(self._ended)
        protocol = factory()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        return transport, protocol


async def _connect_http(talk: _Talk, proxy: Proxy, host: str, port: int) -> None:
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    signed = f"proxy-authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
    asked = f"CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n{signed}\r\n"
    talk.transport.write(asked.encode("latin-1"))
    head = await talk.head()
    found = _STATUS.match(head)
    if found is None:
        raise ProxyError("the proxy's answer is no HTTP")
    status = int(found[1])
    if 200 <= status < 300:
        return
    if status in {401, 407}:  # tinyproxy says 401 to a wrong password, 407 to none
        raise ProxyError(_unauthorised(head, status, given=bool(proxy.authorization)))
    words = _ANSWERS.get(status, "made no tunnel")
    raise ProxyError(f"asked for {authority}, the proxy {words} (status {status})")


def _unauthorised(head: bytes, status: int, *, given: bool) -> str:
    wanted = [name.decode("ascii") for name in _SCHEME.findall(head)]
    if wanted and not any(name.lower() == "basic" for name in wanted):
        return f"the proxy wants {' or '.join(wanted)} (status {status}); Fairlead does Basic alone"
    what = "refuses the user name or the password" if given else "wants a user name and a password"
    return f"the proxy {what} (status {status}): {WRONG_CREDENTIALS}"


async def _connect_socks(talk: _Talk, proxy: Proxy, host: str, port: int) -> None:
    methods = b"\x00\x02" if proxy.user else b"\x00"
    talk.transport.write(b"\x05" + bytes((len(methods),)) + methods)
    version, method = await talk.exactly(2)
    if version != 5:
        raise ProxyError("the proxy's answer is no SOCKS5")
    if method == 2 and proxy.user:
        await _sign_in(talk, proxy)
    elif method != 0:
        what = "no way of signing in that Fairlead can do" if proxy.user else "no one unsigned"
        raise ProxyError(f"the proxy takes {what}: {WRONG_CREDENTIALS}")
    talk.transport.write(b"\x05\x01\x00" + _place(host) + port.to_bytes(2, "big"))
    version, reply, _, kind = await talk.exactly(4)
    if version != 5:
        raise ProxyError("the proxy's answer is no SOCKS5")
    if reply:
        words = _REPLIES.get(reply, "failed")
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise ProxyError(f"asked for {shown}, the proxy {words} (SOCKS reply {reply})", reply)
    sizes = {1: 4, 4: 16}
    size = (await talk.exactly(1))[0] if kind == 3 else sizes.get(kind)
    if size is None:
        raise ProxyError("the proxy's answer is no SOCKS5")
    await talk.exactly(size + 2)


async def _sign_in(talk: _Talk, proxy: Proxy) -> None:
    user, password = proxy.user.reveal().encode(), proxy.password.reveal().encode()
    sizes = bytes((len(user),)), bytes((len(password),))
    talk.transport.write(b"\x01" + sizes[0] + user + sizes[1] + password)
    _, status = await talk.exactly(2)
    if status:
        raise ProxyError(f"the proxy refuses the user name or the password: {WRONG_CREDENTIALS}")


def _place(host: str) -> bytes:
    """ATYP and DST.ADDR."""
    if not _literal(host):
        name = host.encode("ascii")
        if len(name) > 255:
            raise ProxyError("the host's name is too long for SOCKS")
        return b"\x03" + bytes((len(name),)) + name
    address = ip_address(host)
    return (b"\x01" if isinstance(address, IPv4Address) else b"\x04") + address.packed


def _literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


_HANDSHAKES: Final[Mapping[str, Callable[[_Talk, Proxy, str, int], Awaitable[None]]]] = {
    "http": _connect_http,
    "https": _connect_http,
    "socks5": _connect_socks,
    "socks5h": _connect_socks,
}
