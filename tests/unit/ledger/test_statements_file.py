import re
import sqlite3

import pytest

from fairlead.ledger.rows import PLAIN_COLUMNS, RECORD_COLUMNS
from fairlead.ledger.statements import statements

SQL = statements()


def test_every_statement_says_what_it_is_for() -> None:
    for name in SQL.names():
        assert SQL.told(name).startswith("-- "), name


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
    assert triggers == (9,)
    db.close()


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("insert_plain", ("seq", *PLAIN_COLUMNS)),
        ("insert_full", ("seq", *RECORD_COLUMNS)),
        ("show_record", RECORD_COLUMNS),
        ("attempts_of", RECORD_COLUMNS),
        ("tail", RECORD_COLUMNS),
    ],
)
def test_columns_stand_in_one_order(name: str, columns: tuple[str, ...]) -> None:
    listed = re.search(r"(?:records \(|SELECT)\s+(.*?)\s+(?:\)|FROM)", SQL[name], re.DOTALL)
    assert listed
    assert tuple(listed[1].replace("\n", " ").replace(" ", "").split(",")) == columns


@pytest.mark.parametrize("name", ["insert_plain", "insert_full"])
def test_rows_repeats_the_values(name: str) -> None:
    text = SQL.rows(name, 3)
    assert text.count("?") == 3 * SQL[name].count("?")
    assert text.count("VALUES") == 1
    assert SQL.rows(name, 3) == text
    assert SQL.rows("insert_accepted", 1) == SQL["insert_accepted"]
