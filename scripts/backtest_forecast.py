"""Back-test the forecast: error, interval score and coverage beside plain methods and ETS.

    make backtest
    python scripts/backtest_forecast.py [--seeds 30] [--only KIND ...]

Series that are known by their rule, and public ones (`forecast_series/`, with sources). Each is cut
at several days, continued by four weeks from what came before (half a year at most, as the command
does), and compared with what came.

- MASE: the error of a day (the middle of the paths), divided by last week's guess within history.
- day, sum, run-out: how often the 80 % interval held the truth: of a day, of the sum of four weeks,
  and of the day on which half of what was to come would be spent (whole days: more than 80 % is
  to be expected).
- score: the interval score of the sum (Gneiting and Raftery 2007; its width, plus ten times what
  the truth is off it) over the truth. Less is better; it cannot be had by wide intervals.
- alarm: how many days of the first week were outside the 98 % interval.

The method was chosen on seeds 0, 2, 4, ... and on the public series `births` and `pedestrians`;
reported are seeds 1, 3, 5, ... Prints Markdown tables, as they stand in docs/finance.md.
"""

import argparse
import importlib
import importlib.util
import math
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fairlead.finance.forecast import HIGH, LOW, RARE
from fairlead.finance.series import METHODS, WEEK, Method, Paths

DAYS, HORIZON, PATHS, LONGEST = 210, 28, 400, 182
CUTS = (42, 98, 154, 182)
WEEKDAYS = (1.0, 1.1, 1.15, 1.1, 0.95, 0.35, 0.25)
SHELF = Path(__file__).parent / "forecast_series"

Case = tuple[list[float], list[float]]
"""History, and the four weeks that came."""


def steady(draw: random.Random) -> list[float]:
    """Weekly rhythm, noise of 10 %."""
    return [100 * WEEKDAYS[at % WEEK] * draw.lognormvariate(0, 0.1) for at in range(DAYS)]


def growing(draw: random.Random) -> list[float]:
    """The same, 1 % more each day on average, noise of 15 %."""
    rhythm = [WEEKDAYS[at % WEEK] * draw.lognormvariate(0, 0.15) for at in range(DAYS)]
    return [20 * 1.01**at * each for at, each in enumerate(rhythm)]


def wandering(draw: random.Random) -> list[float]:
    """A level that walks by 5 % a day, noise of 10 %."""
    level, days = 100.0, []
    for at in range(DAYS):
        level *= draw.lognormvariate(0, 0.05)
        days.append(level * WEEKDAYS[at % WEEK] * draw.lognormvariate(0, 0.1))
    return days


def bursty(draw: random.Random) -> list[float]:
    """Small spend, with a job at ten times that on about one day in ten."""
    return [
        5 * WEEKDAYS[at % WEEK] * draw.lognormvariate(0, 0.3) * (10 if draw.random() < 0.1 else 1)
        for at in range(DAYS)
    ]


def stepping(draw: random.Random) -> list[float]:
    """Twice as much from a day in the middle on, noise of 15 %."""
    step = draw.randrange(60, 120)
    return [
        50 * WEEKDAYS[at % WEEK] * draw.lognormvariate(0, 0.15) * (2 if at >= step else 1)
        for at in range(DAYS)
    ]


def idle(draw: random.Random) -> list[float]:
    """Nothing at weekends and on one working day in ten, noise of 40 %."""
    return [
        0.0
        if at % WEEK > 4 or draw.random() < 0.1
        else 50 * WEEKDAYS[at % WEEK] * draw.lognormvariate(0, 0.4)
        for at in range(DAYS)
    ]


def swelling(draw: random.Random) -> list[float]:
    """Swells of 15 % that fade by a third each day."""
    swell, days = 0.0, []
    for at in range(DAYS):
        swell = 0.7 * swell + draw.gauss(0, 0.15)
        days.append(80 * WEEKDAYS[at % WEEK] * math.exp(swell))
    return days


KINDS = (steady, growing, wandering, bursty, stepping, idle, swelling)


def flat_mean(history: Sequence[float], days: int, count: int, seed: int) -> Paths:
    """The other naive baseline: days drawn from the last four weeks, without weekdays."""
    draw = random.Random(seed)  # noqa: S311 - no secret: the same answer every time
    return [[draw.choice(history[-28:]) for _ in range(days)] for _ in range(count)]


