"""Who may come in: virtual keys in each dialect's own header, or programs on this machine."""

from typing import Protocol
from urllib.parse import unquote_plus

from fairlead.canon import Failure, Problem
from fairlead.limits.keys import KeyInfo
from fairlead.server.asgi_client import Scope

__all__ = ["CREDENTIALS", "Door", "enter"]

CREDENTIALS: dict[bytes, str] = {
    b"authorization": "`Authorization: Bearer KEY`: OpenAI's SDK, Anthropic's since 2.0",
    b"x-api-key": "`x-api-key: KEY`: Anthropic's SDK",
    b"x-goog-api-key": "`x-goog-api-key: KEY`: Google's SDK",
}
"""Where clients put their key; Gemini's may also stand in the query, as `?key=KEY`."""

LOOPBACK_NAMES = {b"localhost", b"127.0.0.1", b"[::1]"}
LOOPBACK_PEERS = {"127.0.0.1", "::1", ""}  # a Unix socket has no address


class Door(Protocol):
    """Who may come in. `KeyStore` is one; it looks in memory only."""

    def authenticate(self, authorization: str | None) -> KeyInfo | Problem:
        """The key's public facts, or why there is no entry."""
        ...

    def good(self, key_id: str) -> bool:
        """Whether a key of that id is there and not revoked."""
        ...


def enter(door: Door | None, scope: Scope) -> str | None:
    """The virtual key's id; None where no key was ever made and none is needed.

    Clients may send a key in several places (an SDK its own header, a proxy another): the first
    one that is known opens.

    Raises:
        Failure: no entry.
    """
    if door is None:
        _only_local(scope)
        return None
    first: Problem | None = None
    for authorization in _credentials(scope):
        found = door.authenticate(authorization)
        if not isinstance(found, Problem):
            return found.id
        first = first or found
    if first is None:
        missing = door.authenticate(None)
        assert isinstance(missing, Problem)  # noqa: S101 - nobody is let in for nothing
        first = missing
    raise Failure(first)


def _credentials(scope: Scope) -> list[str]:
    found: list[str] = []
    for name, value in scope["headers"]:
        if name in CREDENTIALS:
            text = str(value, "latin-1")
            found.append(text if name == b"authorization" else f"Bearer {text}")
    query = scope.get("query_string", b"")
    if b"key=" in query:
        keys = (pair[4:] for pair in query.split(b"&") if pair.startswith(b"key="))
        found += [f"Bearer {unquote_plus(str(key, 'latin-1'))}" for key in keys]
    return found


def _only_local(scope: Scope) -> None:
    """Without keys loopback is the only wall, and a web page in a browser stands inside it.

    A page elsewhere can reach 127.0.0.1 by a cross-site request (which carries `Origin`) or by
    DNS rebinding (whose `Host` is not loopback). Neither may spend the operator's money, and no
    peer from elsewhere may, whatever server hosts this application.

    Raises:
        Failure: the request does not come from a program on this machine.
    """
    peer = scope.get("client")
    local = peer is None or peer[0] in LOOPBACK_PEERS
    for name, value in scope["headers"]:
        if name == b"host":
            local = local and _bare(value) in LOOPBACK_NAMES
        elif name == b"origin":
            local = local and _bare(value.partition(b"://")[2]) in LOOPBACK_NAMES
    if not local:
        raise Failure(_NOT_LOCAL)


def _bare(host: bytes) -> bytes:
    """A host without its port."""
    if host.startswith(b"["):
        return host.partition(b"]")[0] + b"]"
    return host.partition(b":")[0]


_NOT_LOCAL = Problem(
    "permission",
    "without virtual keys only programs on this machine are served",
    hint="make a key with `fairlead keys create` and send it as a Bearer token",
)
