"""Stored answers in the room's SQLite file.

What cannot be written is stored in memory, and found there until this process ends: a conversation
that goes on meanwhile does not break. What cannot be read for now is an error that says so, and no
"not found".
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Raw

from fairlead.database.transaction import transaction
from fairlead.vault.database import wipe_log
from fairlead.vault.drawer import Drawer, FileInTrouble
from fairlead.vault.responses import (
    MAX_AGE,
    MAX_BYTES,
    MemoryResponses,
    Stored,
    items_of,
    stored_size,
    walk,
)
from fairlead.vault.statements import statements

__all__ = ["SqliteResponses"]

_DROP = 16


class SqliteResponses:
    """A `ResponseStore` in the file `path`; processes share it. `clock` gives Unix seconds."""

    def __init__(
        self,
        path: str | Path,
        *,
        max_bytes: int = MAX_BYTES,
        max_age: float = MAX_AGE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._clock = clock
        self._drawer = Drawer(Path(path), "stored responses")
        self._forgotten: set[str] = set()
        self._near = MemoryResponses(
            max_bytes=min(max_bytes, 1 << 26), max_age=max_age, clock=clock
        )

    async def put(self, scope: str, id_: str, stored: Stored) -> None:
        """Store an answer. One that is there already stays as it is."""
        if scope in self._forgotten:
            return
        size = stored_size(scope, id_, stored)
        if size > self._max_bytes:
            return
        before = self._clock() - self._max_age
        row = (
            scope, id_, stored.previous_id, stored.model, stored.upstream, stored.created, size,
            stored.body, stored.items,
        )  # fmt: skip

        def job(db: sqlite3.Connection) -> None:
            sql = statements()
            with transaction(db):
                db.execute(sql["responses_expire"], (before,))
                db.execute(sql["responses_put"], row)
                self._make_room(db)

        try:
            await self._drawer.work(job)
        except FileInTrouble:
            await self._near.put(scope, id_, stored)

    async def get(self, scope: str, id_: str) -> Stored | None:
        """The answer, None if the scope has none of that id, or no longer.

        Raises:
            Failure: the file cannot be read (`overloaded`).
        """
        near = self._near.look(scope, id_)
        if near is not None or scope in self._forgotten:
            return near
        return await self._drawer.read(lambda db: self._look(db, scope, id_))

    async def delete(self, scope: str, id_: str) -> bool:
        """Delete an answer; whether it was there."""
        near = await self._near.delete(scope, id_)

        def job(db: sqlite3.Connection) -> bool:
            gone = db.execute(statements()["responses_delete"], (scope, id_)).rowcount > 0
            if gone:
                wipe_log(db)
            return gone

        return await self._drawer.read(job) or near

    async def history(self, scope: str, id_: str) -> list[Raw]:
        """All items up to the answer `id_` and with it, oldest first.

        Raises:
            Failure: a link of the chain is missing, the chain is too long, or the file cannot be
                read (`overloaded`).
        """
        near = {} if scope in self._forgotten else self._near.all_of(scope)

        def job(db: sqlite3.Connection) -> list[Raw]:
            return items_of(walk(id_, lambda link: near.get(link) or self._look(db, scope, link)))

        return await self._drawer.read(job)

    async def forget(self, scope: str) -> None:
        """Delete all that the scope stored, and take no more from it."""
        self._forgotten.add(scope)
        await self._near.forget(scope)

        def job(db: sqlite3.Connection) -> None:
            if db.execute(statements()["responses_forget"], (scope,)).rowcount:
                wipe_log(db)

        try:
            await self._drawer.work(job)
        except FileInTrouble:
            return

    def close(self) -> None:
        """Let go of the file."""
        self._drawer.close()

    def _look(self, db: sqlite3.Connection, scope: str, id_: str) -> Stored | None:
        after = self._clock() - self._max_age
        row = db.execute(statements()["responses_get"], (scope, id_, after)).fetchone()
        if row is None or scope in self._forgotten:
            return None
        body, items, previous_id, model, upstream, created = row
        return Stored(
            body=body,
            items=items,
            previous_id=previous_id,
            model=model,
            upstream=upstream,
            created=created,
        )

    def _make_room(self, db: sqlite3.Connection) -> None:
        sql = statements()
        _, size = db.execute(sql["responses_total"]).fetchone()
        while size > self._max_bytes:
            oldest = db.execute(sql["responses_oldest"], (_DROP,)).fetchall()
            if not oldest:
                return
            for seq, bytes_ in oldest:
                if size <= self._max_bytes:
                    return
                db.execute(sql["responses_drop"], (seq,))
                size -= bytes_
