"""The recordings of Bedrock's runtime, read from beside the project."""

import base64
import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).parents[5] / "shared"))
RECORDINGS = SHARED / "wire" / "recordings.jsonl.gz"


@cache
def rows() -> list[dict[str, Any]]:
    """Calls of `bedrock-runtime`, those of the other endpoint (`bedrock-mantle`) left out."""
    if not RECORDINGS.exists():
        pytest.skip(f"no recordings at {RECORDINGS}")
    found = []
    with gzip.open(RECORDINGS, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            if row["provider"] in ("bedrock_claude", "bedrock_other"):
                found.append(row)
    return found


def answered(op: str, *, stream: bool) -> list[dict[str, Any]]:
    """Calls of an API that were answered with 200."""
    return [
        row
        for row in rows()
        if row["op"] == op and row["stream"] is stream and row["response"]["status"] == 200
        and "prompt" not in asked(row)
    ]  # fmt: skip


def asked(row: dict[str, Any]) -> dict[str, Any]:
    """The request's JSON; empty where the recorder broke it."""
    body = row["request"]["body"]
    try:
        return json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return {}


def streamed(row: dict[str, Any]) -> bytes:
    """The bytes of a stream."""
    return base64.b64decode(row["response"]["body_base64"])
