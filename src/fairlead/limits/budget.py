"""What a key should spend in a period: a fact about the key, and when the period began.

Nothing is refused for it here: a policy may ask how much of it is spent (`budget_pressure`).
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, get_args

from msgspec import Struct

from fairlead.canon import Failure

__all__ = ["PERIODS", "Budget", "Period", "began", "budget_of"]

Period = Literal["day", "week", "month", "total"]
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
_MOST: Final = Decimal(1_000_000_000)


class Budget(Struct, frozen=True):
    """So many dollars in each period: a UTC day, a week from Monday on, a month, or ever."""

    usd: Decimal
    period: Period


def budget_of(usd: str, period: str) -> Budget:
    """A budget from what people write.

    Raises:
        Failure: the amount is no number over 0, or there is no such period.
    """
    try:
        amount = Decimal(usd)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or not 0 < amount <= _MOST:
        raise Failure.invalid(f"a budget is an amount in dollars over 0, not {usd!r:.40}", "budget")
    for known in PERIODS:
        if period == known:
            return Budget(amount, known)
    raise Failure.invalid(
        f"there is no period {period!r:.40}", "budget_period", hint=f"one of {', '.join(PERIODS)}"
    )


def began(period: Period, at: float) -> float:
    """When the period began that this moment lies in, in Unix seconds."""
    if period == "total":
        return 0.0
    day = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        day -= timedelta(days=day.weekday())
    elif period == "month":
        day = day.replace(day=1)
    return day.timestamp()
