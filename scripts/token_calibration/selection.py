"""The choice of ridge, split and terms for each vendor, by cross-validation within the rows given.

A choice is judged on requests whose group had no part in the fit, by their mean relative error (1
at most, so that a request that nobody can estimate has one voice) and by how many are off by more
than `FAR`. One thing is chosen after the other. An alternative is taken if it is better by more
than one standard error of the difference, groups taken as the sample (the usual rule of one
standard error), so that noise decides nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import sqrt
from statistics import pvariance
from typing import Any

from scripts.token_calibration.rows import Row
from scripts.token_calibration.solver import DEFAULT, Choice, fit_all, vendor_of

INNER = 10
FAR = 0.25
STRONGER = 0.12


def chosen(rows: list[Row], groups: list[int]) -> dict[str, Choice]:
    """A choice for each vendor. Rows with the same number in `groups` are left out together."""
    best = dict.fromkeys({vendor_of(row.family) for row in rows}, DEFAULT)
    loss = judged(rows, groups, best)
    for others in _alternatives():
        tried = {vendor: replace(choice, **others) for vendor, choice in best.items()}
        for vendor, off in judged(rows, groups, tried).items():
            if _clearly(loss[vendor], off):
                best[vendor], loss[vendor] = tried[vendor], off
    return best


def _clearly(before: Mapping[int, float], after: Mapping[int, float]) -> bool:
    """Whether the losses by group have become less by more than their difference's standard
    error.
    """
    gains = [before[group] - after[group] for group in before]
    return sum(gains) > sqrt(len(gains) * pvariance(gains))


def _alternatives() -> Iterator[dict[str, Any]]:
    """What may be otherwise than `DEFAULT`, one after the other."""
    yield {"noise": STRONGER}
    yield {"signatures": True}
    yield {"fine": False}
    yield {"split": "models"}


def judged(
    rows: list[Row], groups: list[int], choices: Mapping[str, Choice]
) -> dict[str, dict[int, float]]:
    """How bad the choices are: by vendor and group, the sum over its rows."""
    found: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for fold in range(INNER):
        rest = [row for row, group in zip(rows, groups, strict=True) if group % INNER != fold]
        mine = [
            (row, group) for row, group in zip(rows, groups, strict=True) if group % INNER == fold
        ]
        fits = fit_all(rest, {row.family for row, _ in mine}, choices)
        for row, group in mine:
            off = abs(row.estimated(fits[row.family]) - row.true) / row.true
            found[vendor_of(row.family)][group] += min(1.0, off) + (off > FAR)
    return found
