"""SIGKILL in the middle of writing: the file stays sound, only the last moment may be missing."""

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.unit.ledger import plain_sums

from fairlead.ledger import query
from fairlead.ledger.parts import over_parts
from fairlead.ledger.record import Record
from fairlead.ledger.span import Span
from fairlead.ledger.sqlite import SqliteLedger

WRITER = """
import itertools, sys, time
from fairlead.canon import Usage
from fairlead.ledger import sum_table
from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.sqlite import SqliteLedger

sum_table.HELD = 20  # so that sums are written several times before the end
ledger = SqliteLedger(sys.argv[1])
prefix = sys.argv[2]
for number in itertools.count():
    now = time.time()
    name = f"{prefix}-{number}"
    ledger.accept(Accepted(name, now, "openai_chat", "auto", "key_1"))
    if number % 10:  # every tenth is never answered
        ledger.add(Record(id=name, at=now, dialect="openai_chat", asked_model="auto",
                          outcome="ok", status=200, usage=Usage(input=number)))
    print(number, f"{time.time():.6f}", ledger.health().written, flush=True)
    time.sleep(0.0005)
"""

BY = [f"by_{name}" for name in query.DIMENSIONS]

# What the contract allows, and what a shared machine may add by not running the writer's thread.
# That it adds nothing by itself is in tests/unit/ledger/test_soon_on_disk.py, by a clock of its own.
PROMISE, STALL = 0.1, 2.9


def write_and_kill(
    path: Path, prefix: str, seconds: float
) -> tuple[list[tuple[float, int]], float]:
    """When each request was put and how many entries were in the file by then, as the ledger told;
    and when the process was killed (Unix seconds): so long after the first ones are in the file.
    Its lines are read all the while, else it would stand still.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), prefix], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    lines, begun = [child.stdout.readline()], 0.0
    while not begun or time.monotonic() < begun + seconds:
        lines.append(child.stdout.readline())
        begun = begun or (time.monotonic() if is_in(path, f"{prefix}-0") else 0.0)
    killed = time.time()
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.read().splitlines()
    child.wait()
    child.stdout.close()
    whole = [words for line in lines[1:] if len(words := line.split()) == 3]
    return [(float(at), int(written)) for _, at, written in whole], killed


def is_in(path: Path, name: str) -> bool:
    """Whether the acceptance of a request is in the file."""
    with query.reading(path) as db:
        found = db.execute("SELECT 1 FROM accepted WHERE id = ?", (name,)).fetchone()
    return found is not None


@pytest.mark.parametrize("seconds", [3.6, 4.1])
def test_a_killed_process_loses_at_most_the_last_moment(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "ledger.db"
    put, killed = write_and_kill(path, "p", seconds)
    assert len(put) > 20, "the writer did not get going"

    before = sqlite3.connect(path)
    assert before.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    accepted = {name for (name,) in before.execute("SELECT id FROM accepted")}
    recorded = {name for (name,) in before.execute("SELECT id FROM records")}
    held = before.execute("SELECT upto, (SELECT sum(requests) FROM sums) FROM summed").fetchone()
    before.close()
    assert held == (held[0], 2 * held[0]), "the sums of hours and of days hold what they reach"
    assert_sums(path)
    # A request whose record came with its acceptance has only the record.
    known = accepted | recorded
    # The first entry's line was read apart, so the n-th of the others is number n + 1.
    due = [f"p-{at + 1}" for at, (when, _) in enumerate(put) if when < killed - PROMISE - STALL]
    assert len(due) > 20
    unanswered = {name for name in known if int(name[2:]) % 10 == 0}
    assert [name for name in due if name not in known] == []
    assert [n for n in due if n not in recorded and n not in unanswered] == []
    assert recorded.isdisjoint(unanswered)
    assert unanswered <= accepted
    assert len(unanswered) > 2
    # In the order they were put: nothing but the end is missing, and nothing that it called written.
    there = []
    for number in range(len(put) + 1):
        there += [f"p-{number}" in known] + [f"p-{number}" in recorded] * (number % 10 > 0)
    written = put[-1][1]
    assert 0 < written <= sum(there)
    assert all(there[: sum(there)])

    SqliteLedger(path).close()
    left = {r.id: r.outcome for r in query.tail(path, 100_000)}
    assert set(left) == known, "each accepted request has a record now"
    assert {name for name in known if left[name] == "unknown"} == accepted - recorded
    assert all(left[name] == "ok" for name in recorded)
    assert_sums(path)


def assert_sums(path: Path) -> None:
    """What is read from the sums is what each record says."""
    by: tuple[query.Dimension, ...] = ("day", "outcome", "key")
    for since in (None, time.time() - 1.0):
        plain = tuple(query._sums(row, by) for row in plain_sums.usage(path, by, since, None))
        assert query.usage(path, by, since).rows == plain


def test_others_go_on_writing_while_one_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    mine = SqliteLedger(path)
    for prefix in ("p", "q"):
        mine.add(
            Record(
                id=prefix, at=time.time(), dialect="d", asked_model="m", outcome="ok", status=200
            )
        )
        write_and_kill(path, prefix, 0.2)
        assert_sums(path)
    mine.close()
    assert_sums(path)
    assert mine.health().lost == 0
    last = SqliteLedger(path)
    totals = query.usage(path, ()).totals
    assert totals.unknown > 0
    open_ones = sqlite3.connect(path)
    query_open = "SELECT count(*) FROM accepted WHERE id NOT IN (SELECT id FROM records)"
    assert open_ones.execute(query_open).fetchone() == (0,)
    open_ones.close()
    last.close()
    assert_sums(path)
    assert reach(path) == (0,)


def reach(path: Path) -> tuple[int]:
    """How many records are in no sum."""
    db = sqlite3.connect(path)
    found: tuple[int] = db.execute(
        "SELECT count(*) FROM records WHERE seq > (SELECT upto FROM summed)"
    ).fetchone()
    db.close()
    return found


def test_two_processes_write_and_each_record_is_summed_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), prefix], stdout=subprocess.PIPE, text=True
        )
        for prefix in ("p", "q")
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    for _ in range(5):
        time.sleep(0.1)
        assert_sums_of_one_moment(path)
    for child in children:
        child.kill()
        child.communicate()
    assert_sums(path)
    SqliteLedger(path).close()
    assert_sums(path)
    assert reach(path) == (0,)


def assert_sums_of_one_moment(path: Path) -> None:
    """While others write: each reading sees a state that was whole."""
    asked = Span.between(None, None).parameters() | dict.fromkeys(BY, 0)
    with query.reading(path) as db:
        found = over_parts(db, "usage", asked)
        (count,) = db.execute("SELECT count(*) FROM records").fetchone()
    assert sum(row["requests"] for row in found) == count
