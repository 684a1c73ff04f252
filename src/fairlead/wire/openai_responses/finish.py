"""Why an answer ended: a status with a reason, and canon's word for both, by tables."""

from typing import Any, Final

from fairlead.canon import Finish, FinishReason

__all__ = ["read_finish", "write_status"]

_REASONS: Final[dict[str, FinishReason]] = {
    "max_output_tokens": "length",
    "content_filter": "content_filter",
    "max_messages": "other",
    "steered": "pause",
}
"""`incomplete_details.reason` (openai SDK, types/responses/response.py)."""
_STATUSES: Final[dict[str, FinishReason]] = {
    "completed": "stop",
    "complete": "stop",  # recorded
    "incomplete": "length",
    "failed": "error",
    "cancelled": "error",
    "queued": "pause",
    "in_progress": "pause",
}


def read_finish(status: str | None, reason: str | None, *, called: bool, refused: bool) -> Finish:
    """The status `completed` says no more than that nothing cut the answer off."""
    raw = reason if status == "incomplete" and reason else status
    found = _REASONS.get(reason or "") if status == "incomplete" else None
    word: FinishReason = found or _STATUSES.get(status or "completed", "other")
    if word == "stop" and called:
        word = "tool_calls"
    elif word == "stop" and refused:
        word = "refusal"
    return Finish(word, raw)


_WRITTEN: Final[dict[FinishReason, tuple[str, str | None]]] = {
    "stop": ("completed", None),
    "tool_calls": ("completed", None),
    "refusal": ("incomplete", "content_filter"),
    "content_filter": ("incomplete", "content_filter"),
    "length": ("incomplete", "max_output_tokens"),
    "context_overflow": ("incomplete", "max_output_tokens"),
    "pause": ("completed", None),
    "error": ("failed", None),
    "other": ("completed", None),
}


_UNFINISHED: Final = frozenset({"queued", "in_progress", "cancelled"})
"""Statuses of answers that are not there, in background mode."""


def write_status(finish: Finish | None, *, refused: bool) -> tuple[str, dict[str, Any] | None]:
    """`status` and `incomplete_details`. `refused`: the answer holds a refusal that says it."""
    reason: FinishReason = finish.reason if finish is not None else "stop"
    if finish is not None and finish.raw in _UNFINISHED:
        return finish.raw, None
    if refused and reason == "refusal":
        return "completed", None
    status, why = _WRITTEN[reason]
    return status, None if why is None else {"reason": why}
