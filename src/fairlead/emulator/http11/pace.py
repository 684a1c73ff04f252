"""How fast the emulated models are."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from msgspec import Struct

__all__ = ["Pace", "pace_of"]


class Pace(Struct, frozen=True):
    """`ttft`: seconds to the first token. `tps`: tokens per second; 0 is as fast as possible."""

    ttft: float = 0.0
    tps: float = 0.0

    def due(self, tokens: int) -> float:
        """Seconds from the request until `tokens` output tokens are made."""
        return self.ttft + (tokens / self.tps if self.tps else 0.0)


def pace_of(model: str, ttft: Mapping[str, float], tps: Mapping[str, float]) -> Pace:
    """The pace of a model: the first pattern that matches, an exact name before a pattern."""
    return Pace(_pick(model, ttft), _pick(model, tps))


def _pick(model: str, table: Mapping[str, float]) -> float:
    if model in table:
        return table[model]
    return next((v for name, v in table.items() if fnmatchcase(model, name)), 0.0)
