"""A span of time, cut into whole days and hours and what is left at its two edges.

    since   first_hour   first_day        last_day   last_hour   until
      |--edge--|---hours----|------days------|---hours---|--edge--|

The parts in the middle are read from the ledger's sums, the edges from the records. Each part is
half-open; any may be empty.
"""

from msgspec import Struct, structs

__all__ = ["Span"]

_FOREVER = 1e18
_HOUR, _HOURS = 3600, 24


class Span(Struct, frozen=True):
    """Parameters of the statement `parts`.

    Days and hours are counted since 1970, the rest are Unix seconds.
    """

    since: float
    since_end: float
    first_hour: int
    first_end: int
    first_day: int
    last_day: int
    last_start: int
    last_hour: int
    until_start: float
    until: float

    @classmethod
    def between(cls, since: float | None, until: float | None) -> "Span":
        """From `since` (included) to `until` (not included), Unix seconds; None is unbounded."""
        start = max(since or 0.0, 0.0)
        end = min(_FOREVER if until is None else until, _FOREVER)
        first, last = _hours_up(start), int(end) // _HOUR
        if first >= last:  # no whole hour: all is edge
            return cls(start, end, 0, 0, 0, 0, 0, 0, end, end)
        first_day, last_day = -(-first // _HOURS), last // _HOURS
        if first_day >= last_day:  # no whole day
            first_end = last_start = last
            first_day = last_day = 0
        else:
            first_end, last_start = first_day * _HOURS, last_day * _HOURS
        return cls(
            since=start,
            since_end=first * _HOUR,
            first_hour=first,
            first_end=first_end,
            first_day=first_day,
            last_day=last_day,
            last_start=last_start,
            last_hour=last,
            until_start=last * _HOUR,
            until=end,
        )

    def parameters(self) -> dict[str, object]:
        """By the names that the statement uses."""
        return structs.asdict(self)


def _hours_up(at: float) -> int:
    """The first hour that does not begin before `at`. In whole numbers: a quotient may round up."""
    hour = int(at) // _HOUR
    return hour if hour * _HOUR == at else hour + 1
