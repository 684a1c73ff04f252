"""`fairlead emulate`: the vendors' APIs on loopback, for developing without keys."""

import errno
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from fairlead.canon import FairleadError
from fairlead.cli.output import console
from fairlead.emulator import (
    BadRecordings,
    BadSetting,
    EmulatorSettings,
    parse_aws_keys,
    parse_fault_files,
    parse_faults,
    parse_scripts,
    parse_tps,
    parse_ttft,
    run,
)
from fairlead.observe.log import setup

__all__ = ["emulate"]

_HINTS = {
    errno.EADDRINUSE: "another program listens there: choose another --port; 0 takes a free one",
    errno.EACCES: "ports below 1024 need privileges: choose another --port; 0 takes a free one",
    errno.EADDRNOTAVAIL: "--host must be an address of this machine, such as 127.0.0.1",
}
_NO_HOST = "--host must be an address of this machine, such as 127.0.0.1, or a name of it"
_NO_RECORDINGS = "recordings are JSON lines, one call in each; see docs/emulator.md"


def _port(number: int) -> int:
    """A range of typer's would stand in the help, and cut the options' names there."""
    if not 0 <= number <= 65_535:
        raise typer.BadParameter(f"{number} is no port: 0 to 65535")
    return number


Host = Annotated[str, typer.Option(metavar="HOST", help="Address to listen on.")]
Port = Annotated[int, typer.Option(metavar="PORT", callback=_port, help="0 chooses one.")]
Key = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY",
        help="A key to accept. Repeatable. Without it any key is good, unless it begins with bad.",
    ),
]
Ttft = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MODEL=TIME",
        help="Time to first token of a model, `claude-haiku-4-5=2s`; `120ms` for all. Repeatable.",
    ),
]
Tps = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MODEL=NUMBER",
        help="Tokens per second of a model, `claude-haiku-4-5=150`; `150` for all. Repeatable.",
    ),
]
Fault = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE", help="A fault rule, such as `429 retry_after=5 every=3`. Repeatable."
    ),
]
FaultFile = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="A TOML file of fault rules, tried after those of --fault. Repeatable.",
    ),
]
ScriptFile = Annotated[
    list[Path] | None,
    typer.Option(
        "--script",
        metavar="FILE",
        help="A TOML file that says what the model does, turn by turn. Repeatable.",
    ),
]
Replay = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Recordings (JSONL, may be gzipped) to answer from."),
]
VertexCredentials = Annotated[
    Path | None,
    typer.Option(
        "--write-vertex-credentials",
        metavar="FILE",
        help="Write a service account's JSON for the emulated Vertex AI, which then wants its "
        "tokens.",
    ),
]
AwsKey = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID:SECRET",
        help="An AWS access key for the emulated Bedrock, a session token behind another colon. "
        "Repeatable. The pair of AWS's documentation is always good.",
    ),
]
ReplayOnly = Annotated[
    bool, typer.Option("--replay-only", help="Answer 404 to what was not recorded.")
]


def emulate(
    host: Host = "127.0.0.1",
    port: Port = 8099,
    key: Key = None,
    ttft: Ttft = None,
    tps: Tps = None,
    fault: Fault = None,
    fault_file: FaultFile = None,
    script: ScriptFile = None,
    replay: Replay = None,
    replay_only: ReplayOnly = False,
    write_vertex_credentials: VertexCredentials = None,
    aws_key: AwsKey = None,
) -> None:
    """Emulate the vendors' APIs. Everything that it answers is marked as emulated.

    How to point SDKs at it, how to steer its answers and all fault rules: docs/emulator.md.
    """
    setup()
    if replay_only and replay is None:
        raise FairleadError("--replay-only needs recordings: name their file with --replay")
    try:
        settings = EmulatorSettings(
            host=host,
            port=port,
            keys=tuple(key) if key else None,
            ttft=parse_ttft(ttft or ()),
            tps=parse_tps(tps or ()),
            faults=(*parse_faults(fault or ()), *parse_fault_files(fault_file or ())),
            scripts=parse_scripts(script or ()),
            replay=replay,
            replay_only=replay_only,
            aws_keys=parse_aws_keys(aws_key or ()),
        )
        run(settings, _tell, write_vertex_credentials)
    except OSError as error:
        raise FairleadError(_cannot_listen(host, port, error)) from error
    except BadRecordings as error:
        raise FairleadError(f"--replay {error} ({_NO_RECORDINGS})") from error
    except BadSetting as error:
        raise FairleadError(str(error)) from error


def _tell(address: str) -> None:
    told = console()
    told.print(f"The vendors' APIs, emulated: [bold]{escape(address)}[/] (no model is called)")
    told.print(f"Rules, books and faults: {address}/_emulator. Stop with Ctrl-C.", markup=False)


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    hint = _NO_HOST if isinstance(error, socket.gaierror) else _HINTS.get(error.errno or 0, "")
    return f"cannot listen on {host} port {port}: {reason}" + (f" ({hint})" if hint else "")
