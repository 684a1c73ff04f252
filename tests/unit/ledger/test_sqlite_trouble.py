"""The database refuses, the disk refuses, an entry is rotten: no request may notice."""

import sqlite3
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from fairlead.ledger import instance, query
from fairlead.ledger import sqlite as sqlite_ledger
from fairlead.ledger.health import LedgerError
from fairlead.ledger.instance import Instance
from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.spill import Spill
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.store import Store


def record(name: str, **more) -> Record:
    facts = {
        "at": 1.7e9,
        "dialect": "d",
        "asked_model": "m",
        "outcome": "ok",
        "status": 200,
        **more,
    }
    return Record(id=name, **facts)


def accepted(name: str) -> Accepted:
    return Accepted(name, 1.7e9, "d", "m")


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def outcomes(path: Path) -> dict[str, str]:
    return {r.id: r.outcome for r in query.tail(path, 1000)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def test_entries_reach_the_disk_without_being_asked_to(path: Path) -> None:
    """How soon is measured by benchmarks; the promise of 100 ms rests on the writer's window."""
    assert sqlite_ledger.WINDOW < 0.1
    ledger = SqliteLedger(path)
    for at in range(3):
        ledger.accept(accepted(f"a{at}"))
        wait_until(lambda at=at: query.show(path, f"a{at}") is not None)
    ledger.close()


def test_a_locked_database_delays_and_loses_nothing(path: Path) -> None:
    ledger = SqliteLedger(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ledger.add(record("a"))
    wait_until(lambda: ledger.health().errors > 0)
    sick = ledger.health()
    assert not sick.ok
    assert "locked" in (sick.last_error or "")
    other.execute("COMMIT")
    other.close()
    assert ledger.flush()
    well = ledger.health()
    assert well.ok
    assert (well.written, well.lost, well.waiting) == (1, 0, 0)
    ledger.close()
    assert outcomes(path) == {"a": "ok"}


def test_a_long_lock_spills_and_the_spill_comes_back(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sqlite_ledger, "SPILL_AFTER", 0.1)
    ledger = SqliteLedger(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ledger.accept(accepted("a"))
    ledger.add(record("a", decision=b"{}", cost_usd=Decimal("0.1")))
    wait_until(lambda: ledger.health().spilled == 2)
    health = ledger.health()
    assert health.spill_path is not None
    assert Path(health.spill_path).exists()
    other.execute("COMMIT")
    other.close()
    ledger.add(record("b"))
    assert ledger.flush()
    wait_until(lambda: ledger.health().ok)
    assert not Path(health.spill_path).exists()
    ledger.close()
    assert query.show(path, "a") == record("a", decision=b"{}", cost_usd=Decimal("0.1"))
    assert outcomes(path) == {"a": "ok", "b": "ok"}


def test_closing_under_a_lock_spills_and_the_next_opening_takes_it_in(path: Path) -> None:
    ledger = SqliteLedger(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ledger.accept(accepted("a"))
    ledger.add(record("a"))
    ledger.close()
    other.execute("COMMIT")
    other.close()
    spills = Spill.beside(path)
    assert len(spills) == 1
    SqliteLedger(path).close()
    assert [s.path for s in Spill.beside(path)] == [
        spills[0].path
    ]  # its process (this one) lives: it may still read it back
    database = sqlite3.connect(path)
    database.execute("UPDATE instances SET started = 'long ago'")
    database.commit()
    database.close()
    SqliteLedger(path).close()
    assert Spill.beside(path) == []
    assert outcomes(path) == {"a": "ok"}


def test_a_dead_process_s_spill_and_open_requests_are_settled(path: Path) -> None:
    dead = Store(path, 1.0)
    dead.write([accepted("open"), accepted("spilled"), accepted("done"), record("done")])
    Spill(path, dead.instance.id).append([record("spilled")])
    with Spill(path, dead.instance.id).path.open("ab") as file:
        file.write(b'["record",{"id":"cut sho')
    dead._db.execute("UPDATE instances SET started = 'long ago', seen = 0")
    dead.close()
    ledger = SqliteLedger(path)
    assert outcomes(path) == {"open": "unknown", "spilled": "ok", "done": "ok"}
    assert Spill.beside(path) == []
    ledger.close()


def test_a_living_process_s_open_requests_are_left_alone(path: Path) -> None:
    first = SqliteLedger(path)
    first.accept(accepted("a"))
    first.flush()
    second = SqliteLedger(path)
    assert isinstance(query.show(path, "a"), Accepted)
    second.close()
    assert isinstance(query.show(path, "a"), Accepted)
    first.add(record("a"))
    first.close()
    assert outcomes(path) == {"a": "ok"}


def test_several_writers_share_the_file(path: Path) -> None:
    ledgers = [SqliteLedger(path) for _ in range(3)]

    def write(at: int) -> None:
        for number in range(200):
            ledgers[at].accept(accepted(f"{at}-{number}"))
            ledgers[at].add(record(f"{at}-{number}"))

    threads = [threading.Thread(target=write, args=(at,)) for at in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ledger in ledgers:
        ledger.close()
        assert ledger.health().lost == 0
    assert query.usage(path, ()).totals.requests == 600


def test_a_full_disk_keeps_a_bounded_number_and_counts_the_rest(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sqlite_ledger, "_LAST_TRIES", 1)
    ledger = SqliteLedger(path, max_waiting=10)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    def full_too(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ledger._store, "write", full)
    monkeypatch.setattr(ledger._spill, "append", full_too)
    for at in range(8):
        ledger.add(record(f"a{at}"))
    wait_until(lambda: ledger.health().errors > 0)
    for at in range(8):
        ledger.add(record(f"b{at}"))
    wait_until(lambda: ledger.health().lost > 0)
    health = ledger.health()
    assert not health.ok
    assert (health.waiting, health.lost) == (10, 6)
    ledger.close()
    assert ledger.health().lost == 16
    ledger.add(record("late"))
    assert ledger.health().lost == 17


@pytest.mark.parametrize(
    "rotten",
    [
        record("rotten", error_message="a lone surrogate \ud800"),
        record("rotten", status=2**70),
        Accepted("rotten", 0.0, "d", "\ud800"),
    ],
)
def test_a_rotten_entry_is_cleaned_and_holds_nothing_up(path: Path, rotten) -> None:
    ledger = SqliteLedger(path)
    for entry in (record("before"), rotten, record("after")):
        ledger.accept(entry) if isinstance(entry, Accepted) else ledger.add(entry)
    assert ledger.flush()
    assert {"before", "after"} <= set(outcomes(path))
    assert query.show(path, "rotten") is not None
    health = ledger.health()
    assert health.ok
    assert (health.written, health.lost) == (3, 0)
    assert health.errors > 0
    ledger.close()


def test_an_entry_beyond_repair_is_lost_alone(path: Path) -> None:
    ledger = SqliteLedger(path)
    ledger.add(record("a"))
    ledger.add(record("b", status=object()))
    ledger.add(record("c"))
    assert ledger.flush()
    assert ledger.health().lost == 1
    assert not ledger.health().ok
    ledger.close()
    assert set(outcomes(path)) == {"a", "c"}


def test_what_cannot_be_a_ledger_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database" * 200)
    with pytest.raises(LedgerError, match="cannot be opened"):
        SqliteLedger(tmp_path / "text")
    with pytest.raises(LedgerError, match="cannot be opened"):
        SqliteLedger(tmp_path)


def test_a_newer_schema_is_refused(path: Path) -> None:
    SqliteLedger(path).close()
    db = sqlite3.connect(path)
    db.execute("INSERT INTO migrations VALUES ('ledger', 99, 'of the future', 0)")
    db.commit()
    db.close()
    with pytest.raises(LedgerError, match="version 99"):
        SqliteLedger(path)


def test_only_the_owner_may_read_the_file(path: Path) -> None:
    ledger = SqliteLedger(path)
    ledger.add(record("a"))
    ledger.flush()
    modes = {f.name: f.stat().st_mode & 0o777 for f in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    ledger.close()


@pytest.mark.parametrize(
    ("facts", "seen", "lives"),
    [
        ({}, 0.0, True),
        ({"pid": 2**22 + 1}, 1000.0, False),
        ({"started": "1"}, 1000.0, False),
        ({"boot": "another"}, 1000.0, False),
        ({"pid_space": "pid:[another]"}, 1000.0 - instance.LAPSE + 1, True),
        ({"pid_space": "pid:[another]"}, 1000.0 - instance.LAPSE, False),
        ({"started": "", "boot": "", "pid_space": ""}, 999.0, True),
        ({"started": "", "boot": "", "pid_space": ""}, 0.0, False),
    ],
)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_whether_a_process_lives(facts, seen: float, lives: bool) -> None:
    here = Instance.mine()
    own = {"id": "i", "pid": here.pid, "started": here.started, "boot": here.boot}
    other = Instance(**{**own, "pid_space": here.pid_space, **facts})
    assert other.lives(seen, 1000.0, here) is lives


def test_a_sign_of_life_moves_the_settled_mark_past_what_is_done(path: Path) -> None:
    store = Store(path, 1.0)
    settled = "SELECT settled, seen FROM instances"
    store.write([accepted("a"), accepted("b")])
    store.beat(2.0)
    assert store._db.execute(settled).fetchone() == (0, 2.0)
    store.write([accepted("c"), record("a")])
    store.write([record("b")])
    store.beat(3.0)
    assert store._db.execute(settled).fetchone() == (2, 3.0)
    store.write([record("c")])
    store.beat(4.0)
    assert store._db.execute(settled).fetchone() == (3, 4.0)
    store.close()
