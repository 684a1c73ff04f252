"""`fairlead reconcile`: a vendor's own figures against the ledger."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from fairlead.canon import Failure
from fairlead.cli.output import console, print_json
from fairlead.cost.price import dollars
from fairlead.finance.exports import EXPORTS, Tokens
from fairlead.finance.reconcile import Reconciliation
from fairlead.finance.reconcile import reconcile as compare
from fairlead.finance.rows import read_export
from fairlead.ledger.traffic import traffic
from fairlead.server.compile import compile_catalog, database_path
from fairlead.server.config import load

__all__ = ["reconcile"]


def reconcile(
    vendor: Annotated[Literal["anthropic", "google", "openai"], typer.Argument(help="Whose.")],
    file: Annotated[Path, typer.Argument(help="Its export: JSON, JSON lines or CSV.")],
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Compare a vendor's usage or cost export with the ledger, by day and model."""
    loaded = load(config)
    billed = EXPORTS[vendor](read_export(file))
    if not billed:
        raise Failure.invalid(f"{file.name} has no rows", "file")
    days = [each.day for each in billed]
    first = datetime.combine(min(days), datetime.min.time(), UTC)
    last = datetime.combine(max(days), datetime.min.time(), UTC) + timedelta(days=1)
    groups = traffic(database_path(loaded.settings), first.timestamp(), last.timestamp())
    result = compare(vendor, billed, groups, compile_catalog(loaded))
    if json:
        print_json(result)
        return
    _print(result)


def _print(result: Reconciliation) -> None:
    table = Table(title=f"{result.vendor} against the ledger", title_justify="left")
    for heading in ("day", "model", "status", "tokens here", "tokens there"):
        table.add_column(heading, overflow="fold")
    for heading in ("here", "there", "unexplained"):
        table.add_column(heading, justify="right")
    for row in result.rows:
        table.add_row(
            row.day.isoformat(),
            row.model,
            row.status,
            _told(row.tokens_here),
            _told(row.tokens_there),
            "" if row.usd_here is None else dollars(row.usd_here),
            "not told" if row.usd_there is None else dollars(row.usd_there),
            dollars(row.unexplained_usd),
        )
    out = console()
    out.print(table)
    out.print(", ".join(f"{status}: {count}" for status, count in result.counts.items()))
    out.print(f"unexplained: {dollars(result.unexplained_usd)}")
    for what, amount in result.unassigned_usd.items():
        out.print(f"billed for no model: {dollars(amount)} {what}", markup=False)
    if result.unpriced:
        out.print(f"{result.unpriced} answers of the ledger are unpriced: not in its dollars")
    if result.emulated:
        out.print(f"{result.emulated} EMULATED answers left out: nobody bills them")


def _told(tokens: Tokens | None) -> str:
    if tokens is None:
        return "not told"
    return f"{tokens.input:,} + {tokens.cache_read:,} + {tokens.cache_write:,} > {tokens.output:,}"
