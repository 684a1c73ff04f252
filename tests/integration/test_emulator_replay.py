"""Recorded requests get their recorded answers, byte for byte."""

import base64
import gzip
import http.client
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fairlead.emulator import BadRecordings, EmulatorThread

SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).parents[3] / "shared"))
RECORDINGS = SHARED / "wire" / "recordings.jsonl.gz"
HEADERS = {
    "anthropic": {"x-api-key": "k", "anthropic-version": "2023-06-01"},
    "gemini": {"x-goog-api-key": "k"},
    "openai": {"authorization": "Bearer k"},
}
OPS = {"messages", "generate", "count_tokens", "chat_completions", "responses"}


def rows() -> list[dict[str, Any]]:
    found = []
    with gzip.open(RECORDINGS, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["provider"] in HEADERS and row["op"] in OPS:
                found.append(row)
    return found


@pytest.fixture(scope="module")
def recorded() -> list[dict[str, Any]]:
    if not RECORDINGS.exists():
        pytest.skip(f"../shared is absent: no {RECORDINGS}")
    return rows()


@pytest.fixture(scope="module")
def emulator(recorded: list[dict[str, Any]]) -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0, replay=RECORDINGS) as running:
        yield running


def post(
    connection: http.client.HTTPConnection, row: dict[str, Any], body: Any
) -> http.client.HTTPResponse:
    url = urlsplit(row["request"]["url"])
    target = url.path + (f"?{url.query}" if url.query else "")
    data = body if isinstance(body, str) else json.dumps(body)
    connection.request("POST", target, data.encode(), HEADERS[row["provider"]])
    return connection.getresponse()


def test_every_recorded_call_is_answered_as_recorded(
    emulator: EmulatorThread, recorded: list[dict[str, Any]]
):
    emulator.reset()
    turns: dict[str, list[bytes]] = {}
    for row in recorded:
        turns.setdefault(mark(row), []).append(body_of(row))
    seen: dict[str, int] = {}
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=30)
    different = []
    for row in recorded:
        answer = post(connection, row, row["request"]["body"])
        got = answer.read()
        at = seen.get(mark(row), 0)
        seen[mark(row)] = at + 1
        if (
            got != turns[mark(row)][at]
            or answer.status != row["response"]["status"]
            or answer.headers["content-type"]
            != row["response"]["headers"].get("content-type", "application/json")
        ):
            different.append(row["id"])
    connection.close()
    assert len(recorded) > 500
    assert different == []
    assert {entry.outcome for entry in emulator.requests} <= {"replayed", "error"}


def mark(row: dict[str, Any]) -> str:
    url = urlsplit(row["request"]["url"])
    sse = "alt=sse" in url.query
    return json.dumps([row["provider"], url.path, sse, row["request"]["body"]], sort_keys=True)


def body_of(row: dict[str, Any]) -> bytes:
    answer = row["response"]
    if answer.get("body_text") is not None:
        return answer["body_text"].encode()
    return base64.b64decode(answer.get("body_base64") or "")


def test_a_stream_is_chunked_at_its_events(
    emulator: EmulatorThread, recorded: list[dict[str, Any]]
):
    row = next(
        row
        for row in recorded
        if row["provider"] == "anthropic" and row["stream"] and row["response_fidelity"] == "raw"
    )
    emulator.reset()
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=30)
    answer = post(connection, row, row["request"]["body"])
    assert answer.headers["x-fairlead-emulated"] == "true"
    assert answer.headers["x-fairlead-recording"] == row["id"]
    first = answer.read1(1_000_000)
    assert first.endswith(b"\n\n")
    assert first.count(b"event: ") == 1
    answer.read()
    connection.close()


def test_what_is_not_recorded_is_emulated_or_refused(recorded: list[dict[str, Any]]):
    row = next(row for row in recorded if row["provider"] == "anthropic")
    body = {
        "model": "claude-haiku-4-5",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "never recorded"}],
    }
    for only, status in ((False, 200), (True, 404)):
        with EmulatorThread(port=0, replay=RECORDINGS, replay_only=only) as running:
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
            answer = post(connection, row, body)
            text = answer.read()
            connection.close()
            assert answer.status == status
            assert (b"No recording matches" in text) is only


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"provider": "anthropic"}\n', "line 1"),
        ("a.jsonl.gz", b"not gzip", "gzip"),
        ("a.jsonl", b"\n", "line 1"),
    ],
)
def test_bad_recordings_are_named(tmp_path: Path, name: str, content: bytes, said: str):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadRecordings, match=said):
        EmulatorThread(port=0, replay=path)
    with pytest.raises(BadRecordings, match="absent"):
        EmulatorThread(port=0, replay=tmp_path / "absent.jsonl")
