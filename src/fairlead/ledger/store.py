"""The ledger's database: opening, migrating, writing in batches, settling what the dead left.

One thread at a time may use a `Store`. Every write is one transaction.

What is safe when. With WAL and `synchronous = NORMAL` a commit is handed to the operating system
and not forced to the disk: what was committed survives any end of the process (SIGKILL, crash).
A power cut or a kernel crash may take the commits since the last checkpoint (SQLite's manual:
"WAL mode ... might lose durability"), never the soundness of the file: it opens with the records
before them.

A batch is written with few long statements instead of many short ones (`Statements.rows`). Each
statement lets go of the interpreter's lock and must win it back from a busy event loop: measured
beside one, 3.6 to 6 ms a record with `executemany`, 0.1 to 1.3 ms with 64 rows a statement.

Records are numbered here (`seq`) and not by SQLite, so that plain and full rows go in by one
statement each and the numbers still tell the order in which the records came.

Each batch goes into the hourly sums in the same transaction, if they reach up to it; else `sum_up`
does it afterwards (see `sum_table.py`).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from fairlead.database.migrations import migrate
from fairlead.database.opening import connect
from fairlead.database.transaction import transaction
from fairlead.ledger.health import LedgerError
from fairlead.ledger.instance import Instance
from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.rows import Row, accepted_row, clean, full_row, plain_row, verdict_row
from fairlead.ledger.spill import Entry, Spill
from fairlead.ledger.statements import statements
from fairlead.ledger.sum_table import PIECE, SumTable
from fairlead.ledger.verdict import Verdict

__all__ = ["Store"]

_SIZES = (64, 32, 16, 8, 4, 2, 1)
_OPENING_TIMEOUT = 5.0
_BUSY_TIMEOUT_MS = 250

_CHECKPOINT_PAGES = 4000
"""Pages (of 4 KiB) in the write-ahead log after which they go to the database, each once however
often it was written: the last pages of the indexes are in every batch. SQLite's default: 1000."""


