"""HTTP for google-auth, on the standard library: for its token endpoints and nothing else.

google-auth ships transports on `requests`, `urllib3` and `aiohttp`; none of them is a dependency of
Fairlead's. Calls are made in a thread (`tokens.py`), one at a time, every half hour or so. Proxies
of the environment are honoured; where the upstream has a proxy of its own, that is taken, by the
gateway's own client: the standard library's knows neither SOCKS nor TLS to the proxy. Redirects
are not followed: a token endpoint has none, and what is sent there are credentials.
"""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import Final, Protocol, cast

from msgspec import structs

from fairlead.upstream.account import Account
from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.proxy import Proxy
from fairlead.upstream.tls import TlsSettings
from fairlead.upstream.transport import HttpRequest, Timeouts, TransportError

__all__ = ["Answer", "Caller", "NotReached"]

TIMEOUT: Final = 10.0
LARGEST: Final = 1 << 20


class NotReached(Exception):
    """Nobody answered. The message names the host and the cause."""


class Answer:
    """An answer as google-auth reads it: `google.auth.transport.Response`."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status = status
        self.headers = headers
        self.data = data


class _Opened(Protocol):
    status: int
    headers: Mapping[str, str]

    def read(self, amount: int) -> bytes: ...


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_more: object) -> None:
        """A redirect is an answer like any other."""


class Caller:
    """Makes requests: `google.auth.transport.Request`. `skew` is how many seconds this machine's
    clock was ahead of the last answer's `Date`, None as long as nobody told one.
    """

    def __init__(
        self,
        unreached: type[Exception] = NotReached,
        timeout: float = TIMEOUT,
        account: Account | None = None,
    ) -> None:
        """`unreached` is raised where nobody answers: google-auth wants its `TransportError`.
        `account` may have a way of its own.
        """
        self._account = account
        self._unreached = unreached
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_NoRedirects)
        # The metadata server is the machine's own, and speaks plain HTTP: no proxy's business.
        self._direct = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))
        self.skew: float | None = None

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_more: object,
    ) -> Answer:
        """One request."""
        if not url.startswith(("https://", "http://")):
            raise self._unreached(f"{url[:60]!r} is no http(s) address")
        data = body.encode("utf-8") if isinstance(body, str) else body
        account = self._account
        if account is not None and account.proxy is not None and url.startswith("https:"):
            told = tuple((name.lower(), value) for name, value in (headers or {}).items())
            asked = HttpRequest(method, url, told, data or b"")
            return self._through(account.proxy, asked, timeout or self._timeout)
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at above
            url, data=data, headers=dict(headers or {}), method=method
        )
        try:
            plain = not url.startswith("https:")
            alone = account is not None and account.own_way
            opener = self._direct if plain or alone else self._opener
            with opener.open(request, timeout=timeout or self._timeout) as opened:
                return self._answer(cast("HTTPResponse", opened))
        except urllib.error.HTTPError as error:
            with error:
                return self._answer(cast("_Opened", error))
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            host = request.host or "nowhere"
            raise self._unreached(f"{host} cannot be reached: {reason}") from error

    def _through(self, proxy: Proxy, request: HttpRequest, seconds: float) -> Answer:
        """Ask through the upstream's own proxy. In this thread no event loop runs."""
        ca_file = self._account.ca_file if self._account is not None else ""

        async def ask() -> Answer:
            transport = PooledTransport(tls=TlsSettings(ca_file or None), proxy=proxy)
            try:
                timeouts = Timeouts(seconds, seconds, seconds)
                response = await transport.send(structs.replace(request, timeouts=timeouts))
                data = await response.read(LARGEST)
            finally:
                await transport.aclose()
            return self._read(response.status, response.headers, data)

        try:
            return asyncio.run(ask())
        except TransportError as error:
            raise self._unreached(str(error)) from error

    def _answer(self, opened: "HTTPResponse | _Opened") -> Answer:
        data = opened.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise self._unreached("the answer has more than a mebibyte")
        headers = {name.lower(): value for name, value in opened.headers.items()}
        return self._read(opened.status, headers, data)

    def _read(self, status: int, headers: Mapping[str, str], data: bytes) -> Answer:
        if (told := headers.get("date")) is not None:
            try:
                self.skew = time.time() - parsedate_to_datetime(told).timestamp()
            except ValueError:
                self.skew = None
        return Answer(status, headers, data)
