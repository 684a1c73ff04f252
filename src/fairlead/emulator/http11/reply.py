"""What a face answers: a head, and either a whole body or pieces of a stream."""

from msgspec import Struct

__all__ = ["REASONS", "Piece", "Reply"]

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    499: "Client Closed Request",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    529: "Overloaded",
}


class Piece(Struct, frozen=True):
    """One piece of a stream, sent as one HTTP chunk.

    `tokens`: output tokens that the model makes before the piece can be sent; they set its time.
    `error` is what the vendor would say in the middle of a stream.
    """

    data: bytes
    tokens: int = 0


class Reply(Struct):
    """An answer. With `pieces` it is a stream; `body` is then unused.

    `tokens` are the output tokens of a whole answer (its time). `model` picks the pace.
    `vendor` names the face; it shapes the errors that faults write.
    """

    status: int
    content_type: str = "application/json"
    body: bytes = b""
    pieces: list[Piece] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    tokens: int = 0
    vendor: str = ""
    model: str = ""
    close: bool = False

    def whole(self) -> bytes:
        """The body as one: a stream's pieces joined."""
        return self.body if self.pieces is None else b"".join(p.data for p in self.pieces)

    def head(self, framing: str) -> bytes:
        """The status line and the headers, with one line of framing, ready to send."""
        start = (
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Unknown')}\r\n"
            f"content-type: {self.content_type}\r\nx-fairlead-emulated: true\r\n{framing}\r\n"
        )
        own = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        end = "connection: close\r\n\r\n" if self.close else "\r\n"
        return (start + own + end).encode("latin-1", "replace")
