"""A room's tables brought to their newest form, in a file that other rooms' tables may lie in too.

Migrations are statements named `migration_N_what`. Each is applied once, in their order, and noted
in the same transaction.
"""

import sqlite3
from functools import lru_cache

from fairlead.database.statements import Statements
from fairlead.database.transaction import transaction

__all__ = ["migrate", "version"]


def version(db: sqlite3.Connection, room: str) -> int:
    """The newest migration of a room's tables that the file has had; 0 for a fresh file."""
    found: int = db.execute(_sql()["version"], (room,)).fetchone()[0]
    return found


def migrate(
    db: sqlite3.Connection,
    room: str,
    statements: Statements,
    now: float,
    *,
    newer_is_well: bool = False,
    upto: int | None = None,
) -> None:
    """Apply what is missing, up to the version `upto` (None: the newest).

    Raises:
        sqlite3.Error: the file cannot be changed, or (unless `newer_is_well`) its tables are of a
            newer Fairlead's form.
    """
    sql = _sql()
    db.execute(sql["table"])
    known = statements.migrations()[:upto]
    newest = known[-1][0]
    found = version(db, room)
    if found > newest and not newer_is_well:
        raise sqlite3.DatabaseError(
            f"it is of schema version {found}, newer than this Fairlead's {newest}"
        )
    if found >= newest:
        return
    with transaction(db):
        found = version(db, room)  # another process may have been quicker
        for number, name in known:
            if number > found:
                for command in statements.commands(name):
                    db.execute(command)
                db.execute(sql["note"], (room, number, name, now))


@lru_cache(maxsize=1)
def _sql() -> Statements:
    return Statements.read("fairlead.database", "migrations.sql")
