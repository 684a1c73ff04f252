"""How good the estimates are, on conversations that had no part in the fit.

Whole cassettes are left out: forty folds, each estimated by a fit to the other 39. `by_prompt` is
stricter: cassettes in which one and the same request occurs are left out together. Intervals come
from the left-out errors; their coverage is measured once more with the fold's own errors left out.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from scripts.token_calibration.rows import Row
from scripts.token_calibration.solver import fit_all

from fairlead.tokens.estimate import SLACK, stratum, tool_kind
from fairlead.tokens.families import family_named
from fairlead.tokens.shape import TERMS
from fairlead.tokens.text import CLASSES

FOLDS = 40
OWN = 30
"""Errors that a family needs of a kind before its interval rests on its own alone."""
TEXT_LEAST = 20
"""Text tokens that a request needs to say something about the ratio of two tokenizers."""
QUANTILES = {"low_95": 0.025, "low_80": 0.1, "high_80": 0.9, "high_95": 0.975}

Estimated = list[tuple[Row, float, int]]
"""Row, estimate by a fit without its cassette, fold."""


def grouped(rows: list[Row], *, by_prompt: bool = False) -> list[int]:
    """A fold for each row; rows of one cassette have the same."""
    head = {row.group: row.group for row in rows}

    def find(name: str) -> str:
        while head[name] != name:
            name = head[name]
        return name

    if by_prompt:
        seen: dict[tuple[str, tuple[float, ...]], str] = {}
        for row in rows:
            key = (row.family, tuple(row.shape.counts))
            head[find(row.group)] = find(seen.setdefault(key, row.group))
    names = sorted({find(row.group) for row in rows})
    random.Random(0).shuffle(names)  # noqa: S311 - a reproducible split, no secret
    fold = {name: at % FOLDS for at, name in enumerate(names)}
    return [fold[find(row.group)] for row in rows]


def left_out(rows: list[Row], folds: list[int]) -> Estimated:
    """Each row with the estimate of a fit to the other folds."""
    estimated: Estimated = []
    for fold in range(FOLDS):
        rest = [row for row, of in zip(rows, folds, strict=True) if of != fold]
        mine = [row for row, of in zip(rows, folds, strict=True) if of == fold]
        fits = fit_all(rest, {row.family for row in mine})
        estimated += [(row, dot(row, fits[row.family]), fold) for row in mine]
    return estimated


def dot(row: Row, coefficients: list[float]) -> float:
    """A fit's estimate."""
    return max(1.0, sum(value * coefficients[at] for at, value in row.dense))


