"""From claims to cells: whose word stands in a row, and who says otherwise."""

from collections.abc import Iterable, Sequence
from datetime import date

from fairlead.catalog.claims import Claim
from fairlead.catalog.compile import RANK, in_force
from fairlead.lab.compare.comparison import Cell, Dissent

__all__ = ["UNKNOWN", "cell", "counting"]

UNKNOWN = Cell(state="not_disclosed")


def counting(claims: Iterable[Claim], source: str | None) -> list[Claim]:
    """The claims that count: all, or those of one source."""
    return [claim for claim in claims if source is None or claim.source.id == source]


def cell(
    claims: Sequence[Claim], key: str, *, at: date, source: str | None, over_prompt: int = 0
) -> Cell:
    """What is said about `key` on the day `at`, of the vendor's own API at its standard tier.

    With a `source`, only its claims count; what others say is dissent all the same.
    """
    about = [
        claim
        for claim in claims
        if (claim.key, claim.over_prompt) == (key, over_prompt)
        and not (claim.upstream or claim.tier or claim.region)
    ]
    chosen = in_force(counting(about, source)).values()
    now = [claim for claim in chosen if _begun(claim, at) and not _over(claim, at)]
    others = [claim for claim in about if _begun(claim, at) and not _over(claim, at)]
    if not now:
        return Cell(state="not_disclosed", disputed_by=_dissent(others, None))
    winner = max(now, key=lambda claim: claim.valid_from or date.min)
    agreed = {c.source.id for c in others if c.value == winner.value} - {winner.source.id}
    return Cell(
        state="stated",
        value=winner.value,
        source=winner.source.id,
        seen=winner.seen,
        note=_note(winner, [claim for claim in chosen if not _begun(claim, at)]),
        agreed_by=tuple(sorted(agreed)),
        disputed_by=_dissent(others, winner),
    )


def _begun(claim: Claim, at: date) -> bool:
    return claim.valid_from is None or claim.valid_from <= at


def _over(claim: Claim, at: date) -> bool:
    return claim.valid_to is not None and claim.valid_to <= at


def _note(winner: Claim, coming: list[Claim]) -> str | None:
    told = [] if winner.note is None else [winner.note]
    told += [
        f"from {claim.valid_from}: {claim.value}"
        for claim in sorted(coming, key=lambda claim: claim.valid_from or date.min)
        if claim.value != winner.value
    ]
    return "; ".join(told) or None


def _dissent(others: list[Claim], winner: Claim | None) -> tuple[Dissent, ...]:
    """Other values, strongest source first; one that was only valid earlier is no dissent."""
    rivals = [
        claim
        for claim in others
        if winner is None or (claim.value != winner.value and claim.valid_from == winner.valid_from)
    ]
    rivals.sort(key=lambda claim: (RANK[claim.source.kind], claim.seen), reverse=True)
    return tuple(Dissent(c.value, c.source.id, c.seen, c.note) for c in rivals)
