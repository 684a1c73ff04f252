"""Backpressure both ways: what is buffered for a slow reader, and large requests."""

import asyncio
import socket
import ssl

import pytest
import trustme
from tests.contract.raw_upstream import OK, Peer, RawUpstream, on_both_loops, sending, until

from fairlead.upstream.dial import dial_direct
from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.tls import TlsSettings
from fairlead.upstream.transport import HttpRequest, ReadTimeout, Timeouts, UpstreamReset

PROMISED = 256 * 1024
KERNEL = 16 * 1024


async def emptied(transport: PooledTransport) -> None:
    await until(lambda: transport.stats().open == 0)


async def narrow(factory, host, port):
    """Dial with a small receive buffer, so that what the peer could send is what we hold."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, (host, port))
    return await loop.create_connection(factory, sock=sock)


def flood(piece: bytes, total: int, sent: list[int]):
    """A handler that sends `total` bytes as fast as the client takes them, and counts them."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        peer.writer.transport.set_write_buffer_limits(high=4096)  # 0 would stall asyncio's TLS
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
        while sent[0] < total:
            await peer.send(piece)
            sent[0] += len(piece)
        await peer.gone()

    return handle


async def blocked(sent: list[int]) -> int:
    """Wait until the sender is stuck; how many bytes it could send."""
    last, same = -1, 0
    while same < 20:
        await asyncio.sleep(0.005)
        same = same + 1 if sent[0] == last else 0
        last = sent[0]
    return last


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@on_both_loops
async def test_a_reader_that_does_not_read_holds_the_upstream_back(
    secure: bool, tmp_path_factory
) -> None:
    total, piece, sent = 4 << 20, b"x" * 8192, [0]
    context, settings = None, None
    if secure:
        authority = trustme.CA()
        file = tmp_path_factory.mktemp("ca") / "ca.pem"
        authority.cert_pem.write_to_path(str(file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        settings = TlsSettings(ca_file=str(file))
    handler = flood(piece, total, sent)
    async with RawUpstream(handler, tls=context, send_buffer=KERNEL) as upstream:
        transport = PooledTransport(tls=settings, dialer=narrow)
        response = await transport.send(HttpRequest("GET", upstream.url(), ()))
        held = await blocked(sent)
        connection = response._connection
        assert connection.answer.buffered <= PROMISED
        assert sum(map(len, connection.answer.parts)) == connection.answer.buffered
        # Both kernels' buffers (doubled by Linux) and the piece that is stuck are not ours.
        assert 64 * 1024 < held <= PROMISED + 4 * KERNEL + len(piece)
        assert len(await response.read(total)) == total
        assert transport.stats().idle == 1
        await transport.aclose()


@on_both_loops
async def test_silence_that_we_caused_is_not_held_against_the_upstream() -> None:
    total, sent = 64 << 20, [0]
    async with RawUpstream(flood(b"x" * 65536, total, sent)) as upstream:
        transport = PooledTransport()
        timeouts = Timeouts(read=2, total=600)
        response = await transport.send(HttpRequest("GET", upstream.url(), (), timeouts=timeouts))
        await blocked(sent)
        await asyncio.sleep(2.4)
        assert len(await response.read(total)) == total
        assert transport.stats().idle == 1
        await transport.aclose()


@on_both_loops
async def test_silence_counts_again_once_the_reader_is_back() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n" + b"x" * 300_000)
        await peer.gone()

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport()
        timeouts = Timeouts(read=1, total=600)
        response = await transport.send(HttpRequest("GET", upstream.url(), (), timeouts=timeouts))
        await until(lambda: response._connection._paused)
        await asyncio.sleep(1.2)
        with pytest.raises(ReadTimeout, match="silent"):
            await response.read(10_000_000)
        await transport.aclose()


@on_both_loops
async def test_tiny_chunks_do_not_hide_memory() -> None:
    """A chunk of two bytes costs an object of forty: pieces are joined, not only counted."""
    body = b"2\r\nab\r\n" * 30_000
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    async with RawUpstream(sending(head + body + b"0\r\n\r\n")) as upstream:
        transport = PooledTransport()
        response = await transport.send(HttpRequest("GET", upstream.url(), ()))
        await until(lambda: response._connection.complete)
        assert len(response._connection.answer.parts) <= 65
        assert await response.read(1 << 20) == b"ab" * 30_000
        await transport.aclose()


@on_both_loops
async def test_a_large_request_is_written_as_the_upstream_takes_it() -> None:
    body = bytes(range(256)) * 32_768
    most = 0

    async def handle(peer: Peer) -> None:
        nonlocal most
        await until(lambda: transports and transports[0].get_write_buffer_size())
        for _ in range(20):
            await asyncio.sleep(0.002)
            most = max(most, transports[0].get_write_buffer_size())
        await peer.request()
        await peer.send(OK)
        await peer.gone()

    transports = []

    async def dial(factory, host, port):
        transport, protocol = await dial_direct(factory, host, port)
        transports.append(transport)
        return transport, protocol

    async with RawUpstream(handle) as upstream:
        client = PooledTransport(dialer=dial)
        response = await client.send(HttpRequest("POST", upstream.url(), (), body))
        assert await response.read(10) == b"ok"
        assert upstream.requests[0][1] == body
        assert 0 < most <= 3 * 64 * 1024
        assert client.stats().idle == 1
        await client.aclose()


@on_both_loops
async def test_an_early_answer_ends_a_large_request() -> None:
    answer = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"

    async def handle(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.writer.transport.pause_reading()
        await peer.send(answer)
        await asyncio.Event().wait()

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport()
        response = await transport.send(HttpRequest("POST", upstream.url(), (), b"x" * (32 << 20)))
        assert response.status == 413
        assert await response.read(10) == b"no"
        await emptied(transport)
        await transport.aclose()


@on_both_loops
async def test_an_upstream_that_stops_taking_a_large_request() -> None:
    async def stuck(peer: Peer) -> None:
        peer.writer.transport.pause_reading()
        await asyncio.Event().wait()

    async def gone(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.reset()

    body = b"x" * (32 << 20)
    for handler, error, read in ((stuck, ReadTimeout, 0.1), (gone, UpstreamReset, 30)):
        async with RawUpstream(handler) as upstream:
            transport = PooledTransport()
            request = HttpRequest("POST", upstream.url(), (), body, Timeouts(read=read))
            with pytest.raises(error) as caught:
                await transport.send(request)
            assert caught.value.sent
            await emptied(transport)
            await transport.aclose()


@on_both_loops
async def test_cancelling_a_large_request() -> None:
    async def stuck(peer: Peer) -> None:
        peer.writer.transport.pause_reading()
        await asyncio.Event().wait()

    async with RawUpstream(stuck) as upstream:
        transport = PooledTransport()
        request = HttpRequest("POST", upstream.url(), (), b"x" * (32 << 20))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await transport.send(request)
        await emptied(transport)
        await transport.aclose()
