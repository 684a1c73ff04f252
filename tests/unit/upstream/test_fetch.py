"""The guarded fetch: what it refuses, where it connects, what bounds it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme
from msgspec.structs import replace
from tests.contract.raw_proxy import SocksProxy
from tests.contract.raw_upstream import Peer, RawUpstream, repeating, until

from fairlead.canon.errors import Failure
from fairlead.upstream import fetch
from fairlead.upstream.address import why_private
from fairlead.upstream.fetch import FetchPolicy, fetch_media, refuse_private
from fairlead.upstream.proxy import parse_proxy
from fairlead.upstream.tls import TlsSettings

DEFAULT = FetchPolicy()
PATH = "messages[0].content[1].image_url.url"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def answer(body: bytes = PNG, mime: str = "image/png", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {mime}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return f"HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()


def routes(table: dict[str, bytes]):
    async def handle(peer: Peer) -> None:
        while request := await peer.request():
            await peer.send(table[request.split()[1].decode()])

    return handle


class Names:
    """A DNS of the test's own, through which every look-up of a fetch goes."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.table: dict[str, list[str]] = {}

    async def resolve(self, host: str, port: int):
        self.asked.append(host)
        if host not in self.table:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name")
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in address], address) for address in self.table[host]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """`media.example` is 127.0.0.1, which passes for public; all other addresses are judged."""
    names = Names()
    names.table["media.example"] = ["127.0.0.1"]
    monkeypatch.setattr(fetch, "resolve", names.resolve)
    monkeypatch.setattr(
        fetch, "why_private", lambda a: None if a == "127.0.0.1" else why_private(a)
    )
    return names


@contextlib.asynccontextmanager
async def serving(handler, **policy) -> AsyncIterator[tuple[RawUpstream, FetchPolicy]]:
    async with RawUpstream(handler) as upstream:
        yield upstream, FetchPolicy(ports=frozenset((upstream.port,)), **policy)


async def refusal(url: str, policy: FetchPolicy = DEFAULT) -> str:
    with pytest.raises(Failure) as caught:
        await fetch_media(url, policy=policy, path=PATH)
    problem = caught.value.problem
    assert problem.kind == "invalid_request"
    assert problem.param == PATH
    assert problem.hint
    return problem.message


async def test_a_public_file_is_fetched(names: Names) -> None:
    async with serving(repeating(answer(mime="Image/PNG; q=1"))) as (upstream, policy):
        url = upstream.url("/a b.png?x=1&y=\xe9#part".replace(" ", "%20"), host="media.example")
        assert await fetch_media(url, policy=policy, path=PATH) == ("image/png", PNG)
        head = upstream.requests[0][0].decode()
        assert head.startswith("GET /a%20b.png?x=1&y=%C3%A9 HTTP/1.1\r\n")
        assert f"host: media.example:{upstream.port}\r\n" in head
        assert "cookie" not in head
        await upstream.until_closed()


