"""What the ledger holds, summed, and what free quotas take off it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from fairlead.catalog import Catalog
from fairlead.finance.free import Free, free
from fairlead.finance.search_fees import search_fees
from fairlead.ledger.query import Dimension, Sums, usage
from fairlead.ledger.quota import Quota

__all__ = ["Spent", "spent"]


_COPIES = ("shadow",)


class Spent(Struct, frozen=True, omit_defaults=True):
    """A `ledger.query.Report`, whose dollars are those of the price list, and beside it what is
    `free` of them, where there are quotas. `shadows`: of the totals, what copies to shadows have,
    where there are any; no client asked for them.
    """

    by: tuple[Dimension, ...]
    rows: tuple[Sums, ...]
    totals: Sums
    free: Free | None = None
    shadows: Sums | None = None


def spent(
    path: str | Path,
    by: Sequence[Dimension],
    span: tuple[float | None, float | None],
    quotas: Sequence[Quota] = (),
    catalog: Callable[[], Catalog] | None = None,
) -> Spent:
    """Sums of the requests accepted in `span`, as `ledger.query.usage` and its errors. `catalog` is
    asked for what searches cost, where a quota has some.
    """
    report = usage(path, by, *span)
    copies = next((row for row in usage(path, ("op",), *span).rows if row.group == _COPIES), None)
    if not quotas:
        return Spent(report.by, report.rows, report.totals, None, copies)
    if catalog is not None and any(quota.searches is not None for quota in quotas):
        off = free(path, quotas, by, span, report.totals, search_fees(catalog()))
    else:
        off = free(path, quotas, by, span, report.totals)
    return Spent(report.by, report.rows, report.totals, off, copies)
