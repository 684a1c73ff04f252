"""`fairlead forecast`: spend to come."""

import time
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from fairlead.canon import Failure
from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import console, new_table, print_json, rate_told
from fairlead.cli.owed import print_owed
from fairlead.cost.price import dollars
from fairlead.finance.forecast import Forecast, Past, Sum, from_ledger
from fairlead.finance.series import METHODS
from fairlead.server.config import load
from fairlead.server.money import commitments_of
from fairlead.server.paths import database_path

__all__ = ["forecast"]


def forecast(
    days: Annotated[int, typer.Option(help="Days to come, from today on.")] = 30,
    budget: Annotated[str | None, typer.Option(help="US dollars left from today on.")] = None,
    method: Annotated[
        str | None, typer.Option(help=f"{' or '.join(METHODS)}. Default: the best installed.")
    ] = None,
    alarm: Annotated[
        bool, typer.Option("--alarm", help="Exit code 1 if the last seven days are an alarm.")
    ] = False,
    emulated: Annotated[
        bool, typer.Option("--emulated", help="The emulator's bill too, which nobody pays.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Forecast spend with weekly seasonality and an 80 % interval, from full UTC days."""
    if method is not None and method not in METHODS:
        raise typer.BadParameter(f"--method {method}: one of {', '.join(METHODS)}")
    loaded = in_own_currency(load(config), json=json)
    path = database_path(loaded.settings)
    today = datetime.fromtimestamp(time.time(), UTC).date()
    result = from_ledger(
        path,
        today,
        days,
        method=method,
        budget=None if budget is None else _usd(budget),
        emulated=emulated,
        commitments=commitments_of(loaded),
    )
    if json:
        print_json(result)
    else:
        _print(result)
    if alarm and result.alarm:
        raise typer.Exit(1)


def _usd(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise Failure.invalid(f"{text!r} is no amount of dollars", "budget")
    return amount


def _print(result: Forecast) -> None:
    title = f"Spend to come ({result.method}, {result.history_days} days of history)"
    table = new_table(title=title, footer=True)
    table.add_column("day", footer="total")
    for heading, foot in zip(("expected", "from", "to"), _cells(result.total), strict=True):
        table.add_column(heading, footer=foot, justify="right")
    for day in result.days:
        table.add_row(day.day.isoformat(), *_cells(day.usd))
    out = console()
    out.print(table)
    if result.method != "seasonal-naive":
        expected, low, high = _cells(result.baseline)
        out.print(f"the plain baseline (last week again): {expected} ({low} to {high})")
    if result.budget is not None:
        ends, early, late = (
            each or "after these days"
            for each in (result.budget_ends, result.budget_ends_early, result.budget_ends_late)
        )
        out.print(f"{dollars(result.budget, 2)} last until {ends}; 80 %: {early} to {late}")
    for past in result.outside:
        out.print(_left(str(past.day), past))
    if result.week is not None and result.week.outside:
        out.print(_left(f"seven days to {result.week.day}", result.week))
    print_owed(result.commitments)
    rate_told()


def _left(when: str, past: Past) -> str:
    _, low, high = _cells(past.usd)
    told = f"{when}: {dollars(past.actual, 2)} was outside {low} to {high}"
    return f"[red]ALARM {told}[/]" if past.alarm else f"[yellow]{told}[/]"


def _cells(usd: Sum) -> tuple[str, str, str]:
    return dollars(usd.expected, 2), dollars(usd.low, 2), dollars(usd.high, 2)
