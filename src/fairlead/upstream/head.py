"""The head of a request, as bytes: address taken apart, names and values checked.

Nothing that a header or an address carries can start a line of its own: CR, LF and NUL are
refused, in names and the method everything but RFC 9110's `token` is, and in an address
everything but visible ASCII (an address must come percent-encoded, its host in punycode).
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from msgspec import Struct

from fairlead.upstream.transport import HttpRequest, TransportError

__all__ = ["Origin", "Target", "check_fields", "encode_head", "forwarded", "parse_target"]

_UNSAFE_URL = re.compile(r"[^\x21-\x7e]")
_UNSAFE_VALUE = re.compile(r"[\r\n\0]|[^\x00-\xff]")
# RFC 9110, 5.6.2: token = 1*tchar
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_OURS = frozenset(
    ("host", "content-length", "accept-encoding", "transfer-encoding", "connection", "expect")
)
_BODY_METHODS = frozenset(("POST", "PUT", "PATCH"))
_PORTS = {"http": 80, "https": 443}


class Origin(Struct, frozen=True):
    """Where connections go. `host` is a name or an address without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def label(self) -> str:
        """For messages: never the whole address, which may carry a key in its query."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """`host[:port]` as the host header wants it, the scheme's own port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Target(Struct, frozen=True):
    """An address, parsed once: its origin, and the request's first lines after the method."""

    origin: Origin
    lines: str


def parse_target(url: str) -> Target:
    """Take an absolute address apart.

    Raises:
        TransportError: not http(s), without a host, with credentials, or with unsafe characters.
    """
    if _UNSAFE_URL.search(url):
        raise TransportError(
            "address refused: it holds a space, a control or a non-ASCII character", sent=False
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise TransportError(f"address refused: {error}", sent=False) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise TransportError(
            "address refused: it must start with http:// or https:// and name a host", sent=False
        )
    if "@" in parts.netloc:
        raise TransportError("address refused: it carries credentials", sent=False)
    origin = Origin(
        parts.scheme, parts.hostname, port if port is not None else _PORTS[parts.scheme]
    )
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    lines = f" {target} HTTP/1.1\r\nhost: {origin.authority}\r\naccept-encoding: identity\r\n"
    return Target(origin, lines)


def forwarded(target: Target, authorization: str) -> Target:
    """The target as a proxy is told it that passes requests on (RFC 9112, 3.2.2: absolute form)."""
    own = f"proxy-authorization: {authorization}\r\n" if authorization else ""
    return Target(target.origin, f" {target.origin.label}{target.lines[1:]}{own}")


def encode_head(request: HttpRequest, target: Target) -> bytes:
    """The request's head, ready to be written before its body.

    Raises:
        TransportError: a method, a name or a value that could not be said in one line.
    """
    method = request.method
    size = len(request.body)
    if method in _BODY_METHODS:
        length = f"content-length: {size}\r\n"
    elif _TOKEN.fullmatch(method):
        length = f"content-length: {size}\r\n" if size else ""
    else:
        raise TransportError("method refused: not a token", sent=False)
    return f"{method}{target.lines}{length}{_encode_fields(request.headers)}\r\n".encode("latin-1")


def check_fields(headers: tuple[tuple[str, str], ...]) -> None:
    """Headers that every request of an upstream has, looked at before there is one.

    Raises:
        ValueError: one of them could not be sent; its value is not told.
    """
    try:
        _encode_fields(headers)
    except TransportError as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=512)
def _encode_fields(headers: tuple[tuple[str, str], ...]) -> str:
    """The header lines. Messages name the header at fault, never its value: it may be a secret."""
    lines = []
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or name != name.lower():
            raise TransportError("header refused: its name is not a lower-case token", sent=False)
        if name in _OURS:
            raise TransportError(f"header refused: {name} is set by the transport", sent=False)
        if _UNSAFE_VALUE.search(value):
            raise TransportError(
                f"header refused: the value of {name} holds CR, LF, NUL or a character beyond "
                "latin-1",
                sent=False,
            )
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines)
