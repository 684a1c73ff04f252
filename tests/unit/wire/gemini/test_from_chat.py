"""Recorded OpenAI chat traffic on its way to Gemini: accepted by Gemini's schema, losses named."""

import gzip
import json
from typing import Any

import pytest
from tests.unit.wire.gemini.recorded import BUDGET, LEVEL, SHARED, target

from fairlead.canon import Failure, Request, Text
from fairlead.emulator import authority
from fairlead.wire import openai_chat
from fairlead.wire.gemini import CODEC

PATH = SHARED / "wire" / "recordings.jsonl.gz"
if not PATH.is_file():
    pytest.skip(f"../shared is absent: {PATH} is no file", allow_module_level=True)

TARGETS = {
    "2.5, JSON Schema": target(BUDGET),
    "3, JSON Schema": target(LEVEL),
    "2.5, the older subset": target(BUDGET, features=("n", "logprobs", "prefill")),
}
# What a chat request may say and Gemini can't; anything new here wants a second look.
SEMANTIC = {
    "audio",
    "file_reference",
    "format",
    "json_with_tools",
    "media_url",
    "preset",
    "web_search_options",
}


def recorded() -> list[tuple[str, Request]]:
    found = []
    with gzip.open(PATH, "rt", encoding="utf-8") as lines:
        for line in lines:
            row: dict[str, Any] = json.loads(line)
            body = row["request"]["body"]
            if row["op"] == "chat_completions" and isinstance(body, dict) and body.get("model"):
                try:
                    request = openai_chat.CODEC.decode_request(json.dumps(body).encode())
                except Failure:
                    continue  # the chat dialect's own tests see to those
                found.append((row["id"], request))
    return found


REQUESTS = recorded()


@pytest.mark.parametrize("name", TARGETS)
def test_every_request_is_accepted_or_refused_with_its_field(name):
    accepted = 0
    refused: list[str | None] = []
    for id_, request in REQUESTS:
        try:
            encoded = CODEC.encode_request(request, TARGETS[name])
        except Failure as failure:
            refused.append(failure.problem.param)
            continue
        assert authority.check("gemini", "generate", json.loads(encoded.body)) == [], id_
        for loss in encoded.losses:
            assert loss.why
            named = loss.what.startswith(("server_tool:", "media_type:")) or loss.what in SEMANTIC
            assert loss.kind == "cosmetic" or named, (id_, loss)
        accepted += 1
    assert accepted >= 720
    assert set(refused) <= {"n", "max_tokens", "stop", "temperature"}


def test_every_call_and_result_finds_its_way():
    """What the client's turns hold arrives: same calls, same results, same texts in order."""
    checked = 0
    for id_, request in REQUESTS:
        try:
            encoded = CODEC.encode_request(request, TARGETS["2.5, JSON Schema"])
        except Failure:
            continue
        if any(loss.kind == "semantic" for loss in encoded.losses):
            continue
        again = CODEC.decode_request(encoded.body)
        for kind in ("tool_call", "tool_result"):
            assert names(again, kind) == names(request, kind), id_
        spoken = [t for t in request.turns if t.role not in {"system", "developer"}]
        added = ["."] if any(loss.what == "user_turn_added" for loss in encoded.losses) else []
        if spoken:
            assert texts(again.turns) == added + texts(spoken), id_
        checked += len(names(request, "tool_call"))
    assert checked > 150


def names(request: Request, kind: str) -> list[str]:
    tagged = [p for t in request.turns for p in t.parts if p.__struct_config__.tag == kind]
    return [getattr(part, "id", None) or part.call_id for part in tagged]


def texts(turns) -> list[str]:
    parts = [part for turn in turns for part in turn.parts]
    return [part.text for part in parts if isinstance(part, Text) and part.text]
