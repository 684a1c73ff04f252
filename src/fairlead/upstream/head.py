"""The head of a request, as bytes: address taken apart, names and values checked.

Nothing that a header or an address carries can start a line of its own: CR, LF and NUL are
refused, in names and the method everything but RFC 9110's `token` is, and in an address
everything but visible ASCII (an address must come percent-encoded, its host in punycode).
"""

import re
from urllib.parse import urlsplit

from msgspec import Struct

from fairlead.upstream.transport import HttpRequest, TransportError

__all__ = ["Origin", "Target", "encode_head", "parse_target"]

_UNSAFE_URL = re.compile(r"[^\x21-\x7e]")
# RFC 9110, 5.6.2: token = 1*tchar
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_OURS = frozenset(
    ("host", "content-length", "accept-encoding", "transfer-encoding", "connection", "expect")
)
_BODY_METHODS = frozenset(("POST", "PUT", "PATCH"))
_PORTS = {"http": 80, "https": 443}
_KNOWN_NAMES_MAX = 1024
_known_names: set[str] = set()


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


def encode_head(request: HttpRequest, target: Target) -> bytes:
    """The request's head, ready to be written before its body.

    Raises:
        TransportError: a method, a name or a value that could not be said in one line.
    """
    method = request.method
    if not _TOKEN.fullmatch(method):
        raise TransportError("method refused: not a token", sent=False)
    fields = []
    for name, value in request.headers:
        if name not in _known_names:
            _check_name(name)
        fields.append(f"{name}: {value}\r\n")
    size = len(request.body)
    length = f"content-length: {size}\r\n" if size or method in _BODY_METHODS else ""
    head = f"{method}{target.lines}{''.join(fields)}{length}\r\n"
    # Each line that we made has one CR and one LF; one more came from a value.
    lines = len(fields) + (5 if length else 4)
    if head.count("\r") != lines or head.count("\n") != lines or "\0" in head:
        raise TransportError(f"header refused: {_culprit(request)}", sent=False)
    try:
        return head.encode("latin-1")
    except UnicodeEncodeError:
        raise TransportError(f"header refused: {_culprit(request)}", sent=False) from None


def _check_name(name: str) -> None:
    if not _TOKEN.fullmatch(name) or name != name.lower():
        raise TransportError("header refused: its name is not a lower-case token", sent=False)
    if name in _OURS:
        raise TransportError(f"header refused: {name} is set by the transport", sent=False)
    if len(_known_names) < _KNOWN_NAMES_MAX:
        _known_names.add(name)


def _culprit(request: HttpRequest) -> str:
    """Names the header at fault, never its value: it may be a secret."""
    for name, value in request.headers:
        if any(char in "\r\n\0" for char in value):
            return f"the value of {name} holds CR, LF or NUL"
        if any(ord(char) > 0xFF for char in value):
            return f"the value of {name} holds a character outside latin-1"
    return "a value holds CR, LF or NUL"
