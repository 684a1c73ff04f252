"""The canonical answer."""

from typing import Literal

from msgspec import Struct

from fairlead.canon.content import Dialect, Part
from fairlead.canon.usage import Usage

__all__ = ["Candidate", "Finish", "FinishReason", "Response"]

FinishReason = Literal[
    "stop",
    "length",
    "tool_calls",
    "content_filter",
    "refusal",
    "pause",
    "context_overflow",
    "error",
    "other",
]


class Finish(Struct, frozen=True):
    """Why a candidate ended.

    `raw` is the vendor's own word, kept because vendors know twenty and canon nine; `sequence` is
    the stop sequence that was hit, where the vendor tells; `detail` is its JSON of particulars
    (safety ratings, stop_details), `b""` when there are none.
    """

    reason: FinishReason
    raw: str | None = None
    sequence: str | None = None
    detail: bytes = b""


class Candidate(Struct, frozen=True):
    """One answer among `n`. `logprobs` is `(dialect, JSON)`: no two dialects agree on its shape."""

    index: int = 0
    parts: tuple[Part, ...] = ()
    finish: Finish | None = None
    logprobs: tuple[Dialect, bytes] | None = None


class Response(Struct, frozen=True, kw_only=True):
    """A whole answer. `usage` is None only when the vendor sent none.

    `created` is Unix seconds where the dialect tells, else None: canon has no clock.
    """

    id: str = ""
    model: str = ""
    created: int | None = None
    candidates: tuple[Candidate, ...] = ()
    usage: Usage | None = None
