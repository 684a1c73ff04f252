"""What a policy wants where its questions leave several models: the objective and its constraints.

Values only; `weigh` applies them. An objective is a weight for each of three figures: the expected
cost, the expected time, the expected quality. Cost and time count as the logarithm of how many
times the best candidate's they are, quality as tenths of the points that it is behind the best: so
a weight of 1 on both says that ten points are worth e times the price, one point ten per cent.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

__all__ = [
    "DIMENSIONS",
    "NAMED",
    "NO_CONSTRAINTS",
    "WEIGHTED",
    "Constraints",
    "Objective",
]

DIMENSIONS: Final = ("cost", "latency", "quality")
"""What an objective may weigh."""

WEIGHTED: Final = "weighted"
"""The objective that draws by shares instead of weighing figures."""


class Objective(Struct, frozen=True, omit_defaults=True):
    """Weights of expected cost, latency and quality; or `shares` of names to draw by."""

    name: str
    cost: float = 0
    latency: float = 0
    quality: float = 0
    shares: tuple[tuple[str, float], ...] = ()


NAMED: Final[dict[str, Objective]] = {
    each.name: each
    for each in (
        Objective("cheapest", cost=1),
        Objective("fastest", latency=1),
        Objective("best", quality=1),
        Objective("balanced", cost=1, latency=0.5, quality=1),
    )
}
"""Objectives that have a name."""


class Constraints(Struct, frozen=True, omit_defaults=True):
    """What a model must keep to be chosen by the objective; None: nothing asked.

    `quality_within` is in points of the best candidate, `max_usd` bounds the expected cost of a
    request, `max_first_token_ms` the expected time to its first token. A figure that is not known
    breaks none of them.
    """

    quality_within: float | None = None
    max_usd: Decimal | None = None
    max_first_token_ms: float | None = None


NO_CONSTRAINTS: Final = Constraints()
