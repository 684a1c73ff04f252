"""The demo's table, for people."""

import re
import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fairlead.cost.price import dollars
from fairlead.demo.main import Outcome
from fairlead.demo.runner import Result
from fairlead.server.settings import Settings

__all__ = ["print_report"]

DEFAULT_POLICY = Settings().routing.policy
WIDE = 110
"""Characters of a terminal in which all columns stand."""
BESIDE = 54
"""Characters that the other columns take in a narrower one."""
_DATED = re.compile(r"-20\d{6}$")


def print_report(outcome: Outcome, out: Console) -> None:
    """Each request, then the sums, then where to look further."""
    out.print(_table(outcome, out.width))
    _sums(outcome, out)
    faults = [result for result in outcome.results if result.fault]
    for result in faults:
        out.print(f"[red]not as expected:[/] {escape(f'{result.case}: {result.fault}')}")
    for warning in sorted({result.warning for result in outcome.results if result.warning}):
        out.print(f"[yellow]warning:[/] {escape(warning)}")
    if not faults:
        out.print(
            f"[green]all {len(outcome.results)} answers were as expected[/],"
            f" in {outcome.seconds:.1f} s"
        )
    _further(outcome, out)


def _table(outcome: Outcome, width: int) -> Table:
    """A line for each request; in a narrow terminal its reason is shortened, and tokens and time
    are left to a wider one.
    """
    wide = width >= WIDE
    title = "live" if outcome.live else "EMULATED: no vendor was called, no money was spent"
    table = Table(
        title=f"Fairlead demo ({title})",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("request", max_width=32 if wide else 20, no_wrap=not wide)
    table.add_column("model", no_wrap=True)
    if wide:
        table.add_column("reason", overflow="fold", ratio=1)
    else:
        table.add_column("reason", no_wrap=True, max_width=max(10, width - BESIDE))
    for column in ("in", "out", "cost", "first token") if wide else ("cost",):
        table.add_column(column, justify="right", no_wrap=True)
    for result in outcome.results:
        case, model, reason, tokens_in, tokens_out, cost, first = _row(result)
        numbers = (tokens_in, tokens_out, cost, first) if wide else (cost,)
        table.add_row(case, model, reason, *numbers)
    return table


def _row(result: Result) -> tuple[str, ...]:
    style = "[red]" if result.fault else ""
    reason = result.route if result.error is None else f"refused: {result.error}"
    reason = reason.removeprefix(f"{DEFAULT_POLICY}: ")
    return (
        f"{style}{result.case}",
        _DATED.sub("", result.model) or "none",
        reason.replace("[", "\\["),
        "" if result.input_tokens is None else f"{result.input_tokens:,}",
        "" if result.output_tokens is None else f"{result.output_tokens:,}",
        "" if result.error is not None else dollars(result.cost_usd),
        "" if result.first_token is None else f"{result.first_token * 1000:.0f} ms",
    )


def _sums(outcome: Outcome, out: Console) -> None:
    totals = outcome.totals
    table = Table(title="What it cost, and would have cost on one model", title_justify="left")
    table.add_column("")
    for column in ("requests it can take", "cost", "Fairlead, same requests"):
        table.add_column(column, justify="right")
    answered = sum(result.error is None for result in outcome.results)
    spent = dollars(totals.spent)
    table.add_row("routed by Fairlead", f"{answered} of {totals.requests}", spent, spent)
    for name, alone in totals.alone.items():
        table.add_row(
            f"all on {name} (same token counts: an estimate)",
            f"{alone.served} of {totals.requests}",
            dollars(alone.cost),
            dollars(alone.routed),
        )
    out.print(table)


def _further(outcome: Outcome, out: Console) -> None:
    program = sys.argv[0] if sys.argv[0].endswith("fairlead") else "fairlead"
    out.print("\nLook further:")
    for by in ("model", "route"):
        command = f"FAIRLEAD_LEDGER_PATH={outcome.database} {program} usage --by {by}"
        out.print(f"  {command}", soft_wrap=True, markup=False)
    if not outcome.live:
        out.print(
            "Real vendors: set GEMINI_API_KEY and ANTHROPIC_API_KEY, then `fairlead serve`,"
            " and give your OpenAI SDK base_url=http://127.0.0.1:8080/v1 and model=auto."
            " `fairlead demo --live` sends a few small requests to them."
        )
