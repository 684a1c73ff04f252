"""Signals: what traffic tells of an answer without anybody's help. Names, weights, what they mean.

A signal's weight is how much of an answer counts as lost, until ratings of answers with that
signal say otherwise (`lab.quality`). An answer without a signal is not thereby right, and one that
nobody could look at has none: unknown is not bad.
"""

from typing import Final

from msgspec import Struct

__all__ = ["CASCADED", "FINISHES", "OF_CLIENTS", "SIGNALS", "SILENT", "Signal", "worst"]


class Signal(Struct, frozen=True):
    """`weight` lies in 0 (nothing is lost) to 1 (all is)."""

    weight: float
    told: str


SILENT: Final = ""
"""Stands for no signal."""

SIGNALS: Final[dict[str, Signal]] = {
    "schema": Signal(1.0, "JSON was asked for, and the answer is none or breaks its schema"),
    "calls": Signal(
        1.0, "a tool is called that was not offered, or with arguments that are not valid"
    ),
    "code": Signal(1.0, "a block that says it is Python, JSON or TOML does not parse"),
    "empty": Signal(1.0, "the answer is empty, and no output was billed"),
    "refused": Signal(0.5, "the model or its vendor declined; it may have been right to"),
    "retry": Signal(0.5, "the same key asked the very same again, soon after the answer"),
    "unsure": Signal(0.5, "asked again, the model answered something else"),
    "cut_off": Signal(0.3, "the answer ended at its limit of tokens"),
    "tool_error": Signal(
        0.3, "what the called tool gave back says that it failed; the world may be at fault"
    ),
    "left": Signal(0.2, "the client left before the answer's end; it may have had enough"),
}
"""By their names. A weight is an assumption, and stated as one in docs/quality.md."""

OF_CLIENTS: Final = frozenset({"retry", "tool_error", "left"})
"""Signals that only an answer can have which a client saw: a copy of its request has none."""

CASCADED: Final = {
    "cascade:schema": "schema",
    "cascade:tools": "calls",
    "cascade:code": "code",
    "cascade:agree": "unsure",
    "cascade:complete": "cut_off",
}
"""What a cascade's checks say where they fail, as the signal that it is."""

FINISHES: Final = {
    "length": "cut_off",
    "context_overflow": "cut_off",
    "refusal": "refused",
    "content_filter": "refused",
    # Vendors' words, of answers that are passed on as they came.
    "max_tokens": "cut_off",
    "model_context_window_exceeded": "cut_off",
    "safety": "refused",
    "recitation": "refused",
    "blocklist": "refused",
    "prohibited_content": "refused",
    "spii": "refused",
}
"""Why an answer ended, in small letters, where that is a signal."""


def worst(names: frozenset[str] | set[str]) -> str:
    """The signal of the greatest weight among these; `SILENT` where there is none that is known.
    Of two as great the one that stands first in `SIGNALS`.
    """
    known = [name for name in SIGNALS if name in names]
    return max(known, key=lambda name: SIGNALS[name].weight, default=SILENT)
