"""The room's SQLite file: opened, made private, brought to the newest form.

Signed thinking, stored responses and who owns what lie in one file of their own beside the
ledger's. With WAL and `synchronous = NORMAL` a commit survives any end of the process; a power cut
may take the last ones, never the soundness of the file. `secure_delete` overwrites what is deleted
with zeros: what a revoked key left is gone from the file, not only from its index.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fairlead.vault.statements import commands, migrations, statements

__all__ = ["open_database", "transaction", "wipe_log"]

_PATIENCE = 2.0
"""Seconds for another process to let go of the file while it is opened."""


def open_database(path: Path, *, busy: float = 0.25) -> sqlite3.Connection:
    """A connection that any one thread at a time may use; it waits `busy` seconds for a lock.

    Raises:
        sqlite3.Error, OSError: the file cannot be opened, or is none of ours.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made before SQLite does, so that only the owner may read what was thought (WAL and
    # shared-memory files take the database's permissions). Closing a descriptor of a database drops
    # the locks that this process holds on it (SQLite's "How To Corrupt", 2.2), so only a file that
    # is not there yet is opened here.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    db = sqlite3.connect(
        path,
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
    )
    try:
        _use_wal(db)
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA recursive_triggers = ON")
        _migrate(db)
        db.execute(f"PRAGMA busy_timeout = {int(busy * 1000)}")
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction that is committed unless an error ends it."""
    db.execute(statements()["begin"])
    try:
        yield
        db.commit()
    except BaseException:
        if db.in_transaction:
            db.rollback()
        raise


def wipe_log(db: sqlite3.Connection) -> None:
    """Bring the write-ahead log into the file and cut it off: it still holds what was deleted."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL. The switch does not wait for a lock by itself, so two starts may collide."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _migrate(db: sqlite3.Connection) -> None:
    sql = statements()
    db.execute(sql["migrations_table"])
    known = migrations()
    newest = known[-1][0]
    if (version := _version(db)) > newest:
        raise sqlite3.DatabaseError(
            f"it is of schema version {version}, newer than this Fairlead's {newest}"
        )
    if version == newest:
        return
    with transaction(db):
        version = _version(db)  # another process may have been quicker
        for number, name in known:
            if number > version:
                for command in commands(name):
                    db.execute(command)
                db.execute(sql["note_migration"], (number, name, time.time()))


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute(statements()["schema_version"]).fetchone()[0]
    return version
