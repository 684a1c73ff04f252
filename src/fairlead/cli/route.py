"""`fairlead route`: where a request would go, or went, and why. Nothing is sent."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fairlead.canon import Failure, Request
from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import console, money, new_table, print_json, rate_told
from fairlead.cli.train import train
from fairlead.engine import hints as hint_reader
from fairlead.engine.plan import AUTO
from fairlead.finance.told import NO_RECORD
from fairlead.ledger.query import show as show_record
from fairlead.ledger.record import Accepted
from fairlead.routing import Decision, Hints
from fairlead.routing.looking import Outside
from fairlead.server.config import load
from fairlead.server.paths import database_path
from fairlead.server.policies import policy_of, scorer_files
from fairlead.server.route_preview import (
    Considered,
    Preview,
    asked_first,
    codec_for,
    known_quality,
    preview_of,
    read_features,
    routed,
    snapshot_for_preview,
    with_model,
)

__all__ = ["app"]

app = typer.Typer(help="Where a request would go, or went, and why.", no_args_is_help=True)
app.command("train")(train)

_DECISION = msgspec.json.Decoder(Decision)
_KEYLESS = "no vendor has a key here: decided as if each had one"
Config = Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object for machines.")]


@app.command("explain")
def explain(
    request: Annotated[
        str, typer.Argument(metavar="REQUEST.json", help="A request's body; - reads it from input.")
    ],
    policy: Annotated[
        str | None,
        typer.Option(help="A policy's name, `always:<model>` or a file; else the one in force."),
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(help="What the body is written in; else it is recognised.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="As if this key's id had sent it.")] = None,
    team: Annotated[str | None, typer.Option(help="As if a key of this team had.")] = None,
    hour: Annotated[
        int | None, typer.Option(min=0, max=23, help="As if it were this hour of the day, UTC.")
    ] = None,
    warm_tokens: Annotated[
        int | None,
        typer.Option(min=0, help="As if so much of the prompt's beginning had been sent before."),
    ] = None,
    budget_pressure: Annotated[
        int | None, typer.Option(min=0, help="As if so many percent of the budget were spent.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say where a request would go, and why, without sending it."""
    body = _body(request)
    loaded = in_own_currency(load(config), json=json)
    snapshot, keyless = snapshot_for_preview(loaded)
    codec = codec_for(snapshot.codecs, body, dialect)
    body = with_model(codec, body)
    outside = Outside(key, hour, warm_tokens, team, budget_pressure)
    features = read_features(snapshot.codecs, body, codec.dialect, Hints(), outside)
    decoded = codec.decode_request(body)
    asked = None
    if policy is not None:
        files = scorer_files(snapshot.catalog)
        asked = policy_of(policy, snapshot.policies, loaded, snapshot.catalog, files)
        scorers = {**snapshot.scorers, **files.by_hash}
        snapshot = msgspec.structs.replace(snapshot, scorers=scorers)
    elif (hinted := hint_reader.read((), body).policy) is not None and _auto(decoded):
        asked = snapshot.policy(hinted)
    today = datetime.now(UTC).date()
    moment = known_quality(snapshot, features, today, asked, decoded)
    made = routed(snapshot, decoded, features, today, asked, moment)
    told = preview_of(made, asked_first(snapshot, decoded, made, today, asked))
    if keyless:
        told = msgspec.structs.replace(told, warnings=(*told.warnings, _KEYLESS))
    _tell(told, json=json)


@app.command("show")
def show(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="The request's id.")],
    config: Config = None,
    json: Json = False,
) -> None:
    """Say where a request went, and why, as the ledger keeps it."""
    path = database_path(in_own_currency(load(config), json=json).settings)
    found = show_record(path, request_id)
    if found is None:
        raise Failure.invalid(
            f"there is no request {request_id} in {path}",
            "ID",
            hint=NO_RECORD,
        )
    if isinstance(found, Accepted) or not found.decision:
        raise Failure.invalid(
            f"{request_id} has no decision in the ledger", "ID", hint="it failed before that"
        )
    _tell(preview_of(_DECISION.decode(found.decision)), json=json)


def _auto(request: Request) -> bool:
    """Whether a request leaves the model to a policy."""
    return (request.model or AUTO) == AUTO


def _body(request: str) -> bytes:
    if request == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(request).read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Failure.invalid(f"{request} cannot be read: {reason}", "REQUEST.json") from error


def _tell(told: Preview, *, json: bool) -> None:
    if json:
        print_json(told)
        return
    out = console()
    out.print(f"{told.model}  ({told.reason})", style="bold", markup=False)
    for number, step in enumerate(told.path, 1):
        answer = "yes" if step.answer else "no"
        out.print(f"  {number}. {step.question}  {answer}: {step.because}", markup=False)
    if told.cascade is not None:
        checks = ", ".join(told.cascade.checks)
        out.print(f"Asked first: {told.cascade.ask}, checked: {checks}", markup=False)
    session = any(each.switch_usd is not None for each in told.candidates)
    of_session = ("of it warm", "switch") if session else ()
    table = new_table(
        "model", "expected", "tokens in, out", *of_session, "first token", "quality", "why"
    )
    for each in told.candidates:
        tokens = "" if each.prompt_tokens is None else f"{each.prompt_tokens:,}"
        if each.output_tokens is not None:
            tokens += f", {each.output_tokens:,}"
        table.add_row(
            each.model,
            money(each.cost_usd),
            tokens or "unknown",
            *(_of_session(each) if session else ()),
            "unknown" if each.first_token_ms is None else f"{each.first_token_ms:,.0f} ms",
            "unknown" if each.quality is None else f"{each.quality:.1f}",
            each.why,
        )
    out.print(table)
    if session and told.moment is not None and told.moment.further:
        turns = f"this turn and {told.moment.further} further ones"
        out.print(f"Expected: this turn. Compared, and a switch: {turns} of the session")
    for flip in told.flip:
        out.print(f"To {flip.model} with: {flip.change}", markup=False)
    for warning in told.warnings:
        out.print(f"Warning: {warning}", markup=False)
    rate_told()


def _of_session(candidate: Considered) -> tuple[str, str]:
    """What of the prompt is warm there, and what leaving the session's model for it costs."""
    return f"{candidate.warm_tokens or 0:,}", money(candidate.switch_usd)
