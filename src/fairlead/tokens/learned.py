"""What the vendors' true counts teach about our estimates, as they come.

A route's traffic is like itself: the same system prompt, the same tools, the same language. So the
ratio of true to estimated tokens of its last answers tells about its next request. Its logarithm is
kept as a decayed mean with a decayed variance; no single answer counts as further off than by a
factor of 4, and before the first one stands `UNLIKE`, the spread that the estimates of strangers'
requests have, with the weight of `PRIOR` answers.

Two uses. The request path has but the quick estimate: it is corrected (`ratio`, `high`). Who asks
for an estimate has two opinions: the precise estimate with its interval, and the quick one times
the ratio with the route's own spread. They are weighed by their variances, as two measurements of
one length are, once the route is more like itself than the fit is sure: errors of fits have long
tails, most are far within their interval, and a motley route would only spoil them. (Measured on
the recordings, whose test suites are as motley as can be: median and coverage stay as they were.)
"""

from collections.abc import Hashable
from math import exp, log, sqrt

from fairlead.tokens.estimate import Coverage, TokenEstimate

__all__ = ["Learned", "Ratios"]

DECAY = 0.95
"""What remains of an answer's weight after the next: half is forgotten after 13 answers."""
PRIOR = 2.0
"""Answers that a ratio of 1 counts for at the beginning."""
UNLIKE = 0.35
"""Spread of the quick estimate's logarithm between requests that have nothing to do with each
other (docs/tokens.md: half within 22 %, 95 % within a factor of 2 or so)."""
LEAST = 0.01
"""No route is so regular that its next count is known better than by 1 %."""
MOST = log(4.0)
"""No single answer counts as further off than by a factor of 4."""
KEPT = 4_096
"""Keys that are remembered; the oldest make room."""
NORMAL = {80: 1.282, 95: 1.960}
"""How many standard deviations an interval reaches to either side."""
SURE, SURE_AFTER = 2.33, 3.0
"""Of the high estimate: one count in a hundred is beyond it; answers before it may be lowered."""
ADDED = 64
"""Tokens added to a high estimate: short prompts are off by some tokens, not by a share."""


class Learned:
    """What is known of one key (a route, a virtual key and a family). Not for threads."""

    __slots__ = ("_mean", "_squares", "_weight")

    def __init__(self) -> None:
        self._mean = 0.0
        self._squares = 0.0
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
        before = off - self._mean
        self._mean += before / weight
        self._squares = self._squares * DECAY + before * (off - self._mean)

    @property
    def ratio(self) -> float:
        """True to estimated, as far as it is known: 1 at the beginning."""
        weight = self._weight
        return exp(self._mean * weight / (weight + PRIOR))

    @property
    def spread(self) -> float:
        """Standard deviation of the next answer's logarithm about that of the ratio."""
        weight = self._weight + PRIOR
        mean = self._mean * self._weight / weight
        # Within the answers, and between what they say and what is believed yet.
        # What was believed at first fades as the answers' weight nears its most, 1 / (1 - DECAY).
        believed = PRIOR * UNLIKE * UNLIKE * max(0.0, 1 - self._weight * (1 - DECAY))
        within = (self._squares + believed) / weight
        return sqrt(within * (1 + 1 / weight) + (self._mean - mean) ** 2) + LEAST

    def apply(self, tokens: int, high: int) -> tuple[int, int]:
        """An estimate and a high one, corrected: both as they were estimated."""
        ratio = self.ratio
        if self._weight < SURE_AFTER:
            return round(tokens * ratio), round(high * max(1.0, ratio))
        likely = tokens * ratio
        return round(likely), round(likely * exp(SURE * self.spread)) + ADDED

    def correct(
        self, estimate: TokenEstimate, quick: int, *, coverage: Coverage = 95
    ) -> TokenEstimate:
        """An estimate weighed with what the ratio makes of the `quick` one of the same prompt, if
        that is known better.
        """
        if not self._weight or quick <= 0 or estimate.tokens <= 0 or not estimate.is_bounded:
            return estimate
        reach = NORMAL[coverage]
        own = log(max(estimate.high, 1) / max(estimate.low, 1)) / (2 * reach) + LEAST
        precision, theirs = own**-2, self.spread**-2
        if theirs <= precision:
            return estimate
        told = log(quick) + log(self.ratio)
        best = log(estimate.tokens)
        best += max(-MOST, min(MOST, told - best)) * theirs / (precision + theirs)
        # If both opinions are far apart, one of them is wrong, and nobody knows which.
        apart = (told - log(estimate.tokens)) ** 2 * precision * theirs / (precision + theirs) ** 2
        around = reach * sqrt(1 / (precision + theirs) + apart)
        return TokenEstimate(
            round(exp(best)),
            int(exp(best - around)),
            -int(-exp(best + around) // 1),
            estimate.family,
            f"{estimate.how}+learned",
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
