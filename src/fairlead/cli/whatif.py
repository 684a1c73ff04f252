"""`fairlead whatif`: the ledger's traffic under another plan."""

import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from fairlead.canon import Failure
from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import console, print_json, rate_told
from fairlead.cost.price import dollars
from fairlead.finance.plan import parse_mix
from fairlead.finance.whatif import Part, WhatIf, what_if
from fairlead.ledger.moment import moment
from fairlead.ledger.traffic import traffic
from fairlead.server.compile import compile_catalog, database_path
from fairlead.server.config import load

__all__ = ["whatif"]


def whatif(
    model: Annotated[str, typer.Option(help="A model, or `mix:A=0.3,B=0.7`.")],
    since: Annotated[str, typer.Option(help="From when: `30d`, `24h`, or a date.")] = "30d",
    until: Annotated[str | None, typer.Option(help="Until when, in the same words.")] = None,
    caching: Annotated[
        Literal["auto", "off"],
        typer.Option(help="auto: cached tokens as measured; off: every token fresh."),
    ] = "auto",
    batch_share: Annotated[str, typer.Option(help="Share sent as batches, 0 to 1.")] = "0",
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Replay the ledger under another model or mix, and say what it would have cost and why."""
    loaded = in_own_currency(load(config), json=json)
    catalog = compile_catalog(loaded)
    plan = parse_mix(model, catalog)
    now = time.time()
    groups = traffic(
        database_path(loaded.settings),
        moment(since, now),
        moment(until, now, "until") if until else None,
    )
    result = what_if(groups, plan, catalog, caching=caching, batch_share=_share(batch_share))
    if json:
        print_json(result)
        return
    _print(result)


def _share(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Failure.invalid(f"{text!r} is no number", "batch_share", hint="0 to 1") from error


def _print(result: WhatIf) -> None:
    out = console()
    _table("By day", result.by_day, result.total)
    _table("By route", result.by_route, result.total)
    causes = Table(title="Where the difference comes from", title_justify="left")
    for heading in ("price", "tokens", "thinking", "caching", "batching", "difference"):
        causes.add_column(heading, justify="right")
    of, total = result.total.causes, result.total
    amounts = (of.price, of.tokens, of.thinking, of.caching, of.batching, total.difference)
    causes.add_row(*(dollars(amount, 4) for amount in amounts))
    out.print(causes)
    if result.emulated:
        out.print(
            f"{result.emulated} of {total.requests} answers were EMULATED: nobody billed them"
        )
    for reason, count in result.left_out.items():
        out.print(f"{count} answers left out: {reason}")
    for note in result.notes:
        out.print(note)
    rate_told()


def _table(title: str, parts: tuple[Part, ...], total: Part) -> None:
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column(title.removeprefix("By "), footer="total", overflow="fold")
    cells = _cells(total)
    for heading, foot in cells.items():
        table.add_column(heading, footer=foot, justify="right")
    for part in parts:
        table.add_row(part.key, *_cells(part).values())
    console().print(table)


def _cells(part: Part) -> dict[str, str]:
    return {
        "answers": f"{part.requests:,}",
        "was": dollars(part.actual, 4),
        "would be": dollars(part.expected, 4),
        "at least": dollars(part.low, 4),
        "at most": dollars(part.high, 4),
        "difference": dollars(part.difference, 4),
    }
