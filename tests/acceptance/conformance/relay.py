"""The client's own dialect: what goes in comes out, byte for byte, both ways."""

import json
import random

import msgspec
from tests.acceptance.conformance.gateway import Gateway
from tests.acceptance.conformance.rows import Row

from fairlead.upstream.fake import Answer

__all__ = ["cut", "relayed"]

STAND_INS = {
    "openai_chat": "gpt-5-mini",
    "openai_responses": "gpt-5-mini",
    "anthropic": "claude-haiku-4-5-20251001",
    "gemini": "gemini-2.5-flash",
}
"""Models for rows whose own no vendor here serves: imitators', and Vertex's long names."""


def cut(data: bytes, seed: int, most: int = 8) -> tuple[bytes, ...]:
    """The bytes in pieces, cut anywhere; the same for the same seed."""
    chance = random.Random(seed)
    marks = sorted({chance.randrange(1, len(data)) for _ in range(most)}) if len(data) > 1 else []
    return tuple(data[a:b] for a, b in zip([0, *marks], [*marks, len(data)], strict=True))


def relayed(gateway: Gateway, row: Row, seed: int) -> list[str]:
    """What is not as it was of a recorded call that is passed on; empty when all is."""
    own = row.body.get("model", row.model) if row.dialect != "gemini" else row.model
    model = own if own and gateway.serves(own, row.dialect) else STAND_INS[row.dialect]
    body = _with_model(row, model)
    whole = row.dialect == "gemini" and row.answer.lstrip().startswith(b"[")
    kind = "text/event-stream" if row.stream and not whole else "application/json"
    answer = Answer(row.status, {"content-type": kind}, cut(row.answer, seed))
    trip = gateway.ask(
        row.dialect, model, body, stream=row.stream, sse=not whole, answer=answer, allow=False
    )
    found: list[str] = []
    if trip.sent is None:
        return [f"refused: {trip.record.error_message}"]
    if not _same_request(body, trip.sent, trip.record.model or ""):
        found.append(f"the request became {trip.sent[:80]!r}")
    if trip.body != row.answer:
        found.append(f"the answer became {trip.body[:80]!r}")
    if trip.status != row.status:
        found.append(f"status {row.status} became {trip.status}")
    return found


def _with_model(row: Row, model: str) -> bytes:
    """The row's body, which names `model` where bodies name one at all."""
    if row.dialect == "gemini" or row.body.get("model", model) == model:
        return row.sent
    return json.dumps({**row.body, "model": model}, ensure_ascii=False).encode()


def _same_request(body: bytes, sent: bytes, model: str) -> bool:
    """Identical; where an alias became the model's id or usage is asked for, every other value is."""
    if body == sent:
        return True
    said, told = _VALUES.decode(body), _VALUES.decode(sent)
    changed = {name for name in said.keys() | told.keys() if said.get(name) != told.get(name)}
    if "model" in changed and json.loads(bytes(told["model"])) != model:
        return False
    if "stream_options" in changed and json.loads(bytes(told["stream_options"])) != ASKED:
        return False
    return changed <= {"model", "stream_options"}


ASKED = {"include_usage": True}
_VALUES = msgspec.json.Decoder(dict[str, msgspec.Raw])
