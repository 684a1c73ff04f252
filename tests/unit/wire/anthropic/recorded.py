"""Recorded traffic of the Messages API, from `../shared`."""

import functools
import gzip
import json
import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).parents[5] / "shared"))


@functools.cache
def _rows(name: str) -> list[dict]:
    path = SHARED / "wire" / name
    if not path.exists():
        pytest.skip(f"../shared is absent: no {path}")
    with gzip.open(path) as lines:
        return [json.loads(line) for line in lines]


@functools.cache
def exchanges(provider: str = "anthropic", op: str = "messages") -> list[dict]:
    """Rows of one operation; `request.body` is decoded JSON, `response.body_text` is text."""
    rows = _rows("recordings.jsonl.gz")
    return [row for row in rows if row["provider"] == provider and row["op"] == op]


def answers(*, stream: bool) -> list[tuple[str, bytes]]:
    """(id, body) of every 2xx answer."""
    return [
        (row["id"], row["response"]["body_text"].encode())
        for row in exchanges()
        if row["response"]["status"] == 200 and row["stream"] is stream
    ]


@functools.cache
def lone_answers() -> list[dict]:
    """Answers without their requests."""
    rows = _rows("responses_only.jsonl.gz")
    return [row for row in rows if row["provider"] == "anthropic"]


def body(row: dict) -> bytes:
    return json.dumps(row["request"]["body"]).encode()


@functools.cache
def accepted_chats() -> list[dict]:
    """Chat requests of any vendor that were answered, with a JSON body."""
    return [
        row
        for row in _rows("recordings.jsonl.gz")
        if row["op"] == "chat_completions"
        and row["response"]["status"] == 200
        and isinstance(row["request"]["body"], dict)
    ]
