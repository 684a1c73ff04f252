"""The comparison's own data as claims: how models are reached, benchmarks, stars."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from importlib import resources

import msgspec
from msgspec import Struct

from fairlead.catalog.claims import Claim, Source, parse_sources, parse_toml
from fairlead.catalog.keys import CatalogError, Value

__all__ = ["Sayings", "load_sayings"]


class _Group(Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[str, ...]
    source: str
    date: date
    values: dict[str, object]
    note: str | None = None


class _Rating(Struct, frozen=True, forbid_unknown_fields=True):
    scenario: str
    model: str
    stars: int
    source: str
    date: date
    reason: str
    reason_by: str


class Sayings(Struct, frozen=True):
    """Claims by model, the sources that they name, and the scenarios that have stars."""

    claims: dict[str, tuple[Claim, ...]]
    sources: dict[str, Source]
    scenarios: tuple[str, ...]


def load_sayings(known: Mapping[str, Source]) -> Sayings:
    """The shipped sayings. `known` are the catalogue's sources. Raises `CatalogError`."""
    text = _read("claims.toml")
    body = parse_toml(text, "claims.toml")
    listed = parse_sources(text, "claims.toml")
    sources = {**known, **listed}
    found: dict[str, list[Claim]] = defaultdict(list)
    for group in msgspec.convert(body["claims"], list[_Group]):
        source = _source(sources, group.source, "claims.toml")
        for model in group.models:
            found[model] += [
                Claim(key, _value(value, "claims.toml"), source, group.date, note=group.note)
                for key, value in group.values.items()
            ]
    ratings = msgspec.convert(
        parse_toml(_read("ratings.toml"), "ratings.toml")["ratings"], list[_Rating]
    )
    for rating in ratings:
        source = _source(sources, rating.source, "ratings.toml")
        _source(sources, rating.reason_by, "ratings.toml")
        own = rating.reason_by == rating.source
        note = rating.reason if own else f"{rating.reason} [{rating.reason_by}]"
        key = f"rating.{rating.scenario}"
        found[rating.model].append(Claim(key, rating.stars, source, rating.date, note=note))
    scenarios = tuple(dict.fromkeys(rating.scenario for rating in ratings))
    return Sayings({model: tuple(rows) for model, rows in found.items()}, sources, scenarios)


def _read(name: str) -> str:
    file = resources.files("fairlead.lab.compare").joinpath("data", name)
    return file.read_text(encoding="utf-8")


def _source(sources: Mapping[str, Source], name: str, where: str) -> Source:
    if name not in sources:
        raise CatalogError(f"{where}: '{name}' is not among the sources")
    return sources[name]


def _value(value: object, where: str) -> Value:
    """A number exactly, text as it is, a list of texts as a tuple."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise CatalogError(f"{where}: {value!r:.80} is neither a number, nor text, nor a list of texts")
