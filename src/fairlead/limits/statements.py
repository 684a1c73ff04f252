"""The virtual keys' SQL, in `statements.sql`."""

from functools import lru_cache

from fairlead.database.statements import Statements

__all__ = ["statements"]


@lru_cache(maxsize=1)
def statements() -> Statements:
    """Loaded once."""
    return Statements.read("fairlead.limits")
