"""All that the ledger and the catalogue have to say about the cost of one request."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec
from msgspec import UNSET, Struct

from fairlead.canon import Failure, Problem, Usage
from fairlead.catalog import Catalog
from fairlead.cost.book import NamedPrices
from fairlead.cost.display import exact
from fairlead.cost.predict import what_if
from fairlead.cost.price import PriceTable
from fairlead.cost.receipt import Receipt
from fairlead.cost.receipt import receipt as make_receipt
from fairlead.finance.free import Freed, free_of
from fairlead.finance.search_fees import search_fees
from fairlead.ledger.query import attempts_of, show
from fairlead.ledger.quota import Quota
from fairlead.ledger.record import STATED, Accepted, Record
from fairlead.routing.decision import Decision, Tried

__all__ = ["NO_RECORD", "Attempt", "Billed", "Elsewhere", "Told", "look_up", "told"]

NO_RECORD = (
    "the id is in the answer's x-fairlead-request-id header; a request without a key that is good"
    " here has one too, and no record"
)
"""What to say of an id that the ledger does not hold."""

_DECISION = msgspec.json.Decoder(Decision)
_SUMS = ("files", "batches")
_BESIDE = (*_SUMS, "caches")
_FAILED = "chosen first, but failed"
_SHADOW = "shadow"
_NAMED = "the client named another model"


class Attempt(Struct, frozen=True):
    """A candidate that was asked and failed before the answer; what it billed is not known."""

    model: str
    why: str


class Billed(Struct, frozen=True):
    """An attempt beside the answer that has a record of its own: what became of it and what it
    cost, None where that is not known.
    """

    id: str
    model: str | None
    upstream: str | None
    why: str
    cost_usd: Decimal | None


class Elsewhere(Struct, frozen=True):
    """What the same tokens would have cost on another candidate, without a prompt cache."""

    model: str
    cost_usd: Decimal | None
    why: str
    ruled_out: str | None = None


class Told(Struct, frozen=True):
    """All that the ledger and the catalogue have to say about the cost of one request.

    `recorded_usd` is what the ledger wrote when the answer ended, `stated_usd` what the vendor said
    that it cost (aggregators do); `beside` are attempts of the request that are billed beside it,
    `all_usd` all of it together; `tried` is each attempt, the one that answered and those at one
    model included, where the first was not the only one or failed; `receipt` None where there was
    no usage to bill. `free` is the request's place in a free quota, `free_searches` that of its
    last search in a quota of searches, `due_usd` the receipt's total (the stated cost where no
    price is known) less what they take off, None where there is neither.
    """

    id: str
    at: str
    outcome: str
    model: str | None
    upstream: str | None
    reason: str
    recorded_usd: Decimal | None
    stated_usd: Decimal | None
    receipt: Receipt | None
    free: Freed | None = None
    free_searches: Freed | None = None
    due_usd: Decimal | None = None
    beside: tuple[Billed, ...] = ()
    all_usd: Decimal | None = None
    attempts: tuple[Attempt, ...] = ()
    tried: tuple[Tried, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    notes: tuple[str, ...] = ()


def look_up(path: Path, request_id: str) -> Record:
    """The record of a request.

    Raises:
        Failure: there is none, or it has no end yet.
    """
    found = show(path, request_id)
    if found is None:
        raise Failure(
            Problem(
                "not_found",
                f"there is no request {request_id:.80} in {path}",
                "ID",
                hint=NO_RECORD,
            )
        )
    if isinstance(found, Accepted):
        raise Failure(
            Problem(
                "not_found",
                f"{request_id} was accepted and has no end in the ledger",
                "ID",
                hint="try again later",
            )
        )
    return found


def told(
    record: Record, catalog: Catalog, path: Path | None = None, quotas: Sequence[Quota] = ()
) -> Told:
    """Everything about the cost of `record`, at the prices of its day.

    `quotas` are free ones, whose use is counted in the ledger at `path`.
    """
    moment = datetime.fromtimestamp(record.at, UTC)
    tables = partial(NamedPrices(catalog).of, day=moment.date())
    decision = _DECISION.decode(record.decision) if record.decision else None
    made = None
    table = tables(record.model) if record.model is not None else None
    if record.usage is not None and table is not None:
        if record.op in _SUMS:
            made = _of_a_batch(record, record.usage, table, tables)
        else:
            made = make_receipt(record.usage, table, others=tables)
    attempts, elsewhere = _others(record, decision, tables)
    if not elsewhere and record.op != "caches":  # no other vendor keeps it by the hour
        elsewhere = _families(record, catalog, tables)
    freed = searches = None
    if path is not None and quotas:
        fees = search_fees(catalog)
        freed = free_of(path, [one for one in quotas if one.searches is None], record)
        searches = free_of(path, [one for one in quotas if one.searches is not None], record, fees)
    beside = _beside(path, record)
    total = made.total if made is not None else None
    if total is None and record.price_version == STATED:
        total = record.cost_usd
    due = Decimal(0) if freed is not None and freed.free_usd and total is not None else total
    if due and searches is not None:
        due = max(Decimal(0), due - searches.free_usd)
    return Told(
        id=record.id,
        at=moment.isoformat(timespec="seconds"),
        outcome=record.outcome,
        model=record.model,
        upstream=record.upstream,
        reason=decision.reason if decision is not None else record.route,
        recorded_usd=record.cost_usd,
        stated_usd=None if record.usage is None else record.usage.stated_usd,
        receipt=made,
        free=freed,
        free_searches=searches,
        due_usd=due,
        beside=beside,
        all_usd=_all(record, beside),
        attempts=attempts,
        tried=() if decision is None or decision.tried is UNSET else decision.tried,
        elsewhere=elsewhere,
        notes=_notes(record, made, _unbooked(attempts, beside), catalog.version),
    )


def _beside(path: Path | None, record: Record) -> tuple[Billed, ...]:
    """The request's attempts that have records of their own."""
    if path is None:
        return ()
    return tuple(
        Billed(each.id, each.model, each.upstream, each.error_message or "", each.cost_usd)
        for each in attempts_of(path, record.id)
    )


