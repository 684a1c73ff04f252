"""The room's SQL: named, commented statements in `statements.sql`, loaded once.

The ledger and the virtual keys have the same few lines: rooms on one floor share no code, and each
keeps its SQL where its tables are.
"""

import re
import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

__all__ = ["commands", "migrations", "rows", "statements"]

_NAME = re.compile(r"^-- ([a-z0-9_]+) --$", re.MULTILINE)
_VALUES = re.compile(r"VALUES (\([^)]*\))")


@lru_cache(maxsize=1)
def statements() -> dict[str, str]:
    """Statements by name, without their comments."""
    text = resources.files("fairlead.vault").joinpath("statements.sql").read_text("utf-8")
    _, *pieces = _NAME.split(text)
    return {
        name: "\n".join(line for line in body.splitlines() if not line.startswith("--")).strip()
        for name, body in zip(pieces[::2], pieces[1::2], strict=True)
    }


@lru_cache(maxsize=64)
def rows(name: str, count: int) -> str:
    """The statement `name` with its VALUES group repeated for `count` rows."""
    return _VALUES.sub(lambda m: "VALUES " + ", ".join([m[1]] * count), statements()[name])


def commands(name: str) -> Iterator[str]:
    """The single commands of a statement, in order (a trigger's body is not cut)."""
    held = ""
    for piece in re.split(r"(?<=;)", statements()[name]):
        held += piece
        if sqlite3.complete_statement(held):
            yield held.strip()
            held = ""


def migrations() -> list[tuple[int, str]]:
    """Version and name of each migration, oldest first."""
    found = (re.fullmatch(r"migration_(\d+)_.*", name) for name in statements())
    return sorted((int(m[1]), m[0]) for m in found if m)
