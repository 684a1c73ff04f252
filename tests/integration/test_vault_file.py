"""The vault's file: shared by processes, kept over restarts, and never a request's trouble."""

import logging
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.vault import sqlite as module
from fairlead.vault.sqlite import SqliteVault

OTHER = """
import sys
from fairlead.vault.sqlite import SqliteVault

vault = SqliteVault(sys.argv[1])
for line in sys.stdin:
    what, scope, key, *parts = line.split()
    if what == "put":
        vault.put(scope, key, parts[0].encode())
        print(vault.flush(), flush=True)
    elif what == "get":
        print((vault.get(scope, key) or b"-").decode(), flush=True)
    elif what == "forget":
        vault.forget(scope)
        print(vault.flush(), flush=True)
vault.close()
"""


class Other:
    """A vault in another process."""

    def __init__(self, path: Path) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def say(self, words: str) -> str:
        self.child.stdin.write(words + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def end(self) -> None:
        self.child.stdin.close()
        assert self.child.wait(30) == 0
        self.child.stdout.close()


def until(happens: Callable[[], object], within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not happens():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vault.db"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_FIRST", 0.05)


def test_it_survives_reopening(path: Path) -> None:
    one = SqliteVault(path)
    one.put("key_1", "call:a", b"\x00parts")
    one.close()
    assert path.stat().st_mode & 0o777 == 0o600
    two = SqliteVault(path)
    assert two.get("key_1", "call:a") == b"\x00parts"
    assert two.get("key_2", "call:a") is None
    two.close()


def test_the_age_goes_on_while_nobody_runs(path: Path) -> None:
    one = SqliteVault(path, clock=lambda: 1000.0)
    one.put("s", "a", b"1")
    one.close()
    two = SqliteVault(path, max_age=100.0, clock=lambda: 1100.0)
    assert two.get("s", "a") is None
    two.close()


def test_two_processes_share_it(path: Path) -> None:
    mine, other = SqliteVault(path), Other(path)
    try:
        mine.put("k", "a", b"mine")
        assert mine.flush()
        assert other.say("get k a") == "mine"
        assert other.say("get x a") == "-"
        assert mine.get("k", "b") is None, "so that the filter has said no once"
        assert other.say("put k b theirs") == "True"
        until(lambda: mine.get("k", "b") == b"theirs")
        assert other.say("put k a replaced") == "True"
        mine.get("k", "no such thing")
        until(lambda: mine.get("k", "nothing") is None and mine.get("k", "a") == b"replaced")
        assert other.say("forget k -") == "True"
        assert other.say("get k a") == "-"
    finally:
        other.end()
        mine.close()
    fresh = SqliteVault(path)
    assert fresh.get("k", "a") is None
    fresh.close()


def test_many_writers_at_once(path: Path) -> None:
    others = [Other(path) for _ in range(3)]
    vault = SqliteVault(path)
    try:
        for number in range(10):
            for at, other in enumerate(others):
                assert other.say(f"put k {at}-{number} x{number}") == "True"
            vault.put("k", f"me-{number}", b"1")
    finally:
        for other in others:
            other.end()
    assert vault.flush()
    until(lambda: vault.get("k", "2-9") == b"x9")
    assert all(vault.get("k", f"{at}-{n}") == b"x%d" % n for at in range(3) for n in range(10))
    db = sqlite3.connect(path)
    count, size = db.execute("SELECT count(*), sum(size) FROM kept").fetchone()
    assert db.execute("SELECT entries, bytes FROM kept_total").fetchone() == (count, size)
    assert count == 40
    db.close()
    vault.close()


def test_what_a_revoked_key_left_is_not_in_the_file(path: Path) -> None:
    vault = SqliteVault(path)
    vault.put("key_1", "a", b"unlikely words one")
    vault.put("key_2", "a", b"unlikely words two")
    assert vault.flush()
    vault.forget("key_1")
    vault.close()
    text = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"unlikely words one" not in text
    assert b"unlikely words two" in text


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"x" * 4096]
)
def test_a_corrupt_file_leaves_a_vault_in_memory(path: Path, content: bytes, caplog) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    vault = SqliteVault(path)
    vault.put("s", "a", b"1")
    assert vault.get("s", "a") == b"1"
    assert vault.get("s", "b") is None
    assert not vault.ok
    vault.close()
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert str(path) in warnings[0].getMessage()
    assert path.read_bytes() == content, "what it does not understand it leaves alone"


