"""The catalogue: names to models, on a day.

Compiled once at start and frozen. `resolve` is one dictionary look-up and a comparison of dates
for every name that the catalogue knows; only unknown names take the slower way by prefix.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import NoReturn

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure, Problem
from fairlead.catalog.claims import (
    Sheet,
    Source,
)
from fairlead.catalog.compile import compile_model
from fairlead.catalog.door import known_doors, model_of, no_door, not_own
from fairlead.catalog.facts import Fact, facts_of_sheet
from fairlead.catalog.lifecycle import has_ended, in_place_of, member_in_force, warning
from fairlead.catalog.model import Model
from fairlead.catalog.surcharge import Surcharge, at_factor, region_of, surcharged
from fairlead.catalog.tail import Tail
from fairlead.catalog.vendors import Vendors

__all__ = ["Catalog", "Family"]

_LISTS = "`fairlead models list` and GET /v1/models tell what there is"


class Family(Struct, frozen=True):
    """Models that may stand in for each other, in order of preference."""

    name: str
    members: tuple[str, ...]
    aliases: tuple[str, ...] = ()


class Catalog(Struct, frozen=True):
    """Everything known about models. `version` names the data in force, for the ledger."""

    models: dict[str, Model]
    families: dict[str, Family]
    names: dict[str, Model | Family]
    surcharges: tuple[Surcharge, ...]
    sources: dict[str, Source]
    sheets: dict[str, Sheet]
    vendors: Vendors
    version: str
    tail: Tail = Tail()
    factors: dict[str, Decimal] = {}

    def __contains__(self, name: object) -> bool:
        """Whether `name` means a model or a family, be it only by its prefix."""
        if not isinstance(name, str):
            return False
        return self._known(name) is not None

    def resolve(self, name: str, today: date) -> Model:
        """The model that a name means on that day.

        Ids, aliases, families and the user's aliases first; then the prefix table, which gives a
        model that is not `known`. An ended model that its vendor serves as another resolves to
        that other. Raises `Failure(model_not_found)` that names near matches.
        """
        found = self._found(name)
        if isinstance(found, Model):
            if not has_ended(found, today) or found.lifecycle.served_as is None:
                return found
            return in_place_of(found, self.models, today) or found
        serving = member_in_force(found.members, self.models, today)
        if serving is None:
            raise Failure(
                Problem(
                    "model_not_found",
                    f"every model of the family '{found.name}' has ended by {today}",
                    "model",
                    code="model_not_found",
                )
            )
        return serving

    def family_of(self, name: str) -> Family | None:
        """The family that a name means; None if it means one model. Raises as `resolve` does."""
        found = self._found(name)
        return found if isinstance(found, Family) else None

    def meant(self, name: str) -> Model | Family:
        """What a name stands for, whether or not it has ended. Raises as `resolve` does."""
        return self._found(name)

    def warnings(self, model: Model, today: date) -> tuple[str, ...]:
        """Sentences about the model's announced end, from 90 days before it."""
        sentence = warning(model, today)
        return () if sentence is None else (sentence,)

    def warnings_for(self, name: str, today: date) -> tuple[str, ...]:
        """As `warnings`, for the name that was asked for: also tells when a model stepped aside."""
        serving = self.resolve(name, today)
        meant = self._found(name)
        first = meant if isinstance(meant, Model) else self.models[meant.members[0]]
        sentences = [warning(model, today) for model in (first, serving)]
        return tuple(dict.fromkeys(s for s in sentences if s is not None))

    def facts_of(self, model: Model) -> tuple[Fact, ...]:
        """Each fact with source, date and disagreement; empty for a model that is not known."""
        sheet = self.sheets.get(model.id) or self.tail.sheet(model)
        return () if sheet is None else facts_of_sheet(sheet)

    def as_claimed_by(self, model_id: str, source: str) -> Model:
        """The model as one source has it (the article, say): nothing but that source's claims."""
        sheet = self.sheets[model_id]
        own = tuple(claim for claim in sheet.claims if claim.source.id == source)
        return compile_model(replace(sheet, claims=own))

    def behind(self, model_id: str, upstream: str) -> Model:
        """The model as one upstream serves it: with what is claimed of that upstream, and the
        prices of the regions that have a surcharge there.
        """
        sheet = self.sheets[model_id]
        door = "" if upstream == sheet.vendor else upstream
        model = replace(compile_model(sheet, upstream=upstream), door=door)
        model = surcharged(model, self.surcharges, upstream)
        factor = self.factors.get(model_id)
        return model if factor is None else at_factor(model, factor)

    def at_door(self, model: Model, door: str, region: str) -> Model:
        """A model of this catalogue as an upstream of another door serves it: that door's claims
        and prices, its regions' too. `region` is as `price_region` gives it; a `door` of ""
        is the vendor's own.
        """
        vendor = model.vendor
        door = door or vendor
        sheet = self.sheets.get(model.id)
        if door == (model.door or vendor):
            if region == model.region:
                return model
            served = model
        elif sheet is None:  # only a prefix or a price list tells of it: prices of no door
            base = replace(model, prices=tuple(p for p in model.prices if not p.region))
            served = surcharged(base, self.surcharges, door)
        else:
            served = surcharged(model_of(sheet, not_own(door, vendor)), self.surcharges, door)
            factor = self.factors.get(model.id)
            served = served if factor is None else at_factor(served, factor)
        return replace(served, door="" if door == vendor else door, region=region)

    def price_region(self, door: str, vendors: Iterable[str], said: str) -> str:
        """What prices call the region that an upstream says it is in, behind `door` ("": each
        vendor's own). Raises `CatalogError` where nothing is known of the door or the region.
        """
        known = known_doors(self.surcharges, self.sheets.values()) | set(vendors)
        if door and door not in known:
            raise no_door(door, known)
        if door or not said:
            return region_of(self.surcharges, door, said)
        return next((region_of(self.surcharges, vendor, said) for vendor in vendors), "")

    @property
    def doors(self) -> tuple[str, ...]:
        """Whose prices and claims `behind` knows: the vendors' own and every other door."""
        vendors = {model.vendor for model in self.models.values()}
        return tuple(sorted(known_doors(self.surcharges, self.sheets.values()) | vendors))

    def _known(self, name: str) -> Model | Family | None:
        found = self.names.get(name) or self.names.get(self.vendors.plain(name))
        if found is None:
            unknown = self.vendors.unknown(name)
            found = None if unknown is None else self.tail.priced(unknown)
        return found

    def _found(self, name: str) -> Model | Family:
        return self._known(name) or _refuse(name, self.names)


def _refuse(name: str, names: Mapping[str, object]) -> NoReturn:
    near = get_close_matches(name[:60].lower(), names, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else _LISTS
    shown = name if len(name) <= 80 else f"{name[:80]}..."
    message = f"the model '{shown}' does not exist here"
    raise Failure(Problem("model_not_found", message, "model", code="model_not_found", hint=hint))
