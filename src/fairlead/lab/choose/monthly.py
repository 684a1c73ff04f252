"""What the use case costs a month, on each model that a family may mean."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import Struct

from fairlead.catalog.catalog import Catalog
from fairlead.cost.scenario import COMBINATIONS, Bill, Combination, Scenario
from fairlead.cost.study import VENDOR, study, usual_models
from fairlead.lab.choose.answers import Answers

__all__ = ["Month", "Monthly", "monthly"]

_BY_WISH: Final[dict[tuple[bool, bool], Combination]] = {
    wish: name for name, wish in COMBINATIONS.items()
}


class Month(Struct, frozen=True):
    """US dollars a month on one model. `cached` and `batched` say what took effect; `stands_in_way`
    is the hard limit that the usual request would break there, None: it may serve.
    """

    model: str
    total: Decimal
    input: Decimal
    output: Decimal
    cached: bool
    batched: bool
    stands_in_way: str | None = None


class Monthly(Struct, frozen=True):
    """The month on each model, cheapest first; `notes` by model say what the figures rest on.

    `reason` says why there are no figures; `unpriced` names models with a price unknown.
    """

    combination: Combination
    models: tuple[Month, ...] = ()
    notes: dict[str, tuple[str, ...]] = {}
    unpriced: tuple[str, ...] = ()
    reason: str | None = None

    def of(self, model: str) -> Month | None:
        """The month on a model; None where it is not known."""
        return next((each for each in self.models if each.model == model), None)


def monthly(
    answers: Answers, catalog: Catalog, at: date, limits: Mapping[str, str | None]
) -> Monthly:
    """The month's bill by the cost engine, at the figures in force on the day `at`.

    `limits` tells by model what the usual request would break there; models that have ended are
    left out.
    """
    combination = _BY_WISH[bool(answers.cached_share), bool(answers.batch_share)]
    scenario = _scenario(answers)
    if scenario is None:
        return Monthly(combination, reason="requests a day and tokens are not stated")
    ids = dict.fromkeys((*limits, *usual_models(catalog)))
    models = [catalog.models[each] for each in ids if each in catalog.models]
    alive = [m for m in models if m.lifecycle.ends is None or m.lifecycle.ends > at]
    made = study(scenario, alive, VENDOR, at)
    place = tuple(COMBINATIONS).index(combination)
    months = [_month(bills[place], limits.get(name)) for name, bills in made.bills.items()]
    return Monthly(
        combination,
        tuple(sorted(months, key=lambda each: each.total)),
        made.notes,
        made.unpriced,
    )


def _scenario(answers: Answers) -> Scenario | None:
    requests, prompt, output = (
        answers.requests_per_day,
        answers.input_tokens,
        answers.output_tokens,
    )
    if requests is None or prompt is None or output is None:
        return None
    return Scenario(
        name="choose",
        requests_per_day=requests,
        input_tokens=prompt,
        output_tokens=output,
        thinking_tokens=answers.thinking_tokens or 0,
        cached_share=answers.cached_share,
        batch_share=answers.batch_share,
    )


def _month(bill: Bill, stands_in_way: str | None) -> Month:
    return Month(
        bill.model,
        bill.total,
        bill.input,
        bill.output,
        cached=bill.cached,
        batched=bill.batched,
        stands_in_way=stands_in_way,
    )
