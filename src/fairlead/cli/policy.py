"""`fairlead policy`: routing policies shown, checked, drawn, tested and compared."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer
from msgspec import Struct
from msgspec.structs import asdict

from fairlead.cli.canary import canary
from fairlead.cli.cascade import cascade, figures_of_draft, held_to
from fairlead.cli.currency import in_own_currency
from fairlead.cli.day import day_of
from fairlead.cli.junit import junit
from fairlead.cli.output import complain, console, money, new_table, print_json, rate_told
from fairlead.ledger.moment import moment
from fairlead.ledger.routed import routed
from fairlead.routing import Features, Hints, Policy, PolicyError
from fairlead.routing.cases import Outcome, parse_cases, run_case
from fairlead.routing.compare import Comparison, Mean
from fairlead.routing.conditions import OPERATORS
from fairlead.routing.graph import mermaid, svg
from fairlead.routing.objective import Objective
from fairlead.routing.rollout import LIMITS, Shadow
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import ConfigError, load, read_text
from fairlead.server.paths import database_path
from fairlead.server.policies import compile_policies, policy_of, read_policy_file
from fairlead.server.policy_replay import replay
from fairlead.server.route_preview import read_features, snapshot_of_all
from fairlead.server.shadow_cost import shadow_costs

__all__ = ["app"]

app = typer.Typer(help="Routing policies: shown, checked, drawn, tested.", no_args_is_help=True)
Config = Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object for machines.")]
Name = Annotated[
    str, typer.Argument(metavar="POLICY", help="A name, `always:<model>`, or a TOML file.")
]


class Listed(Struct, frozen=True):
    """A policy in the list of all."""

    name: str
    version: str
    hash: str
    description: str
    default: bool


@app.command("show")
def show(
    policy: Annotated[
        str | None, typer.Argument(metavar="POLICY", help="A name or a file; none: lists all.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """List the policies, or show one with its questions."""
    loaded = load(config)
    catalog = compile_catalog(loaded)
    policies = compile_policies(loaded, catalog)
    if policy is not None:
        found = policy_of(policy, policies, loaded, catalog)
        if json:
            print_json(found)
        else:
            _print_policy(found)
        return
    default = loaded.settings.routing.policy
    listed = [
        Listed(each.name, each.version, each.hash, each.description, each.name == default)
        for each in policies.values()
    ]
    if json:
        print_json(listed)
        return
    table = new_table("policy", "version", "hash", "what it does")
    for each in listed:
        name = f"{each.name} (default)" if each.default else each.name
        table.add_row(name, each.version, each.hash, each.description)
    console().print(table)


@app.command("lint")
def lint(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Policy files.")],
    config: Config = None,
) -> None:
    """Check policy files; ends with 1 if one is at fault, and says file, line, key and why."""
    loaded = load(config)
    catalog = compile_catalog(loaded)
    wrong = 0
    for file in files:
        try:
            policy = read_policy_file(file, loaded, catalog)
        except ConfigError as error:
            complain(str(error))
            figures_of_draft(file, loaded, catalog)
            wrong += 1
        else:
            if not held_to(policy, loaded, catalog, file):
                wrong += 1
                continue
            sound = f"{file}: {policy.name} {policy.version} is sound ({policy.hash})"
            console().print(sound, markup=False)
            for shadow in shadow_costs(database_path(loaded.settings), [policy], catalog):
                console().print(f"{file}: shadow: {shadow.told()}", markup=False)
            for note in policy.notes:
                console().print(f"{file}: warning: {note}", markup=False)
    if wrong:
        raise typer.Exit(1)


@app.command("graph")
def graph(
    policy: Name,
    form: Annotated[
        Literal["mermaid", "svg"], typer.Option("--format", help="What to write.")
    ] = "mermaid",
    out: Annotated[Path | None, typer.Option(help="A file; else to standard output.")] = None,
    config: Config = None,
) -> None:
    """Draw a policy's tree."""
    loaded = load(config)
    catalog = compile_catalog(loaded)
    found = policy_of(policy, compile_policies(loaded, catalog), loaded, catalog)
    text = svg(found) if form == "svg" or (out and out.suffix == ".svg") else mermaid(found)
    if out is None:
        sys.stdout.write(text)
    else:
        _write(out, text)


