"""Back-test the forecast on synthetic series: error and coverage beside the plain baselines.

    python scripts/backtest_forecast.py

Series of daily spend that are known by their rule; each is cut at several days, continued by four
weeks from what came before, and compared with what came. `MASE` is the mean absolute error of a
day, divided by that of the plain seasonal-naive method within the history: below 1 is better than
guessing last week. `day` and `sum` say how often the 80 % interval of a day, and of the sum of the
four weeks, held the truth. Prints a Markdown table, as it stands in docs/finance.md.
"""

import math
import random
from collections.abc import Callable, Sequence

from fairlead.finance.forecast import HIGH, LOW
from fairlead.finance.series import METHODS, WEEK, Method

DAYS, HORIZON, PATHS, SERIES = 154, 28, 400, 12
WEEKDAYS = (1.0, 1.1, 1.15, 1.1, 0.95, 0.35, 0.25)


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


def flat_mean(history: Sequence[float], days: int, count: int, seed: int) -> list[list[float]]:
    """The other naive baseline: days drawn from the last four weeks, without weekdays."""
    draw = random.Random(seed)  # noqa: S311 - no secret: the same answer every time
    return [[draw.choice(history[-28:]) for _ in range(days)] for _ in range(count)]


def measure(method: Method, make: Callable[[random.Random], list[float]]) -> tuple[float, ...]:
    """MASE, and how often a day and a sum lay within the interval."""
    errors, days, sums = [], [], []
    for number in range(SERIES):
        series = make(random.Random(number))  # noqa: S311 - as above
        for cut in (70, 98, 126):
            history, truth = series[:cut], series[cut : cut + HORIZON]
            paths = method(history, HORIZON, PATHS, number)
            scale = _mean([abs(b - a) for a, b in zip(history, history[WEEK:], strict=False)])
            columns = [sorted(path[at] for path in paths) for at in range(HORIZON)]
            off = [abs(_mean(c) - t) for c, t in zip(columns, truth, strict=True)]
            errors.append(_mean(off) / scale)
            days += [_holds(c, t) for c, t in zip(columns, truth, strict=True)]
            sums.append(_holds(sorted(math.fsum(path) for path in paths), math.fsum(truth)))
    return _mean(errors), _mean(days), _mean(sums)


def _holds(ordered: Sequence[float], truth: float) -> float:
    last = len(ordered) - 1
    return float(ordered[int(last * LOW)] <= truth <= ordered[int(last * HIGH)])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def main() -> None:
    """Print the table."""
    print("| series | method | MASE | 80 % day | 80 % sum |\n|---|---|---|---|---|")
    for make in (steady, growing, wandering, bursty, stepping):
        for name, method in {"flat mean": flat_mean, **METHODS}.items():
            try:
                error, day, whole = measure(method, make)
            except ImportError:
                print(f"| {make.__name__} | {name} | the extra `finance` is not installed | | |")
                continue
            print(f"| {make.__name__} | {name} | {error:.2f} | {day:.0%} | {whole:.0%} |")


if __name__ == "__main__":
    main()
