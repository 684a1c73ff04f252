"""`fairlead models`: what the catalogue knows about models, each fact with its source."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.markup import escape
from rich.table import Column, Table

from fairlead.catalog import Catalog, Claim, Fact, Model, Price
from fairlead.catalog.document import ending, listed, price_changes, row, shown
from fairlead.catalog.facts import is_in_force, undisclosed
from fairlead.catalog.keys import FEES, STORAGE, Value
from fairlead.cli.compare import compare
from fairlead.cli.currency import in_own_currency
from fairlead.cli.day import day_of
from fairlead.cli.output import console, new_table, number_column, print_json
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load

__all__ = ["app"]

app = typer.Typer(
    help="List models, show what is known of one, compare several.", no_args_is_help=True
)
app.command("compare")(compare)

Config = Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object for machines.")]
On = Annotated[str | None, typer.Option(help="The day whose facts count. Default: today.")]
UNKNOWN = "not disclosed"
_PER = {STORAGE: ", an hour"} | {fee: f", a million {of}" for fee, of in FEES.items()}
"""What a price is for that is not for a million tokens."""
_WIDE = 120
"""Characters of a terminal in which the list and the facts stand with all their columns."""
_IN_FORCE = "in force"
_SPARE = {"vendor", "family"}
_NUMBERS = {"context_window", "max_output", "input", "output"}
_PLANS = {"ends", "then served as", "successor"}


@app.command("list")
def list_(on: On = None, config: Config = None, json: Json = False) -> None:
    """List the models of the catalogue: window, prices of today, announced end."""
    catalog, today = compile_catalog(in_own_currency(load(config), json=json)), day_of(on)
    if json:
        print_json(listed(catalog, today))
        return
    rows = [row(model, today) for model in catalog.models.values()]
    out = console()
    told = [key for key in rows[0] if out.width >= _WIDE or key not in _SPARE]
    headings = {key: key.replace("_", " ") for key in told}
    table = new_table(
        *(number_column(said) if key in _NUMBERS else said for key, said in headings.items())
    )
    for each in rows:
        table.add_row(*(_cell(key, each[key]) for key in told))
    out.print(table)
    out.print("prices: US dollars per million tokens, standard tier")


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="Id, alias or family.")],
    facts: Annotated[
        bool, typer.Option("--facts", help="Every fact with source, date and disagreements.")
    ] = False,
    upstream: Annotated[
        str | None, typer.Option(help="As that upstream serves it, e.g. `vertex`.")
    ] = None,
    on: On = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show what is known of one model, its announced end and the price changes to come."""
    catalog, today = compile_catalog(in_own_currency(load(config), json=json)), day_of(on)
    found, document = shown(catalog, model, today, upstream=upstream, facts=facts)
    if json:
        print_json(document)
        return
    stated, warnings = catalog.facts_of(found), catalog.warnings_for(model, today)
    out = console()
    for line in _lines(catalog, model, found, today):
        out.print(escape(line), soft_wrap=True)
    out.print(_prices_table(found, today))
    for sentence in (*warnings, *price_changes(found, today)):
        out.print(f"[yellow]note:[/] {escape(sentence)}", soft_wrap=True)
    if facts:
        out.print(_facts_table(stated, today, wide=out.width >= _WIDE))
        for sentence in _disagreements(stated):
            out.print(f"[yellow]disagreement:[/] {escape(sentence)}", soft_wrap=True)
        out.print(f"{UNKNOWN}: {', '.join(undisclosed(stated)) or 'nothing'}", soft_wrap=True)


@app.command("ends")
def ends(on: On = None, config: Config = None, json: Json = False) -> None:
    """List announced ends of models, what is warned of, and price changes to come."""
    catalog, today = compile_catalog(in_own_currency(load(config), json=json)), day_of(on)
    document = ending(catalog, today)
    if json:
        print_json(document)
        return
    out = console()
    table = new_table(
        "model",
        "ends",
        "days",
        "then served as",
        "successor",
        "source",
        title=f"Announced ends, {today}",
    )
    for each in cast("list[dict[str, object]]", document["ends"]):
        table.add_row(*(_cell("successor", value) for value in each.values()))
    out.print(table)
    for name, said in cast("dict[str, tuple[str, ...]]", document["warnings"]).items():
        for sentence in said:
            out.print(f"[yellow]{escape(name)}:[/] {escape(sentence)}", soft_wrap=True)
    for sentence in cast("list[str]", document["price_changes"]):
        out.print(f"[yellow]note:[/] {escape(sentence)}", soft_wrap=True)


