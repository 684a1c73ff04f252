"""Small proxies of which a test decides what they do: HTTP (CONNECT, absolute form) and SOCKS5.

They are written from the RFCs and share nothing with `fairlead.upstream`.
"""

import asyncio
import base64
import contextlib
import ipaddress
import ssl

from tests.contract.raw_upstream import Peer, RawUpstream

Route = dict[str, tuple[str, int]]


class RawProxy(RawUpstream):
    """`asked` has what each connection wanted. `credentials` are demanded where given; `answer` is
    said in place of doing it; `routes` sends a name somewhere (`host:port` -> address).
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        credentials: tuple[str, str] | None = None,
        answer: bytes | None = None,
        routes: Route | None = None,
    ) -> None:
        super().__init__(self._serve, tls=tls)
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self._credentials = credentials
        self._answer = answer
        self._routes = routes or {}

    async def _serve(self, peer: Peer) -> None:
        raise NotImplementedError

    async def _reach(self, place: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = place.rpartition(":")
        return await asyncio.open_connection(*self._routes.get(place, (host.strip("[]"), port)))

    @staticmethod
    async def _pump(peer: Peer, reader, writer) -> None:
        async def copy(source, target) -> None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                while data := await source.read(65536):
                    target.write(data)
                    await target.drain()
            target.close()

        try:
            await asyncio.gather(copy(peer.reader, writer), copy(reader, peer.writer))
        finally:
            writer.transport.abort()


class HttpProxy(RawProxy):
    """CONNECT and absolute form; one request of absolute form each connection."""

    async def _serve(self, peer: Peer) -> None:
        head = await peer.reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append(f"{method} {target}")
        if self._answer is not None:
            await peer.send(self._answer)
            await peer.gone()
        elif self._credentials and self._wanted() not in head:
            challenge = b"Proxy-Authenticate: Basic realm=x\r\n"
            await peer.send(b"HTTP/1.1 407 No\r\n" + challenge + b"Content-Length: 0\r\n\r\n")
            await peer.gone()
        elif method == "CONNECT":
            reader, writer = await self._reach(target)
            await peer.send(b"HTTP/1.1 200 Connection established\r\nX-Via: test\r\n\r\n")
            await self._pump(peer, reader, writer)
        else:
            place, _, path = target.removeprefix("http://").partition("/")
            place = place if ":" in place else place + ":80"
            reader, writer = await self._reach(place)
            lines = head.replace(target.encode(), b"/" + path.encode(), 1).split(b"\r\n")
            own = b"proxy-authorization:"
            writer.write(b"\r\n".join(x for x in lines if not x.lower().startswith(own)))
            await self._pump(peer, reader, writer)

    def _wanted(self) -> bytes:
        told = ":".join(self._credentials or ()).encode()
        return b"proxy-authorization: Basic " + base64.b64encode(told) + b"\r\n"


class SocksProxy(RawProxy):
    """RFC 1928 with RFC 1929. `refusals` gives replies by ATYP."""

    def __init__(self, *, refusals: dict[int, int] | None = None, method: int = -1, **more) -> None:
        super().__init__(**more)
        self.refusals = refusals or {}
        self.method = method
        self.signed: list[tuple[str, str]] = []

    async def _serve(self, peer: Peer) -> None:
        read = peer.reader.readexactly
        version, count = await read(2)
        assert version == 5
        methods = await read(count)
        if self._answer is not None:
            await peer.send(self._answer)
            await peer.gone()
            return
        method = self.method if self.method >= 0 else 2 if self._credentials else 0
        if method not in methods:
            await peer.send(b"\x05\xff")
            return
        await peer.send(bytes((5, method)))
        if method == 2:
            version, size = await read(2)
            assert version == 1
            user = (await read(size)).decode()
            password = (await read((await read(1))[0])).decode()
            self.signed.append((user, password))
            await peer.send(bytes((1, int((user, password) != self._credentials))))
            if (user, password) != self._credentials:
                return
        await self._request(peer)

    async def _request(self, peer: Peer) -> None:
        read = peer.reader.readexactly
        version, command, reserved, kind = await read(4)
        assert (version, command, reserved) == (5, 1, 0)
        if kind == 3:
            host = (await read((await read(1))[0])).decode()
        else:
            host = str(ipaddress.ip_address(await read(4 if kind == 1 else 16)))
        port = int.from_bytes(await read(2), "big")
        self.asked.append(f"{kind} {host}:{port}")
        reply = self.refusals.get(kind, 0)
        # BND.ADDR is of another kind than what was asked for, as proxies do.
        bound = b"\x03\x04name" if kind == 1 else b"\x01\x7f\x00\x00\x01"
        if reply:
            await peer.send(bytes((5, reply, 0)) + bound + b"\0\0")
            return
        reader, writer = await self._reach(f"{host}:{port}")
        await peer.send(b"\x05\x00\x00" + bound + b"\x12\x34")
        await self._pump(peer, reader, writer)
