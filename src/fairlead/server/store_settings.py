"""The settings of what is kept on disk, `[ledger]` and `[vault]` (see `server.settings`)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = [
    "LedgerSettings",
    "VaultSettings",
]


class LedgerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger and the virtual keys: one SQLite file."""

    path: Annotated[
        str,
        Meta(
            description="SQLite file of the ledger and the virtual keys. Empty: `fairlead.db` in"
            " `$XDG_DATA_HOME/fairlead` (`~/.local/share/fairlead`)."
        ),
    ] = ""
    batch_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            description="Seconds until the gateway looks by itself at a batch that was made through"
            " it, so that it is booked although nobody fetches its results; each wait after that is"
            " as long as all before it together, up to 32 times the first. 0: never.",
        ),
    ] = 60.0


class VaultSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept for a conversation: signed thinking that a vendor needs back and the client's
    dialect cannot carry, answers of the Responses API, and who owns files and batches.
    docs/conversations.md tells more.
    """

    store: Annotated[
        Literal["sqlite", "memory"],
        Meta(
            description="`sqlite`: in a file, so that conversations survive a restart and processes"
            " of one machine share them. `memory`: in this process, nothing is written."
        ),
    ] = "sqlite"
    path: Annotated[
        str,
        Meta(description="The SQLite file. Empty: `vault.db` in the folder of the ledger's file."),
    ] = ""
    max_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 34,
            description="Memory for kept thinking; the longest unused goes first. With `sqlite`"
            " this much is held before the file.",
        ),
    ] = 64 * 1024 * 1024
    max_disk_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 40,
            description="Kept thinking in the file, that of all processes together.",
        ),
    ] = 512 * 1024 * 1024
    max_age: Annotated[
        float,
        Meta(gt=0, le=30 * 86_400, description="Seconds since its last use for which it is kept."),
    ] = 7 * 86_400.0
    responses_max_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 40,
            description="Stored answers of the Responses API (`previous_response_id`); the oldest"
            " go first. With `memory` at most 256 MiB. 0: none is stored.",
        ),
    ] = 1024 * 1024 * 1024
    responses_max_age: Annotated[
        float,
        Meta(gt=0, le=366 * 86_400, description="Seconds for which they are stored."),
    ] = 30 * 86_400.0
