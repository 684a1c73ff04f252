"""What a router is measured by, with intervals that are paired: one resample serves all figures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["Bin", "Interval", "Resamples", "apgr", "calibration", "curve", "interval"]

Floats = NDArray[np.float64]
RESAMPLES = 2000


class Interval(Struct, frozen=True):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class Bin(Struct, frozen=True):
    """Prompts with like predictions: how many, predicted and seen on average."""

    prompts: int
    predicted: float
    seen: float


class Resamples(NamedTuple):
    """How often each prompt (n) is drawn, row by row (resamples, n)."""

    counts: NDArray[np.int16]

    @classmethod
    def of(cls, size: int, seed: int = 0, resamples: int = RESAMPLES) -> "Resamples":
        """Drawn with replacement, the same for the same seed."""
        draw = np.random.default_rng(seed)
        counts = np.empty((resamples, size), dtype=np.int16)
        for row in counts:
            row[:] = np.bincount(draw.integers(0, size, size), minlength=size)
        return cls(counts)


def apgr(
    ranks: Sequence[NDArray[np.intp]], gain: Floats, counts: NDArray[np.int16] | None = None
) -> float:
    """Average share of the gap recovered, (accuracy(c) - weak) / (strong - weak), over the share c
    that goes to the strong model, those first that are ranked highest; the mean over rankings.

    `gain` is strong minus weak, prompt by prompt. Random ranking gives 0.5.
    """
    weights = np.ones(len(gain)) if counts is None else counts.astype(np.float64)
    total = float(weights @ gain)
    if total == 0:
        return float("nan")
    found = []
    for order in ranks:
        kept = weights[order]
        won = kept * gain[order]
        found.append(float(kept @ (np.cumsum(won) - won / 2)) / (float(weights.sum()) * total))
    return float(np.mean(found))


def curve(order: NDArray[np.intp], gain: Floats, points: int = 41) -> list[float]:
    """The gap's share recovered, at evenly spaced shares sent to the strong model."""
    reached = np.concatenate([[0.0], np.cumsum(gain[order])]) / gain.sum()
    return [float(x) for x in reached[np.linspace(0, len(gain), points).astype(int)]]


def interval(value: float, drawn: Sequence[float] | Floats) -> Interval:
    """A figure with the middle 95 % of its resamples."""
    low, high = np.nanpercentile(np.asarray(drawn), [2.5, 97.5])
    return Interval(value, float(low), float(high))


def calibration(predicted: Floats, seen: Floats, bins: int = 10) -> list[Bin]:
    """As many prompts to each bin, from the least likely up."""
    order = np.argsort(predicted, kind="stable")
    return [
        Bin(len(rows), float(predicted[rows].mean()), float(seen[rows].mean()))
        for rows in np.array_split(order, bins)
        if len(rows)
    ]
