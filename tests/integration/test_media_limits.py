"""A picture that is too large for one vendor: `auto` takes the other, by name it is a clear 400."""

import base64
import random
import struct
import zlib

import msgspec
import pytest
from tests.integration.conftest import meant

from fairlead.routing import Decision

HAIKU = "claude-haiku-4-5-20251001"
CLAUDE_MOST = 10_485_760


def noise(width: int, height: int) -> bytes:
    """A PNG of random pixels, about as many bytes as it has colours: noise does not compress."""
    line = random.Random(7).randbytes

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + line(3 * width) for _ in range(height))
    body = zlib.compress(rows, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def picture() -> str:
    """Some 8 MB as a file, over 10 MB as base64."""
    data = base64.b64encode(noise(1_700, 1_570)).decode()
    assert CLAUDE_MOST < len(data) < 11_000_000
    return data


def ask(model: str, picture: str) -> dict:
    url = f"data:image/png;base64,{picture}"
    parts = [
        {"type": "text", "text": "What is on this picture?"},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    return {"model": model, "messages": [{"role": "user", "content": parts}]}


def decided(gateway, reply) -> Decision:
    """The decision that the ledger keeps."""
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    return msgspec.json.decode(record.decision, type=Decision)


def test_auto_takes_the_model_that_can(gateway, picture: str) -> None:
    reply = gateway.chat(ask("auto", picture))
    assert reply.status == 200, reply.body[:500]
    decision, flash = decided(gateway, reply), meant("flash")
    assert decision.ranked[0] == flash
    assert decision.reason == (f"article-tree: {flash}, as {HAIKU} takes no image of that size")
    (haiku,) = [each for each in decision.candidates if each.model == HAIKU]
    assert haiku.ruled_out is not None
    for figure in (f"{CLAUDE_MOST:,}", f"{len(picture):,}"):
        assert figure in haiku.ruled_out


def test_by_name_it_is_refused_with_both_figures(gateway, picture: str) -> None:
    reply = gateway.chat(ask(HAIKU, picture))
    error = reply.json()["error"]
    assert (reply.status, error["param"]) == (400, "messages")
    for part in (HAIKU, f"{CLAUDE_MOST:,}", f"{len(picture):,}", "as base64"):
        assert part in error["message"]


def test_a_small_picture_goes_where_the_policy_says(gateway) -> None:
    small = base64.b64encode(noise(40, 40)).decode()
    reply = gateway.chat(ask("auto", small))
    assert reply.status == 200, reply.body[:500]
    decision = decided(gateway, reply)
    assert decision.ranked[0] == HAIKU