class Store:
    """An open ledger file. LedgerError when it cannot be opened."""

    def __init__(self, path: Path, now: float) -> None:
        self.path = path
        self.instance = Instance.mine()
        self._sql = statements()
        self._in_flight: dict[str, int] = {}
        self.unsummed = 0
        """About so many records are summed nowhere, not in memory either."""
        self._alone = False
        try:
            self._db = _connect(path)
            migrate(self._db, "ledger", self._sql, now)
            self._sums = SumTable(self._db, self._sql)
            settled, newest, summed = self._newest()
            self.unsummed = newest - summed
            me = self.instance
            row = (me.id, me.pid, me.started, me.boot, me.pid_space, now, now, settled)
            self._db.execute(self._sql["enter_instance"], row)
            self._db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"the ledger {path} cannot be opened: {error}",
                "check that the path is a Fairlead ledger or a new file in a writable directory",
            ) from error

    def write(self, entries: Sequence[Entry], instance: str | None = None) -> None:
        """Write entries in one transaction; sqlite3.Error (and nothing written) if that fails."""
        owner = instance or self.instance.id
        records = [entry for entry in entries if isinstance(entry, Record)]
        recorded = {record.id for record in records}
        accepted = [e for e in entries if isinstance(e, Accepted) and e.id not in recorded]
        accepted_rows = [accepted_row(entry, owner) for entry in accepted]
        verdicts = [entry for entry in entries if isinstance(entry, Verdict)]
        with self._transaction():
            before, last, summed = self._newest()
            self._insert("insert_accepted", accepted_rows)
            for verdict in verdicts:
                self._db.execute(self._sql["insert_verdict"], verdict_row(verdict))
            unsummed = self._insert_records(records, last, summed) if records else self.unsummed
        self.unsummed = unsummed
        if instance is None:
            self._in_flight.update((entry.id, before) for entry in accepted)
            for id_ in recorded:
                self._in_flight.pop(id_, None)

    def write_cleaned(self, entry: Entry) -> None:
        """Write one entry that was refused as it came, with what SQLite cannot hold replaced."""
        if isinstance(entry, Accepted):
            row = accepted_row(entry, self.instance.id)
            self._insert("insert_accepted", [clean(row)])
            return
        if isinstance(entry, Verdict):
            self._db.execute(self._sql["insert_verdict"], clean(verdict_row(entry)))
            return
        with self._transaction():
            _, last, _ = self._newest()
            self._insert("insert_full", [clean(full_row(entry, last + 1))])
        self.unsummed += 1

    def sum_up(self, piece: int = PIECE) -> None:
        """Sum some of the records that were written without it. One transaction."""
        with self._transaction():
            _, newest, summed = self._newest()
            summed = self._sums.catch_up(summed, newest, piece)
        self.unsummed = newest - summed

    def beat(self, now: float) -> None:
        """A sign of life, and up to where this instance's acceptances all have records."""
        settled = next(iter(self._in_flight.values()), None)
        if settled is None:
            settled, *_ = self._newest()
        self._db.execute(self._sql["beat"], (now, settled, self.instance.id))

    def settle_dead(self, now: float) -> None:
        """Take in dead instances' spill files, then give what they left open its record."""
        living: set[str] = {self.instance.id}
        dead: list[str] = []
        for *facts, seen in self._db.execute(self._sql["open_instances"]).fetchall():
            other = Instance(*facts)
            lives = other.id == self.instance.id or other.lives(seen, now, self.instance)
            living.add(other.id) if lives else dead.append(other.id)
        self._alone = len(living) == 1
        for spill in Spill.beside(self.path):
            if spill.instance not in living:
                self.take_in(spill)
        for instance in dead:
            self._settle(instance, now)

    def take_in(self, spill: Spill) -> None:
        """Write what a spill file holds, and remove it."""
        owner = None if spill.instance == self.instance.id else spill.instance
        entries = list(spill.read())
        for start in range(0, len(entries), 1000):
            self.write(entries[start : start + 1000], owner)
        spill.remove()

    def leave(self, now: float) -> None:
        """This instance ends: what it leaves open becomes unknown."""
        self.beat(now)
        self._settle(self.instance.id, now)
        self.sum_up()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _settle(self, instance: str, now: float) -> None:
        with self._transaction():
            settled = self._db.execute(self._sql["settle"], {"instance": instance}).rowcount
            self._db.execute(self._sql["leave_instance"], (now, now, instance))
        self.unsummed += settled

    def _insert_records(self, records: list[Record], last: int, summed: int) -> int:
        """Insert records after row `last`; how many rows are not in the sums then."""
        plain: list[Row] = []
        full: list[Row] = []
        for number, record in enumerate(records, last + 1):
            row = plain_row(record, number)
            if row is None:
                full.append(full_row(record, number))
            else:
                plain.append(row)
        inserted = self._insert("insert_plain", plain) + self._insert("insert_full", full)
        newest = last + len(records)
        if inserted != len(records):  # some had come before
            return newest - self._sums.settle(summed)
        return self._sums.take(plain, full, last, summed, hold=self._alone)

    def _insert(self, name: str, rows: list[Row]) -> int:
        """Insert rows; how many of them had not come before."""
        start = inserted = 0
        for size in _SIZES:
            while len(rows) - start >= size:
                values = list(chain.from_iterable(rows[start : start + size]))
                inserted += self._db.execute(self._sql.rows(name, size), values).rowcount
                start += size
        return inserted

    def _newest(self) -> tuple[int, int, int]:
        """The newest rows of `accepted` and `records`, and up to which of the latter is summed."""
        accepted, records, summed = self._db.execute(self._sql["newest"]).fetchone()
        return accepted, records, summed

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction; what is taken back of it goes from the sums in memory too."""
        begun = False
        try:
            with transaction(self._db):
                begun = True
                yield
        except BaseException:
            if begun:
                self._sums.forget()
            raise


def _connect(path: Path) -> sqlite3.Connection:
    db = connect(path, _OPENING_TIMEOUT)
    db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return db
