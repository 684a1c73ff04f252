"""Recorded traffic of Vertex AI and of vendors that speak OpenAI's dialect in part: their answers
are read, their usage adds up, and what we would send them is what they took.
"""

import base64
import gzip
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairlead.canon import Folder, StreamError, Usage
from fairlead.catalog.model import Model
from fairlead.emulator.authority import check
from fairlead.wire import gemini, openai_chat, openai_responses
from fairlead.wire.codec import Codec, Target
from fairlead.wire.vertex.gemini import adapted

REPO = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("FAIRLEAD_SHARED", REPO.parent / "shared"))
RECORDINGS = SHARED / "wire" / "recordings.jsonl.gz"
CODECS: dict[str, Codec] = {
    "chat_completions": openai_chat.CODEC,
    "responses": openai_responses.CODEC,
    "generate": gemini.CODEC,
}
LEAST_ROWS = {
    "vertex_gemini": 115,
    "azure_openai": 60,
    "bedrock_mantle": 10,
    "gemini_openai_compat": 2,
    "compat:cerebras": 6,
    "compat:crusoe": 3,
    "compat:deepseek": 36,
    "compat:gpustack": 13,
    "compat:groq": 44,
    "compat:heroku": 1,
    "compat:huggingface": 8,
    "compat:mistral": 74,
    "compat:ollama": 45,
    "compat:openrouter": 72,
    "compat:perplexity": 9,
    "compat:snowflake": 5,
    "compat:together": 4,
    "compat:xai": 27,
    "compat:zai": 5,
}
# Streams that their vendor broke off with an error event, and a JSON array for one answer.
BROKEN = {"01d610bac510441f", "bc126775055e42e3"}
ARRAYS = {"c9a5ce1d35ec0d0b"}

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Row]]:
    if not RECORDINGS.exists():
        pytest.skip(f"../shared is absent: no {RECORDINGS}")
    found: dict[str, list[Row]] = {vendor: [] for vendor in LEAST_ROWS}
    with gzip.open(RECORDINGS, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["provider"] in found and row["op"] in CODECS:
                found[row["provider"]].append(row)
    return found


def body_of(row: Row) -> bytes:
    answer = row["response"]
    if answer.get("body_text") is not None:
        return str(answer["body_text"]).encode("utf-8", "surrogatepass")
    return base64.b64decode(answer.get("body_base64") or "")


def streamed(row: Row, body: bytes) -> bool:
    kind = row["response"]["headers"].get("content-type", "")
    return "event-stream" in kind or body.startswith((b"data:", b": "))


def read(row: Row) -> Usage | None:
    """The usage of a recorded answer; it must be readable."""
    codec, body = CODECS[row["op"]], body_of(row)
    if row["response"]["status"] >= 300:
        problem = codec.decode_error(row["response"]["status"], row["response"]["headers"], body)
        assert problem.message, row["id"]
        return None
    if not streamed(row, body):
        return codec.decode_response(body).usage
    decoder, folder = codec.stream_decoder(), Folder()
    for event in decoder.feed(body) + decoder.close():
        if isinstance(event, StreamError):
            assert row["id"] in BROKEN, (row["id"], event.problem.message)
            return None
        folder.add(event)
    folder.response()
    tap = codec.usage_tap()
    tap.feed(body)
    assert tap.usage == folder.usage, row["id"]
    assert tap.finish, row["id"]
    return folder.usage


@pytest.mark.parametrize("vendor", LEAST_ROWS)
def test_every_recorded_answer_is_read_and_adds_up(rows, vendor) -> None:
    seen = Counter[str]()
    for row in rows[vendor]:
        if row["id"] in ARRAYS:
            continue
        usage = read(row)
        seen["rows"] += 1
        told = _told(row)
        # Grok on Azure tells of more cached tokens than of tokens: an estimate, marked as one.
        if usage is None or told is None or usage.estimated:
            continue
        seen["usage"] += 1
        assert usage.prompt_total + usage.completion_total == told, row["id"]
    assert seen["rows"] >= LEAST_ROWS[vendor]
    assert seen["usage"] > 0 or vendor == "vertex_gemini"


def _told(row: Row) -> int | None:
    """All tokens that an answer of OpenAI's shape says itself, wherever in it. The total is what
    holds: Mistral's has audio that is not in the prompt, that of Gemini's front thoughts that are
    not in the completion.
    """
    for line in reversed(body_of(row).splitlines() or [b""]):
        text = line.removeprefix(b"data: ")
        found = _usage(text)
        if found is not None:
            return found
    return _usage(body_of(row))


def _usage(text: bytes) -> int | None:
    try:
        told = json.loads(text)
    except ValueError:
        return None
    usage = told.get("usage") if isinstance(told, dict) else None
    if not isinstance(usage, dict):
        return None
    names = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens")
    return usage.get("total_tokens") or sum(usage.get(name, 0) for name in names)


def test_vertexs_recorded_requests_go_on_as_they_came(rows) -> None:
    for row in rows["vertex_gemini"]:
        if row["response"]["status"] < 300:
            body = json.dumps(row["request"]["body"]).encode()
            found = adapted(body)
            assert not found.encoded.losses, row["id"]
            assert found.encoded.body is body, row["id"]


def test_vertexs_recorded_requests_translated_are_what_its_schema_takes(rows) -> None:
    facts: Callable[[str], Model] = lambda name: Model.unknown(name, "google")  # noqa: E731
    sent = 0
    for row in rows["vertex_gemini"]:
        if row["response"]["status"] >= 300:
            continue
        request = gemini.CODEC.decode_request(json.dumps(row["request"]["body"]).encode())
        target = Target(row["model"] or "gemini-2.5-flash", facts("gemini-2.5-flash"), True)
        body = gemini.CODEC.encode_request(request, target).body
        said = adapted(body).encoded.body
        assert check("vertex_gemini", "generate", json.loads(said)) == [], row["id"]
        sent += 1
    assert sent >= 110
