"""Requests with nothing exotic in them: what every vendor has in some form."""

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
MEDIA = ("image/", "application/pdf", "text/plain", "")


def is_plain(row: Row) -> bool:
    """Texts, images, PDFs, functions, schemas, thinking; no server tools, stored content, `n`,
    log-probabilities, sound, film, vendors' own blocks, knobs or fields.
    """
    said = READERS[row.dialect](row.body)
    media = said.of("media")
    return (
        not said.of("own")
        and not said.unread()
        and not any(tool.own for tool in said.tools)
        and said.knobs.keys() <= KNOBS
        and all(p.name.startswith(MEDIA) and not p.text.startswith("file:") for p in media)
        and not any("youtu" in p.text or "generativelanguage" in p.text for p in media)
        and not any(p.text.startswith("gs://") for p in media)
        and not any(p.name == "" and p.text.endswith((".mp3", ".wav", ".mp4")) for p in media)
    )
