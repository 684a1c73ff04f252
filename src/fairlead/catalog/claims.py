"""Claims: what a source says about a model, on which day, and to what it applies.

Nothing is overwritten here. Two sources that disagree are two claims; `compile` says which one is
in force. What no source discloses has no claim and stays unknown.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from msgspec import Struct

from fairlead.canon.toml_text import NOT_TOML, not_toml
from fairlead.catalog.keys import CatalogError, Value, check

__all__ = [
    "Claim",
    "Sheet",
    "Source",
    "SourceKind",
    "parse_sheet",
    "parse_sources",
    "parse_toml",
    "sheet_of_document",
    "tables",
]

SourceKind = Literal["config", "vendor", "catalogue", "secondhand", "fairlead", "article"]


class Source(Struct, frozen=True):
    """Who says it. `kind` decides whose word counts (see `compile.RANK`)."""

    id: str
    kind: SourceKind
    title: str
    url: str | None = None


class Claim(Struct, frozen=True):
    """One value that one source states.

    `seen` is the day on which the source said so. `upstream` limits the claim to one door (None:
    the vendor's own API and every other), `valid_from` (first day) and `valid_to` (first day on
    which it no longer holds) to a time, `over_prompt` to prompts of more tokens than that. A price
    may be one of a service `tier` (`priority`, `flex`) and of a `region` ("": the standard ones).
    """

    key: str
    value: Value
    source: Source
    seen: date
    upstream: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    over_prompt: int = 0
    note: str | None = None
    tier: str = ""
    region: str = ""


class Sheet(Struct, frozen=True):
    """All that is claimed about one model."""

    id: str
    vendor: str
    claims: tuple[Claim, ...]
    family: str | None = None
    aliases: tuple[str, ...] = ()


_SHEET_KEYS = {"id", "vendor", "family", "aliases", "claims"}
_CLAIM_KEYS = {
    "source",
    "date",
    "upstream",
    "valid_from",
    "valid_to",
    "over_prompt",
    "tier",
    "region",
    "note",
    "values",
}


def parse_toml(text: str, where: str) -> dict[str, object]:
    """TOML with exact decimals. Raises `CatalogError` with line and column."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except NOT_TOML as error:
        raise CatalogError(not_toml(error, text, where)) from error


def parse_sources(text: str, where: str) -> dict[str, Source]:
    """The list of sources by id."""
    sources: dict[str, Source] = {}
    for index, row in enumerate(tables(parse_toml(text, where), "sources", where)):
        at = f"{where}: sources[{index}]"
        _known(row, {"id", "kind", "title", "url"}, at)
        kind = _string(row, "kind", at)
        if kind not in get_args(SourceKind):
            raise CatalogError(f"{at}.kind: unknown kind '{kind}'")
        url = _string(row, "url", at) if "url" in row else None
        source = Source(_string(row, "id", at), kind, _string(row, "title", at), url)  # type: ignore[arg-type]  # checked just above
        sources[source.id] = source
    return sources


def parse_sheet(text: str, sources: Mapping[str, Source], where: str) -> Sheet:
    """One model's file.

    Raises `CatalogError` that names the file and the path of the key at fault.
    """
    return sheet_of_document(parse_toml(text, where), sources, where)


def sheet_of_document(
    document: Mapping[str, object], sources: Mapping[str, Source], where: str
) -> Sheet:
    """As `parse_sheet`, of what TOML gave."""
    _known(document, _SHEET_KEYS, where)
    aliases = document.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise CatalogError(f"{where}: aliases must be a list of strings")
    claims: list[Claim] = []
    for index, row in enumerate(tables(document, "claims", where)):
        claims.extend(_claims(row, sources, f"{where}: claims[{index}]"))
    return Sheet(
        id=_string(document, "id", where),
        vendor=_string(document, "vendor", where),
        family=_string(document, "family", where) if "family" in document else None,
        aliases=tuple(aliases),
        claims=tuple(claims),
    )


def _claims(row: Mapping[str, object], sources: Mapping[str, Source], at: str) -> list[Claim]:
    """One `[[claims]]` table: several values that share source, date and scope."""
    _known(row, _CLAIM_KEYS, at)
    source = sources.get(_string(row, "source", at))
    if source is None:
        raise CatalogError(f"{at}.source: '{row['source']}' is not in sources.toml")
    seen = _day(row, "date", at)
    if seen is None:
        raise CatalogError(f"{at}.date: missing; a fact carries the day on which it was stated")
    values = row.get("values")
    if not isinstance(values, Mapping) or not values:
        raise CatalogError(f"{at}.values: missing or empty")
    over = row.get("over_prompt", 0)
    if type(over) is not int or over < 0:
        raise CatalogError(f"{at}.over_prompt: must be a whole number of tokens")
    narrow = {name: _string(row, name, at) for name in ("tier", "region") if name in row}
    for key in values if narrow else ():
        if not key.startswith("price."):
            raise CatalogError(f"{at}.{next(iter(narrow))}: only a price has one, not '{key}'")
    return [
        Claim(
            key=key,
            value=check(key, value, f"{at}.values"),
            source=source,
            seen=seen,
            upstream=_string(row, "upstream", at) if "upstream" in row else None,
            valid_from=_day(row, "valid_from", at),
            valid_to=_day(row, "valid_to", at),
            over_prompt=over,
            note=_string(row, "note", at) if "note" in row else None,
            tier=narrow.get("tier", ""),
            region=narrow.get("region", ""),
        )
        for key, value in values.items()
    ]


def tables(document: Mapping[str, object], key: str, where: str) -> list[dict[str, object]]:
    """An array of tables. Raises `CatalogError` if it is something else."""
    rows = document.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CatalogError(f"{where}: {key} must be an array of tables ([[{key}]])")
    return rows


def _known(table: Mapping[str, object], keys: set[str], at: str) -> None:
    unknown = sorted(set(table) - keys)
    if unknown:
        raise CatalogError(f"{at}: unknown key '{unknown[0]}'; known are {', '.join(sorted(keys))}")


def _string(table: Mapping[str, object], key: str, at: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise CatalogError(f"{at}.{key}: must be a string that is not empty")
    return value


def _day(table: Mapping[str, object], key: str, at: str) -> date | None:
    value = table.get(key)
    if value is not None and type(value) is not date:
        raise CatalogError(f"{at}.{key}: must be a date (2026-12-01, without quotes)")
    return value
