"""The ledger in an SQLite file: the request path puts into a queue, one thread writes.

    accept/add --> SimpleQueue --> gather (20 ms) --> one transaction --> database
                                                 `--> refused for a second, or too many waiting:
                                                      spill file --> read back when it can be

A call costs the request one `put`. The thread wakes at the first entry, waits `WINDOW` for company
and writes all in one transaction, so an entry is in the database about 30 ms after the call, and
what SIGKILL can take is what is younger than that (at most 100 ms, unless the database is locked
by another program). See `store.py` for what a power cut can take.

No error of the database reaches a request: it is counted, tried again and told by `health()`.
"""

import atexit
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from fairlead.ledger.health import Health
from fairlead.ledger.instance import BEAT
from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.spill import Entry, Spill
from fairlead.ledger.store import Store

__all__ = ["SqliteLedger"]

WINDOW = 0.02
"""Seconds that the writer waits after the first entry, to write more in one go."""

SPILL_AFTER = 1.0
"""Seconds of refusal after which waiting entries go to the spill file."""

_RETRY_FIRST, _RETRY_LAST = 0.05, 1.0
_LAST_TRIES = 5
_BATCH = 2000

# SQLite's word that an entry is at fault. Its other errors (locked, full, unreadable) mean that it
# takes nothing for now; an error that is not SQLite's (a lone surrogate) is an entry's again.
_ENTRY_AT_FAULT = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)


class _Mark:
    """Put into the queue to learn when everything before it is safe."""

    __slots__ = ("reached",)

    def __init__(self) -> None:
        self.reached = threading.Event()


