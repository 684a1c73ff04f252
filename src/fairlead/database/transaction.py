"""A transaction of a connection that commits nothing by itself (`isolation_level = None`)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["transaction"]


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction that is committed unless an error ends it. The write lock is taken at once, so
    that it never fails half-way for want of it, and before what decides the write is read.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
