"""What every list of batches that are not booked yet owes its callers."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fairlead.database.migrations import migrate
from fairlead.database.opening import connect
from fairlead.vault.statements import statements
from fairlead.vault.unbooked import LONGEST, Batch, MemoryUnbooked, SqliteUnbooked, Unbooked

FIRST = 60.0
NOW = 1_790_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def batch(id_: str, created: float = NOW) -> Batch:
    return Batch("anthropic", id_, "key_1", "mark", created)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def unbooked(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Unbooked]:
    made: Unbooked = (
        MemoryUnbooked(FIRST, clock=clock)
        if request.param == "memory"
        else SqliteUnbooked(tmp_path / "vault.db", FIRST, clock=clock)
    )
    yield made
    made.close()


async def test_its_first_turn_is_a_first_wait_later(unbooked: Unbooked, clock: Clock) -> None:
    await unbooked.put(batch("a"))
    assert await unbooked.take() is None
    clock.now += FIRST
    taken = await unbooked.take()
    assert taken == Batch("anthropic", "a", "key_1", "mark", NOW, looks=1)
    assert await unbooked.take() is None


async def test_waits_double_up_to_the_longest(unbooked: Unbooked, clock: Clock) -> None:
    await unbooked.put(batch("a"))
    waits = []
    turn = clock.now
    for _ in range(9):
        while await unbooked.take() is None:
            clock.now += FIRST
        waits.append((clock.now - turn) / FIRST)
        turn = clock.now
    assert waits == [1, 1, 2, 4, 8, 16, LONGEST, LONGEST, LONGEST]


async def test_the_most_overdue_comes_first(unbooked: Unbooked, clock: Clock) -> None:
    for at, name in enumerate("cab"):
        await unbooked.put(batch(name, NOW + at))
    clock.now += 2 * FIRST
    taken = [await unbooked.take() for _ in range(3)]
    assert [one.id for one in taken if one is not None] == ["c", "a", "b"]


async def test_what_is_held_is_not_taken(unbooked: Unbooked, clock: Clock) -> None:
    await unbooked.put(batch("a"))
    clock.now += FIRST
    taken = await unbooked.take()
    assert taken is not None
    clock.now += FIRST - 1
    await unbooked.hold(taken, FIRST)
    clock.now += 2
    assert await unbooked.take() is None
    await unbooked.hold(taken, 0)  # never sooner
    assert await unbooked.take() is None
    clock.now += FIRST
    assert await unbooked.take() is not None


async def test_what_is_done_is_gone(unbooked: Unbooked, clock: Clock) -> None:
    await unbooked.put(batch("a"))
    await unbooked.put(batch("a"))
    clock.now += FIRST
    taken = await unbooked.take()
    assert taken is not None
    await unbooked.done(taken)
    clock.now += 100 * FIRST
    assert await unbooked.take() is None


async def test_without_a_wait_nothing_is_kept(tmp_path: Path, clock: Clock) -> None:
    for off in (MemoryUnbooked(clock=clock), SqliteUnbooked(tmp_path / "v.db", 0, clock=clock)):
        await off.put(batch("a"))
        clock.now += FIRST
        assert await off.take() is None
        off.close()


async def test_of_several_processes_one_gets_it(tmp_path: Path, clock: Clock) -> None:
    several = [SqliteUnbooked(tmp_path / "vault.db", FIRST, clock=clock) for _ in range(4)]
    for number in range(20):
        await several[0].put(batch(f"b{number}"))
    clock.now += FIRST
    taken = await asyncio.gather(*(one.take() for _ in range(6) for one in several))
    ids = [one.id for one in taken if one is not None]
    assert sorted(ids) == sorted({f"b{number}" for number in range(20)})
    for one in several:
        one.close()


async def test_without_its_file_it_is_kept_in_memory(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "vault.db").mkdir()
    blind = SqliteUnbooked(tmp_path / "vault.db", FIRST, clock=clock)
    await blind.put(batch("a"))
    clock.now += FIRST
    taken = await blind.take()
    assert taken is not None
    await blind.done(taken)
    clock.now += FIRST
    assert await blind.take() is None
    blind.close()


async def test_batches_of_the_form_before_are_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    with closing(connect(path, 5.0)) as db:
        migrate(db, "vault", statements(), NOW, upto=1)
        newest = db.execute("SELECT unixepoch()").fetchone()[0]
        rows = [
            ("anthropic", "batches", "due", "key_1", newest - 3600.0),
            ("anthropic", "batches", "old", "key_1", newest - 31 * 86_400.0),
            ("anthropic", "batches", "known", "key_1", newest - 3600.0),
            ("anthropic", "booked", "known", "key_1", newest - 1800.0),
            ("anthropic", "files", "file", "key_1", newest - 3600.0),
        ]
        for row in rows:
            db.execute(statements()["owned_put"], row)
    store = SqliteUnbooked(path, FIRST)
    taken = await store.take()
    assert taken == Batch("anthropic", "due", "key_1", "", newest - 3600.0, looks=1)
    store.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM unbooked").fetchone() == (1,)
