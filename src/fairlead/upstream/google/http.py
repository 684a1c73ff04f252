"""HTTP for google-auth, on the standard library: for its token endpoints and nothing else.

google-auth ships transports on `requests`, `urllib3` and `aiohttp`; none of them is a dependency of
Fairlead's. Calls are made in a thread (`tokens.py`), one at a time, every half hour or so. Proxies
of the environment are honoured; redirects are not followed: a token endpoint has none, and what is
sent there are credentials.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import Final, Protocol, cast

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

    def __init__(self, unreached: type[Exception] = NotReached, timeout: float = TIMEOUT) -> None:
        """`unreached` is raised where nobody answers: google-auth wants its `TransportError`."""
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
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at above
            url, data=data, headers=dict(headers or {}), method=method
        )
        try:
            opener = self._opener if url.startswith("https:") else self._direct
            with opener.open(request, timeout=timeout or self._timeout) as opened:
                return self._answer(cast("HTTPResponse", opened))
        except urllib.error.HTTPError as error:
            with error:
                return self._answer(cast("_Opened", error))
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            host = request.host or "nowhere"
            raise self._unreached(f"{host} cannot be reached: {reason}") from error

    def _answer(self, opened: "HTTPResponse | _Opened") -> Answer:
        data = opened.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise self._unreached("the answer has more than a mebibyte")
        headers = {name.lower(): value for name, value in opened.headers.items()}
        if (told := headers.get("date")) is not None:
            try:
                self.skew = time.time() - parsedate_to_datetime(told).timestamp()
            except ValueError:
                self.skew = None
        return Answer(opened.status, headers, data)
