"""What is owed to a vendor whatever is used: a fixed fee, or a spend that was committed to."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

__all__ = ["Commitment", "Kind"]

Kind = Literal["fee", "spend"]
_MOST = 120
"""Months that are told of one commitment: the last ten years."""


class Commitment(Struct, frozen=True):
    """`usd` for each `period`. `models` are ids or patterns (empty: all of the `upstream`'s), which
    only a spend looks at. It holds from the day `since` until the day before `until`.
    """

    name: str
    usd: Decimal
    kind: Kind = "spend"
    period: Literal["hour", "month"] = "month"
    upstream: str = ""
    models: tuple[str, ...] = ()
    time_zone: str = "UTC"
    since: date | None = None
    until: date | None = None

    def months(self, begin: float, end: float) -> list[tuple[date, float, float]]:
        """The calendar months that a span touches while it holds: first day, first and last
        moment; the newest `_MOST`.
        """
        zone = ZoneInfo(self.time_zone)
        begin, end = self.within(begin, end)
        found: list[tuple[date, float, float]] = []
        first = datetime.fromtimestamp(end - 1e-6, zone).date().replace(day=1)
        while len(found) < _MOST:
            after = (first + timedelta(days=31)).replace(day=1)
            starts, ends = (_midnight(day, zone) for day in (first, after))
            if ends <= begin or starts >= end or begin >= end:
                break
            found.append((first, starts, ends))
            first = (first - timedelta(days=1)).replace(day=1)
        return found[::-1]

    def within(self, begin: float, end: float) -> tuple[float, float]:
        """The part of a span in which it holds."""
        zone = ZoneInfo(self.time_zone)
        if self.since is not None:
            begin = max(begin, _midnight(self.since, zone))
        if self.until is not None:
            end = min(end, _midnight(self.until, zone))
        return begin, end


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, datetime.min.time(), zone).timestamp()
