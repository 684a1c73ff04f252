"""`fairlead policy canary`: a canary beside its control, and its share given back or taken."""

import time
from math import log
from pathlib import Path
from typing import Annotated, Final

import typer

from fairlead.canon import Failure
from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import console, money, new_table, print_json, rate_told
from fairlead.finance.canary import Figure
from fairlead.finance.sequential import LEAST
from fairlead.ledger.moment import moment
from fairlead.server.canary_report import CanaryReport, canary_report, resume, roll_back
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load
from fairlead.server.paths import database_path
from fairlead.server.policies import compile_policies, policy_of
from fairlead.server.rollout import told_at

__all__ = ["canary", "drawn"]

WIDTH: Final = 41
"""Characters of an interval's axis; the middle is "no difference"."""
TIMES: Final = 8.0
"""The axis of ratios ends at an eighth and at eight times."""
SHARES: Final = 0.25
"""That of differences at minus and plus so much."""
_VERDICTS: Final = {"better": "better", "worse": "WORSE", "unknown": "not known yet"}


def canary(
    policy: Annotated[
        str, typer.Argument(metavar="POLICY", help="A canary's name, or its TOML file.")
    ],
    since: Annotated[
        str | None, typer.Option(help="From when (`7d`, a date); else since it began.")
    ] = None,
    give: Annotated[
        bool, typer.Option("--resume", help="Give a canary that is rolled back its share again.")
    ] = False,
    take: Annotated[
        bool, typer.Option("--roll-back", help="Take its share away, whatever the figures say.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Compare a canary with its control: cost, errors, latency, quality; at any time."""
    if give and take:
        raise Failure.invalid("--resume and --roll-back exclude each other", "--resume")
    loaded = in_own_currency(load(config), json=json)
    catalog = compile_catalog(loaded)
    found = policy_of(policy, compile_policies(loaded, catalog), loaded, catalog)
    path = database_path(loaded.settings)
    if give or take:
        event = (resume if give else roll_back)(path, found)
        if json:
            print_json(event)
        else:
            done = "has its share again" if give else "has no share any more"
            console().print(f"{found.name} ({found.hash}) {done}", markup=False)
        return
    begin = None if since is None else moment(since, time.time())
    report = canary_report(path, found, begin)
    if json:
        print_json(report)
    else:
        _print(report)


def _print(report: CanaryReport) -> None:
    out = console()
    out.print(
        f"{report.policy} ({report.policy_hash}): {report.share * 100:g} % of sessions on"
        f" {report.canary}, the others on {report.control}",
        style="bold",
        markup=False,
    )
    if report.state == "rolled_back":
        at = told_at(report.state_at or 0)
        out.print(f"ROLLED BACK at {at}: {report.reason}", style="red", markup=False)
    out.print(
        f"{report.requests:,} requests since {told_at(report.since)}:"
        f" {report.control_sessions:,} sessions of the control,"
        f" {report.canary_sessions:,} of the canary",
        markup=False,
    )
    table = new_table("a request", "control", "canary", "change", "interval", "verdict", "limit")
    for figure in report.figures:
        say = _say(figure)
        interval = "" if figure.low is None else f"{say(figure.low)} to {say(figure.high)}"
        table.add_row(
            figure.metric.replace("_", " "),
            _value(figure.unit, figure.control),
            _value(figure.unit, figure.canary),
            say(figure.change),
            interval,
            _verdict(figure),
            _limit(figure),
        )
    out.print(table)
    for line in chart(report.figures):
        out.print(line, markup=False)
    sure = f"{(1 - report.alpha) * 100:g} %"
    out.print(
        f"intervals hold with {sure} at all times at once, so this may be looked at whenever you"
        " like; the unit is the session",
        markup=False,
    )
    rate_told()


def _verdict(figure: Figure) -> str:
    if figure.verdict != "unknown":
        return _VERDICTS[figure.verdict]
    if not figure.control_requests or not figure.canary_requests:
        return "no figures"
    if min(figure.control_sessions, figure.canary_sessions) < LEAST:
        return f"not known before {LEAST} sessions each"
    if figure.more_sessions is None:
        return "no difference in sight"
    return f"not known yet (about {figure.more_sessions:,} more sessions)"


def _limit(figure: Figure) -> str:
    if figure.allowed is None:
        return ""
    sign = "+" if figure.kind == "difference" and figure.less_is_better else ""
    sign = "-" if figure.kind == "difference" and not figure.less_is_better else sign
    unit = "" if figure.kind == "difference" else "x"
    return f"{sign}{figure.allowed:g}{unit}{_kept(figure)}"


def _kept(figure: Figure) -> str:
    """What is sure of a limit."""
    if figure.broken:
        return " BROKEN"
    bound = figure.high if figure.less_is_better else figure.low
    if bound is None or figure.allowed is None:
        return ""
    within = bound < figure.allowed if figure.less_is_better else bound > -figure.allowed
    return " kept" if within else ""


def _value(unit: str, value: float | None) -> str:
    if value is None:
        return ""
    return {
        "usd": lambda: money(value),
        "ms": lambda: f"{value:,.0f} ms",
        "share": lambda: f"{value * 100:.2f} %",
        "score": lambda: f"{value:.3f}",
    }[unit]()


def _say(figure: Figure) -> "_Say":
    return _difference if figure.kind == "difference" else _times


class _Say:
    """A change in words."""

    def __init__(self, form: str, beyond: str) -> None:
        self._form, self._beyond = form, beyond

    def __call__(self, value: float | None) -> str:
        return self._beyond if value is None else self._form.format(value)


_times = _Say("{:.2f}x", "?")
_difference = _Say("{:+.4f}", "?")


def chart(figures: tuple[Figure, ...]) -> list[str]:
    """Each interval on an axis whose middle is "no difference": `[--*--]`, and `!` at the limit."""
    lines = [drawn(figure) for figure in figures if figure.change is not None]
    if not lines:
        return []
    head = f"{'':>12}  {'less':<{WIDTH // 2}}|{'more':>{WIDTH // 2}}"
    foot = (
        f"{'':>12}  ratios from 1/{TIMES:g} to {TIMES:g} times, differences from -{SHARES:g} to"
        f" +{SHARES:g};  * so far  [ ] interval  ! limit"
    )
    return [head, *lines, foot]


def drawn(figure: Figure) -> str:
    """One line of the chart."""
    cells = [" "] * WIDTH
    cells[WIDTH // 2] = "|"
    low, high = figure.low, figure.high
    if low is not None:
        start, end = _place(figure, low), WIDTH - 1 if high is None else _place(figure, high)
        for place in range(start, end + 1):
            cells[place] = "-"
        cells[start], cells[end] = "[", "]" if high is not None else ">"
    if figure.allowed is not None:
        allowed = figure.allowed if figure.less_is_better else -figure.allowed
        cells[_place(figure, allowed)] = "!"
    if figure.change is not None:
        cells[_place(figure, figure.change)] = "*"
    return f"{figure.metric.replace('_', ' '):>12}  {''.join(cells).rstrip()}"


def _place(figure: Figure, value: float) -> int:
    """The column of a change; what lies beyond the axis stands at its end."""
    if figure.kind == "difference":
        share = value / SHARES
    else:
        share = log(value) / log(TIMES) if value > 0 else -1.0
    return round((max(-1.0, min(1.0, share)) + 1) / 2 * (WIDTH - 1))
