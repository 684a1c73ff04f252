"""What a policy says of its own rolling out: limits that a canary keeps, and a shadow's share."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

__all__ = ["LIMITS", "NO_LIMITS", "Limits", "Shadow"]


class Limits(Struct, frozen=True, omit_defaults=True):
    """How much worse than its control a canary may be; None: not looked at. A limit is broken when
    it is sure that the true figure lies beyond it: the chance that any limit of a canary is ever
    taken for broken although none is, is at most `alpha`, however often one looks.

    `max_cost_ratio`, `max_first_token_ratio`, `max_latency_ratio`: at most so many times the
    control's. `max_error_increase`: the share of failed requests may be at most so much greater;
    `max_quality_drop`: the mean rating (0 to 1) at most so much less; `max_signal_increase`: the
    share of answers that carry a bad signal (`routing.signals`) at most so much greater.
    """

    max_cost_ratio: float | None = None
    max_error_increase: float | None = None
    max_first_token_ratio: float | None = None
    max_latency_ratio: float | None = None
    max_quality_drop: float | None = None
    max_signal_increase: float | None = None
    alpha: float = 0.05

    @property
    def stated(self) -> int:
        """How many limits there are."""
        return sum(getattr(self, name) is not None for name in LIMITS)


LIMITS: Final = (
    "max_cost_ratio",
    "max_error_increase",
    "max_first_token_ratio",
    "max_latency_ratio",
    "max_quality_drop",
    "max_signal_increase",
)
NO_LIMITS: Final = Limits()


class Shadow(Struct, frozen=True):
    """A share of the requests is copied to the first of the models `to` that did not answer it.

    Copies cost at most `usd_per_day` a UTC day, and at most `in_flight` run at once.
    """

    to: tuple[str, ...]
    share: float
    usd_per_day: Decimal
    in_flight: int = 2
