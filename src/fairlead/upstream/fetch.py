"""Guarded fetching of media that a client gives by URL, for models that take only bytes.

The danger is a request forged through the gateway: a URL that leads to the machine itself, to its
network, or to a cloud's metadata service. The rules:

- Only http and https, no credentials, known ports; the host's spelling is looked at first.
- The name is resolved once, *every* address it has is checked, and the connection goes to an
  address that was checked, not to the name: a second answer of the DNS (rebinding) is never asked
  for. TLS still verifies the name. This is done in the dialer, so no connection can go round it.
- Redirects are followed by hand, each as if it were the first URL.
- Size, time and type are bounded.
- A proxy resolves names by itself, which would undo the second rule: the environment's is not used,
  and one that the operator names for this is asked for the address that was checked.

What is refused or can't be had is the client's error: `Failure`, with the path of the field.
"""

import asyncio
import re
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from msgspec import Struct

from fairlead.canon.errors import Failure
from fairlead.upstream.address import canonical_host, why_private, why_private_host
from fairlead.upstream.dial import ProtocolFactory, connect_first, resolve
from fairlead.upstream.origin_pool import PoolLimits
from fairlead.upstream.pool import PooledResponse, PooledTransport
from fairlead.upstream.proxy import Proxy
from fairlead.upstream.tls import TlsSettings
from fairlead.upstream.transport import HttpRequest, Timeouts, TransportError
from fairlead.upstream.tunnel import Tunnel

__all__ = ["FetchPolicy", "fetch_media", "only_from_here", "refuse_private"]

_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_WEB: Final = {"http": 80, "https": 443}
_AMBIGUOUS: Final = re.compile(r"[\x00-\x20\\\x7f]")
_HOST: Final = re.compile(r"[^\x00-\x20/@?#\\\[\]%<>^|\x7f]+")
_UNDECLARED: Final = "application/octet-stream"
_HEADERS: Final = (("accept", "*/*"), ("user-agent", "fairlead"))


class FetchPolicy(Struct, frozen=True):
    """What may be fetched. `timeout` is seconds for all of it, redirects included.

    `allow_private` lists hosts as they stand in a URL, `host` or `host:port`, that may be reached
    although they are private; the form with a port also allows that port. `types` are the
    beginnings of accepted content types; what calls itself octet-stream is for the caller to
    recognise. HTML is not media: it is mostly a page to log in at, or an error.
    """

    max_bytes: int = 20 << 20
    timeout: float = 10.0
    allow_private: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset((80, 443))
    redirects: int = 3
    types: tuple[str, ...] = (
        "image/",
        "audio/",
        "video/",
        "application/pdf",
        "application/json",
        "application/octet-stream",
        "binary/octet-stream",
        "text/plain",
        "text/csv",
        "text/markdown",
    )
    tls: TlsSettings = TlsSettings()
    proxy: Proxy | None = None


_DEFAULT: Final = FetchPolicy()


def refuse_private(url: str, path: str, policy: FetchPolicy = _DEFAULT) -> None:
    """Refuse a URL whose host is private by its spelling, without asking the DNS.

    For URLs that a vendor would fetch: they would lead into the vendor's network, or nowhere. Looks
    at http and https only: other schemes (`gs:`) are for the dialect to judge.

    Raises:
        Failure: at `path`.
    """
    _check_characters(url, path)
    scheme, colon, _ = url.partition(":")
    if colon and scheme.lower() not in _WEB:
        return
    _check_host(_split(url, path), path, policy)


def only_from_here(url: str, policy: FetchPolicy) -> bool:
    """Whether `url`, which `refuse_private` let pass, is one that the operator allowed although it
    is private: a vendor could not reach it, so it has to be fetched here.
    """
    if not policy.allow_private:
        return False
    parts = urlsplit(url)
    port = _WEB.get(parts.scheme)
    return port is not None and _allowed(parts.hostname or "", parts.port or port, policy)


async def fetch_media(url: str, *, policy: FetchPolicy, path: str) -> tuple[str, bytes]:
    """The content type (lower case, without parameters) and the bytes behind `url`.

    Raises:
        Failure: refused by the policy, or could not be fetched; at `path`.
    """
    transport = PooledTransport(
        tls=policy.tls, limits=PoolLimits(max_idle=0), dialer=_GuardedDialer(policy, path)
    )
    try:
        async with asyncio.timeout(policy.timeout):
            return await _follow(transport, url, policy, path)
    except TimeoutError:
        raise _unfetched(f"it took longer than {policy.timeout:g} s", path) from None
    except TransportError as error:
        raise _unfetched(str(error), path) from error
    finally:
        await transport.aclose()


