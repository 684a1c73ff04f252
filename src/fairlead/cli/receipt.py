"""`fairlead receipt`: what one request cost, line by line, and what it had cost elsewhere."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import console, new_table, number_column, print_json, rate_told
from fairlead.cost.display import exact
from fairlead.cost.receipt import Receipt, ReceiptLine
from fairlead.finance.free import Freed
from fairlead.finance.told import Told, look_up, told
from fairlead.routing.decision import Tried
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load
from fairlead.server.money import quotas_of
from fairlead.server.paths import database_path

__all__ = ["receipt"]


def receipt(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="The request's id.")],
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Print what one request cost, line by line, and what it would have cost elsewhere."""
    loaded = in_own_currency(load(config), json=json)
    path = database_path(loaded.settings)
    record = look_up(path, request_id)
    result = told(record, compile_catalog(loaded), path, quotas_of(loaded))
    if json:
        print_json(result)
    else:
        _print(result)


def _print(told_: Told) -> None:
    out = console()
    who = told_.model or "no model"
    out.print(f"Request {told_.id} of {told_.at}: {told_.outcome}, {who}", markup=False)
    if told_.reason:
        out.print(f"Why there: {told_.reason}", markup=False)
    made = told_.receipt
    if made is not None:
        out.print(_table(made))
    if told_.stated_usd is not None:
        ours = made.total if made is not None else None
        out.print(f"Stated by {told_.upstream}: {_stated(told_.stated_usd, ours)}", markup=False)
    for free in (told_.free, told_.free_searches):
        if free is not None:
            out.print(f"Free: {_freed(free)}; due: {exact(told_.due_usd)}", markup=False)
    for billed in told_.beside:
        where = f"{billed.model or 'no model'} ({billed.id})"
        out.print(f"Beside it: {where}: {exact(billed.cost_usd)}, {billed.why}", markup=False)
    if told_.beside:
        out.print(f"All attempts together: {exact(told_.all_usd)}", markup=False)
    for number, tried in enumerate(told_.tried, 1):
        out.print(f"Try {number}: {_tried(tried)}", markup=False)
    for attempt in told_.attempts:
        out.print(f"Attempt on {attempt.model}: {attempt.why}", markup=False)
    if told_.elsewhere:
        table = new_table("candidate", "same tokens, no cache", "why not")
        for other in told_.elsewhere:
            table.add_row(other.model, exact(other.cost_usd), other.ruled_out or other.why)
        out.print(table)
    for note in (*(made.notes if made is not None else ()), *told_.notes):
        out.print(f"Note: {note}", markup=False)
    rate_told()


def _tried(tried: Tried) -> str:
    """`claude-haiku-4-5-20251001 at anthropic: overloaded (529), 12 ms`."""
    status = "" if tried.status is None else f" ({tried.status})"
    return f"{tried.model} at {tried.upstream}: {tried.outcome}{status}, {tried.ms:,.0f} ms"


def _stated(said: Decimal, ours: Decimal | None) -> str:
    """`$0.0012, $0.0001 more than by the prices here`."""
    if ours is None:
        return f"{exact(said)}, which is the cost: no price is known here"
    if said == ours:
        return f"{exact(said)}, as by the prices here"
    side = "more" if said > ours else "less"
    return f"{exact(said)}, {exact(abs(said - ours))} {side} than by the prices here"


def _freed(freed: Freed) -> str:
    """`4 of 1,500 requests and 900 of 1,000 tokens of 2026-11-22 (google): all of it`."""
    quota = freed.quota
    used = [
        f"{count:,} of {most:,} {unit}"
        for count, most, unit in (
            (freed.number, quota.requests, "requests"),
            (freed.tokens, quota.tokens, "tokens"),
            (freed.number, quota.searches, "searches"),
        )
        if most is not None
    ]
    what = "all of it" if freed.free_usd else "nothing of it"
    if quota.searches is not None:
        what = f"{exact(freed.free_usd)} of the fees"
    when = f"{freed.day:%Y-%m}" if quota.period == "month" else str(freed.day)
    return f"{what}, {' and '.join(used)} of {when} ({quota.name})"


def _table(made: Receipt) -> Table:
    banded = ("band",) * any(line.over_prompt for line in made.lines)
    table = new_table(
        "kind",
        *(number_column(heading) for heading in ("count", "$ per million", "amount")),
        *(*banded, "tier", "billed as", "source"),
        title=f"Receipt at prices {made.price_version}",
    )
    for line in made.lines:
        band = f"over {line.over_prompt:,}" if line.over_prompt else "all"
        before, behind = _row(line, made.model)
        table.add_row(*before, *(band for _ in banded), *behind)
    table.add_row("total", "", "", exact(made.total), style="bold")
    return table


def _row(line: ReceiptLine, model: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A line, what stands before its band and behind it."""
    kind = line.kind if line.model == model else f"{line.kind} of {line.model}"
    price = "" if line.usd_per_million is None else f"{line.usd_per_million:f}"
    where = f"{line.tier} {line.region}".strip()
    count = f"{line.count:,} {line.unit}"
    return (kind, count, price, exact(line.amount)), (where, line.billed_as, line.source)
