"""PooledTransport against answers of every shape: framing, limits, rubbish, early ends."""

import asyncio

import pytest
from tests.contract.raw_upstream import (
    OK,
    Peer,
    RawUpstream,
    answering,
    on_both_loops,
    repeating,
    sending,
)

from fairlead.upstream.answer import WireLimits
from fairlead.upstream.origin_pool import PoolLimits
from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.transport import (
    HttpRequest,
    Timeouts,
    TransportError,
    UpstreamProtocolError,
    UpstreamReset,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def ask(
    answer: bytes, method: str = "POST", limits: PoolLimits | None = None
) -> tuple[int, dict[str, str], bytes, bool]:
    """Status, headers, body, and whether the connection was kept."""
    async with RawUpstream(sending(answer)) as upstream:
        transport = PooledTransport(limits=limits)
        try:
            response = await transport.send(HttpRequest(method, upstream.url(), ()))
            body = await response.read(1 << 20)
            return response.status, response.headers, body, transport.stats().idle == 1
        finally:
            await transport.aclose()


GOOD = {
    "content-length": (OK, 200, b"ok", True),
    "chunked": (CHUNKED + b"2\r\nab\r\n1;ext=1\r\nc\r\n0\r\n\r\n", 200, b"abc", True),
    "chunked with trailer": (CHUNKED + b"1\r\nc\r\n0\r\nx-sum: 1\r\n\r\n", 200, b"c", True),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    "not modified, with a length": (
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
        304,
        b"",
        True,
    ),
    "no reason phrase": (b"HTTP/1.1 503 \r\ncontent-length: 0\r\n\r\n", 503, b"", True),
    "interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + OK,
        200,
        b"ok",
        True,
    ),
    "connection: close": (
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        200,
        b"ok",
        False,
    ),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, b"ok", False),
    "HTTP/1.0, kept": (
        b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok",
        200,
        b"ok",
        True,
    ),
    "identity": (
        b"HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-length: 2\r\n\r\nok",
        200,
        b"ok",
        True,
    ),
    "a redirect is an answer": (
        b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n",
        302,
        b"",
        True,
    ),
    "bytes beyond the answer": (OK + b"HTTP/1.1 200 OK\r\n", 200, b"ok", False),
    "rubbish beyond the answer": (OK + b"\0\0\0", 200, b"ok", False),
}


@pytest.mark.parametrize("case", GOOD)
@on_both_loops
async def test_an_answer_is_read_whole(case: str) -> None:
    answer, status, body, kept = GOOD[case]
    got = await ask(answer)
    assert (got[0], got[2], got[3]) == (status, body, kept)


@pytest.mark.parametrize("case", GOOD)
@on_both_loops
async def test_an_answer_that_comes_byte_by_byte_is_the_same(case: str) -> None:
    answer, status, body, _ = GOOD[case]

    async def drip(peer: Peer) -> None:
        await peer.request()
        for at in range(len(answer)):
            await peer.send(answer[at : at + 1])
            await asyncio.sleep(0)
        await peer.gone()

    async with RawUpstream(drip) as upstream:
        transport = PooledTransport()
        response = await transport.send(HttpRequest("POST", upstream.url(), ()))
        assert (response.status, await response.read(100)) == (status, body)
        await transport.aclose()


@on_both_loops
async def test_head_has_no_body_whatever_its_headers_say() -> None:
    for fields in (b"content-length: 500", b"transfer-encoding: chunked", b"content-length: 0"):
        head = b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n"
        async with RawUpstream(answering(head, OK)) as upstream:
            transport = PooledTransport()
            response = await transport.send(HttpRequest("HEAD", upstream.url(), ()))
            assert await response.read(10) == b""
            response = await transport.send(HttpRequest("GET", upstream.url(), ()))
            assert await response.read(10) == b"ok"
            assert upstream.accepted == 1, fields
            await transport.aclose()


@on_both_loops
async def test_a_body_until_the_close() -> None:
    async with RawUpstream(answering(b"HTTP/1.1 200 OK\r\n\r\nall of it")) as upstream:
        transport = PooledTransport()
        response = await transport.send(HttpRequest("GET", upstream.url(), ()))
        assert await response.read(100) == b"all of it"
        await upstream.until_closed()
        await transport.aclose()


@on_both_loops
async def test_header_names_are_lowered_and_repeated_ones_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\nVary: a\r\nX-Latin: caf\xe9\r\nvary: b\r\nContent-Length: 0\r\n\r\n"
    _, headers, _, _ = await ask(head)
    assert headers == {"vary": "a, b", "x-latin": "caf\xe9", "content-length": "0"}


REFUSED = {
    "not HTTP": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "HTTP/2 preface": b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\x01\0\0\0\x05\0\xff\xff\xff",
    "another version": b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    "compressed": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx",
    "compressed framing": b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "switching protocols": b"HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
    "bad length": b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
    "length and chunked": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"
    b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk size": CHUNKED + b"zz\r\nab\r\n0\r\n\r\n",
    "bad header": b"HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
    "folded header": b"HTTP/1.1 200 OK\r\na: 1\r\n b\r\ncontent-length: 0\r\n\r\n",
    "one huge header": b"HTTP/1.1 200 OK\r\na: " + b"x" * 70_000 + b"\r\n\r\n",
    "an endless header": b"HTTP/1.1 200 OK\r\na: " + b"x" * 200_000,
    "an endless header name": b"HTTP/1.1 200 OK\r\n" + b"x" * 200_000,
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"a: 1\r\n" * 300 + b"content-length: 0\r\n\r\n",
    "endless interim answers": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000,
    "an endless chunk extension": CHUNKED + b"1;" + b"x" * 200_000,
    "endless trailers": CHUNKED + b"0\r\n" + b"a: 1\r\n" * 30_000,
}


