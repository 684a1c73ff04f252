"""A scenario on several models side by side: bills, differences, break-even points and notes.

`figures_of` makes the models as one source claims them; with `VENDOR` the catalogue's figures in
force are taken, whatever source they come from.
"""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from fairlead.catalog.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.cost.breakeven import BreakEven, Surface, break_even, surface
from fairlead.cost.price import PriceTable, dollars
from fairlead.cost.scenario import COMBINATIONS, Bill, Combination, Scenario, ScenarioError, bills

__all__ = ["VENDOR", "Difference", "Study", "figures_of", "study", "usual_models"]

VENDOR = "vendor"
"""The name of the figures in force, beside the sources' own ids."""

_HUNDRED = Decimal(100)
_TENTH = Decimal("0.1")


class Difference(Struct, frozen=True):
    """By how much `cheaper` costs less than `dearer`: dollars a month, and percent of `dearer`'s
    cost to one decimal place, as the article states it.
    """

    combination: Combination
    cheaper: str
    dearer: str
    usd: Decimal
    percent: Decimal


class Study(Struct, frozen=True):
    """`bills` by model, cheapest first (without caching and batches); `unpriced` are models whose
    prices are not all known. `break_evens` stand for each model and each one that is cheaper than
    it. `notes` say by model what a price table alone does not show.
    """

    scenario: Scenario
    prices: str
    at: date
    bills: dict[str, tuple[Bill, ...]]
    differences: tuple[Difference, ...]
    break_evens: tuple[BreakEven, ...]
    surfaces: tuple[Surface, ...]
    notes: dict[str, tuple[str, ...]]
    unpriced: tuple[str, ...] = ()


def usual_models(catalog: Catalog) -> tuple[str, ...]:
    """The members of all families, which are what is compared when no model is named."""
    members = (member for family in catalog.families.values() for member in family.members)
    return tuple(dict.fromkeys(members))


def figures_of(catalog: Catalog, model: Model, prices: str) -> Model:
    """The model as `prices` states it: in force, or nothing but one source's claims.

    Raises `ScenarioError` for a source that nobody knows.
    """
    if prices == VENDOR:
        return model
    if prices not in catalog.sources:
        known = ", ".join([VENDOR, *sorted(catalog.sources)])
        raise ScenarioError(f"there are no prices of '{prices}'; known are {known}")
    if model.id not in catalog.sheets:
        return Model.unknown(model.id, model.vendor)
    return catalog.as_claimed_by(model.id, prices)


def study(scenario: Scenario, models: Iterable[Model], prices: str, at: date) -> Study:
    """The scenario on each of the models with their prices of the day `at`."""
    made: dict[str, tuple[Bill, ...]] = {}
    unpriced: list[str] = []
    tables: dict[str, PriceTable] = {}
    surfaces: dict[str, Surface] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for model in models:
        table = PriceTable(model, at)
        found, shape = bills(model, scenario, at), surface(model, table, scenario)
        if found is None or shape is None:
            unpriced.append(model.id)
            continue
        made[model.id], tables[model.id], surfaces[model.id] = found, table, shape
        notes[model.id] = tuple(_notes(model, table, scenario, found))
    order = sorted(made, key=lambda each: made[each][0].total)
    pairs = [(one, other) for at_, one in enumerate(order) for other in order[:at_]]
    return Study(
        scenario=scenario,
        prices=prices,
        at=at,
        bills={each: made[each] for each in order},
        differences=tuple(_differences(made)),
        break_evens=tuple(
            break_even((surfaces[a], surfaces[b]), (tables[a], tables[b]), scenario)
            for a, b in pairs
        ),
        surfaces=tuple(surfaces[each] for each in order),
        notes={each: notes[each] for each in order if notes[each]},
        unpriced=tuple(unpriced),
    )


def _differences(made: dict[str, tuple[Bill, ...]]) -> Iterable[Difference]:
    """The cheapest model of each combination against every other one."""
    for at, combination in enumerate(COMBINATIONS):
        ranked = sorted((each[at] for each in made.values()), key=lambda bill: bill.total)
        for dearer in ranked[1:]:
            usd = dearer.total - ranked[0].total
            percent = usd * _HUNDRED / dearer.total if dearer.total else Decimal(0)
            yield Difference(
                combination,
                ranked[0].model,
                dearer.model,
                usd,
                percent.quantize(_TENTH, rounding=ROUND_HALF_UP),
            )


def _notes(
    model: Model, table: PriceTable, scenario: Scenario, made: tuple[Bill, ...]
) -> Iterable[str]:
    """What the bills rest on."""
    by = {bill.combination: bill for bill in made}
    cached = by["cached"]
    prefix = scenario.cached_share * scenario.input_tokens
    if cached.too_short:
        yield (
            f"no caching: a prefix of {_count(prefix)} tokens is below its smallest cacheable size"
            f" of {model.limits.min_cacheable or 0:,}"
        )
    elif cached.warmth is not None:
        yield from _of_cache(model, table, scenario, cached)
    elif scenario.cached_share:
        yield "no prompt caching is stated, so it is billed without"
    if model.thinking.default_on and not scenario.thinking_tokens:
        yield (
            "it thinks unless told not to, and thoughts are billed as output: none are in this"
            " workload"
        )
    if scenario.batch_share and not by["batched"].batched:
        yield "no batches are stated, so it is billed without"
    elif cached.cached and any(line.kind == "batch_cache_read" for line in by["both"].lines):
        read = table.usd_per_million("cache_read", prompt_tokens=scenario.input_tokens)
        if read == table.usd_per_million(
            "cache_read", prompt_tokens=scenario.input_tokens, batch=True
        ):
            yield "cache reads cost the same within batches"


def _of_cache(model: Model, table: PriceTable, scenario: Scenario, cached: Bill) -> Iterable[str]:
    """How the cache is kept, and what that costs."""
    kept = cached.warmth
    if kept is None:
        return
    if kept.write is None:
        yield (
            "cache writes have no price of their own and no time to live is disclosed: every"
            " prefix is taken for a hit, which is the most that caching can save"
        )
    else:
        fresh = table.usd_per_million("input", prompt_tokens=scenario.input_tokens)
        written = [line for line in cached.lines if line.kind == kept.write]
        paid = sum((line.amount for line in written), Decimal(0))
        plain = sum((line.tokens * (fresh or 0) / 1_000_000 for line in written), Decimal(0))
        gap = Decimal(86_400 * scenario.prefixes) / max(1, scenario.requests_per_day)
        yield (
            f"cache writes ({kept.write.removeprefix('cache_write_')}): the prefix is asked for"
            f" every {_seconds(gap)} on average and lives {kept.lifetime} s after each use, so"
            f" {_percent(kept.cold)} of the requests find it cold and write it, for"
            f" {dollars(paid, 2)} a month ({dollars(paid - plain, 2)} more than as fresh input)"
        )
    if model.limits.min_cacheable is None:
        yield "its smallest cacheable size is not disclosed, so none is applied"


def _seconds(gap: Decimal) -> str:
    return f"{gap:,.1f} s" if gap < 120 else f"{gap / 60:,.1f} min"


def _percent(share: Decimal) -> str:
    """A share in percent, small ones as such."""
    return "less than 0.01 %" if share < Decimal("0.0001") else f"{share * 100:.2f} %"


def _count(tokens: Decimal) -> str:
    return f"{tokens:,.0f}"
