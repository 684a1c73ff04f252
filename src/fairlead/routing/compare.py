"""Two policies over the same requests: what would move, and what it would cost and take.

Each request is what a decision stored of it: its features, and of the moment what had a say. Costs
are of the tokens that the answer really had; on another model they are the same tokens, scaled by
nothing and with no prompt cache, as in a receipt. Times are the medians of each model in the same
span. Both sides are reckoned alike, so that the difference is that of the choice alone.

The interval of a mean is that of the central limit theorem, mean +- 1.96 s / sqrt(n): how far
another such span would likely differ. It says nothing of what other models would have answered.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from math import sqrt
from typing import Final

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.routing.decision import Decision, Features
from fairlead.routing.moment import Moment

__all__ = ["Comparison", "Mean", "Move", "Past", "compare"]

MOST_TOLD: Final = 20
_Z: Final = 1.96

Decide = Callable[["Past"], Decision]
"""A request to a policy's decision. Raises `Failure` where no model can take it."""
Cost = Callable[["Past", str], Decimal | None]
"""What a request's own tokens cost on a model, None where that is not known."""


class Past(Struct, frozen=True):
    """A request that was decided on and answered. `at`: Unix seconds."""

    id: str
    at: float
    features: Features
    moment: Moment
    model: str


class Mean(Struct, frozen=True):
    """A mean over `n` requests with its 95 % interval."""

    n: int
    mean: float
    low: float
    high: float


class Move(Struct, frozen=True):
    """A request that would go elsewhere; `difference_usd` is new less old."""

    id: str
    at: float
    old: str
    new: str
    old_usd: Decimal | None
    new_usd: Decimal | None
    difference_usd: Decimal | None
    why: str


class Comparison(Struct, frozen=True):
    """`moves` counts pairs of models, `refused` requests that a policy has no model for. Costs are
    means per request in US dollars, times in milliseconds to the first token; None: no figures, or
    none for some of the models that would answer.
    `unpriced` requests have no cost on one side.
    """

    requests: int
    moved: int
    moves: tuple[tuple[str, str, int], ...]
    refused_old: int
    refused_new: int
    unpriced: int
    total_old_usd: Decimal
    total_new_usd: Decimal
    cost_old: Mean | None
    cost_new: Mean | None
    cost_difference: Mean | None
    first_token_old: Mean | None
    first_token_new: Mean | None
    most_changed: tuple[Move, ...]


class _Sides:
    """Figures of requests that both policies have a model for."""

    def __init__(self) -> None:
        self.costs: list[tuple[Decimal, Decimal]] = []
        self.times: list[tuple[float, float]] = []
        self.moves: dict[tuple[str, str], int] = {}
        self.told: list[Move] = []
        self.unpriced = 0


def compare(
    past: Iterable[Past],
    old: Decide,
    new: Decide,
    cost: Cost,
    first_token_ms: Mapping[str, float],
) -> Comparison:
    """Every request under both policies."""
    sides = _Sides()
    refused = [0, 0]
    count = 0
    for request in past:
        count += 1
        before, after = _asked(old, request), _asked(new, request)
        refused[0] += before is None
        refused[1] += after is None
        if before is not None and after is not None:
            _add(sides, request, before, after, cost, first_token_ms)
    if len(sides.times) < sum(sides.moves.values()):
        sides.times.clear()  # of some requests it is not known: a mean of the others misleads
    olds, news = [a for a, _ in sides.costs], [b for _, b in sides.costs]
    return Comparison(
        requests=count,
        moved=sum(n for (a, b), n in sides.moves.items() if a != b),
        moves=tuple(
            (a, b, n) for (a, b), n in sorted(sides.moves.items(), key=lambda item: -item[1])
        ),
        refused_old=refused[0],
        refused_new=refused[1],
        unpriced=sides.unpriced,
        total_old_usd=sum(olds, Decimal(0)),
        total_new_usd=sum(news, Decimal(0)),
        cost_old=_mean([float(each) for each in olds]),
        cost_new=_mean([float(each) for each in news]),
        cost_difference=_mean([float(b - a) for a, b in sides.costs]),
        first_token_old=_mean([a for a, _ in sides.times]),
        first_token_new=_mean([b for _, b in sides.times]),
        most_changed=tuple(sorted(sides.told, key=_size, reverse=True)[:MOST_TOLD]),
    )


def _asked(decide: Decide, request: Past) -> Decision | None:
    try:
        return decide(request)
    except Failure:
        return None


def _add(
    sides: _Sides,
    request: Past,
    before: Decision,
    after: Decision,
    cost: Cost,
    first_token_ms: Mapping[str, float],
) -> None:
    old, new = before.ranked[0], after.ranked[0]
    sides.moves[old, new] = sides.moves.get((old, new), 0) + 1
    paid, due = cost(request, old), cost(request, new)
    if paid is None or due is None:
        sides.unpriced += 1
    else:
        sides.costs.append((paid, due))
    if old in first_token_ms and new in first_token_ms:
        sides.times.append((first_token_ms[old], first_token_ms[new]))
    if old != new:
        difference = None if paid is None or due is None else due - paid
        sides.told.append(
            Move(request.id, request.at, old, new, paid, due, difference, after.reason)
        )


def _size(move: Move) -> Decimal:
    return abs(move.difference_usd or Decimal(0))


def _mean(values: Sequence[float]) -> Mean | None:
    if not values:
        return None
    n = len(values)
    mean = sum(values) / n
    spread = sum((value - mean) ** 2 for value in values) / max(1, n - 1)
    margin = _Z * sqrt(spread / n)
    return Mean(n, mean, mean - margin, mean + margin)
