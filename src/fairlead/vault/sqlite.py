"""The vault in an SQLite file: conversations survive a restart, and processes share them.

    put --> memory, and a dictionary of what waits --> one thread, every 50 ms, one transaction
    get --> memory --> what waits --> filter --> one look-up by the key's index

What was chosen, and what it costs (CPU time, 2-core machine under load, 100,000 entries of 2 KiB;
the vault in memory alone takes 0.3 us for a no and 1.9 us for a yes there):

- a get that memory answers: 3.5 us. Most gets ask for turns that were never kept, and must stay off
  the file: a set of 64-bit hashes of all places in it is the filter, exact for what this process
  knows (1 us a no; 7.8 MB for 100,000 entries, 20 ms to fill at the start; a Bloom filter in Python
  would be smaller and slower, and cannot forget). A yes that memory lacks reads the file on the
  caller's thread: 27 us when its pages are in the system's cache, as those of a conversation that
  goes on are. Handing it to a thread would cost more than that.
- other processes' entries come into the filter before a no is believed: at most every 10 ms one
  `PRAGMA data_version` (6 us) tells whether to read on. So what a process puts is found by all
  others some 60 ms later; a client that comes back sooner, to another process, gets the fallback.
- the writer waits for locks and disks, nobody else does. Reading never waits for a writer in WAL
  mode; a read that is refused all the same counts as not found.

A file that cannot be opened, written or read (locked, full, corrupt, in a folder that is none)
leaves a vault in memory, with one warning; it is tried again, every 30 seconds in the end, and what
was put meanwhile is written then, as far as `WAITING` bytes hold it.
"""

import atexit
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from fairlead.vault.kept_table import KeptTable, Place, Put, new_writer
from fairlead.vault.memory import MemoryVault, entry_size

__all__ = ["SqliteVault"]

log = logging.getLogger("fairlead.vault")

WINDOW = 0.05
"""Seconds between two looks at what waits, so that one transaction writes many entries."""

LOOK = 0.01
"""Seconds for which what other processes put may go unnoticed."""

RETRY_FIRST, RETRY_LAST = 1.0, 30.0
"""Seconds until a file that failed is tried again, twice as many each time."""

WAITING = 16 * 1024 * 1024
"""Bytes that may wait for the file; beyond, the oldest stay in memory only."""

TIDY = 60.0
"""Seconds between two looks for entries that are too old."""

_OPENING = 3.0


