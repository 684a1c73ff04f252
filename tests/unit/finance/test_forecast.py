import importlib.util
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from fairlead.canon import Failure
from fairlead.finance.forecast import forecast
from fairlead.finance.series import METHODS, best_method, seasonal_naive
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.traffic import daily_cost

LAST = date(2026, 11, 22)  # a Sunday
WEEK = [10, 11, 12, 11, 10, 3, 2]
STEADY = [Decimal(each) for each in WEEK * 8]


def test_a_steady_week_goes_on() -> None:
    result = forecast(STEADY, LAST, 14)
    assert [day.usd.expected for day in result.days] == [*WEEK, *WEEK]
    assert result.days[0].day == date(2026, 11, 23)
    assert result.total.expected == result.total.low == result.total.high == 2 * sum(WEEK)
    assert result.outside == ()
    assert (result.week.actual, result.week.outside, result.alarm) == (sum(WEEK), False, False)


def test_the_interval_grows_and_holds_the_expected() -> None:
    draw = random.Random(3)
    noisy = [each * Decimal(draw.uniform(0.7, 1.3)) for each in STEADY]
    result = forecast(noisy, LAST, 29)
    for day in result.days:
        assert 0 <= day.usd.low <= day.usd.expected <= day.usd.high
    widths = [result.days[at].usd.high - result.days[at].usd.low for at in (0, 28)]
    assert widths[0] < widths[1]
    assert result == forecast(noisy, LAST, 29)


def test_a_budget_runs_out() -> None:
    # Monday to Sunday cost 10, 21, 33, 44, 54, 57, 59 in sum: 50 are gone on the Friday.
    result = forecast(STEADY, LAST, 14, budget=Decimal(50))
    ends = {result.budget_ends_early, result.budget_ends, result.budget_ends_late}
    assert ends == {date(2026, 11, 27)}
    assert forecast(STEADY, LAST, 14, budget=Decimal(1000)).budget_ends is None
    assert forecast(STEADY, LAST, 14, budget=Decimal(0)).budget_ends == date(2026, 11, 23)


def test_the_day_on_which_a_budget_runs_out_has_an_interval() -> None:
    draw = random.Random(4)
    noisy = [each * Decimal(draw.uniform(0.3, 1.7)) for each in STEADY]
    result = forecast(noisy, LAST, 90, budget=Decimal(300), method="state-space")
    early, late = result.budget_ends_early, result.budget_ends_late
    assert early < late
    assert early <= result.budget_ends <= late
    by = {day.day: at for at, day in enumerate(result.days)}
    # Not before all days were at their highest, not after all were at their lowest.
    assert sum(day.usd.high for day in result.days[: by[early] + 1]) >= 300
    assert sum(day.usd.low for day in result.days[: by[late]]) < 300


@pytest.mark.parametrize("method", METHODS)
def test_a_day_that_leaves_the_interval(method: str) -> None:
    draw = random.Random(1)
    noisy = [each * Decimal(draw.uniform(0.95, 1.05)) for each in STEADY]
    result = forecast([*noisy[:-2], Decimal(40), Decimal(2)], LAST, 7, method=method)
    left = [past for past in result.outside if past.alarm]
    assert [(past.day, past.actual) for past in left] == [(date(2026, 11, 21), Decimal(40))]
    assert (result.week.days, result.week.alarm, result.alarm) == (7, True, True)
    assert result.week.actual > result.week.usd.high


def test_a_week_can_be_an_alarm_though_no_day_is_one() -> None:
    draw = random.Random(2)
    noisy = [each * Decimal(draw.uniform(0.5, 1.5)) for each in [*STEADY, *STEADY]]
    raised = [*noisy[:-7], *(Decimal(each) * Decimal("1.35") for each in WEEK)]
    result = forecast(raised, LAST, 7, method="state-space")
    assert not any(past.alarm for past in result.outside)
    assert result.week.alarm
    assert not forecast(noisy, LAST, 7, method="state-space").week.alarm


def test_too_short_a_history_has_no_past() -> None:
    result = forecast(STEADY[:20], LAST, 7, method="state-space")
    assert (result.outside, result.week, result.alarm) == ((), None, False)


@pytest.mark.parametrize(("days", "history"), [(0, 20), (367, 20), (30, 13)])
def test_what_cannot_be_forecast(days: int, history: int) -> None:
    with pytest.raises(Failure):
        forecast([Decimal(1)] * history, LAST, days)


@pytest.mark.parametrize("method", METHODS)
def test_no_spend_stays_none(method: str) -> None:
    assert forecast([Decimal(0)] * 20, LAST, 5, method=method).total.high == 0


def test_the_fallback_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert METHODS[best_method()] is seasonal_naive
    monkeypatch.undo()
    assert best_method() == "state-space"


def test_days_of_the_ledger(tmp_path: Path) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger(path)
    for number, (ago, usd, emulated) in enumerate(
        [(3, "1.5", False), (1, "2", False), (1, "4", True)]
    ):
        ledger.add(
            Record(str(number), noon - ago * 86_400, "gemini", "m", "ok", 200,
                   cost_usd=Decimal(usd), emulated=emulated)
        )  # fmt: skip
    ledger.close()
    until = datetime(2026, 11, 21, tzinfo=UTC).timestamp()
    assert daily_cost(path, 0, until) == [Decimal("1.5"), 0, Decimal(2), 0]
    assert daily_cost(path, 0, until, emulated=True) == [Decimal("1.5"), 0, Decimal(6), 0]
    assert daily_cost(path, until, until + 1) == []
