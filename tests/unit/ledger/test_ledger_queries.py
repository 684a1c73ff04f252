import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from fairlead.canon import Failure, Usage
from fairlead.ledger import query
from fairlead.ledger.health import LedgerError
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger

DAY = 86_400


def record(number: int, **more) -> Record:
    facts = {
        "at": 1.7e9,
        "dialect": "openai_chat",
        "asked_model": "auto",
        "outcome": "ok",
        "status": 200,
        **more,
    }
    return Record(id=f"r{number}", **facts)


ROWS = [
    record(1, model="haiku", usage=Usage(input=10, output=1), cost_usd=Decimal("0.1")),
    record(
        2, model="haiku", usage=Usage(input=5, cache_read=2), cost_usd=Decimal("0.2"), emulated=True
    ),
    record(
        3, model="flash", usage=Usage(input=1, estimated=True), at=1.7e9 + DAY, upstream="google"
    ),
    record(4, outcome="refused", status=400, asked_model="nope", key_id="key_1"),
    record(5, model="flash", outcome="client_gone", status=499, policy="tree", route="short"),
    record(6, model="haiku", cost_usd=Decimal("0.000000000001"), usage=Usage(thinking=7)),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "a # b?.db"
    ledger = SqliteLedger(path)
    for one in ROWS:
        ledger.add(one)
    ledger.close()
    return path


def test_by_model(path: Path) -> None:
    report = query.usage(path)
    assert {row.group: row.requests for row in report.rows} == {
        ("haiku",): 3,
        ("flash",): 2,
        ("nope",): 1,
    }
    haiku = next(row for row in report.rows if row.group == ("haiku",))
    assert haiku.cost_usd == Decimal("0.300000000001")
    assert (haiku.input, haiku.cache_read, haiku.thinking) == (15, 2, 7)
    assert (haiku.prompt_tokens, haiku.completion_tokens) == (17, 8)


def test_totals(path: Path) -> None:
    totals = query.usage(path, ()).totals
    assert totals == query.usage(path, ("model", "day", "outcome")).totals
    assert (totals.requests, totals.errors, totals.unpriced) == (6, 1, 1)
    assert (totals.emulated, totals.estimated, totals.unknown) == (1, 1, 0)
    assert totals.cost_usd == Decimal("0.300000000001")


def test_an_unpriced_request_is_not_free_but_counted(path: Path) -> None:
    flash = next(r for r in query.usage(path).rows if r.group == ("flash",))
    assert (flash.cost_usd, flash.unpriced) == (0, 1)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (("day",), {("2023-11-14",), ("2023-11-15",)}),
        (("outcome",), {("ok",), ("refused",), ("client_gone",)}),
        (("policy",), {("",), ("tree",)}),
        (("upstream",), {("",), ("google",)}),
        (("key",), {("",), ("key_1",)}),
        (("route",), {("",), ("short",)}),
        (
            ("outcome", "model"),
            {("ok", "haiku"), ("ok", "flash"), ("refused", "nope"), ("client_gone", "flash")},
        ),
        ((), {()}),
    ],
)
def test_every_dimension(path: Path, by, groups) -> None:
    report = query.usage(path, by)
    assert {row.group for row in report.rows} == groups
    assert sum(row.requests for row in report.rows) == 6


def test_since_is_included_and_until_is_not(path: Path) -> None:
    later = 1.7e9 + DAY
    assert query.usage(path, (), since=later).totals.requests == 1
    assert query.usage(path, (), until=later).totals.requests == 5
    assert query.usage(path, (), since=later + 1).totals.requests == 0
    assert query.usage(path, (), since=later + 1).rows == ()


def test_an_unknown_dimension_lists_the_known_ones(path: Path) -> None:
    with pytest.raises(Failure) as caught:
        query.usage(path, ("colour",))  # type: ignore[arg-type]
    assert "model, day" in (caught.value.problem.hint or "")


def test_no_ledger_and_a_broken_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as caught:
        query.usage(tmp_path / "none.db")
    assert "serve" in caught.value.hint
    (tmp_path / "text.db").write_text("this is no database, not at all" * 50)
    with pytest.raises(LedgerError):
        query.tail(tmp_path / "text.db")


def test_a_reader_cannot_write(path: Path) -> None:
    with pytest.raises(LedgerError, match="readonly"), query.reading(path) as db:
        db.execute("DELETE FROM accepted")


@pytest.mark.parametrize("table", ["accepted", "records"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET at = 0", "DELETE FROM {}"])
def test_the_journal_is_append_only(tmp_path: Path, table: str, verb: str) -> None:
    ledger = SqliteLedger(tmp_path / "l.db")
    ledger.add(record(1))
    ledger.close()
    db = sqlite3.connect(tmp_path / "l.db")
    db.execute("INSERT INTO accepted VALUES (1, 'a', 0, '', '', NULL, 0, '', '')")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(verb.format(table))
    db.close()
