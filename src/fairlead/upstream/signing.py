"""The seam to credentials that change: one that signs, and is refreshed off the request path.

A kind whose key never changes has no signer: its header is put together once, at start. Any other
has one (AWS signatures, OAuth tokens). `sign` is called in the attempt, computes and waits for
nothing; whatever has to ask somebody (a token endpoint, a metadata server, a process, a file) is
`refresh`, which the keeper (`upstream/keeper.py`) calls when it is `due`.
"""

from typing import Protocol

from fairlead.upstream.transport import HttpRequest

__all__ = ["NotReady", "Signer"]


class NotReady(Exception):
    """There are no valid credentials now. The message says why and what the operator can do;
    it holds no secret.
    """


class Signer(Protocol):
    """Signs requests for one upstream."""

    def sign(self, request: HttpRequest) -> HttpRequest:
        """The request with what proves who sends it. CPU only.

        Raises:
            NotReady: there are no credentials, or they ran out.
        """
        ...

    async def refresh(self) -> None:
        """Get credentials, or newer ones. May take seconds; never called by a request.

        Raises:
            NotReady: there are none to be had. Those that are held stay until they run out.
        """
        ...

    def due(self) -> float:
        """Seconds until `refresh` shall be called; 0 for now, infinity for never."""
        ...

    def doubt(self) -> None:
        """The vendor refused what is held (it was revoked, or a clock is wrong): get newer
        credentials soon. Called in the running loop; waits for nothing.
        """
        ...
