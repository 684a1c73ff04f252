"""`fairlead cost`: what a workload costs a month, and where which model gets cheaper."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from fairlead.catalog.shipped import read
from fairlead.cli.chart import chart
from fairlead.cli.currency import in_own_currency
from fairlead.cli.day import day_of
from fairlead.cli.output import console, new_table, print_json, rate_told
from fairlead.cost.display import currency_name, dollars, money_sign
from fairlead.cost.document import document, listed, look, named
from fairlead.cost.scenario import COMBINATIONS, Bill, Scenario, parse_scenarios
from fairlead.cost.sentences import percent, sentences
from fairlead.cost.study import VENDOR, Study
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
    changed = replace(
        named(known, name),
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
    made, warnings = look(catalog, asked, names or (), prices, day_of(on))
    if json:
        print_json(document(made, warnings))
        return
    _print(made, warnings)


# --- for people -----------------------------------------------------------------------------------


def _list(known: dict[str, Scenario], json: bool) -> None:
    rows = listed(known)
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
        out.print(f"{each}: unpriced, as {made.prices} states no price for it", markup=False)
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
                Text(cents(bill.total), "bold"),
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
