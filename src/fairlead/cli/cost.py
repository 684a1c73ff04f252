"""`fairlead cost`: what a workload costs a month, and where which model gets cheaper."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fairlead.catalog.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.catalog.shipped import read
from fairlead.cli.break_even import amount, percent, sentences
from fairlead.cli.chart import chart
from fairlead.cli.currency import in_own_currency
from fairlead.cli.output import console, new_table, print_json, rate_told
from fairlead.cost.breakeven import BreakEven, Interval
from fairlead.cost.display import currency_name, dollars, money_sign
from fairlead.cost.scenario import COMBINATIONS, Bill, Scenario, ScenarioError, parse_scenarios
from fairlead.cost.study import VENDOR, Study, figures_of, study, usual_models
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load

__all__ = ["app"]

app = typer.Typer(help="Monthly cost of a workload, and break-even points.", no_args_is_help=True)

POINTS = 41
"""Points of a curve."""
FEW = 3
"""Up to so many models every pair is told at length."""
TITLES = {
    "plain": "plain",
    "cached": "cached",
    "batched": "batched",
    "both": "cached + batched",
}

Prices = Annotated[
    str,
    typer.Option(help=f"`{VENDOR}`: the figures in force; else one source's claims by its id."),
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="A model or family; repeatable. Default: the families' members."),
]
On = Annotated[str | None, typer.Option(help="Prices of this day, `2026-12-01`. Default: today.")]
Config = Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, amounts as decimal strings.")]
Share = Annotated[str | None, typer.Option(help="Share of each prompt that may be cached, 0 to 1.")]
BatchShare = Annotated[
    str | None, typer.Option(help="Share of the requests that may go in batches, 0 to 1.")
]
Prefixes = Annotated[
    int, typer.Option(help="Different prefixes over which the requests are spread.")
]


@app.command("scenario")
def scenario(
    name: Annotated[str, typer.Argument(help="`chat`, `coding`; `list` prints them.")],
    prices: Prices = VENDOR,
    model: Models = None,
    cached_share: Share = None,
    batch_share: BatchShare = None,
    prefixes: Prefixes = 1,
    on: On = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Print a known scenario's monthly cost on each model: plain, cached, batched, both."""
    known = parse_scenarios(read("scenarios.toml"))
    if name == "list":
        _list(known, json)
        return
    found = known.get(name)
    if found is None:
        names = ", ".join(sorted({each.name for each in known.values()}))
        raise ScenarioError(f"there is no scenario '{name:.80}'; there are: {names}")
    changed = replace(
        found,
        cached_share=_share(cached_share, "--cached-share"),
        batch_share=_share(batch_share, "--batch-share"),
        prefixes=prefixes,
    )
    _show(changed, prices, model, on, config, json)


