"""Curves as text: one letter for each, for a terminal of any kind."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from fairlead.cost.display import dollars

__all__ = ["chart"]

WIDTH, HEIGHT = 61, 13
_MARKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def chart(
    curves: Mapping[str, Sequence[float]],
    *,
    left: str,
    right: str,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> str:
    """Curves over the same axis from `left` to `right`, each at evenly spaced points, in dollars.

    Where curves meet in one cell, `*` stands for them.
    """
    most = max((value for values in curves.values() for value in values), default=0.0) or 1.0
    grid = [[" "] * width for _ in range(height)]
    for mark, values in zip(_MARKS, curves.values(), strict=False):
        for column in range(width):
            row = round((1 - _at(values, column / (width - 1)) / most) * (height - 1))
            cell = grid[row][column]
            grid[row][column] = mark if cell in {" ", mark} else "*"
    lines = []
    for number, cells in enumerate(grid):
        value = most * (1 - number / (height - 1))
        label = dollars(Decimal(value), 2) if number % 4 == 0 else ""
        lines.append(f"{label:>12} |{''.join(cells).rstrip()}")
    lines.append(" " * 13 + "+" + "-" * width)
    lines.append(" " * 14 + left + right.rjust(width - len(left)))
    lines += [f"{mark:>12} = {name}" for mark, name in zip(_MARKS, curves, strict=False)]
    return "\n".join(lines)


def _at(values: Sequence[float], share: float) -> float:
    """The curve's value at a share of its way, on a line between its points."""
    place = share * (len(values) - 1)
    low = min(int(place), len(values) - 2) if len(values) > 1 else 0
    if len(values) == 1:
        return values[0]
    return values[low] + (values[low + 1] - values[low]) * (place - low)
