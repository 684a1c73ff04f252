"""The ledger that is made for measuring is one like any other, only made faster."""

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from scripts.make_ledger import make
from tests.unit.ledger import plain_sums

from fairlead.ledger import query
from fairlead.ledger import traffic as traffics
from fairlead.ledger.query import Dimension
from fairlead.ledger.store import Store
from fairlead.tokens.prefix import Prefix

NOW = 1_790_000_000.0
ROWS, DAYS = 2500, 16


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "l.db"
    make(path, ROWS, DAYS, NOW)
    return path


def test_its_sums_are_those_of_its_records(path: Path) -> None:
    by: tuple[Dimension, ...] = ("day", "model", "key", "outcome")
    for since in (None, NOW - 9 * 86_400 - 17.0):
        plain = tuple(query._sums(row, by) for row in plain_sums.usage(path, by, since, None))
        assert query.usage(path, by, since).rows == plain
        groups = [
            traffics._traffic(tuple(row.values())) for row in plain_sums.traffic(path, since, None)
        ]
        assert traffics.traffic(path, since) == groups
    assert query.usage(path, ()).totals.requests == ROWS


@pytest.mark.parametrize("dimension", query.DIMENSIONS)
def test_groups_that_are_not_told_apart_are_added_up_as_one(
    path: Path, dimension: Dimension
) -> None:
    """Each dimension alone: what differs between groups of one class must not count."""
    plain = plain_sums.usage(path, (dimension,), NOW - 9e5, None)
    rows = tuple(query._sums(row, (dimension,)) for row in plain)
    assert query.usage(path, (dimension,), NOW - 9e5).rows == rows


def test_the_writer_s_own_way_makes_the_same_file(path: Path, tmp_path: Path) -> None:
    """Row by row and sum by sum: what SQLite made at once, a gateway would have written."""
    store = Store(tmp_path / "again.db", NOW)
    store.settle_dead(NOW)
    records = query.tail(path, ROWS)[::-1]
    for at in range(0, ROWS, 50):
        store.write(records[at : at + 50])
    store.leave(NOW)
    store.close()
    assert dump(tmp_path / "again.db") == dump(path)


def dump(path: Path) -> list[list[tuple[object, ...]]]:
    db = sqlite3.connect(path)
    tables = ("records", "sum_parts", "summed")
    found = [sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in tables]
    db.close()
    return found


def test_it_looks_like_traffic(path: Path) -> None:
    report = query.usage(path, ("key",))
    keys = sorted((row.requests for row in report.rows), reverse=True)
    assert len(keys) == 40
    assert keys[0] > 5 * keys[-1]
    totals = report.totals
    assert 0.01 < totals.errors / totals.requests < 0.05
    assert totals.cache_read > 0.05 * totals.input
    assert totals.unpriced == totals.emulated == 0
    assert totals.cost_usd > Decimal(1)
    records = query.tail(path, 500)
    assert {r.at for r in records} != set()
    known = [r for r in records if r.reuse_1h is not None]
    assert 100 < len(known) < 500
    assert all(Prefix.unpack(r.prefix).tokens for r in known)
    assert all(r.usage is None or r.usage.prompt_total >= (r.reuse_1h or 0) for r in records)
