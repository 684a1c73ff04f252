"""`fairlead demo`: the main job on real input, then a table of what it cost."""

from typing import Annotated

import typer

from fairlead.cli.output import complain, console, print_json
from fairlead.demo.main import DemoFailed, Outcome, run
from fairlead.demo.report import print_report

__all__ = ["demo"]


def demo(
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Against the real vendors whose keys are set; small prompts only."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --live: don't ask before spending.")
    ] = False,
) -> None:
    """Send real input through the gateway, see where each request goes and what it costs."""

    def confirm(question: str) -> bool:
        return yes or typer.confirm(question)

    try:
        outcome: Outcome = run(live=live, confirm=confirm, quiet=json)
    except DemoFailed as error:
        complain(str(error))
        raise typer.Exit(1) from error
    if json:
        print_json(outcome.for_machines())
    else:
        print_report(outcome, console())
    raise typer.Exit(0 if outcome.ok else 1)
