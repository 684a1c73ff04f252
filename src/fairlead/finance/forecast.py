"""Spend to come, from the ledger's days: per day, in total, and until when a budget lasts."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure
from fairlead.finance.commitments import Owed, fees, spends
from fairlead.finance.series import LEAST, METHODS, Paths, best_method
from fairlead.ledger.commitment import Commitment
from fairlead.ledger.traffic import daily_cost

__all__ = ["Day", "Forecast", "Past", "Sum", "forecast", "from_ledger"]

HISTORY = 182
"""Days that are looked at: half a year holds the weeks, and forgets what is no longer so."""

LOW, HIGH = 0.1, 0.9
"""The interval holds four in five of the paths; docs/finance.md shows how often it held."""

RARE = 0.01
"""On either side: beyond it a past day, or the week, is an alarm and not just a day outside."""

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


class Past(Struct, frozen=True):
    """Actual spend beside the forecast made before the last seven days.

    `day` is the day, or the last of the seven where `days` is 7. `outside`: not within the 80 %
    interval, as one day in five is. `alarm`: not even within the 98 % one.
    """

    day: date
    days: int
    actual: Decimal
    usd: Sum
    outside: bool
    alarm: bool


class Forecast(Struct, frozen=True):
    """`baseline` is the plain method's total, beside which `total` is to be read.

    `outside` are the days of the last seven that left the interval forecast before them, `week` all
    seven in sum (None where the history is too short); `alarm` tells whether any of them is one.

    `budget_ends` is the day on which the budget is used up in the middle of the paths;
    `budget_ends_early` and `budget_ends_late` hold it in four of five. None: it lasts longer than
    the days asked for. `commitments`: the fixed fees of the days to come, and how far the spend of
    the running month is; in none of the other figures.
    """

    method: str
    history_days: int
    last_day: date
    total: Sum
    baseline: Sum
    days: tuple[Day, ...]
    outside: tuple[Past, ...]
    week: Past | None
    alarm: bool
    budget: Decimal | None = None
    budget_ends: date | None = None
    budget_ends_early: date | None = None
    budget_ends_late: date | None = None
    commitments: tuple[Owed, ...] = ()


def from_ledger(
    path: Path,
    today: date,
    days: int,
    *,
    method: str | None = None,
    budget: Decimal | None = None,
    emulated: bool = False,
    commitments: Sequence[Commitment] = (),
) -> Forecast:
    """Continue what the ledger at `path` holds of the full UTC days before `today`.

    `method` None is the best that is installed. Failure as `forecast`'s; LedgerError for a file
    that is no ledger.
    """
    midnight = datetime.combine(today, datetime.min.time(), UTC).timestamp()
    history = daily_cost(path, midnight - HISTORY * 86_400, midnight, emulated=emulated)
    made = forecast(
        history[1:],  # the first day of a ledger is seldom a whole one
        today - timedelta(days=1),
        days,
        method=method or best_method(),
        budget=budget,
    )
    beside = fees(commitments, midnight, midnight + days * 86_400)
    for one in commitments:
        if one.kind == "spend":
            beside += spends(path, one, midnight, midnight + 1.0, midnight)
    return replace(made, commitments=tuple(beside))


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
    early, middle, late = _ends(paths, budget, coming)
    past = _past(history, last_day, method)
    return Forecast(
        method=method,
        history_days=len(history),
        last_day=last_day,
        total=_sum([sum(path) for path in paths]),
        baseline=_sum([sum(path) for path in plain]),
        days=tuple(Day(day, _sum([path[at] for path in paths])) for at, day in enumerate(coming)),
        outside=tuple(each for each in past[:-1] if each.outside),
        week=past[-1] if past else None,
        alarm=any(each.alarm for each in past),
        budget=budget,
        budget_ends=middle,
        budget_ends_early=early,
        budget_ends_late=late,
    )


def _past(history: Sequence[Decimal], last_day: date, method: str) -> list[Past]:
    """The last seven days, then the week, against a forecast that knew nothing of them."""
    before = [float(each) for each in history[:-LOOK_BACK]]
    if len(before) < LEAST:
        return []
    paths = METHODS[method](before, LOOK_BACK, PATHS, SEED)
    actual = history[-LOOK_BACK:]
    days = [last_day - timedelta(days=LOOK_BACK - 1 - at) for at in range(LOOK_BACK)]
    return [
        *(
            _compared(day, 1, actual[at], [path[at] for path in paths])
            for at, day in enumerate(days)
        ),
        _compared(last_day, LOOK_BACK, sum(actual, Decimal(0)), [sum(path) for path in paths]),
    ]


def _compared(day: date, days: int, actual: Decimal, amounts: list[float]) -> Past:
    usd = _sum(amounts)
    ordered = sorted(amounts)
    rounded = actual.quantize(_CENTS)
    rare = (_usd(_at(ordered, RARE)), _usd(_at(ordered, 1 - RARE)))
    return Past(
        day, days, actual, usd,
        outside=not usd.low <= rounded <= usd.high,
        alarm=not rare[0] <= rounded <= rare[1],
    )  # fmt: skip


def _ends(paths: Paths, budget: Decimal | None, coming: list[date]) -> list[date | None]:
    """The day on which the budget is gone: one time in ten by it, in the middle, nine times."""
    if budget is None:
        return [None, None, None]
    used: list[int] = []
    for path in paths:
        spent, at = 0.0, 0
        while at < len(path) and spent + path[at] < budget:
            spent += path[at]
            at += 1
        used.append(at)
    used.sort()
    found = [used[int((len(used) - 1) * share)] for share in (LOW, 0.5, HIGH)]
    return [coming[at] if at < len(coming) else None for at in found]


def _sum(amounts: list[float]) -> Sum:
    """The mean leaves out one path in a hundred on each side: a few explode."""
    ordered = sorted(amounts)
    cut = len(ordered) // 100
    inner = ordered[cut : len(ordered) - cut]
    mean = sum(inner) / len(inner)
    return Sum(_usd(mean), _usd(_at(ordered, LOW)), _usd(_at(ordered, HIGH)))


def _at(ordered: list[float], share: float) -> float:
    return ordered[int((len(ordered) - 1) * share)]


def _usd(amount: float) -> Decimal:
    return Decimal(amount).quantize(_CENTS)
