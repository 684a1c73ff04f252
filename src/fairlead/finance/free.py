"""Free quotas: what of the ledger's dollars nobody bills, since "the first N a day are free".

The ledger keeps what a request costs by the price list. A quota is taken off when figures are
shown, by one rule that always gives the same answer, whoever asks and however many gateways write:

    a quota's requests are those that one upstream (one key of the vendor's) answered with one of
    its models, and that have a price, in the order in which they were accepted. A request is free
    while the requests of its day, itself included, are within the quota's requests, and their
    tokens within its tokens.

So the request that crosses the limit is billed whole, the dearer reading, and those after it too.
A day (or month) is one of the quota's time zone. A request belongs to the first quota that names
its model. Fees of server tools are not free by it: a request that has some counts, and is billed.
What the emulator answered has a quota of its own, since it takes nothing of the real one.

A quota of `searches` is for these fees alone, and stands beside the others: of the searches that
are billed (of each answer one, or as many as it made: `search_fees`), the first ones of the period
cost nothing, one by one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from fairlead.finance.search_fees import Fees
from fairlead.ledger.in_order import Answer, in_order, models_of
from fairlead.ledger.query import Dimension, Sums
from fairlead.ledger.quota import Quota
from fairlead.ledger.record import Record

__all__ = ["Free", "FreeGroup", "Freed", "free", "free_by_day", "free_of", "no_fees"]

_FOREVER = 253_402_300_799.0
"""The last second that a date can name: an end that is not given."""
_ZERO = Decimal(0)


def no_fees(answer: Answer) -> tuple[int, Decimal]:
    """Where no quota is of searches."""
    del answer
    return 0, _ZERO


class Freed(Struct, frozen=True):
    """A request within a quota: the `number` of its period (of searches, its last one's), and the
    `tokens` with its own. `day` is the period's first.

    `free_usd` is what is taken off its cost; 0 where it crossed the limit.
    """

    quota: Quota
    day: date
    number: int
    tokens: int
    free_usd: Decimal


class FreeGroup(Struct, frozen=True):
    """`group` as in the report beside it: requests that were free, `searches` whose fees were, and
    what they would cost.
    """

    group: tuple[str, ...]
    requests: int
    free_usd: Decimal
    searches: int = 0


class Free(Struct, frozen=True):
    """What the quotas take off a report; `due_usd` is its total less that."""

    quotas: tuple[Quota, ...]
    rows: tuple[FreeGroup, ...]
    requests: int
    free_usd: Decimal
    due_usd: Decimal
    searches: int = 0


class _Sum(Struct):
    requests: int = 0
    searches: int = 0
    free_usd: Decimal = _ZERO


def free(
    path: str | Path,
    quotas: Sequence[Quota],
    by: Sequence[Dimension],
    span: tuple[float | None, float | None],
    totals: Sums,
    fees: Fees = no_fees,
) -> Free:
    """What is free of the requests accepted in `span`, by the dimensions of `ledger.query.usage`,
    whose `totals` it is taken off. `fees` are those of searches.
    """
    groups: dict[tuple[str, ...], _Sum] = defaultdict(_Sum)
    for answer, freed, count in _all(path, quotas, span, fees, emulated=totals.emulated > 0):
        held = groups[tuple(getattr(answer, name) for name in by)]
        held.free_usd += freed.free_usd
        if freed.quota.searches is None:
            held.requests += count
        else:
            held.searches += count
    rows = tuple(
        FreeGroup(group, held.requests, held.free_usd, held.searches)
        for group, held in sorted(groups.items(), key=lambda item: item[0])
    )
    off = sum((row.free_usd for row in rows), _ZERO)
    return Free(
        tuple(quotas),
        rows,
        sum(row.requests for row in rows),
        off,
        totals.cost_usd - off,
        sum(row.searches for row in rows),
    )


def free_by_day(
    path: str | Path, quotas: Sequence[Quota], since: float, until: float, fees: Fees = no_fees
) -> dict[tuple[date, str], Decimal]:
    """What is free by UTC day and model, of requests that a vendor answered (not the emulator)."""
    found: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for answer, freed, _ in _all(path, quotas, (since, until), fees, emulated=False):
        found[datetime.fromtimestamp(answer.at, UTC).date(), answer.model] += freed.free_usd
    return dict(found)


def free_of(
    path: str | Path, quotas: Sequence[Quota], record: Record, fees: Fees = no_fees
) -> Freed | None:
    """Where a record stands within the first of these quotas that it belongs to; None for none."""
    model = record.model
    if model is None or record.cost_usd is None or record.usage is None:
        return None
    own = [quota for quota in quotas if quota.upstream == record.upstream]
    quota = next((quota for quota in own if quota.holds(model)), None)
    if quota is None:
        return None
    day = quota.day(record.at)
    # Requests may be accepted in the same instant: the one that is asked for ends the count.
    taken = _Taken(quota, fees)
    for answer in in_order(
        path,
        quota.upstream,
        _models(path, own, quota),
        quota.begin(day),
        record.at + 1e-3,
        emulated=record.emulated,
        fees=quota.searches is not None,
    ):
        amount, _ = taken.take(answer)
        if answer.id == record.id:
            return Freed(quota, day, taken.number, taken.tokens, amount)
    return None


class _Taken:
    """How much of a quota its period has used."""

    def __init__(self, quota: Quota, fees: Fees) -> None:
        self._fees = fees
        self._requests, self._tokens = quota.requests, quota.tokens
        self._searches = quota.searches
        self.number = 0
        self.tokens = 0

    def take(self, answer: Answer) -> tuple[Decimal, int]:
        """Count a request; what of it is free, and how many requests or searches that are."""
        if self._searches is not None:
            count, each = self._fees(answer)
            free = max(0, min(count, self._searches - self.number))
            self.number += count
            return each * free, free
        self.number += 1
        self.tokens += answer.tokens
        if self.spent() or answer.server_calls is not None:
            return _ZERO, 0
        return Decimal(answer.cost_pico_usd).scaleb(-12), 1

    def spent(self, more: int = 0) -> bool:
        """Whether the quota is used up; with `more` whether it will be, by that many more."""
        most = self._requests if self._searches is None else self._searches
        return (most is not None and self.number + more > most) or (
            self._tokens is not None and self.tokens + more > self._tokens
        )


def _all(
    path: str | Path,
    quotas: Sequence[Quota],
    span: tuple[float | None, float | None],
    fees: Fees,
    *,
    emulated: bool,
) -> Iterator[tuple[Answer, Freed, int]]:
    """What is free in a span, each with its place and how many of it; the emulator's too if there
    are any.
    """
    for quota in quotas:
        kind = [one for one in quotas if (one.searches is None) is (quota.searches is None)]
        own = [one for one in kind if one.upstream == quota.upstream]
        models = _models(path, own, quota)
        if not models:
            continue
        for made_up in (False, True) if emulated else (False,):
            yield from _walk(path, quota, models, span, fees, emulated=made_up)


def _models(path: str | Path, own: Sequence[Quota], quota: Quota) -> list[str]:
    """The ledger's models that are the quota's: those that none before it names."""
    return [name for name in models_of(path) if _first(own, name) is quota]


def _walk(
    path: str | Path,
    quota: Quota,
    models: Sequence[str],
    span: tuple[float | None, float | None],
    fees: Fees,
    *,
    emulated: bool,
) -> Iterator[tuple[Answer, Freed, int]]:
    """Through a quota's periods. Where it is used up, on to the next one."""
    since, until = span[0] or 0.0, _FOREVER if span[1] is None else span[1]
    searches = quota.searches is not None
    at: float | None = quota.begin(quota.day(since)) if since else 0.0
    while at is not None:
        begin, at, end = at, None, float("-inf")
        for answer in in_order(
            path, quota.upstream, models, begin, until, emulated=emulated, fees=searches
        ):
            if answer.at >= end:
                day = quota.day(answer.at)
                end, taken = quota.end(day), _Taken(quota, fees)
            amount, count = taken.take(answer)
            if count and answer.at >= since:
                yield answer, Freed(quota, day, taken.number, taken.tokens, amount), count
            if taken.spent(1):
                at = end
                break


def _first(own: Iterable[Quota], model: str) -> Quota | None:
    return next((quota for quota in own if quota.holds(model)), None)
