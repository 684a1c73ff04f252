"""How late a deployment's first tokens are: a mean for balancing, a percentile for hedging. Pure.

The mean fades (half of it is the last twelve or so), so that a deployment that became slow is left
soon. The percentile is of the last 200, sorted when it is asked for: that is when a request hedges.
"""

from collections import deque
from typing import Final

__all__ = ["Timing"]

_KEPT: Final = 200
_WEIGHT: Final = 1 / 16
ENOUGH: Final = 20
"""First tokens below which there is no percentile."""


class Timing:
    """Mutable; of one deployment. Seconds."""

    __slots__ = ("_last", "mean")

    def __init__(self) -> None:
        self.mean: float | None = None
        self._last: deque[float] = deque(maxlen=_KEPT)

    def observe(self, seconds: float) -> None:
        """A first token came."""
        mean = self.mean
        self.mean = seconds if mean is None else mean + _WEIGHT * (seconds - mean)
        self._last.append(seconds)

    def percentile(self, share: float) -> float | None:
        """What this share of the last first tokens was not later than; None for too few."""
        if len(self._last) < ENOUGH:
            return None
        ordered = sorted(self._last)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
