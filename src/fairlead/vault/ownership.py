"""Who owns what vendors keep: files, batches, cached contents.

Behind one gateway all virtual keys share one account at the vendor, where every file of the account
can be read by its id, and lists name all of them. So what a key made through a pass-through
endpoint is noted, and everything else is refused: an id that this key did not make is not found,
whether it exists or not.

An object is noted when the vendor has said that it made it. A vendor that takes names from clients
(Gemini's `files/<name>`) refuses one that is in use, so whoever makes an object under a name owns
it from then on.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fairlead.canon import Problem
from fairlead.vault.drawer import Drawer, FileInTrouble
from fairlead.vault.statements import statements

__all__ = ["MemoryOwnership", "Ownership", "SqliteOwnership", "not_yours"]


class Ownership(Protocol):
    """Whose a vendor's object is. `upstream` is the configured name, `kind` a plain word (`files`,
    `batches`, `cachedContents`), `id_` the vendor's id. Beside these two kinds are notes about an
    object: `batch_outputs` (this file holds a batch's answers) and `booked` (what the answers of
    this batch or file cost is in the ledger).

    No call blocks the event loop. What cannot be read for now is a Failure (`overloaded`).
    """

    async def put(self, scope: str, upstream: str, kind: str, id_: str) -> None:
        """The vendor has made it for this scope."""
        ...

    async def owns(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """Whether it is the scope's. False for what nobody is known to own."""
        ...

    async def others(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """Whether it is known to be another scope's. False for what nobody is known to own."""
        ...

    async def ids(self, scope: str, upstream: str, kind: str) -> list[str]:
        """All of one kind that the scope owns, oldest first: what a list may name."""
        ...

    async def once(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """Note it if nobody has; True for whoever came first, among all processes. Never fails."""
        ...

    async def delete(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """The vendor has deleted it; whether it was the scope's."""
        ...

    async def forget(self, scope: str) -> None:
        """The key was revoked: nothing is its any more, and nothing will be."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


def not_yours(kind: str, id_: str) -> Problem:
    """The answer for an id that the key does not own: the same as for one that does not exist."""
    return Problem(
        "not_found",
        f"there is no '{id_[:200]}' among the {kind} of this key",
        hint="a key sees what was made with it; what was made at the vendor directly, or with"
        " another key, is not found here",
    )


class MemoryOwnership:
    """An `Ownership` in this process: after a restart nothing is anybody's."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str, str], str] = {}
        self._forgotten: set[str] = set()

    async def put(self, scope: str, upstream: str, kind: str, id_: str) -> None:
        """The vendor has made it for this scope."""
        if scope not in self._forgotten:
            self._held.pop((upstream, kind, id_), None)
            self._held[upstream, kind, id_] = scope

    async def owns(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """Whether it is the scope's."""
        return self._held.get((upstream, kind, id_)) == scope

    async def others(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """Whether it is known to be another scope's."""
        return self._held.get((upstream, kind, id_), scope) != scope

    async def ids(self, scope: str, upstream: str, kind: str) -> list[str]:
        """All of one kind that the scope owns, oldest first."""
        wanted = (upstream, kind)
        return [p[2] for p, owner in self._held.items() if owner == scope and p[:2] == wanted]

    async def once(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """Note it if nobody has; True for whoever came first."""
        place = (upstream, kind, id_)
        first = place not in self._held
        self._held.setdefault(place, scope)
        return first

    async def delete(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """The vendor has deleted it; whether it was the scope's."""
        if not await self.owns(scope, upstream, kind, id_):
            return False
        del self._held[upstream, kind, id_]
        return True

    async def forget(self, scope: str) -> None:
        """Nothing is its any more, and nothing will be."""
        self._forgotten.add(scope)
        self._held = {place: owner for place, owner in self._held.items() if owner != scope}

    def close(self) -> None:
        """Nothing is held open."""


class SqliteOwnership:
    """An `Ownership` in the room's file `path`; processes share it. An entry takes some 150 bytes
    and goes when the object is deleted through the gateway or its key is revoked.

    What cannot be written is noted in memory, until this process ends.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._drawer = Drawer(Path(path), "the owners of files and batches")
        self._near = MemoryOwnership()
        self._forgotten: set[str] = set()

    async def put(self, scope: str, upstream: str, kind: str, id_: str) -> None:
        """The vendor has made it for this scope."""
        if scope in self._forgotten:
            return
        row = (upstream, kind, id_, scope, self._clock())
        try:
            await self._drawer.work(lambda db: db.execute(statements()["owned_put"], row).rowcount)
        except FileInTrouble:
            await self._near.put(scope, upstream, kind, id_)

    async def owns(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """Whether it is the scope's.

        Raises:
            Failure: the file cannot be read (`overloaded`).
        """
        if scope in self._forgotten:
            return False
        if await self._near.owns(scope, upstream, kind, id_):
            return True
        place = (upstream, kind, id_)
        row = await self._drawer.read(
            lambda db: db.execute(statements()["owned_get"], place).fetchone()
        )
        return row is not None and row[0] == scope

    async def others(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """Whether it is known to be another scope's.

        Raises:
            Failure: the file cannot be read (`overloaded`).
        """
        if await self._near.others(scope, upstream, kind, id_):
            return True
        place = (upstream, kind, id_)
        row = await self._drawer.read(
            lambda db: db.execute(statements()["owned_get"], place).fetchone()
        )
        return row is not None and row[0] != scope

    async def ids(self, scope: str, upstream: str, kind: str) -> list[str]:
        """All of one kind that the scope owns, oldest first.

        Raises:
            Failure: the file cannot be read (`overloaded`).
        """
        if scope in self._forgotten:
            return []
        place = (scope, upstream, kind)
        rows = await self._drawer.read(
            lambda db: db.execute(statements()["owned_ids"], place).fetchall()
        )
        near = await self._near.ids(scope, upstream, kind)
        return list(dict.fromkeys([*(row[0] for row in rows), *near]))

    async def once(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """Note it if nobody has; True for whoever came first, among all processes."""
        if await self._near.owns(scope, upstream, kind, id_):
            return False
        row = (upstream, kind, id_, scope, self._clock())
        try:
            return await self._drawer.work(
                lambda db: db.execute(statements()["owned_once"], row).rowcount > 0
            )
        except FileInTrouble:
            return await self._near.once(scope, upstream, kind, id_)

    async def delete(self, scope: str, upstream: str, kind: str, id_: str) -> bool:
        """The vendor has deleted it; whether it was the scope's.

        Raises:
            Failure: the file cannot be written (`overloaded`).
        """
        near = await self._near.delete(scope, upstream, kind, id_)
        place = (upstream, kind, id_, scope)
        count = await self._drawer.read(
            lambda db: db.execute(statements()["owned_delete"], place).rowcount
        )
        return near or count > 0

    async def forget(self, scope: str) -> None:
        """Nothing is its any more, and nothing will be."""
        self._forgotten.add(scope)
        await self._near.forget(scope)
        try:
            await self._drawer.work(
                lambda db: db.execute(statements()["owned_forget"], (scope,)).rowcount
            )
        except FileInTrouble:
            return

    def close(self) -> None:
        """Let go of the file."""
        self._drawer.close()
