"""What a price list of others would change, each change with the sources on both sides.

Nothing is overwritten: a change is a further claim. A price that replaces one of ours begins on the
day on which the list said so, so that the price of a past day stays that day's price. Where a
source of a higher kind stands (`compile.RANK`), the list's word is kept as a disagreement only.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from fairlead.catalog.claims import Claim, Sheet
from fairlead.catalog.compile import RANK, in_force

__all__ = ["Change", "Effect", "changes"]

Effect = Literal["new", "changes", "disputed"]
_Scope = tuple[str, int, str, str]


class Change(Struct, frozen=True):
    """One value of a list that we don't hold or hold otherwise.

    `effect`: `new` (we had none), `changes` (it will be in force), `disputed` (ours stays).
    """

    model: str
    effect: Effect
    theirs: Claim
    ours: Claim | None = None


def changes(ours: Sheet | None, theirs: Sheet, today: date) -> tuple[Change, ...]:
    """What of `theirs` is new or differs from what is in force, today or from a later day on."""
    name = theirs.id if ours is None else ours.id
    held = _by_scope(() if ours is None else in_force(ours.claims).values())
    return tuple(
        change
        for scope, rows in _by_scope(in_force(theirs.claims).values()).items()
        for claim in _to_come(rows, today)
        if (change := _change(name, held.get(scope, []), claim, today)) is not None
    )


def _by_scope(claims: Iterable[Claim]) -> dict[_Scope, list[Claim]]:
    """Claims by what they are about, in the order of their first days."""
    found: dict[_Scope, list[Claim]] = {}
    for claim in sorted(claims, key=lambda c: c.valid_from or date.min):
        scope = (claim.key, claim.over_prompt, claim.tier, claim.region)
        found.setdefault(scope, []).append(claim)
    return found


def _to_come(rows: list[Claim], today: date) -> Iterator[Claim]:
    """The row in force today and those that begin later: the past is not looked into."""
    begun = [row for row in rows if (row.valid_from or date.min) <= today]
    yield from begun[-1:]
    yield from (row for row in rows if row not in begun)


def _change(model: str, held: list[Claim], claim: Claim, today: date) -> Change | None:
    day = max(claim.valid_from or today, today)
    own = [row for row in held if (row.valid_from or date.min) <= day]
    if not own:
        return Change(model, "new", claim)
    last = own[-1]
    if last.value == claim.value:
        return None
    if RANK[last.source.kind] > RANK[claim.source.kind]:
        # As an undated claim it stands beside ours; a dated one would take over from its day on.
        return Change(model, "disputed", replace(claim, valid_from=last.valid_from), last)
    if claim.key.startswith("price.") and claim.valid_from is None:
        claim = replace(claim, valid_from=claim.seen)
    return Change(model, "changes", claim, last)
