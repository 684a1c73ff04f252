"""`fairlead doctor`: whether each configured upstream works, and what to do where it does not."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from fairlead.canon import Failure
from fairlead.cli.output import console, new_table, print_json
from fairlead.server.compile import compile_snapshot
from fairlead.server.config import load
from fairlead.server.doctor import Finding, examine

__all__ = ["doctor"]

_MARKS = {
    "ok": Text("ok", "green"),
    "warn": Text("warn", "yellow"),
    "fail": Text("fail", "red"),
    "skip": Text("-"),
}


def doctor(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="UPSTREAM", help="These alone.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file, found as `fairlead serve` finds it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Check each configured upstream: credentials, DNS, TLS, a call that costs nothing, the clock.

    Exit code 1 where something fails. Secrets are never shown.
    """
    snapshot = compile_snapshot(load(config))
    known = {upstream.name for upstream in snapshot.upstreams.values()}
    for name in names or ():
        if name not in known:
            raise Failure.invalid(
                f"there is no upstream '{name}'; there are: {', '.join(sorted(known)) or 'none'}",
                "UPSTREAM",
            )
    findings = asyncio.run(examine(snapshot, names or ()))
    failed = any(finding.state == "fail" for finding in findings)
    if json:
        print_json({"healthy": not failed, "findings": findings})
    elif not findings:
        console().print("No upstream is configured: `fairlead check` shows what is in force.")
    else:
        _print(findings)
    if failed:
        raise typer.Exit(1)


def _print(findings: list[Finding]) -> None:
    table = new_table("upstream", "check", "", "found")
    for finding in findings:
        told = Text(finding.told)
        if finding.hint:
            told.append(f"\n{finding.hint}", "dim")
        table.add_row(finding.upstream, finding.check, _MARKS[finding.state], told)
    console().print(table)
