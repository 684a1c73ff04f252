"""Budgets of keys: read, kept with the key, and when their periods begin."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.canon import Failure
from fairlead.limits.budget import PERIODS, Budget, Period, began, budget_of
from fairlead.limits.keys import KeyStore

SECONDS = {"day": 86_400, "week": 7 * 86_400, "month": 31 * 86_400}


@pytest.mark.parametrize("usd", ["0", "-1", "nan", "inf", "much", "1e12", ""])
def test_what_is_no_amount_is_refused(usd: str) -> None:
    with pytest.raises(Failure, match="amount in dollars"):
        budget_of(usd, "month")


def test_periods_are_listed_where_one_is_not_known() -> None:
    with pytest.raises(Failure) as raised:
        budget_of("50", "year")
    assert raised.value.problem.hint == "one of day, week, month, total"
    assert budget_of("0.50", "week") == Budget(Decimal("0.50"), "week")


@pytest.mark.parametrize(
    ("period", "begin"),
    [
        ("day", "2026-11-22"),
        ("week", "2026-11-16"),
        ("month", "2026-11-01"),
        ("total", "1970-01-01"),
    ],
)
def test_when_a_period_began(period: Period, begin: str) -> None:
    at = datetime(2026, 11, 22, 17, 5, tzinfo=UTC).timestamp()  # a Sunday
    assert datetime.fromtimestamp(began(period, at), UTC).isoformat() == f"{begin}T00:00:00+00:00"


@given(period=st.sampled_from(PERIODS), at=st.floats(0, 4e9))
def test_a_moment_lies_in_its_period(period: Period, at: float) -> None:
    begin = began(period, at)
    assert begin <= at
    assert began(period, begin) == begin
    if period != "total":
        assert at - begin < SECONDS[period]


def test_a_key_keeps_its_team_and_its_budget(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys.db")
    budget = budget_of("50", "month")
    info, _ = store.create("ci", team=" tools ", budget=budget)
    plain, _ = store.create("plain")
    again = KeyStore(tmp_path / "keys.db")
    assert (info.team, info.budget) == ("tools", budget)
    assert again.info(info.id) == info
    assert again.info(plain.id) == plain
    assert (plain.team, plain.budget) == ("", None)
    assert again.info("key_none") is None
    assert again.budgets() == {info.id: budget}
    revoked = again.revoke("ci")
    assert (revoked.team, revoked.budget) == ("tools", budget)
    assert again.budgets() == {}
    with pytest.raises(Failure, match="a team has at most"):
        store.create("long", team="x" * 101)
