"""`fairlead usage`: what the ledger holds, summed."""

import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.table import Column

from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import console, new_table, number_column, print_json, rate_told
from fairlead.cli.owed import print_owed
from fairlead.cost.display import dollars
from fairlead.finance.spent import Spent, spent
from fairlead.ledger.moment import period
from fairlead.ledger.query import Dimension, Sums
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load
from fairlead.server.money import commitments_of, quotas_of
from fairlead.server.paths import database_path

__all__ = ["usage"]

DIMENSIONS = get_args(Dimension)

_ALWAYS = {"requests", "errors", "input", "output"}
"""Columns that stand there also where they hold nothing."""


def usage(
    by: Annotated[
        list[str] | None,
        typer.Option(help=f"Group by {', '.join(DIMENSIONS)}; repeatable. Default: model."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="From when: `7d`, `24h`, `30m`, or a date `2026-11-01`.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Until when, in the same words.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Print requests, tokens and cost from the ledger, with totals."""
    wrong = [name for name in by or () if name not in DIMENSIONS]
    if wrong:
        raise typer.BadParameter(f"--by {wrong[0]}: one of {', '.join(DIMENSIONS)}")
    loaded = in_own_currency(load(config), json=json)
    path = database_path(loaded.settings)
    report = spent(
        path,
        by or ["model"],  # type: ignore[arg-type]  # checked against DIMENSIONS above
        period(since, until, time.time()),
        quotas_of(loaded),
        lambda: compile_catalog(loaded),
        commitments_of(loaded),
    )
    if json:
        print_json(report)
        return
    _print(report, path)


def _print(report: Spent, path: Path) -> None:
    totals, off = report.totals, report.free
    freed = {row.group: row.free_usd for row in off.rows} if off else {}
    sums = _cells(totals) | _due(totals, off.free_usd if off else None)
    told = [heading for heading, total in sums.items() if heading in _ALWAYS or total != "0"]
    table = new_table(
        *(
            Column(dimension, foot, overflow="fold", no_wrap=dimension == "day")
            for dimension, foot in zip(report.by, ("total", *[""] * 9), strict=False)
        ),
        *(number_column(heading, sums[heading]) for heading in told),
        title=f"Usage in {path}",
        footer=True,
    )
    for row in report.rows:
        due = _due(row, freed.get(row.group, Decimal(0)) if off else None)
        cells = _cells(row) | due
        table.add_row(*(name or "(none)" for name in row.group), *map(cells.__getitem__, told))
    out = console()
    out.print(table)
    if off is not None:
        names = ", ".join(quota.name for quota in off.quotas)
        kinds = {quota.searches is None for quota in off.quotas}
        told = [f"{off.requests} requests"] * (True in kinds)
        told += [f"{off.searches} searches"] * (False in kinds)
        free = f"{' and '.join(told)} were free ({names}); the cost is by the price list"
        out.print(free, markup=False)
    if report.shadows is not None:
        copies = report.shadows
        out.print(
            f"{copies.requests:,} of {totals.requests:,} requests were copies to shadows:"
            f" {dollars(copies.cost_usd)} of the cost; no client asked for them"
        )
    if totals.emulated:
        out.print(
            f"{totals.emulated} of {totals.requests} requests were EMULATED: nobody bills them"
        )
    if totals.estimated:
        out.print(f"{totals.estimated} requests with estimated usage (the vendor stated none)")
    if totals.unpriced:
        out.print(f"{totals.unpriced} requests unpriced (no price is known): not in the cost")
    print_owed(report.commitments)
    rate_told()


def _due(sums: Sums, off: Decimal | None) -> dict[str, str]:
    """What a free quota takes off, and what is left; nothing where there is no quota."""
    if off is None:
        return {}
    return {"free": dollars(off), "due": dollars(sums.cost_usd - off)}


def _cells(sums: Sums) -> dict[str, str]:
    prompt = sums.input + sums.input_audio + sums.tool_input
    cached = sums.cache_read + sums.cache_read_audio
    written = sums.cache_write_5m + sums.cache_write_1h
    answer = sums.output + sums.output_audio + sums.output_image
    return {
        "requests": f"{sums.requests:,}",
        "errors": f"{sums.errors:,}",
        "input": f"{prompt:,}",
        "cache read": f"{cached:,}",
        "cache write": f"{written:,}",
        "output": f"{answer:,}",
        "thinking": f"{sums.thinking:,}",
        "cost": dollars(sums.cost_usd),
    }
