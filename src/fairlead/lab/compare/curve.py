"""Cost per million tokens as the mix of input and output changes, and where two models meet.

With `r` input tokens for one output token, a million tokens of that mix cost
`(r x input + output) / (r + 1)`. Two forms meet where both cost the same (`cost.breakeven`), at
most once; else one of them is cheaper (or as cheap) at every mix.
"""

from datetime import date
from decimal import Decimal

from msgspec import Struct

from fairlead.catalog.model import Model
from fairlead.cost.breakeven import even_ratio
from fairlead.cost.price import PriceTable
from fairlead.lab.compare.scenario import FORMS, Form, missing

__all__ = ["BreakEven", "Curve", "Curves", "curves"]


class Curve(Struct, frozen=True):
    """One model in one form: US dollars per million tokens of input and of output."""

    model: str
    form: str
    input: Decimal
    output: Decimal

    def at(self, ratio: Decimal) -> Decimal:
        """US dollars per million tokens with `ratio` input tokens for one output token."""
        return (ratio * self.input + self.output) / (ratio + 1)


class BreakEven(Struct, frozen=True):
    """Above `ratio` input tokens for one output token, `above` is cheaper; below it, `below`."""

    ratio: Decimal
    above: tuple[str, str]
    below: tuple[str, str]


class Curves(Struct, frozen=True):
    """All curves, and where those of different models meet."""

    curves: tuple[Curve, ...]
    break_evens: tuple[BreakEven, ...]

    def listed(self) -> tuple[BreakEven, ...]:
        """Those to be shown: all of two models; of more, those of forms that wait alike."""
        if len({curve.model for curve in self.curves}) < 3:
            return self.break_evens
        waits = {form.name: form.batched for form in FORMS}
        return tuple(m for m in self.break_evens if waits[m.above[1]] == waits[m.below[1]])


def curves(models: tuple[Model, ...], at: date) -> Curves:
    """The curves of every form that has prices, in the band of small prompts."""
    found = [c for model in models for form in FORMS if (c := _curve(model, form, at))]
    meets = [
        meet
        for index, one in enumerate(found)
        for other in found[index + 1 :]
        if one.model != other.model and (meet := _meet(one, other))
    ]
    return Curves(tuple(found), tuple(sorted(meets, key=lambda meet: meet.ratio)))


def _curve(model: Model, form: Form, at: date) -> Curve | None:
    if missing(model, form) is not None:
        return None
    table = PriceTable(model, at)
    kind = "cache_read" if form.cached else "input"
    prompt = table.usd_per_million(kind, batch=form.batched)
    output = table.usd_per_million("output", batch=form.batched)
    if prompt is None or output is None:
        return None
    return Curve(model.id, form.name, prompt, output)


def _meet(one: Curve, other: Curve) -> BreakEven | None:
    ratio = even_ratio((one.input, one.output), (other.input, other.output))
    if ratio is None:
        return None
    first, second = ((one.model, one.form), (other.model, other.form))
    above, below = (first, second) if one.input < other.input else (second, first)
    return BreakEven(ratio, above, below)
