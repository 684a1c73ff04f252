"""Requests with nothing exotic in them: what every vendor has in some form."""

import json

from tests.acceptance.conformance.judge import READERS
from tests.acceptance.conformance.rows import Row

__all__ = ["is_plain"]

KNOBS = {
    "temperature",
    "top_p",
    "stop",
    "max_tokens",
    "choice",
    "output",
    "thinking",
    "parallel",
    "stream",
    "strict",
}
MEDIA = ("image/", "application/pdf", "text/plain")
MOST_TOKENS = 64_000
"""What every model here writes."""


def is_plain(row: Row) -> bool:
    """Texts, images, PDFs, functions, schemas, thinking; no server tools, stored content, `n`,
    log-probabilities, sound, film, office files, vendors' own blocks, knobs or fields; no
    prefill, which the newest models refuse, and no answer schema beside functions, which Gemini 2.5 lacks, or with maps or recursion, which Claude lacks.
    """
    said = READERS[row.dialect](row.body)
    spoken = [piece for piece in said.pieces if piece.kind != "system"]
    if spoken and spoken[-1].kind == "assistant":
        return False
    media = said.of("media")
    return (
        not said.of("own")
        and not said.unread()
        and not any(tool.own for tool in said.tools)
        and said.knobs.keys() <= KNOBS
        and all(not p.name or p.name.startswith(MEDIA) for p in media)
        and all(not p.text.startswith("file:") for p in media)
        and _sayable(said.knobs.get("output"), tools=bool(said.tools))
        and said.knobs.get("max_tokens", 0) <= MOST_TOKENS
        and not any("youtu" in p.text or "generativelanguage" in p.text for p in media)
        and not any(p.text.startswith("gs://") for p in media)
        and not any(p.name == "" and p.text.endswith((".mp3", ".wav", ".mp4")) for p in media)
    )


def _sayable(schema: object, *, tools: bool) -> bool:
    """Whether every vendor takes an answer's format."""
    if schema is None:
        return True
    if tools:
        return False
    text = json.dumps(schema)
    return '"additionalProperties": {' not in text and not any(
        text.count(f'"#/$defs/{name}"') > 1 for name in _definitions(schema)
    )


def _definitions(schema: object) -> list[str]:
    return list(schema.get("$defs", {})) if isinstance(schema, dict) else []
