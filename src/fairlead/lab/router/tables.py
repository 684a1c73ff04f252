"""A scorer's tables: figures by bucket in 255 steps, a byte each.

What is trained is rounded to these before it is measured, so that what is served is what was
measured.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairlead.routing.scorer import ZERO

__all__ = ["Table", "squares_of", "weights_of"]

Floats = NDArray[np.float64]


class Table(NamedTuple):
    """Codes by bucket, each `step` times (its byte less `zero`)."""

    codes: NDArray[np.uint8]
    step: float
    zero: int

    @property
    def values(self) -> Floats:
        """What the bytes stand for."""
        return (self.codes.astype(np.float64) - self.zero) * self.step


def squares_of(squares: Floats) -> Table:
    """Of positive figures: none becomes nothing."""
    step = float(squares.max()) / 255
    return Table(np.maximum(np.rint(squares / step), 1).astype(np.uint8), step, 0)


def weights_of(weights: Floats) -> Table:
    """Of figures of either sign; 0 stays 0."""
    step = float(np.abs(weights).max()) / (ZERO - 1) or 1.0
    return Table((np.rint(weights / step) + ZERO).astype(np.uint8), step, ZERO)
