"""What a daily series is made of: level, trend, weekdays, passing swells; fitted without a choice.

The structural model of Harvey (Forecasting, Structural Time Series Models and the Kalman Filter,
1989), on a series that is additive (series_paths takes logarithms):

    day      = level + weekday + passing + noise                     noise ~ N(0, s2)
    level   <- level + damping x slope + e                           e     ~ N(0, level x s2)
    slope   <- damping x slope + e                                   e     ~ N(0, slope x s2)
    weekday <- minus the sum of the last six + e                     e     ~ N(0, season x s2)
    passing <- fading x passing + e                                  e     ~ N(0, passing x s2)

Usual programs pick the one set of ratios that fits best and then forecast as if it were known; that
is why their intervals are too narrow. Here nothing is picked. `GRID` holds some two hundred sets;
each is filtered over the series, and gets the weight of how well it said each next day (its
likelihood times its prior). Paths are then drawn from all of them by weight, each with its own
doubt about level, slope, weekdays and s2 (scaled inverse chi-squared). A Kalman filter gives that
doubt exactly, and its matrices do not depend on the series' values, so that all sets run at once.

Days far off what was expected (beyond `BOUND` robust deviations) move the state no more than one
at that bound: a burst is a burst and no new level. They stay among the errors that paths draw from.
The third in a row on the same side is taken as it is: by then it is a new level.

Shapes: `g` sets, `n` days, 9 states (level, slope, six weekdays, passing). Needs NumPy.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["GRID", "SETTLE", "Fit", "Floats", "Grid", "fit", "step"]

Floats = NDArray[np.float64]

SETTLE = 8
"""Days that a filter needs before its errors mean something: about one for each state."""

BOUND = 3.0
RUN = 3
STEEPEST = 0.01
"""Deviation of the slope at the start: per cent a day, if the series are logarithms."""
LEAST_NOISE = 0.01
LEVEL, SLOPE, WEEKDAY, LAST_WEEKDAY, PASSING, STATES = 0, 1, 2, 7, 8, 9


class Grid(NamedTuple):
    """Sets of parameters, each a column of `g`: variances in units of the noise's, and priors."""

    level: Floats
    damping: Floats
    slope: Floats
    season: Floats
    fading: Floats
    passing: Floats
    prior: Floats


def _grid() -> Grid:
    """Half of the prior without a trend, seven tenths without a passing swell; else even."""
    seasons = (0.0, 0.003)
    rows: list[tuple[float, ...]] = []

    def add(
        share: float,
        levels: tuple[float, ...],
        trends: tuple[tuple[float, float], ...],
        swells: tuple[tuple[float, float], ...],
    ) -> None:
        each = share / len(levels) / len(seasons) / len(swells)
        for season, level, (damping, slope), (fading, passing) in product(
            seasons, levels, ((0.0, 0.0), *trends), swells
        ):
            prior = each / 2 / (len(trends) if damping else 1)
            rows.append((level, damping, slope, season, fading, passing, prior))

    add(
        0.7, (0.0, 0.0003, 0.003, 0.02, 0.1, 0.5),
        tuple(product((1.0, 0.97, 0.9), (0.0, 1e-5))), ((0.0, 0.0),),
    )  # fmt: skip
    add(
        0.3, (0.0, 0.0003, 0.003, 0.02),
        ((1.0, 0.0), (0.97, 1e-5)), tuple(product((0.6, 0.9), (0.1, 0.5, 2.0))),
    )  # fmt: skip
    return Grid(*(np.array(column) for column in zip(*rows, strict=True)))


GRID = _grid()


class Fit(NamedTuple):
    """All sets after a day, for the day that comes next.

    weight: (g,), in sum 1. state: (g, 9). spread: (g, 9, 9), its covariance in units of s2.
    noise: (g,), s2, on `freedom` degrees. errors: (n - SETTLE, g), up to that day, scaled to a
    deviation of s.
    """

    grid: Grid
    weight: Floats
    state: Floats
    spread: Floats
    noise: Floats
    freedom: int
    errors: Floats


def fit(series: Floats, stops: Sequence[int] = (), grid: Grid = GRID) -> list[Fit]:
    """Filter the series (two weeks or more) under each set of the grid, once.

    The fit after the whole series comes last; before it, one after the first `stop` days for each
    (rising, above SETTLE; only `BOUND` is taken from the whole series there).
    """
    stops = (*stops, len(series))
    noise = _noise(series)
    gain, variance, spreads = _spread(stops, grid, noise, float(series.var()))
    free = np.full(len(grid.prior), np.inf)
    errors = _follow(series, stops, grid, gain, variance, free)[0]
    bound = BOUND * np.maximum(
        1.4826 * np.median(np.abs(errors), axis=0),
        np.maximum(0.05 * errors.std(axis=0), LEAST_NOISE),
    )
    errors, states = _follow(series, stops, grid, gain, variance, bound)
    logs = np.log(variance[SETTLE:]).cumsum(axis=0)
    squares = (np.clip(errors, -bound, bound) ** 2).cumsum(axis=0) + noise**2
    fits = []
    for stop, state, spread in zip(stops, states, spreads, strict=True):
        known = stop - SETTLE
        said = -0.5 * logs[known - 1] - 0.5 * known * np.log(squares[known - 1])
        weight = np.exp(said - said.max()) * grid.prior
        noises = squares[known - 1] / known
        fits.append(
            Fit(grid, weight / weight.sum(), state, spread, noises, known, errors[:known])
        )  # fmt: skip
    return fits


