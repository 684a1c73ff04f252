"""PooledTransport through proxies: HTTP CONNECT and absolute form, TLS to the proxy, SOCKS5."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
import trustme
from tests.contract.raw_proxy import HttpProxy, RawProxy, SocksProxy
from tests.contract.raw_upstream import OK, RawUpstream, on_both_loops, repeating, until

from fairlead.upstream import tunnel as tunnel_module
from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.proxy import parse_proxy
from fairlead.upstream.tls import TlsSettings
from fairlead.upstream.transport import ConnectFailed, HttpRequest, Timeouts

USER, PASSWORD = "geheim", "pass:wört/@"
SIGNED = "geheim:pass%3Aw%C3%B6rt%2F%40@"
KINDS = {"http": HttpProxy, "socks5": SocksProxy, "socks5h": SocksProxy}


class House:
    """A CA, and a server's context for each name."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.file = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.file)

    def server(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        return context

    def through(self, proxy: RawProxy, scheme: str, credentials: str = "") -> PooledTransport:
        text = f"{scheme}://{credentials}127.0.0.1:{proxy.port}"
        return PooledTransport(tls=TlsSettings(self.file), proxy=parse_proxy(text))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("proxies"))


async def get(transport: PooledTransport, url: str, connect: float = 60) -> bytes:
    response = await transport.send(HttpRequest("GET", url, (), timeouts=Timeouts(connect)))
    return await response.read(1 << 24)


async def refused(transport: PooledTransport, url: str, connect: float = 60) -> str:
    """The message of a request that must fail before anything was sent."""
    with pytest.raises(ConnectFailed) as caught:
        await get(transport, url, connect)
    assert not caught.value.sent
    told = f"{caught.value!r} {caught.value.__cause__!r}"
    for secret in ("geheim", "pass:", "pass%3A", "Z2VoZWlt"):
        assert secret not in told
    await until(lambda: not (transport.stats().open or transport.stats().connecting))
    await transport.aclose()
    return str(caught.value)


@pytest.mark.parametrize("credentials", [None, (USER, PASSWORD)], ids=["open", "signed"])
@pytest.mark.parametrize("scheme", KINDS)
@on_both_loops
async def test_https_through_a_tunnel(
    house: House, scheme: str, credentials: tuple[str, str] | None
) -> None:
    async with RawUpstream(repeating(OK), tls=house.server("localhost")) as upstream:
        place = f"localhost:{upstream.port}"
        # `socks5` looks it up here, and the file of hosts may give either address or both.
        routes = dict.fromkeys((place, f"::1:{upstream.port}"), ("127.0.0.1", upstream.port))
        async with KINDS[scheme](credentials=credentials, routes=routes) as proxy:
            transport = house.through(proxy, scheme, SIGNED if credentials else "")
            url = upstream.url(host="localhost")
            for _ in range(3):
                assert await get(transport, url) == b"ok"
            assert (proxy.accepted, upstream.accepted) == (1, 1), "the tunnel is kept"
            (asked,) = proxy.asked
            wanted = {"http": f"CONNECT {place}", "socks5h": f"3 {place}"}
            if scheme in wanted:
                assert asked == wanted[scheme]
            else:
                assert asked in {f"1 127.0.0.1:{upstream.port}", f"4 ::1:{upstream.port}"}
            if scheme != "http" and credentials:
                assert proxy.signed == [credentials]
            head = upstream.requests[0][0].lower()
            assert b"proxy" not in head
            await transport.aclose()
            await until(lambda: not upstream.open)
            await proxy.until_closed()


@on_both_loops
async def test_tls_to_the_proxy_and_through_it(house: House) -> None:
    big = bytes(range(256)) * 4096

    async def echo(peer) -> None:
        while (request := await peer.request()) != b"":
            sent = request.partition(b"\r\n\r\n")[2]
            await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(sent) + sent)

    async with (
        RawUpstream(echo, tls=house.server("127.0.0.1")) as secure,
        RawUpstream(echo) as plain,
        HttpProxy(tls=house.server("127.0.0.1"), credentials=(USER, PASSWORD)) as proxy,
    ):
        transport = house.through(proxy, "https", SIGNED)
        for upstream in (secure, plain, secure):
            response = await transport.send(HttpRequest("POST", upstream.url(), (), big))
            assert await response.read(1 << 24) == big
        assert [asked.partition(" ")[0] for asked in proxy.asked] == ["CONNECT", "POST"]
        await transport.aclose()
        await proxy.until_closed()
        stranger = PooledTransport(proxy=parse_proxy(f"https://127.0.0.1:{proxy.port}"))
        told = await refused(stranger, secure.url())
        assert "TLS with the proxy: the certificate is not accepted" in told


