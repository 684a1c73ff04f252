"""Who a kind is: its name, whose models it serves, what configures it, whose prices it has.

Apart from what a kind does (`upstream.kinds.kind`): whoever reads settings, prices or the ledger
wants names, and no codec, signer or pool behind them.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from fairlead.upstream.account import Account
from fairlead.upstream.aws.names import price_geography
from fairlead.upstream.google.location import location

__all__ = ["IDENTITIES", "REST", "Identity"]

REST: Final = "*"
"""In an upstream's list of models: all others of the kind's vendors too."""
_PRICED: Final = frozenset({"us"})
"""Geographies of AWS whose prices are known to differ (catalog/data/surcharges.toml)."""


class Identity(Struct, frozen=True):
    """What settings, prices and the ledger know of a kind.

    `vendors` are those whose models it serves (none: only those that the operator lists). `key_env`
    and `url_env` are the environment variables that configure it without any file. `door` is whose
    price list counts ("": each vendor's own), and `priced_as` makes the region that prices know
    from the account (None: what the operator says); it raises ValueError where nobody says it.
    `biller` is whose bill its answers stand on ("": whoever runs it, an aggregator say). `also`
    names kinds that whoever configures this one gets with it: other vendors' models in their
    dialects.
    """

    name: str
    vendors: tuple[str, ...]
    key_env: str
    url_env: str
    door: str = ""
    priced_as: Callable[[Account], str] | None = None
    biller: str = ""
    also: tuple[str, ...] = ()


def _geography(account: Account) -> str:
    place = price_geography(account)
    return place if place in _PRICED else ""


_VERTEX_URL: Final = "FAIRLEAD_VERTEX_BASE_URL"

IDENTITIES: Final[dict[str, Identity]] = {
    each.name: each
    for each in (
        Identity(
            "gemini", ("google",), "GEMINI_API_KEY", "FAIRLEAD_GEMINI_BASE_URL", biller="google"
        ),
        Identity(
            "anthropic",
            ("anthropic",),
            "ANTHROPIC_API_KEY",
            "FAIRLEAD_ANTHROPIC_BASE_URL",
            biller="anthropic",
        ),
        Identity(
            "openai", ("openai",), "OPENAI_API_KEY", "FAIRLEAD_OPENAI_BASE_URL", biller="openai"
        ),
        Identity(
            "vertex",
            ("google",),
            "",
            _VERTEX_URL,
            "vertex",
            location,
            "google",
            also=("vertex-claude",),
        ),
        Identity("vertex-claude", ("anthropic",), "", _VERTEX_URL, "vertex", location, "google"),
        Identity(
            "bedrock",
            ("anthropic",),
            # docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
            "AWS_BEARER_TOKEN_BEDROCK",
            "FAIRLEAD_BEDROCK_BASE_URL",
            "bedrock",
            _geography,
            "amazon",
        ),
        Identity("openai_compatible", (), "", ""),
    )
}
"""Every kind by its name; `upstream.kinds.registry` has what they do."""