def test_a_folder_that_cannot_be_made_leaves_a_vault_in_memory(tmp_path: Path, caplog) -> None:
    (tmp_path / "file").write_text("")
    vault = SqliteVault(tmp_path / "file" / "vault.db")
    vault.put("s", "a", b"1")
    assert vault.get("s", "a") == b"1"
    vault.close()
    assert "cannot be used" in caplog.text


def test_a_newer_file_is_left_alone(path: Path, caplog) -> None:
    SqliteVault(path).close()
    db = sqlite3.connect(path)
    db.execute("INSERT INTO migrations VALUES ('vault', 99, 'later', 0)")
    db.commit()
    db.close()
    vault = SqliteVault(path)
    assert not vault.ok
    vault.close()
    assert "newer than this Fairlead" in caplog.text


def test_a_locked_file_is_written_when_it_is_free(path: Path, caplog) -> None:
    caplog.set_level(logging.INFO)
    vault = SqliteVault(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    vault.put("s", "a", b"1")
    assert vault.get("s", "a") == b"1"
    until(lambda: not vault.ok)
    vault.put("s", "b", b"2")
    assert vault.get("s", "b") == b"2"
    holder.execute("ROLLBACK")
    holder.close()
    until(lambda: vault.ok and vault.flush(1.0))
    vault.close()
    told = [r.getMessage() for r in caplog.records if r.name == "fairlead.vault"]
    assert len(told) == 2
    assert "in use again" in told[1]
    again = SqliteVault(path)
    assert again.get("s", "a") == b"1"
    assert again.get("s", "b") == b"2"
    again.close()


def test_a_full_disk_costs_nothing_but_the_file(path: Path) -> None:
    vault = SqliteVault(path)
    vault.put("s", "a", b"1")
    assert vault.flush()
    with vault._lock:
        table = vault._table
    pages = table._db.execute("PRAGMA page_count").fetchone()[0]
    table._db.execute(f"PRAGMA max_page_count = {pages}")
    vault.put("s", "b", b"x" * 100_000)
    until(lambda: not vault.ok)
    assert vault.get("s", "b") == b"x" * 100_000
    table._db.execute("PRAGMA max_page_count = 1000000")
    until(lambda: vault.ok and vault.flush(1.0))
    vault.close()
    again = SqliteVault(path)
    assert again.get("s", "b") == b"x" * 100_000
    again.close()


def test_what_waits_for_a_file_in_trouble_is_bounded(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "WAITING", 10_000)
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    vault = SqliteVault(path, max_bytes=5_000)
    for number in range(100):
        vault.put("s", str(number), b"x" * 1000)
    assert sum(len(parts or b"") for parts, _ in vault._puts.values()) <= 10_000
    assert vault.get("s", "99") is not None
    assert vault.get("s", "0") is None
    vault.close()


def test_it_damages_no_locks_of_the_same_process(path: Path) -> None:
    # Two vaults and a plain connection in one process, opened and closed in turn: the plain one's
    # transaction must keep the others out to its end (SQLite's "How To Corrupt", 2.2).
    first = SqliteVault(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    SqliteVault(path).close()
    other = Other(path)
    other.child.stdin.write("put k a 1\n")
    other.child.stdin.flush()
    time.sleep(1.0)
    count = holder.execute("SELECT count(*) FROM kept").fetchone()
    holder.execute("COMMIT")
    assert count == (0,)
    assert other.child.stdout.readline().strip() == "True"
    other.end()
    holder.close()
    first.close()


def test_a_thousand_unknown_turns_leave_the_file_alone(path: Path) -> None:
    vault = SqliteVault(path)
    vault.put("s", "a", b"1")
    assert vault.flush()
    reads: list[object] = []
    look_up = vault._reader.get
    vault._reader.get = lambda *a: reads.append(a) or look_up(*a)  # type: ignore[method-assign]
    for number in range(1000):
        assert vault.get("s", f"text:{number}") is None
    assert reads == []
    vault.close()


def test_threads_and_the_writer_do_not_meet(path: Path) -> None:
    vault = SqliteVault(path, max_bytes=20_000, max_entries=50)
    wrong: list[object] = []

    def use(name: str) -> None:
        for number in range(300):
            value = f"{name}-{number}".encode()
            vault.put(name, str(number % 40), value)
            found = vault.get(name, str(number % 40))
            if found is not None and found != value:
                wrong.append((found, value))

    threads = [threading.Thread(target=use, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert vault.flush()
    vault.close()
