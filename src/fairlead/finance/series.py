"""Ways to continue a daily series: each gives paths, from which every interval follows.

A path is one way that the coming days may go. A day's interval, the interval of a sum over days and
the day on which a budget runs out are all quantiles over the same paths, so they agree; intervals
of single days could not be added up.

- `seasonal_naive`, the plain baseline and the fallback: a day is like the same weekday of last
  week, and off by what it was off in some past week (residuals drawn with replacement). From week
  to week a path goes on from its own days, so that the spread grows with the square root of the
  weeks.
- `exponential_smoothing`: level and weekday factors in the state-space form of Hyndman et al.
  (ETS), fitted by statsmodels, simulated from its end. On the logarithms where all days are above
  0, so that errors and factors multiply; else on the dollars. (Multiplicative ETS on the dollars
  is four times as far off on bursts.) Needs the extra `finance`; docs/finance.md has the back-test.
"""

import importlib
import importlib.util
import random
import warnings
from collections.abc import Callable, Sequence

__all__ = ["LEAST", "METHODS", "Method", "best_method", "exponential_smoothing", "seasonal_naive"]

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


def exponential_smoothing(history: Sequence[float], days: int, count: int, seed: int) -> Paths:
    """ETS without a trend, by statsmodels. ImportError without the extra `finance`."""
    numpy = importlib.import_module("numpy")
    ets = importlib.import_module("statsmodels.tsa.exponential_smoothing.ets")
    series = numpy.asarray(history, dtype=float)
    in_logs = min(history) > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fit that stopped early: the back-test measures it
        model = ets.ETSModel(
            numpy.log(series) if in_logs else series,
            error="add",
            seasonal="add",
            seasonal_periods=WEEK,
        ).fit(disp=False, maxiter=200)
        drawn = model.simulate(days, anchor="end", repetitions=count, rng=seed)
    paths = numpy.asarray(drawn).reshape(days, count).T
    if in_logs:
        paths = numpy.exp(paths)
    return [[max(0.0, float(value)) for value in path] for path in paths]


METHODS: dict[str, Method] = {
    "seasonal-naive": seasonal_naive,
    "exponential-smoothing": exponential_smoothing,
}


def best_method() -> str:
    """Exponential smoothing where the extra `finance` is installed, else the baseline."""
    found = importlib.util.find_spec("statsmodels")
    return "seasonal-naive" if found is None else "exponential-smoothing"