async def _follow(
    transport: PooledTransport, url: str, policy: FetchPolicy, path: str
) -> tuple[str, bytes]:
    for _ in range(policy.redirects + 1):
        parts = _split(url, path)
        _check_host(parts, path, policy)
        _check_port(parts, path, policy)
        address = _ascii(parts, path)
        timeouts = Timeouts(policy.timeout, policy.timeout, policy.timeout)
        response = await transport.send(HttpRequest("GET", address, _HEADERS, timeouts=timeouts))
        try:
            if response.status not in _REDIRECTS:
                return await _receive(response, policy, path)
            location = response.headers.get("location", "")
        finally:
            await response.aclose()
        if not location:
            raise _unfetched("it redirects to nowhere", path)
        url = urljoin(address, location)
    raise _unfetched(f"it redirects more than {policy.redirects} times", path)


async def _receive(response: PooledResponse, policy: FetchPolicy, path: str) -> tuple[str, bytes]:
    if response.status != 200:
        raise _unfetched(f"the server answered {response.status}", path)
    mime = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    mime = mime or _UNDECLARED
    if not mime.startswith(policy.types):
        raise Failure.invalid(
            f"could not be used: the URL leads to {mime[:80]}, not to media",
            path,
            hint="give a URL that leads to the file itself",
        )
    declared = response.headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else 0
    body = bytearray()
    if size <= policy.max_bytes:
        async for chunk in response.chunks():
            body += chunk
            if len(body) > policy.max_bytes:
                break
        size = len(body)
    if size > policy.max_bytes:
        raise Failure.invalid(
            f"is too large: the URL leads to more than {policy.max_bytes} bytes",
            path,
            hint="give a smaller file",
        )
    return mime, bytes(body)


class _GuardedDialer:
    """Resolves once, checks every address, connects to a checked one."""

    def __init__(self, policy: FetchPolicy, path: str) -> None:
        self._policy = policy
        self._path = path

    async def __call__(
        self, factory: ProtocolFactory, host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.BufferedProtocol]:
        addresses = await resolve(host, port)
        if not _allowed(host, port, self._policy):
            for _, address in addresses:
                why = why_private(address)
                if why is not None:
                    raise _refused(f"its host leads to {why}", self._path)
        proxy = self._policy.proxy
        if proxy is not None:
            return await Tunnel(proxy)(factory, addresses[0][1], port)
        return await connect_first(factory, addresses, port)


def _split(url: str, path: str) -> SplitResult:
    """The URL's parts, or a Failure for one that readers of URLs might read differently."""
    _check_characters(url, path)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _refused(f"it can't be read: {error}", path) from None
    if parts.scheme not in _WEB:
        raise _refused("only http and https can be fetched", path)
    if "@" in parts.netloc:
        raise _refused("it carries credentials", path)
    if not host:
        raise _refused("it names no host", path)
    if not _HOST.fullmatch(canonical_host(host)):
        raise _refused("its host is not a valid name", path)
    return parts


def _check_characters(url: str, path: str) -> None:
    # WHATWG drops tabs and line ends and reads a backslash as a slash; RFC 3986 does neither.
    if _AMBIGUOUS.search(url):
        raise _refused("it holds white space, a control character or a backslash", path)


def _check_host(parts: SplitResult, path: str, policy: FetchPolicy) -> None:
    host = parts.hostname or ""
    if _allowed(host, parts.port or _WEB[parts.scheme], policy):
        return
    why = why_private_host(host)
    if why is not None:
        raise _refused(f"its host is {why}", path)


def _check_port(parts: SplitResult, path: str, policy: FetchPolicy) -> None:
    port = parts.port if parts.port is not None else _WEB[parts.scheme]
    named = f"{canonical_host(parts.hostname or '')}:{port}"
    if port not in policy.ports and named not in policy.allow_private:
        raise _refused(f"port {port} is not allowed", path)


def _allowed(host: str, port: int, policy: FetchPolicy) -> bool:
    name = canonical_host(host)
    return name in policy.allow_private or f"{name}:{port}" in policy.allow_private


def _ascii(parts: SplitResult, path: str) -> str:
    """The URL as it goes over the wire: host in punycode, the rest percent-encoded."""
    name = canonical_host(parts.hostname or "")
    try:
        host = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        raise _refused("its host is not a valid name", path) from None
    if ":" in host:
        host = f"[{host}]"
    port = f":{parts.port}" if parts.port is not None else ""
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=-._~?[]|") if parts.query else ""
    return f"{parts.scheme}://{host}{port}{target}{query}"


def _refused(why: str, path: str) -> Failure:
    return Failure.invalid(
        f"this URL is refused: {why}",
        path,
        hint="give a public http(s) URL, or the content itself as a data URL",
        code="url_refused",
    )


def _unfetched(why: str, path: str) -> Failure:
    return Failure.invalid(
        f"could not be fetched: {why}",
        path,
        hint="check that the URL is public, or give the content itself as a data URL",
        code="url_unreachable",
    )
