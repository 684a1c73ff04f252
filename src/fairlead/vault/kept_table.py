"""The table of signed parts: writing in batches, reading one entry, keeping the bounds.

A batch is written with few long statements instead of many short ones: each statement lets go of
the interpreter's lock and must win it back from a busy event loop (see `ledger/store.py`).
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from fairlead.database.transaction import transaction
from fairlead.vault.database import open_database, wipe_log
from fairlead.vault.memory import entry_size
from fairlead.vault.statements import statements

__all__ = ["KeptTable", "Place", "Put", "new_writer"]

Place = tuple[str, str]
"""A scope and a key."""

Put = tuple[bytes | None, float]
"""Parts and when they were put; None: what was there must go."""

_SIZES = (32, 8, 4, 2, 1)
_FETCH = 1000
_DROP = 64


class KeptTable:
    """One connection to the table, for one thread at a time. All calls may raise sqlite3.Error."""

    def __init__(self, path: Path, writer: int, *, busy: float = 0.25) -> None:
        self._db = open_database(path, busy=busy)
        self._sql = statements()
        self._writer = writer
        self._version: int | None = None
        self.seen = 0

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def write(
        self,
        puts: Mapping[Place, Put],
        touches: Mapping[Place, float],
        forgets: Iterable[str],
    ) -> None:
        """One transaction: what was put, what was used (Unix seconds), whose all must go."""
        forgets = tuple(forgets)
        gone = [place for place, (parts, _) in puts.items() if parts is None]
        with transaction(self._db):
            self._each(
                "kept_put",
                [
                    (scope, key, parts, entry_size(scope, key, parts), at, self._writer)
                    for (scope, key), (parts, at) in puts.items()
                    if parts is not None
                ],
            )
            self._each("kept_touch", [(*place, at) for place, at in touches.items()])
            for place in gone:
                self._db.execute(self._sql["kept_remove"], place)
            for scope in forgets:
                self._db.execute(self._sql["kept_forget"], (scope,))
        if forgets:
            wipe_log(self._db)

    def get(self, place: Place, after: float) -> tuple[bytes, float] | None:
        """The parts and their last use, unless that was at `after` or before."""
        found: tuple[bytes, float] | None = self._db.execute(
            self._sql["kept_get"], (*place, after)
        ).fetchone()
        return found

    def prune(self, before: float, max_bytes: int, max_entries: int) -> int:
        """Drop what was last used at `before` or earlier, then the longest unused until the bounds
        hold; how many entries stay.
        """
        with transaction(self._db):
            self._db.execute(self._sql["kept_expire"], (before,))
            entries, size = self._total()
            while entries > max_entries or size > max_bytes:
                oldest = self._db.execute(self._sql["kept_oldest"], (_DROP,)).fetchall()
                if not oldest:
                    break
                for seq, bytes_ in oldest:
                    if entries <= max_entries and size <= max_bytes:
                        break
                    self._db.execute(self._sql["kept_drop"], (seq,))
                    entries, size = entries - 1, size - bytes_
        return entries

    def over(self, max_bytes: int, max_entries: int) -> bool:
        """Whether there is more than the bounds allow. Cheap."""
        entries, size = self._total()
        return entries > max_entries or size > max_bytes

    def names(self) -> Iterator[Place]:
        """The places of all entries; from here on `others` tells what is new."""
        self.seen = self._db.execute(self._sql["kept_newest"]).fetchone()[0]
        found = self._db.execute(self._sql["kept_names"])
        while some := found.fetchmany(_FETCH):
            yield from some

    def rewind(self, seen: int) -> None:
        """Let `others` tell again what came after `seen`."""
        self.seen, self._version = min(self.seen, seen), None

    def others(self) -> list[Place]:
        """Places that other processes have put since the last call; some 3 us if there are none."""
        version = self._db.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return []
        self._version = version
        found = self._db.execute(self._sql["kept_of_others"], (self.seen, self._writer)).fetchall()
        if found:
            self.seen = found[-1][0]
        return [(scope, key) for _, scope, key in found]

    def _total(self) -> tuple[int, int]:
        entries, size = self._db.execute(self._sql["kept_total"]).fetchone()
        return entries, size

    def _each(self, name: str, values: list[tuple[object, ...]]) -> None:
        start = 0
        for size in _SIZES:
            while len(values) - start >= size:
                flat = list(chain.from_iterable(values[start : start + size]))
                self._db.execute(self._sql.rows(name, size), flat)
                start += size


def new_writer() -> int:
    """A number that tells this process's entries from others'."""
    return secrets.randbits(62)
