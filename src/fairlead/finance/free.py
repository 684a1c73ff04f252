"""Free quotas: what of the ledger's dollars nobody bills, since "the first N a day are free".

The ledger keeps what a request costs by the price list. A quota is taken off when figures are
shown, by one rule that always gives the same answer, whoever asks and however many gateways write:

    a quota's requests are those that one upstream (one key of the vendor's) answered with one of
    its models, and that have a price, in the order in which they were accepted. A request is free
    while the requests of its day, itself included, are within the quota's requests, and their
    tokens within its tokens.

So the request that crosses the limit is billed whole, the dearer reading, and those after it too.
A day is one of the quota's time zone. A request belongs to the first quota that names its model.
Fees of server tools are never free: a request that has some counts, and is billed. What the
emulator answered has a quota of its own, since it takes nothing of the real one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from fairlead.ledger.in_order import Answer, in_order
from fairlead.ledger.query import Dimension, Sums
from fairlead.ledger.quota import Quota
from fairlead.ledger.record import Record

__all__ = ["Free", "FreeGroup", "Freed", "free", "free_by_day", "free_of"]

_FOREVER = 253_402_300_799.0
"""The last second that a date can name: an end that is not given."""
_ZERO = Decimal(0)


class Freed(Struct, frozen=True):
    """A request within a quota: the `number` of its day, and the `tokens` with its own.

    `free_usd` is what is taken off its cost; 0 where it crossed the limit.
    """

    quota: Quota
    day: date
    number: int
    tokens: int
    free_usd: Decimal


class FreeGroup(Struct, frozen=True):
    """`group` as in the report beside it: requests that were free, and what they would cost."""

    group: tuple[str, ...]
    requests: int
    free_usd: Decimal


class Free(Struct, frozen=True):
    """What the quotas take off a report; `due_usd` is its total less that."""

    quotas: tuple[Quota, ...]
    rows: tuple[FreeGroup, ...]
    requests: int
    free_usd: Decimal
    due_usd: Decimal


def free(
    path: str | Path,
    quotas: Sequence[Quota],
    by: Sequence[Dimension],
    span: tuple[float | None, float | None],
    totals: Sums,
) -> Free:
    """What is free of the requests accepted in `span`, by the dimensions of `ledger.query.usage`,
    whose `totals` it is taken off.
    """
    groups: dict[tuple[str, ...], list[Decimal]] = defaultdict(list)
    for answer, freed in _all(path, quotas, span, emulated=totals.emulated > 0):
        groups[tuple(getattr(answer, name) for name in by)].append(freed.free_usd)
    rows = tuple(
        FreeGroup(group, len(amounts), sum(amounts, _ZERO))
        for group, amounts in sorted(groups.items())
    )
    off = sum((row.free_usd for row in rows), _ZERO)
    return Free(tuple(quotas), rows, sum(row.requests for row in rows), off, totals.cost_usd - off)


def free_by_day(
    path: str | Path, quotas: Sequence[Quota], since: float, until: float
) -> dict[tuple[date, str], Decimal]:
    """What is free by UTC day and model, of requests that a vendor answered (not the emulator)."""
    found: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for answer, freed in _all(path, quotas, (since, until), emulated=False):
        found[datetime.fromtimestamp(answer.at, UTC).date(), answer.model] += freed.free_usd
    return dict(found)


def free_of(path: str | Path, quotas: Sequence[Quota], record: Record) -> Freed | None:
    """Where a record stands within its quota; None where it belongs to none."""
    if record.model is None or record.cost_usd is None or record.usage is None:
        return None
    own = [quota for quota in quotas if quota.upstream == record.upstream]
    quota = next((quota for quota in own if quota.holds(record.model or "")), None)
    if quota is None:
        return None
    day = quota.day(record.at)
    taken = _Taken()
    # Requests may be accepted in the same instant: the one that is asked for ends the count.
    for answer in in_order(
        path, quota.upstream, quota.begin(day), record.at + 1e-3, emulated=record.emulated
    ):
        if _first(own, answer.model) is not quota:
            continue
        amount = taken.take(quota, answer)
        if answer.id == record.id:
            return Freed(quota, day, taken.requests, taken.tokens, amount)
    return None


class _Taken:
    """How much of a quota the day has used."""

    def __init__(self) -> None:
        self.requests = 0
        self.tokens = 0

    def take(self, quota: Quota, answer: Answer) -> Decimal:
        """Count a request; what of it is free."""
        self.requests += 1
        self.tokens += answer.tokens
        return _ZERO if self.spent(quota) or answer.fees else answer.cost_usd

    def spent(self, quota: Quota, more: int = 0) -> bool:
        """Whether the quota is used up; with `more` whether it will be, by that many requests."""
        requests, tokens = quota.requests, quota.tokens
        return (requests is not None and self.requests + more > requests) or (
            tokens is not None and self.tokens + more > tokens
        )


def _all(
    path: str | Path,
    quotas: Sequence[Quota],
    span: tuple[float | None, float | None],
    *,
    emulated: bool,
) -> Iterator[tuple[Answer, Freed]]:
    """The free requests of a span, each with its place; those of the emulator too if there are."""
    upstreams = dict.fromkeys(quota.upstream for quota in quotas)
    for upstream in upstreams:
        own = [quota for quota in quotas if quota.upstream == upstream]
        for made_up in (False, True) if emulated else (False,):
            yield from _walk(path, own, span, emulated=made_up)


def _walk(
    path: str | Path,
    own: Sequence[Quota],
    span: tuple[float | None, float | None],
    *,
    emulated: bool,
) -> Iterator[tuple[Answer, Freed]]:
    """Through one upstream's days. Where all quotas of a day are used up, on to the next day."""
    since, until = span[0] or 0.0, _FOREVER if span[1] is None else span[1]
    at: float | None = min(quota.begin(quota.day(since)) for quota in own) if since else 0.0
    while at is not None:
        taken: dict[tuple[str, date], _Taken] = defaultdict(_Taken)
        begin, at = at, None
        for answer in in_order(path, own[0].upstream, begin, until, emulated=emulated):
            quota = _first(own, answer.model)
            if quota is None:
                continue
            day = quota.day(answer.at)
            held = taken[quota.name, day]
            amount = held.take(quota, answer)
            if amount and answer.at >= since:
                yield answer, Freed(quota, day, held.requests, held.tokens, amount)
            if len(own) == 1 and held.spent(quota, 1):
                at = quota.begin(day + timedelta(days=1))
                break


def _first(own: Iterable[Quota], model: str) -> Quota | None:
    return next((quota for quota in own if quota.holds(model)), None)
