"""Factors on a model's prices, by the door that a request takes and where it is computed."""

from datetime import date
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from fairlead.catalog.keys import FEES
from fairlead.catalog.model import Model, Price

__all__ = ["Surcharge", "at_factor", "surcharged"]


class Surcharge(Struct, frozen=True):
    """A factor on all prices of a model behind one door (`upstream`) in one `region`.

    `models` names those it is stated for; empty: every model behind that door.
    """

    name: str
    upstream: str
    region: str
    factor: Decimal
    source: str
    date: date
    models: tuple[str, ...] = ()
    note: str | None = None


def surcharged(model: Model, surcharges: tuple[Surcharge, ...], door: str) -> Model:
    """The model with a row of each price for each region that has a factor behind `door`.

    A vendor's own door is called like the vendor; its rows name no upstream, as it is the standard.
    The factors are on tokens: fees by the call stay what they are.
    """
    rows = tuple(
        _dearer(price, surcharge, "" if door == model.vendor else door)
        for surcharge in surcharges
        if surcharge.upstream == door and (not surcharge.models or model.id in surcharge.models)
        for price in model.prices
        if not price.region and price.kind not in FEES
    )
    return replace(model, prices=model.prices + rows) if rows else model


def _dearer(price: Price, surcharge: Surcharge, upstream: str) -> Price:
    return replace(
        price,
        usd_per_million=price.usd_per_million * surcharge.factor,
        region=surcharge.region,
        upstream=upstream,
        source=f"{price.source} x {surcharge.factor} {surcharge.name}",
    )


def at_factor(model: Model, factor: Decimal) -> Model:
    """The model with all its prices multiplied: a discount or a commitment of the user's."""
    prices = tuple(
        replace(
            price,
            usd_per_million=price.usd_per_million * factor,
            source=f"{price.source} x {factor} config",
        )
        for price in model.prices
    )
    return replace(model, prices=prices)
