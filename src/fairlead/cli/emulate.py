"""`fairlead emulate`: the vendors' APIs on loopback, for developing without keys."""

from pathlib import Path
from typing import Annotated

import typer

from fairlead.emulator.server import run
from fairlead.emulator.settings import EmulatorSettings, parse_faults, parse_tps, parse_ttft
from fairlead.observe.log import setup

__all__ = ["emulate"]


def emulate(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 chooses one.")] = 8099,
    ttft: Annotated[
        list[str] | None,
        typer.Option(help="Time to first token of a model, `gemini-2.5-flash=120ms`. Repeatable."),
    ] = None,
    tps: Annotated[
        list[str] | None,
        typer.Option(help="Tokens per second of a model, `claude-haiku-4-5=150`. Repeatable."),
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="A fault rule, see docs/emulator.md. Repeatable.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Recordings (JSONL, may be gzipped) to answer from.")
    ] = None,
    replay_only: Annotated[
        bool, typer.Option("--replay-only", help="Answer 404 to what was not recorded.")
    ] = False,
) -> None:
    """Emulate the vendors' APIs. Everything that it answers is marked as emulated."""
    setup()
    try:
        settings = EmulatorSettings(
            host=host,
            port=port,
            ttft=parse_ttft(ttft or ()),
            tps=parse_tps(tps or ()),
            faults=parse_faults(fault or ()),
            replay=replay,
            replay_only=replay_only,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    run(settings)
