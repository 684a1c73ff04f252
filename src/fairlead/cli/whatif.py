"""`fairlead whatif`: the ledger's traffic under another plan."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import console, new_table, number_column, print_json, rate_told
from fairlead.cli.owed import print_owed
from fairlead.cost.price import dollars
from fairlead.finance.commitments import owed
from fairlead.finance.plan import Plan, parse_mix
from fairlead.finance.whatif import Caching, Part, WhatIf, what_if
from fairlead.ledger.answers import answers
from fairlead.ledger.moment import period
from fairlead.ledger.traffic import Traffic, traffic
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load
from fairlead.server.money import commitments_of
from fairlead.server.paths import database_path

__all__ = ["whatif"]


def whatif(
    model: Annotated[str, typer.Option(help="A model, `mix:A=0.3,B=0.7`, or `policy:FILE`.")],
    since: Annotated[str, typer.Option(help="From when: `30d`, `24h`, or a date.")] = "30d",
    until: Annotated[str | None, typer.Option(help="Until when, in the same words.")] = None,
    caching: Annotated[
        Caching,
        typer.Option(
            help="auto: the gateway asks for it (prompt_caching = auto); asked: only clients do;"
            " off: every token fresh."
        ),
    ] = "auto",
    batch_share: Annotated[str, typer.Option(help="Share sent as batches, 0 to 1.")] = "0",
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Replay the ledger under another model, mix or policy: what it would have cost, and why."""
    loaded = in_own_currency(load(config), json=json)
    catalog = compile_catalog(loaded)
    plan, share = _plan(model, catalog), _share(batch_share)
    path = database_path(loaded.settings)
    now = time.time()
    begin, end = period(since, until, now)
    with ThreadPoolExecutor(1) as aside:
        # Summed by the database while the answers are replayed here.
        groups = aside.submit(traffic, path, begin, end)
        result = what_if(
            _when_read(groups),
            plan,
            catalog,
            sample=answers(path, begin, end, decisions=plan.fixed is None),
            caching=caching,
            batch_share=share,
            commitments=owed(path, commitments_of(loaded), (begin, end), now),
        )
    if json:
        print_json(result)
        return
    _print(result)


def _when_read(groups: "Future[list[Traffic]]") -> Iterator[Traffic]:
    yield from groups.result()


def _plan(text: str, catalog: Catalog) -> Plan:
    file = text.removeprefix("policy:")
    if file == text:
        return parse_mix(text, catalog)
    from fairlead.finance.policy_plan import read_policy  # noqa: PLC0415 - all of routing, for this

    return read_policy(Path(file), catalog)


def _share(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Failure.invalid(f"{text!r} is no number", "batch_share", hint="0 to 1") from error


def _print(result: WhatIf) -> None:
    out = console()
    if result.total.requests:
        _print_tables(result)
    else:
        out.print("no answer in the ledger of that time can be replayed")
    if result.emulated:
        count = result.total.requests
        out.print(f"{result.emulated} of {count} answers were EMULATED: nobody billed them")
    for reason, count in result.left_out.items():
        out.print(f"{count} answers left out: {reason}", markup=False)
    sampling = result.sampling
    among = "" if sampling is None else f" of those that were read ({sampling.read:,} rows)"
    for reason, count in result.stayed.items():
        stay = f"{count:,} answers{among} stay with their model: {reason}"
        out.print(stay, markup=False)
    if sampling is not None:
        out.print(
            f"Prompts were replayed for {sampling.read:,} of {sampling.rows:,} rows, in windows;"
            f" the bounds hold the error of that: ±{dollars(sampling.error, 4)} of the total."
        )
    for note in result.notes:
        out.print(note, markup=False)
    print_owed(result.commitments)
    rate_told()


def _print_tables(result: WhatIf) -> None:
    _table("By day", result.by_day, result.total)
    _table("By route", result.by_route, result.total)
    causes = new_table(
        numbers=("price", "tokens", "thinking", "caching", "batching", "difference"),
        title="Where the difference comes from",
    )
    of, total = result.total.causes, result.total
    amounts = (of.price, of.tokens, of.thinking, of.caching, of.batching, total.difference)
    causes.add_row(*(dollars(amount, 4) for amount in amounts))
    console().print(causes)


def _table(title: str, parts: tuple[Part, ...], total: Part) -> None:
    table = new_table(
        Column(title.removeprefix("By "), "total", overflow="fold"),
        *(number_column(heading, foot) for heading, foot in _cells(total).items()),
        title=title,
        footer=True,
    )
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