def _unbooked(attempts: tuple[Attempt, ...], beside: tuple[Billed, ...]) -> tuple[Attempt, ...]:
    """Those of which no record tells what they cost."""
    booked = {each.model for each in beside}
    return tuple(attempt for attempt in attempts if attempt.model not in booked)


def _all(record: Record, beside: tuple[Billed, ...]) -> Decimal | None:
    """What the request cost with all its attempts; None where a part is not known."""
    costs = [record.cost_usd, *[each.cost_usd for each in beside]]
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None


def _of_a_batch(
    record: Record, usage: Usage, table: PriceTable, tables: Callable[[str], PriceTable | None]
) -> Receipt:
    """The receipt of a batch's answers, summed: a record holds those of one prompt-size band, which
    is the one that gives what was written, else the lowest.
    """
    edges = table.variant(None, usage.region).edges
    made = [make_receipt(usage, table, others=tables, band_of=edge + 1) for edge in edges]
    return next((one for one in made if one.total == record.cost_usd), made[-1])


def _others(
    record: Record, decision: Decision | None, tables: Callable[[str], PriceTable | None]
) -> tuple[tuple[Attempt, ...], tuple[Elsewhere, ...]]:
    """The candidates that failed, and what the others would have cost."""
    candidates = decision.candidates if decision is not None else ()
    attempts = tuple(Attempt(c.model, c.why) for c in candidates if c.why.startswith(_FAILED))
    elsewhere = []
    for candidate in candidates:
        if candidate.model == record.model:
            continue
        table = tables(candidate.model)
        charge = what_if(table, record.usage) if table and record.usage else None
        cost = charge.total if charge is not None else None
        elsewhere.append(Elsewhere(candidate.model, cost, candidate.why, candidate.ruled_out))
    return attempts, tuple(elsewhere)


def _families(
    record: Record, catalog: Catalog, tables: Callable[[str], PriceTable | None]
) -> tuple[Elsewhere, ...]:
    """For a request that named its model: what the families' models would have cost."""
    if record.usage is None or record.model is None:
        return ()
    told: dict[str, Elsewhere] = {}
    for family in catalog.families:
        table = tables(family)
        if table is None or table.model.id == record.model:
            continue
        charge = what_if(table, record.usage)
        cost = charge.total if charge is not None else None
        copied = "this is a copy to a shadow" if record.op == _SHADOW else _NAMED
        why = f"what {family} stands for; {copied}"
        told.setdefault(table.model.id, Elsewhere(table.model.id, cost, why))
    return tuple(told.values())


def _notes(
    record: Record, made: Receipt | None, attempts: tuple[Attempt, ...], version: str
) -> tuple[str, ...]:
    notes = []
    if record.emulated:
        notes.append("EMULATED: nobody bills this")
    if record.usage is None and record.op in _BESIDE:
        notes.append(
            "what a batch or a cached content costs has a receipt of its own, whose id is"
            " UPSTREAM.ID of the vendor's object, as gemini.batches.abc"
        )
    elif record.usage is None:
        notes.append("no vendor told usage for this request: nothing is known to be billed")
    if made is not None and record.op in _SUMS:
        notes.append(
            "the sum of a batch's answers, which are priced one by one; a fee of an answer is shown"
            " once here"
        )
    said = record.price_version == STATED
    if said or (made is not None and made.total != record.cost_usd):
        notes.append(_otherwise(record, version))
    if attempts:
        notes.append(
            "candidates that failed told no usage; whether their vendors billed the prompt is not"
            " known, and it is not in the total"
        )
    return tuple(notes)


def _otherwise(record: Record, version: str) -> str:
    """Why the ledger's figure may be another one; with the same catalogue nothing explains it."""
    was = record.price_version
    if was == STATED:
        return f"no price was known: the ledger has what {_who(record)} stated"
    if was is None:
        why = "it does not say by which catalogue"
    elif was == version:
        why = f"by the same catalogue ({was}): one of both is wrong"
    else:
        why = f"the catalogue was {was} then and is {version} now"
    return f"the ledger wrote {exact(record.cost_usd)} when the answer ended; {why}"


def _who(record: Record) -> str:
    return f"'{record.upstream}'" if record.upstream else "the upstream"
