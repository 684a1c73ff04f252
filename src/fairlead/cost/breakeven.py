"""Where one model gets cheaper than another, in closed form.

Theory. With x the cached share of each prompt and y the share of requests in batches, a month's
cost is bilinear, `C(x, y) = one + x*X + y*Y + xy*XY`: four corner values give it exactly. A model
with a smallest cacheable prefix has two such forms, one below that share and one from it on. The
difference of two models is bilinear between these edges, so

    at a fixed x it is a line in y, at a fixed y a line in x: one division gives the crossing;
    in the plane the border is the hyperbola  y = -(one + x*X) / (Y + x*XY).

Prices per output token at an input:output ratio r are lines as well, and so is the cost of
thinking.
"""

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

from fairlead.catalog.model import Model
from fairlead.cost.price import PriceTable
from fairlead.cost.scenario import Scenario, kept_warm, monthly

__all__ = [
    "Bilinear",
    "BreakEven",
    "Interval",
    "Surface",
    "break_even",
    "even_ratio",
    "surface",
    "where_cheaper",
]

_NONE, _ONE = Decimal(0), Decimal(1)
_MILLION = Decimal(1_000_000)

Interval = tuple[Decimal, Decimal]
"""Shares between which a model is strictly cheaper; the ends are where both cost the same, or the
end of the scale."""


class Bilinear(Struct, frozen=True):
    """`one + x*X + y*Y + x*y*XY`, in dollars a month."""

    one: Decimal
    x: Decimal
    y: Decimal
    xy: Decimal

    def at(self, x: Decimal, y: Decimal) -> Decimal:
        """The value at these shares."""
        return self.one + x * self.x + y * self.y + x * y * self.xy

    def minus(self, other: "Bilinear") -> "Bilinear":
        """The difference of two forms is one."""
        return Bilinear(
            self.one - other.one, self.x - other.x, self.y - other.y, self.xy - other.xy
        )


class Surface(Struct, frozen=True):
    """A model's cost over both shares. `least` is the cached share from which the cache takes the
    prefix (above 1: never at these lengths); below it `uncached` holds.
    """

    model: str
    uncached: Bilinear
    cached: Bilinear
    least: Decimal

    def form(self, x: Decimal) -> Bilinear:
        """The form that holds at a cached share."""
        return self.cached if x >= self.least and x > 0 else self.uncached

    def at(self, x: Decimal, y: Decimal) -> Decimal:
        """Dollars a month at these shares."""
        return self.form(x).at(x, y)


class BreakEven(Struct, frozen=True):
    """Where `model` is cheaper than `other`, which costs less without caching and batches.

    `cached`: cached shares with nothing batched; `cached_all_batched`: with everything batched;
    `batched` and `batched_all_cached` the same for batch shares. Empty: never.
    `border` is the difference in dollars a month as a form of both shares, where one form holds
    for every share. `ratio` are input tokens per output token at which both cost the same without
    caching and batches, None where they never do; `thinking` how many tokens `other` may think a
    request until it costs as much as `model` without thinking.
    """

    model: str
    other: str
    cached: tuple[Interval, ...]
    cached_all_batched: tuple[Interval, ...]
    batched: tuple[Interval, ...]
    batched_all_cached: tuple[Interval, ...]
    border: Bilinear | None
    ratio: Decimal | None
    thinking: Decimal | None

    @property
    def never(self) -> bool:
        """Whether no share of either makes it the cheaper one."""
        return not (
            self.cached or self.cached_all_batched or self.batched or self.batched_all_cached
        )


def surface(model: Model, table: PriceTable, scenario: Scenario) -> Surface | None:
    """A model's cost over both shares; None where it is unpriced."""
    corners = [
        monthly(model, table, scenario, Decimal(x), Decimal(y)) for x in (0, 1) for y in (0, 1)
    ]
    none, batched, cached, both = corners
    if none is None or batched is None or cached is None or both is None:
        return None
    least = model.limits.min_cacheable or 0
    if kept_warm(model, table, scenario) is None or not scenario.input_tokens:
        share = _NONE
    else:
        share = Decimal(least) / scenario.input_tokens
    return Surface(
        model.id,
        Bilinear(none, _NONE, batched - none, _NONE),
        Bilinear(none, cached - none, batched - none, both - cached - batched + none),
        share,
    )


