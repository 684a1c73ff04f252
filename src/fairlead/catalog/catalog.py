"""The catalogue: names to models, on a day.

Compiled once at start and frozen. `resolve` is one dictionary look-up and a comparison of dates
for every name that the catalogue knows; only unknown names take the slower way by prefix.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import NoReturn

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure, Problem
from fairlead.catalog.claims import (
    Sheet,
    Source,
    parse_sheet,
    parse_sources,
    parse_toml,
)
from fairlead.catalog.compile import compile_model
from fairlead.catalog.entries import CONFIG, merge, user_sheet
from fairlead.catalog.facts import Fact, facts_of_sheet
from fairlead.catalog.keys import CatalogError
from fairlead.catalog.lifecycle import has_ended, in_place_of, member_in_force, warning
from fairlead.catalog.model import Model, Sampling, Thinking
from fairlead.catalog.overlay import parse_overlay
from fairlead.catalog.price_list import PriceList
from fairlead.catalog.shipped import read, sheets
from fairlead.catalog.surcharge import Surcharge, at_factor, region_of, surcharged
from fairlead.catalog.tail import Tail, laid_over

__all__ = ["Catalog", "Family", "load"]

_BARE = ("price.", "limits.")
_LISTS = "`fairlead models list` and GET /v1/models tell what there is"
MAX_NAME = 200
"""A model name of more characters is refused without being looked for."""


class Family(Struct, frozen=True):
    """Models that may stand in for each other, in order of preference."""

    name: str
    members: tuple[str, ...]
    aliases: tuple[str, ...] = ()


class Vendors(Struct, frozen=True):
    """How an unknown id finds its vendor: spellings to strip, then the longest prefix.

    `sampling` lists the knobs of vendors whose API has not all of them, `plain_thoughts` those that
    refuse thoughts as plain text.
    """

    strip: tuple[str, ...]
    prefixes: tuple[tuple[str, str], ...]
    sampling: tuple[tuple[str, tuple[str, ...]], ...] = ()
    plain_thoughts: tuple[tuple[str, bool], ...] = ()

    def plain(self, name: str) -> str:
        """The name in lower case, without the spelling of another tool in front."""
        plain = name[: MAX_NAME + 1].lower()
        for prefix in self.strip:
            if plain.startswith(prefix):
                return plain[len(prefix) :]
        return plain

    def unknown(self, name: str) -> Model | None:
        """A model that only its prefix tells of; None if no prefix fits."""
        plain = self.plain(name)
        if len(name) <= MAX_NAME:
            for prefix, vendor in self.prefixes:
                if plain.startswith(prefix):
                    model = Model.unknown(plain, vendor)
                    accepts = dict(self.sampling).get(vendor, model.sampling.accepts)
                    thinking = Thinking(plain_back=dict(self.plain_thoughts).get(vendor, True))
                    return replace(model, sampling=Sampling(accepts=accepts), thinking=thinking)
        return None


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
            served = surcharged(_compiled(sheet, _not_own(door, vendor)), self.surcharges, door)
            factor = self.factors.get(model.id)
            served = served if factor is None else at_factor(served, factor)
        return replace(served, door="" if door == vendor else door, region=region)

    def price_region(self, door: str, vendors: Iterable[str], said: str) -> str:
        """What prices call the region that an upstream says it is in, behind `door` ("": each
        vendor's own). Raises `CatalogError` where nothing is known of the door or the region.
        """
        known = _known_doors(self.surcharges, self.sheets.values()) | set(vendors)
        if door and door not in known:
            raise _no_door(door, known)
        if door or not said:
            return region_of(self.surcharges, door, said)
        return next((region_of(self.surcharges, vendor, said) for vendor in vendors), "")

    @property
    def doors(self) -> tuple[str, ...]:
        """Whose prices and claims `behind` knows: the vendors' own and every other door."""
        vendors = {model.vendor for model in self.models.values()}
        return tuple(sorted(_known_doors(self.surcharges, self.sheets.values()) | vendors))

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


def load(
    *,
    models: Mapping[str, Mapping[str, object]] | None = None,
    aliases: Mapping[str, str] | None = None,
    families: Mapping[str, Sequence[str]] | None = None,
    factors: Mapping[str, Decimal] | None = None,
    doors: Mapping[str, tuple[str, str]] | None = None,
    overlay: tuple[str, str] | None = None,
    tail: PriceList | None = None,
    today: date | None = None,
) -> Catalog:
    """The embedded catalogue, with the user's overlay, models, families and aliases over it.

    `models`, `families` and `aliases` are plain data as the configuration file holds them (see
    `entries`), `overlay` the name and the text of the overlay's file; `today` dates the user's
    facts that carry no date. `factors` multiply all prices of the models they name; `doors` tells
    by vendor whose price list its upstream has ("": the vendor's own) and which region it names.
    `tail` prices what only a prefix tells of. Raises `CatalogError`.
    """
    sources = parse_sources(read("sources.toml"), "sources.toml") | {CONFIG.id: CONFIG}
    by_id: dict[str, Sheet] = {}
    for file, text in sheets().items():
        sheet = parse_sheet(text, sources, file)
        by_id[sheet.id] = sheet
    if overlay is not None:
        where, text = overlay
        laid = parse_overlay(text, sources, where)
        sources |= laid.sources
        by_id |= {name: merge(by_id.get(name), sheet) for name, sheet in laid.sheets.items()}
    for model_id, entry in (models or {}).items():
        own = user_sheet(model_id, entry, today or datetime.now(UTC).date())
        by_id[model_id] = merge(by_id.get(model_id), own)
    surcharges = _surcharges()
    served = _Served(doors or {}, surcharges, by_id.values())
    compiled = {
        model_id: served(_compiled(sheet, served.door_of(sheet.vendor)))
        for model_id, sheet in by_id.items()
    }
    for model_id, factor in (factors or {}).items():
        if model_id not in compiled:
            raise CatalogError(f"prices.{model_id}: no such model; give an id, not an alias")
        compiled[model_id] = at_factor(compiled[model_id], factor)
    named = _families(compiled, families or {})
    vendors = _vendors()
    behind = Tail(tail, served)
    return Catalog(
        models=compiled,
        families=named,
        names=_names(compiled, named, vendors, aliases or {}, behind),
        surcharges=surcharges,
        sources=sources,
        sheets=by_id,
        vendors=vendors,
        version=_version(compiled, named, surcharges, *([behind.version] if tail else ())),
        tail=behind,
        factors=dict(factors or {}),
    )


class _Served:
    """What the upstreams make of prices: whose list counts, and what each region adds to it."""

    def __init__(
        self,
        doors: Mapping[str, tuple[str, str]],
        surcharges: tuple[Surcharge, ...],
        sheets: Iterable[Sheet],
    ) -> None:
        self._surcharges = surcharges
        known = _known_doors(surcharges, sheets)
        for door, _ in doors.values():
            if door and door not in known | doors.keys():
                raise _no_door(door, known)
        self._doors = {
            vendor: (door or vendor, region_of(surcharges, door or vendor, said))
            for vendor, (door, said) in doors.items()
        }

    def door_of(self, vendor: str) -> str | None:
        """The door that is not the vendor's own, if there is one."""
        door, _ = self._doors.get(vendor, (vendor, ""))
        return None if door == vendor else door

    def __call__(self, model: Model) -> Model:
        """The model with its door, its region and the prices of all regions there."""
        door, region = self._doors.get(model.vendor, (model.vendor, ""))
        told = replace(model, door="" if door == model.vendor else door, region=region)
        return surcharged(told, self._surcharges, door)


def _known_doors(surcharges: Iterable[Surcharge], sheets: Iterable[Sheet]) -> set[str]:
    known = {each.upstream for each in surcharges}
    return known | {claim.upstream for sheet in sheets for claim in sheet.claims if claim.upstream}


def _no_door(door: str, known: set[str]) -> CatalogError:
    said = f"nothing is known of the door '{door:.80}'"
    return CatalogError(f"{said}; known are {', '.join(sorted(known))}")


def _not_own(door: str, vendor: str) -> str | None:
    return None if door == vendor else door


def _compiled(sheet: Sheet, upstream: str | None) -> Model:
    """The model of a sheet; one of which only catalogues tell prices and limits stays unknown."""
    claims = sheet.claims
    if claims and all(c.source.kind == "catalogue" and c.key.startswith(_BARE) for c in claims):
        return laid_over(Model.unknown(sheet.id, sheet.vendor), sheet, upstream)
    return compile_model(sheet, upstream=upstream)


def _families(models: Mapping[str, Model], own: Mapping[str, Sequence[str]]) -> dict[str, Family]:
    rows = msgspec.convert(
        parse_toml(read("families.toml"), "families.toml")["families"], list[Family]
    )
    families = {family.name: family for family in rows}
    for family in rows:
        for member in family.members:
            if member not in models:
                raise CatalogError(f"families.toml: {family.name}: no such model '{member}'")
    # A model that a user puts into a family comes behind the members that ship.
    for model in models.values():
        name = model.family
        if name is not None:
            family = families.get(name, Family(name, ()))
            if model.id not in family.members:
                families[name] = Family(name, (*family.members, model.id), family.aliases)
    # The user's rule: the members that he lists, in his order, and no others.
    for name, members in own.items():
        missing = [member for member in members if member not in models]
        if missing or not members:
            said = f"no such model '{missing[0]:.80}'" if missing else "lists no model"
            raise CatalogError(f"families.{name}: {said}")
        held = families.get(name)
        families[name] = Family(name, tuple(members), held.aliases if held else ())
    return families


def _names(
    models: Mapping[str, Model],
    families: Mapping[str, Family],
    vendors: Vendors,
    aliases: Mapping[str, str],
    tail: Tail,
) -> dict[str, Model | Family]:
    """Every name that is known without a prefix table, in lower case and as it is written."""
    names: dict[str, Model | Family] = {}
    for family in families.values():
        names.update(dict.fromkeys((family.name, *family.aliases), family))
    for model in models.values():
        names.update(dict.fromkeys((*model.aliases, model.id), model))
    names.update({name.lower(): target for name, target in list(names.items())})
    for alias, target in aliases.items():
        if not isinstance(target, str):
            raise CatalogError(f"aliases.{alias}: must be a string")
        plain = vendors.plain(target)
        found = names.get(target) or names.get(plain)
        if found is None and (unknown := vendors.unknown(target)) is not None:
            found = tail.priced(unknown)
        if found is None:
            raise CatalogError(f"aliases.{alias}: no such model or family '{target:.80}'")
        names[alias] = names[alias.lower()] = found
    return names


def _surcharges() -> tuple[Surcharge, ...]:
    rows = parse_toml(read("surcharges.toml"), "surcharges.toml")["surcharges"]
    return tuple(msgspec.convert(rows, list[Surcharge]))


def _vendors() -> Vendors:
    document = parse_toml(read("vendors.toml"), "vendors.toml")
    strip = msgspec.convert(document["strip"], list[str])
    prefixes = msgspec.convert(document["prefixes"], dict[str, str])
    sampling = msgspec.convert(document["sampling"], dict[str, tuple[str, ...]])
    plain_thoughts = msgspec.convert(document["plain_thoughts"], dict[str, bool])
    return Vendors(
        strip=tuple(sorted(strip, key=len, reverse=True)),
        prefixes=tuple(sorted(prefixes.items(), key=lambda item: -len(item[0]))),
        sampling=tuple(sampling.items()),
        plain_thoughts=tuple(plain_thoughts.items()),
    )


def _version(*data: object) -> str:
    """A short hash over the data in force, the same for the same data."""
    encoded = msgspec.json.encode(data, order="deterministic")
    return hashlib.blake2s(encoded, digest_size=6).hexdigest()
