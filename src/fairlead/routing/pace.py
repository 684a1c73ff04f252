"""How fast models answer lately: decayed quantiles, fed by what was measured. Time is passed in.

Theory. What a model did an hour ago says less than what it did just now: an answer's weight halves
with every `HALF_LIFE`. Instead of fading all weights as time goes by, a new answer weighs the more
the later it comes (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, 2009); only the ratio of
weights counts, and when they grow large all are divided at once. Values are counted in buckets that
each are a twentieth wider than the one before, so that a quantile is right within 2.5 % whatever
its size, in a few hundred numbers at most.
"""

from math import exp, log
from typing import Final

from fairlead.routing.moment import Pace

__all__ = ["HALF_LIFE", "LEAST", "Decayed", "Paces"]

HALF_LIFE: Final = 900.0
"""Seconds in which a measurement loses half of its weight."""
LEAST: Final = 2.0
"""Fresh answers' worth of weight below which nothing is known."""
FRESH: Final = 0.25
"""Seconds for which figures that were told are told again."""
FEWEST: Final = 16
"""Output tokens that an answer must have to tell its speed: shorter ones come in one piece."""

_WIDTH: Final = log(1.05)
_SMALLEST: Final = 1e-3
_RATE: Final = log(2) / HALF_LIFE
_FAR: Final = 30 * HALF_LIFE


class Decayed:
    """Weighed values of one figure."""

    __slots__ = ("_buckets", "_origin", "_sum", "_weight")

    def __init__(self) -> None:
        self._buckets: dict[int, float] = {}
        self._origin = 0.0
        self._weight = 0.0
        self._sum = 0.0

    def add(self, value: float, at: float) -> None:
        """A value that was measured at that moment (seconds; any origin)."""
        if not self._weight:
            self._origin = at
        elif at - self._origin > _FAR:
            self._rebase(at)
        weight = exp((at - self._origin) * _RATE)
        bucket = int(log(max(value, _SMALLEST)) // _WIDTH)
        self._buckets[bucket] = self._buckets.get(bucket, 0.0) + weight
        self._weight += weight
        self._sum += weight * value

    def weight(self, at: float) -> float:
        """How many fresh values all are worth at that moment."""
        return self._weight * exp(min(0.0, (self._origin - at) * _RATE)) if self._weight else 0.0

    def quantile(self, share: float) -> float | None:
        """The value that this share of the weight lies below; None without any."""
        wanted, below = share * self._weight, 0.0
        for bucket, weight in sorted(self._buckets.items()):
            below += weight
            if below >= wanted:
                return exp((bucket + 0.5) * _WIDTH)
        return None

    def mean(self) -> float | None:
        """The weighed mean; None without any."""
        return self._sum / self._weight if self._weight else None

    def _rebase(self, at: float) -> None:
        """Weights in terms of a later origin; those that have become nothing are let go."""
        faded = exp((self._origin - at) * _RATE)
        weighed = {bucket: weight * faded for bucket, weight in self._buckets.items()}
        self._buckets = {bucket: weight for bucket, weight in weighed.items() if weight > 1e-6}
        self._weight = sum(self._buckets.values())
        self._sum *= faded
        self._origin = at


class _Model:
    """What is measured of one model, and what was told of it last."""

    __slots__ = ("first_token_ms", "output_tokens", "tokens_per_second", "told", "told_at")

    def __init__(self) -> None:
        self.first_token_ms = Decayed()
        self.tokens_per_second = Decayed()
        self.output_tokens = Decayed()
        self.told: Pace | None = None
        self.told_at = -FRESH


class Paces:
    """The paces of all models that answered here. For one process; bounded."""

    def __init__(self, most: int = 1_000) -> None:
        self._models: dict[str, _Model] = {}
        self._most = most

    def observe(
        self,
        model: str,
        at: float,
        *,
        first_token_ms: float | None,
        last_ms: float | None,
        output_tokens: int,
    ) -> None:
        """An answer has ended. Times are milliseconds from the request's arrival, None where they
        were not measured: an answer in one piece has no first token.
        """
        found = self._models.get(model)
        if found is None:
            if len(self._models) >= self._most:
                return
            found = self._models[model] = _Model()
        if output_tokens > 0:
            found.output_tokens.add(output_tokens, at)
        if first_token_ms is None:
            return
        found.first_token_ms.add(first_token_ms, at)
        if last_ms is not None and last_ms > first_token_ms and output_tokens >= FEWEST:
            seconds = (last_ms - first_token_ms) / 1000
            found.tokens_per_second.add((output_tokens - 1) / seconds, at)

    def of(self, model: str, at: float) -> Pace | None:
        """How fast a model answers now; None where too little was measured lately."""
        found = self._models.get(model)
        if found is None:
            return None
        if 0 <= at - found.told_at < FRESH:
            return found.told
        found.told, found.told_at = _pace(found, at), at
        return found.told


def _pace(model: _Model, at: float) -> Pace | None:
    answers = model.first_token_ms.weight(at)
    first = model.first_token_ms.quantile(0.5)
    if answers < LEAST or first is None:
        return None
    mean = model.output_tokens.mean() if model.output_tokens.weight(at) >= LEAST else None
    speed = model.tokens_per_second
    return Pace(
        first_token_ms=round(first, 1),
        tokens_per_second=_rounded(speed.quantile(0.5)) if speed.weight(at) >= LEAST else None,
        output_tokens=_rounded(mean),
        answers=round(answers, 2),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