class Tested(Struct, frozen=True):
    """The outcomes of a file of cases."""

    policy: str
    policy_hash: str
    cases: int
    failed: int
    outcomes: tuple[Outcome, ...]


@app.command("test")
def run_cases(
    policy: Name,
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="A TOML or JSON file of cases.")],
    junit_file: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit's XML there too.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(help="The day whose models count (2026-11-22); else today.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Run cases against a policy; ends with 1 if one fails. Every vendor counts as configured."""
    loaded = load(config)
    snapshot = snapshot_of_all(loaded)
    found = policy_of(policy, snapshot.policies, loaded, snapshot.catalog)
    chooser = snapshot.chooser(found, day_of(on))

    def read(body: bytes, dialect: str | None, hints: Hints | None) -> Features:
        return read_features(snapshot.codecs, body, dialect, hints)

    try:
        listed = parse_cases(read_text(cases), str(cases))
    except PolicyError as error:
        raise ConfigError(str(error)) from error
    outcomes = tuple(run_case(case, chooser, read) for case in listed)
    failed = sum(not each.passed for each in outcomes)
    if junit_file is not None:
        _write(junit_file, junit(f"policy {found.name}", outcomes))
    if json:
        print_json(Tested(found.name, found.hash, len(outcomes), failed, outcomes))
    else:
        _print_outcomes(outcomes)
    if failed:
        raise typer.Exit(1)


@app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A policy's name or file.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A policy's name or file.")],
    since: Annotated[str, typer.Option(help="From when: `7d`, `24h`, or a date.")] = "7d",
    most: Annotated[int, typer.Option(min=1, help="At most so many of the newest.")] = 20_000,
    config: Config = None,
    json: Json = False,
) -> None:
    """Put the ledger's requests to two policies: what would move, and what it would cost."""
    loaded = in_own_currency(load(config), json=json)
    catalog = compile_catalog(loaded)
    policies = compile_policies(loaded, catalog)
    both = [policy_of(each, policies, loaded, catalog) for each in (old, new)]
    rows = routed(database_path(loaded.settings), moment(since, time.time()), most=most)
    result = replay(rows, both[0], both[1], catalog)
    notes = [_uncascaded(each) for each in both if each.cascade is not None]
    if json:
        print_json({**asdict(result), "notes": notes})
        return
    _print_comparison(result, both[0].name, both[1].name)
    for note in notes:
        console().print(note, markup=False)


def _uncascaded(policy: Policy) -> str:
    """What a comparison of choices does not hold."""
    return (
        f"{policy.name} has a cascade, which is left out here: what its choice would cost is told,"
        f" not what asking {policy.cascade.ask if policy.cascade else ''} first spares or adds;"
        f" `fairlead policy cascade {policy.name}` tells that"
    )


app.command("canary")(canary)
app.command("cascade")(cascade)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error


