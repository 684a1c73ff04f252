"""`fairlead route train`: a scorer from results, and a report on whether it may be used."""

import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from fairlead.canon import Failure
from fairlead.cli.output import console, new_table, print_json, save

if TYPE_CHECKING:
    from fairlead.lab.router.report import Report

__all__ = ["train"]

_WIDTH, _HEIGHT = 61, 13
_MARKS = {"random": ".", "length only": "L", "scorer": "S"}


def train(
    results: Annotated[Path, typer.Option(help="JSON Lines: prompt, scores and costs by model.")],
    out: Annotated[Path | None, typer.Option(help="Where the scorer's file goes.")] = None,
    cost_within: Annotated[
        float, typer.Option(help="Mean cost that routing may have, in costs of the best model.")
    ] = 1.0,
    seeds: Annotated[int, typer.Option(min=1, help="How often the folds are dealt anew.")] = 10,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without groups, templates and shuffled labels.")
    ] = False,
    markdown: Annotated[Path | None, typer.Option(help="The report goes here as Markdown.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Train a scorer on results; it is switched on only where it beats the best single model."""
    if find_spec("numpy") is None:
        raise Failure.invalid(
            "training needs NumPy", hint="install Fairlead with its extra `finance`"
        )
    if not 1 <= cost_within < float("inf"):
        raise Failure.invalid(f"{cost_within} is less than the base costs, 1", "--cost-within")
    # NumPy is an extra, and slow to load: it comes with these, and only here.
    study, reports = (import_module(f"fairlead.lab.router.{x}") for x in ("study", "report"))
    read = import_module("fairlead.lab.router.results").read_results(results)
    plan = study.Plan(seeds=seeds, cost_within=cost_within)
    with _busy(len(read)):
        made, trained = reports.report(read, plan, full=not quick)
    told = import_module("fairlead.lab.router.told")
    if out is not None:
        save(out, reports.file_of(made, trained), "--out")
    if markdown is not None:
        save(markdown, told.markdown(made), "--markdown")
    if json:
        print_json(made)
        return
    _tell(made, told.rankings(made))
    if out is not None:
        state = "on" if made.enabled else "off: it leaves everything to the base"
        console().print(f"Written to {out}, switched {state}.", markup=False)


def _busy(prompts: int) -> AbstractContextManager[object]:
    """A sign of life where somebody looks on."""
    if not sys.stderr.isatty():
        return nullcontext()
    said = f"Training on {prompts:,} prompts takes minutes; fewer --seeds and --quick take less"
    return Console(stderr=True).status(said)


def _tell(made: "Report", rankings: list[tuple[str, str, str, str]]) -> None:
    out = console()
    out.print(made.verdict, style="bold", markup=False)
    out.print(
        f"{made.prompts:,} prompts, {made.dealings} x {made.folds} folds, nested; 95 % intervals"
        f" from {made.resamples:,} paired resamples"
    )
    table = new_table("routing", "score, %", "gain over the base, points", "moved, %", "cost, x")
    for row in made.rows:
        gain = row.gain
        table.add_row(
            row.name,
            f"{100 * row.score.value:.1f} [{100 * row.score.low:.1f}, {100 * row.score.high:.1f}]",
            f"{100 * gain.value:+.2f} [{100 * gain.low:+.2f}, {100 * gain.high:+.2f}]",
            f"{100 * row.moved:.1f}",
            "unknown" if row.cost_ratio is None else f"{row.cost_ratio:.2f}",
        )
    out.print(table)
    table = new_table("APGR (random 0.5)", "scorer", "length only", "scorer ahead by")
    for cells in rankings:
        table.add_row(*cells)
    out.print(table)
    out.print(_chart(made.curves), markup=False)
    table = new_table("calibration", "predicted, %", "seen, %")
    for model, bins in made.calibration.items():
        for each in bins:
            table.add_row(model, f"{100 * each.predicted:.0f}", f"{100 * each.seen:.0f}")
    out.print(table)


def _chart(curves: dict[str, list[float]]) -> str:
    """The gap's share recovered over the share sent to the strong model, from 0 to 1."""
    low = min(0.0, *(min(values) for values in curves.values()))
    high = max(1.0, *(max(values) for values in curves.values()))
    grid = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    for name, mark in _MARKS.items():
        values = curves[name]
        for column in range(_WIDTH):
            value = values[round(column / (_WIDTH - 1) * (len(values) - 1))]
            grid[round((high - value) / (high - low) * (_HEIGHT - 1))][column] = mark
    lines = ["share of the gap between the two models recovered:"]
    for number, cells in enumerate(grid):
        label = high - number / (_HEIGHT - 1) * (high - low)
        lines.append(f"{label:6.2f} |{''.join(cells).rstrip()}")
    lines.append(" " * 7 + "+" + "-" * _WIDTH)
    lines.append(" " * 8 + "0 %" + "sent to the better model, 100 %".rjust(_WIDTH - 3))
    lines.append(" " * 8 + "S scorer, L length only, . random")
    return "\n".join(lines)
