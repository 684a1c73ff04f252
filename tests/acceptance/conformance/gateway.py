"""The gateway under test, whole: the data plane in front, a scripted upstream behind.

A request goes in as bytes on its usual path, and what would have been sent to the vendor comes out,
with the losses that the ledger has. Nothing here knows how the gateway does it.
"""

import asyncio
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.acceptance.conformance.completeness import Named
from tests.acceptance.conformance.said import of_bytes

from fairlead.canon import Dialect, Failure
from fairlead.catalog import load
from fairlead.engine import prepare
from fairlead.engine.engine import Engine
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.ledger.record import Record
from fairlead.server.compile import CODECS
from fairlead.server.data_plane import DataPlane
from fairlead.upstream.fake import Answer, FakeTransport
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault

__all__ = ["MODELS", "Gateway", "Trip"]

NOW = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
MODELS: dict[str, tuple[str, ...]] = {
    "anthropic": ("claude-haiku-4-5-20251001", "claude-haiku-5-5"),
    "gemini": ("gemini-2.5-flash", "gemini-3.8-flash", "gemini-3.5-flash-lite"),
    "openai_chat": ("gpt-5-mini",),
}
"""The models behind, by the dialect that their vendor is spoken to in."""

PATHS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic": "/v1/messages",
}
ALLOW = (b"x-fairlead-allow-loss", b"true")
NOTHING = Answer(418, {"content-type": "application/json"}, (b"{}",))


@dataclass
class Trip:
    """One request's way: what the client got, what the vendor got, and the ledger's losses."""

    status: int
    body: bytes
    sent: bytes | None
    url: str
    record: Record
    fetched: dict[str, str]
    headers: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def losses(self) -> list[Named]:
        """The losses, in the client's words."""
        return [Named(loss.kind, loss.path, loss.what) for loss in self.record.losses]


class _Client:
    """Collects what a client would get."""

    def __init__(self) -> None:
        self.started, self.gone = False, False
        self.status, self.body = 0, b""
        self.headers: dict[bytes, bytes] = {}

    async def respond(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await self.start(status, headers)
        self.body = body

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.started, self.status, self.headers = True, status, dict(headers)

    async def write(self, data: bytes) -> None:
        self.body += data

    async def finish(self, data: bytes = b"") -> None:
        self.body += data


class Gateway:
    """A gateway with all vendors configured, and no network."""

    def __init__(self, *, ask_usage: bool = True) -> None:
        self._fake = FakeTransport()
        self._ledger = MemoryLedger(keep=8)
        upstreams = [
            Upstream.build(kind.name, kind, Secret("k" * 20), "http://up", ask_usage=ask_usage)
            for kind in VENDORS_OWN.values()
        ]
        snapshot = Snapshot(
            catalog=load(),
            codecs=CODECS,
            upstreams={upstream.vendor: upstream for upstream in upstreams},
            policies={},
            default_policy="",
            fetch=FetchPolicy(),
        )
        engine = Engine(SharedTransport(self._fake), self._ledger, MemoryVault())
        self._plane = DataPlane(engine, snapshot, None, clock=lambda: NOW)
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """End its loop."""
        self._runner.close()

    def serves(self, model: str, dialect: str) -> bool:
        """Whether a name leads to a vendor that speaks this dialect."""
        snapshot = self._plane.snapshot
        try:
            found = snapshot.model(model, datetime.fromtimestamp(NOW, UTC).date())
            return snapshot.upstream(found).speaks(vendor_of(dialect))
        except Failure:
            return False

    @staticmethod
    def encoded(body: dict[str, Any]) -> bytes:
        """A body as bytes."""
        return json.dumps(body, ensure_ascii=False).encode()

    def ask(
        self,
        dialect: str,
        model: str,
        body: bytes,
        *,
        stream: bool = False,
        sse: bool = True,
        answer: Answer = NOTHING,
        allow: bool = False,
    ) -> Trip:
        """One request of a client's. `model` and `stream` count for Gemini, whose URL names them."""
        path, query = PATHS.get(dialect, ""), b""
        if not path:
            verb = "streamGenerateContent" if stream else "generateContent"
            path = f"/v1beta/models/{model}:{verb}"
            query = b"alt=sse" if stream and sse else b""
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        if allow:
            headers.append(ALLOW)
        return self._runner.run(self._trip(path, query, headers, body, answer))

    async def _trip(
        self,
        path: str,
        query: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        answer: Answer,
    ) -> Trip:
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": query,
            "headers": list(headers),
            "client": ("127.0.0.1", 1),
        }
        received = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return received.pop(0)

        fake, client = self._fake, _Client()
        fake.requests.clear()
        fake.add(answer)
        fetched: dict[str, str] = {}
        original = vars(prepare)["fetch_media"]
        vars(prepare)["fetch_media"] = _fetcher(fetched)
        try:
            await self._plane.handle(scope, receive, client)
        finally:
            vars(prepare)["fetch_media"] = original
            fake._script.clear()
        sent = fake.requests[-1] if fake.requests else None
        return Trip(
            status=client.status,
            body=client.body,
            sent=sent.body if sent is not None else None,
            url=sent.url if sent is not None else "",
            record=self._record(),
            fetched=fetched,
            headers=client.headers,
        )

    def _record(self) -> Record:
        return self._ledger.tail(1)[0]


def named(body: dict[str, Any], dialect: str, model: str) -> bytes:
    """A body for another model."""
    changed = body if dialect == "gemini" else {**body, "model": model}
    return json.dumps(changed, ensure_ascii=False).encode()


def vendor_of(dialect: str) -> Dialect:
    """The dialect by its name."""
    return CODECS[dialect].dialect  # type: ignore[index]


# ---- what the web holds --------------------------------------------------------------------------


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\xff\xff\xff"))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b"")


PNG = _png()
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<<>>\n%%EOF"
KINDS_OF_FILES = {
    ".pdf": ("application/pdf", PDF),
    ".mp3": ("audio/mpeg", b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\x64" + b"\0" * 64),
    ".wav": ("audio/wav", b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 28),
    ".mp4": ("video/mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"),
    ".webm": ("video/webm", b"\x1aE\xdf\xa3" + b"\0" * 28 + b"webm"),
    ".txt": ("text/plain", b"A text from the web."),
    ".csv": ("text/csv", b"a,b\n1,2\n"),
}


def _fetcher(fetched: dict[str, str]) -> Any:
    """A stand-in for the guarded fetch, which notes what it gave out."""

    async def fetch(url: str, *, policy: FetchPolicy, path: str) -> tuple[str, bytes]:
        del policy, path
        name = url.partition("?")[0].lower()
        ends = (kind for end, kind in KINDS_OF_FILES.items() if name.endswith(end))
        mime, data = next(ends, ("image/png", PNG))
        fetched[url] = of_bytes(data)
        return mime, data

    return fetch
