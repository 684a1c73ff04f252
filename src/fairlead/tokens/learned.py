"""What the vendors' true counts teach about our estimates, as they come.

A route's traffic is like itself: the same system prompt, the same tools, the same language. So the
ratio of true to estimated tokens of its last answers corrects the next estimate. The ratio is kept
as a decayed mean of logarithms, is bounded (one odd answer must not double the next estimate), and
counts for little until several answers agree.
"""

from collections.abc import Hashable
from math import exp, log

from fairlead.tokens.estimate import TokenEstimate

__all__ = ["Learned", "Ratios"]

DECAY = 0.95
"""What remains of an answer's weight after the next: half is forgotten after 13 answers."""
PRIOR = 2.0
"""Answers that a ratio of 1 counts for at the beginning."""
MOST = log(4.0)
"""No single answer counts as further off than by a factor of 4."""
KEPT = 4_096
"""Keys that are remembered; the oldest make room."""


class Learned:
    """The correction for one key (a route, a virtual key) and family. Not for threads."""

    __slots__ = ("_mean", "_weight")

    def __init__(self) -> None:
        self._mean = 0.0
        self._weight = 0.0

    def observe(self, estimated: int, true: int) -> None:
        """One answer: what was estimated for its prompt, uncorrected, and the vendor's count."""
        if estimated <= 0 or true <= 0:
            return
        off = log(true / estimated)
        if off > MOST:
            off = MOST
        elif off < -MOST:
            off = -MOST
        weight = self._weight * DECAY + 1.0
        self._weight = weight
        self._mean += (off - self._mean) / weight

    @property
    def ratio(self) -> float:
        """True to estimated, as far as it is known: 1 at the beginning."""
        weight = self._weight
        return exp(self._mean * weight / (weight + PRIOR))

    def apply(self, tokens: int) -> int:
        """An estimate, corrected."""
        return round(tokens * self.ratio)

    def correct(self, estimate: TokenEstimate) -> TokenEstimate:
        """An estimate and its interval, corrected."""
        ratio = self.ratio
        return TokenEstimate(
            round(estimate.tokens * ratio),
            int(estimate.low * ratio),
            -int(-estimate.high * ratio),
            estimate.family,
            f"{estimate.how}+learned" if self._weight else estimate.how,
        )


class Ratios:
    """A `Learned` for each key, `KEPT` at most."""

    __slots__ = ("_learned",)

    def __init__(self) -> None:
        self._learned: dict[Hashable, Learned] = {}

    def observe(self, key: Hashable, estimated: int, true: int) -> None:
        """As `Learned.observe`, for a key such as (route, family)."""
        learned = self._learned.get(key)
        if learned is None:
            if len(self._learned) >= KEPT:
                del self._learned[next(iter(self._learned))]
            learned = self._learned[key] = Learned()
        learned.observe(estimated, true)

    def of(self, key: Hashable) -> Learned | None:
        """What is known of a key; None before its first answer."""
        return self._learned.get(key)
