"""Spend to come, from the ledger's days: per day, in total, and until when a budget lasts."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.finance.series import LEAST, METHODS

__all__ = ["Day", "Forecast", "Outside", "Sum", "forecast"]

LOW, HIGH = 0.1, 0.9
"""The interval holds four in five of the paths; docs/finance.md shows how often it held."""

PATHS = 1000
SEED = 20_251_015
LOOK_BACK = 7
_CENTS = Decimal("0.0001")


class Sum(Struct, frozen=True):
    """US dollars: what is expected, and the 80 % interval."""

    expected: Decimal
    low: Decimal
    high: Decimal


class Day(Struct, frozen=True):
    """A day to come."""

    day: date
    usd: Sum


class Outside(Struct, frozen=True):
    """A day of the last seven whose spend left the interval that was forecast before them."""

    day: date
    actual: Decimal
    usd: Sum


class Forecast(Struct, frozen=True):
    """`baseline` is the plain method's total, beside which `total` is to be read.

    `budget_ends` is the day on which the budget is used up in the middle of the paths,
    `budget_ends_early` in one of ten; None where it lasts longer than the days asked for.
    """

    method: str
    history_days: int
    last_day: date
    total: Sum
    baseline: Sum
    days: tuple[Day, ...]
    outside: tuple[Outside, ...]
    budget: Decimal | None = None
    budget_ends: date | None = None
    budget_ends_early: date | None = None


def forecast(
    history: Sequence[Decimal],
    last_day: date,
    days: int,
    *,
    method: str = "seasonal-naive",
    budget: Decimal | None = None,
) -> Forecast:
    """Continue `history` (dollars of each full day up to `last_day`) by `days` days.

    Failure (invalid_request) for a history under two weeks or days outside 1 to 366.
    """
    if not 1 <= days <= 366:
        raise Failure.invalid("between 1 and 366 days can be forecast", "days")
    if len(history) < LEAST:
        raise Failure.invalid(
            f"a forecast needs {LEAST} full days, the ledger has {len(history)}", "days",
            hint="`fairlead usage --by day` shows them",
        )  # fmt: skip
    amounts = [float(each) for each in history]
    paths = METHODS[method](amounts, days, PATHS, SEED)
    plain = METHODS["seasonal-naive"](amounts, days, PATHS, SEED)
    coming = [last_day + timedelta(days=at + 1) for at in range(days)]
    ends = _ends(paths, float(budget), coming) if budget is not None else [None, None]
    return Forecast(
        method=method,
        history_days=len(history),
        last_day=last_day,
        total=_sum([sum(path) for path in paths]),
        baseline=_sum([sum(path) for path in plain]),
        days=tuple(Day(day, _sum([path[at] for path in paths])) for at, day in enumerate(coming)),
        outside=_outside(history, last_day, method),
        budget=budget,
        budget_ends=ends[0],
        budget_ends_early=ends[1],
    )


def _outside(history: Sequence[Decimal], last_day: date, method: str) -> tuple[Outside, ...]:
    """The last week against a forecast that knew nothing of it."""
    before = [float(each) for each in history[:-LOOK_BACK]]
    if len(before) < LEAST:
        return ()
    paths = METHODS[method](before, LOOK_BACK, PATHS, SEED)
    found = []
    for at, actual in enumerate(history[-LOOK_BACK:]):
        usd = _sum([path[at] for path in paths])
        if not usd.low <= actual.quantize(_CENTS) <= usd.high:
            found.append(Outside(last_day - timedelta(days=LOOK_BACK - 1 - at), actual, usd))
    return tuple(found)


def _ends(paths: list[list[float]], budget: float, coming: list[date]) -> list[date | None]:
    """The day after which the budget is gone: in the middle, and in one path of ten."""
    used: list[int] = []
    for path in paths:
        spent, at = 0.0, 0
        while at < len(path) and spent + path[at] < budget:
            spent += path[at]
            at += 1
        used.append(at)
    used.sort()
    found = [used[len(used) // 2], used[int(len(used) * LOW)]]
    return [coming[at] if at < len(coming) else None for at in found]


def _sum(amounts: list[float]) -> Sum:
    ordered = sorted(amounts)
    last = len(ordered) - 1
    mean = sum(ordered) / len(ordered)
    return Sum(
        *(_usd(each) for each in (mean, ordered[int(last * LOW)], ordered[int(last * HIGH)]))
    )


def _usd(amount: float) -> Decimal:
    return Decimal(amount).quantize(_CENTS)
