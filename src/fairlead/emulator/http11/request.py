"""One HTTP request as it came."""

from urllib.parse import parse_qsl, unquote

from msgspec import Struct

__all__ = ["Request"]


class Request(Struct):
    """A complete request. Header names are lower-case; of repeated headers the last one counts.

    `too_large` is the size in bytes that broke the limit; the body is then empty.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    keep_alive: bool = True
    too_large: int | None = None

    @property
    def path(self) -> str:
        """The path, without the query, percent-decoded."""
        path, _, _ = self.target.partition("?")
        return unquote(path) if "%" in path else path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        _, _, query = self.target.partition("?")
        return dict(parse_qsl(query, keep_blank_values=True)) if query else {}

    @property
    def base(self) -> str:
        """The address that the client has used, with the vendor's own step if there is one."""
        first = self.path[1:].partition("/")[0]
        step = f"/{first}" if first in ("anthropic", "gemini", "openai", "vertex") else ""
        return f"http://{self.headers.get('host', '127.0.0.1')}{step}"
