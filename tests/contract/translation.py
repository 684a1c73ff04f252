"""Bodies through two dialects, as the engine takes them, for the contract suites.

`send` is a request on its way to a model, `answer` and `stream` are what comes back. Each gives
plain dictionaries and the losses by name, so that a test can say what it wants on one line.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from msgspec.structs import replace

from fairlead.canon import Failure, Loss, Problem, Request
from fairlead.catalog import load
from fairlead.catalog.model import Model
from fairlead.server.compile import CODECS
from fairlead.wire.codec import Reply, Target

__all__ = [
    "CODECS",
    "DIALECTS",
    "FLASH",
    "FLASH_3",
    "GPT",
    "HAIKU",
    "HAIKU_5",
    "LITE",
    "PNG",
    "Sent",
    "answer",
    "data_lines",
    "facts",
    "refused",
    "say",
    "send",
    "stream",
]

HAIKU, HAIKU_5 = "claude-haiku-4-5-20251001", "claude-haiku-5-5"
FLASH, LITE, FLASH_3 = "gemini-2.5-flash", "gemini-3.5-flash-lite", "gemini-3.8-flash"
GPT = "gpt-of-the-users-own"  # known by its prefix alone
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
DAY = date(2026, 11, 22)
DIALECTS = tuple(CODECS)
_CATALOG = load()
_DIALECT_OF = {"anthropic": "anthropic", "google": "gemini", "openai": "openai_chat"}


def facts(model: str) -> Model:
    """What the catalogue knows; little about a model of the user's own."""
    return _CATALOG.resolve(model, DAY)


def say(text: str, dialect: str = "openai_chat", **more: Any) -> dict[str, Any]:
    """A plain body of a dialect, with `more` fields at its top."""
    body: dict[str, Any] = {
        "openai_chat": {"model": "m", "messages": [{"role": "user", "content": text}]},
        "anthropic": {
            "model": "m",
            "max_tokens": 4000,
            "messages": [{"role": "user", "content": text}],
        },
        "gemini": {"contents": [{"role": "user", "parts": [{"text": text}]}]},
        "openai_responses": {"model": "m", "input": text},
    }[dialect]
    return body | more


@dataclass
class Sent:
    """What went to the vendor."""

    body: dict[str, Any]
    losses: dict[str, str] = field(default_factory=dict)
    found: tuple[Loss, ...] = ()
    request: Request | None = None


def send(
    body: dict[str, Any] | bytes,
    model: str = HAIKU,
    *,
    client: str = "openai_chat",
    to: str | None = None,
    known: Model | None = None,
) -> Sent:
    """A client's body as it goes to a model; losses by name, with their kind."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    about = known or facts(model)
    request = CODECS[client].decode_request(data)
    codec = CODECS[to or _DIALECT_OF[about.vendor]]
    encoded = codec.encode_request(request, Target(model, about))
    losses = {loss.what: loss.kind for loss in encoded.losses}
    told = json.loads(encoded.body, parse_int=_whole)
    return Sent(told, losses, encoded.losses, request)


def _whole(digits: str) -> int | str:
    """A number of thousands of digits, which Python refuses to read, stays text."""
    return int(digits) if len(digits) < 4000 else digits


def refused(
    body: dict[str, Any] | bytes, model: str = HAIKU, *, client: str = "openai_chat"
) -> Problem:
    """Why it cannot go there."""
    try:
        sent = send(body, model, client=client)
    except Failure as failure:
        return failure.problem
    raise AssertionError(f"it went: {sent.body}")


def answer(
    body: dict[str, Any] | bytes,
    vendor: str,
    client: str = "openai_chat",
    request: Request | None = None,
) -> Sent:
    """A vendor's whole answer as a client reads it."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = CODECS[vendor].decode_response(data)
    encoded = CODECS[client].encode_response(found, _reply(request))
    losses = {loss.what: loss.kind for loss in encoded.losses}
    return Sent(json.loads(encoded.body), losses, encoded.losses)


def stream(
    data: bytes,
    vendor: str,
    client: str = "openai_chat",
    request: Request | None = None,
    cut: int | None = None,
) -> bytes:
    """A vendor's stream as a client reads it; `cut` is the size of the pieces it comes in."""
    decoder = CODECS[vendor].stream_decoder()
    encoder = CODECS[client].stream_encoder(_reply(request))
    size = cut or len(data) or 1
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    out = b""
    for piece in pieces:
        out += b"".join(encoder.encode(event) for event in decoder.feed(piece))
    out += b"".join(encoder.encode(event) for event in decoder.close())
    return out + encoder.close()


def _reply(request: Request | None) -> Reply:
    reply = Reply(model="m", created=1_790_000_000, request_id="fl-1", include_usage=True)
    return reply if request is None else replace(reply, request=request)


def data_lines(text: bytes) -> list[dict[str, Any]]:
    """The JSON objects of a stream of server-sent events."""
    lines: Iterable[bytes] = text.replace(b"\r\n", b"\n").split(b"\n")
    payloads = [line[5:].strip() for line in lines if line.startswith(b"data:")]
    return [json.loads(payload) for payload in payloads if payload.startswith(b"{")]
