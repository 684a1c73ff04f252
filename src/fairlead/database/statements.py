"""A room's SQL: named, commented statements in a file beside the room's code, loaded once.

A statement begins at a line `-- name --`; comment lines below it say what it is for. A statement
may hold several commands (a migration): `commands` takes them apart. `{name}` in a statement stands
for the text of another one above it: a list of columns that several have.
"""

import re
import sqlite3
from collections.abc import Iterator
from importlib import resources

__all__ = ["Statements"]

_NAME = re.compile(r"^-- ([a-z0-9_]+) --$", re.MULTILINE)
_PIECE = re.compile(r"\{([a-z0-9_]+)\}")
_VALUES = re.compile(r"VALUES (\([^)]*\))")


class Statements:
    """Statements by name: `statements["usage"]`. An unknown name is a KeyError."""

    def __init__(self, text: str) -> None:
        _, *pieces = _NAME.split(text)
        self._named = {
            name: body.strip() for name, body in zip(pieces[::2], pieces[1::2], strict=True)
        }
        self._bare: dict[str, str] = {}
        for name, body in self._named.items():
            self._bare[name] = _PIECE.sub(lambda m: self._bare[m[1]], _uncommented(body))
        self._repeated: dict[tuple[str, int], str] = {}

    @classmethod
    def read(cls, package: str, file: str = "statements.sql") -> "Statements":
        """Those of a file of a package."""
        return cls(resources.files(package).joinpath(file).read_text(encoding="utf-8"))

    def __getitem__(self, name: str) -> str:
        return self._bare[name]

    def names(self) -> tuple[str, ...]:
        """All names, in the file's order."""
        return tuple(self._named)

    def told(self, name: str) -> str:
        """A statement as it stands in the file, with its comments."""
        return self._named[name]

    def rows(self, name: str, count: int) -> str:
        """The statement `name` with its VALUES group repeated for `count` rows."""
        if (text := self._repeated.get((name, count))) is None:
            text = _VALUES.sub(lambda m: "VALUES " + ", ".join([m[1]] * count), self._bare[name])
            self._repeated[name, count] = text
        return text

    def commands(self, name: str) -> Iterator[str]:
        """The single commands of a statement, in order (a trigger's body is not cut)."""
        held = ""
        for piece in re.split(r"(?<=;)", self._bare[name]):
            held += piece
            if sqlite3.complete_statement(held):
                yield held.strip()
                held = ""

    def migrations(self) -> list[tuple[int, str]]:
        """Version and name of each migration, oldest first."""
        found = (re.fullmatch(r"migration_(\d+)_.*", name) for name in self._named)
        return sorted((int(m[1]), m[0]) for m in found if m)


def _uncommented(body: str) -> str:
    lines = (line for line in body.splitlines() if not line.startswith("--"))
    return "\n".join(lines).strip()
