"""Resolving and connecting: families take turns, silent addresses are passed over, losers close."""

import asyncio
import socket

import pytest
from tests.contract.raw_upstream import Peer, RawUpstream, until

from fairlead.upstream import dial
from fairlead.upstream.dial import connect_first, resolve

V4, V6 = socket.AF_INET, socket.AF_INET6


class Silent(asyncio.BufferedProtocol):
    """Connects and does nothing."""

    def get_buffer(self, sizehint: int) -> bytearray:
        return bytearray(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        pass


async def wait_for_the_end(peer: Peer) -> None:
    await peer.gone()


async def test_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (family, socket.SOCK_STREAM, 6, "", (address, 443))
        for family, address in [(V6, "a"), (V6, "b"), (V6, "c"), (V4, "1"), (V6, "a")]
    ]

    async def getaddrinfo(*_: object, **__: object):
        return found

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    assert await resolve("host", 443) == [(V6, "a"), (V4, "1"), (V6, "b"), (V6, "c")]
    found.clear()
    with pytest.raises(socket.gaierror):
        await resolve("host", 443)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".example", "a..b"])
async def test_what_is_no_name_is_an_os_error(host: str) -> None:
    with pytest.raises(OSError):
        await resolve(host, 443)


async def test_an_address_that_refuses_is_passed_over_at_once() -> None:
    async with RawUpstream(wait_for_the_end) as upstream:
        addresses = [(V6, "::1"), (V4, "127.0.0.2"), (V4, "127.0.0.1")]
        transport, protocol = await connect_first(Silent, addresses, upstream.port)
        assert isinstance(protocol, Silent)
        assert transport.get_extra_info("peername")[0] == "127.0.0.1"
        transport.abort()
        await upstream.until_closed()


async def test_when_none_answers_the_first_error_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        await connect_first(Silent, [(V4, "127.0.0.1"), (V4, "127.0.0.2")], port)


async def test_a_silent_address_gets_company_and_losers_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[str] = []
    real = dial._connect

    async def connect(factory, address, port):
        started.append(address[1])
        if address[1] == "silent":
            await asyncio.Event().wait()
        return await real(factory, (V4, "127.0.0.1"), port)

    monkeypatch.setattr(dial, "_connect", connect)
    monkeypatch.setattr(dial, "STAGGER", 0.01)
    async with RawUpstream(wait_for_the_end) as upstream:
        addresses = [(V4, "silent"), (V4, "silent"), (V4, "answers"), (V4, "never asked")]
        transport, _ = await connect_first(Silent, addresses, upstream.port)
        assert started == ["silent", "silent", "answers"]
        assert asyncio.all_tasks() - upstream._tasks == {asyncio.current_task()}
        transport.abort()
        await upstream.until_closed()


async def test_cancelling_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    real = dial._connect

    async def late(factory, address, port):
        transport, protocol = await real(factory, address, port)
        try:
            await asyncio.Event().wait()
        finally:
            transport.abort()
        return transport, protocol

    monkeypatch.setattr(dial, "_connect", late)
    monkeypatch.setattr(dial, "STAGGER", 0.001)
    async with RawUpstream(wait_for_the_end) as upstream:
        addresses = [(V4, "127.0.0.1")] * 3
        task = asyncio.create_task(connect_first(Silent, addresses, upstream.port))
        await until(lambda: upstream.accepted == 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await upstream.until_closed()
