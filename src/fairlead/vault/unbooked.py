"""Batches that were made through the gateway and whose cost is in no ledger yet.

A list of things to do that processes share: whoever takes a batch from it has moved its next turn
to later in the same step, so that no other process looks at it at the same time, and one that dies
with it leaves it to whoever comes when that turn is due. Turns get rarer: each wait is as long
as all before it together, up to `LONGEST` first waits. With a first wait of 0 nothing is kept.

It is no one's property: a batch of a key that was revoked is billed all the same.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from fairlead.vault.drawer import Drawer, FileInTrouble
from fairlead.vault.statements import statements

__all__ = ["LONGEST", "Batch", "MemoryUnbooked", "SqliteUnbooked", "Unbooked"]

LONGEST: Final = 32
"""The longest wait between two looks, in first waits."""


class Batch(Struct, frozen=True):
    """A batch at a vendor. `upstream` is the configured name, `id` the vendor's, `scope` who made
    it, `mark` tells with which of the upstream's keys (`Secret.mark`; empty: not
    known). `created` is Unix seconds; `looks` counts the turns that it had.
    """

    upstream: str
    id: str
    scope: str
    mark: str
    created: float
    looks: int = 0


class Unbooked(Protocol):
    """The list. No call blocks the event loop, and none fails: what cannot be written is kept in
    memory.
    """

    async def put(self, batch: Batch) -> None:
        """The vendor has made it; its first turn is a first wait later."""
        ...

    async def take(self) -> Batch | None:
        """The batch whose turn is most overdue, None where none is."""
        ...

    async def hold(self, batch: Batch, seconds: float) -> None:
        """It is being read: its next turn is not before so many seconds."""
        ...

    async def done(self, batch: Batch) -> None:
        """There is nothing left to do for it."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class MemoryUnbooked:
    """An `Unbooked` in this process: after a restart nothing is known of any batch."""

    def __init__(self, first: float = 0.0, *, clock: Callable[[], float] = time.time) -> None:
        self._first = first
        self._clock = clock
        self._held: dict[tuple[str, str], tuple[Batch, float]] = {}

    async def put(self, batch: Batch) -> None:
        """The vendor has made it."""
        if self._first:
            due = batch.created + self._first
            self._held.setdefault((batch.upstream, batch.id), (batch, due))

    async def take(self) -> Batch | None:
        """The batch whose turn is most overdue."""
        now = self._clock()
        due = [(at, place) for place, (_, at) in self._held.items() if at <= now]
        if not due:
            return None
        place = min(due)[1]
        batch = self._held[place][0]
        taken = replace(batch, looks=batch.looks + 1)
        self._held[place] = (taken, now + self._first * min(2**batch.looks, LONGEST))
        return taken

    async def hold(self, batch: Batch, seconds: float) -> None:
        """It is being read."""
        place = (batch.upstream, batch.id)
        if place in self._held:
            held, at = self._held[place]
            self._held[place] = (held, max(at, self._clock() + seconds))

    async def done(self, batch: Batch) -> None:
        """There is nothing left to do for it."""
        self._held.pop((batch.upstream, batch.id), None)

    def close(self) -> None:
        """Nothing is held open."""


class SqliteUnbooked:
    """An `Unbooked` in the room's file `path`; processes share it. A batch takes some 150 bytes
    until it is booked.
    """

    def __init__(
        self, path: str | Path, first: float, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._first = first
        self._clock = clock
        self._drawer = Drawer(Path(path), "batches that are not booked yet")
        self._near = MemoryUnbooked(first, clock=clock)

    async def put(self, batch: Batch) -> None:
        """The vendor has made it."""
        if not self._first:
            return
        due = batch.created + self._first
        row = (batch.upstream, batch.id, batch.scope, batch.mark, batch.created, due)
        try:
            await self._drawer.work(lambda db: db.execute(statements()["unbooked_put"], row))
        except FileInTrouble:
            await self._near.put(batch)

    async def take(self) -> Batch | None:
        """The batch whose turn is most overdue, this process's own before those in the file."""
        near = await self._near.take()
        if near is not None:
            return near
        now = self._clock()
        asked = {"now": now, "first": self._first, "longest": LONGEST}
        try:
            rows = await self._drawer.work(
                lambda db: db.execute(statements()["unbooked_take"], asked).fetchall()
            )
        except FileInTrouble:
            return None
        return Batch(*rows[0]) if rows else None

    async def hold(self, batch: Batch, seconds: float) -> None:
        """It is being read."""
        await self._near.hold(batch, seconds)
        row = (self._clock() + seconds, batch.upstream, batch.id)
        try:
            await self._drawer.work(lambda db: db.execute(statements()["unbooked_hold"], row))
        except FileInTrouble:
            return

    async def done(self, batch: Batch) -> None:
        """There is nothing left to do for it."""
        await self._near.done(batch)
        row = (batch.upstream, batch.id)
        try:
            await self._drawer.work(lambda db: db.execute(statements()["unbooked_done"], row))
        except FileInTrouble:  # it is taken once more, and found to be booked
            return

    def close(self) -> None:
        """Let go of the file."""
        self._drawer.close()
