"""The vendors' prompt caches, replayed over fingerprints of prompts. Pure: time is passed in.

Three rules:

*Asked* (Anthropic's). Nothing is cached unless the request says so. What is
written is the prompt up to a breakpoint, nothing before it; what is read is the longest prefix
that was written so, found from a breakpoint back, if it is used again within five minutes, and each
use renews it ("the cache is refreshed for no additional cost each time the cached content is
used"). Here the gateway asks, as its setting `prompt_caching = "auto"` does (docs/caching.md): not
for what is sent the first time; for the beginning that was sent to the model before; and for all of
the prompt where it goes on where an earlier one ended.

*Unasked* (Google's implicit caching, OpenAI's before GPT-5.6). Whatever was sent shortly before is
read at a discount, from the model's least size on; nothing is promised, and the caller multiplies
by a hit rate. The last block of a prompt is always read anew.

*Unasked, with a price for writes* (OpenAI's from GPT-5.6 on: "cache writes cost 1.25x the uncached
input token rate"). Each prompt is written up to its end ("a breakpoint at the end of the newest
eligible message"), kept for 30 minutes, and found at such an end only, however far back.
"""

from typing import NamedTuple, Protocol

from fairlead.catalog.model import Model
from fairlead.finance.assumptions import Assumptions
from fairlead.tokens.prefix import FIVE_MINUTES, Prefix, PrefixIndex

__all__ = ["Cache", "Prompt", "Use", "asks", "cache_of", "writes"]

LOOKBACK = 20
"""Blocks before a breakpoint in which Anthropic looks for what was written ("20 blocks")."""
LEAST = 1024
"""Tokens below which a vendor that does not say so is taken to cache nothing."""
NEAR = 0.8
"""Of the least size that a model caches: from there on the gateway asks, by its estimate."""
HALF_AN_HOUR = 1800.0
MOST = 400_000
"""Written prefixes that are remembered before those that are over are dropped."""


class Prompt(NamedTuple):
    """A prompt: its beginnings, whose estimates times `scale` are tokens of the model that is
    asked, and when it came (Unix seconds) from whom.
    """

    at: float
    scope: str
    prefix: Prefix
    scale: float

    def up_to(self, boundary: int) -> float:
        """Tokens up to a boundary; 0 before the first."""
        return self.prefix.tokens[boundary] * self.scale if boundary >= 0 else 0.0


class Use(NamedTuple):
    """What a cache does for a prompt, in its tokens: at most `read`, and `written` at a price."""

    read: float = 0.0
    written: float = 0.0


class Cache(Protocol):
    """One model's cache."""

    def use(self, prompt: Prompt) -> Use:
        """What it does for a prompt, and what it learns of it."""
        ...


class _Unasked:
    def __init__(self, least: int) -> None:
        self._least = least
        self._sent = PrefixIndex()

    def use(self, prompt: Prompt) -> Use:
        found = self._sent.reuse(prompt.scope, prompt.prefix, prompt.at)
        read = prompt.up_to(min(found.boundary, len(prompt.prefix.tokens) - 2))
        return Use(read if read >= self._least else 0.0)


class _Written:
    def __init__(self, least: int) -> None:
        self._least = least
        self._ends: dict[int, float] = {}

    def use(self, prompt: Prompt) -> Use:
        hashes, last = prompt.prefix.hashes, len(prompt.prefix.hashes) - 1
        if prompt.up_to(last) < self._least:
            return Use()
        known = (n for n in range(last, -1, -1) if self._ends.get(hashes[n], -1.0) >= prompt.at)
        hit = next(known, -1)
        for place in {hit, last} - {-1}:
            self._ends[hashes[place]] = prompt.at + HALF_AN_HOUR
        self._ends = _kept(self._ends, prompt.at)
        read = prompt.up_to(hit)
        return Use(read, prompt.up_to(last) - read)


class _Asked:
    def __init__(self, least: int) -> None:
        self._least = least
        self._sent = PrefixIndex()
        self._ends: dict[int, float] = {}

    def use(self, prompt: Prompt) -> Use:
        marks = self._asked_for(prompt)
        if not marks:
            return Use()
        prefix, ends = prompt.prefix, prompt.at + FIVE_MINUTES
        hit = max([self._hit(prompt, mark) for mark in marks])
        for place in (hit, *marks):
            if place >= max(hit, 0):
                self._ends[prefix.hashes[place]] = ends
        self._ends = _kept(self._ends, prompt.at)
        read = prompt.up_to(hit)
        return Use(read, max(0.0, prompt.up_to(marks[-1]) - read))

    def _asked_for(self, prompt: Prompt) -> list[int]:
        """The boundaries that the gateway puts breakpoints at, as far as the vendor heeds them."""
        prefix = prompt.prefix
        seen = self._sent.reuse(prompt.scope, prefix, prompt.at)
        last = len(prefix.hashes) - 1 if seen.continues else seen.boundary
        # The gateway has an estimate to go by; the vendor counts.
        if seen.boundary < 0 or prefix.tokens[last] < NEAR * self._least:
            return []
        return [at for at in (seen.boundary, last) if prompt.up_to(at) >= self._least]

    def _hit(self, prompt: Prompt, mark: int) -> int:
        """The last boundary up to which the prompt was written and is kept; -1: none."""
        hashes = prompt.prefix.hashes
        for place in range(mark, max(-1, mark - LOOKBACK), -1):
            if prompt.up_to(place) < self._least:
                break
            if self._ends.get(hashes[place], -1.0) >= prompt.at:
                return place
        return -1


def _kept(ends: dict[int, float], now: float) -> dict[int, float]:
    """What was written, without what is over if it has become much."""
    if len(ends) <= MOST:
        return ends
    return {mark: end for mark, end in ends.items() if end > now}


def asks(model: Model) -> bool:
    """Whether its vendor caches only what it is asked to."""
    return model.vendor in Assumptions.load().asked_vendors


def writes(model: Model) -> bool:
    """Whether what is written into its cache has a price."""
    return any(price.kind == "cache_write_5m" for price in model.prices)


def cache_of(model: Model) -> Cache | None:
    """An empty cache of the model; None for one whose cached tokens have no price."""
    least = LEAST if model.limits.min_cacheable is None else model.limits.min_cacheable
    if not any(price.kind == "cache_read" for price in model.prices):
        return None
    if asks(model):
        return _Asked(least)
    return _Written(least) if writes(model) else _Unasked(least)
