"""Token estimates with an interval: for a request, for a text, and for another tokenizer.

`estimate` is the precise way (some 60 us for a small chat, 1.3 us a token for long ones); the
request path has `quick`. What stands behind it: `shape` counts, `families` weighs, `media` knows
the vendors' rules. The interval is made of errors that were measured on conversations that had been
left out of the fit (`docs/tokens.md`); so it is as wide as such estimates were wrong.
"""

import re
from math import exp, log, sqrt
from typing import Literal

import msgspec

from fairlead.canon import Base64, Request, ServerTool
from fairlead.catalog.model import Model
from fairlead.tokens.families import (
    FITS,
    Errors,
    Family,
    Stratum,
    errors,
    family_named,
    family_of,
    tool_prompt,
    weights,
)
from fairlead.tokens.media import weigh
from fairlead.tokens.shape import Shape, shape, text_shape
from fairlead.tokens.text import CLASSES, length

__all__ = [
    "SLACK",
    "Coverage",
    "TokenEstimate",
    "estimate",
    "estimate_shape",
    "estimate_text",
    "recount",
    "stratum",
    "tool_kind",
]

Coverage = Literal[80, 95]

SLACK = 8.0
"""Tokens added to an estimate before errors are taken relative to it: short prompts are off by
a token or two, which is much in percent."""
UNKNOWN = "unknown"
UNKNOWN_SPREAD = Errors(-0.5, -0.3, 0.5, 1.2, 0)
"""For a tokenizer that nobody knows: by what the known ones differ from each other."""
UNKNOWN_RATIO = (1.0, 0.5, 1.8)
NORMAL_80, NORMAL_95 = 1.282, 1.960
"""A ratio's 80 % beside its 95 %, as a normal law has it."""
STRETCHED_SPREAD = 0.15
UNSEEN_SPREAD = 0.35
"""Of text in scripts that hardly occur in the recordings: what other tokenizers make of it."""
SERVER_TOOL_SPREAD = 0.6
ELSEWHERE = "+elsewhere"

_FRAMES = ("tools", "schema", "documents", "thinking", "thinking_adaptive", "cited", "opaque")
_UNSEEN = tuple(CLASSES.index(name) for name in ("latin", "cyrillic", "cjk", "scripts", "symbols"))
_VERSION = re.compile(r"_\d{8}$")


class TokenEstimate(msgspec.Struct, frozen=True):
    """Tokens of a prompt, cached ones included. The true count lies within `low` and `high` for as
    many of a hundred requests as was asked for. `how` names what the estimate rests on:
    `vocabulary` (the vendor's own), `fit`, `stretched` (a vendor's word, no recording), `unknown`;
    then `+media` and `+server_tools` where these are in it, `+named_media` where some media are
    only named (by an address, a file's id), and `+elsewhere` where the request builds on content
    that only the vendor has: then all figures are of what is in the request, a lower bound of what
    the vendor counts, and nobody knows an upper one (`is_bounded`).
    """

    tokens: int
    low: int
    high: int
    family: str
    how: str

    @property
    def is_bounded(self) -> bool:
        """Whether `high` is an upper bound of the whole prompt."""
        return not self.how.endswith(ELSEWHERE)


def estimate(
    request: Request, model: Model, *, surface: str = "", coverage: Coverage = 95
) -> TokenEstimate:
    """The prompt's tokens, as the model's vendor would count them.

    `surface` is `vertex` or `openai_responses` where the request goes that way. Content that the
    request only points at (a cached prefix, a stored answer, what a search will find) isn't in it;
    `how` says so.
    """
    return estimate_shape(
        shape(request), family_of(model, surface), model=model.id, coverage=coverage
    )


def estimate_text(text: str, family: str, *, coverage: Coverage = 95) -> TokenEstimate:
    """Tokens of a text alone, without any frame, in a family's tokenizer. The family's name is one
    of `data/families.toml`; any other name gives an estimate for an unknown tokenizer.
    """
    return estimate_shape(text_shape(text), family_named(family), coverage=coverage)