def quantile(values: Iterable[float], at: float) -> float:
    """With linear interpolation, as is usual."""
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def conformal(values: list[float], at: float) -> float:
    """The order statistic whose coverage of the next value is at least as asked, if there is one.

    With few values it is the extreme.
    """
    ordered, n = sorted(values), len(values)
    place = -(-(n + 1) * at // 1) if at > 0.5 else (n + 1) * at // 1
    return ordered[min(n - 1, max(0, int(place) - 1))]


def summary(pairs: Iterable[tuple[float, int]]) -> dict[str, float]:
    """Relative errors of (estimate, truth): n, median, 95th percentile."""
    off = [abs(round(guess) - true) / true for guess, true in pairs]
    return {"n": len(off), "median": median(off), "p95": quantile(off, 0.95)}


SHOWN: dict[str, Callable[[str], bool]] = {
    "Claude 4.5, 4.6": lambda name: name == "claude-4.5",
    "Claude 4.7 to 5": lambda name: name == "claude-5",
    "Claude 3.7 to 4.1": lambda name: name == "claude-4.0",
    "Claude 3, 3.5": lambda name: name == "claude-3",
    "Gemini 2.5": lambda name: name.startswith("gemini-2.5"),
    "Gemini 3": lambda name: name.startswith("gemini-3"),
    "Gemini 2.0": lambda name: name.startswith("gemini-2.0"),
    "Gemini, all": lambda name: name.startswith("gemini"),
    "OpenAI chat": lambda name: name.startswith("openai") and "/" not in name,
    "OpenAI Responses": lambda name: name.endswith("/responses"),
}


def table(estimated: Estimated) -> dict[str, dict[str, Any]]:
    """Per shown family: ours, characters by four, routing's quick estimate."""
    found = {}
    for label, belongs in SHOWN.items():
        mine = [(row, guess) for row, guess, _ in estimated if belongs(row.family)]
        if mine:
            found[label] = {
                "cassettes": len({row.group for row, _ in mine}),
                "estimate": summary((guess, row.true) for row, guess in mine),
                "chars/4": summary((row.characters / 4, row.true) for row, _ in mine),
                "quick": summary((row.quick, row.true) for row, _ in mine),
            }
    return found


def off(row: Row, guess: float) -> float:
    """The error as intervals take it."""
    return (row.true - guess) / (guess + SLACK)


def spreads(estimated: Estimated) -> dict[tuple[str, str], dict[str, float]]:
    """Quantiles of the errors for each family and stratum; few of them are filled up by its
    vendor's.
    """
    own: dict[tuple[str, str], list[float]] = defaultdict(list)
    pooled: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row, guess, _ in estimated:
        kind = stratum(row.shape)
        own[row.family, kind].append(off(row, guess))
        pooled[vendor_of(row.family), kind].append(off(row, guess))
    found: dict[tuple[str, str], dict[str, float]] = {}
    for name in {row.family for row, _, _ in estimated}:
        for kind in ("plain", "framed"):
            values = own[name, kind]
            if len(values) < OWN:
                values = values + pooled[vendor_of(name), kind]
            found[name, kind] = {
                label: conformal(values, at) for label, at in QUANTILES.items()
            } | {"n": len(values)}
    return found


def vendor_of(name: str) -> str:
    """A family's vendor, and its surface where there is one: what errors are pooled over."""
    family = family_named(name)
    return "" if family is None else family.vendor


def coverage(estimated: Estimated) -> dict[str, dict[str, float]]:
    """How many true counts lie within intervals that were made without their fold's errors."""
    within: dict[str, list[tuple[bool, bool, float]]] = defaultdict(list)
    for fold in range(FOLDS):
        found = spreads([one for one in estimated if one[2] != fold])
        for row, guess, of in estimated:
            spread = found.get((row.family, stratum(row.shape)))
            if of != fold or spread is None:
                continue
            bounds = {key: guess + spread[key] * (guess + SLACK) for key in QUANTILES}
            inside = (
                int(bounds["low_80"]) <= row.true <= -int(-bounds["high_80"] // 1),
                int(bounds["low_95"]) <= row.true <= -int(-bounds["high_95"] // 1),
                (bounds["high_95"] - bounds["low_95"]) / guess,
            )
            for label, belongs in SHOWN.items():
                if belongs(row.family):
                    within[label].append(inside)
    return {
        label: {
            "n": len(inside),
            "within_80": sum(a for a, _, _ in inside) / len(inside),
            "within_95": sum(b for _, b, _ in inside) / len(inside),
            "width_95": median(width for _, _, width in inside),
        }
        for label, inside in within.items()
    }


def recounts(rows: list[Row], fits: dict[str, list[float]]) -> dict[str, dict[str, list[float]]]:
    """From each family to each other: the ratio of what they make of the recorded texts."""
    classes = range(len(CLASSES))
    texts = {tuple(row.shape.counts[: len(CLASSES)]) for row in rows}
    made: dict[str, list[float]] = {}
    for name, coefficients in fits.items():
        made[name] = [sum(text[at] * coefficients[at] for at in classes) for text in sorted(texts)]
    found: dict[str, dict[str, list[float]]] = {}
    for name, mine in made.items():
        found[name] = {}
        for other, theirs in made.items():
            pairs = zip(mine, theirs, strict=True)
            ratios = [b / a for a, b in pairs if a >= TEXT_LEAST and b > 0]
            if name != other and ratios:
                found[name][other] = [round(quantile(ratios, q), 4) for q in (0.5, 0.025, 0.975)]
    return found


def server_tools(rows: list[Row], fits: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """What one server tool brings, beside the fit: the lowest that was recorded, because later
    figures hold what the tool found.
    """
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.kind == "server" and len(row.server_kinds) == 1 and not row.shape.media:
            rest = row.true - dot(row, fits[row.family])
            found[vendor_of(row.family)][tool_kind(row.server_kinds[0])].append(rest)
    return {
        vendor: {kind: round(max(0.0, min(rest)), 1) for kind, rest in sorted(kinds.items())}
        for vendor, kinds in sorted(found.items())
    }


def named(coefficients: list[float]) -> dict[str, float]:
    """Coefficients by name, without those that are 0."""
    pairs = zip(TERMS, coefficients, strict=True)
    return {name: round(value, 4) for name, value in pairs if abs(value) >= 5e-5}
