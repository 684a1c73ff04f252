"""What is owed whatever is used: a fixed fee, or a spend that was committed to.

Both belong to no request, so they are in no receipt and no sum: they stand beside them.

- A *fee* (provisioned throughput, a seat) is owed for each hour or month, used or not. In a span it
  is owed for the share of the period that the span covers.
- A committed *spend* is owed at the month's end as far as it was not used up. What counts is what
  the ledger says that one upstream's answers cost (of all its models, or of some) in the calendar
  month of the commitment's time zone, by the price list; what the emulator answered does not.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from fairlead.ledger.commitment import Commitment, Kind
from fairlead.ledger.query import usage

__all__ = ["Owed", "fees", "owed", "spends"]

_ZERO = Decimal(0)
_PICO = Decimal("1e-12")


class Owed(Struct, frozen=True):
    """One commitment in one month (`2026-11`), or a fee in a span (no month). `spent_usd` counts
    towards a spend; `owed_usd` comes on top of the ledger's sum: a fee, or what of a spend was not
    used up. None while its month goes on.
    """

    name: str
    kind: Kind
    month: str | None
    committed_usd: Decimal
    spent_usd: Decimal | None
    owed_usd: Decimal | None


def owed(
    path: str | Path,
    commitments: Sequence[Commitment],
    span: tuple[float | None, float | None],
    now: float,
) -> tuple[Owed, ...]:
    """All of a span (Unix seconds; None: from the ledger's beginning, until now), in order."""
    if not commitments:
        return ()
    end = now if span[1] is None else span[1]
    begin = _first(path, end) if span[0] is None else span[0]
    return (
        *fees(commitments, begin, end),
        *(
            one
            for commitment in commitments
            if commitment.kind == "spend"
            for one in spends(path, commitment, begin, end, now)
        ),
    )


def fees(commitments: Iterable[Commitment], begin: float, end: float) -> list[Owed]:
    """What fixed fees come to between two moments."""
    found = []
    for one in commitments:
        if one.kind != "fee":
            continue
        first, last = one.within(begin, end)
        if one.period == "hour":
            share = Decimal(max(0.0, last - first)) / 3600
        else:
            share = sum(
                (
                    Decimal(min(last, ends) - max(first, starts)) / Decimal(ends - starts)
                    for _, starts, ends in one.months(first, last)
                ),
                _ZERO,
            )
        amount = (one.usd * share).quantize(_PICO)
        found.append(Owed(one.name, "fee", None, one.usd, None, amount))
    return found


def spends(
    path: str | Path, commitment: Commitment, begin: float, end: float, now: float
) -> list[Owed]:
    """A committed spend, month by month: each month whole, also where the span cuts it."""
    found = []
    for first, starts, ends in commitment.months(begin, end):
        starts, ends = commitment.within(starts, ends)  # noqa: PLW2901 - the part that it holds
        spent = _spent(path, commitment, starts, ends)
        over = ends <= now
        left = max(_ZERO, commitment.usd - spent) if over else None
        found.append(Owed(commitment.name, "spend", f"{first:%Y-%m}", commitment.usd, spent, left))
    return found


def _spent(path: str | Path, commitment: Commitment, begin: float, end: float) -> Decimal:
    rows = usage(path, ("upstream", "model"), begin, end).rows
    total = _ZERO
    for row in rows:
        upstream, model = row.group
        wanted = not commitment.models or any(fnmatchcase(model, m) for m in commitment.models)
        if upstream == commitment.upstream and wanted and not row.emulated:
            total += row.cost_usd
    return total


def _first(path: str | Path, end: float) -> float:
    days = [row.group[0] for row in usage(path, ("day",), None, end).rows]
    return datetime.fromisoformat(min(days)).replace(tzinfo=UTC).timestamp() if days else end
