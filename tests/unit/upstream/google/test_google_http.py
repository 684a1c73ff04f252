"""Who gives tokens is asked through the upstream's own proxy, whatever the environment says."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from tests.contract.raw_proxy import HttpProxy, SocksProxy
from tests.contract.raw_upstream import RawUpstream, repeating

from fairlead.upstream.account import Account
from fairlead.upstream.google.http import Caller, NotReached
from fairlead.upstream.proxy import parse_proxy
from fairlead.upstream.secret import Secret

TOKEN = (
    b"HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    b'content-length: 20\r\n\r\n{"access_token":"t"}'
)


@pytest.mark.parametrize(("kind", "scheme"), [(HttpProxy, "http"), (SocksProxy, "socks5h")])
async def test_through_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind, scheme: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    authority, file = trustme.CA(), str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("oauth2.test").configure_cert(context)
    async with RawUpstream(repeating(TOKEN), tls=context) as house:
        routes = {"oauth2.test:443": ("127.0.0.1", house.port)}
        async with kind(credentials=("u", "geheim"), routes=routes) as proxy:
            gate = parse_proxy(f"{scheme}://u:geheim@127.0.0.1:{proxy.port}")
            account = Account(Secret(""), own_way=True, proxy=gate, ca_file=file)
            caller = Caller(account=account)
            url = "https://oauth2.test/token"
            answer = await asyncio.to_thread(caller, url, "POST", b"a=b", {"X-Goog": "1"})
            assert (answer.status, answer.data) == (200, b'{"access_token":"t"}')
            assert caller.skew is not None
            head, body = house.requests[0]
            assert head.startswith(b"POST /token HTTP/1.1\r\n")
            assert b"x-goog: 1\r\n" in head
            assert body == b"a=b"
            assert len(proxy.asked) == 1
            wrong = parse_proxy(f"{scheme}://u:anders@127.0.0.1:{proxy.port}")
            caller = Caller(account=Account(Secret(""), own_way=True, proxy=wrong, ca_file=file))
            with pytest.raises(NotReached, match="refuses the user name or the password") as caught:
                await asyncio.to_thread(caller, url, "POST", b"a=b")
            assert "anders" not in str(caught.value)


async def test_no_proxy_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    seen = []

    async def handle(peer) -> None:
        seen.append(await peer.reader.read(100))

    async with RawUpstream(handle) as house:
        caller = Caller(account=Account(Secret(""), own_way=True))
        with pytest.raises(NotReached):
            await asyncio.to_thread(caller, house.url(scheme="https"))
    assert seen, "it was asked directly, if in vain: it speaks no TLS"