def ets(history: Sequence[float], days: int, count: int, seed: int) -> Paths:
    """Exponential smoothing by statsmodels, simulated: what the forecast was before."""
    numpy = importlib.import_module("numpy")
    module = importlib.import_module("statsmodels.tsa.exponential_smoothing.ets")
    series = numpy.asarray(history, dtype=float)
    in_logs = min(history) > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fit that stopped early: the table measures it
        model = module.ETSModel(
            numpy.log(series) if in_logs else series,
            error="add",
            seasonal="add",
            seasonal_periods=WEEK,
        ).fit(disp=False, maxiter=200)
        drawn = model.simulate(days, anchor="end", repetitions=count, rng=seed)
    paths = numpy.asarray(drawn).reshape(days, count).T
    found: Paths = (numpy.exp(paths) if in_logs else numpy.maximum(paths, 0)).tolist()
    return found


class Result(NamedTuple):
    """Of one case, then means over cases."""

    mase: float
    day: float
    sum: float
    score: float
    run_out: float
    alarm: float


def judge(method: Method, case: Case, seed: int) -> Result:
    """One forecast against what came."""
    history, truth = case
    paths = method(history, HORIZON, PATHS, seed)
    scale = _mean([abs(b - a) for a, b in zip(history, history[WEEK:], strict=False)])
    columns = [sorted(path[at] for path in paths) for at in range(HORIZON)]
    sums, total = sorted(math.fsum(path) for path in paths), math.fsum(truth)
    low, high = _at(sums, LOW), _at(sums, HIGH)
    ends = sorted(_spent(path, total / 2) for path in paths)
    off = max(0.0, low - total, total - high)
    week = list(zip(columns, truth, strict=True))[:WEEK]
    return Result(
        mase=_mean([abs(_at(c, 0.5) - t) for c, t in zip(columns, truth, strict=True)]) / scale,
        day=_mean([_holds(c, t, LOW, HIGH) for c, t in zip(columns, truth, strict=True)]),
        sum=float(low <= total <= high),
        score=(high - low + 2 / (LOW + 1 - HIGH) * off) / total,
        run_out=_holds(ends, _spent(truth, total / 2), LOW, HIGH),
        alarm=1 - _mean([_holds(c, t, RARE, 1 - RARE) for c, t in week]),
    )


def _spent(path: Sequence[float], budget: float) -> int:
    spent, at = 0.0, 0
    while at < len(path) and spent + path[at] < budget:
        spent += path[at]
        at += 1
    return at


def _holds(ordered: Sequence[float], truth: float, low: float, high: float) -> float:
    return float(_at(ordered, low) <= truth <= _at(ordered, high))


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[int((len(ordered) - 1) * share)]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def synthetic(kind: Callable[[random.Random], list[float]], seeds: int) -> Iterator[Case]:
    """Cuts of the odd seeds' series."""
    for number in range(1, 2 * seeds, 2):
        series = kind(random.Random(number))  # noqa: S311 - as above
        for cut in CUTS:
            yield series[:cut], series[cut : cut + HORIZON]


def public(name: str) -> Iterator[Case]:
    """Every four weeks from the fourteenth on. A missing day: the mean of its weekday beside it."""
    lines = (SHELF / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()[1:]]
    series = [math.nan if word == "-" else float(word) for word in words]
    for at, value in enumerate(series):
        if math.isnan(value):
            series[at] = (series[at - WEEK] + series[at + WEEK]) / 2
    for cut in range(98, len(series) - HORIZON + 1, HORIZON):
        yield series[max(0, cut - LONGEST) : cut], series[cut : cut + HORIZON]


def table(named: list[tuple[str, list[Case]]]) -> None:
    """Print one Markdown table."""
    methods: dict[str, Method] = {"flat mean": flat_mean, **METHODS}
    if importlib.util.find_spec("statsmodels"):
        methods["ETS (statsmodels)"] = ets
    print("| series | method | MASE | day | sum | run-out | score | alarm |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name, cases in named:
        for label, method in methods.items():
            results = [judge(method, case, number) for number, case in enumerate(cases)]
            mean = Result(*(_mean(column) for column in zip(*results, strict=True)))
            held = " | ".join(f"{each:.0%}" for each in (mean.day, mean.sum, mean.run_out))
            row = f"| {name} ({len(cases)}) | {label} | {mean.mase:.2f} | {held} "
            print(f"{row}| {mean.score:.2f} | {mean.alarm:.1%} |", flush=True)


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(description="Back-test the forecast")
    parser.add_argument("--seeds", type=int, default=30, help="series of each synthetic kind")
    parser.add_argument("--only", nargs="*", help="kinds or names of series")
    asked = parser.parse_args()
    kinds = {kind.__name__: list(synthetic(kind, asked.seeds)) for kind in KINDS}
    names = {path.stem: list(public(path.stem)) for path in sorted(SHELF.glob("*.txt"))}
    for shelf in (kinds, names):
        wanted = [(name, cases) for name, cases in shelf.items() if name in (asked.only or shelf)]
        if wanted:
            table(wanted)
            print()


if __name__ == "__main__":
    main()
