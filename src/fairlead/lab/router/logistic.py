"""Logistic regression over a sparse matrix, by Newton's method with conjugate gradients.

Least is sought of  1/2 |t|^2 + C * sum of the log losses; targets lie in 0 to 1, and need not be 0
or 1. A row has one entry for each bucket that its prompt holds, idf over the row's length, and the
shape's figures, standardised. The same input gives the same bits: sums run in a fixed order.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fairlead.lab.router.tables import squares_of
from fairlead.routing.scorer import BUCKETS, SHAPES, buckets, shape

__all__ = ["Design", "Prompts", "Scale", "fit", "read_prompts"]

Floats = NDArray[np.float64]
_SHAPE_WEIGHT = 0.1
"""Of a standardised figure beside words, whose whole row has length 1."""
_FREE = 1e-3
"""The penalty of the constant, which should be next to none."""


@dataclass(frozen=True, eq=False)
class Prompts:
    """Prompts as figures: flat buckets with the place where each row starts, and shapes (n, 14)."""

    flat: NDArray[np.uint32]
    starts: NDArray[np.int64]
    shapes: Floats

    def __len__(self) -> int:
        """How many prompts there are."""
        return len(self.starts)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """How many buckets each row has: never none."""
        return np.diff(self.starts, append=len(self.flat))

    def take(self, rows: NDArray[np.int64]) -> "Prompts":
        """Some of the prompts, in the order given."""
        lengths = self.lengths[rows]
        starts = np.cumsum(lengths) - lengths
        places = np.repeat(self.starts[rows] - starts, lengths) + np.arange(lengths.sum())
        return Prompts(self.flat[places], starts, self.shapes[rows])


def read_prompts(texts: list[str]) -> Prompts:
    """Prompts as the scorer will see them."""
    rows = [np.sort(np.fromiter(found := buckets(t), np.uint32, len(found))) for t in texts]
    lengths = np.array([len(row) for row in rows])
    shapes = np.array([shape(text) for text in texts], dtype=np.float64)
    return Prompts(np.concatenate(rows), np.cumsum(lengths) - lengths, shapes)


@dataclass(frozen=True, eq=False)
class Scale:
    """What is learned without labels: idf by bucket, mean and spread of each figure."""

    idf: Floats
    means: Floats
    spreads: Floats

    @classmethod
    def of(cls, prompts: Prompts) -> "Scale":
        """From the prompts that are trained on, and no others."""
        seen = np.bincount(prompts.flat, minlength=BUCKETS)
        # Rounded as the file will have it: what is served is what was measured.
        idf = np.sqrt(squares_of((np.log((1 + len(prompts)) / (1 + seen)) + 1) ** 2).values)
        spreads = prompts.shapes.std(axis=0)
        spreads[spreads < 1e-9] = 1.0
        return cls(idf, prompts.shapes.mean(axis=0), spreads / _SHAPE_WEIGHT)


class Design:
    """The matrix (n, buckets + figures + 1), kept by rows and by columns."""

    def __init__(self, prompts: Prompts, scale: Scale) -> None:
        values = scale.idf[prompts.flat]
        norms = np.sqrt(np.add.reduceat(values * values, prompts.starts))
        self._values = values / np.repeat(norms, prompts.lengths)
        self._starts = prompts.starts
        order = np.argsort(prompts.flat, kind="stable")
        columns = prompts.flat[order]
        self._by_column = self._values[order]
        self._rows = np.repeat(np.arange(len(prompts)), prompts.lengths)[order]
        self._firsts = np.flatnonzero(np.diff(columns.astype(np.int64), prepend=-1))
        present = columns[self._firsts].astype(np.intp)
        place = np.zeros(BUCKETS, dtype=np.intp)
        place[present] = np.arange(len(present))
        self._flat = place[prompts.flat]
        dense = (prompts.shapes - scale.means) / scale.spreads
        self._dense = np.hstack([dense, np.ones((len(prompts), 1))])
        # Most buckets stay empty where prompts are few: work is done on those that are not.
        self._mine = np.concatenate([present, np.arange(BUCKETS, BUCKETS + len(SHAPES) + 1)])
        self._words = len(present)
        self.width = len(self._mine)

    def own(self, weights: Floats) -> Floats:
        """Of weights of all buckets, those of the columns that are here."""
        return np.asarray(weights[self._mine])

    def whole(self, weights: Floats) -> Floats:
        """The other way round: nothing for buckets that are not here."""
        every = np.zeros(BUCKETS + len(SHAPES) + 1)
        every[self._mine] = weights
        return every

    def chances(self, heads: tuple[Floats, Floats]) -> Floats:
        """How likely each model is right (n, 2), by heads over all buckets."""
        sums = np.stack([self.times(self.own(head)) for head in heads], axis=1)
        return np.asarray(1 / (1 + np.exp(-sums)))

    def times(self, weights: Floats) -> Floats:
        """The rows' sums."""
        sparse = np.add.reduceat(self._values * weights.take(self._flat), self._starts)
        return np.asarray(sparse + self._dense @ weights[self._words :])

    def across(self, rows: Floats, *, squared: bool = False) -> Floats:
        """The columns' sums, of entries or of their squares, each row weighed."""
        entries = self._by_column**2 if squared else self._by_column
        dense = self._dense**2 if squared else self._dense
        total = np.zeros(self.width)
        total[: self._words] = np.add.reduceat(entries * rows.take(self._rows), self._firsts)
        total[self._words :] = dense.T @ rows
        return total


def fit(design: Design, target: Floats, strength: float, start: Floats | None = None) -> Floats:
    """Weights (all buckets, figures, constant) for targets in 0 to 1.

    A larger strength fits closer; `start` is where the search begins.
    """
    penalty = np.ones(design.width)
    penalty[-1] = _FREE
    weights = np.zeros(design.width) if start is None else design.own(start)
    sums, first = design.times(weights), 0.0
    for _ in range(20):
        chance = 1 / (1 + np.exp(-sums))
        slope = penalty * weights + strength * design.across(chance - target)
        size = float(np.linalg.norm(slope))
        first = first or float(np.linalg.norm(strength * design.across(0.5 - target)))
        if size <= 1e-2 * first:
            break
        step = _newton(design, slope, strength * chance * (1 - chance), penalty)
        moved = design.times(step)
        share = 1.0
        here = _loss(weights, sums, target, strength, penalty)
        while (
            share > 1e-3
            and _loss(weights + share * step, sums + share * moved, target, strength, penalty)
            > here
        ):
            share /= 2
        weights, sums = weights + share * step, sums + share * moved
    return design.whole(weights)


def _newton(design: Design, slope: Floats, bend: Floats, penalty: Floats) -> Floats:
    """Newton's step by conjugate gradients, each column weighed by its own curvature."""
    own = penalty + design.across(bend, squared=True)
    step, left = np.zeros(design.width), -slope
    eased = left / own
    way, gain = eased, float(left @ eased)
    goal = 0.1 * float(np.linalg.norm(slope))
    for _ in range(40):
        turned = penalty * way + design.across(bend * design.times(way))
        share = gain / float(way @ turned)
        step = step + share * way
        left = left - share * turned
        if float(np.linalg.norm(left)) <= goal:
            break
        eased = left / own
        before, gain = gain, float(left @ eased)
        way = eased + gain / before * way
    return step


def _loss(weights: Floats, sums: Floats, target: Floats, strength: float, penalty: Floats) -> float:
    fits = np.logaddexp(0.0, sums) - target * sums
    return float(0.5 * (penalty * weights) @ weights + strength * fits.sum())
