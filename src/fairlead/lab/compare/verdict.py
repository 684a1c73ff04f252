"""Who leads a row. What is not disclosed is never compared: it is left out, and named so."""

from collections.abc import Sequence
from decimal import Decimal

from fairlead.lab.compare.comparison import Better, Cell, Verdict

__all__ = ["verdict"]


def verdict(cells: Sequence[Cell], models: Sequence[str], better: Better | None) -> Verdict | None:
    """The leader's distance to the next; None where fewer than two values are known, all are
    equal, or nobody can say which way is better.
    """
    known = [
        (_number(cell), model, {cell.source, *cell.agreed_by})
        for cell, model in zip(cells, models, strict=True)
        if _number(cell) is not None
    ]
    values = sorted({n for n, _, _ in known if n is not None}, reverse=better == "high")
    if better is None or len(known) < 2 or len(values) < 2:
        return None
    first, second = values[0], values[1]
    difference = abs(first - second)
    return Verdict(
        best=tuple(model for n, model, _ in known if n == first),
        next=next(model for n, model, _ in known if n == second),
        difference=difference,
        percent=None if second == 0 else _tenth(difference / second * 100),
        left_out=tuple(
            model for cell, model in zip(cells, models, strict=True) if _number(cell) is None
        ),
        mixed_sources=not set.intersection(*(by for n, _, by in known if n in {first, second})),
    )


def _number(cell: Cell) -> Decimal | None:
    value = cell.value
    if cell.state not in {"stated", "measured"} or isinstance(value, bool):
        return None
    return Decimal(value) if isinstance(value, int | Decimal) else None


def _tenth(percent: Decimal) -> Decimal:
    return percent.quantize(Decimal("0.1"))
