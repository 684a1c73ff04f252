"""One request of the chaos suite: how it is sent in each dialect, what is read of its answer."""

import asyncio
import json
import time
from typing import Any, Final

from msgspec import Struct

__all__ = ["ADMIN", "DEADLINE", "DIALECTS", "HAIKU", "Got", "Kind", "Wish", "ask", "state_of"]

HAIKU: Final = "claude-haiku-4-5-20251001"
DIALECTS: Final = ("openai", "anthropic", "gemini")
ADMIN: Final = "an-admin-key-for-the-chaos"
DEADLINE: Final = 4.0

Kind = tuple[str, bool, str]
"""What an answer depends on: dialect, whether it is a stream, prompt."""


class Wish(Struct, frozen=True):
    """One request to come."""

    number: int
    dialect: str
    stream: bool
    prompt: str
    leaves: bool = False

    @property
    def kind(self) -> Kind:
        """What its answer depends on."""
        return self.dialect, self.stream, self.prompt


class Got(Struct):
    """What became of it."""

    wish: Wish
    status: int = 0
    text: str = ""
    error: bool = False
    whole: bool = False
    seconds: float = 0.0
    first: float = 0.0
    id: str = ""
    left: bool = False


def body_of(wish: Wish) -> tuple[str, dict[str, Any]]:
    """Path and JSON of a request in its dialect."""
    turn = {"role": "user", "content": wish.prompt}
    if wish.dialect == "openai":
        return "/v1/chat/completions", {"model": HAIKU, "messages": [turn], "stream": wish.stream}
    if wish.dialect == "anthropic":
        body = {"model": HAIKU, "messages": [turn], "max_tokens": 2000, "stream": wish.stream}
        return "/v1/messages", body
    verb = "streamGenerateContent?alt=sse" if wish.stream else "generateContent"
    contents = [{"role": "user", "parts": [{"text": wish.prompt}]}]
    return f"/v1beta/models/{HAIKU}:{verb}", {"contents": contents}


async def ask(port: int, wish: Wish) -> Got:
    """Send one, read what comes."""
    got = Got(wish)
    path, body = body_of(wish)
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        f"x-fairlead-timeout: {DEADLINE:g}\r\ncontent-length: {len(data)}\r\n"
        "anthropic-version: 2023-06-01\r\nconnection: close\r\n\r\n"
    )
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode() + data)
        if wish.leaves:
            await reader.read(1 + wish.number % 400)
            got.left = True
            return got
        raw = await reader.read(65_536)  # the head comes with the first token
        got.first = time.monotonic() - began
        raw += await reader.read()
    except ConnectionError:
        return got
    finally:
        got.seconds = time.monotonic() - began
        writer.close()
    _read(got, raw)
    return got


def _read(got: Got, raw: bytes) -> None:
    head, _, rest = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    got.status = int(lines[0].split(" ")[1]) if " " in lines[0] else 0
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    got.id = headers.get("x-fairlead-request-id", "")
    ended = True
    if headers.get("transfer-encoding") == "chunked":
        rest, ended = _unchunked(rest)
    if got.wish.stream and got.status == 200:
        events = [
            _json(line[6:]) for line in rest.decode().split("\n") if line.startswith("data: {")
        ]
        got.text = "".join(_piece(event) for event in events)
        got.error = any("error" in event or event.get("type") == "error" for event in events)
    else:
        told = _json(rest.decode("utf-8", "replace"))
        got.error = got.status != 200 and "error" in told
        got.text = "" if got.error else _answer(told)
    got.whole = ended


def _unchunked(data: bytes) -> tuple[bytes, bool]:
    out = bytearray()
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size or b"0", 16)
        if not length:
            return bytes(out), True
        out += data[:length]
        data = data[length + 2 :]
    return bytes(out), False


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _answer(told: dict[str, Any]) -> str:
    if "choices" in told:
        return str(told["choices"][0]["message"]["content"])
    if "candidates" in told:
        return "".join(p.get("text", "") for p in told["candidates"][0]["content"]["parts"])
    return "".join(part.get("text", "") for part in told.get("content", ()))


def _piece(event: dict[str, Any]) -> str:
    if event.get("type") == "content_block_delta":
        return str(event["delta"].get("text", ""))
    if event.get("choices"):
        return str(event["choices"][0].get("delta", {}).get("content") or "")
    if event.get("candidates"):
        parts = event["candidates"][0].get("content", {}).get("parts", ())
        return "".join(part.get("text", "") for part in parts)
    return ""


async def state_of(port: int) -> dict[str, Any]:
    """What the gateway says of its deployments."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /admin/deployments HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
        f"authorization: Bearer {ADMIN}\r\nconnection: close\r\n\r\n".encode()
    )
    raw = await reader.read()
    writer.close()
    return _json(raw.partition(b"\r\n\r\n")[2].decode())
