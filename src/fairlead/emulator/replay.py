"""Recorded answers to recorded requests, byte for byte.

A recording matches by vendor, path (with `alt=sse` or not) and the canonical JSON of the body: keys
sorted, so that a recorder that sorted them does no harm. A stream is sent in its recorded events,
each one HTTP chunk. Several recordings of one request are given in turn, the last one for good.
"""

import base64
import gzip
import hashlib
import re
import zlib
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from fairlead.emulator.http11.reply import Piece, Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue

__all__ = ["BadRecordings", "Recordings"]

_VENDORS = {
    "anthropic": "anthropic",
    "gemini": "gemini",
    "openai": "openai",
    "vertex_gemini": "vertex",
    "bedrock_claude": "bedrock",
    "bedrock_other": "bedrock",
}
_PLACE = re.compile(r"^/v1(?:beta1)?/(?:projects/[^/]+/locations/[^/]+/)?(?=publishers/)")
_FRAMED = "application/vnd.amazon.eventstream"
_EVENT = re.compile(rb"(?:\r\n|\n)(?:\r\n|\n)|\r\r")


class BadRecordings(ValueError):
    """A file of recordings that cannot be read."""


class _Recorded(msgspec.Struct):
    method: str
    url: str
    body: JsonValue = None


class _Response(msgspec.Struct):
    status: int
    headers: dict[str, str] = {}
    body_text: str | None = None
    body_base64: str | None = None


class _Row(msgspec.Struct):
    provider: str
    request: _Recorded
    response: _Response
    id: str = ""
    model: str | None = None
    stream: bool | None = None


class Recordings:
    """Recorded rows by what matches them."""

    def __init__(self, rows: dict[bytes, list[_Row]]) -> None:
        self._rows = rows
        self._turns: dict[bytes, int] = {}

    @classmethod
    def none(cls) -> "Recordings":
        """No recordings."""
        return cls({})

    @classmethod
    def read(cls, path: Path) -> "Recordings":
        """Read a file of JSON lines, packed with gzip or not.

        Raises:
            BadRecordings: with the line at fault.
        """
        decoder = msgspec.json.Decoder(_Row)
        rows: dict[bytes, list[_Row]] = {}
        opened = gzip.open if path.suffix == ".gz" else open
        try:
            with opened(path, "rb") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        row = decoder.decode(line)
                    except msgspec.DecodeError as error:
                        raise BadRecordings(f"{path}, line {number}: {error}") from None
                    vendor = _VENDORS.get(row.provider)
                    if vendor is not None:
                        url = urlsplit(row.request.url)
                        sse = parse_qs(url.query).get("alt") == ["sse"]
                        body = row.request.body
                        where = _mark(vendor, row.request.method, unquote(url.path), sse, body)
                        rows.setdefault(where, []).append(row)
        except OSError as error:
            raise BadRecordings(f"{path}: {error.strerror or error}") from None
        except (EOFError, zlib.error) as error:
            raise BadRecordings(f"{path}: {error}") from None
        return cls(rows)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._rows.values())

    def find(self, vendor: str, request: Request, body: JsonValue) -> Reply | None:
        """The recorded answer to a request, if there is one."""
        if not self._rows:
            return None
        sse = request.query.get("alt") == "sse"
        where = _mark(vendor, request.method, request.path, sse, body)
        rows = self._rows.get(where)
        if rows is None:
            return None
        turn = self._turns.get(where, 0)
        self._turns[where] = turn + 1
        return _reply(rows[min(turn, len(rows) - 1)], vendor)


def _mark(vendor: str, method: str, path: str, sse: bool, body: JsonValue) -> bytes:
    # The vendor's name may stand before a path, here and where it was recorded.
    path = path.removeprefix(f"/{vendor}") if path.startswith(f"/{vendor}/") else path
    path = _PLACE.sub("", path)  # recorders hide the project, and its location with it
    if isinstance(body, (bytes, str)):
        try:
            body = msgspec.json.decode(body)
        except msgspec.DecodeError:
            body = str(body)
    said = msgspec.json.encode([vendor, method, path, sse, body], order="sorted")
    return hashlib.blake2b(said, digest_size=16).digest()


def _reply(row: _Row, vendor: str) -> Reply:
    answer = row.response
    if answer.body_text is not None:
        body = answer.body_text.encode("utf-8", "surrogatepass")
    else:
        body = base64.b64decode(answer.body_base64 or "")
    kind = answer.headers.get("content-type", "")
    if "/" not in kind:  # some recorders hide it
        framed = vendor == "bedrock" and answer.body_base64 is not None
        kind = _FRAMED if framed else "application/json"
    headers = (("x-fairlead-recording", row.id),) if row.id else ()
    reply = Reply(answer.status, kind, body, headers=headers, vendor=vendor)
    if kind.startswith(_FRAMED):
        reply.pieces = [Piece(frame) for frame in _frames(body)]
    elif "event-stream" in kind:
        reply.pieces = [Piece(event) for event in _events(body)]
    return reply


def _frames(body: bytes) -> list[bytes]:
    """AWS's event stream cut behind each message, which begins with its length."""
    out: list[bytes] = []
    while body:
        size = int.from_bytes(body[:4], "big") or len(body)
        out.append(body[:size])
        body = body[size:]
    return out


def _events(body: bytes) -> list[bytes]:
    """A stream cut behind each of its events."""
    out: list[bytes] = []
    start = 0
    for found in _EVENT.finditer(body):
        out.append(body[start : found.end()])
        start = found.end()
    if start < len(body):
        out.append(body[start:])
    return out