class SqliteVault:
    """A `Vault` in the file `path`, with a `MemoryVault` of `max_bytes` before it.

    `max_age` is in seconds since the last use, which is noted to within `renew_after`;
    `max_disk_bytes` and `max_entries` bound the entries of all processes together. `clock` gives
    Unix seconds.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_bytes: int = 64 * 1024 * 1024,
        max_age: float = 7 * 86_400.0,
        max_disk_bytes: int = 512 * 1024 * 1024,
        max_entries: int = 200_000,
        renew_after: float = 300.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = Path(path)
        self._near = MemoryVault(max_bytes, max_age, max_entries, clock)
        self._max_age = max_age
        self._max_disk_bytes = max_disk_bytes
        self._max_entries = max_entries
        self._renew_after = min(renew_after, max_age / 4)
        self._clock = clock
        self._writer = new_writer()
        # All below is shared between the caller's thread and the writer's, and guarded by `_lock`,
        # which is held for no longer than a few dictionary operations or one look-up.
        self._lock = threading.Lock()
        self._puts: dict[Place, Put] = {}
        self._writing: dict[Place, Put] = {}
        self._touches: dict[Place, float] = {}
        self._forgets: set[str] = set()
        self._forgotten: set[str] = set()
        self._waiting = 0
        self._used: dict[Place, float] = {}
        self._known: set[int] = set()
        self._reader: KeptTable | None = None
        self._look_at = 0.0
        # The writer's own.
        self._table: KeptTable | None = None
        self._tidy_at = 0.0
        self._rounds = 0
        self._ok = True
        self._pause = RETRY_FIRST
        self._closing = threading.Event()
        self._hurry = threading.Event()
        self._call = threading.Event()
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fairlead-vault", daemon=True)
        self._thread.start()
        self._opened.wait(_OPENING)
        atexit.register(self.close)

    @property
    def ok(self) -> bool:
        """Whether the file takes what it is given; else the vault is in memory for now."""
        return self._ok

    def put(self, scope: str, key: str, parts: bytes) -> None:
        """Keep `parts` under `key`: at once for this process, within 100 ms in the file."""
        if scope in self._forgotten:
            return
        place, now = (scope, key), self._clock()
        # Where it is too large to be kept, the old value must not stand for the new.
        fits = entry_size(scope, key, parts) <= self._max_disk_bytes
        with self._lock:
            self._near.put(scope, key, parts)
            if not _storable(scope, key):
                return
            self._waiting -= _size(place, self._puts.pop(place, None))
            put = self._puts[place] = (parts if fits else None, now)
            self._waiting += _size(place, put)
            while self._waiting > WAITING and len(self._puts) > 1:
                oldest = next(iter(self._puts))
                self._waiting -= _size(oldest, self._puts.pop(oldest))
            self._known.add(hash(place))
            self._used[place] = now
        self._call.set()

    def get(self, scope: str, key: str) -> bytes | None:
        """What was kept, by whichever process; None if it is gone."""
        place = (scope, key)
        # The most frequent answer, and the quickest: no lock, for a dictionary is one by itself.
        if (
            hash(place) not in self._known
            and place not in self._near
            and time.monotonic() < self._look_at
        ):
            return None
        with self._lock:
            found = self._near.get(scope, key)
            if found is None:
                found = self._far(place)
                if found is None:
                    return None
            self._touch(place)
        return found

    def forget(self, scope: str) -> None:
        """Drop all that the scope put, here at once and in the file soon; take no more from it."""
        with self._lock:
            self._forgotten.add(scope)
            self._forgets.add(scope)
            self._near.forget(scope)
            self._puts = {place: put for place, put in self._puts.items() if place[0] != scope}
            self._waiting = sum(_size(*item) for item in self._puts.items())
        self._call.set()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until what was put is in the file and the bounds hold; False if not by then."""
        deadline = time.monotonic() + timeout
        self._tidy_at = 0.0
        wanted = self._rounds + 2  # one round may be on its way
        while self._rounds < wanted or self._puts or self._writing or self._forgets:
            if time.monotonic() > deadline or not self._thread.is_alive():
                return False
            self._hurry.set()
            self._call.set()
            time.sleep(0.001)
        self._hurry.clear()
        return True

    def close(self) -> None:
        """Write out what waits, and let go of the file."""
        self._closing.set()
        self._hurry.set()
        self._call.set()
        self._thread.join()
        atexit.unregister(self.close)

    # ---- the caller's thread, under the lock -----------------------------------------------------

    def _far(self, place: Place) -> bytes | None:
        """What waits to be written, or is in the file."""
        waiting = self._puts.get(place) or self._writing.get(place)
        if waiting is not None:
            return waiting[0]
        reader = self._reader
        if reader is None or place[0] in self._forgotten:
            return None
        try:
            if hash(place) not in self._known:
                self._look(reader)
                if hash(place) not in self._known:
                    return None
            found = reader.get(place, self._clock() - self._max_age)
        except (sqlite3.Error, UnicodeError) as error:
            if not _busy(error):
                self._failed(error)
                self._reader = None  # the writer opens the file anew
            return None
        if found is None:
            self._known.discard(hash(place))
            return None
        parts, self._used[place] = found
        self._near.put(*place, parts)
        return parts

    def _look(self, reader: KeptTable) -> None:
        """Take in what other processes have put."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK
        for place in reader.others():
            self._known.add(hash(place))
            if place not in self._puts:
                self._near.drop(*place)  # it was replaced

    def _touch(self, place: Place) -> None:
        """Note in the file that an entry is used, if the last note is old."""
        now = self._clock()
        used = self._used.get(place)
        if used is not None and now - used < self._renew_after:
            return
        if len(self._used) > 2 * self._max_entries:
            self._used.clear()
        self._used[place] = now
        if self._reader is not None and _storable(*place):
            self._touches[place] = now
            self._call.set()

    # ---- the writer's thread ---------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._table is None or self._reader is None:
                self._open()
            if self._table is None:
                self._rest()
                continue
            if self._call.wait(TIDY):
                self._hurry.wait(WINDOW)
                self._call.clear()
            if not self._write():
                self._rest()
            self._tidy()
            self._rounds += 1
        self._write()
        self._let_go()

    def _rest(self) -> None:
        """After a failure: longer each time."""
        self._closing.wait(self._pause)
        self._pause = min(self._pause * 2, RETRY_LAST)
        self._call.set()

    def _open(self) -> None:
        """Open the file for writing and for reading, and fill the filter."""
        self._let_go()
        try:
            table = KeptTable(self._path, self._writer)
            try:
                reader = KeptTable(self._path, self._writer, busy=0.0)
                known = {hash(place) for place in reader.names()}
            except BaseException:
                table.close()
                raise
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
        else:
            with self._lock:
                self._know(known)
                self._reader, self._table = reader, table
            self._tidy_at = 0.0
            self._recovered()
        self._opened.set()

    def _know(self, known: set[int]) -> None:
        for waiting in (self._puts, self._writing):
            known.update(map(hash, waiting))
        self._known = known

    def _write(self) -> bool:
        """Write what waits; False if the file refuses it."""
        table = self._table
        if table is None:
            return False
        with self._lock:
            puts, self._puts = self._puts, {}
            touches, self._touches = self._touches, {}
            forgets, self._forgets = self._forgets, set()
            self._writing, self._waiting = puts, 0
        try:
            if puts or touches or forgets:
                table.write(puts, touches, forgets)
                self._recovered()
        except (sqlite3.Error, UnicodeError) as error:
            self._failed(error)
            self._take_back(puts, forgets)
            if not isinstance(error, sqlite3.OperationalError):
                self._let_go()
            return False
        with self._lock:
            self._writing = {}
            # A scope that was forgotten meanwhile has its rows deleted by the next round.
        return True

    def _take_back(self, puts: dict[Place, Put], forgets: set[str]) -> None:
        """What was not written waits again, what came meanwhile goes before it."""
        with self._lock:
            kept = {p: put for p, put in puts.items() if p[0] not in self._forgotten}
            self._puts = kept | self._puts
            self._forgets |= forgets
            self._writing = {}
            self._waiting = sum(_size(*item) for item in self._puts.items())

    def _tidy(self) -> None:
        """Keep the bounds: age once a minute, the others after each write."""
        table, now = self._table, time.monotonic()
        if table is None or not self._ok:
            return
        try:
            if now < self._tidy_at and not table.over(self._max_disk_bytes, self._max_entries):
                return
            self._tidy_at = now + TIDY
            before = self._clock() - self._max_age
            entries = table.prune(before, self._max_disk_bytes, self._max_entries)
            if len(self._known) > 2 * entries + 10_000:
                known = {hash(place) for place in table.names()}
                with self._lock:
                    self._know(known)
                    if self._reader is not None:
                        self._reader.rewind(table.seen)
        except sqlite3.Error as error:
            self._failed(error)

    def _let_go(self) -> None:
        with self._lock:
            tables, self._table, self._reader = (self._table, self._reader), None, None
        for table in tables:
            if table is not None:
                table.close()

    def _failed(self, error: Exception) -> None:
        if self._ok:
            log.warning(
                "the vault's file %s cannot be used, signed thinking is kept in memory for now: %s",
                self._path,
                error,
            )
        self._ok = False

    def _recovered(self) -> None:
        self._pause = RETRY_FIRST
        if not self._ok:
            log.info("the vault's file %s is in use again", self._path)
        self._ok = True


def _size(place: Place, put: Put | None) -> int:
    return 0 if put is None or put[0] is None else entry_size(*place, put[0])


def _storable(scope: str, key: str) -> bool:
    """Whether SQLite can hold the names: a lone surrogate is no UTF-8."""
    if scope.isascii() and key.isascii():
        return True
    try:
        (scope + key).encode()
    except UnicodeEncodeError:
        return False
    return True


def _busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }
