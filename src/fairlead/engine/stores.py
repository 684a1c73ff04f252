"""What the engine keeps between the requests of one conversation."""

from msgspec import Struct

from fairlead.engine.learning import PromptCounts
from fairlead.vault.ownership import Ownership
from fairlead.vault.responses import ResponseStore
from fairlead.vault.unbooked import Unbooked
from fairlead.vault.vault import Vault

__all__ = ["Stores"]


class Stores(Struct, frozen=True):
    """`vault`: signed thinking and who made which call. `responses`: answers of the Responses API
    that clients go on from. `ownership`: whose the objects are that vendors keep. `counts`: what
    the vendors' counts of prompts taught. `unbooked`: batches whose cost is in no ledger yet.
    """

    vault: Vault
    responses: ResponseStore
    ownership: Ownership
    counts: PromptCounts
    unbooked: Unbooked
