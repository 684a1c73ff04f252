"""The recordings of ../shared/wire, sorted by the dialect that they speak."""

import gzip
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["SHARED", "Row", "absent", "answers", "refused_requests", "requests"]

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("FAIRLEAD_SHARED", ROOT.parent / "shared"))
DIALECTS = {
    "chat_completions": "openai_chat",
    "responses": "openai_responses",
    "messages": "anthropic",
    "generate": "gemini",
}


@dataclass(frozen=True)
class Row:
    """One recorded call, or a lone answer (`body` is then empty). `answer` is as it came."""

    id: str
    provider: str
    dialect: str
    url: str
    model: str
    stream: bool
    body: dict[str, Any]
    status: int
    answer: bytes
    features: tuple[str, ...]

    @property
    def sent(self) -> bytes:
        """The request's body as bytes."""
        return json.dumps(self.body, ensure_ascii=False).encode()


def absent() -> str | None:
    """Why there are no recordings, or None."""
    path = SHARED / "wire" / "recordings.jsonl.gz"
    return None if path.is_file() else f"../shared is absent: no {path}"


@cache
def _rows() -> tuple[Row, ...]:
    found = [_row(row) for row in _lines("recordings.jsonl.gz")]
    lone = [_lone(row, at) for at, row in enumerate(_lines("responses_only.jsonl.gz"))]
    return tuple(row for row in (*found, *lone) if row is not None)


def _lines(name: str) -> list[dict[str, Any]]:
    with gzip.open(SHARED / "wire" / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _row(row: dict[str, Any]) -> Row | None:
    dialect = DIALECTS.get(row["op"])
    request, response = row["request"], row["response"]
    body = request["body"]
    if dialect is None or "body_text" not in response:
        return None
    return Row(
        id=row["id"],
        provider=row["provider"],
        dialect=dialect,
        url=request["url"],
        model=(row["model"] or "").rpartition("/")[2],
        stream=bool(row["stream"]),
        body=body if isinstance(body, dict) else {},
        status=response["status"],
        answer=response["body_text"].encode(),
        features=tuple(row["features"]),
    )


def _lone(row: dict[str, Any], at: int) -> Row | None:
    """A single answer; its shape says which dialect it speaks."""
    provider, text = row["provider"], row["body_text"]
    if provider == "anthropic" and row["stream"] is False and '"content"' not in text:
        return None  # no answer of the Messages API: a skill's version
    if (provider == "gemini" and '"steps"' in text) or '"interaction.' in text:
        return None  # the Interactions API
    if provider == "anthropic":
        dialect = "anthropic"
    elif "gemini" in provider:
        dialect = "gemini"
    elif "bedrock" in provider:
        return None
    else:
        own = '"object":"response"' in text.replace(" ", "") or '"response.' in text
        dialect = "openai_responses" if own else "openai_chat"
    status = 400 if row["error"] or not _ANSWERS.search(text) else 200
    if row["format"] == "one JSON event per line":
        text = _framed(dialect, text)
    name = f"only-{at}:{row['file'].rpartition('/')[2]}"
    stream = bool(row["stream"]) and row["format"] != "json"
    return Row(name, provider, dialect, "", "", stream, {}, status, text.encode(), ())


# Lone files hold other things as well: a skill's description, a list of models.
_ANSWERS = re.compile(r'"(choices|content|candidates|promptFeedback|usageMetadata|output|type)"')


def _framed(dialect: str, text: str) -> str:
    """Bare events as the stream that they were taken from."""
    lines = [line for line in text.split("\n") if line.strip()]
    named = dialect in ("anthropic", "openai_responses")
    heads = [f"event: {_type(line)}\n" if named else "" for line in lines]
    framed = [f"{head}data: {line}\n\n" for head, line in zip(heads, lines, strict=True)]
    return "".join(framed) + ("data: [DONE]\n\n" if dialect == "openai_chat" else "")


def _type(line: str) -> str:
    try:
        return str(json.loads(line)["type"])
    except ValueError:  # one of them is cut off, on purpose
        return line.partition('"type":"')[2].partition('"')[0]


def requests(dialect: str) -> list[Row]:
    """Recorded calls of a dialect that the vendor took."""
    return [row for row in _rows() if row.dialect == dialect and row.body and row.status < 300]


def refused_requests(dialect: str) -> list[Row]:
    """Recorded calls of a dialect that the vendor refused."""
    return [row for row in _rows() if row.dialect == dialect and row.body and row.status >= 300]


def answers(dialect: str) -> list[Row]:
    """Recorded answers of a dialect with status 2xx, lone ones included."""
    return [row for row in _rows() if row.dialect == dialect and row.status < 300 and row.answer]
