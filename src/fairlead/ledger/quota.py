"""What an upstream's key has for nothing each day or month."""

from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

__all__ = ["Period", "Quota"]

Period = Literal["day", "month"]


class Quota(Struct, frozen=True):
    """The first `requests` and the first `tokens` of a period are free (None: not bounded by it),
    or the fees of its first `searches`, and nothing else.

    `models` are ids or patterns of them; empty: every model of the upstream.
    """

    name: str
    upstream: str
    models: tuple[str, ...] = ()
    requests: int | None = None
    tokens: int | None = None
    time_zone: str = "UTC"
    searches: int | None = None
    period: Period = "day"

    def holds(self, model: str) -> bool:
        """Whether a model's requests count here."""
        return not self.models or any(fnmatchcase(model, one) for one in self.models)

    def day(self, at: float) -> date:
        """The first day of a moment's period."""
        day = datetime.fromtimestamp(at, ZoneInfo(self.time_zone)).date()
        return day.replace(day=1) if self.period == "month" else day

    def begin(self, day: date) -> float:
        """The first moment of a day."""
        return datetime.combine(day, datetime.min.time(), ZoneInfo(self.time_zone)).timestamp()

    def end(self, day: date) -> float:
        """The first moment after the period that begins on a day."""
        after = day + timedelta(days=31 if self.period == "month" else 1)
        return self.begin(after.replace(day=1) if self.period == "month" else after)
