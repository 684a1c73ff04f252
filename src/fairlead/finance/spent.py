"""What the ledger holds, summed, and what free quotas take off it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from fairlead.catalog import Catalog
from fairlead.finance.commitments import Owed, owed
from fairlead.finance.free import Free, free, no_fees
from fairlead.finance.search_fees import search_fees
from fairlead.ledger.commitment import Commitment
from fairlead.ledger.query import Dimension, Sums, usage
from fairlead.ledger.quota import Quota

__all__ = ["Spent", "spent"]


_COPIES = ("shadow",)


class Spent(Struct, frozen=True, omit_defaults=True):
    """A `ledger.query.Report`, whose dollars are those of the price list, and beside it what is
    `free` of them, where there are quotas. `shadows`: of the totals, what copies to shadows have,
    where there are any; no client asked for them. `commitments` are in no sum.
    """

    by: tuple[Dimension, ...]
    rows: tuple[Sums, ...]
    totals: Sums
    free: Free | None = None
    shadows: Sums | None = None
    commitments: tuple[Owed, ...] = ()


def spent(
    path: str | Path,
    by: Sequence[Dimension],
    span: tuple[float | None, float | None],
    quotas: Sequence[Quota] = (),
    catalog: Callable[[], Catalog] | None = None,
    commitments: Sequence[Commitment] = (),
) -> Spent:
    """Sums of the requests accepted in `span`, as `ledger.query.usage` and its errors. `catalog` is
    asked for what searches cost, where a quota has some.
    """
    report = usage(path, by, *span)
    copies = next((row for row in usage(path, ("op",), *span).rows if row.group == _COPIES), None)
    off = None
    if quotas:
        searches = any(quota.searches is not None for quota in quotas)
        fees = search_fees(catalog()) if searches and catalog is not None else no_fees
        off = free(path, quotas, by, span, report.totals, fees)
    beside = owed(path, commitments, span, time.time())
    return Spent(report.by, report.rows, report.totals, off, copies, beside)
