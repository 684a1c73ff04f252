"""Reading a request's body: bounded, and refused clearly."""

from fairlead.canon import Failure, Problem
from fairlead.server.asgi_client import Receive, Scope

__all__ = ["header", "read_body"]

DISCARD = 4
"""Times the largest body, so much of a larger one is read past so that it can be refused."""


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that (lower-case) name."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


async def read_body(scope: Scope, receive: Receive, most: int) -> bytes | None:
    """The body, None if the client left before it was complete.

    Raises:
        Failure: it is larger than `most` bytes, or packed.
    """
    body = await _whole(scope, receive, most)
    if body is not None and not body.startswith(b"{") and (problem := _packed(scope)) is not None:
        raise Failure(problem)
    return body


async def _whole(scope: Scope, receive: Receive, most: int) -> bytes | None:
    length = header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length) > most:
        if header(scope, b"expect") is None:  # else it waits for our word, and sends nothing
            await _discard(receive, int(length), DISCARD * most)
        raise Failure(_too_large(most))
    message = await receive()
    if message["type"] != "http.request":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > most:
            raise Failure(_too_large(most))
        return body
    pieces, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] != "http.request":
            return None
        piece = message.get("body", b"")
        pieces.append(piece)
        size += len(piece)
        if size > most:
            pieces.clear()
            if message.get("more_body", False):
                await _discard(receive, 0, DISCARD * most)
            raise Failure(_too_large(most))
    return b"".join(pieces)


async def _discard(receive: Receive, size: int, left: int) -> None:
    """Read past a body that is too large, but not absurdly so, before it is refused.

    Most clients read no answer before they have sent all; from a connection that is closed under
    them they get a reset instead of the reason.
    """
    if size > left:
        return
    while left > 0:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        left -= len(message.get("body", b""))


def _too_large(most: int) -> Problem:
    return Problem(
        "request_too_large",
        f"the body is larger than {most} bytes",
        hint="send less, or raise server.max_body_bytes",
    )


def _packed(scope: Scope) -> Problem | None:
    """What is wrong with a body that does not begin as JSON, if its sender says that it is packed.

    Bodies are read as they come: a small gzip of gigabytes would be the cheapest of attacks.
    """
    coding = header(scope, b"content-encoding")
    if coding is None or coding.strip().lower() in {"", "identity"}:
        return None
    return Problem(
        "invalid_request",
        f"a body with content-encoding '{coding[:40]}' is not read",
        param="header content-encoding",
        hint="send it as it is",
        code="unsupported_content_encoding",
    )
