"""Recorded calls of chat completions, read from beside the repository."""

import gzip
import json
import os
from functools import cache
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("FAIRLEAD_SHARED") or Path(__file__).parents[5] / "shared")
FILE = SHARED / "wire" / "recordings.jsonl.gz"


@cache
def rows():
    """All rows with op chat_completions; skips the test where the recordings are absent."""
    if not FILE.exists():
        pytest.skip(f"../shared is absent: {FILE} holds the recorded traffic")
    with gzip.open(FILE) as lines:
        found = [json.loads(line) for line in lines if b'"chat_completions"' in line]
    return [row for row in found if row["op"] == "chat_completions"]


def request_body(row):
    """The request as bytes, or None where the recorder kept none."""
    body = row["request"]["body"]
    if body is None:
        return None
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def answers(*, stream):
    """2xx answers as (row, body)."""
    return [
        (row, row["response"]["body_text"].encode())
        for row in rows()
        if row["response"]["status"] == 200 and bool(row["stream"]) is stream
    ]
