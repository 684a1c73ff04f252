"""Migrations: each once, in order, all or none; a newer file is known as one."""

import sqlite3
import stat
from pathlib import Path

import pytest

from fairlead.database.migrations import migrate, version
from fairlead.database.opening import connect
from fairlead.database.statements import Statements

FIRST = "-- migration_1_t --\nCREATE TABLE t (a);\n"
SECOND = FIRST + "-- migration_2_u --\nCREATE TABLE u (a);\nALTER TABLE t ADD COLUMN b;\n"
BROKEN = FIRST + "-- migration_2_u --\nCREATE TABLE u (a);\nALTER TABLE missing ADD COLUMN b;\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "file.db"


def test_each_is_applied_once_beside_another_rooms(path: Path) -> None:
    db = connect(path, 1.0)
    migrate(db, "one", Statements(FIRST), 1.0)
    migrate(db, "one", Statements(SECOND), 2.0)
    migrate(db, "one", Statements(SECOND), 3.0)
    assert (version(db, "one"), version(db, "two")) == (2, 0)
    noted = db.execute("SELECT room, version, name, applied_at FROM migrations").fetchall()
    assert noted == [("one", 1, "migration_1_t", 1.0), ("one", 2, "migration_2_u", 2.0)]
    db.close()


def test_one_that_fails_leaves_nothing(path: Path) -> None:
    db = connect(path, 1.0)
    migrate(db, "one", Statements(FIRST), 1.0)
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, "one", Statements(BROKEN), 2.0)
    assert version(db, "one") == 1
    tables = db.execute("SELECT name FROM sqlite_master WHERE name = 'u'").fetchall()
    assert tables == []
    db.close()


def test_a_newer_file_is_refused_unless_that_is_well(path: Path) -> None:
    db = connect(path, 1.0)
    migrate(db, "one", Statements(SECOND), 1.0)
    with pytest.raises(sqlite3.DatabaseError, match="schema version 2, newer than this"):
        migrate(db, "one", Statements(FIRST), 2.0)
    migrate(db, "one", Statements(FIRST), 2.0, newer_is_well=True)
    assert version(db, "one") == 2
    db.close()


def test_the_file_is_its_owners_alone(path: Path) -> None:
    connect(path, 1.0).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