def _lines(catalog: Catalog, name: str, model: Model, today: date) -> list[str]:
    """What is known, a line each."""
    life = model.lifecycle
    asked = "" if name == model.id else f" (asked for as {name})"
    rows = {
        "vendor": model.vendor,
        "family": model.family,
        "aliases": ", ".join(model.aliases) or "none",
        "context window": model.limits.context_window,
        "max output": model.limits.max_output,
        "takes": ", ".join(model.modalities_in) or None,
        "features": ", ".join(model.features) or None,
        "thinking": model.thinking.kind,
        "status": life.status,
        "ends": life.ends,
        "then served as": life.served_as,
        "successor": life.successor,
    }
    width = max(map(len, rows))
    return [
        f"{model.id}{asked}, {today}, catalogue {catalog.version}",
        *(f"  {label:{width}}  {_cell(label, value)}" for label, value in rows.items()),
    ]


def _prices_table(model: Model, today: date) -> Table:
    title = "Prices, US dollars per million tokens"
    table = new_table(
        "kind",
        "price",
        "applies to",
        "source",
        "seen",
        title=title if model.prices else f"Prices: {UNKNOWN}",
    )
    for price in model.prices:
        if price.valid_to is None or today < price.valid_to:
            scope = _scope(price) or "all"
            usd = f"{price.usd_per_million.normalize():f}"
            table.add_row(
                price.kind + _PER.get(price.kind, ""), usd, scope, price.source, str(price.seen)
            )
    return table


def _scope(said: Fact | Price | Claim) -> str:
    """What a fact applies to, in words; empty for everything."""
    words = [
        f"upstream {said.upstream}" if said.upstream else "",
        f"tier {said.tier}" if said.tier else "",
        f"region {said.region}" if said.region else "",
        f"prompts over {said.over_prompt:,}" if said.over_prompt else "",
        f"from {said.valid_from}" if said.valid_from else "",
        f"until {said.valid_to}" if said.valid_to else "",
    ]
    return ", ".join(word for word in words if word)


def _facts_table(facts: tuple[Fact, ...], today: date, *, wide: bool) -> Table:
    """A fact a row. Where eight columns would break most words, what belongs together stands in
    five.
    """
    seen = Column("seen", no_wrap=True)
    rows = [_fact(fact, facts, today) for fact in facts]
    if wide:
        titles = ("fact", "value", "unit", "applies to", "source", seen, "rule", "today")
        table = new_table(*titles, title="Facts")
        for row in rows:
            table.add_row(*row)
        return table
    table = new_table("fact", "value", "source", seen, "rule", title="Facts")
    for key, value, unit, scope, source, day, rule, state in rows:
        table.add_row(
            key if scope == "all" else f"{key} ({scope})",
            value if unit == "yes/no" else f"{value} ({unit})",
            source,
            day,
            rule if state == _IN_FORCE else f"{rule}; {state}",
        )
    return table


def _fact(fact: Fact, facts: tuple[Fact, ...], today: date) -> tuple[str, ...]:
    state = _IN_FORCE if is_in_force(fact, facts, today) else _state(fact, today)
    scope, seen = _scope(fact) or "all", str(fact.seen)
    return (fact.key, _said(fact.value), fact.unit, scope, fact.source, seen, fact.rule, state)


def _state(fact: Fact, today: date) -> str:
    to_come = fact.valid_from is not None and fact.valid_from > today
    return f"from {fact.valid_from}" if to_come else "over"


def _disagreements(facts: tuple[Fact, ...]) -> list[str]:
    """`limits.max_output: article-2025-10 says 8,192, litellm-1.109.1 says 65,536 (in force)`."""
    said = []
    for fact in facts:
        if fact.disputed_by:
            others = ", ".join(
                f"{claim.source.id} says {_said(claim.value)}" for claim in fact.disputed_by
            )
            scope = f" ({_scope(fact)})" if _scope(fact) else ""
            said.append(
                f"{fact.key}{scope}: {others}, {fact.source} says {_said(fact.value)}"
                f" (in force: {fact.rule})"
            )
    return said


def _cell(label: str, value: object) -> str:
    return "none announced" if value is None and label in _PLANS else _said(value)


def _said(value: Value | object | None) -> str:
    """A value for people."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    if isinstance(value, tuple):
        return ", ".join(
            f"{item[0]}: {_said(item[1])}"
            if isinstance(item, tuple) and len(item) == 2
            else str(item)
            for item in value
        )
    return str(value)
