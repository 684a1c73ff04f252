"""The seam to the network: one method. Everything above it can be tested without a socket.

`PooledTransport` (pool.py) is what the gateway uses; `FakeTransport` (fake.py) ships for tests.
The contract suite in tests/contract/test_transport.py runs over every implementation.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol

from msgspec import Struct

__all__ = [
    "ConnectFailed",
    "HttpRequest",
    "HttpResponse",
    "ReadTimeout",
    "Timeouts",
    "Transport",
    "TransportError",
    "UpstreamProtocolError",
    "UpstreamReset",
    "not_sent",
    "was_sent",
]

_NOT_SENT: Final = "nothing of the request was sent"


class TransportError(Exception):
    """Root of the transport's errors. `sent`: whether bytes of the request may have arrived."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class ConnectFailed(TransportError):
    """DNS, TCP or TLS failed, or took longer than `connect`: nothing was sent."""


class ReadTimeout(TransportError):
    """The upstream was silent longer than `read`, or the whole took longer than `total`."""


class UpstreamReset(TransportError):
    """The upstream closed or reset the connection before the answer was complete."""


class UpstreamProtocolError(TransportError):
    """The upstream's answer is not HTTP/1.1, or breaks a limit on header or body size."""


def not_sent(gone: asyncio.CancelledError) -> None:
    """Mark a `send` that was cancelled while it had no connection yet: nobody can bill it. A class
    of its own would not do: in Python 3.11 `asyncio.timeout` looks for `CancelledError` itself.
    """
    gone.add_note(_NOT_SENT)


def was_sent(gone: asyncio.CancelledError) -> bool:
    """Whether a `send` that was cancelled may have sent something of its request."""
    return _NOT_SENT not in getattr(gone, "__notes__", ())


class Timeouts(Struct, frozen=True):
    """Seconds. `read` bounds silence between bytes, `chunk` that within an answer's body (0: as
    `read`); `total` the whole exchange. `first_token` bounds the time to a stream's first token (0:
    not); it is held above the transport, which knows of no tokens.
    """

    connect: float = 10.0
    read: float = 300.0
    total: float = 900.0
    first_token: float = 0.0
    chunk: float = 0.0


class HttpRequest(Struct, frozen=True):
    """One request. `url` is absolute; `headers` are lower-case name/value pairs, without host,
    content-length and accept-encoding, which the transport sets itself (identity encoding).
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    timeouts: Timeouts = Timeouts()


class HttpResponse(Protocol):
    """An answer whose head has arrived. Its body must be read to the end or `aclose`d."""

    status: int
    headers: dict[str, str]
    """Lower-case names; the last value wins, except that repeated ones are joined by comma."""

    async def read(self, limit: int) -> bytes:
        """The whole body; raises `UpstreamProtocolError` past `limit` bytes."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Body bytes as they arrive. While nobody reads, at most 256 KiB is buffered."""
        ...

    async def aclose(self) -> None:
        """Give the connection back if the body was read to its end, else close it at once."""
        ...


class Transport(Protocol):
    """Sends requests."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send and wait for the head of the answer. Cancelling closes the connection at once.

        Raises:
            TransportError: one of its subclasses; `sent` says whether a retry is safe.
            CancelledError: it was cancelled; `was_sent` says whether the upstream may know of it.
        """
        ...

    async def aclose(self) -> None:
        """Close all pooled connections."""
        ...