@pytest.mark.parametrize("case", REFUSED)
@on_both_loops
async def test_what_is_not_a_sound_answer_is_refused(case: str) -> None:
    with pytest.raises(UpstreamProtocolError) as caught:
        await ask(REFUSED[case])
    assert caught.value.sent
    assert "http://127.0.0.1:" in str(caught.value)


@on_both_loops
async def test_limits_on_the_head_are_settings() -> None:
    answer = b"HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\ncontent-length: 0\r\n\r\n"
    assert (await ask(answer, limits=PoolLimits(wire=WireLimits(header_count=3))))[0] == 200
    with pytest.raises(UpstreamProtocolError, match="more than 2 headers"):
        await ask(answer, limits=PoolLimits(wire=WireLimits(header_count=2)))


CUT = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "half a body": b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
    "no last chunk": CHUNKED + b"4\r\nhalf\r\n",
    "half a chunk": CHUNKED + b"8\r\nhalf",
    "no end of the trailers": CHUNKED + b"4\r\nhalf\r\n0\r\n",
}


@pytest.mark.parametrize("case", CUT)
@on_both_loops
async def test_an_answer_that_is_cut_off_is_a_reset(case: str) -> None:
    async with RawUpstream(answering(CUT[case])) as upstream:
        transport = PooledTransport()

        async def ask_it() -> bytes:
            response = await transport.send(HttpRequest("POST", upstream.url(), (), b"{}"))
            return await response.read(100)

        with pytest.raises(UpstreamReset) as caught:
            await ask_it()
        assert caught.value.sent
        assert transport.stats().in_flight <= 1
        await transport.aclose()


@on_both_loops
async def test_a_declared_length_over_the_limit_is_refused_before_it_comes() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\nx"
    async with RawUpstream(sending(head)) as upstream:
        transport = PooledTransport()
        response = await transport.send(HttpRequest("GET", upstream.url(), ()))
        with pytest.raises(UpstreamProtocolError, match="more than 1000 bytes"):
            await response.read(1000)
        await upstream.until_closed()
        await transport.aclose()


@on_both_loops
async def test_what_goes_out() -> None:
    async with RawUpstream(repeating(OK)) as upstream:
        transport = PooledTransport()
        headers = (("content-type", "application/json"), ("x-note", "caf\xe9"))
        for method, path, body in (
            ("POST", "/a?b=c#not-sent", b'{"a":1}'),
            ("POST", "", b""),
            ("GET", "/", b""),
        ):
            response = await transport.send(HttpRequest(method, upstream.url(path), headers, body))
            await response.read(10)
        await transport.aclose()
    common = (
        f"host: 127.0.0.1:{upstream.port}\r\naccept-encoding: identity\r\n%s"
        "content-type: application/json\r\nx-note: caf\xe9\r\n\r\n"
    )
    assert [head.decode("latin-1") for head, _ in upstream.requests] == [
        "POST /a?b=c HTTP/1.1\r\n" + common % "content-length: 7\r\n",
        "POST / HTTP/1.1\r\n" + common % "content-length: 0\r\n",
        "GET / HTTP/1.1\r\n" + common % "",
    ]
    assert upstream.requests[0][1] == b'{"a":1}'


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("GET", "http://h/", (("a", "1\r\nx-evil: 1"),)),
        ("GET", "http://h/", (("a", "1\nx-evil: 1"),)),
        ("GET", "http://h/", (("a", "1\0"),)),
        ("GET", "http://h/", (("a", "\u2028"),)),
        ("GET", "http://h/", (("a: 1\r\nb", "2"),)),
        ("GET", "http://h/", (("a b", "2"),)),
        ("GET", "http://h/", (("", "2"),)),
        ("GET", "http://h/", (("A", "2"),)),
        ("GET", "http://h/", (("host", "other"),)),
        ("GET", "http://h/", (("content-length", "0"),)),
        ("GET", "http://h/", (("transfer-encoding", "chunked"),)),
        ("GET /x HTTP/1.1\r\na: 1\r\n", "http://h/", ()),
        ("", "http://h/", ()),
        ("GET", "http://h/\r\nx-evil: 1", ()),
        ("GET", "http://h/a b", ()),
        ("GET", "http://h/caf\xe9", ()),
        ("GET", "http://user:secret@h/", ()),
        ("GET", "http://@h/", ()),
        ("GET", "ftp://h/", ()),
        ("GET", "/relative", ()),
        ("GET", "http:///x", ()),
        ("GET", "http://h:99999/", ()),
        ("GET", "http://[::1/", ()),
    ],
)
async def test_nothing_can_be_smuggled_into_a_request(
    method: str, url: str, headers: tuple[tuple[str, str], ...]
) -> None:
    transport = PooledTransport()
    with pytest.raises(TransportError) as caught:
        await transport.send(HttpRequest(method, url, headers, timeouts=Timeouts(connect=1)))
    assert not caught.value.sent
    assert "refused" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert transport.stats().dialled == 0
