"""Every fact about a model with its source, its date, and who disagrees with it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from fairlead.catalog.claims import Claim, Sheet
from fairlead.catalog.compile import RANK, in_force, slot_of
from fairlead.catalog.keys import BUCKETS, KEYS, Value

__all__ = ["Fact", "facts_of_sheet", "is_in_force", "undisclosed"]

_ROOMS = ("limits", "modalities_in", "info", "benchmark")
_PRICES = tuple(f"price.{bucket}" for bucket in BUCKETS)


class Fact(Struct, frozen=True):
    """One value in force and the claims that say otherwise, strongest first.

    `agreed_by` names further sources that state the same value; `rule` says why this claim was
    picked over the strongest that differs (or over the strongest that agrees, where none differs).
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
    rule: str = ""
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
    differing = [claim for claim in rivals if claim.value != winner.value]
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
        rule=_rule(winner, next(iter(differing or rivals), None)),
        agreed_by=tuple(claim.source.id for claim in rivals if claim.value == winner.value),
        disputed_by=tuple(differing),
    )


def _rule(winner: Claim, rival: Claim | None) -> str:
    """Which of `compile`'s rules put `winner` before `rival`."""
    if rival is None:
        return "the only one to say so"
    own, other = winner.source.kind, rival.source.kind
    if own != other:
        return f"{own} over {other}"
    if winner.seen != rival.seen:
        return f"newer ({winner.seen}) over older ({rival.seen})"
    return "of two equally new, the one further down"


def is_in_force(fact: Fact, facts: Iterable[Fact], today: date) -> bool:
    """Whether a fact holds on a day: it has begun, has not ended, and no later one of the same
    scope has begun.
    """
    if not _begun(fact, today) or (fact.valid_to is not None and fact.valid_to <= today):
        return False
    start = fact.valid_from or date.min
    return not any(
        _scope(other) == _scope(fact)
        and _begun(other, today)
        and (other.valid_from or date.min) > start
        for other in facts
    )


def _begun(fact: Fact, today: date) -> bool:
    return fact.valid_from is None or fact.valid_from <= today


def _scope(fact: Fact) -> tuple[str, str | None, int, str, str]:
    return fact.key, fact.upstream, fact.over_prompt, fact.tier, fact.region


def undisclosed(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Limits, prices, benchmarks and other figures that no source discloses, by key."""
    said = {fact.key for fact in facts}
    wanted = (key for key in KEYS if key.partition(".")[0] in _ROOMS or key in _PRICES)
    return tuple(key for key in wanted if key not in said and key != "info.note")
