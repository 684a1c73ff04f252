"""A series of spend continued by the structural model (series_model): paths in dollars.

The model adds up; spend multiplies (a weekend is a share of a weekday, growth is a rate). So it is
given logarithms, of each day over the median day plus `FLOOR`: a day without spend is then a low
day and not minus infinity. A path's noise is drawn from the model's own past errors rather than
from a normal distribution, so that a tenfold burst on one day in ten comes back as just that.

Then the paths are held against the past: from every seventh day of the history, what would have
been said of the sum to come, and what came? Where four sums in five were not held, the paths'
common part (what a whole path is off the middle, which is what a sum sees) is widened by what was
missing, as far as the history has room for such sums. It is never narrowed: a calm past promises
nothing.
"""

from collections.abc import Sequence

import numpy as np

from fairlead.finance.series_model import (
    LEVEL,
    PASSING,
    SLOPE,
    WEEKDAY,
    Fit,
    Floats,
    Grid,
    fit,
    step,
)

__all__ = ["FLOOR", "state_space"]

FLOOR = 0.05
"""Of the median day: what is below it is not told apart by ratios."""

FIRST = 35
"""Days that an earlier forecast needs at least."""

TRIALS = 200
WIDEST = 2.5
DOUBT = 4.0
"""Sums after one another whose weight is that of taking the paths as they are."""

WEEK = 7
_LARGEST = 50.0


def state_space(history: Sequence[float], days: int, count: int, seed: int) -> list[list[float]]:
    """`count` paths of `days` amounts, none below 0, after two weeks of history or more."""
    amounts = np.asarray(history, dtype=float)
    if not (amounts > 0).any():
        return [[0.0] * days for _ in range(count)]
    middle = float(np.median(amounts[amounts > 0]))
    logs = np.log(amounts / middle + FLOOR)
    stops = range(FIRST, len(logs) - min(days, 2 * WEEK) + 1, WEEK)
    *earlier, fitted = fit(logs, stops)
    chance = np.random.default_rng(seed)
    drawn = _draw(fitted, days, count, chance)
    off = (drawn - np.median(drawn, axis=0)).mean(axis=1, keepdims=True)
    missing = [
        _missing(_draw(each, min(days, len(logs) - stop), TRIALS, chance), logs[stop:])
        for stop, each in zip(stops, earlier, strict=True)
    ]
    drawn += off * (_widening(missing, (len(logs) - FIRST) / days) - 1)
    paths = middle * np.maximum(0.0, np.exp(np.minimum(drawn, _LARGEST)) - FLOOR)
    found: list[list[float]] = paths.tolist()
    return found


def _missing(drawn: Floats, logs: Floats) -> float:
    """By how much the 80 % interval of the sum had to be wider, on the truth's side, to hold it."""
    truth = np.log(np.exp(logs[: drawn.shape[1]]).sum())
    low, middle, high = np.quantile(np.log(np.exp(drawn).sum(axis=1)), [0.1, 0.5, 0.9])
    side = high - middle if truth > middle else middle - low
    return float(abs(truth - middle) / max(side, 1e-9))


def _widening(missing: list[float], room: float) -> float:
    """What held four in five, for as much as `room` (sums after one another) can show."""
    if not missing:
        return 1.0
    asked = min(max(float(np.quantile(missing, 0.8)), 1.0), WIDEST)
    return float(asked ** (room / (room + DOUBT)))


def _draw(fitted: Fit, days: int, count: int, chance: np.random.Generator) -> Floats:
    """(count, days), each path under a set of its own, by weight."""
    order = (np.arange(count) + chance.random()) / count
    chosen = np.searchsorted(np.cumsum(fitted.weight), order).clip(0, len(fitted.weight) - 1)
    grid = Grid(*(column[chosen] for column in fitted.grid))
    shrink = fitted.freedom / chance.chisquare(fitted.freedom, count)
    noise = np.sqrt(fitted.noise[chosen] * shrink)[:, None]
    used, where = np.unique(chosen, return_inverse=True)
    values, vectors = np.linalg.eigh(fitted.spread[used])
    roots = vectors * np.sqrt(values.clip(0))[:, None, :]
    doubt = np.einsum("pij,pj->pi", roots[where], chance.standard_normal((count, roots.shape[1])))
    state = fitted.state[chosen] + noise * doubt
    added = {LEVEL: grid.level, SLOPE: grid.slope, WEEKDAY: grid.season, PASSING: grid.passing}
    drawn = np.empty((count, days))
    for day in range(days):
        off = fitted.errors[chance.integers(0, len(fitted.errors), count), chosen]
        drawn[:, day] = state[:, LEVEL] + state[:, WEEKDAY] + state[:, PASSING] + off
        state = step(state, grid)
        for at, variance in added.items():
            state[:, at] += noise[:, 0] * np.sqrt(variance) * chance.standard_normal(count)
    return drawn
