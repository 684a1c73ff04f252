"""Why an answer ended: this vendor's words and canon's (SDK 2.12, types/stop_reason.py)."""

from typing import Final

from fairlead.canon import Finish, FinishReason
from fairlead.wire.losses import Losses

__all__ = ["read_finish", "write_finish"]

_REASONS: Final[dict[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "compaction": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_overflow",
}
"""Vendor's word to canon's. A word that isn't here is `other`, with the word in `raw`."""

_WORDS: Final[dict[FinishReason, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
    "context_overflow": "model_context_window_exceeded",
}


def read_finish(word: str, sequence: str | None, detail: bytes) -> Finish:
    """`detail` is the JSON of `stop_details`, empty when there is none."""
    return Finish(_REASONS.get(word, "other"), word, sequence, detail)


def write_finish(finish: Finish, losses: Losses) -> str:
    """The word for a client. A vendor's own word is kept where it means the same here."""
    if finish.raw is not None and _REASONS.get(finish.raw) == finish.reason:
        return finish.raw
    if finish.sequence is not None and finish.reason == "stop":
        return "stop_sequence"
    word = _WORDS.get(finish.reason)
    if word is None:
        losses.cosmetic("stop_reason", f"finish:{finish.raw or finish.reason}", "no word for it")
        return "end_turn"
    return word
