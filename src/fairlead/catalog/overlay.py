"""The user's overlay: claims that `fairlead catalog update` wrote, in one TOML file.

It holds `[[sources]]` and `[[models]]`, the latter in the form of the shipped models' files. Its
claims stand behind the shipped ones of the same model and count as `compile` says.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby

import msgspec
from msgspec import Struct

from fairlead.catalog.claims import (
    Claim,
    Sheet,
    Source,
    parse_sources,
    parse_toml,
    sheet_of_document,
    tables,
)
from fairlead.catalog.keys import KEYS, CatalogError

__all__ = ["Overlay", "parse_overlay", "write_overlay"]

_HEAD = """\
# Written by `fairlead catalog update`; may be edited by hand. docs/catalog.md tells the form.
"""


class Overlay(Struct, frozen=True):
    """Sources and sheets by id."""

    sources: dict[str, Source] = {}
    sheets: dict[str, Sheet] = {}

    def with_claims(self, model_id: str, vendor: str, claims: Iterable[Claim]) -> "Overlay":
        """This one and further claims about a model; a claim that is held is not doubled."""
        held = self.sheets.get(model_id, Sheet(model_id, vendor, ()))
        new = tuple(claim for claim in claims if claim not in held.claims)
        sheet = msgspec.structs.replace(held, claims=held.claims + new)
        return Overlay(
            self.sources | {claim.source.id: claim.source for claim in new},
            self.sheets | {model_id: sheet},
        )


def parse_overlay(text: str, sources: Mapping[str, Source], where: str) -> Overlay:
    """The file's content. Raises `CatalogError` that names `where` and the path of the key."""
    document = parse_toml(text, where)
    unknown = sorted(set(document) - {"sources", "models"})
    if unknown:
        raise CatalogError(f"{where}: unknown key '{unknown[0]}'; known are models, sources")
    own = parse_sources(text, where)
    sheets = [
        sheet_of_document(row, dict(sources) | own, f"{where}: models[{index}]")
        for index, row in enumerate(tables(document, "models", where))
    ]
    return Overlay(own, {sheet.id: sheet for sheet in sheets})


def write_overlay(overlay: Overlay) -> str:
    """The overlay as TOML; `parse_overlay` gives it back."""
    lines = [_HEAD]
    for source in overlay.sources.values():
        lines.append("[[sources]]")
        lines += [
            f"{name} = {_text(value)}"
            for name, value in msgspec.structs.asdict(source).items()
            if value
        ]
        lines.append("")
    for sheet in overlay.sheets.values():
        lines += ["[[models]]", f"id = {_text(sheet.id)}", f"vendor = {_text(sheet.vendor)}", ""]
        ordered = sorted(sheet.claims, key=_scope)
        for _, claims in groupby(ordered, key=_scope):
            lines += _table(list(claims))
    return "\n".join(lines)


def _scope(claim: Claim) -> tuple[str, ...]:
    until, since = claim.valid_to or "", claim.valid_from or ""
    scope = (claim.tier, claim.region, f"{claim.over_prompt:012}", f"{since}", f"{until}")
    return claim.source.id, f"{claim.seen}", claim.upstream or "", *scope, claim.note or ""


def _table(claims: list[Claim]) -> list[str]:
    first = claims[0]
    lines = ["[[models.claims]]", f"source = {_text(first.source.id)}", f"date = {first.seen}"]
    for name in ("upstream", "tier", "region", "over_prompt", "valid_from", "valid_to", "note"):
        value = getattr(first, name)
        if value:
            lines.append(f"{name} = {_text(value)}")
    lines.append("[models.claims.values]")
    return [*lines, *(f"{_text(claim.key)} = {_value(claim)}" for claim in claims), ""]


def _value(claim: Claim) -> str:
    if KEYS[claim.key].form in {"budgets", "words"} and isinstance(claim.value, tuple):
        pairs = [f"{_text(str(pair[0]))} = {_text(pair[1])}" for pair in claim.value]
        return f"{{ {', '.join(pairs)} }}"
    return _text(claim.value)


def _text(value: object) -> str:
    """A value in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # TOML's basic strings are JSON's.
        return msgspec.json.encode(value).decode()
    if isinstance(value, Decimal):
        return f"{value:f}" if "." in f"{value:f}" else f"{value:f}.0"
    if isinstance(value, int | date):
        return str(value)
    assert isinstance(value, tuple)  # noqa: S101  # nothing else is a `Value`
    return f"[{', '.join(_text(item) for item in value)}]"
