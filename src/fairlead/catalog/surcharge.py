"""Factors on a model's prices, by the door that a request takes and where it is computed."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from fairlead.catalog.keys import FEES, CatalogError
from fairlead.catalog.model import Model, Price

__all__ = ["Surcharge", "at_factor", "region_of", "surcharged"]


class Surcharge(Struct, frozen=True):
    """A factor on all prices of a model behind one door (`upstream`) in one `region`.

    `models` are patterns of the ids that it is stated for (empty: every model behind that door),
    `not_models` of those that it is stated not to be for. `usual` are the door's names for no
    region in particular; with `others` every other name stands for the region (Vertex's locations).
    `valid_from` is its first day.
    """

    name: str
    upstream: str
    region: str
    factor: Decimal
    source: str
    date: dt.date
    models: tuple[str, ...] = ()
    not_models: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()
    others: bool = False
    valid_from: dt.date | None = None
    note: str | None = None

    def is_for(self, model_id: str) -> bool:
        """Whether it is stated for a model."""
        named = not self.models or any(fnmatchcase(model_id, one) for one in self.models)
        return named and not any(fnmatchcase(model_id, one) for one in self.not_models)


def region_of(surcharges: Iterable[Surcharge], door: str, said: str) -> str:
    """What the prices call the region that an upstream of this door names ("": the usual prices).

    Raises:
        CatalogError: no price behind that door depends on such a region.
    """
    there = [each for each in surcharges if each.upstream == door]
    if not said or any(said in each.usual for each in there):
        return ""
    for each in there:
        if said == each.region or each.others:
            return each.region
    known = sorted({name for each in there for name in (each.region, *each.usual)})
    what = f"known are {', '.join(known)}" if known else "none of its prices depends on a region"
    raise CatalogError(f"region '{said:.80}' behind '{door:.80}': {what}")


def surcharged(model: Model, surcharges: tuple[Surcharge, ...], door: str) -> Model:
    """The model with a row of each price for each region that has a factor behind `door`.

    A vendor's own door is called like the vendor; its rows name no upstream, as it is the standard.
    The factors are on tokens: fees by the call stay what they are.
    """
    rows = tuple(
        _dearer(price, surcharge, "" if door == model.vendor else door)
        for surcharge in surcharges
        if surcharge.upstream == door and surcharge.is_for(model.id)
        for price in model.prices
        if not price.region and price.kind not in FEES and _together(price, surcharge)
    )
    return replace(model, prices=model.prices + rows) if rows else model


def _together(price: Price, surcharge: Surcharge) -> bool:
    """Whether there is a day on which both hold."""
    first = surcharge.valid_from
    return first is None or price.valid_to is None or first < price.valid_to


def _dearer(price: Price, surcharge: Surcharge, upstream: str) -> Price:
    begins = [day for day in (price.valid_from, surcharge.valid_from) if day is not None]
    return replace(
        price,
        usd_per_million=price.usd_per_million * surcharge.factor,
        region=surcharge.region,
        upstream=upstream,
        valid_from=max(begins, default=None),
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
