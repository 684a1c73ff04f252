"""The location of Vertex AI that an upstream computes in."""

import re
from typing import Final

from fairlead.upstream.account import Account

__all__ = ["GLOBAL", "MULTI", "location"]

GLOBAL: Final = "global"
MULTI: Final = frozenset({"us", "eu"})
_REGION: Final = re.compile(r"[a-z]+-[a-z]+\d{1,2}")
_VARIABLES: Final = ("GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION")


def location(account: Account) -> str:
    """Where it computes: the setting, the environment, or `global`.

    Raises:
        ValueError: that is no location of Vertex AI's.
    """
    said = account.region or next((v for n in _VARIABLES if (v := account.env.get(n))), GLOBAL)
    if said != GLOBAL and said not in MULTI and not _REGION.fullmatch(said):
        raise ValueError(f"{said!r} is no location of Vertex AI's (global, eu, europe-west1, ...)")
    return said
