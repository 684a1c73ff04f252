"""The side that faces the client: what the engine needs of a connection, and nothing of ASGI."""

from typing import Protocol

__all__ = ["Client", "Header"]

Header = tuple[bytes, bytes]


class Client(Protocol):
    """One request's connection.

    `started` tells whether headers have gone out, `gone` whether the client has left: a request
    that is cancelled although its client is there was stopped by the host.
    """

    @property
    def started(self) -> bool:
        """Whether headers have gone out."""
        ...

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        ...

    async def respond(self, status: int, headers: list[Header], body: bytes) -> None:
        """The whole answer at once."""
        ...

    async def start(self, status: int, headers: list[Header]) -> None:
        """Headers of a streamed answer."""
        ...

    async def write(self, data: bytes) -> None:
        """A piece of a streamed answer; waits while the client is slow."""
        ...

    async def finish(self, data: bytes = b"") -> None:
        """The last piece."""
        ...
