"""What a month of a scenario costs on a model: plain, from the prompt cache, in batches, or both.

The cached forms take the whole prompt from the cache and leave out what it costs to fill it: the
best case, as the article reckons it. A form that the model has not, or that the scenario's prompt
is too small for, has no total but a reason.
"""

from datetime import date
from decimal import Decimal

import msgspec
from msgspec import Struct

from fairlead.canon import Usage
from fairlead.catalog.model import Model
from fairlead.catalog.shipped import read
from fairlead.cost.price import PriceTable
from fairlead.cost.scenario import parse_scenarios

__all__ = ["FORMS", "Form", "MonthlyCost", "Scenario", "monthly_cost", "shipped_scenarios"]


class Scenario(Struct, frozen=True):
    """Requests of one size, `requests_per_day` of them on each of `days` days."""

    name: str
    requests_per_day: int
    days: int
    input_tokens: int
    output_tokens: int
    source: str

    @property
    def requests(self) -> int:
        """Requests a month."""
        return self.requests_per_day * self.days


class Form(Struct, frozen=True):
    """A way to buy the same tokens."""

    name: str
    cached: bool = False
    batched: bool = False


FORMS = (
    Form("plain"),
    Form("cached", cached=True),
    Form("batched", batched=True),
    Form("cached and batched", cached=True, batched=True),
)


class MonthlyCost(Struct, frozen=True, kw_only=True):
    """US dollars a month; `reason` says why there is no total."""

    scenario: str
    form: str
    model: str
    input: Decimal | None = None
    output: Decimal | None = None
    total: Decimal | None = None
    reason: str | None = None


def shipped_scenarios() -> tuple[Scenario, ...]:
    """The scenarios that ship, which `fairlead cost` knows too; here by their titles' words."""
    known = parse_scenarios(read("scenarios.toml")).values()
    return tuple(
        Scenario(
            each.title.lower(),
            each.requests_per_day,
            each.days,
            each.input_tokens,
            each.output_tokens,
            each.source,
        )
        for each in {each.name: each for each in known}.values()
    )


def monthly_cost(model: Model, scenario: Scenario, form: Form, at: date) -> MonthlyCost:
    """The cost of a month in one form, at the prices of `at`."""
    reason = missing(model, form, scenario.input_tokens)
    if reason is not None:
        return MonthlyCost(scenario=scenario.name, form=form.name, model=model.id, reason=reason)
    table, tokens = PriceTable(model, at), scenario.input_tokens
    prompt = Usage(cache_read=tokens) if form.cached else Usage(input=tokens)
    whole = msgspec.structs.replace(prompt, output=scenario.output_tokens)
    total = table.total(whole, batch=form.batched)
    first = table.total(prompt, batch=form.batched)
    if total is None or first is None:
        reason = "prices not disclosed"
        return MonthlyCost(scenario=scenario.name, form=form.name, model=model.id, reason=reason)
    return MonthlyCost(
        scenario=scenario.name,
        form=form.name,
        model=model.id,
        input=_month(first, scenario),
        output=_month(total - first, scenario),
        total=_month(total, scenario),
    )


def missing(model: Model, form: Form, prompt_tokens: int | None = None) -> str | None:
    """Why a model cannot be bought in a form; None if it can."""
    kinds = {price.kind for price in model.prices}
    smallest = model.limits.min_cacheable
    small = None not in (smallest, prompt_tokens) and (prompt_tokens or 0) < (smallest or 0)
    obstacles = (
        (not {"input", "output"} <= kinds, "prices not disclosed"),
        (form.cached and "prompt_cache" not in model.features, "no prompt cache"),
        (form.cached and "cache_read" not in kinds, "prices not disclosed"),
        (form.cached and small, "prompt below the smallest that is cached"),
        (form.batched and "batches" not in model.features, "no batches"),
        (form.batched and "batch_output" not in kinds, "prices not disclosed"),
    )
    return next((reason for stands, reason in obstacles if stands), None)


def _month(amount: Decimal, scenario: Scenario) -> Decimal:
    """A month's amount with two decimals, more only where it has them."""
    month = amount * scenario.requests
    cents = month.quantize(Decimal("0.01"))
    return cents if cents == month else month.normalize()
