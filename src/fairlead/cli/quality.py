"""`fairlead quality`: how good each model's answers are, by task, and by which sources."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from fairlead.canon import Failure
from fairlead.cli.output import console, new_table, print_json, save
from fairlead.lab.quality.figures import Figure
from fairlead.lab.quality.written import told_sources
from fairlead.routing.decision import Task
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load
from fairlead.server.policies import compile_policies
from fairlead.server.quality import figures_of, table_of

__all__ = ["app"]

app = typer.Typer(
    help="How good each model's answers are: shown, and built into the table of policies.",
    no_args_is_help=True,
)

Config = Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object for machines.")]
Results = Annotated[
    Path | None,
    typer.Option(help="Laboratory results (JSON Lines), as `fairlead route train` takes them."),
]
Emulated = Annotated[bool, typer.Option("--emulated", help="Count the emulator's answers too.")]


@app.command("show")
def show(
    task: Annotated[str | None, typer.Option(help="One task; else all.")] = None,
    results: Results = None,
    emulated: Emulated = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show each figure with its interval, its sources, and what it is shrunk to."""
    if task is not None and task not in get_args(Task):
        raise Failure.invalid(
            f"there is no task '{task}'; there are {', '.join(get_args(Task))}", "--task"
        )
    loaded = load(config)
    catalog = compile_catalog(loaded)
    policies = compile_policies(loaded, catalog)
    made = figures_of(loaded, catalog, policies, results=results, emulated=emulated)
    found = [each for each in made if task is None or each.task == task]
    if json:
        print_json({"figures": found})
        return
    _tell(found)


@app.command("build")
def build(
    out: Annotated[
        Path | None, typer.Option(help="The file that `routing.quality` names; else printed.")
    ] = None,
    results: Results = None,
    emulated: Emulated = False,
    config: Config = None,
) -> None:
    """Write the figures as the table that policies read."""
    loaded = load(config)
    catalog = compile_catalog(loaded)
    policies = compile_policies(loaded, catalog)
    made = figures_of(loaded, catalog, policies, results=results, emulated=emulated)
    text = table_of(made, catalog)
    if out is None:
        typer.echo(text, nl=False)
        return
    save(out, text, "--out")
    console().print(f"{len(made)} figures written to {out}", markup=False)


def _tell(found: list[Figure]) -> None:
    out = console()
    if not found:
        out.print("nothing is known: no outcomes, no results, no published figures")
        return
    table = new_table(
        "task", "model", "score", "95 %", "own answers", "rated", "shrunk to", "sources"
    )
    for each in found:
        table.add_row(
            each.task or "all",
            each.model,
            f"{each.score:.1f}",
            f"{each.low:.1f} to {each.high:.1f}",
            f"{each.answers:,.0f}",
            f"{each.rated:,.0f}",
            "" if each.shrunk_to is None else f"{each.shrunk_to:.1f}",
            told_sources(each) + (f"; {each.note}" if each.note else ""),
        )
    out.print(table)
    out.print("0 to 100; answers count half after quality.half_life_days. No row: unknown.")