def _print_policy(policy: Policy) -> None:
    out = console()
    out.print(f"{policy.name} {policy.version} ({policy.hash})", style="bold", markup=False)
    if policy.description:
        out.print(policy.description, markup=False)
    divided = policy.canary
    if divided is not None:
        out.print(f"{divided.share * 100:g} % of sessions: {divided.policy}", markup=False)
        out.print(f"the others: {divided.base}", markup=False)
        for name in LIMITS:
            bound = getattr(divided.limits, name)
            if bound is not None:
                out.print(f"limit: {name} {bound:g}", markup=False)
        if divided.limits.stated:
            chance = divided.limits.alpha * 100
            out.print(f"chance of a roll-back without cause: at most {chance:g} %")
        else:
            out.print("no limits: never rolled back by itself")
        return
    table = new_table("question", "asks", "takes", "reason")
    for rule in policy.rules:
        asks = " and ".join(
            [f"{c.feature} {OPERATORS[c.operator].yes} {_said(c.wanted)}" for c in rule.when]
        )
        table.add_row(rule.question, asks, ", ".join(rule.use), rule.reason)
    table.add_row("otherwise", "", ", ".join(policy.otherwise), policy.otherwise_reason)
    out.print(table)
    if policy.objective is not None:
        out.print(f"objective: {_objective(policy.objective)}", markup=False)
    if policy.scorer is not None:
        told_of = f"{policy.scorer.other} instead of {policy.scorer.base}"
        out.print(f"scorer: {policy.scorer.hash}, {told_of} where it says so", markup=False)
    if policy.cascade is not None:
        told = policy.cascade
        checks = ", ".join([*told.checks, *told.graders])
        out.print(f"cascade: {told.ask} before {told.then}, checked: {checks}", markup=False)
    for name, bound in asdict(policy.constraints).items():
        if bound is not None:
            out.print(f"constraint: {name} {bound}", markup=False)
    if policy.shadow is not None:
        out.print(f"shadow: {shadow_told(policy.shadow)}", markup=False)
    for name, behind in policy.fallbacks:
        out.print(f"behind {name}: {', '.join(behind)}", markup=False)
    if policy.sticky:
        out.print("a session stays with its model where it may")
    if policy.hold_back_ms is not None:
        out.print(f"streams are held back for {policy.hold_back_ms:,} ms")
    if policy.hedge:
        out.print("a late first token is hedged")
    if policy.modalities is not None:
        out.print(f"only for: {', '.join(policy.modalities)}", markup=False)
    for note in policy.notes:
        out.print(f"warning: {note}", markup=False)


def _objective(objective: Objective) -> str:
    """`balanced (cost 1, latency 0.5, quality 1)`, or with shares."""
    weights = [(name, getattr(objective, name)) for name in ("cost", "latency", "quality")]
    told = [f"{name} {weight:g}" for name, weight in (*weights, *objective.shares) if weight]
    return f"{objective.name} ({', '.join(told)})"


def shadow_told(shadow: Shadow) -> str:
    """`5 % of requests to haiku, at most $1.00 a day`."""
    most = money(shadow.usd_per_day, 2)
    return f"{shadow.share * 100:g} % of requests to {' or '.join(shadow.to)}, at most {most} a day"


def _said(wanted: object) -> str:
    if isinstance(wanted, tuple):
        return ", ".join(wanted)
    return f"{wanted:,}" if type(wanted) is int else str(wanted)


def _print_outcomes(outcomes: tuple[Outcome, ...]) -> None:
    table = new_table("case", "", "model", "why")
    for each in outcomes:
        why = each.reason if each.passed else "; ".join(each.wrong)
        table.add_row(each.name, "ok" if each.passed else "FAILED", each.model or "none", why)
    console().print(table)
    failed = sum(not each.passed for each in outcomes)
    console().print(f"{len(outcomes)} cases, {failed} failed")


def _print_comparison(result: Comparison, old: str, new: str) -> None:
    out = console()
    out.print(
        f"{result.requests:,} requests, {result.moved:,} would move; no model: {old}"
        f" {result.refused_old:,}, {new} {result.refused_new:,}",
        markup=False,
    )
    moves = new_table(f"with {old}", f"with {new}", "requests")
    for before, after, count in result.moves:
        moves.add_row(before, after, f"{count:,}")
    out.print(moves)
    table = new_table("a request", old, new, "difference")
    cost = (result.cost_old, result.cost_new, result.cost_difference)
    table.add_row("cost", *[_mean(each, money) for each in cost])
    times = (result.first_token_old, result.first_token_new, None)
    table.add_row("first token", *[_mean(each, lambda ms: f"{ms:,.0f} ms") for each in times])
    out.print(table)
    if result.most_changed:
        changed = new_table("request", "from", "to", "difference", "why")
        for move in result.most_changed:
            by = money(move.difference_usd)
            changed.add_row(move.id, move.old, move.new, by, move.why)
        out.print(changed)
    rate_told()


def _mean(mean: Mean | None, say: Callable[[float], str]) -> str:
    if mean is None:
        return ""
    return f"{say(mean.mean)} ({say(mean.low)} to {say(mean.high)})"
