"""What the user's own gateway measured, from the ledger's newest records. Read-only.

Emulated answers are left out: the emulator's speed is no model's. Speed is that of streams: output
and thinking tokens over the time from the first token to the last one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median

from msgspec import Struct

from fairlead.lab.compare.comparison import Cell, Row
from fairlead.ledger.query import tail
from fairlead.ledger.record import Record

__all__ = ["NEWEST", "Measured", "measure", "measured_rows", "read_measured"]

NEWEST = 20_000
"""So many of the newest records are looked at."""


class Figure(Struct, frozen=True):
    """A figure and the number of requests that it is made from."""

    value: Decimal
    n: int


class Measured(Struct, frozen=True, kw_only=True):
    """One model on the user's own traffic. Medians in milliseconds and tokens per second, cost in
    US dollars per request (the mean). None where no request told.
    """

    first_token_ms: Figure | None = None
    total_ms: Figure | None = None
    tokens_per_second: Figure | None = None
    cost_usd: Figure | None = None


def read_measured(path: Path, since: float | None = None) -> dict[str, Measured]:
    """Figures by model id from the ledger at `path`, of requests from `since` on (Unix seconds)."""
    records = tail(path, NEWEST)
    return measure([r for r in records if since is None or r.at >= since])


def measure(records: Sequence[Record]) -> dict[str, Measured]:
    """Figures by model id."""
    by_model: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        answered = record.outcome == "ok" and record.op == "generate"
        if answered and not record.emulated and record.model is not None:
            by_model[record.model].append(record)
    return {model: _measured(rows) for model, rows in by_model.items()}


def _measured(rows: Sequence[Record]) -> Measured:
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    mean = sum(costs, Decimal(0)) / len(costs) if costs else Decimal(0)
    return Measured(
        first_token_ms=_median([r.first_token_ms for r in rows if r.stream]),
        total_ms=_median([r.last_ms for r in rows]),
        tokens_per_second=_median([_speed(r) for r in rows if r.stream]),
        cost_usd=Figure(mean.quantize(Decimal("0.000001")), len(costs)) if costs else None,
    )


def _speed(row: Record) -> float | None:
    if row.usage is None or row.usage.estimated or row.last_ms is None:
        return None
    seconds = (row.last_ms - (row.first_token_ms or row.last_ms)) / 1000
    tokens = row.usage.output + row.usage.thinking
    return tokens / seconds if seconds > 0 and tokens > 1 else None


def _median(values: Sequence[float | None]) -> Figure | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Figure(Decimal(str(median(known))).quantize(Decimal("0.1")), len(known))


_ROWS = (
    ("speed", "first_token_ms", "time to the first token, median", "ms"),
    ("speed", "total_ms", "whole answer, median", "ms"),
    ("speed", "tokens_per_second", "output speed, median", "tokens per second"),
    ("pricing", "cost_usd", "cost per request, mean", "US dollars"),
)


def measured_rows(ids: Sequence[str], measured: Mapping[str, Measured]) -> list[tuple[str, Row]]:
    """Rows for their dimension. They are never judged: the requests of two models differ."""
    rows = []
    for dimension, name, label, unit in _ROWS:
        figures = [getattr(measured.get(i), name, None) for i in ids]
        if any(figures):
            cells = tuple(
                Cell(state="not_measured")
                if figure is None
                else Cell(state="measured", value=figure.value, n=figure.n)
                for figure in figures
            )
            rows.append((dimension, Row(f"measured.{name}", label, unit, cells)))
    return rows
