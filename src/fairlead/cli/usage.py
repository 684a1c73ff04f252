"""`fairlead usage`: what the ledger holds, summed."""

import time
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.table import Table

from fairlead.cli.output import console, print_json
from fairlead.cost.price import dollars
from fairlead.ledger.moment import moment
from fairlead.ledger.query import Dimension, Report, Sums
from fairlead.ledger.query import usage as read_usage
from fairlead.server.compile import database_path
from fairlead.server.config import load

__all__ = ["usage"]

DIMENSIONS = get_args(Dimension)


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
    path = database_path(load(config).settings)
    now = time.time()
    report = read_usage(
        path,
        by=by or ["model"],  # type: ignore[arg-type]  # checked against DIMENSIONS above
        since=moment(since, now) if since else None,
        until=moment(until, now, "until") if until else None,
    )
    if json:
        print_json(report)
        return
    _print(report, path)


def _print(report: Report, path: Path) -> None:
    table = Table(title=f"Usage in {path}", title_justify="left", show_footer=True)
    for dimension, foot in zip(report.by, ("total", *[""] * 9), strict=False):
        table.add_column(dimension, footer=foot, overflow="fold")
    sums = _cells(report.totals)
    for heading, total in sums.items():
        table.add_column(heading, footer=total, justify="right", no_wrap=True)
    for row in report.rows:
        table.add_row(*row.group, *_cells(row).values())
    out = console()
    out.print(table)
    totals = report.totals
    if totals.emulated:
        out.print(
            f"{totals.emulated} of {totals.requests} requests were EMULATED: nobody bills them"
        )
    if totals.estimated:
        out.print(f"{totals.estimated} requests with estimated usage (the vendor stated none)")
    if totals.unpriced:
        out.print(f"{totals.unpriced} requests unpriced (no price is known): not in the cost")


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
