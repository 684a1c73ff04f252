"""Ways to continue a daily series: each gives paths, from which every interval follows.

A path is one way that the coming days may go. A day's interval, the interval of a sum over days and
the day on which a budget runs out are all quantiles over the same paths, so they agree; intervals
of single days could not be added up.

- `seasonal_naive`, the plain baseline and the fallback: a day is like the same weekday of last
  week, and off by what it was off in some past week (residuals drawn with replacement). From week
  to week a path goes on from its own days, so that the spread grows with the square root of the
  weeks.
- `state_space`: level, trend, weekdays and a passing swell, over all sets of parameters that fit,
  with their doubt (series_model has the theory). Needs NumPy, the extra `finance`, and is imported
  only when it is asked for; docs/finance.md has the back-test.
"""

import importlib
import importlib.util
import random
from collections.abc import Callable, Sequence

__all__ = ["LEAST", "METHODS", "Method", "best_method", "seasonal_naive", "state_space"]

WEEK = 7
LEAST = 2 * WEEK
"""Days below which nothing is known about weeks."""

Paths = list[list[float]]
Method = Callable[[Sequence[float], int, int, int], Paths]
"""(history, days, count, seed) to `count` paths of `days` amounts, none below 0."""


def seasonal_naive(history: Sequence[float], days: int, count: int, seed: int) -> Paths:
    """Last week again, plus errors of past weeks. Plain, and hard to beat on short histories."""
    draw = random.Random(seed)  # noqa: S311 - no secret: the same answer every time
    off = [now - before for before, now in zip(history, history[WEEK:], strict=False)]
    # Spend that steps once (a launch) is off once; the mean is taken out so that it is no trend.
    mean = sum(off) / len(off)
    errors = [each - mean for each in off]
    paths: Paths = []
    for _ in range(count):
        path = list(history[-WEEK:])
        for _ in range(days):
            path.append(max(0.0, path[-WEEK] + draw.choice(errors)))
        paths.append(path[WEEK:])
    return paths


def state_space(history: Sequence[float], days: int, count: int, seed: int) -> Paths:
    """The structural model. ImportError without the extra `finance`."""
    module = importlib.import_module("fairlead.finance.series_paths")
    found: Paths = module.state_space(history, days, count, seed)
    return found


METHODS: dict[str, Method] = {
    "seasonal-naive": seasonal_naive,
    "state-space": state_space,
}


def best_method() -> str:
    """The structural model where the extra `finance` is installed, else the baseline."""
    return "seasonal-naive" if importlib.util.find_spec("numpy") is None else "state-space"
