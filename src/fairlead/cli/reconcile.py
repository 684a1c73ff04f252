"""`fairlead reconcile`: a vendor's own figures against the ledger."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Column, Table

from fairlead.canon import Failure
from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import console, new_table, print_json, rate_told
from fairlead.cost.display import dollars
from fairlead.finance.exports import Tokens
from fairlead.finance.reconcile import Reconciliation, against_ledger
from fairlead.finance.rows import read_export
from fairlead.ledger.stated import StatedCost, stated_costs
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load
from fairlead.server.money import billed_elsewhere, quotas_of
from fairlead.server.paths import database_path

__all__ = ["reconcile"]

_WIDE = 120
"""Characters of a terminal in which a row's tokens stand on one line."""
_TOKENS = "tokens: input + cache read + cache write > output, thinking included"


def reconcile(
    vendor: Annotated[
        Literal["anthropic", "google", "openai", "stated"],
        typer.Argument(
            metavar="VENDOR",
            help="anthropic, google, openai; stated: what answers themselves say that they cost.",
        ),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="Its export: JSON, JSON lines or CSV. None for `stated`."
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Compare a vendor's usage or cost export with the ledger, by day and model."""
    loaded = in_own_currency(load(config), json=json)
    if (vendor == "stated") is not (file is None):
        said = "take no export" if file is not None else "need the vendor's export"
        raise Failure.invalid(f"figures of '{vendor}' {said}", "FILE", hint="docs/finance.md")
    if file is None:
        days = stated_costs(database_path(loaded.settings))
        if json:
            print_json(days)
        else:
            _print_stated(days)
        return
    document, path = read_export(file), database_path(loaded.settings)
    catalog, elsewhere = compile_catalog(loaded), billed_elsewhere(loaded, vendor)
    result = against_ledger(vendor, document, path, catalog, quotas_of(loaded), elsewhere)
    if json:
        print_json(result)
        return
    _print(result)


def _print(result: Reconciliation) -> None:
    out = console()
    out.print(_table(result, wide=out.width >= _WIDE))
    out.print(_TOKENS)
    if result.usd_there is None and not result.unassigned_usd:
        out.print("the export tells no dollars")
    out.print(", ".join(f"{status}: {count}" for status, count in result.counts.items()))
    out.print(f"unexplained: {dollars(result.unexplained_usd)}")
    for what, amount in result.unassigned_usd.items():
        out.print(f"billed for no model: {dollars(amount)} {what}", markup=False)
    if result.unpriced:
        out.print(f"{result.unpriced} answers of the ledger are unpriced: not in its dollars")
    if result.emulated:
        out.print(f"{result.emulated} EMULATED answers left out: nobody bills them")
    if result.elsewhere:
        out.print(f"{result.elsewhere} answers of upstreams that others bill left out")
    if result.free_usd:
        out.print(f"free quotas: {dollars(result.free_usd)} taken off what is here")
    rate_told()


def _table(result: Reconciliation, *, wide: bool) -> Table:
    """A day and model a row, without the vendor's dollars where the export has none."""
    priced = ("there",) * (result.usd_there is not None)
    table = new_table(
        Column("day", no_wrap=True),
        *("model", "status"),
        numbers=("tokens here", "tokens there", "here", *priced, "unexplained"),
        title=f"{result.vendor} against the ledger",
    )
    for row in result.rows:
        there = "not told" if row.usd_there is None else dollars(row.usd_there)
        table.add_row(
            row.day.isoformat(),
            row.model,
            row.status,
            _told(row.tokens_here, wide=wide),
            _told(row.tokens_there, wide=wide),
            "" if row.usd_here is None else dollars(row.usd_here),
            *(there for _ in priced),
            dollars(row.unexplained_usd),
        )
    return table


def _print_stated(days: list[StatedCost]) -> None:
    table = new_table(
        "day",
        "upstream",
        "model",
        numbers=("answers", "stated", "priced here", "here", "stated less here"),
        title="What answers say that they cost",
    )
    for row in days:
        unknown = not row.priced
        table.add_row(
            row.day.isoformat(),
            row.upstream,
            row.model,
            f"{row.requests:,}",
            dollars(row.stated_usd),
            f"{row.priced:,}",
            "no price is known" if unknown else dollars(row.here_usd),
            "" if unknown else dollars(row.alike_usd - row.here_usd),
        )
    out = console()
    out.print(table if days else "no answer in the ledger says what it cost")
    rate_told()


def _told(tokens: Tokens | None, *, wide: bool) -> str:
    """On one line, or on four: numbers are never broken."""
    if tokens is None:
        return "not told"
    kinds = (tokens.input, tokens.cache_read, tokens.cache_write, tokens.output)
    told = "{:,} + {:,} + {:,} > {:,}".format(*kinds)
    return told if wide else told.replace(" +", "\n+").replace(" >", "\n>")
