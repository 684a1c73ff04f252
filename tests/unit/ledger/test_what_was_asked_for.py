"""Calls beside the main one are told apart by `op`, also in a file of before they were."""

import sqlite3
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from fairlead.canon import Usage
from fairlead.database.migrations import migrate
from fairlead.ledger import query
from fairlead.ledger.record import Accepted, Op, Record
from fairlead.ledger.statements import statements
from fairlead.ledger.store import Store
from fairlead.ledger.traffic import daily_cost, traffic


def record(name: str, op: Op = "generate", cost: str | None = "0.1") -> Record:
    return Record(
        id=name,
        at=1.7e9,
        dialect="openai_chat",
        asked_model="m",
        outcome="ok",
        status=200,
        usage=Usage(input=3),
        cost_usd=None if cost is None else Decimal(cost),
        op=op,
    )


def test_usage_parts_by_it(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    store = Store(path, 1.0)
    store.write([record("a"), record("b"), record("c", "embeddings"), record("d", "files", None)])
    store.close()
    report = query.usage(path, by=("op",))
    assert {row.group: row.requests for row in report.rows} == {
        ("generate",): 2,
        ("embeddings",): 1,
        ("files",): 1,
    }
    assert report.totals.unpriced == 1
    found = query.show(path, "c")
    assert isinstance(found, Record)
    assert found.op == "embeddings"
    assert [r.op for r in query.tail(path, 4)] == ["files", "embeddings", "generate", "generate"]


def test_a_batch_is_in_what_is_reconciled_and_not_in_what_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    store = Store(path, 1.0)
    batch = replace(record("b", "batches", "0.3"), usage=Usage(input=40, tier="batch"), model="m")
    store.write([record("a"), batch, record("c", "embeddings"), replace(batch, id="d", op="files")])
    store.close()
    assert sum(group.usage.input for group in traffic(path)) == 3
    groups = traffic(path, batches=True)
    assert sum(group.usage.input for group in groups) == 83
    assert sum(group.cost_usd for group in groups) == Decimal("0.7")
    assert daily_cost(path, 0, 1.7e9 + 86_400) == [Decimal("0.8")]  # what a forecast sees


def test_what_is_of_no_model_stands_by_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    store = Store(path, 1.0)
    store.write([
        replace(record("a", "files", None), asked_model=""),
        replace(record("b", "count_tokens"), asked_model="m"),
        replace(record("c"), asked_model=""),
        replace(record("d", "batches"), asked_model="x", model="n"),
    ])  # fmt: skip
    store.close()
    assert [row.group for row in query.usage(path).rows] == [("",), ("(files)",), ("m",), ("n",)]


def test_what_is_settled_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    store = Store(path, 1.0)
    store.write([Accepted("open", 1.0, "gemini", "m", op="caches")])
    assert query.show(path, "open") == Accepted("open", 1.0, "gemini", "m", op="caches")
    store.leave(2.0)
    store.close()
    settled = query.show(path, "open")
    assert isinstance(settled, Record)
    assert (settled.op, settled.outcome) == ("caches", "unknown")


def test_a_file_of_the_first_form_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    db = sqlite3.connect(path)
    migrate(db, "ledger", statements(), 0.0, upto=1)
    db.execute(
        "INSERT INTO records (id, at, dialect, asked_model, outcome, status, stream, route,"
        " emulated) VALUES ('old', 1.0, 'gemini', 'm', 'ok', 200, 0, '', 0)"
    )
    db.commit()
    db.close()
    store = Store(path, 1.0)
    store.write([record("new", "batches")])
    store.close()
    assert [(r.id, r.op) for r in query.tail(path, 9)] == [("new", "batches"), ("old", "generate")]
