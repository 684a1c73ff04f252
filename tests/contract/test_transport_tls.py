"""PooledTransport over TLS: who is accepted, who isn't, and that the layer changes nothing else."""

import asyncio
import contextlib
import re
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest
import trustme
from tests.contract.raw_upstream import (
    OK,
    Peer,
    RawUpstream,
    answering,
    on_both_loops,
    repeating,
    sending,
    until,
)
from tests.integration.tls_house import KEY_PASSWORD, encrypted

from fairlead.upstream.dial import dial_direct
from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.secret import Secret
from fairlead.upstream.tls import TlsSettings, client_validity, tls_context
from fairlead.upstream.transport import ConnectFailed, HttpRequest, Timeouts, UpstreamReset


class Authority:
    """A CA, its file, and server contexts signed by it."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.file = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.file)
        self.client_file = str(folder / "client.pem")
        self.ca.issue_cert("client@fairlead.test").private_key_and_cert_chain_pem.write_to_path(
            self.client_file
        )

    def server(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


async def get(transport: PooledTransport, url: str) -> bytes:
    response = await transport.send(HttpRequest("GET", url, (), timeouts=Timeouts(connect=60)))
    return await response.read(1 << 24)


@on_both_loops
async def test_a_good_certificate(authority: Authority) -> None:
    alpn = []

    async def handle(peer: Peer) -> None:
        alpn.append(peer.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        while await peer.request():
            await peer.send(OK)

    for name in ("127.0.0.1", "localhost"):
        async with RawUpstream(handle, tls=authority.server(name)) as upstream:
            transport = PooledTransport(tls=TlsSettings(ca_file=authority.file))
            for _ in range(3):
                assert await get(transport, upstream.url(host=name)) == b"ok"
            assert upstream.accepted == 1
            await transport.aclose()
            await upstream.until_closed()
    assert set(alpn) == {"http/1.1"}


@on_both_loops
async def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    async with RawUpstream(repeating(OK), tls=authority.server("127.0.0.1")) as upstream:
        transport = PooledTransport()
        with pytest.raises(ConnectFailed, match="certificate is not accepted") as caught:
            await get(transport, upstream.url())
        assert not caught.value.sent
        assert upstream.requests == []
        assert (transport.stats().open, transport.stats().connecting) == (0, 0)
        await transport.aclose()


@on_both_loops
async def test_another_hosts_certificate_is_refused(authority: Authority) -> None:
    async with RawUpstream(repeating(OK), tls=authority.server("other.test")) as upstream:
        settings = TlsSettings(ca_file=authority.file)
        transport = PooledTransport(tls=settings)
        with pytest.raises(ConnectFailed, match=r"not accepted: .*127\.0\.0\.1"):
            await get(transport, upstream.url())
        assert upstream.requests == []
        await transport.aclose()
        named = PooledTransport(tls=TlsSettings(authority.file, server_name="other.test"))
        assert await get(named, upstream.url()) == b"ok"
        await named.aclose()


@on_both_loops
async def test_an_upstream_without_tls_is_refused() -> None:
    async def handle(peer: Peer) -> None:
        await peer.reader.read(100)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        await peer.gone()

    async with RawUpstream(handle) as upstream:
        transport = PooledTransport()
        with pytest.raises(ConnectFailed, match="TLS with"):
            await get(transport, upstream.url(scheme="https"))
        await upstream.until_closed()
        await transport.aclose()


@on_both_loops
async def test_a_handshake_that_is_cut_or_never_answered() -> None:
    async def cut(peer: Peer) -> None:
        await peer.reader.read(100)

    async def silent(peer: Peer) -> None:
        await peer.gone()

    cases = ((cut, 10, "TLS with|closed the connection"), (silent, 0.1, "no connection"))
    for handler, connect, words in cases:
        async with RawUpstream(handler) as upstream:
            transport = PooledTransport()
            url = upstream.url(scheme="https")
            with pytest.raises(ConnectFailed, match=words) as caught:
                await transport.send(HttpRequest("GET", url, (), timeouts=Timeouts(connect)))
            assert not caught.value.sent
            await upstream.until_closed()
            await transport.aclose()


@on_both_loops
async def test_a_client_certificate(authority: Authority) -> None:
    server = authority.server("127.0.0.1")
    server.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(server)
    async with RawUpstream(repeating(OK), tls=server) as upstream:
        known = PooledTransport(tls=TlsSettings(authority.file, authority.client_file))
        assert await get(known, upstream.url()) == b"ok"
        await known.aclose()
        # With TLS 1.3 the server's refusal comes after our side of the handshake is through.
        unknown = PooledTransport(tls=TlsSettings(authority.file))
        with pytest.raises((ConnectFailed, UpstreamReset)):
            await get(unknown, upstream.url())
        await unknown.aclose()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@on_both_loops
async def test_large_bodies_both_ways(authority: Authority, version: ssl.TLSVersion) -> None:
    server = authority.server("127.0.0.1")
    server.minimum_version = server.maximum_version = version
    body = bytes(range(256)) * 8192

    async def echo(peer: Peer) -> None:
        while (request := await peer.request()) != b"":
            sent = request.partition(b"\r\n\r\n")[2]
            await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(sent) + sent)

    async with RawUpstream(echo, tls=server) as upstream:
        transport = PooledTransport(tls=TlsSettings(ca_file=authority.file))
        for _ in range(2):
            response = await transport.send(HttpRequest("POST", upstream.url(), (), body))
            assert await response.read(1 << 24) == body
        assert upstream.accepted == 1
        await transport.aclose()


@on_both_loops
async def test_a_body_until_the_close_needs_the_closure_alert(authority: Authority) -> None:
    async def clean(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        peer.writer.close()
        await peer.writer.wait_closed()

    async def cut(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nall of")
        await asyncio.sleep(0.02)
        peer.reset()

    context = authority.server("127.0.0.1")
    settings = TlsSettings(ca_file=authority.file)
    async with RawUpstream(clean, tls=context) as upstream:
        transport = PooledTransport(tls=settings)
        assert await get(transport, upstream.url()) == b"all of it"
        await transport.aclose()
    async with RawUpstream(cut, tls=context) as upstream:
        transport = PooledTransport(tls=settings)
        with pytest.raises(UpstreamReset):
            await get(transport, upstream.url())
        await transport.aclose()


@on_both_loops
async def test_closed_connections_leave_and_half_read_answers_close(authority: Authority) -> None:
    context = authority.server("127.0.0.1")
    settings = TlsSettings(ca_file=authority.file)
    async with RawUpstream(answering(OK), tls=context) as upstream:
        transport = PooledTransport(tls=settings)
        assert await get(transport, upstream.url()) == b"ok"
        await until(lambda: not (transport.stats().open))
        assert await get(transport, upstream.url()) == b"ok"
        await transport.aclose()
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
    async with RawUpstream(sending(head), tls=context) as upstream:
        transport = PooledTransport(tls=settings)
        response = await transport.send(HttpRequest("GET", upstream.url(), ()))
        assert await anext(response.chunks()) == b"hello"
        await response.aclose()
        await upstream.until_closed()
        await transport.aclose()


@on_both_loops
async def test_a_dialer_decides_where_bytes_go_but_not_who_is_trusted(
    authority: Authority,
) -> None:
    asked = []
    async with RawUpstream(repeating(OK), tls=authority.server("upstream.test")) as upstream:

        async def dial(factory, host, port):
            asked.append((host, port))
            return await dial_direct(factory, "127.0.0.1", upstream.port)

        transport = PooledTransport(tls=TlsSettings(ca_file=authority.file), dialer=dial)
        assert await get(transport, "https://upstream.test/x") == b"ok"
        with pytest.raises(ConnectFailed, match="not accepted"):
            await get(transport, "https://evil.test/x")
        assert asked == [("upstream.test", 443), ("evil.test", 443)]
        await transport.aclose()


def test_a_context_is_made_once_and_again_when_its_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    settings = TlsSettings(ca_file=str(file))
    first = tls_context(settings)
    assert tls_context(TlsSettings(ca_file=str(file))) is first
    assert tls_context(TlsSettings()) is tls_context(TlsSettings())
    trustme.CA(organization_name="the next one").cert_pem.write_to_path(str(file))
    assert tls_context(settings) is not first


@on_both_loops
async def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("not a certificate")
    for settings in (
        TlsSettings(ca_file=str(rubbish)),
        TlsSettings(ca_file=str(tmp_path / "absent.pem")),
        TlsSettings(client_cert=str(rubbish)),
    ):
        with pytest.raises(ValueError, match=r"(rubbish|absent)\.pem"):
            tls_context(settings)
        transport = PooledTransport(tls=settings)
        with pytest.raises(ConnectFailed, match=r"(rubbish|absent)\.pem"):
            await get(transport, "https://upstream.test/")
        await transport.aclose()


class Demanding:
    """A server that wants a client certificate and, as servers do, lets its alert arrive: it reads
    what comes until the client has closed.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}/x"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.join(20)
        self._listener.close()

    def _serve(self) -> None:
        accepted, _ = self._listener.accept()
        accepted.settimeout(20)
        secure = self._context.wrap_socket(
            accepted, server_side=True, do_handshake_on_connect=False
        )
        with contextlib.suppress(ssl.SSLError):
            secure.do_handshake()
        with socket.socket(fileno=secure.detach()) as plain, contextlib.suppress(OSError):
            plain.settimeout(20)
            while plain.recv(65536):
                pass


