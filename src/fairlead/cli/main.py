"""The command line: one file a command, this one puts them together."""

import sys

import typer

from fairlead.canon import Failure, FairleadError
from fairlead.cli import (
    catalog,
    check,
    cost,
    demo,
    emulate,
    forecast,
    keys,
    models,
    receipt,
    reconcile,
    serve,
    usage,
    whatif,
)
from fairlead.cli.output import complain
from fairlead.version import VERSION

__all__ = ["app", "main"]

app = typer.Typer(
    name="fairlead",
    help="A self-hosted gateway and laboratory for small, fast language models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("serve")(serve.serve)
app.command("emulate")(emulate.emulate)
app.command("check")(check.check)
app.command("usage")(usage.usage)
app.command("receipt")(receipt.receipt)
app.command("whatif")(whatif.whatif)
app.command("forecast")(forecast.forecast)
app.command("reconcile")(reconcile.reconcile)
app.command("demo")(demo.demo)
app.add_typer(cost.app, name="cost")
app.add_typer(keys.app, name="keys")
app.add_typer(catalog.app, name="catalog")
app.add_typer(models.app, name="models")


def _version(show: bool) -> None:
    if show:
        typer.echo(f"fairlead {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """A self-hosted gateway and laboratory for small, fast language models."""


def main() -> None:
    """Entry point: errors that we raise on purpose are told in one line, with exit code 1."""
    try:
        app()
    except Failure as failure:
        problem = failure.problem
        where = f"{problem.param}: " if problem.param else ""
        complain(where + problem.message + (f" ({problem.hint})" if problem.hint else ""))
        sys.exit(1)
    except FairleadError as error:
        complain(str(error))
        sys.exit(1)
