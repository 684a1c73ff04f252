"""The contract of `upstream/transport.py`, over every implementation."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from tests.contract.raw_upstream import Peer, RawUpstream, on_both_loops

from fairlead.upstream.fake import Answer, FakeTransport, Pause
from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.transport import (
    ConnectFailed,
    HttpRequest,
    ReadTimeout,
    Timeouts,
    Transport,
    TransportError,
    UpstreamProtocolError,
    UpstreamReset,
)

PATIENT = Timeouts()
SHORT = Timeouts(connect=30, read=0.5, total=60)
JSON = {"content-type": "application/json"}


@contextlib.asynccontextmanager
async def fake(*script: Answer) -> AsyncIterator[tuple[Transport, str]]:
    transport = FakeTransport(*script)
    yield transport, "http://upstream.test/v1/x"
    await transport.aclose()
    assert transport.unfinished == 0


@contextlib.asynccontextmanager
async def pooled(*script: Answer) -> AsyncIterator[tuple[Transport, str]]:
    """The same script, served as chunked answers over a socket."""
    left = list(script)

    async def handle(peer: Peer) -> None:
        while await peer.request():
            answer = left.pop(0)
            await asyncio.sleep(answer.wait)
            fields = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
            head = f"HTTP/1.1 {answer.status} X\r\n{fields}transfer-encoding: chunked\r\n\r\n"
            await peer.send(head.encode())
            for step in answer.steps:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                elif isinstance(step, TransportError):
                    peer.reset()
                    return
                else:
                    await peer.send(b"%x\r\n%b\r\n" % (len(step), step))
            await peer.send(b"0\r\n\r\n")

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport()
        yield transport, upstream.url()
        await transport.aclose()
        assert transport.stats().open == 0


Opening = Callable[..., contextlib.AbstractAsyncContextManager[tuple[Transport, str]]]
over_all = pytest.mark.parametrize("opening", [fake, pooled], ids=["fake", "pooled"])


def post(url: str, timeouts: Timeouts = PATIENT) -> HttpRequest:
    return HttpRequest("POST", url, (("content-type", "text/plain"),), b"hi", timeouts)


@over_all
@on_both_loops
async def test_an_answer_has_status_headers_and_body(opening: Opening) -> None:
    async with opening(Answer(429, JSON | {"retry-after": "3"}, (b'{"a"', b":1}"))) as (t, url):
        response = await t.send(post(url))
        assert response.status == 429
        assert response.headers["retry-after"] == "3"
        assert response.headers["content-type"] == "application/json"
        assert await response.read(100) == b'{"a":1}'


@over_all
@on_both_loops
async def test_chunks_are_the_body_as_it_arrives(opening: Opening) -> None:
    steps = (b"one ", Pause(0.3), b"two ", Pause(0.3), b"three")
    async with opening(Answer(steps=steps)) as (t, url):
        response = await t.send(post(url))
        chunks = [chunk async for chunk in response.chunks()]
        assert b"".join(chunks) == b"one two three"
        assert len(chunks) == 3
        assert all(chunks)


@over_all
@on_both_loops
async def test_an_empty_body_and_reading_past_the_end(opening: Opening) -> None:
    async with opening(Answer(200), Answer(200, steps=(b"x",))) as (t, url):
        response = await t.send(post(url))
        assert await response.read(0) == b""
        response = await t.send(post(url))
        assert await response.read(1) == b"x"
        assert await response.read(1) == b""
        assert [chunk async for chunk in response.chunks()] == []
        await response.aclose()
        await response.aclose()


@over_all
@on_both_loops
async def test_a_body_over_the_limit_is_refused(opening: Opening) -> None:
    async with opening(Answer(steps=(b"x" * 60, b"y" * 60))) as (t, url):
        response = await t.send(post(url))
        with pytest.raises(UpstreamProtocolError, match="more than 100 bytes"):
            await response.read(100)
        with pytest.raises(UpstreamReset):
            await response.read(1000)


@over_all
@on_both_loops
async def test_silence_before_the_head(opening: Opening) -> None:
    async with opening(Answer(wait=600)) as (t, url):
        with pytest.raises(ReadTimeout) as caught:
            await t.send(post(url, SHORT))
        assert caught.value.sent


@over_all
@on_both_loops
async def test_silence_within_the_body(opening: Opening) -> None:
    async with opening(Answer(steps=(b"begun", Pause(600), b"never"))) as (t, url):
        response = await t.send(post(url, SHORT))
        chunks = response.chunks()
        assert await anext(chunks) == b"begun"
        with pytest.raises(ReadTimeout):
            await anext(chunks)


@over_all
@on_both_loops
async def test_a_drip_that_never_is_silent_meets_the_total_time(opening: Opening) -> None:
    steps = (b"x", Pause(0.02)) * 500
    async with opening(Answer(steps=steps)) as (t, url):
        response = await t.send(post(url, Timeouts(connect=5, read=5, total=0.5)))
        with pytest.raises(ReadTimeout):
            await response.read(1000)


@over_all
@on_both_loops
async def test_a_reset_comes_after_the_bytes_before_it(opening: Opening) -> None:
    steps = (b"begun", Pause(0.03), UpstreamReset("cut", sent=True))
    async with opening(Answer(steps=steps)) as (t, url):
        response = await t.send(post(url))
        chunks = response.chunks()
        assert await anext(chunks) == b"begun"
        with pytest.raises(UpstreamReset) as caught:
            await anext(chunks)
        assert caught.value.sent


@over_all
@on_both_loops
async def test_a_closed_answer_cannot_pass_for_a_complete_one(opening: Opening) -> None:
    async with opening(Answer(steps=(b"begun", Pause(600), b"never"))) as (t, url):
        response = await t.send(post(url))
        chunks = response.chunks()
        assert await anext(chunks) == b"begun"
        await response.aclose()
        with pytest.raises(UpstreamReset):
            await anext(chunks)


@over_all
@on_both_loops
async def test_cancelling_a_send(opening: Opening) -> None:
    async with opening(Answer(wait=600)) as (t, url):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await t.send(post(url))


@over_all
@on_both_loops
async def test_cancelling_a_reader(opening: Opening) -> None:
    async with opening(Answer(steps=(b"begun", Pause(600)))) as (t, url):
        response = await t.send(post(url))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await response.read(100)
        with pytest.raises(UpstreamReset):
            await response.read(100)


@over_all
@on_both_loops
async def test_a_closed_transport_refuses(opening: Opening) -> None:
    async with opening(Answer(), Answer()) as (t, url):
        response = await t.send(post(url))
        await response.read(0)
        await t.aclose()
        with pytest.raises(ConnectFailed) as caught:
            await t.send(post(url))
        assert not caught.value.sent
