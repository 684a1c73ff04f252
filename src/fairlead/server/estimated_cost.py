"""What a request would cost: tokens in, tokens out, and between which figures the dollars lie."""

from decimal import Decimal

from msgspec import Struct

from fairlead.canon import Request
from fairlead.cost.predict import expected_output, worst_case
from fairlead.cost.price import PriceTable
from fairlead.routing import Features

__all__ = ["Cost", "Output", "Tokens", "cost_of"]


class Tokens(Struct, frozen=True):
    """A prompt's tokens: the best estimate, and between which figures the true count lies for
    `coverage` of a hundred requests (`tokens.estimate`; `family` is the tokenizer's, `how` what the
    estimate rests on). `high` is None where the request builds on content that only the vendor has:
    what is in the request is all that is known, and the least. `counted` is the vendor's own count,
    None where it was not asked or did not tell; `problem` says why not.
    """

    estimate: int
    low: int
    high: int | None
    coverage: int
    family: str
    how: str
    counted: int | None = None
    problem: str | None = None


class Output(Struct, frozen=True):
    """Tokens of the answers, thinking included. `most` is None where nothing bounds them."""

    expected: int
    most: int | None


class Cost(Struct, frozen=True):
    """US dollars. `high` is None where nothing bounds the prompt's or the answer's length."""

    low: Decimal
    high: Decimal | None


def cost_of(
    table: PriceTable, request: Request, features: Features, tokens: Tokens
) -> tuple[Output, Cost | None]:
    """The answers' tokens and what all costs; no cost where the model is unpriced."""
    model, answers = table.model, max(1, features.candidates)
    bounds = [b for b in (features.max_tokens, model.limits.max_output) if b is not None]
    most = min(bounds) * answers if bounds else None
    expected = expected_output(model, features.max_tokens) * answers
    output = Output(expected, most)
    best = tokens.estimate if tokens.counted is None else tokens.counted
    low = table.estimate(best, expected)
    if low is None:
        return output, None
    top = tokens.high if tokens.counted is None else tokens.counted
    if most is None or top is None:
        return output, Cost(low, None)
    high = _at_most(table, top, most, answers) if _dearer(request, features) else None
    if high is None:
        high = table.estimate(top, most)
    return output, Cost(low, None if high is None else max(low, high))


def _at_most(table: PriceTable, prompt: int, most: int, answers: int) -> Decimal | None:
    """Every prompt token at its dearest kind; `most` is what all answers hold together."""
    one = most // answers
    charge = worst_case(table, prompt, one)
    price = table.usd_per_million("output", prompt_tokens=prompt)
    if charge is None or price is None:
        return None
    return charge.total + price * (most - one) / 1_000_000


def _dearer(request: Request, features: Features) -> bool:
    """Whether the prompt may be billed above the price of plain input: audio, cache writes."""
    if "audio" in features.modalities or "video" in features.modalities:
        return True
    parts = [part for turn in request.turns for part in turn.parts] + list(request.instructions)
    return any(getattr(part, "cache", None) is not None for part in (*parts, *request.tools))
