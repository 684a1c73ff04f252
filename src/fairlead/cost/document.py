"""A workload's month as a document: what `fairlead cost --json` prints, and the admin API answers.

Amounts are decimal strings with two to six places (`"total": "465.00"`), so that cents stay cents.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from msgspec.structs import replace

from fairlead.catalog.catalog import Catalog
from fairlead.cost.breakeven import BreakEven, Interval
from fairlead.cost.scenario import Bill, Scenario, ScenarioError
from fairlead.cost.sentences import amount, sentences
from fairlead.cost.study import Study, figures_of, study, usual_models

__all__ = ["document", "listed", "look", "named"]


def listed(known: dict[str, Scenario]) -> list[Scenario]:
    """The scenarios there are, each once."""
    return list({each.name: each for each in known.values()}.values())


def named(known: dict[str, Scenario], name: str) -> Scenario:
    """The scenario of a name or alias. Raises `ScenarioError` that names those there are."""
    found = known.get(name)
    if found is None:
        names = ", ".join(sorted({each.name for each in known.values()}))
        raise ScenarioError(f"there is no scenario '{name:.80}'; there are: {names}")
    return found


def look(
    catalog: Catalog, asked: Scenario, names: Iterable[str], prices: str, today: date
) -> tuple[Study, list[str]]:
    """The scenario on the models of these names (of none: the families' members), and warnings of
    models that end.

    Raises:
        ScenarioError: nobody knows the source of `prices`, or it has none for any of them.
        Failure: a name is no model's.
    """
    own = list(names)
    models = [
        figures_of(catalog, catalog.models.get(each) or catalog.resolve(each, today), prices)
        for each in own or usual_models(catalog)
    ]
    by_id = {each.id: each for each in models}
    made = study(asked, by_id.values(), prices, today)
    if not own:  # a source need not speak of every model that there is
        made = replace(made, unpriced=())
    if not made.bills:
        raise ScenarioError(f"none of these models has prices of '{prices}' on {today}")
    return made, [w for each in made.bills for w in catalog.warnings_for(each, today)]


def document(made: Study, warnings: list[str]) -> dict[str, Any]:
    """The study for machines."""
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
