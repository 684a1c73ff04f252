"""Recorded calls of the Responses API, read from beside the repository."""

import gzip
import json
import os
from functools import cache
from pathlib import Path

import msgspec
import pytest

SHARED = Path(os.environ.get("FAIRLEAD_SHARED") or Path(__file__).parents[5] / "shared")
FILE = SHARED / "wire" / "recordings.jsonl.gz"


class Event(msgspec.Struct):
    type: str = ""
    response: msgspec.Raw = msgspec.Raw()


@cache
def rows():
    """All rows with op responses; skips the test where the recordings are absent."""
    if not FILE.exists():
        pytest.skip(f"../shared is absent: {FILE} holds the recorded traffic")
    with gzip.open(FILE) as lines:
        found = [json.loads(line) for line in lines if b'"responses"' in line]
    return [row for row in found if row["op"] == "responses"]


def requests():
    """(id, body) of every request that was answered."""
    return [
        (row["id"], json.dumps(row["request"]["body"]).encode())
        for row in rows()
        if row["response"]["status"] == 200 and isinstance(row["request"]["body"], dict)
    ]


def answers(*, stream):
    """2xx answers as (row, body)."""
    return [
        (row, row["response"]["body_text"].encode())
        for row in rows()
        if row["response"]["status"] == 200 and bool(row["stream"]) is stream
    ]


def last_answer(stream):
    """The whole answer within a stream's last event."""
    found = b""
    for line in stream.split(b"\n"):
        if line.startswith(b"data:") and b"[DONE]" not in line:
            event = msgspec.json.decode(line[5:], type=Event)
            if event.type in ("response.completed", "response.incomplete", "response.failed"):
                found = bytes(event.response)
    return found
