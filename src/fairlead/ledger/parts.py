"""Questions to the hourly and daily sums, and to the records where the sums do not reach."""

import sqlite3
from collections.abc import Mapping

from fairlead.ledger.statements import statements

__all__ = ["over_parts"]


def over_parts(db: sqlite3.Connection, name: str, asked: Mapping[str, object]) -> list[sqlite3.Row]:
    """The rows of the statement `name`, which reads from `parts`; once for a connection.

    `asked` has the statement's parameters and those of a `Span`. All is read in one transaction, so
    that no group can be new between the two steps.
    """
    sql = statements()
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("BEGIN")
    db.execute(sql["classes_table"])
    db.execute(sql[f"{name}_classes"], asked)
    return db.execute(f"{sql['parts']}\n{sql[name]}", asked).fetchall()
