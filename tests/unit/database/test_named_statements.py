"""Statements by name: taken apart, put together, and never half there."""

import pytest

from fairlead.database.statements import Statements

SQL = Statements("""-- What the file is for.

-- columns --
-- That several have.
a, b

-- read --
-- One row.
SELECT {columns} FROM t
WHERE a = ?;

-- put --
-- One row.
INSERT INTO t ({columns}) VALUES (?, ?);

-- migration_2_index --
-- The second.
CREATE INDEX i ON t (a);

-- migration_1_table --
-- The first.
CREATE TABLE t (a, b);
CREATE TRIGGER keep BEFORE DELETE ON t
BEGIN SELECT RAISE(ABORT, 'keep'); END;
""")


def test_a_statement_has_its_pieces_and_no_comments() -> None:
    assert SQL["read"] == "SELECT a, b FROM t\nWHERE a = ?;"
    assert SQL.told("read").startswith("-- One row.")


def test_a_piece_that_is_not_above_is_an_error() -> None:
    with pytest.raises(KeyError):
        Statements("-- one --\nSELECT {two};\n-- two --\na")


def test_rows_and_commands_and_migrations() -> None:
    assert SQL.rows("put", 2) == "INSERT INTO t (a, b) VALUES (?, ?), (?, ?);"
    assert [each.split()[1] for each in SQL.commands("migration_1_table")] == ["TABLE", "TRIGGER"]
    assert SQL.migrations() == [(1, "migration_1_table"), (2, "migration_2_index")]