def where_cheaper(
    one: Surface, other: Surface, *, x: Decimal | None = None, y: Decimal | None = None
) -> tuple[Interval, ...]:
    """The shares at which `one` costs less: batch shares at a given cached share `x`, or cached
    shares at a given batch share `y`.
    """
    if x is not None:
        difference = one.form(x).minus(other.form(x))
        return _below(difference.at(x, _NONE), difference.at(x, _ONE), _NONE, _ONE)
    assert y is not None  # noqa: S101 - one of both is given
    edges = sorted({_NONE, _ONE, *(e for e in (one.least, other.least) if _NONE < e < _ONE)})
    found: list[Interval] = []
    for low, high in pairwise(edges):
        middle = (low + high) / 2
        difference = one.form(middle).minus(other.form(middle))
        found += _below(difference.at(low, y), difference.at(high, y), low, high)
    last = (_ONE, _ONE)
    if one.at(_ONE, y) < other.at(_ONE, y) and (not found or found[-1][1] < _ONE):
        found.append(last)  # the cache takes nothing but the whole prompt
    return tuple(_joined(found))


def break_even(
    pair: tuple[Surface, Surface], tables: tuple[PriceTable, PriceTable], scenario: Scenario
) -> BreakEven:
    """Where the first of a pair is cheaper than the second."""
    one, other = pair
    whole = all(not _NONE < each.least <= _ONE for each in pair)
    difference = one.form(_ONE).minus(other.form(_ONE))
    return BreakEven(
        one.model,
        other.model,
        cached=where_cheaper(one, other, y=_NONE),
        cached_all_batched=where_cheaper(one, other, y=_ONE),
        batched=where_cheaper(one, other, x=_NONE),
        batched_all_cached=where_cheaper(one, other, x=_ONE),
        border=difference if whole else None,
        ratio=_ratio(*tables, scenario.input_tokens),
        thinking=_thinking(pair, tables[1], scenario),
    )


def _below(first: Decimal, last: Decimal, low: Decimal, high: Decimal) -> tuple[Interval, ...]:
    """Where a line from `first` (at `low`) to `last` (at `high`) is below 0."""
    if first >= 0 and last >= 0:
        return ()
    if first <= 0 and last <= 0:
        return ((low, high),)
    crossing = low + (high - low) * first / (first - last)
    return ((crossing, high),) if first > 0 else ((low, crossing),)


def _joined(found: Iterable[Interval]) -> list[Interval]:
    """Neighbouring intervals as one."""
    joined: list[Interval] = []
    for low, high in found:
        if joined and joined[-1][1] == low:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def even_ratio(one: tuple[Decimal, Decimal], other: tuple[Decimal, Decimal]) -> Decimal | None:
    """Input tokens per output token at which both cost the same; None where they never do.

    Each is a price of input and one of output.
    """
    if one[0] == other[0]:
        return None
    ratio = (one[1] - other[1]) / (other[0] - one[0])
    return ratio if ratio > 0 else None


def _ratio(one: PriceTable, other: PriceTable, prompt: int) -> Decimal | None:
    """`even_ratio` of two models' plain prices."""
    prices = [
        table.usd_per_million(kind, prompt_tokens=prompt)
        for table in (one, other)
        for kind in ("input", "output")
    ]
    one_in, one_out, other_in, other_out = prices
    if one_in is None or one_out is None or other_in is None or other_out is None:
        return None
    return even_ratio((one_in, one_out), (other_in, other_out))


def _thinking(
    pair: tuple[Surface, Surface], table: PriceTable, scenario: Scenario
) -> Decimal | None:
    """Tokens that the second may think a request until the first, unthinking, costs the same."""
    price = table.usd_per_million("thinking", prompt_tokens=scenario.input_tokens)
    if not price or not scenario.requests:
        return None
    one, other = (each.uncached.one for each in pair)
    return (one - other) * _MILLION / (price * scenario.requests)
