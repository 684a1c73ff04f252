"""How late a deployment's first tokens are: a mean for balancing, a percentile for hedging. Pure.

The mean fades (half of it is the last twelve or so), so that a deployment that became slow is left
soon. The percentile is of the last 200, worked out when it is asked for: that is when a request
hedges.

Theory. An attempt that is given up before its first token (a hedge was quicker, the client left,
`timeouts.first_token` was over) is *censored*: all that is known is that its token would have come
later than that. Leaving those out would hide just the late ones: the percentile would sink, more
requests would be hedged, more would be left out, until all are hedged. Taking the moment as if a
token had come then does the same more slowly. So the percentile is Kaplan and Meier's
("Nonparametric estimation from incomplete observations", 1958): at each first token the share that
is still waiting falls by one of those that were waiting until then, the given-up ones among them.
Where so many were given up that the share is never reached, the longest wait is the answer: the
percentile is later than that. It cannot run away upwards either: what is not hedged is observed to
its end, and is the percentile 200 attempts later.
"""

from collections import deque
from typing import Final

__all__ = ["ENOUGH", "Timing"]

_KEPT: Final = 200
_WEIGHT: Final = 1 / 16
ENOUGH: Final = 20
"""First tokens below which there is no percentile; attempts that were given up don't count."""


class Timing:
    """Mutable; of one deployment. Seconds."""

    __slots__ = ("_came", "_last", "mean")

    def __init__(self) -> None:
        self.mean: float | None = None
        self._last: deque[tuple[float, bool]] = deque(maxlen=_KEPT)
        self._came = 0

    def observe(self, seconds: float) -> None:
        """A first token came."""
        mean = self.mean
        self.mean = seconds if mean is None else mean + _WEIGHT * (seconds - mean)
        self._last.append((seconds, True))
        self._came += 1

    def given_up(self, seconds: float) -> None:
        """None had come by then, and it was not waited for any longer."""
        mean = self.mean
        if mean is not None and seconds > mean:  # an earlier one tells nothing against the mean
            self.mean = mean + _WEIGHT * (seconds - mean)
        self._last.append((seconds, False))

    def percentile(self, share: float) -> float | None:
        """What this share of the last first tokens was not later than; None for too few."""
        if self._came < ENOUGH:
            return None
        ordered = sorted(self._last, key=_when)
        left, waiting = len(ordered), 1.0
        for seconds, came in ordered:
            if came:
                waiting *= (left - 1) / left
                if waiting < 1.0 - share - _SMALL:
                    return seconds
            left -= 1
        return ordered[-1][0]


_SMALL: Final = 1e-9
"""So that rounding decides nothing."""


def _when(one: tuple[float, bool]) -> tuple[float, bool]:
    """By time; of two at the same moment the token came before the other was given up."""
    return one[0], not one[1]
