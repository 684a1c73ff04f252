"""What keys have spent: read from the ledger, asked in memory, and seen by a policy."""

from decimal import Decimal
from pathlib import Path

import pytest

from fairlead.canon import Request, Usage
from fairlead.ledger.health import LedgerError
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.limits.budget import budget_of
from fairlead.limits.keys import KeyStore
from fairlead.routing import extract, parse_policy
from fairlead.routing.looking import Outside, asked_of
from fairlead.server.budget_watch import BudgetWatch

NOW = 1_790_000_000.0  # 2026-09-21, a Monday
DAY = 86_400.0


def spend(path: Path, key_id: str, *moments: tuple[float, str]) -> None:
    ledger = SqliteLedger(path)
    for number, (at, usd) in enumerate(moments):
        ledger.add(
            Record(
                f"{key_id}{number}{at}", at, "openai_chat", "m", "ok", 200, key_id=key_id,
                model="m", usage=Usage(input=1), cost_usd=Decimal(usd),
            )
        )  # fmt: skip
    ledger.close()


def test_the_share_of_the_budget_that_is_spent_in_its_period(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    keys = KeyStore(path)
    month, _ = keys.create("month", team="tools", budget=budget_of("10", "month"))
    day, _ = keys.create("day", budget=budget_of("2", "day"))
    free, _ = keys.create("free")
    watch = BudgetWatch(path, keys, lambda: NOW)
    assert watch.pressure(month.id) is None  # not read yet
    spend(path, month.id, (NOW - DAY, "4.1"), (NOW - 60, "4"), (NOW - 40 * DAY, "100"))
    spend(path, day.id, (NOW - 60, "3"), (NOW - 2 * DAY, "50"))
    watch.refresh()
    assert watch.pressure(month.id) == 81
    assert watch.pressure(day.id) == 150
    assert watch.pressure(free.id) is None
    assert watch.pressure("key_none") is None
    assert watch.team(month.id) == "tools"
    assert watch.team(day.id) is None


def test_nothing_spent_is_no_pressure_and_not_unknown(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    keys = KeyStore(path)
    key, _ = keys.create("new", budget=budget_of("10", "total"))
    watch = BudgetWatch(path, keys, lambda: NOW)
    SqliteLedger(path).close()
    watch.refresh()
    assert watch.pressure(key.id) == 0


def test_a_file_that_is_no_ledger_is_told_and_the_last_figures_stay(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    keys = KeyStore(path)
    keys.create("ci", budget=budget_of("10", "month"))
    with pytest.raises(LedgerError):
        BudgetWatch(tmp_path / "none.db", keys).refresh()


def test_a_policy_asks_for_team_and_pressure() -> None:
    policy = parse_policy(
        """
name = "thrifty"
version = "1"
candidates = ["haiku", "flash"]
otherwise = "haiku"
[[rules]]
question = "the tools team, and most of the budget gone?"
when = { budget_pressure = { over = 80 }, team = { is = "tools" } }
use = "flash"
"""
    )
    asked = asked_of(policy)
    assert asked == ("budget_pressure", "team")
    request = Request(model="auto", turns=())
    (rule,) = policy.rules

    def answer(outside: Outside) -> bool:
        return rule.ask(extract(request, None, 10, asked=asked, outside=outside)).answer

    assert answer(Outside(team="tools", budget_pressure=81))
    assert not answer(Outside(team="tools", budget_pressure=80))
    assert not answer(Outside(team="sales", budget_pressure=99))
    assert not answer(Outside(team="tools"))
