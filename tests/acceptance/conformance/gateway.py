"""The gateway under test: a recorded request in, what would be sent to a vendor out."""

import asyncio
import struct
import zlib
from dataclasses import dataclass, field
from datetime import date

from tests.acceptance.conformance.completeness import Named

from fairlead.canon import Failure, Problem
from fairlead.catalog import load
from fairlead.catalog.model import Model
from fairlead.engine import prepare
from fairlead.server.compile import CODECS
from fairlead.upstream.fetch import FetchPolicy
from fairlead.wire.codec import Target

from tests.acceptance.conformance.said import of_bytes

__all__ = ["MODELS", "Sent", "facts_of", "translate"]

WHEN = date(2026, 11, 20)
MODELS = {
    "anthropic": ("claude-haiku-4-5-20251001", "claude-haiku-5-5"),
    "gemini": ("gemini-2.5-flash", "gemini-3.8-flash", "gemini-3.5-flash-lite"),
    "openai_chat": ("gpt-5-mini",),
    "openai_responses": ("gpt-5-mini",),
}
CATALOG = load()


@dataclass
class Sent:
    """What became of a request: bytes for the vendor, or a problem; and the losses."""

    body: bytes | None = None
    losses: list[Named] = field(default_factory=list)
    problem: Problem | None = None
    fetched: dict[str, str] = field(default_factory=dict)

    @property
    def semantic(self) -> list[Named]:
        """The losses that a client has to allow."""
        return [loss for loss in self.losses if loss.kind == "semantic"]


def facts_of(model: str) -> Model:
    """The catalogue's facts of a model."""
    return CATALOG.resolve(model, WHEN)


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\xff\xff")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


PNG = _png()
KINDS = {
    ".pdf": ("application/pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<<>>\n%%EOF"),
    ".mp3": ("audio/mpeg", b"ID3\x04\0\0\0\0\0\0" + b"\xff\xfb\x90\x64" + b"\0" * 64),
    ".wav": ("audio/wav", b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 28),
    ".mp4": ("video/mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"),
    ".txt": ("text/plain", b"A text from the web."),
    ".csv": ("text/csv", b"a,b\n1,2\n"),
}


async def _fetched(url: str, *, policy: FetchPolicy, path: str) -> tuple[str, bytes]:
    del policy, path
    name = url.partition("?")[0].lower()
    return next((kind for end, kind in KINDS.items() if name.endswith(end)), ("image/png", PNG))


def translate(client: str, vendor: str, model: str, body: bytes, *, allow: bool = False) -> Sent:
    """A request of one dialect for a model behind another.

    An exception other than the gateway's own passes: it is what the harness looks for.
    """
    facts = facts_of(model)
    front, back = CODECS[client], CODECS[vendor]
    sent = Sent()

    async def fetch(url: str, *, policy: FetchPolicy, path: str) -> tuple[str, bytes]:
        mime, data = await _fetched(url, policy=policy, path=path)
        sent.fetched[url] = of_bytes(data)
        return mime, data

    try:
        request = front.decode_request(body)
        original, prepare.fetch_media = prepare.fetch_media, fetch
        try:
            request = asyncio.run(prepare._inline(request, facts, FetchPolicy()))
        finally:
            prepare.fetch_media = original
        encoded = back.encode_request(request, Target(model, facts, allow_loss=allow))
    except Failure as failure:
        sent.problem = failure.problem
        return sent
    sent.body = encoded.body
    sent.losses = [
        Named(loss.kind, front.client_path(loss.path, request), loss.what)
        for loss in encoded.losses
    ]
    return sent