@on_both_loops
async def test_plain_http_is_passed_on_in_absolute_form(house: House) -> None:
    async with RawUpstream(repeating(OK)) as upstream:
        place = f"vendor.test:{upstream.port}"
        async with HttpProxy(
            credentials=(USER, PASSWORD), routes={place: ("127.0.0.1", upstream.port)}
        ) as proxy:
            transport = house.through(proxy, "http", SIGNED)
            url = f"http://{place}/v1/x?y=1"
            for _ in range(2):
                assert await get(transport, url) == b"ok"
            assert proxy.asked == [f"GET {url}"], "one connection, kept"
            head = upstream.requests[0][0]
            assert head.startswith(b"GET /v1/x?y=1 HTTP/1.1\r\n")
            assert f"host: {place}\r\n".encode() in head
            assert b"proxy-authorization" not in head
            await transport.aclose()
            told = await refused(house.through(proxy, "http"), url)
            assert "status 407" in told
            assert "http://user:password@host:port" in told


@on_both_loops
async def test_plain_http_goes_through_socks_as_anything_else(house: House) -> None:
    async with RawUpstream(repeating(OK)) as upstream, SocksProxy() as proxy:
        transport = house.through(proxy, "socks5h")
        assert await get(transport, upstream.url()) == b"ok"
        assert proxy.asked == [f"1 127.0.0.1:{upstream.port}"]
        await transport.aclose()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 403 Filtered\r\n\r\n", "does not allow it (status 403)"),
        (b"HTTP/1.1 502 Bad\r\n\r\n", "cannot reach it (status 502)"),
        (b"HTTP/1.0 503 Busy\r\n\r\n", "overloaded (status 503)"),
        (b"HTTP/1.1 302 Login\r\nlocation: http://x/\r\n\r\n", "made no tunnel (status 302)"),
        (b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n", "wants a user name"),
        (b"HTTP/1.0 401 Unauthorized\r\n\r\n", "wants a user name"),
        (
            b"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate: NTLM\r\n\r\n",
            "wants Negotiate or NTLM",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "is no HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nwhat is this", "bytes that nobody asked for"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 40_000, "too long"),
    ],
)
@on_both_loops
async def test_what_an_http_proxy_says_in_place_of_a_tunnel(
    house: House, answer: bytes, words: str
) -> None:
    async with HttpProxy(answer=answer) as proxy:
        told = await refused(house.through(proxy, "http"), "https://vendor.test/x")
        assert words in told
        assert f"https://vendor.test (through http://127.0.0.1:{proxy.port})" in told
        await proxy.until_closed()


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
@on_both_loops
async def test_wrong_credentials(house: House, scheme: str) -> None:
    async with KINDS[scheme](credentials=("another", "one")) as proxy:
        told = await refused(house.through(proxy, scheme, SIGNED), "https://vendor.test/x")
        assert "refuses the user name or the password" in told
        await proxy.until_closed()
        told = await refused(house.through(proxy, scheme), "https://vendor.test/x")
        assert "http://user:password@host:port" in told


REPLIES = {
    1: "failed",
    2: "by its rules",
    3: "cannot reach the network",
    4: "cannot reach the host",
    5: "refused the connection",
    6: "no answer",
    7: "makes no connections",
    8: "this kind of address",
    9: "failed",
}


@pytest.mark.parametrize("reply", REPLIES)
@on_both_loops
async def test_what_a_socks_proxy_says(house: House, reply: int) -> None:
    async with SocksProxy(refusals={3: reply}) as proxy:
        told = await refused(house.through(proxy, "socks5h"), "https://vendor.test/x")
        assert REPLIES[reply] in told
        assert "asked for vendor.test:443, the proxy" in told
        assert f"(SOCKS reply {reply})" in told
        await proxy.until_closed()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad\r\n\r\n", b"\x04\x00"])
@on_both_loops
async def test_what_is_no_socks_proxy(house: House, answer: bytes) -> None:
    async with SocksProxy(answer=answer) as proxy:
        told = await refused(house.through(proxy, "socks5h"), "https://vendor.test/x")
        assert "is no SOCKS5" in told


