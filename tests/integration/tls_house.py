"""Beside a test, in a thread of its own: a TLS front that wants a certificate, before an upstream
without TLS, and proxies of the tests' own.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme
from cryptography.hazmat.primitives import serialization
from tests.contract.raw_proxy import HttpProxy, RawProxy, SocksProxy
from tests.contract.raw_upstream import Peer, RawUpstream

KEY_PASSWORD = "its-password"


class House:
    """`front` is the address of the TLS front, `made` its connections; files are PEM."""

    def __init__(self, folder: Path, behind: str) -> None:
        self.ca = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.ca_file)
        client = self.ca.issue_cert("gateway@fairlead.test")
        self.cert_file, self.key_file = str(folder / "client.pem"), str(folder / "client.key")
        for index, blob in enumerate(client.cert_chain_pems):
            blob.write_to_path(self.cert_file, append=index > 0)
        Path(self.key_file).write_bytes(encrypted(client.private_key_pem.bytes()))
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert("localhost").configure_cert(server)
        self.ca.configure_trust(server)
        server.verify_mode = ssl.CERT_REQUIRED
        self.proxies: list[RawProxy] = []
        self._behind = urlsplit(behind).port
        self._front = RawUpstream(self._pass_on, tls=server)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._stack = AsyncExitStack()

    @property
    def front(self) -> str:
        return self._front.url("", host="localhost")

    @property
    def port(self) -> int:
        return self._front.port

    @property
    def made(self) -> int:
        return self._front.accepted

    def proxy(self, kind: type[HttpProxy | SocksProxy], **told: Any) -> RawProxy:
        """A proxy that runs until the house is closed; names lead to loopback."""
        made = kind(**told)
        self._run(self._stack.enter_async_context(made))
        return made

    @contextlib.contextmanager
    def open(self) -> "Iterator[House]":
        self._thread.start()
        try:
            self._run(self._stack.enter_async_context(self._front))
            yield self
        finally:
            self._run(self._stack.aclose())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _pass_on(self, peer: Peer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._behind)
        await RawProxy._pump(peer, reader, writer)


def encrypted(key: bytes) -> bytes:
    """A private key, encrypted with `KEY_PASSWORD`."""
    return serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(KEY_PASSWORD.encode()),
    )
