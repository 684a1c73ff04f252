"""The bounds that a schema sets, and a number within them."""

import math
from typing import Any

from fairlead.emulator.answer.schema_merge import Unsatisfiable
from fairlead.emulator.json_value import JsonValue

__all__ = ["number_in", "whole_of"]


def number_in(schema: dict[str, Any], turn: int, *, whole: bool) -> int | float:
    """A number that `schema` bounds, chosen by `turn`; a `whole` one where integers are wanted.

    Raises:
        Unsatisfiable: nothing lies between the bounds.
    """
    low, high = _bounds(schema)
    step = _number(schema.get("multipleOf"))
    if step is None or step <= 0:
        step = 1.0 if whole else None
    elif whole and step != int(step):
        step = step * next((n for n in range(1, 1001) if (step * n).is_integer()), 1)
    if step is None and math.floor(high) > math.ceil(low):
        step = 1.0
    if step is not None:
        first, last = math.ceil(low / step), math.floor(high / step)
        if first > last:
            raise Unsatisfiable
        made = (first + turn % (last - first + 1)) * step
        return int(made) if made == int(made) else made
    if low > high:
        raise Unsatisfiable
    return low + (high - low) / 2


def _bounds(schema: dict[str, Any]) -> tuple[float, float]:
    """The closed range of a number; without bounds it is a small one."""
    least = _number(schema.get("minimum"))
    most = _number(schema.get("maximum"))
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    over = least if over is True else _number(over)
    under = most if under is True else _number(under)
    lows = [
        b
        for b in (least, None if over is None else math.nextafter(over, math.inf))
        if b is not None
    ]
    highs = [
        b
        for b in (most, None if under is None else math.nextafter(under, -math.inf))
        if b is not None
    ]
    low = max(lows) if lows else None
    high = min(highs) if highs else None
    if low is None and high is None:
        return 1.0, 100.0
    if low is None:
        return (high or 0.0) - 99.0, high or 0.0
    return low, low + 99.0 if high is None else min(high, low + 1e6)


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def whole_of(value: JsonValue) -> int | None:
    """A bound. Google's int64 fields come as strings too."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    number = _number(value)
    return None if number is None else max(0, int(number))
