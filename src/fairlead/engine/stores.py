"""What the engine keeps between the requests of one conversation."""

from msgspec import Struct

from fairlead.vault.responses import ResponseStore
from fairlead.vault.vault import Vault

__all__ = ["Stores"]


class Stores(Struct, frozen=True):
    """`vault`: signed thinking and who made which call. `responses`: answers of the Responses API
    that clients go on from.
    """

    vault: Vault
    responses: ResponseStore
