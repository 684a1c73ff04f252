"""The vendor's bill against the ledger, by UTC day and model.

    matched        both have it: the same tokens where the export tells them, and dollars that
                   differ by at most a cent
    differs        both have it, and one of the two is otherwise
    missing here   the vendor bills what the ledger has not: another program with the same key?
    missing there  the ledger has what the vendor does not bill (yet: exports lag by hours)

*Unexplained* dollars are the vendor's less ours. Where an export tells tokens only, the difference
of the tokens is priced from the catalogue, in the lowest prompt band. Answers of the emulator are
left out: no vendor bills them; so are those of upstreams that somebody else bills, `elsewhere`: an
aggregator's, another cloud's. What a free quota takes off (`finance.free`) is taken off our side,
and told as `free_usd`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.cost.book import NamedPrices
from fairlead.finance.exports import EXPORTS, Billed, Tokens
from fairlead.finance.free import free_by_day
from fairlead.finance.rows import Document
from fairlead.finance.search_fees import search_fees
from fairlead.ledger.quota import Quota
from fairlead.ledger.traffic import Traffic, traffic

__all__ = ["Compared", "Reconciliation", "Status", "against_ledger", "reconcile"]

Status = Literal["matched", "differs", "missing here", "missing there"]
CENT = Decimal("0.01")
_ZERO = Decimal(0)


class Compared(Struct, frozen=True):
    """One day and model. A side is None where it has nothing, or does not tell."""

    day: date
    model: str
    status: Status
    requests: int
    tokens_here: Tokens | None
    tokens_there: Tokens | None
    usd_here: Decimal | None
    usd_there: Decimal | None
    unexplained_usd: Decimal


class Reconciliation(Struct, frozen=True):
    """All of it. `unassigned_usd` is billed for no model: fees, other services, by their names.

    `unpriced` answers of the ledger have tokens and no dollars; `emulated` ones are left out, and
    `elsewhere` ones, which upstreams of others gave with the vendor's models.
    """

    vendor: str
    rows: tuple[Compared, ...]
    counts: dict[Status, int]
    usd_here: Decimal
    usd_there: Decimal | None
    unexplained_usd: Decimal
    unassigned_usd: dict[str, Decimal]
    unpriced: int
    emulated: int
    free_usd: Decimal = _ZERO
    elsewhere: int = 0


def against_ledger(
    vendor: str,
    document: Document,
    path: Path,
    catalog: Catalog,
    quotas: Sequence[Quota] = (),
    elsewhere: Collection[str] = (),
) -> Reconciliation:
    """A vendor's export against the ledger at `path`, over the days that the export speaks of.
    Upstreams that others bill are `elsewhere`.

    Raises:
        Failure: there is no such vendor, or the export is at fault: with its line or path.
        LedgerError: the ledger cannot be read.
    """
    read = EXPORTS.get(vendor)
    if read is None:
        raise Failure.invalid(
            f"no export of '{vendor:.80}' can be read",
            "vendor",
            hint=f"one of {', '.join(EXPORTS)}",
        )
    billed = read(document)
    if not billed:
        raise Failure.invalid("the export has no rows", "file")
    days = [each.day for each in billed]
    first = datetime.combine(min(days), datetime.min.time(), UTC).timestamp()
    last = datetime.combine(max(days), datetime.min.time(), UTC) + timedelta(days=1)
    quotas = [quota for quota in quotas if quota.upstream not in elsewhere]
    free = free_by_day(path, quotas, first, last.timestamp(), search_fees(catalog))
    groups = traffic(path, first, last.timestamp(), batches=True, elsewhere=elsewhere)
    return reconcile(vendor, billed, groups, catalog, free)


class _Side:
    def __init__(self) -> None:
        self.requests = 0
        self.tokens: Tokens | None = None
        self.usd: Decimal | None = None

    def add(self, tokens: Tokens | None, usd: Decimal | None, requests: int = 0) -> None:
        self.requests += requests
        if tokens is not None:
            self.tokens = tokens if self.tokens is None else self.tokens + tokens
        if usd is not None:
            self.usd = usd + (self.usd or _ZERO)


def reconcile(
    vendor: str,
    billed: Iterable[Billed],
    groups: Iterable[Traffic],
    catalog: Catalog,
    free: Mapping[tuple[date, str], Decimal] | None = None,
) -> Reconciliation:
    """Compare. `groups` should cover the days that `billed` speaks of, and no others; `free` is
    what no vendor bills of them, by day and model.
    """
    here: dict[tuple[date, str], _Side] = defaultdict(_Side)
    there: dict[tuple[date, str], _Side] = defaultdict(_Side)
    unassigned: dict[str, Decimal] = defaultdict(Decimal)
    for row in billed:
        if row.model is None:
            unassigned[row.what] += row.cost_usd or _ZERO
        else:
            model = _id(catalog, row.model, row.day)
            there[row.day, model].add(row.tokens, row.cost_usd)
    unpriced = emulated = elsewhere = 0
    for group in groups:
        key = group.day, _id(catalog, group.model, group.day)
        if _vendor(catalog, *key) != vendor:
            continue
        if group.elsewhere:
            elsewhere += 0 if group.emulated else group.requests
            continue
        if group.emulated:
            emulated += group.requests
            continue
        unpriced += 0 if group.priced else group.requests
        here[key].add(_tokens(group), group.cost_usd, group.requests)
    given = _ZERO
    for (day, name), amount in (free or {}).items():
        model = _id(catalog, name, day)
        if _vendor(catalog, day, model) == vendor:
            here[day, model].add(None, -amount)
            given += amount
    prices = NamedPrices(catalog)
    rows = tuple(
        _compare(key, here.get(key), there.get(key), prices) for key in sorted({*here, *there})
    )
    counts: dict[Status, int] = defaultdict(int)
    for each in rows:
        counts[each.status] += 1
    dollars = [each.usd_there for each in rows if each.usd_there is not None]
    return Reconciliation(
        vendor=vendor,
        rows=rows,
        counts=dict(counts),
        usd_here=sum((each.usd_here or _ZERO for each in rows), _ZERO),
        usd_there=sum(dollars, _ZERO) if dollars else None,
        unexplained_usd=sum((each.unexplained_usd for each in rows), _ZERO),
        unassigned_usd=dict(unassigned),
        unpriced=unpriced,
        emulated=emulated,
        free_usd=given,
        elsewhere=elsewhere,
    )


def _compare(
    key: tuple[date, str], here: _Side | None, there: _Side | None, prices: NamedPrices
) -> Compared:
    ours, theirs = here or _Side(), there or _Side()
    if theirs.usd is not None or there is None:
        # A vendor that says nothing of what we paid leaves all of it unexplained.
        unexplained = (theirs.usd or _ZERO) - (ours.usd or _ZERO)
    else:
        unexplained = _priced(key, ours.tokens or Tokens(), theirs.tokens or Tokens(), prices)
    same = theirs.tokens is None or theirs.tokens == ours.tokens
    status: Status = "matched" if same and abs(unexplained) <= CENT else "differs"
    if here is None or there is None:
        status = "missing here" if here is None else "missing there"
    return Compared(
        *key,
        status,
        ours.requests,
        ours.tokens,
        theirs.tokens,
        ours.usd,
        theirs.usd,
        unexplained,
    )


def _priced(key: tuple[date, str], ours: Tokens, theirs: Tokens, prices: NamedPrices) -> Decimal:
    """What the tokens that only one side has cost; 0 where no price is known."""
    day, name = key
    table = prices.of(name, day)
    if table is None:
        return _ZERO
    total = _ZERO
    kinds = {"cache_write": "cache_write_5m"}
    for kind in ("input", "cache_read", "cache_write", "output"):
        rate = table.usd_per_million(kinds.get(kind, kind))
        total += (getattr(theirs, kind) - getattr(ours, kind)) * (rate or _ZERO)
    return total / 10**6


def _tokens(group: Traffic) -> Tokens:
    usage = group.usage
    return Tokens(
        usage.input + usage.input_audio + usage.tool_input,
        usage.cache_read + usage.cache_read_audio,
        usage.cache_write_5m + usage.cache_write_1h,
        usage.completion_total,
    )


def _id(catalog: Catalog, name: str, day: date) -> str:
    try:
        return catalog.resolve(name, day).id
    except Failure:
        return name


def _vendor(catalog: Catalog, day: date, name: str) -> str | None:
    try:
        return catalog.resolve(name, day).vendor
    except Failure:
        return None
