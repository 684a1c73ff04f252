import re
import sqlite3

import pytest

from fairlead.ledger.rows import RECORD_COLUMNS
from fairlead.ledger.statements import Statements

SQL = Statements.load()


def test_every_statement_says_what_it_is_for() -> None:
    plain = {"commit", "rollback"}  # their names say it all
    for name in set(SQL.names()) - plain:
        assert SQL._named[name].startswith("-- "), name


def test_names_are_unique() -> None:
    assert len(set(SQL.names())) == len(SQL.names()) > 10


def test_an_unknown_statement_is_an_error() -> None:
    with pytest.raises(KeyError):
        SQL["drop_everything"]


def test_migrations_apply_in_order_and_hold_whole_triggers() -> None:
    db = sqlite3.connect(":memory:")
    for _, name in SQL.migrations():
        for command in SQL.commands(name):
            db.execute(command)
    triggers = db.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone()
    assert triggers == (4,)
    db.close()


@pytest.mark.parametrize("name", ["insert_records", "show_record", "tail"])
def test_columns_stand_in_one_order(name: str) -> None:
    listed = re.search(r"(?:records \(|SELECT)\s+(.*?)\s+(?:\)|FROM)", SQL[name], re.DOTALL)
    assert listed
    assert tuple(listed[1].replace("\n", " ").replace(" ", "").split(",")) == RECORD_COLUMNS


def test_rows_repeats_the_values() -> None:
    text = SQL.rows("insert_records", 3)
    assert text.count("?") == 3 * len(RECORD_COLUMNS)
    assert text.count("VALUES") == 1
    assert SQL.rows("insert_accepted", 1) == SQL["insert_accepted"].replace("\nVALUES", "\nVALUES")