def estimate_shape(
    found: Shape, family: Family | None, *, model: str = "", coverage: Coverage = 95
) -> TokenEstimate:
    """As `estimate`, for a shape that was read before: one shape serves all candidate models."""
    name = UNKNOWN if family is None else family.name
    counts = found.counts
    text = max(
        0.0, sum(count * rate for count, rate in zip(counts, weights(name), strict=True) if count)
    )
    if found.of("tools"):
        # A family's own name stands for its models where no model is named.
        text += tool_prompt(model or name, forced=bool(found.of("tools_forced")))
    if any(counts):
        text = max(1.0, text)
    low, high = _interval(text, family, found, coverage)
    how = _how(family)
    best = text
    if found.media:
        how += "+media"
        if not all(isinstance(media.source, Base64) for media in found.media):
            how += "+named_media"
        sizes = [weigh(media, model) for media in found.media]
        best += sum(size.tokens for size in sizes)
        low += sum(size.low for size in sizes)
        high += sum(size.high for size in sizes)
    if found.server_tools:
        how += "+server_tools"
        added = sum(
            _server_tool(tool, "" if family is None else family.vendor)
            for tool in found.server_tools
        )
        best += added
        low += added * (1 - SERVER_TOOL_SPREAD)
        high += added * (1 + SERVER_TOOL_SPREAD)
    if found.elsewhere:
        how += ELSEWHERE
    tokens = round(best)
    return TokenEstimate(tokens, min(tokens, int(low)), max(tokens, -int(-high // 1)), name, how)


def stratum(found: Shape) -> Stratum:
    """Whose errors apply to it."""
    return "framed" if any(found.of(name) for name in _FRAMES) else "plain"


def tool_kind(kind: str) -> str:
    """A server tool's kind without its version."""
    return _VERSION.sub("", kind)


def recount(
    tokens: int, from_family: str, to_family: str, *, coverage: Coverage = 95
) -> TokenEstimate:
    """How many tokens the same text makes in another family's tokenizer.

    The ratio is that of texts; what a vendor adds around them (a tools' prompt) is in neither.
    """
    if from_family == to_family:
        return TokenEstimate(tokens, tokens, tokens, to_family, "same")
    (source, squeezed), (target, stretched) = _fitted(from_family), _fitted(to_family)
    known = FITS.recount.get(source, {}).get(target)
    if known is None and source == target:
        known = (1.0, 1.0, 1.0)
    ratio, least, most = known or UNKNOWN_RATIO
    low, high = log(least / ratio), log(most / ratio)
    if squeezed != stretched:
        low, high = -sqrt(low * low + STRETCHED_SPREAD**2), sqrt(high * high + STRETCHED_SPREAD**2)
    shrink = 1.0 if coverage == 95 else NORMAL_80 / NORMAL_95
    best = tokens * ratio * stretched / squeezed
    return TokenEstimate(
        round(best),
        int(best * exp(low * shrink)),
        -int(-best * exp(high * shrink) // 1),
        to_family,
        UNKNOWN if known is None else "fit" if squeezed == stretched else "stretched",
    )


def _fitted(name: str) -> tuple[str, float]:
    """The family whose fit serves for another, and the factor between their texts."""
    family = family_named(name)
    if family is None or not family.stretch_of:
        return name, 1.0
    return family.stretch_of, family.stretch


def _how(family: Family | None) -> str:
    if family is None:
        return UNKNOWN
    if family.stretch_of:
        return "stretched"
    return "vocabulary" if family.exact else "fit"


def _interval(
    text: float, family: Family | None, found: Shape, coverage: Coverage
) -> tuple[float, float]:
    if not text:
        return 0.0, 0.0
    spread = UNKNOWN_SPREAD if family is None else errors(family.name, stratum(found))
    low, high = (
        (spread.low_95, spread.high_95) if coverage == 95 else (spread.low_80, spread.high_80)
    )
    if family is not None and family.stretch_of:
        low = -sqrt(low * low + STRETCHED_SPREAD**2)
        high = sqrt(high * high + STRETCHED_SPREAD**2)
    unseen = 0.0
    if family is None or not family.exact:
        unseen = UNSEEN_SPREAD * sum(found.counts[at] for at in _UNSEEN)
    low, high = low * (text + SLACK) - unseen, high * (text + SLACK) + unseen
    return max(0.0, text + low), text + high


def _server_tool(tool: ServerTool, vendor: str) -> float:
    """What a tool of the vendor's brings before it has run: recorded, else its JSON's size."""
    known = FITS.server_tools.get(vendor, {}).get(tool_kind(tool.kind))
    return max(known or 0.0, length(tool.raw.decode("utf-8", "replace")))
