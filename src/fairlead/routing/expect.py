"""What is expected of each model for one request: tokens, cost, time, quality.

Costs come from a function that the caller passes in (the cost engine stands beside, not below); the
rest is arithmetic on the moment. A cost counts what of the prompt is warm, by how sure that is. A
session that goes on pays for its choice again: each further turn reads what this one leaves warm.
So models are compared by `session_usd`, what this turn and the expected further ones cost together.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from fairlead.catalog.model import Model
from fairlead.routing.decision import Features
from fairlead.routing.moment import Moment, Pace, Warm
from fairlead.routing.options import Option

__all__ = ["Expected", "Predict", "Predicted", "after", "expect", "latency_ms"]


class Predicted(Struct, frozen=True):
    """What a request is expected to take on a model; the cost is None where it is unpriced."""

    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


Predict = Callable[[Model, Features, int | None, Warm | None], Predicted]
"""A model, features, the usual output in tokens if it is known, what of the prompt is warm."""


class Expected(Struct, frozen=True):
    """All that is expected of one model; None: unknown."""

    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    first_token_ms: float | None = None
    latency_ms: float | None = None
    quality: float | None = None
    warm_tokens: int | None = None
    session_usd: Decimal | None = None
    switch_usd: Decimal | None = None


_UNKNOWN: Final = Expected()


def expect(
    options: Sequence[Option], features: Features, predict: Predict | None, moment: Moment
) -> dict[str, Expected]:
    """What is expected of each option, by model id."""
    found = {each.model.id: _expected(each.model, features, predict, moment) for each in options}
    held = found.get(moment.held or "")
    if held is None or held.session_usd is None:
        return found
    return {name: _against(each, held.session_usd) for name, each in found.items()}


def _expected(
    model: Model, features: Features, predict: Predict | None, moment: Moment
) -> Expected:
    """What is expected of one model, but for what leaving another one costs."""
    pace, warm = moment.pace.get(model.id), moment.warm.get(model.id)
    usual = None if pace is None or pace.output_tokens is None else round(pace.output_tokens)
    said = Predicted() if predict is None else predict(model, features, usual, warm)
    later = None
    if predict is not None and moment.further and said.cost_usd is not None:
        again = said.cost_usd
        if warm is not None:
            next_warm = after(warm, said.prompt_tokens or 0)
            again = predict(model, features, usual, next_warm).cost_usd or again
        later = said.cost_usd + again * moment.further
    return Expected(
        said.prompt_tokens,
        said.output_tokens,
        said.cost_usd,
        None if pace is None else pace.first_token_ms,
        latency_ms(pace, said.output_tokens),
        _quality(moment, model.id),
        None if warm is None else warm.tokens,
        later,
    )


def _quality(moment: Moment, model: str) -> float | None:
    """What the scorer says of the prompt, else what is known of its kind of task."""
    if model in moment.chances:
        return round(100 * moment.chances[model], 4)
    quality = moment.quality.get(model)
    return None if quality is None else quality.score


def after(warm: Warm, prompt: int) -> Warm:
    """What is warm in the turn behind this one: what is cached of this one's prompt."""
    return Warm(min(prompt, max(warm.tokens, warm.keeps)), sure=warm.sure, writes=warm.writes)


def _against(each: Expected, held: Decimal) -> Expected:
    if each.session_usd is None:
        return each
    return Expected(
        each.prompt_tokens,
        each.output_tokens,
        each.cost_usd,
        each.first_token_ms,
        each.latency_ms,
        each.quality,
        each.warm_tokens,
        each.session_usd,
        each.session_usd - held,
    )


def latency_ms(pace: Pace | None, output_tokens: int | None) -> float | None:
    """The time to an answer's last token."""
    if pace is None or pace.tokens_per_second is None or output_tokens is None:
        return None
    return pace.first_token_ms + 1000 * output_tokens / pace.tokens_per_second
