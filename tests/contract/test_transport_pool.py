"""PooledTransport's pools: reuse, closed and stale connections, limits, cancellation, leaks."""

import asyncio
import contextlib
import gc
import os
import socket
from pathlib import Path

import pytest
from tests.contract.raw_upstream import (
    CLOSE,
    OK,
    Peer,
    RawUpstream,
    answering,
    on_both_loops,
    repeating,
    sending,
    until,
)

from fairlead.upstream.origin_pool import PoolLimits
from fairlead.upstream.pool import PooledTransport, PoolStats
from fairlead.upstream.transport import (
    ConnectFailed,
    HttpRequest,
    ReadTimeout,
    Timeouts,
    UpstreamReset,
)

PATIENT = Timeouts()


async def get(transport: PooledTransport, url: str, timeouts: Timeouts = PATIENT) -> bytes:
    response = await transport.send(HttpRequest("POST", url, (), b"{}", timeouts))
    return await response.read(1000)


def sockets() -> int:
    """How many sockets this process has open."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            count += str(entry.readlink()).startswith("socket:")
    return count


async def settle(transport: PooledTransport, upstream: RawUpstream) -> None:
    """Wait until no connection is left on either side."""
    await until(lambda: not (transport.stats().open or transport.stats().connecting))
    await upstream.until_closed()


@on_both_loops
async def test_a_connection_is_used_again() -> None:
    async with RawUpstream(repeating(OK)) as upstream:
        transport = PooledTransport()
        for _ in range(5):
            assert await get(transport, upstream.url()) == b"ok"
        assert upstream.accepted == 1
        assert transport.stats() == PoolStats(
            open=1, idle=1, in_flight=0, connecting=0, waiting=0, dialled=1, reused=4
        )
        await transport.aclose()
        assert transport.stats().open == 0
        await upstream.until_closed()


@on_both_loops
async def test_the_last_used_connection_comes_first_and_each_origin_has_its_own() -> None:
    async with RawUpstream(repeating(OK)) as upstream, RawUpstream(repeating(OK)) as other:
        transport = PooledTransport()
        await asyncio.gather(*(get(transport, upstream.url()) for _ in range(3)))
        assert transport.stats().idle == 3
        await asyncio.gather(*(get(transport, other.url()) for _ in range(2)))
        assert (upstream.accepted, other.accepted) == (3, 2)
        ports = set()
        for _ in range(4):
            response = await transport.send(HttpRequest("GET", upstream.url(), ()))
            ports.add(response._connection._transport.get_extra_info("sockname"))
            await response.read(10)
        assert len(ports) == 1
        await transport.aclose()


@on_both_loops
async def test_more_idle_connections_than_wanted_are_closed() -> None:
    async with RawUpstream(repeating(OK)) as upstream:
        transport = PooledTransport(limits=PoolLimits(max_idle=2))
        await asyncio.gather(*(get(transport, upstream.url()) for _ in range(5)))
        await until(lambda: not (transport.stats().open > 2))
        assert transport.stats().idle == 2
        await transport.aclose()


@on_both_loops
async def test_idle_connections_age_out() -> None:
    async with RawUpstream(repeating(OK)) as upstream:
        transport = PooledTransport(limits=PoolLimits(idle_ttl=0.3))
        assert await get(transport, upstream.url()) == b"ok"
        assert transport.stats().open == 1
        await settle(transport, upstream)
        assert await get(transport, upstream.url()) == b"ok"
        assert upstream.accepted == 2
        await transport.aclose()


@on_both_loops
async def test_a_connection_that_the_peer_closes_leaves_the_pool_at_once() -> None:
    async with RawUpstream(answering(OK)) as upstream:
        transport = PooledTransport()
        assert await get(transport, upstream.url()) == b"ok"
        await settle(transport, upstream)
        assert transport.stats().idle == 0
        await transport.aclose()


@on_both_loops
async def test_a_stale_connection_is_never_written_to() -> None:
    """The peer closes while the loop is busy: the close is in the kernel, not yet in the loop."""
    ends: list[socket.socket] = []

    async def handle(peer: Peer) -> None:
        ends.append(peer.writer.transport.get_extra_info("socket"))
        while await peer.request():
            await peer.send(OK)

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport()
        assert await get(transport, upstream.url()) == b"ok"
        end = socket.socket(fileno=os.dup(ends[0].fileno()))
        end.shutdown(socket.SHUT_WR)
        end.close()
        # No await between the shutdown and the look at the pool.
        assert transport.stats().idle == 1
        assert await get(transport, upstream.url()) == b"ok"
        assert (upstream.accepted, len(upstream.requests)) == (2, 2)
        await transport.aclose()


@on_both_loops
async def test_rubbish_on_an_idle_connection_ends_it() -> None:
    go = asyncio.Event()

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await go.wait()
        await peer.send(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        await peer.gone()

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport()
        assert await get(transport, upstream.url()) == b"ok"
        go.set()
        await settle(transport, upstream)
        assert await get(transport, upstream.url()) == b"ok"
        await transport.aclose()


@on_both_loops
async def test_a_connection_that_dies_after_the_request_was_written_is_not_retried() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        peer.reset()

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport()
        assert await get(transport, upstream.url()) == b"ok"
        with pytest.raises(UpstreamReset) as caught:
            await get(transport, upstream.url())
        assert caught.value.sent
        assert len(upstream.requests) == 2
        assert await get(transport, upstream.url()) == b"ok"
        await transport.aclose()


@on_both_loops
async def test_a_closing_answer_is_not_pooled() -> None:
    async with RawUpstream(answering(CLOSE)) as upstream:
        transport = PooledTransport()
        for _ in range(3):
            assert await get(transport, upstream.url()) == b"ok"
        await settle(transport, upstream)
        assert upstream.accepted == 3
        await transport.aclose()


@on_both_loops
async def test_senders_queue_first_come_first_served() -> None:
    async def handle(peer: Peer) -> None:
        while await peer.request():
            await asyncio.sleep(0.002)
            await peer.send(OK)

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport(limits=PoolLimits(max_connections=1))
        order: list[int] = []

        async def one(number: int) -> None:
            assert await get(transport, upstream.url(f"/{number}")) == b"ok"
            order.append(number)

        await asyncio.gather(*(one(number) for number in range(12)))
        asked = [int(head.split()[1][1:]) for head, _ in upstream.requests]
        assert asked == list(range(12))
        assert order == list(range(12))
        assert upstream.accepted == 1
        assert transport.stats().waiting == 0
        await transport.aclose()


@on_both_loops
async def test_a_place_that_comes_free_by_a_close_goes_to_the_next_in_line() -> None:
    async with RawUpstream(answering(CLOSE)) as upstream:
        transport = PooledTransport(limits=PoolLimits(max_connections=1))
        assert (
            await asyncio.gather(*(get(transport, upstream.url()) for _ in range(6))) == [b"ok"] * 6
        )
        assert upstream.accepted == 6
        await settle(transport, upstream)
        await transport.aclose()


@on_both_loops
async def test_waiting_in_line_ends_with_the_connect_timeout() -> None:
    async with RawUpstream(sending(b"")) as upstream:
        transport = PooledTransport(limits=PoolLimits(max_connections=1))
        first = asyncio.create_task(get(transport, upstream.url()))
        await until(lambda: upstream.requests)
        with pytest.raises(ConnectFailed, match="all 1 connections are busy") as caught:
            await get(transport, upstream.url(), Timeouts(connect=0.03))
        assert not caught.value.sent
        assert transport.stats().waiting == 0
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await settle(transport, upstream)
        await transport.aclose()


@on_both_loops
async def test_cancelled_waiters_hand_their_turn_on() -> None:
    gate = asyncio.Event()

    async def handle(peer: Peer) -> None:
        while await peer.request():
            await gate.wait()
            await peer.send(OK)

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport(limits=PoolLimits(max_connections=1))
        tasks = [asyncio.create_task(get(transport, upstream.url())) for _ in range(10)]
        await until(lambda: not (transport.stats().waiting < 9))
        gate.set()
        for task in tasks[1:8]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [r for r in results if isinstance(r, bytes)] == [b"ok"] * 3
        stats = transport.stats()
        assert (stats.open, stats.idle, stats.waiting, stats.connecting) == (1, 1, 0, 0)
        await transport.aclose()


@pytest.mark.parametrize("seed", range(5))
@on_both_loops
async def test_cancelling_at_any_moment_leaks_nothing(seed: int) -> None:
    body = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"

    async def handle(peer: Peer) -> None:
        while await peer.request():
            await asyncio.sleep(0.001)
            await peer.send(body)
            await asyncio.sleep(0.001)
            await peer.send(b"0\r\n\r\n")

    before = sockets()
    async with RawUpstream(handle) as upstream:
        transport = PooledTransport(limits=PoolLimits(max_connections=4))
        tasks = []
        for number in range(60):
            tasks.append(asyncio.create_task(get(transport, upstream.url())))
            for _ in range((number * 7 + seed) % 11):
                await asyncio.sleep(0)
            if number % 3 == seed % 3:
                tasks[(number * 5 + seed) % len(tasks)].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(r) for r in results} <= {bytes, asyncio.CancelledError}
        assert b"hello" in results
        stats = transport.stats()
        assert (stats.in_flight, stats.waiting, stats.connecting) == (0, 0, 0)
        assert await get(transport, upstream.url()) == b"hello"
        await transport.aclose()
        await upstream.until_closed()
    await until(lambda: sockets() <= before)


@on_both_loops
async def test_cancelling_closes_the_connection_at_once() -> None:
    async with RawUpstream(sending(b"")) as upstream:
        transport = PooledTransport()
        task = asyncio.create_task(get(transport, upstream.url()))
        await until(lambda: upstream.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await settle(transport, upstream)
        await transport.aclose()


@on_both_loops
async def test_closing_a_half_read_answer_tells_the_upstream_at_once() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
    async with RawUpstream(sending(head)) as upstream:
        transport = PooledTransport()
        response = await transport.send(HttpRequest("GET", upstream.url(), ()))
        assert await anext(response.chunks()) == b"hello"
        assert transport.stats().in_flight == 1
        await response.aclose()
        await settle(transport, upstream)
        await transport.aclose()


@on_both_loops
async def test_closing_an_answer_that_has_come_whole_keeps_the_connection() -> None:
    async with RawUpstream(repeating(OK)) as upstream:
        transport = PooledTransport()
        for _ in range(2):
            response = await transport.send(HttpRequest("GET", upstream.url(), ()))
            await response.aclose()
        assert upstream.accepted == 1
        assert transport.stats().idle == 1
        await transport.aclose()


@on_both_loops
async def test_an_answer_that_is_dropped_is_closed_with_a_warning() -> None:
    async with RawUpstream(sending(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx")) as upstream:
        transport = PooledTransport()
        response = await transport.send(HttpRequest("GET", upstream.url(), ()))
        with pytest.warns(ResourceWarning, match="neither read to its end nor closed"):  # noqa: PT031
            del response  # the block is one act: the last reference goes, and is collected
            gc.collect()
        await settle(transport, upstream)
        await transport.aclose()


@on_both_loops
async def test_closing_the_transport_ends_what_is_under_way() -> None:
    async with RawUpstream(sending(b"")) as upstream:
        transport = PooledTransport(limits=PoolLimits(max_connections=2))
        tasks = [asyncio.create_task(get(transport, upstream.url())) for _ in range(4)]
        await until(lambda: not (len(upstream.requests) < 2))
        await transport.aclose()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(r) for r in results] == [UpstreamReset] * 2 + [ConnectFailed] * 2
        stats = transport.stats()
        assert (stats.open, stats.connecting, stats.waiting) == (0, 0, 0)
        await upstream.until_closed()


@on_both_loops
async def test_two_hundred_at_once() -> None:
    before = sockets()
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5000
    async with RawUpstream(repeating(answer)) as upstream:
        transport = PooledTransport(limits=PoolLimits(max_connections=50))

        async def one() -> int:
            response = await transport.send(HttpRequest("POST", upstream.url(), (), b"y" * 500))
            return sum([len(chunk) async for chunk in response.chunks()])

        assert await asyncio.gather(*(one() for _ in range(200))) == [5000] * 200
        assert upstream.accepted <= 50
        stats = transport.stats()
        assert stats.open == stats.idle == upstream.accepted
        assert stats.dialled + stats.reused == 200
        await transport.aclose()
        await upstream.until_closed()
    await until(lambda: sockets() <= before)


@on_both_loops
async def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    transport = PooledTransport()
    for url in (f"http://127.0.0.1:{port}/", "http://no-such-host.invalid/"):
        with pytest.raises(ConnectFailed) as caught:
            await get(transport, url)
        assert not caught.value.sent
        assert "http://" in str(caught.value)
    stats = transport.stats()
    assert (stats.open, stats.connecting, stats.dialled) == (0, 0, 0)
    await transport.aclose()


@on_both_loops
async def test_connecting_has_its_own_timeout() -> None:
    async def never(factory, host, port):
        await asyncio.sleep(60)

    transport = PooledTransport(dialer=never)
    with pytest.raises(ConnectFailed, match=r"no connection after 0\.02 s"):
        await get(transport, "http://upstream.test/", Timeouts(connect=0.02))
    with pytest.raises(ConnectFailed, match=r"after 0\.03 s"):
        await get(transport, "http://upstream.test/", Timeouts(total=0.03))
    assert transport.stats().connecting == 0
    await transport.aclose()


@on_both_loops
async def test_a_shorter_timeout_on_a_reused_connection_holds() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await peer.gone()

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport()
        assert await get(transport, upstream.url(), Timeouts(read=500)) == b"ok"
        with pytest.raises(ReadTimeout, match=r"silent for 0\.03 s"):
            await get(transport, upstream.url(), Timeouts(read=0.03))
        await settle(transport, upstream)
        await transport.aclose()
