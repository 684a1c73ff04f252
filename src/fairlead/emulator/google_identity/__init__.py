"""Google's identity services, emulated: who may call Vertex AI, and the tokens that show it.

`accounts` makes service accounts with keys of their own, `tokens` issues and reads access tokens,
`services` is the token endpoint, the security token service and the metadata server.
"""

from fairlead.emulator.google_identity.accounts import (
    Account,
    NoCryptography,
    kept_account,
    make_account,
)
from fairlead.emulator.google_identity.services import PATHS, PROJECT, Identity

__all__ = [
    "PATHS",
    "PROJECT",
    "Account",
    "Identity",
    "NoCryptography",
    "kept_account",
    "make_account",
]
