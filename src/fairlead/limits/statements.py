"""The virtual keys' SQL: named, commented statements in `statements.sql`, loaded once.

The ledger has the same few lines for its own file: two rooms on one floor share no code, and each
keeps its SQL where its tables are.
"""

import re
from functools import lru_cache
from importlib import resources

__all__ = ["commands", "statements"]

_NAME = re.compile(r"^-- ([a-z0-9_]+) --$", re.MULTILINE)


@lru_cache(maxsize=1)
def statements() -> dict[str, str]:
    """Statements by name, without their comments."""
    text = resources.files("fairlead.limits").joinpath("statements.sql").read_text("utf-8")
    _, *pieces = _NAME.split(text)
    return {
        name: "\n".join(line for line in body.splitlines() if not line.startswith("--")).strip()
        for name, body in zip(pieces[::2], pieces[1::2], strict=True)
    }


def commands(name: str) -> list[str]:
    """The single commands of a statement that holds several."""
    return [piece.strip() for piece in statements()[name].split(";") if piece.strip()]
