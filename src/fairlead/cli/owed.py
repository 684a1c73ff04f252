"""Commitments as the commands print them, below the figures that they are not in."""

from collections.abc import Sequence

from fairlead.cli.output import console
from fairlead.cost.display import dollars
from fairlead.finance.commitments import Owed

__all__ = ["print_owed"]


def print_owed(commitments: Sequence[Owed]) -> None:
    """A line for each, nothing without any."""
    out = console()
    for one in commitments:
        out.print(f"Not in these sums: {_told(one)}", markup=False)


def _told(one: Owed) -> str:
    if one.kind == "fee":
        return f"{dollars(one.owed_usd, 2)}, the fee {one.name}"
    spent = f"{dollars(one.spent_usd, 2)} of {dollars(one.committed_usd, 2)} used"
    if one.owed_usd is None:
        return f"the commitment {one.name}: {spent} so far in {one.month}"
    owed = dollars(one.owed_usd, 2)
    return f"{owed} that the commitment {one.name} was not used up in {one.month} ({spent})"
