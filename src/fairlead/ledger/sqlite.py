"""The ledger in an SQLite file: the request path puts into a queue, one thread writes.

    accept/add --> deque --> every 50 ms, all there is --> one transaction --> database
                                                      `--> refused for a second, or too many
                                                           waiting: spill file --> read back
                                                           when it can be

A call costs the request one `append`. The thread does not wake for each entry: while there is
traffic it sleeps `WINDOW` between two looks at the queue, and only after a look that found nothing
does it wait to be called. So an entry is in the database some 60 ms after the call, and what
SIGKILL can take is what is younger than that (at most 100 ms, unless the database is locked by
another program). See `store.py` for what a power cut can take.

An acceptance whose record is in the same transaction is not written: the record tells all of it.
So the journal holds what it is for, the requests that were open for longer than a moment.

No error of the database reaches a request: it is counted, tried again and told by `health()`.
"""

import atexit
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fairlead.ledger.health import Health
from fairlead.ledger.instance import BEAT
from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.spill import Entry, Spill
from fairlead.ledger.store import Store
from fairlead.ledger.verdict import Verdict

__all__ = ["SqliteLedger"]

WINDOW = 0.05
"""Seconds between two looks at the queue, so that one transaction writes many entries."""

SPILL_AFTER = 1.0
"""Seconds of refusal after which waiting entries go to the spill file."""

_RETRY_FIRST, _RETRY_LAST = 0.05, 1.0
_SUM_PAUSE, _SUM_AGAIN = 0.01, 10.0
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
        self._queue: deque[Entry] = deque()
        self._waiting: list[Entry] = []
        self._asked: deque[threading.Event] = deque()
        self._marks: list[threading.Event] = []
        self._hurry = threading.Event()
        self._call = threading.Event()
        self._idle = False
        self._look_at: float | None = None
        self._closing = self._closed = False
        self._written = self._errors = self._spilled = self._lost = 0
        self._last_error: str | None = None
        self._refused_since: float | None = None
        self._retry = _RETRY_FIRST
        self._retry_at = self._beat_at = self._sum_at = 0.0
        with self._counting():
            self._store.settle_dead(clock())
        self._thread = threading.Thread(target=self._run, name="fairlead-ledger", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def accept(self, accepted: Accepted) -> None:
        """Journal an acceptance; on disk within 100 ms. Never blocks, never raises."""
        self._put(accepted)

    def add(self, record: Record) -> None:
        """Queue a record; on disk within 100 ms. Never blocks, never raises."""
        self._put(record)

    def judge(self, verdict: Verdict) -> None:
        """Queue a word on an answer; on disk within 100 ms. Never blocks, never raises."""
        self._put(verdict)

    def _put(self, entry: Entry) -> None:
        if self._closed or len(self._queue) > self._max_waiting:
            self._lost += 1
            return
        self._queue.append(entry)
        if self._idle:
            self._wake()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all that was put before is in the database or the spill file."""
        mark = threading.Event()
        self._asked.append(mark)
        self._hurry.set()
        self._wake()
        return mark.wait(timeout)

    def close(self) -> None:
        """Write everything out and stop; what is still open becomes `unknown`. Blocks.

        When the database refuses to the end (some seconds), the rest goes to the spill file.
        """
        if self._closing:
            self._thread.join()
            return
        self._closing = True
        self._hurry.set()
        self._wake()
        self._thread.join()
        atexit.unregister(self.close)

    def health(self) -> Health:
        """How writing goes. Cheap: no I/O."""
        waiting = len(self._waiting) + len(self._queue)
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
                self._gather(self._patience())
                self._write()
                self._beat()
        for _ in range(_LAST_TRIES):
            self._drain()
            self._retry_at = 0.0
            with self._counting():
                self._write()
            if not self._waiting and not self._spilled and not self._queue:
                break
            time.sleep(self._retry)
        self._finish()

    def _patience(self) -> float:
        """Seconds to wait for a call before there is something else to do."""
        if self._waiting or self._spilled:
            return self._retry
        if self._store.unsummed:
            return min(max(self._sum_at - time.monotonic(), _SUM_PAUSE), BEAT)
        return BEAT

    def _gather(self, patience: float) -> None:
        """Wait until it is time to look at the queue, and take all there is.

        With no traffic that is `WINDOW` after somebody calls, or `patience` seconds hence.
        """
        if self._look_at is None:
            if not self._called(patience):
                return
            self._look_at = time.monotonic() + WINDOW
        self._hurry.wait(max(self._look_at - time.monotonic(), 0.0))
        self._look_at = time.monotonic() + WINDOW
        if not self._drain():
            self._look_at = None

    def _called(self, patience: float) -> bool:
        """Wait for something to do; whether there is any."""
        self._call.clear()
        # Whoever puts an entry looks at `_idle` afterwards, and we at the queue after setting it:
        # one of the two sees the other, so no call is missed.
        self._idle = True
        called = bool(self._queue or self._asked or self._closing) or self._call.wait(patience)
        self._idle = False
        return called

    def _wake(self) -> None:
        self._idle = False  # one call is enough
        self._call.set()

    def _drain(self) -> int:
        """Take what is in the queue; how many. A mark counts for what was put before it."""
        while self._asked:
            self._marks.append(self._asked.popleft())
        count = len(self._queue)
        self._waiting.extend([self._queue.popleft() for _ in range(count)])
        return count

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
            self._sum_up()
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

    def _sum_up(self) -> None:
        """Sum some of the records that are in no sum yet: those of an old file, piece by piece."""
        if not self._store.unsummed or time.monotonic() < self._sum_at:
            return
        try:
            self._store.sum_up()
        except Exception as error:  # noqa: BLE001 - readers do without, records are written on
            self._count(error)
            self._sum_at = time.monotonic() + _SUM_AGAIN

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
            self._marks.pop().set()

    def _count(self, error: BaseException) -> None:
        self._errors += 1
        self._last_error = f"{type(error).__name__}: {error}"

    @contextmanager
    def _counting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the writer must live on, whatever happens
            self._count(error)
