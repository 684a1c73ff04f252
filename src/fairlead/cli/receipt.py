"""`fairlead receipt`: what one request cost, line by line, and what it had cost elsewhere."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct
from rich.table import Table

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.cli.output import console, print_json
from fairlead.cost.predict import what_if
from fairlead.cost.price import PriceTable, dollars
from fairlead.cost.receipt import Receipt, ReceiptLine
from fairlead.cost.receipt import receipt as make_receipt
from fairlead.ledger.query import show
from fairlead.ledger.record import Accepted, Record
from fairlead.routing.decision import Decision
from fairlead.server.compile import compile_catalog, database_path
from fairlead.server.config import load

__all__ = ["Attempt", "Elsewhere", "Told", "receipt", "told"]

_DECISION = msgspec.json.Decoder(Decision)
_FAILED = "chosen first, but failed"


class Attempt(Struct, frozen=True):
    """A candidate that was asked and failed before the answer; what it billed is not known."""

    model: str
    why: str


class Elsewhere(Struct, frozen=True):
    """What the same tokens would have cost on another candidate, without a prompt cache."""

    model: str
    cost_usd: Decimal | None
    why: str
    ruled_out: str | None = None


class Told(Struct, frozen=True):
    """All that the ledger and the catalogue have to say about the cost of one request.

    `recorded_usd` is what the ledger wrote when the answer ended; `receipt` None where there was no
    usage to bill.
    """

    id: str
    at: str
    outcome: str
    model: str | None
    upstream: str | None
    reason: str
    recorded_usd: Decimal | None
    receipt: Receipt | None
    attempts: tuple[Attempt, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    notes: tuple[str, ...] = ()


def receipt(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="The request's id.")],
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Print what one request cost, line by line, and what it would have cost elsewhere."""
    loaded = load(config)
    path = database_path(loaded.settings)
    found = show(path, request_id)
    if found is None:
        raise Failure.invalid(
            f"there is no request {request_id} in {path}",
            "ID",
            hint="the id is in the answer's x-request-id header",
        )
    if isinstance(found, Accepted):
        raise Failure.invalid(
            f"{request_id} was accepted and has no end in the ledger", "ID", hint="try again later"
        )
    result = told(found, compile_catalog(loaded))
    if json:
        print_json(result)
    else:
        _print(result)


def told(record: Record, catalog: Catalog) -> Told:
    """Everything about the cost of `record`, at the prices of its day."""
    moment = datetime.fromtimestamp(record.at, UTC)
    tables = _tables(catalog, moment.date())
    decision = _DECISION.decode(record.decision) if record.decision else None
    made = None
    table = tables(record.model) if record.model is not None else None
    if record.usage is not None and table is not None:
        made = make_receipt(record.usage, table, others=tables)
    attempts, elsewhere = _others(record, decision, tables)
    return Told(
        id=record.id,
        at=moment.isoformat(timespec="seconds"),
        outcome=record.outcome,
        model=record.model,
        upstream=record.upstream,
        reason=decision.reason if decision is not None else record.route,
        recorded_usd=record.cost_usd,
        receipt=made,
        attempts=attempts,
        elsewhere=elsewhere,
        notes=_notes(record, made, attempts, catalog.version),
    )


def _tables(catalog: Catalog, day: date) -> Callable[[str], PriceTable | None]:
    def of(name: str) -> PriceTable | None:
        try:
            return PriceTable(catalog.resolve(name, day), day)
        except Failure:
            return None

    return of


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


def _notes(
    record: Record, made: Receipt | None, attempts: tuple[Attempt, ...], version: str
) -> tuple[str, ...]:
    notes = []
    if record.emulated:
        notes.append("EMULATED: nobody bills this")
    if record.usage is None:
        notes.append("no vendor told usage for this request: nothing is known to be billed")
    if made is not None and made.total != record.cost_usd:
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
    if was is None:
        why = "it does not say by which catalogue"
    elif was == version:
        why = f"by the same catalogue ({was}): one of both is wrong"
    else:
        why = f"the catalogue was {was} then and is {version} now"
    return f"the ledger wrote {_exact(record.cost_usd)} when the answer ended; {why}"


def _print(told_: Told) -> None:
    out = console()
    out.print(f"Request {told_.id} of {told_.at}: {told_.outcome}, {told_.model or 'no model'}")
    if told_.reason:
        out.print(f"Why there: {told_.reason}", markup=False)
    made = told_.receipt
    if made is not None:
        out.print(_table(made))
    for attempt in told_.attempts:
        out.print(f"Attempt on {attempt.model}: {attempt.why}", markup=False)
    if told_.elsewhere:
        table = Table("candidate", "same tokens, no cache", "why not", title_justify="left")
        for other in told_.elsewhere:
            table.add_row(other.model, _exact(other.cost_usd), other.ruled_out or other.why)
        out.print(table)
    for note in (*(made.notes if made is not None else ()), *told_.notes):
        out.print(f"Note: {note}", markup=False)


def _table(made: Receipt) -> Table:
    table = Table(title=f"Receipt at prices {made.price_version}", title_justify="left")
    for heading, justify in (
        *(("kind", "left"), ("count", "right"), ("$ per million", "right"), ("amount", "right")),
        *(("band", "left"), ("tier", "left"), ("billed as", "left"), ("source", "left")),
    ):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for line in made.lines:
        table.add_row(*_row(line, made.model))
    table.add_row("total", "", "", _exact(made.total), "", "", "", "", style="bold")
    return table


def _row(line: ReceiptLine, model: str) -> tuple[str, ...]:
    kind = line.kind if line.model == model else f"{line.kind} of {line.model}"
    price = "" if line.usd_per_million is None else f"{line.usd_per_million:f}"
    band = f"over {line.over_prompt:,}" if line.over_prompt else "all"
    where = f"{line.tier} {line.region}".strip()
    count = f"{line.count:,} {line.unit}"
    return kind, count, price, _exact(line.amount), band, where, line.billed_as, line.source


def _exact(amount: Decimal | None) -> str:
    return "unpriced" if amount is None else dollars(amount, 10).rstrip("0").rstrip(".")
