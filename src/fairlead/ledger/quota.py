"""What an upstream's key has for nothing each day."""

from datetime import date, datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from msgspec import Struct

__all__ = ["Quota"]


class Quota(Struct, frozen=True):
    """The first `requests` and the first `tokens` of a day are free (None: not bounded by it).

    `models` are ids or patterns of them; empty: every model of the upstream.
    """

    name: str
    upstream: str
    models: tuple[str, ...] = ()
    requests: int | None = None
    tokens: int | None = None
    time_zone: str = "UTC"

    def holds(self, model: str) -> bool:
        """Whether a model's requests count here."""
        return not self.models or any(fnmatchcase(model, one) for one in self.models)

    def day(self, at: float) -> date:
        """The day of a moment."""
        return datetime.fromtimestamp(at, ZoneInfo(self.time_zone)).date()

    def begin(self, day: date) -> float:
        """The first moment of a day."""
        return datetime.combine(day, datetime.min.time(), ZoneInfo(self.time_zone)).timestamp()
