"""What is kept for conversations, by the settings of `[vault]`: opened, wiped and closed together.

In memory or in one SQLite file: signed thinking, answers of the Responses API, who owns which
file or batch, and which batches are not booked yet. What a key left is wiped when it is revoked, by
whichever process; on every start once more, for keys that were revoked while nothing ran. Batches
stay on the list, as the vendor bills them all the same.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from fairlead.server.compile import database_path
from fairlead.server.settings import Settings
from fairlead.vault.memory import MemoryVault
from fairlead.vault.ownership import MemoryOwnership, Ownership, SqliteOwnership
from fairlead.vault.responses import MemoryResponses, ResponseStore
from fairlead.vault.sqlite import SqliteVault
from fairlead.vault.sqlite_responses import SqliteResponses
from fairlead.vault.unbooked import MemoryUnbooked, SqliteUnbooked, Unbooked
from fairlead.vault.vault import Vault

__all__ = ["Keeping", "vault_path"]

IN_MEMORY = 256 * 1024 * 1024
"""The most bytes of stored answers that a process holds without a file."""


def vault_path(settings: Settings) -> Path:
    """Where the file is."""
    named = settings.vault.path
    return Path(named) if named else database_path(settings).with_name("vault.db")


class Keeping:
    """The four stores. Opening takes at most a few seconds and never fails: see each of them."""

    def __init__(self, settings: Settings) -> None:
        vault = settings.vault
        self._forgotten: set[str] = set()
        self.vault: Vault
        self.responses: ResponseStore
        self.ownership: Ownership
        self.unbooked: Unbooked
        first = settings.ledger.batch_seconds
        if vault.store == "memory":
            self.vault = MemoryVault(vault.max_bytes, vault.max_age)
            self.responses = MemoryResponses(
                max_bytes=min(vault.responses_max_bytes, IN_MEMORY),
                max_age=vault.responses_max_age,
            )
            self.ownership = MemoryOwnership()
            self.unbooked = MemoryUnbooked(first)
            return
        path = vault_path(settings)
        self.vault = SqliteVault(
            path,
            max_bytes=vault.max_bytes,
            max_age=vault.max_age,
            max_disk_bytes=vault.max_disk_bytes,
        )
        self.responses = SqliteResponses(
            path, max_bytes=vault.responses_max_bytes, max_age=vault.responses_max_age
        )
        self.ownership = SqliteOwnership(path)
        self.unbooked = SqliteUnbooked(path, first)

    async def forget(self, revoked: Iterable[str]) -> None:
        """Wipe what these keys left; cheap for keys that it was told of before."""
        for scope in set(revoked) - self._forgotten:
            self._forgotten.add(scope)
            self.vault.forget(scope)
            await self.responses.forget(scope)
            await self.ownership.forget(scope)

    async def close(self) -> None:
        """Write out what waits, and let go of the file."""
        for store in (self.vault, self.responses, self.ownership, self.unbooked):
            await asyncio.to_thread(store.close)
