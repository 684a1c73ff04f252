"""Every fact about a model with its source, its date, and who disagrees with it."""

from collections import defaultdict
from datetime import date

from msgspec import Struct

from fairlead.catalog.claims import Claim, Sheet
from fairlead.catalog.compile import RANK, in_force, slot_of
from fairlead.catalog.keys import KEYS, Value

__all__ = ["Fact", "facts_of_sheet"]


class Fact(Struct, frozen=True):
    """One value in force and the claims that say otherwise, strongest first.

    `agreed_by` names further sources that state the same value.
    """

    key: str
    unit: str
    value: Value
    source: str
    seen: date
    upstream: str | None = None
    over_prompt: int = 0
    valid_from: date | None = None
    valid_to: date | None = None
    note: str | None = None
    tier: str = ""
    region: str = ""
    agreed_by: tuple[str, ...] = ()
    disputed_by: tuple[Claim, ...] = ()


def facts_of_sheet(sheet: Sheet) -> tuple[Fact, ...]:
    """All facts of one model, sorted by key; claims about one upstream are facts of their own."""
    scopes: dict[str | None, list[Claim]] = defaultdict(list)
    for claim in sheet.claims:
        scopes[claim.upstream].append(claim)
    facts = [
        _fact(winner, claims)
        for upstream, claims in scopes.items()
        for winner in in_force(claims, upstream=upstream).values()
    ]
    return tuple(
        sorted(
            facts,
            key=lambda f: (
                f.key,
                f.upstream or "",
                f.tier,
                f.region,
                f.over_prompt,
                f.valid_from or date.min,
            ),
        )
    )


def _fact(winner: Claim, claims: list[Claim]) -> Fact:
    same = slot_of(winner)
    rivals = [claim for claim in claims if claim is not winner and slot_of(claim) == same]
    rivals.sort(key=lambda claim: (RANK[claim.source.kind], claim.seen), reverse=True)
    return Fact(
        key=winner.key,
        unit=KEYS[winner.key].unit,
        value=winner.value,
        source=winner.source.id,
        seen=winner.seen,
        upstream=winner.upstream,
        over_prompt=winner.over_prompt,
        valid_from=winner.valid_from,
        valid_to=winner.valid_to,
        note=winner.note,
        tier=winner.tier,
        region=winner.region,
        agreed_by=tuple(claim.source.id for claim in rivals if claim.value == winner.value),
        disputed_by=tuple(claim for claim in rivals if claim.value != winner.value),
    )
