"""What in the catalogue should be looked at: old facts, and sources that disagree."""

from datetime import date
from typing import Literal

from msgspec import Struct

from fairlead.catalog.claims import Sheet
from fairlead.catalog.compile import RANK
from fairlead.catalog.facts import facts_of_sheet, is_in_force
from fairlead.catalog.keys import Value
from fairlead.catalog.price_list import PriceList
from fairlead.catalog.update import changes

__all__ = ["Finding", "Matter", "against", "disagreeing", "old"]

Matter = Literal["old", "unsettled", "settled", "package"]
_LASTING = ("benchmark.", "info.", "estimate.")


class Finding(Struct, frozen=True):
    """One thing to look at.

    `old`: in force, and seen longer ago than allowed. `unsettled`: sources of the same rank differ
    and only their dates decide. `settled`: they differ and their rank decides. `package`: a price
    list of others differs from what is in force.
    """

    matter: Matter
    model: str
    key: str
    scope: str
    value: Value
    source: str
    seen: date
    other: Value | None = None
    other_source: str | None = None
    other_seen: date | None = None


def old(sheet: Sheet, today: date, days: int) -> list[Finding]:
    """Facts in force that were seen more than `days` ago. What doesn't change with time (release
    dates, published benchmarks, measurements) is left out.
    """
    facts = facts_of_sheet(sheet)
    return [
        Finding("old", sheet.id, f.key, _scope(f), f.value, f.source, f.seen)
        for f in facts
        if (today - f.seen).days > days
        and not f.key.startswith(_LASTING)
        and is_in_force(f, facts, today)
    ]


def disagreeing(sheet: Sheet) -> list[Finding]:
    """Each claim that differs from the one in force."""
    kinds = {claim.source.id: claim.source.kind for claim in sheet.claims}
    return [
        Finding(
            "unsettled" if RANK[kinds[f.source]] == RANK[claim.source.kind] else "settled",
            sheet.id,
            f.key,
            _scope(f),
            f.value,
            f.source,
            f.seen,
            claim.value,
            claim.source.id,
            claim.seen,
        )
        for f in facts_of_sheet(sheet)
        for claim in f.disputed_by
    ]


def against(sheet: Sheet, prices: PriceList, today: date) -> list[Finding]:
    """Where a price list of others differs from a price or limit in force."""
    theirs = prices.sheet(sheet.vendor, sheet.id, *sheet.aliases)
    found = () if theirs is None else changes(sheet, theirs, today)
    return [
        Finding(
            "package",
            sheet.id,
            c.ours.key,
            _scope(c.theirs),
            c.ours.value,
            c.ours.source.id,
            c.ours.seen,
            c.theirs.value,
            c.theirs.source.id,
            c.theirs.seen,
        )
        for c in found
        if c.ours is not None
    ]


def _scope(said: object) -> str:
    names = ("upstream", "tier", "region", "over_prompt", "valid_from")
    held = {name: getattr(said, name) for name in names}
    return ", ".join(f"{name} {value}" for name, value in held.items() if value)
