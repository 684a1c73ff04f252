"""A SQLite file, made for its owner alone, and a connection to it."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["connect", "make_private"]


def make_private(path: Path) -> None:
    """Make the file where it is not there yet, before SQLite does, so that only the owner may read
    it (WAL and shared-memory files take the database's permissions).

    Closing a descriptor of a database drops the locks that this process holds on it (SQLite's "How
    To Corrupt", 2.2), so only a file that is not there yet is opened here.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def connect(path: Path, patience: float) -> sqlite3.Connection:
    """A connection that any one thread at a time may use, which begins no transaction by itself and
    waits `patience` seconds for another process to let go of the file.

    With WAL and `synchronous = NORMAL` a commit survives any end of the process; a power cut may
    take the last ones, never the soundness of the file.

    Raises:
        sqlite3.Error, OSError: the file cannot be opened, or is none of SQLite's.
    """
    make_private(path)
    db = sqlite3.connect(
        path,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
    )
    try:
        _use_wal(db, patience)
        db.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        db.close()
        raise
    return db


def _use_wal(db: sqlite3.Connection, patience: float) -> None:
    """Switch to WAL. The switch does not wait for a lock by itself, so two starts may collide."""
    deadline = time.monotonic() + patience
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