@on_both_loops
async def test_addresses_of_both_families_are_tried(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def both(host: str, port: int):
        if host != "vendor.test":
            return [(socket.AF_INET, host)]
        return [
            (socket.AF_INET6, "2001:db8::1"),
            (socket.AF_INET, "192.0.2.1"),
            (socket.AF_INET6, "2001:db8::2"),
        ]

    monkeypatch.setattr(tunnel_module, "resolve", both)
    async with RawUpstream(repeating(OK), tls=house.server("vendor.test")) as upstream:
        routes = {"192.0.2.1:443": ("127.0.0.1", upstream.port)}
        async with SocksProxy(refusals={4: 8}, routes=routes) as proxy:
            transport = house.through(proxy, "socks5")
            assert await get(transport, "https://vendor.test/x") == b"ok"
            assert proxy.asked == ["4 2001:db8::1:443", "1 192.0.2.1:443"]
            await transport.aclose()
            await proxy.until_closed()
        async with SocksProxy(refusals={4: 2}) as proxy:
            told = await refused(house.through(proxy, "socks5"), "https://vendor.test/x")
            assert "asked for [2001:db8::1]:443, the proxy does not allow it" in told
            assert len(proxy.asked) == 1, "what is not allowed is not asked for in another way"


@on_both_loops
async def test_an_ipv6_address_is_asked_for_as_one(house: House) -> None:
    async with RawUpstream(repeating(OK), tls=house.server("2001:db8::5")) as upstream:
        to = ("127.0.0.1", upstream.port)
        async with SocksProxy(routes={"2001:db8::5:443": to}) as proxy:
            transport = house.through(proxy, "socks5h")
            assert await get(transport, "https://[2001:db8::5]/x") == b"ok"
            assert proxy.asked == ["4 2001:db8::5:443"]
            await transport.aclose()
        async with HttpProxy(routes={"[2001:db8::5]:443": to}) as proxy:
            transport = house.through(proxy, "http")
            assert await get(transport, "https://[2001:db8::5]/x") == b"ok"
            assert proxy.asked == ["CONNECT [2001:db8::5]:443"]
            await transport.aclose()


@pytest.mark.parametrize("scheme", ["http", "https", "socks5h"])
@on_both_loops
async def test_a_proxy_that_is_down_or_silent_or_hangs_up(house: House, scheme: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    transport = PooledTransport(proxy=parse_proxy(f"{scheme}://geheim:pass%3A@127.0.0.1:{port}"))
    told = await refused(transport, "https://vendor.test/x")
    assert "the proxy cannot be reached" in told

    async def silent(peer) -> None:
        await peer.gone()

    async def hangs_up(peer) -> None:
        await peer.reader.read(1)

    async with RawUpstream(silent) as proxy:
        text = f"{scheme}://geheim:pass%3A@127.0.0.1:{proxy.port}"
        transport = PooledTransport(proxy=parse_proxy(text))
        told = await refused(transport, "https://vendor.test/x", 0.1)
        assert f"(through {scheme}://127.0.0.1:{proxy.port}): no connection after 0.1 s" in told
        await proxy.until_closed()
    async with RawUpstream(hangs_up) as proxy:
        text = f"{scheme}://geheim:pass%3A@127.0.0.1:{proxy.port}"
        transport = PooledTransport(proxy=parse_proxy(text))
        told = await refused(transport, "https://vendor.test/x")
        assert "the proxy" in told
        await proxy.until_closed()


@pytest.mark.parametrize("scheme", ["http", "https", "socks5h"])
@on_both_loops
async def test_a_request_that_is_cancelled_leaves_nothing(house: House, scheme: str) -> None:
    async def silent(peer) -> None:
        await peer.gone()

    async with RawUpstream(silent) as proxy:
        transport = PooledTransport(proxy=parse_proxy(f"{scheme}://127.0.0.1:{proxy.port}"))
        asked = asyncio.create_task(get(transport, "https://vendor.test/x", 60))
        await until(lambda: proxy.open)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await proxy.until_closed()
        assert (transport.stats().open, transport.stats().connecting) == (0, 0)
        await transport.aclose()


@on_both_loops
async def test_the_tunnels_far_end_is_not_trusted_more(house: House) -> None:
    async with RawUpstream(repeating(OK), tls=house.server("evil.test")) as upstream:
        routes = {"vendor.test:443": ("127.0.0.1", upstream.port)}
        async with HttpProxy(routes=routes) as proxy:
            told = await refused(house.through(proxy, "http"), "https://vendor.test/x")
            assert "the certificate is not accepted" in told
            assert upstream.requests == []