def _noise(series: Floats) -> float:
    """A robust first idea of the noise's deviation, from week to week."""
    change = series[7:] - series[:-7]
    middle = 1.4826 * np.median(np.abs(change - np.median(change))) / 2**0.5
    return float(max(LEAST_NOISE, middle, 0.05 * change.std()))


def _spread(
    stops: Sequence[int], grid: Grid, noise: float, variance: float
) -> tuple[Floats, Floats, list[Floats]]:
    """The filter's half that no value changes: gains (n, g, 9), variances (n, g), spreads."""
    sets = len(grid.prior)
    move = np.zeros((sets, STATES, STATES))
    move[:, LEVEL, LEVEL] = 1
    move[:, LEVEL, SLOPE] = move[:, SLOPE, SLOPE] = grid.damping
    move[:, WEEKDAY, WEEKDAY : LAST_WEEKDAY + 1] = -1
    for at in range(WEEKDAY, LAST_WEEKDAY):
        move[:, at + 1, at] = 1
    move[:, PASSING, PASSING] = grid.fading
    back = move.transpose(0, 2, 1)
    spread = np.zeros((sets, STATES, STATES))
    for at in range(WEEKDAY, LAST_WEEKDAY + 1):
        spread[:, at, at] = 100
    spread[:, LEVEL, LEVEL] = 100 * variance / noise**2 + 100
    spread[:, SLOPE, SLOPE] = np.where(grid.damping > 0, (STEEPEST / noise) ** 2, 0)
    spread[:, PASSING, PASSING] = grid.passing / (1 - grid.fading**2)
    added = {LEVEL: grid.level, SLOPE: grid.slope, WEEKDAY: grid.season, PASSING: grid.passing}
    gains, variances = np.empty((stops[-1], sets, STATES)), np.empty((stops[-1], sets))
    spreads = []
    for day in range(stops[-1]):
        shared = spread[:, :, LEVEL] + spread[:, :, WEEKDAY] + spread[:, :, PASSING]
        total = shared[:, LEVEL] + shared[:, WEEKDAY] + shared[:, PASSING] + 1
        gain = shared / total[:, None]
        spread = move @ (spread - gain[:, :, None] * shared[:, None, :]) @ back
        for at, more in added.items():
            spread[:, at, at] += more
        gains[day], variances[day] = gain, total
        if day + 1 in stops:
            spreads.append(spread.copy())
    return gains, variances, spreads


def _follow(
    series: Floats,
    stops: Sequence[int],
    grid: Grid,
    gains: Floats,
    variances: Floats,
    bound: Floats,
) -> tuple[Floats, list[Floats]]:
    """The half that the values do: errors (n - SETTLE, g) over the root of `variances`, states."""
    deviations = np.sqrt(variances)
    state = np.zeros((len(grid.prior), STATES))
    state[:, LEVEL] = np.median(series[:14])
    errors = np.empty_like(variances)
    above, below = np.zeros(len(bound)), np.zeros(len(bound))
    states = []
    for day, value in enumerate(series):
        off = value - state[:, LEVEL] - state[:, WEEKDAY] - state[:, PASSING]
        errors[day] = off / deviations[day]
        above = (above + 1) * (errors[day] > bound)
        below = (below + 1) * (errors[day] < -bound)
        limit = np.where(np.maximum(above, below) < RUN, bound * deviations[day], np.inf)
        state = step(state + gains[day] * np.clip(off, -limit, limit)[:, None], grid)
        if day + 1 in stops:
            states.append(state)
    return errors[SETTLE:], states


def step(state: Floats, grid: Grid) -> Floats:
    """A day on, without what chance adds. (m, 9) under m sets."""
    after = np.empty_like(state)
    after[:, SLOPE] = grid.damping * state[:, SLOPE]
    after[:, LEVEL] = state[:, LEVEL] + after[:, SLOPE]
    after[:, WEEKDAY] = -state[:, WEEKDAY : LAST_WEEKDAY + 1].sum(axis=1)
    after[:, WEEKDAY + 1 : LAST_WEEKDAY + 1] = state[:, WEEKDAY:LAST_WEEKDAY]
    after[:, PASSING] = grid.fading * state[:, PASSING]
    return after
