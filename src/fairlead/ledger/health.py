"""How the ledger's writer is doing, and the room's one error."""

from msgspec import Struct

from fairlead.canon import FairleadError

__all__ = ["Health", "LedgerError"]


class LedgerError(FairleadError):
    """The ledger cannot be opened or read. `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Health(Struct, frozen=True):
    """Counts since the ledger was opened.

    `ok` is False while the last write failed, a spill file waits, or something was lost. `waiting`
    entries are in memory; `written` are in the database; `spilled` went to `spill_path` and have
    not been read back; `lost` could be written nowhere. `errors` counts failed attempts,
    `last_error` says what the last one was (kept after recovery).
    """

    ok: bool
    waiting: int = 0
    written: int = 0
    errors: int = 0
    last_error: str | None = None
    spilled: int = 0
    lost: int = 0
    spill_path: str | None = None