async def test_the_name_is_asked_for_once_and_the_checked_address_is_used(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: had the name been asked for again, it would lead elsewhere by then."""
    loop = asyncio.get_running_loop()
    looked_up: list[str] = []
    real = loop.getaddrinfo

    async def spy(host, port, **more):
        looked_up.append(host)
        return await real(host, port, **more)

    monkeypatch.setattr(loop, "getaddrinfo", spy)
    async with serving(repeating(answer())) as (upstream, policy):
        url = upstream.url(host="media.example")
        await fetch_media(url, policy=policy, path=PATH)
    assert names.asked == ["media.example"]
    assert "media.example" not in looked_up


@pytest.mark.parametrize(
    "addresses", [["10.0.0.7"], ["93.184.215.14", "192.168.0.1"], ["::1"], ["64:ff9b::a00:1"]]
)
async def test_one_private_address_of_a_name_is_enough(names: Names, addresses: list[str]) -> None:
    names.table["evil.example"] = addresses
    message = await refusal("https://evil.example/x.png")
    assert "its host leads to a" in message
    assert not any(address in message for address in addresses)


async def test_the_true_guard_on_a_true_name() -> None:
    """Nothing patched: what the system's resolver says of localhost's other spelling."""
    async with RawUpstream(repeating(answer())) as upstream:
        policy = FetchPolicy(ports=frozenset((upstream.port,)))
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"):
            assert "refused" in await refusal(upstream.url(host=host), policy)
        assert upstream.accepted == 0
        allowed = FetchPolicy(allow_private=frozenset((f"localhost:{upstream.port}",)))
        got = await fetch_media(upstream.url(host="localhost"), policy=allowed, path=PATH)
        assert got == ("image/png", PNG)
        assert "refused" in await refusal(upstream.url(host="127.0.0.1"), allowed)
        ported = FetchPolicy(
            allow_private=frozenset(("127.0.0.1",)), ports=frozenset((upstream.port,))
        )
        assert (await fetch_media(upstream.url(), policy=ported, path=PATH))[0] == "image/png"
        portless = FetchPolicy(allow_private=frozenset(("127.0.0.1",)))
        assert f"port {upstream.port} is not allowed" in await refusal(upstream.url(), portless)


BAD = {
    "ftp://example.com/x": "only http and https",
    "file:///etc/passwd": "only http and https",
    "//example.com/x": "only http and https",
    "example.com/x": "only http and https",
    "": "only http and https",
    "http:///x": "no host",
    "http:x": "no host",
    "https://user:pw@example.com/x": "credentials",
    "https://example.com@10.0.0.1/x": "credentials",
    "https://example.com\\@10.0.0.1/x": "backslash",
    "https://exa\tmple.com/x": "white space",
    " https://example.com/": "white space",
    "https://example.com/\x00": "control",
    "https://example.com:99999/": "can't be read",
    "https://[::1/": "can't be read",
    "https://example.com:8080/x": "port 8080 is not allowed",
    "https://example.com%2fx/": "not a valid name",
    "https://[fe80::1%25eth0]/": "not a valid name",
    "http://169.254.169.254/latest/meta-data": "link-local",
    "http://metadata.google.internal/": "only inside a network",
    "http://[::]/": "unspecified",
}


@pytest.mark.parametrize("url", BAD)
async def test_urls_that_are_refused_unseen(url: str, names: Names) -> None:
    assert BAD[url] in await refusal(url)
    assert names.asked == []


async def test_redirects_are_followed_and_checked_anew(names: Names) -> None:
    names.table["private.example"] = ["10.1.1.1"]
    async with serving(
        routes(
            {
                "/1": redirect("/2", "301 Moved"),
                "/2": redirect("../3", "307 Temporary Redirect"),
                "/3": redirect("3?end", "308 Permanent Redirect"),
                "/3?end": answer(),
                "/long": redirect("/1"),
                "/nowhere": b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n",
                "/name": redirect("http://private.example/x"),
                "/literal": redirect("http://169.254.169.254/x"),
                "/file": redirect("file:///etc/passwd"),
                "/port": redirect("http://media.example:22/"),
                "/user": redirect("http://a:b@media.example/"),
            }
        )
    ) as (upstream, policy):
        base = upstream.url("", host="media.example")
        ported = FetchPolicy(ports=policy.ports | {80})
        assert (await fetch_media(base + "/1", policy=policy, path=PATH))[1] == PNG
        assert "more than 3 times" in await refusal(base + "/long", policy)
        assert "to nowhere" in await refusal(base + "/nowhere", policy)
        assert "its host leads to a private" in await refusal(base + "/name", ported)
        assert "link-local" in await refusal(base + "/literal", ported)
        assert "only http" in await refusal(base + "/file", ported)
        assert "port 22" in await refusal(base + "/port", ported)
        assert "credentials" in await refusal(base + "/user", ported)
        await upstream.until_closed()


async def test_size_is_bounded_declared_or_not(names: Names) -> None:
    endless = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n" + b"x" * 5000
    declared = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 99999\r\n\r\n"
    table = {"/e": endless, "/d": declared, "/exact": answer(b"x" * 1000)}
    async with serving(routes(table), max_bytes=1000) as (upstream, policy):
        for path in ("/e", "/d"):
            message = await refusal(upstream.url(path, host="media.example"), policy)
            assert "more than 1000 bytes" in message
        exact = upstream.url("/exact", host="media.example")
        assert len((await fetch_media(exact, policy=policy, path=PATH))[1]) == 1000
        await upstream.until_closed()


async def test_time_is_bounded_over_all(names: Names) -> None:
    async def drip(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n")
        for _ in range(1000):
            await peer.send(b"x")
            await asyncio.sleep(0.01)

    async with serving(drip, timeout=0.1) as (upstream, policy):
        message = await refusal(upstream.url(host="media.example"), policy)
        assert "could not be fetched" in message
        await upstream.until_closed()


async def test_content_types(names: Names) -> None:
    table = {
        "/html": answer(b"<html>", "text/html; charset=utf-8"),
        "/zip": answer(b"PK", "application/zip"),
        "/none": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
        "/pdf": answer(b"%PDF-", "application/pdf"),
    }
    async with serving(routes(table)) as (upstream, policy):
        base = upstream.url("", host="media.example")
        assert "text/html, not to media" in await refusal(base + "/html", policy)
        assert "application/zip, not to media" in await refusal(base + "/zip", policy)
        assert await fetch_media(base + "/none", policy=policy, path=PATH) == (
            "application/octet-stream",
            b"x",
        )
        assert (await fetch_media(base + "/pdf", policy=policy, path=PATH))[0] == "application/pdf"


async def test_what_can_not_be_had_is_the_clients_error(names: Names) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    closed = FetchPolicy(ports=frozenset((port,)))
    assert "could not be fetched" in await refusal(f"http://media.example:{port}/", closed)
    assert "unknown name" in await refusal("http://no-such.example/", FetchPolicy())
    table = {
        "/404": answer(status="404 Not Found"),
        "/206": answer(status="206 Partial Content"),
        "/cut": b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 9\r\n\r\nx",
        "/gzip": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n",
        "/junk": b"\0\1\2\3",
    }

    async def once(peer: Peer) -> None:
        request = await peer.request()
        await peer.send(table[request.split()[1].decode()])

    async with serving(once) as (upstream, policy):
        base = upstream.url("", host="media.example")
        assert "answered 404" in await refusal(base + "/404", policy)
        assert "answered 206" in await refusal(base + "/206", policy)
        assert "cut its answer short" in await refusal(base + "/cut", policy)
        assert "compressed" in await refusal(base + "/gzip", policy)
        assert "HTTP/1.1" in await refusal(base + "/junk", policy)


async def test_tls_verifies_the_name_though_the_address_is_pinned(
    names: Names, tmp_path_factory: pytest.TempPathFactory
) -> None:
    authority = trustme.CA()
    file = str(tmp_path_factory.mktemp("ca") / "ca.pem")
    authority.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("media.example").configure_cert(context)
    names.table["other.example"] = ["127.0.0.1"]
    async with RawUpstream(repeating(answer()), tls=context) as upstream:
        policy = FetchPolicy(ports=frozenset((upstream.port,)), tls=TlsSettings(ca_file=file))
        url = upstream.url(host="media.example")
        assert (await fetch_media(url, policy=policy, path=PATH))[1] == PNG
        message = await refusal(upstream.url(host="other.example"), policy)
        assert "certificate is not accepted" in message


async def test_a_proxy_is_asked_for_the_address_that_was_checked(names: Names) -> None:
    names.table["inside.example"] = ["10.1.2.3"]
    async with serving(repeating(answer())) as (upstream, policy), SocksProxy() as proxy:
        gate = parse_proxy(f"socks5h://127.0.0.1:{proxy.port}")
        through = replace(policy, proxy=gate)
        url = upstream.url(host="media.example")
        assert (await fetch_media(url, policy=through, path=PATH))[1] == PNG
        assert proxy.asked == [f"1 127.0.0.1:{upstream.port}"]
        await refusal(upstream.url(host="inside.example"), through)
        assert len(proxy.asked) == 1, "the guard stands before the proxy"


async def test_cancelling_a_fetch_closes_its_connection(names: Names) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with serving(silent) as (upstream, policy):
        task = asyncio.create_task(
            fetch_media(upstream.url(host="media.example"), policy=policy, path=PATH)
        )
        await until(lambda: upstream.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await upstream.until_closed()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x.png",
        "https://2130706433/",
        "https://0x7f.1:8443/",
        "https://[::1]/",
        "HTTPS://LOCALHOST/",
        "https://nas.local/x",
        "https://a.internal./x",
        "ht\ttp://127.0.0.1/",
        " http://127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "https:10.0.0.1",
        "//10.0.0.1/x",
        "http://\u2460\u2461\u2466.1/",
    ],
)
def test_private_urls_are_refused_for_the_vendor_too(url: str) -> None:
    with pytest.raises(Failure) as caught:
        refuse_private(url, PATH)
    assert caught.value.problem.param == PATH
    assert caught.value.problem.status == 400


def test_other_urls_pass_to_the_vendor() -> None:
    for url in ("https://example.com:8443/x.png", "gs://bucket/x.mp4", "http://8.8.8.8/x"):
        refuse_private(url, PATH)
    refuse_private("http://nas.local/x", PATH, FetchPolicy(allow_private=frozenset(("nas.local",))))
