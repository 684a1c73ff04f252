"""The command line: one file a command, this one puts them together.

A command is imported when it is asked for: a gateway has no need of the emulator, and importing all
of them takes longer than most of what they do.
"""

import gc
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from fairlead.canon import Failure, FairleadError
from fairlead.cli.output import complain
from fairlead.cost.display import show
from fairlead.version import VERSION

__all__ = ["COMMANDS", "app", "command", "main"]

COMMANDS = {
    "serve": "Run the gateway: one endpoint, each request routed, answered and accounted for.",
    "emulate": "Emulate the vendors' APIs. Everything that it answers is marked as emulated.",
    "check": "Validate the configuration and print what is in force. Secrets are masked.",
    "doctor": "Check each configured upstream: credentials, DNS, TLS, a call that costs nothing,"
    " the clock.",
    "usage": "Print requests, tokens and cost from the ledger, with totals.",
    "receipt": "Print what one request cost, line by line, and what it would have cost elsewhere.",
    "whatif": "Replay the ledger under another model, mix or policy: what it would have cost, and"
    " why.",
    "forecast": "Forecast spend with weekly seasonality and an 80 % interval, from full UTC days.",
    "reconcile": "Compare a vendor's usage or cost export with the ledger, by day and model.",
    "demo": "Send real input through the gateway, see where each request goes and what it costs.",
    "cost": "Monthly cost of a workload, and break-even points.",
    "choose": "Choose a model for a use case: questions, recommendation, cost and policy.",
    "keys": "Make, list and revoke virtual keys.",
    "catalog": "Verify and update the facts about models.",
    "models": "List models, show what is known of one, compare several.",
    "policy": "Routing policies: shown, checked, drawn, tested.",
    "quality": "How good each model's answers are: shown, and built into the table of policies.",
    "feedback": "Rate an answer by its request's id, or take in graders' verdicts from a file.",
    "route": "Where a request would go, or went, and why.",
}
"""The commands by their files' names, as `--help` lists them."""


def command(name: str) -> Any:  # noqa: ANN401  # typer keeps the type of its commands to itself
    """A command as its file makes it: the function of its name, or the group `app`."""
    module = import_module(f"fairlead.cli.{name}")
    holder = typer.Typer()
    if hasattr(module, "app"):
        holder.add_typer(module.app, name=name)
    else:
        holder.command(name)(getattr(module, name))
    made = typer.main.get_group(holder).commands[name]
    for each in (made, *getattr(made, "commands", {}).values()):
        _plain_flags(each)
    return made


def _plain_flags(made: Any) -> None:  # noqa: ANN401  # as above
    """Flags stand alone in the help: typer writes a type behind them, as if they took a value."""
    for param in made.get_params(typer.Context(made)):
        if getattr(param, "is_flag", False):
            param.metavar = ""


class _Commands(TyperGroup):
    """All commands, told by their words until one of them is asked for."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  # as typer takes them
        super().__init__(**settings)
        _plain_flags(self)
        for name, told in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=told)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  # as above
        """The command that the arguments name, whole."""
        if args and args[0] in COMMANDS:
            self.commands[args[0]] = command(args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Commands,
    name="fairlead",
    help="A self-hosted gateway and laboratory for small, fast language models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


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
    del version  # its callback has told it
    show(None)  # until a command has read the configuration


def main() -> None:
    """Entry point: errors that we raise on purpose are told in one line, with exit code 1."""
    gc.freeze()  # what was imported is no garbage, and what a command reads is hardly any
    gc.set_threshold(50_000, 20, 20)
    try:
        app()
    except Failure as failure:
        problem = failure.problem
        where = f"{problem.param}: " if problem.param else ""
        complain(where + problem.message + (f" ({problem.hint})" if problem.hint else ""))
        sys.exit(1)
    except FairleadError as error:
        hint = getattr(error, "hint", "")
        complain(str(error) + (f" ({hint})" if hint else ""))
        sys.exit(1)
