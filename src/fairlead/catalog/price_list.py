"""What a package or a file of prices that others keep says, as sheets of claims.

Each reader (`from_litellm`, `from_genai_prices`, `from_models_dev`) gives a `PriceList`. Prices
are US dollars per million tokens; what a list has no place for in `keys.KEYS` is left out.
"""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from msgspec import Struct

from fairlead.catalog.claims import Claim, Sheet, Source
from fairlead.catalog.keys import check

__all__ = ["PriceList", "Said", "sheet_of"]

Find = Callable[[str, str], "Iterable[Said] | None"]


class Said(Struct, frozen=True):
    """One value of a list: a fact's key, its value and its scope, as in `Claim`."""

    key: str
    value: object
    over_prompt: int = 0
    tier: str = ""
    valid_from: date | None = None


class PriceList(Struct, frozen=True):
    """A list of others. `seen` is the day on which it said so; `find(vendor, name)` its rows."""

    source: Source
    seen: date
    find: Find

    def sheet(self, vendor: str, *names: str) -> Sheet | None:
        """What it says of the first of `names` that it knows; None if it knows none."""
        for name in names:
            said = self.find(vendor, name)
            if said is not None and (sheet := sheet_of(self, name, vendor, said)).claims:
                return sheet
        return None


def sheet_of(prices: PriceList, name: str, vendor: str, said: Iterable[Said]) -> Sheet:
    """The rows of one model as claims. Raises `CatalogError` for a value of a wrong form."""
    at = f"{prices.source.id}: {name}"
    claims = tuple(
        Claim(
            key=row.key,
            value=check(row.key, _plain(row.value), at),
            source=prices.source,
            seen=prices.seen,
            valid_from=row.valid_from,
            over_prompt=row.over_prompt,
            tier=row.tier,
        )
        for row in said
    )
    return Sheet(name, vendor, claims)


def _plain(value: object) -> object:
    """Prices without an exponent: `3E-1` is 0.3."""
    return Decimal(f"{value.normalize():f}") if isinstance(value, Decimal) else value
