"""The room's SQLite file: opened, made private, brought to the newest form.

Signed thinking, stored responses and who owns what lie in one file of their own beside the
ledger's. With WAL and `synchronous = NORMAL` a commit survives any end of the process; a power cut
may take the last ones, never the soundness of the file. `secure_delete` overwrites what is deleted
with zeros: what a revoked key left is gone from the file, not only from its index.
"""

import sqlite3
import time
from pathlib import Path

from fairlead.database.migrations import migrate
from fairlead.database.opening import connect
from fairlead.vault.statements import statements

__all__ = ["open_database", "wipe_log"]

_PATIENCE = 2.0
"""Seconds for another process to let go of the file while it is opened."""


def open_database(path: Path, *, busy: float = 0.25) -> sqlite3.Connection:
    """A connection that any one thread at a time may use; it waits `busy` seconds for a lock.

    Raises:
        sqlite3.Error, OSError: the file cannot be opened, or is none of ours.
    """
    db = connect(path, _PATIENCE)
    try:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA recursive_triggers = ON")
        migrate(db, "vault", statements(), time.time())
        db.execute(f"PRAGMA busy_timeout = {int(busy * 1000)}")
    except BaseException:
        db.close()
        raise
    return db


def wipe_log(db: sqlite3.Connection) -> None:
    """Bring the write-ahead log into the file and cut it off: it still holds what was deleted."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
