"""The catalogue put together: what ships, the overlay, and what the user's configuration says."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches

import msgspec

from fairlead.catalog.catalog import Catalog, Family
from fairlead.catalog.claims import Sheet, parse_sheet, parse_sources, parse_toml
from fairlead.catalog.door import Served, model_of
from fairlead.catalog.entries import CONFIG, merge, user_sheet
from fairlead.catalog.keys import CatalogError
from fairlead.catalog.model import Model
from fairlead.catalog.overlay import parse_overlay
from fairlead.catalog.price_list import PriceList
from fairlead.catalog.shipped import read, sheets
from fairlead.catalog.surcharge import Surcharge, at_factor
from fairlead.catalog.tail import Tail
from fairlead.catalog.vendors import Vendors, shipped_vendors

__all__ = ["load"]


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
    served = Served(doors or {}, surcharges, by_id.values())
    compiled = {
        model_id: served(model_of(sheet, served.door_of(sheet.vendor)))
        for model_id, sheet in by_id.items()
    }
    for model_id, factor in (factors or {}).items():
        if model_id not in compiled:
            raise CatalogError(f"prices.{model_id}: no such model; give an id, not an alias")
        compiled[model_id] = at_factor(compiled[model_id], factor)
    named = _families(compiled, families or {})
    vendors = shipped_vendors()
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
            said = "lists no model"
            if missing:
                said = f"no such model '{missing[0]:.80}'{_near(missing[0], models)}"
            raise CatalogError(f"families.{name}: {said}")
        held = families.get(name)
        families[name] = Family(name, tuple(members), held.aliases if held else ())
    return families


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name[:60].lower(), list(known), n=3, cutoff=0.6)
    return f"; did you mean {', '.join(near)}?" if near else ""


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
            said = f"no such model or family '{target:.80}'{_near(target, names)}"
            raise CatalogError(f"aliases.{alias}: {said}")
        names[alias] = names[alias.lower()] = found
    return names


def _surcharges() -> tuple[Surcharge, ...]:
    rows = parse_toml(read("surcharges.toml"), "surcharges.toml")["surcharges"]
    return tuple(msgspec.convert(rows, list[Surcharge]))


def _version(*data: object) -> str:
    """A short hash over the data in force, the same for the same data."""
    encoded = msgspec.json.encode(data, order="deterministic")
    return hashlib.blake2s(encoded, digest_size=6).hexdigest()
