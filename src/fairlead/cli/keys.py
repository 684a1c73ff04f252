"""`fairlead keys`: virtual keys."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from fairlead.canon import Failure
from fairlead.cli.output import console, new_table, print_json
from fairlead.limits.budget import PERIODS, budget_of
from fairlead.limits.keys import KeyStore
from fairlead.server.config import load
from fairlead.server.paths import database_path

__all__ = ["app"]

app = typer.Typer(help="Make, list and revoke virtual keys.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")]
Json = Annotated[bool, typer.Option("--json", help="JSON for machines.")]


def _store(config: Path | None) -> KeyStore:
    path = database_path(load(config).settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    return KeyStore(path)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    team: Annotated[str, typer.Option(help="Whose it is: policies may ask for it.")] = "",
    budget_usd: Annotated[
        str | None,
        typer.Option(
            help="What it should spend in a period, in dollars. Nothing is refused for it."
        ),
    ] = None,
    budget_period: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(PERIODS)}; month where it is left out.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make a key. It is shown once; only its hash is stored."""
    if budget_usd is None and budget_period is not None:
        raise Failure.invalid("a period needs an amount", "--budget-period", hint="--budget-usd")
    budget = None if budget_usd is None else budget_of(budget_usd, budget_period or "month")
    info, secret = _store(config).create(name, team=team, budget=budget)
    if json:
        made = {"id": info.id, "name": info.name, "key": secret}
        print_json(made | {"team": info.team, "budget": info.budget})
        return
    out = console()
    out.print(f"key [bold]{info.id}[/] for {escape(info.name)}:\n\n    {secret}\n")
    out.print("It is not shown again. Send it as `Authorization: Bearer`, or as the SDK's api_key.")
    out.print("From now on every request to this gateway needs a key.")


@app.command("list")
def list_(config: Config = None, json: Json = False) -> None:
    """List the keys, revoked ones too."""
    path = database_path(load(config).settings)
    keys = KeyStore(path).list() if path.is_file() else ()  # to look makes no file
    if json:
        print_json(keys)
        return
    table = new_table("id", "name", "team", "budget", "made, UTC", "state")
    for key in keys:
        made = f"{datetime.fromtimestamp(key.created, UTC):%Y-%m-%d %H:%M}"
        budget = "" if key.budget is None else f"${key.budget.usd:f} a {key.budget.period}"
        state = "revoked" if key.revoked else "active"
        table.add_row(key.id, key.name, key.team, budget.replace("a total", "ever"), made, state)
    console().print(table if keys else "no virtual key is made: only this machine is served")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Id or name of the key.")], config: Config = None
) -> None:
    """Revoke a key; a running gateway refuses it within a second."""
    info = _store(config).revoke(key)
    console().print(f"revoked {info.id} ({info.name})", markup=False)