class SqliteLedger:
    """A `Ledger` in the file `path`; several processes may share it.

    Opening settles what dead processes left: their acceptances without a record become records
    with the outcome `unknown`. `max_waiting` bounds the entries held in memory while the database
    refuses; beyond, and when the spill file is refused too, the oldest are lost and counted.
    LedgerError when the file cannot be opened.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_waiting: int = 50_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._max_waiting = max_waiting
        self._store = Store(Path(path), clock())
        self._spill = Spill(Path(path), self._store.instance.id)
        self._queue: SimpleQueue[Entry | _Mark] = SimpleQueue()
        self._waiting: list[Entry] = []
        self._marks: list[_Mark] = []
        self._hurry = threading.Event()
        self._closing = self._closed = False
        self._written = self._errors = self._spilled = self._lost = 0
        self._last_error: str | None = None
        self._refused_since: float | None = None
        self._retry = _RETRY_FIRST
        self._retry_at = self._beat_at = 0.0
        with self._counting():
            self._store.settle_dead(clock())
        self._thread = threading.Thread(target=self._run, name="fairlead-ledger", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def accept(self, accepted: Accepted) -> None:
        """Journal an acceptance; on disk within 100 ms. Never blocks, never raises."""
        if self._closed or self._queue.qsize() > self._max_waiting:
            self._lost += 1
            return
        self._queue.put(accepted)

    def add(self, record: Record) -> None:
        """Queue a record; on disk within 100 ms. Never blocks, never raises."""
        if self._closed or self._queue.qsize() > self._max_waiting:
            self._lost += 1
            return
        self._queue.put(record)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all that was put before is in the database or the spill file."""
        mark = _Mark()
        self._hurry.set()
        self._queue.put(mark)
        return mark.reached.wait(timeout)

    def close(self) -> None:
        """Write everything out and stop; what is still open becomes `unknown`. Blocks.

        When the database refuses to the end (some seconds), the rest goes to the spill file.
        """
        if self._closing:
            self._thread.join()
            return
        self._closing = True
        self._hurry.set()
        self._queue.put(_Mark())
        self._thread.join()
        atexit.unregister(self.close)

    def health(self) -> Health:
        """How writing goes. Cheap: no I/O."""
        waiting = len(self._waiting) + self._queue.qsize()
        return Health(
            ok=self._refused_since is None
            and not self._spilled
            and not self._lost
            and (self._closed or self._thread.is_alive()),
            waiting=waiting,
            written=self._written,
            errors=self._errors,
            last_error=self._last_error,
            spilled=self._spilled,
            lost=self._lost,
            spill_path=str(self._spill.path) if self._spilled else None,
        )

    def _run(self) -> None:
        while not self._closing:
            with self._counting():
                self._gather(self._retry if self._waiting or self._spilled else BEAT)
                self._write()
                self._beat()
        for _ in range(_LAST_TRIES):
            self._drain()
            self._retry_at = 0.0
            with self._counting():
                self._write()
            if not self._waiting and not self._spilled and self._queue.empty():
                break
            time.sleep(self._retry)
        self._finish()

    def _gather(self, timeout: float) -> None:
        """Wait for an entry, then a little longer, then take all there are."""
        try:
            first = self._queue.get(timeout=timeout)
        except Empty:
            return
        self._take(first)
        self._hurry.wait(WINDOW)
        self._drain()

    def _drain(self) -> None:
        for _ in range(self._queue.qsize()):
            self._take(self._queue.get_nowait())

    def _take(self, entry: Entry | _Mark) -> None:
        if isinstance(entry, _Mark):
            self._marks.append(entry)
        else:
            self._waiting.append(entry)

    def _write(self) -> None:
        while self._waiting and time.monotonic() >= self._retry_at:
            batch = self._waiting[:_BATCH]
            done = len(batch)
            try:
                self._store.write(batch)
                self._written += done
            except sqlite3.Error as error:
                if not isinstance(error, _ENTRY_AT_FAULT):
                    self._refused(error)
                    break
                done = self._write_singly(batch)
            except Exception:  # noqa: BLE001 - whatever is wrong with an entry: find it, go on
                done = self._write_singly(batch)
            del self._waiting[:done]
            self._recovered()
        if self._waiting and self._too_long():
            self._write_spill()
        if not self._waiting:
            self._take_back()
            self._pass_marks()

    def _write_singly(self, batch: list[Entry]) -> int:
        """An entry of the batch cannot be written as it is: find it, clean it, or lose it.

        How many entries are done with: not all of them if the database refuses meanwhile.
        """
        for at, entry in enumerate(batch):
            for write in (self._write_one, self._store.write_cleaned):
                try:
                    write(entry)
                    self._written += 1
                    break
                except sqlite3.Error as error:
                    self._count(error)
                    if not isinstance(error, _ENTRY_AT_FAULT):
                        return at
                except Exception as error:  # noqa: BLE001 - as above
                    self._count(error)
            else:
                self._lost += 1
        return len(batch)

    def _write_one(self, entry: Entry) -> None:
        self._store.write([entry])

    def _refused(self, error: Exception) -> None:
        self._count(error)
        now = time.monotonic()
        self._refused_since = self._refused_since or now
        self._retry_at = now + self._retry
        self._retry = min(self._retry * 2, _RETRY_LAST)

    def _recovered(self) -> None:
        self._refused_since, self._retry = None, _RETRY_FIRST

    def _take_back(self) -> None:
        """Bring the spill file's entries into the database, if it takes them."""
        if not self._spilled or time.monotonic() < self._retry_at:
            return
        try:
            self._store.take_in(self._spill)
        except sqlite3.Error as error:
            self._refused(error)
        else:
            self._written += self._spilled
            self._spilled = 0
            self._recovered()

    def _too_long(self) -> bool:
        since = self._refused_since
        overdue = since is not None and time.monotonic() - since > SPILL_AFTER
        return overdue or len(self._waiting) > self._max_waiting

    def _write_spill(self) -> None:
        try:
            self._spill.append(self._waiting)
        except (OSError, ValueError) as error:
            self._count(error)
            too_many = len(self._waiting) - self._max_waiting
            if too_many > 0:
                del self._waiting[:too_many]
                self._lost += too_many
        else:
            self._spilled += len(self._waiting)
            self._waiting.clear()

    def _beat(self) -> None:
        now = time.monotonic()
        if now < self._beat_at:
            return
        first, self._beat_at = self._beat_at == 0.0, now + BEAT
        if first:
            return
        self._store.beat(self._clock())
        self._store.settle_dead(self._clock())

    def _finish(self) -> None:
        if self._waiting:
            self._write_spill()
        self._lost += len(self._waiting)
        self._waiting.clear()
        with self._counting():
            if not self._spilled:
                self._store.leave(self._clock())
        self._store.close()
        self._closed = True
        self._pass_marks()

    def _pass_marks(self) -> None:
        if self._marks:
            self._hurry.clear()
        while self._marks:
            self._marks.pop().reached.set()

    def _count(self, error: BaseException) -> None:
        self._errors += 1
        self._last_error = f"{type(error).__name__}: {error}"

    @contextmanager
    def _counting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the writer must live on, whatever happens
            self._count(error)