def dated(folder: Path, authority: Authority, days: int) -> str:
    """A client certificate that ends so many days from now."""
    file = folder / f"dated{days}.pem"
    leaf = authority.ca.issue_cert(
        "client@fairlead.test", not_after=datetime.now(UTC) + timedelta(days=days)
    )
    leaf.private_key_and_cert_chain_pem.write_to_path(str(file))
    return str(file)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@on_both_loops
async def test_what_a_server_has_against_our_certificate_is_told_and_nothing_was_sent(
    authority: Authority, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    other = Authority(tmp_path)
    server = authority.server("127.0.0.1")
    server.minimum_version = server.maximum_version = version
    server.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(server)
    cases = (
        (None, "client certificate: `client_cert`|want a client certificate"),
        (other.client_file, "does not know the authority of our client certificate"),
        (dated(tmp_path, authority, -1), "refuses our client certificate, which has expired"),
    )
    for file, words in cases:
        with Demanding(server) as demanding:
            transport = PooledTransport(tls=TlsSettings(authority.file, file))
            with pytest.raises(ConnectFailed, match=words) as caught:
                await get(transport, demanding.url)
            assert not caught.value.sent
            await transport.aclose()


@on_both_loops
async def test_an_encrypted_key(authority: Authority, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    leaf = authority.ca.issue_cert("client@fairlead.test")
    cert.write_bytes(leaf.cert_chain_pems[0].bytes())
    key.write_bytes(encrypted(leaf.private_key_pem.bytes()))
    server = authority.server("127.0.0.1")
    server.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(server)
    password = Secret(KEY_PASSWORD)
    async with RawUpstream(repeating(OK), tls=server) as upstream:
        settings = TlsSettings(authority.file, str(cert), str(key), key_password=password)
        transport = PooledTransport(tls=settings)
        assert await get(transport, upstream.url()) == b"ok"
        await transport.aclose()
    assert KEY_PASSWORD not in repr(settings)


def test_files_of_no_use_are_told_with_what_is_wrong(authority: Authority, tmp_path: Path) -> None:
    leaf, other = (authority.ca.issue_cert("client@fairlead.test") for _ in range(2))
    cert, key, locked = (str(tmp_path / name) for name in ("cert.pem", "key.pem", "locked.pem"))
    leaf.cert_chain_pems[0].write_to_path(cert)
    other.private_key_pem.write_to_path(key)
    Path(locked).write_bytes(encrypted(leaf.private_key_pem.bytes()))
    absent = str(tmp_path / "absent.pem")
    cases = (
        (TlsSettings(client_cert=absent), f"client certificate {absent}: No such file"),
        (TlsSettings(client_cert=cert, client_key=absent), f"client key {absent}: No such file"),
        (TlsSettings(client_cert=key), "holds no certificate in PEM"),
        (TlsSettings(client_cert=cert), "holds no private key in PEM"),
        (TlsSettings(client_cert=cert, client_key=key), "is not the certificate's"),
        (TlsSettings(client_cert=cert, client_key=locked), "its password is missing"),
        (
            TlsSettings(client_cert=cert, client_key=locked, key_password=Secret("wrong")),
            "its password does not decrypt it",
        ),
        (TlsSettings(client_key=key), "there is no client certificate to it"),
    )
    for settings, words in cases:
        with pytest.raises(ValueError, match=re.escape(words)):
            tls_context(settings)


def test_how_long_our_certificate_holds(authority: Authority, tmp_path: Path) -> None:
    assert client_validity(TlsSettings()) is None
    for days in (-3, 5, 20_000):  # beyond 2050 the time is written in another way
        times = client_validity(TlsSettings(client_cert=dated(tmp_path, authority, days)))
        assert times is not None
        assert abs((times[1] - datetime.now(UTC)).total_seconds() - days * 86_400) < 3600
        assert times[0] < times[1]
    broken = tmp_path / "broken.pem"
    for inside in ("", "AAAA", "MIIB", "!!", "MAMwAQA="):
        broken.write_text(f"-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----\n")
        with pytest.raises(ValueError, match=r"broken\.pem"):
            client_validity(TlsSettings(client_cert=str(broken)))
