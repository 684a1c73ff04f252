"""What the ledger holds, summed, and what free quotas take off it."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from fairlead.finance.free import Free, free
from fairlead.ledger.query import Dimension, Sums, usage
from fairlead.ledger.quota import Quota

__all__ = ["Spent", "spent"]


class Spent(Struct, frozen=True, omit_defaults=True):
    """A `ledger.query.Report`, whose dollars are those of the price list, and beside it what is
    `free` of them, where there are quotas.
    """

    by: tuple[Dimension, ...]
    rows: tuple[Sums, ...]
    totals: Sums
    free: Free | None = None


def spent(
    path: str | Path,
    by: Sequence[Dimension],
    span: tuple[float | None, float | None],
    quotas: Sequence[Quota] = (),
) -> Spent:
    """Sums of the requests accepted in `span`, as `ledger.query.usage` and its errors."""
    report = usage(path, by, *span)
    off = free(path, quotas, by, span, report.totals) if quotas else None
    return Spent(report.by, report.rows, report.totals, off)
