"""An entry is on disk within 100 ms, by the writer's own clock: no machine is too slow for this.

The writer runs here, in the test's thread, by a clock that only its own waits and its transactions
move. What a real process may lose by a kill is in tests/integration/test_ledger_kill.py.
"""

import threading
import time
from collections.abc import Callable
from itertools import accumulate, cycle, islice
from pathlib import Path
from types import SimpleNamespace

import pytest

from fairlead.ledger import query
from fairlead.ledger import sqlite as sqlite_ledger
from fairlead.ledger.record import Accepted
from fairlead.ledger.sqlite import SqliteLedger

PROMISE = 0.1


class World:
    """A clock, and what others do at their times while the writer waits or writes."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.agenda: list[tuple[float, Callable[[], None]]] = []

    def until(self, end: float, over: Callable[[], bool] = lambda: False) -> None:
        """Let time pass up to `end`, or until it is `over`."""
        while not over():
            if not self.agenda or self.agenda[0][0] > end:
                self.now = max(self.now, end)
                return
            at, do = self.agenda.pop(0)
            self.now = max(self.now, at)
            do()


def event_of(world: World) -> type[threading.Event]:
    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            world.until(world.now + timeout, self.is_set)
            return self.is_set()

    return Event


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    idle = SimpleNamespace(start=lambda: None, join=lambda: None, is_alive=lambda: True)
    threads = SimpleNamespace(Event=event_of(made), Thread=lambda **_: idle)
    clock = SimpleNamespace(time=time.time, monotonic=lambda: made.now)
    monkeypatch.setattr(sqlite_ledger, "threading", threads)
    monkeypatch.setattr(sqlite_ledger, "time", clock)
    return made


@pytest.mark.parametrize("write_ms", [0, 1, 20, 49])
@pytest.mark.parametrize(
    "gaps_ms",
    [[1], [7, 0, 0], [49], [50], [51], [99], [101], [3000], [0, 0, 0, 200], [10, 60, 1, 250, 30]],
)
def test_an_entry_is_on_disk_within_its_time(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gaps_ms: list[int], write_ms: int
) -> None:
    ledger = SqliteLedger(tmp_path / "l.db", clock=lambda: world.now)
    put: dict[str, float] = {}
    late: dict[str, float] = {}
    write = ledger._store.write

    def timed(batch: list[Accepted]) -> None:
        world.until(world.now + write_ms / 1000)
        write(batch)
        late.update({entry.id: world.now - put[entry.id] for entry in batch})

    def accept(name: str) -> Callable[[], None]:
        def do() -> None:
            put[name] = world.now
            ledger.accept(Accepted(name, world.now, "d", "m"))

        return do

    monkeypatch.setattr(ledger._store, "write", timed)
    times = [world.now + 0.001 * ms for ms in accumulate(islice(cycle(gaps_ms), 100))]
    world.agenda = [(at, accept(f"a{number}")) for number, at in enumerate(times)]
    world.agenda.append((times[-1] + 1.0, ledger.close))
    ledger._run()
    assert len(late) == len(times)
    assert max(late.values()) <= PROMISE + 1e-9
    assert query.usage(tmp_path / "l.db", ()).totals.unknown == len(times)
