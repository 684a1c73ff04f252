"""The hourly and daily sums in the database, and how far they reach.

    written records        1 --------------- upto ---------------- newest
    read from                     sums               records

Readers take what lies behind `upto` from the records, so nothing is ever missing or there twice,
whoever wrote it and whenever he was killed. That leaves the writer free to sum when it is cheap:
its batches are summed in memory (`Tally`) as they are written, and the sums go to the database
some thousand records later: in them a group is written once that was in many batches.

Where several processes write, none of them knows what the others hold, so each adds the sums of its
batch in the transaction of the batch. Any other way into `records` leaves a gap behind `upto`:
what an older Fairlead has written, what was settled in SQL, a batch of which some had come before,
what a killed process had in memory. `catch_up` closes it piece by piece, from the records.
"""

import sqlite3
from itertools import chain
from typing import Any

from fairlead.database.statements import Statements
from fairlead.ledger.rows import Row, clean
from fairlead.ledger.tally import Group, Tally

__all__ = ["PIECE", "SumTable"]

PIECE = 1000
"""Records summed at once by `catch_up`: some 15 ms in which others wait for the write lock."""

HELD = 2000
"""Records that a process may hold summed in memory: so many a reader reads one by one at most."""

_MOST_GROUPS = 50_000
_SIZES = (32, 8, 1)


class SumTable:
    """Writes sums over `db`, always within the caller's transaction.

    When that is taken back, `forget` has to be called.
    """

    def __init__(self, db: sqlite3.Connection, sql: Statements) -> None:
        self._db = db
        self._sql = sql
        self._numbers: dict[Group, int] = {}
        self._tally = Tally()  # of the records after `_start` up to `_end`
        self._start = self._end = 0

    def take(self, plain: list[Row], full: list[Row], last: int, summed: int, *, hold: bool) -> int:
        """Sum a batch that was inserted after row `last`, each row of it; `summed`: `upto` so far.

        `hold`: the sums may stay in memory for now. How many records are summed nowhere.
        """
        newest = last + len(plain) + len(full)
        summed = self.settle(summed, last)
        if summed != last:
            return newest - summed
        self._tally.add_plain(plain)
        self._tally.add_full(full)
        self._end = newest
        if not hold or newest - self._start >= HELD:
            self._write()
        return 0

    def settle(self, summed: int, newest: int = -1) -> int:
        """Write what is held, unless it is still to grow: `newest` is the last record of it.

        Up to which record sums are held or written then, without a gap.
        """
        if self._start != summed:  # somebody else has summed it meanwhile
            self._tally = Tally()
            self._start = self._end = summed
        if self._end not in {summed, newest}:
            self._write()
        return self._end

    def catch_up(self, summed: int, newest: int, piece: int = PIECE) -> int:
        """Write what is held, then sum the oldest records that are not, at most `piece`.

        `newest` is the last record. Up to which one the sums reach.
        """
        summed = self.settle(summed)
        if summed == newest:
            return summed
        found = self._db.execute(self._sql["unsummed"], (summed, piece)).fetchall()
        self._tally.add_parts(found)
        self._end = found[-1][0] if len(found) == piece else newest
        self._write()
        return self._end

    def forget(self) -> None:
        """The transaction was taken back: what was summed or numbered in it does not hold."""
        self._numbers.clear()
        self._start = self._end = -1

    def _write(self) -> None:
        rows = [
            (step, number, self._number(group), *counts)
            for step, number, group, counts in self._tally.steps()
        ]
        start = 0
        for size in _SIZES:
            while len(rows) - start >= size:
                values = list(chain.from_iterable(rows[start : start + size]))
                self._execute(self._sql.rows("add_sums", size), values)
                start += size
        self._db.execute(self._sql["note_summed"], (self._end,))
        self._tally = Tally()
        self._start = self._end

    def _execute(self, sql: str, values: list[Any]) -> None:
        try:
            self._db.execute(sql, values)
        except OverflowError:  # a mad vendor's figures must not hold up the sums for ever
            self._db.execute(sql, clean(tuple(values)))

    def _number(self, group: Group) -> int:
        known = self._numbers.get(group)
        if known is None:
            self._db.execute(self._sql["add_sum_group"], group)
            if len(self._numbers) >= _MOST_GROUPS:
                self._numbers.clear()
            found: tuple[int] = self._db.execute(self._sql["sum_group"], group).fetchone()
            known = self._numbers[group] = found[0]
        return known
