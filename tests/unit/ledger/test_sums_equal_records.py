"""What is read from the sums is what plain SQL over the records says, whoever wrote them and how."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.ledger import plain_sums

from fairlead.canon import Usage
from fairlead.database.migrations import migrate
from fairlead.ledger import query, sum_table
from fairlead.ledger import traffic as traffics
from fairlead.ledger.query import Dimension
from fairlead.ledger.record import Accepted, Op, Outcome, Record
from fairlead.ledger.sizes import REUSE_SIZES, SIZES
from fairlead.ledger.spill import Spill
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.statements import statements
from fairlead.ledger.store import Store

START = 1_700_000_000 // 86_400 * 86_400
DAY, HOUR = 86_400, 3600
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

edges = st.sampled_from([*SIZES, *REUSE_SIZES]).flatmap(lambda at: st.integers(at, at + 1))
tokens = st.sampled_from([0, 0, 0, 7]) | edges
rare_tokens = st.sampled_from([0] * 6 + [3])
usages = st.none() | st.builds(
    Usage,
    **dict.fromkeys(("input", "cache_read", "cache_write_5m", "output", "thinking"), tokens),
    **dict.fromkeys(("input_audio", "cache_read_audio", "cache_write_1h"), rare_tokens),
    **dict.fromkeys(("tool_input", "output_audio", "output_image"), rare_tokens),
    thinking_known=st.booleans(),
    estimated=st.sampled_from([False, False, True]),
    server_calls=st.sampled_from([(), (), (("web_search", 1),)]),
)
moments = st.one_of(
    st.integers(0, 3 * 24).map(lambda hour: float(START + hour * HOUR)),
    st.integers(0, 3 * 24).map(lambda hour: START + hour * HOUR - 2**-22),
    st.floats(START, START + 3 * DAY),
    st.sampled_from([-0.5, -1e6, START - DAY + 5.0]),
)
texts = st.sampled_from(["", "a", "b"])
records = st.builds(
    Record,
    id=st.integers(0, 60).map(str),  # some come twice
    at=moments,
    dialect=st.just("gemini"),
    asked_model=texts,
    outcome=st.sampled_from(get_args(Outcome)),
    status=st.just(200),
    key_id=st.none() | texts,
    model=st.none() | texts,
    upstream=st.none() | texts,
    route=texts,
    policy=st.none() | texts,
    usage=usages,
    cost_usd=st.none() | st.decimals(0, 9, places=12),
    error_kind=st.sampled_from([None, None, "network"]),
    emulated=st.booleans(),
    op=st.sampled_from(["generate", "generate", *get_args(Op)]),
    reuse_5m=st.none() | tokens,
    reuse_1h=st.none() | tokens,
)
bounds = st.none() | moments.filter(lambda at: at >= 0) | st.floats(START - DAY, START + 4 * DAY)


def assert_same(path: Path, since: float | None = None, until: float | None = None) -> None:
    """All that reads the sums, against plain SQL."""
    for by in ((), ("day", "model"), DIMENSIONS):
        plain = [query._sums(row, by) for row in plain_sums.usage(path, by, since, until)]
        found = query.usage(path, by, since, until)
        assert found.rows == tuple(plain)
        assert found.totals == query._total(tuple(plain))
    groups = [
        traffics._traffic(tuple(row.values())) for row in plain_sums.traffic(path, since, until)
    ]
    assert traffics.traffic(path, since, until) == groups
    # The costs of whole days only, so to the last midnight.
    end = START + 4.0 * DAY if until is None else max(until // DAY * DAY, 0.0)
    for emulated in (False, True):
        days = plain_sums.daily_cost(path, since or 0.0, end, emulated=emulated)
        found_days = traffics.daily_cost(path, since or 0.0, end, emulated=emulated)
        assert [amount for amount in found_days if amount] == [
            Decimal(pico).scaleb(-12) for pico in days.values() if pico
        ]


def state(path: Path) -> tuple[int, int, int]:
    """Up to which record the sums reach, the newest record, and how many rows of sums there are."""
    db = sqlite3.connect(path)
    found = db.execute(
        "SELECT (SELECT upto FROM summed), (SELECT coalesce(max(seq), 0) FROM records),"
        " (SELECT count(*) FROM sums)"
    ).fetchone()
    db.close()
    return found


@contextmanager
def small_pieces(monkeypatch_held: int) -> Iterator[None]:
    before, sum_table.HELD = sum_table.HELD, monkeypatch_held
    try:
        yield
    finally:
        sum_table.HELD = before


@given(
    batches=st.lists(st.lists(records, max_size=12), max_size=6),
    writers=st.lists(st.integers(0, 3), min_size=6, max_size=6),
    held=st.sampled_from([1, 7, 1000]),
    alone=st.booleans(),
    span=st.tuples(bounds, bounds),
)
@settings(max_examples=40)
def test_any_records_from_any_writers_within_any_bounds(
    batches: list[list[Record]], writers: list[int], held: int, alone: bool, span: tuple
) -> None:
    """Writers 0 and 1 share the file; 2 sums a piece of what is left, 3 writes past the sums."""
    with tempfile.TemporaryDirectory() as folder, small_pieces(held):
        path = Path(folder) / "l.db"
        stores = [Store(path, 1.0), Store(path, 1.0)]
        stores[0]._alone = alone
        for writer, batch in zip(writers, batches, strict=False):
            if writer == 2:
                stores[0].sum_up(3)
            elif writer == 3:
                for record in batch:
                    stores[1].write_cleaned(record)
            else:
                stores[writer].write(batch)
        assert_same(path, *span)
        while stores[1].unsummed or state(path)[0] != state(path)[1]:
            stores[1].sum_up(5)
        assert_same(path, *span)
        assert_same(path)
        for store in stores:
            store.close()


def plain(name: str, at: float = START + 10.0, **more: object) -> Record:
    facts = {"dialect": "gemini", "asked_model": "m", "outcome": "ok", "status": 200, **more}
    return Record(id=name, at=at, usage=Usage(input=5), cost_usd=Decimal("0.5"), **facts)


def test_a_lone_writer_holds_sums_in_memory_and_a_reader_does_not_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sum_table, "HELD", 10)
    path = tmp_path / "l.db"
    store = Store(path, 1.0)
    store.settle_dead(1.0)
    for at in range(9):
        store.write([plain(f"r{at}")])
    assert state(path) == (0, 9, 0)
    assert store.unsummed == 0
    assert_same(path)
    store.write([plain("last")])
    assert state(path) == (10, 10, 2)
    assert_same(path)
    store.write([plain("more")])
    store.leave(2.0)
    assert state(path) == (11, 11, 2)
    store.close()


def test_where_two_write_each_batch_is_summed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    stores = [Store(path, 1.0), Store(path, 1.0)]
    for store in stores:
        store.settle_dead(1.0)
    for at in range(4):
        stores[at % 2].write([plain(f"r{at}")])
        assert state(path)[:2] == (at + 1, at + 1)
    assert_same(path)
    for store in stores:
        store.close()


def test_what_came_before_is_not_counted_again(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    store = Store(path, 1.0)
    store.settle_dead(1.0)
    store.write([plain("a"), plain("b")])
    store.write([plain("b"), plain("c")])
    store.write([plain("c"), plain("d")])
    assert store.unsummed
    while store.unsummed:
        store.sum_up()
    assert query.usage(path, ()).totals.requests == 4
    assert_same(path)
    store.write([plain("e")])
    store.leave(2.0)
    assert state(path)[0] == state(path)[1]
    assert query.usage(path, ()).totals.requests == 5
    store.close()


def test_settled_and_spilled_requests_are_in_the_sums(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    dead = Store(path, 1.0)
    dead.settle_dead(1.0)
    dead.write([Accepted("open", START + 7.0, "gemini", "m"), plain("held in its memory")])
    Spill(path, dead.instance.id).append([plain("spilled", START + HOUR + 1.0)])
    dead._db.execute("UPDATE instances SET started = 'long ago', seen = 0")
    dead.close()
    assert state(path) == (0, 1, 0)
    ledger = SqliteLedger(path)
    ledger.add(plain("new"))
    ledger.close()
    assert state(path)[0] == state(path)[1] == 4
    assert query.usage(path, ()).totals.unknown == 1
    assert_same(path)


def test_a_batch_that_fails_leaves_nothing_in_the_sums(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = SqliteLedger(path)
    for record in (plain("a"), plain("b", status=object()), plain("c", error_message="\ud800")):
        ledger.add(record)
    assert ledger.flush()
    ledger.add(plain("d"))
    ledger.close()
    assert query.usage(path, ()).totals.requests == 3
    assert state(path)[0] == state(path)[1]
    assert_same(path)


@pytest.mark.parametrize("tokens", [2**62, 2**63 - 1])
def test_a_mad_vendor_s_figures_hold_nothing_up(tmp_path: Path, tokens: int) -> None:
    path = tmp_path / "l.db"
    ledger = SqliteLedger(path)
    for at in range(5):
        ledger.add(replace(plain(f"r{at}"), usage=Usage(input=tokens)))
    assert ledger.flush()
    ledger.add(replace(plain("far"), at=float("inf")))
    ledger.add(plain("sane"))
    ledger.close()
    assert ledger.health().lost == 0
    assert state(path)[0] == state(path)[1] == 7


def old_file(path: Path, upto: int, count: int) -> None:
    """A file as an older Fairlead left it: of an early migration, with `count` records."""
    db = sqlite3.connect(path)
    migrate(db, "ledger", statements(), 0.0, upto=upto)
    write_as_of_old(db, range(count))
    db.commit()
    db.close()


def write_as_of_old(db: sqlite3.Connection, numbers: range) -> None:
    db.executemany(
        "INSERT INTO records (id, at, dialect, asked_model, outcome, status, stream, route,"
        " emulated, input, cache_read, cache_write_5m, output, thinking, thinking_known, cost_usd,"
        " cost_pico_usd) VALUES (?, ?, 'gemini', 'm', 'ok', 200, 0, '', 0, ?, 0, 0, 3, 1, 1, '1',"
        " 1000000000000)",
        [(f"old{at}", START + at * 1000.0, at * 100) for at in numbers],
    )


@pytest.mark.parametrize("upto", [1, 2, 3, 4])
def test_an_old_file_is_read_right_at_once_and_summed_bit_by_bit(tmp_path: Path, upto: int) -> None:
    path = tmp_path / "l.db"
    old_file(path, upto, 60)
    store = Store(path, 1.0)
    assert store.unsummed == 60
    seen = []
    while store.unsummed:
        assert query.usage(path, ()).totals.requests == 60
        assert_same(path, START + 5000.0, START + 2 * HOUR + 1.0)
        store.sum_up(25)
        seen.append(store.unsummed)
    assert seen == [35, 10, 0]
    assert_same(path)
    store.close()


def test_an_old_file_is_summed_by_the_writer_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    old_file(path, 2, 2500)
    ledger = SqliteLedger(path)
    wait_until(lambda: state(path)[0] == 2500)
    assert ledger.health().errors == 0
    ledger.close()
    assert_same(path)


def test_an_older_program_may_write_beside_a_newer_one(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    store = Store(path, 1.0)
    store.settle_dead(1.0)
    store.write([plain("a")])
    db = sqlite3.connect(path)
    write_as_of_old(db, range(5))
    db.commit()
    assert_same(path)
    store.write([plain("b")])
    assert store.unsummed == 6
    assert_same(path)
    store.sum_up()
    write_as_of_old(db, range(5, 7))
    db.commit()
    db.close()
    store.write([plain("c")])
    store.leave(2.0)
    assert state(path)[:2] == (10, 10)
    assert_same(path)
    store.close()


def test_a_reader_of_a_file_that_is_too_old_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    old_file(path, 4, 3)
    with pytest.raises(query.LedgerError, match="version 4") as caught:
        query.usage(path)
    assert "serve" in caught.value.hint


@pytest.mark.parametrize(
    "command",
    ["UPDATE sum_groups SET model = 'x'", "DELETE FROM sum_groups", "DELETE FROM sums"],
)
def test_sums_are_not_taken_back(tmp_path: Path, command: str) -> None:
    path = tmp_path / "l.db"
    ledger = SqliteLedger(path)
    ledger.add(plain("a"))
    ledger.close()
    db = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute(command)
    db.close()


def test_whole_days_and_hours_are_read_from_the_sums_alone(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = SqliteLedger(path)
    for at in range(72):
        ledger.add(plain(f"r{at}", START + at * HOUR + 1800.0))
    ledger.close()
    db = sqlite3.connect(path)
    db.execute("DROP TRIGGER records_keep_update")
    db.execute("UPDATE records SET cost_pico_usd = 0")
    db.commit()
    db.close()
    for since, until in product((None, START, START + 5.0 * HOUR), (None, START + 60.0 * HOUR)):
        totals = query.usage(path, (), since, until).totals
        assert totals.requests
        assert totals.cost_usd == totals.requests * Decimal("0.5")
    cut = query.usage(path, (), START + 1.0, START + 3.0 * HOUR).totals
    assert (cut.requests, cut.cost_usd) == (3, Decimal(1))


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