@app.command("estimate")
def estimate(
    requests_per_day: Annotated[int, typer.Option(help="Requests a day.")],
    input_tokens: Annotated[int, typer.Option("--input", help="Prompt tokens of a request.")],
    output_tokens: Annotated[int, typer.Option("--output", help="Answer's tokens of a request.")],
    thinking: Annotated[int, typer.Option(help="Thinking tokens of a request.")] = 0,
    prices: Prices = VENDOR,
    model: Models = None,
    cached_share: Share = None,
    batch_share: BatchShare = None,
    prefixes: Prefixes = 1,
    on: On = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Print the monthly cost of a workload of your own, as `scenario` does for a known one."""
    own = Scenario(
        name="estimate",
        title="Your workload",
        requests_per_day=requests_per_day,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        thinking_tokens=thinking,
        cached_share=_share(cached_share, "--cached-share"),
        batch_share=_share(batch_share, "--batch-share"),
        prefixes=prefixes,
    )
    _show(own, prices, model, on, config, json)


def _share(text: str | None, flag: str) -> Decimal:
    """A share between 0 and 1; all of it where none is given."""
    try:
        share = Decimal("1" if text is None else text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{flag}: a number from 0 to 1, not {text!r}") from error
    if not (share.is_finite() and 0 <= share <= 1):
        raise typer.BadParameter(f"{flag}: a number from 0 to 1, not {text!r}")
    return share


def _show(
    asked: Scenario,
    prices: str,
    names: list[str] | None,
    on: str | None,
    config: Path | None,
    json: bool,
) -> None:
    catalog = compile_catalog(in_own_currency(load(config), json=json))
    today = _day(on)
    models = [
        figures_of(catalog, _resolve(catalog, each, today), prices)
        for each in (names or usual_models(catalog))
    ]
    by_id = {each.id: each for each in models}
    made = study(asked, by_id.values(), prices, today)
    if names is None:  # a source need not speak of every model that there is
        made = replace(made, unpriced=())
    if not made.bills:
        raise ScenarioError(f"none of these models has prices of '{prices}' on {today}")
    warnings = [w for each in made.bills for w in catalog.warnings_for(each, today)]
    if json:
        print_json(_machine(made, warnings))
        return
    _print(made, warnings)


def _resolve(catalog: Catalog, name: str, today: date) -> Model:
    return catalog.models.get(name) or catalog.resolve(name, today)


def _day(on: str | None) -> date:
    if on is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(on)
    except ValueError as error:
        raise typer.BadParameter(f"--on: a date like 2026-12-01, not {on!r}") from error


# --- for machines ---------------------------------------------------------------------------------


def _machine(made: Study, warnings: list[str]) -> dict[str, object]:
    asked = made.scenario
    return {
        "scenario": {
            "name": asked.name,
            "requests_per_day": asked.requests_per_day,
            "input_tokens": asked.input_tokens,
            "output_tokens": asked.output_tokens,
            "thinking_tokens": asked.thinking_tokens,
            "cached_share": asked.cached_share,
            "batch_share": asked.batch_share,
            "prefixes": asked.prefixes,
            "days": asked.days,
            "source": asked.source or None,
        },
        "prices": made.prices,
        "on": made.at,
        "models": [_row(bill) for found in made.bills.values() for bill in found],
        "differences": [
            {
                "combination": each.combination,
                "cheaper": each.cheaper,
                "dearer": each.dearer,
                "usd": amount(each.usd),
                "percent": each.percent,
            }
            for each in made.differences
        ],
        "break_even": [_even(each) for each in made.break_evens],
        "notes": made.notes,
        "unpriced": made.unpriced,
        "warnings": warnings,
    }


def _row(bill: Bill) -> dict[str, object]:
    return {
        "model": bill.model,
        "combination": bill.combination,
        "cached": bill.cached,
        "batched": bill.batched,
        "input": amount(bill.input),
        "output": amount(bill.output),
        "total": amount(bill.total),
        "lines": [
            {
                "kind": line.kind,
                "tokens": f"{line.tokens:.0f}",
                "usd_per_million": line.usd_per_million,
                "amount": amount(line.amount),
            }
            for line in bill.lines
        ],
    }


def _even(each: BreakEven) -> dict[str, object]:
    def spans(found: tuple[Interval, ...]) -> list[list[str]]:
        return [[f"{low:.6f}", f"{high:.6f}"] for low, high in found]

    return {
        "model": each.model,
        "cheaper_than": each.other,
        "never": each.never,
        "cached_share": spans(each.cached),
        "cached_share_all_batched": spans(each.cached_all_batched),
        "batch_share": spans(each.batched),
        "batch_share_all_cached": spans(each.batched_all_cached),
        "input_tokens_per_output_token": None if each.ratio is None else f"{each.ratio:.6f}",
        "thinking_tokens_of_the_other": None if each.thinking is None else f"{each.thinking:.1f}",
        "said": sentences(each),
    }


# --- for people -----------------------------------------------------------------------------------


def _list(known: dict[str, Scenario], json: bool) -> None:
    rows = list({each.name: each for each in known.values()}.values())
    if json:
        print_json(rows)
        return
    table = new_table("name", "requests a day", "input", "output", "source", title="Scenarios")
    for each in rows:
        counts = (each.requests_per_day, each.input_tokens, each.output_tokens)
        table.add_row(each.name, *(f"{count:,}" for count in counts), each.source)
    console().print(table)


def _print(made: Study, warnings: list[str]) -> None:
    out = console()
    asked = made.scenario
    thinking = f", {asked.thinking_tokens:,} of thinking" if asked.thinking_tokens else ""
    out.print(
        f"[bold]{escape(asked.title or asked.name)}[/]: {asked.requests_per_day:,} requests a day,"
        f" {asked.input_tokens:,} tokens in, {asked.output_tokens:,} out{thinking};"
        f" {asked.days} days. Prices: {made.prices}, {made.at}."
    )
    out.print(
        f"[dim]cached: {percent(asked.cached_share)} of each prompt; batched:"
        f" {percent(asked.batch_share)} of the requests[/]"
    )
    out.print(_bills(made))
    if made.differences:
        out.print(_differences(made))
    _say(out, made)
    cached, batched = asked.cached_share, asked.batch_share
    curves = {
        each.model: [
            float(each.at(cached * n / (POINTS - 1), batched * n / (POINTS - 1)))
            for n in range(POINTS)
        ]
        for each in made.surfaces
    }
    if cached or batched:
        out.print(f"\n[bold]{currency_name()} a month, from plain to cached and batched[/]")
        out.print(chart(curves, left="plain", right="cached + batched"), markup=False)
    for each in made.unpriced:
        out.print(f"{each}: unpriced, as {made.prices} states no price for it")
    for warning in dict.fromkeys(warnings):
        out.print(f"[yellow]warning:[/] {escape(warning)}")
    rate_told()


def cents(value: Decimal) -> str:
    """Dollars and cents, rounded as bills are."""
    return dollars(value, 2).replace(money_sign(), "", 1)


def _bills(made: Study) -> Table:
    numbers = ("input", "output", "total", "saves")
    title = f"{currency_name()} a month"
    table = new_table("model", "combination", numbers=numbers, title=title)
    table.add_column("")
    for model, found in made.bills.items():
        plain = found[0].total
        for at, bill in enumerate(found):
            saves = (plain - bill.total) * 100 / plain if plain else Decimal(0)
            table.add_row(
                model if at == 0 else "",
                TITLES[bill.combination],
                cents(bill.input),
                cents(bill.output),
                f"[bold]{cents(bill.total)}[/]",
                f"{saves:.1f} %" if at else "",
                _missing(bill),
                end_section=at + 1 == len(found),
            )
    return table


def _missing(bill: Bill) -> str:
    """What was asked for and did not take effect."""
    wants_cache, wants_batch = COMBINATIONS[bill.combination]
    lacking = ["no cache"] if wants_cache and not bill.cached else []
    lacking += ["no batches"] if wants_batch and not bill.batched else []
    return ", ".join(lacking)


def _differences(made: Study) -> Table:
    table = new_table(
        "combination",
        "cheapest",
        "cheaper than",
        numbers=(f"by {money_sign().strip()}", "by %"),
        title="Differences",
    )
    for each in made.differences:
        table.add_row(
            TITLES[each.combination], each.cheaper, each.dearer,
            cents(each.usd), f"{each.percent} %",
        )  # fmt: skip
    return table


def _say(out: Console, made: Study) -> None:
    if made.break_evens:
        out.print("[bold]Break-even[/]")
    few = len(made.bills) <= FEW
    never: dict[str, list[str]] = {}
    for each in made.break_evens:
        if each.never and not few:
            never.setdefault(each.model, []).append(each.other)
            continue
        for sentence in sentences(each, plain=few):
            out.print(f"  - {escape(sentence)}")
    for model, others in never.items():
        out.print(f"  - {escape(model)} never gets cheaper than {escape(', '.join(others))}.")
    if made.notes:
        out.print("[bold]What the figures rest on[/]")
    for model, notes in made.notes.items():
        for note in notes:
            out.print(f"  - {escape(model)}: {escape(note)}")
