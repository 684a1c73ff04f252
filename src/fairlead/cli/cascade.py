"""`fairlead policy cascade`: what a cascade is expected to cost, before it is switched on."""

import math
import time
from pathlib import Path
from typing import Annotated

import typer

from fairlead.catalog import Catalog
from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import complain, console, money, new_table, print_json, rate_told
from fairlead.ledger.health import LedgerError
from fairlead.ledger.moment import moment
from fairlead.ledger.routed import routed
from fairlead.ledger.verdicts import verdicts_since
from fairlead.routing import Policy
from fairlead.server.cascade_report import LEAST, CascadeReport, cascade_report
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import ConfigError, Loaded, load
from fairlead.server.paths import database_path
from fairlead.server.policies import compile_policies, policy_of, read_policy_file

__all__ = ["cascade", "figures_of_draft", "held_to"]

_SINCE = "30d"
_MOST = 20_000
_BY = {
    "cascades": "what earlier cascades saw",
    "signals": "signals of the first model's own answers: not each was looked at, so it is the"
    " least",
    "given": "given by you",
    "assumed": "an assumption: the ledger tells nothing. Give one with --fails",
}


def cascade(
    policy: Annotated[
        str, typer.Argument(metavar="POLICY", help="A policy's name, or its TOML file.")
    ],
    since: Annotated[str, typer.Option(help="From when: `30d`, `24h`, or a date.")] = _SINCE,
    fails: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The share of answers taken to fail; else it is found."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="At most so many of the newest.")] = _MOST,
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Say what a policy's cascade is expected to cost, by the ledger."""
    loaded = in_own_currency(load(config), json=json)
    catalog = compile_catalog(loaded)
    report = _report(_meant(policy, loaded, catalog), loaded, catalog, since, fails, most)
    if json:
        print_json(report)
    else:
        _print(report)


def held_to(policy: Policy, loaded: Loaded, catalog: Catalog, where: Path) -> bool:
    """Whether a policy's cascade, if it has one, is expected to keep what was accepted; tells the
    figures where it is not. Without a ledger nothing is known against it.
    """
    if policy.cascade is None:
        return True
    try:
        report = _report(policy, loaded, catalog, _SINCE, None, _MOST)
    except LedgerError:
        return True
    if not report.refused:
        return True
    complain(
        f"{where}: cascade.accepted_cost_ratio: {report.accepted:g} is accepted, and"
        f" {report.ratio:.2f} is expected"
    )
    _print(report)
    return False


def figures_of_draft(file: Path, loaded: Loaded, catalog: Catalog) -> None:
    """The figures of a file that is at fault, if it lacks no more than one who accepts them."""
    try:
        draft = read_policy_file(file, loaded, catalog, draft=True)
        if draft.cascade is not None and draft.cascade.accepted_cost_ratio is None:
            _print(_report(draft, loaded, catalog, _SINCE, None, _MOST))
    except (ConfigError, LedgerError):
        return  # it is at fault in more than that, or there is nothing to go by


def _meant(text: str, loaded: Loaded, catalog: Catalog) -> Policy:
    """A policy in force, or a file that may be a draft."""
    path = Path(text)
    if path.suffix == ".toml" or path.is_file():
        return read_policy_file(path, loaded, catalog, draft=True)
    try:
        policies = compile_policies(loaded, catalog)
    except ConfigError as error:
        complain(f"{error}; to see the figures of a draft, name its file")
        raise typer.Exit(1) from error
    return policy_of(text, policies, loaded, catalog)


def _report(
    policy: Policy,
    loaded: Loaded,
    catalog: Catalog,
    since: str,
    fails: float | None,
    most: int,
) -> CascadeReport:
    path, begin = database_path(loaded.settings), moment(since, time.time())
    rows = routed(path, begin, most=most)
    return cascade_report(rows, verdicts_since(path, begin), policy, catalog, fails)


def _print(report: CascadeReport) -> None:
    out = console()
    out.print(
        f"{report.policy}: {report.ask} first, {report.then} where it fails. {report.requests:,}"
        f" requests, {report.chosen:,} of them to {report.then}, {report.checkable:,} with"
        f" something to check ({', '.join(report.checks) or 'nothing'})",
        markup=False,
    )
    out.print(f"Fails: {_share(report)}: {_BY[report.fails_by]}", markup=False)
    table = new_table("of these, each", report.ask, report.then, "the cascade")
    costs = (report.cost_ask, report.cost_then, report.cost_cascade)
    table.add_row("cost", *["unknown" if each is None else money(each) for each in costs])
    times = (report.latency_ask, report.latency_then, report.latency_cascade)
    table.add_row("last token", *["unknown" if each is None else _ms(each) for each in times])
    out.print(table)
    if report.ratio is not None:
        span = ""
        if report.ratio_low is not None and report.ratio_high is not None:
            span = f" ({report.ratio_low:.2f} to {report.ratio_high:.2f})"
        out.print(
            f"Costs {report.ratio:.2f}{span} times as much as {report.then} alone", markup=False
        )
    if report.breaks_even is not None:
        out.print(f"Costs more from {report.breaks_even:.0%} failing on", markup=False)
    if report.checkable < LEAST:
        out.print(f"So few requests ({report.checkable}) say little", markup=False)
    if report.accepted is None and report.ratio is not None:
        out.print(
            f"To switch it on: accepted_cost_ratio = {_upwards(report.ratio):g} (or more) in its"
            " table",
            markup=False,
        )
    rate_told()


def _upwards(ratio: float) -> float:
    """To hundredths: what is told to be accepted must not lie below what is expected."""
    return math.ceil(ratio * 100) / 100


def _share(report: CascadeReport) -> str:
    if report.fails_low is None or report.fails_high is None:
        return f"{report.fails:.1%}"
    return (
        f"{report.fails:.1%} ({report.fails_low:.1%} to {report.fails_high:.1%}, of"
        f" {report.fails_of:,} answers)"
    )


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms"
