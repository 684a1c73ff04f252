"""How good the estimates are, on conversations that had no part in the fit.

Each cassette is estimated by a fit to all others. `by_prompt` is stricter: cassettes in which the
same request occurs, or nearly the same, are left out together. What is chosen (`solver.Choice`) is
chosen without what is measured: the cassettes are cut in `OUTER` parts, and the choice for one part
is made by cross-validation within the others (`selection`). Intervals come from the left-out
errors; their coverage is measured with the cassette's own errors left out.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import combinations
from statistics import median
from typing import Any

from scripts.token_calibration.rows import Row
from scripts.token_calibration.selection import chosen
from scripts.token_calibration.solver import Cache, Choice, fit_all, vendor_of

from fairlead.canon import Base64
from fairlead.tokens.estimate import SLACK, stratum, tool_kind
from fairlead.tokens.families import family_named
from fairlead.tokens.media import weigh
from fairlead.tokens.shape import TERMS
from fairlead.tokens.text import CLASSES

OUTER = 4
NEAR = 0.1
"""By how much of their counts' sum two prompts may differ and still be called the same."""
OWN = 30
"""Errors that a family needs of a kind before its interval rests on its own alone."""
FEW = 5
"""With fewer than `OWN` but so many, the wider of its own quantiles and its vendor's counts."""
TEXT_LEAST = 20
"""Text tokens that a request needs to say something about the ratio of two tokenizers."""
QUANTILES = {"low_95": 0.025, "low_80": 0.1, "high_80": 0.9, "high_95": 0.975}

Estimated = list[tuple[Row, float, int]]
"""Row, estimate by a fit without its cassette, and what was left out together: a number."""


def grouped(rows: list[Row], *, by_prompt: bool = False) -> list[int]:
    """What is left out together: a number for each row; rows of one cassette have the same."""
    head = {row.group: row.group for row in rows}

    def find(name: str) -> str:
        while head[name] != name:
            name = head[name]
        return name

    if by_prompt:
        for one, other in combinations(rows, 2):
            if one.family == other.family and _alike(one, other):
                head[find(one.group)] = find(other.group)
    names = sorted({find(row.group) for row in rows})
    random.Random(0).shuffle(names)  # noqa: S311 - a reproducible split, no secret
    number = {name: at for at, name in enumerate(names)}
    return [number[find(row.group)] for row in rows]


def _alike(one: Row, other: Row) -> bool:
    """Whether two prompts are the same or nearly: their counts differ by `NEAR` in sum at most."""
    if not 1 - NEAR <= one.true / other.true <= 1 / (1 - NEAR):
        return False
    mine, theirs = dict(one.dense), dict(other.dense)
    apart = sum(abs(mine.get(at, 0) - theirs.get(at, 0)) for at in mine.keys() | theirs)
    return apart <= NEAR * max(sum(mine.values()), sum(theirs.values()))


def left_out(rows: list[Row], groups: list[int]) -> tuple[Estimated, list[dict[str, Choice]]]:
    """Each row with the estimate of a fit to the other groups, and what each part chose."""
    choices = []
    for part in range(OUTER):
        rest = [at for at, group in enumerate(groups) if group % OUTER != part]
        choices.append(chosen([rows[at] for at in rest], [groups[at] // OUTER for at in rest]))
    estimated: Estimated = []
    cache: Cache = {}
    for left in sorted(set(groups)):
        rest_rows = [row for row, group in zip(rows, groups, strict=True) if group != left]
        mine = [row for row, group in zip(rows, groups, strict=True) if group == left]
        names = {row.family for row in mine}
        fits = fit_all(rest_rows, names, choices[left % OUTER], cache)
        estimated += [(row, row.estimated(fits[row.family]), left) for row in mine]
    return estimated, choices


def folded(rows: list[Row], folds: int) -> Estimated:
    """As `left_out`, with the usual choice and in few folds: a quick look."""
    estimated: Estimated = []
    groups = grouped(rows)
    for fold in range(folds):
        rest = [row for row, group in zip(rows, groups, strict=True) if group % folds != fold]
        mine = [row for row, group in zip(rows, groups, strict=True) if group % folds == fold]
        fits = fit_all(rest, {row.family for row in mine})
        estimated += [(row, row.estimated(fits[row.family]), fold) for row in mine]
    return estimated


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


SHOWN: dict[str, Callable[[Row], bool]] = {
    "Claude 4.5, 4.6": lambda row: row.family == "claude-4.5",
    "Claude 4.7 to 5": lambda row: row.family == "claude-5",
    "Claude 3.7 to 4.1": lambda row: row.family == "claude-4.0",
    "Claude 3, 3.5": lambda row: row.family == "claude-3",
    "Claude, all": lambda row: row.family.startswith("claude"),
    "Gemini 2.5": lambda row: row.family.startswith("gemini-2.5"),
    "Gemini 3": lambda row: row.family.startswith("gemini-3"),
    "Gemini 2.0": lambda row: row.family.startswith("gemini-2.0"),
    "Gemini, all": lambda row: row.family.startswith("gemini"),
    "OpenAI chat": lambda row: row.family.startswith("openai") and "responses" not in row.family,
    "OpenAI Responses": lambda row: "responses" in row.family,
    "... since April 2025": lambda row: row.family.endswith("/responses"),
}


def table(estimated: Estimated) -> dict[str, dict[str, Any]]:
    """Per shown family: ours, characters by four, routing's quick estimate."""
    found = {}
    for label, belongs in SHOWN.items():
        mine = [(row, guess) for row, guess, _ in estimated if belongs(row)]
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
    vendor's, and never said to be less than they are. What is no more (`Family.until`) says nothing
    about the others.
    """
    own: dict[tuple[str, str], list[float]] = defaultdict(list)
    pooled: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row, guess, _ in estimated:
        kind = stratum(row.shape)
        own[row.family, kind].append(off(row, guess))
        family = family_named(row.family)
        if family is not None and family.until:
            continue
        pooled[vendor_of(row.family), kind].append(off(row, guess))
    found: dict[tuple[str, str], dict[str, float]] = {}
    for name in {row.family for row, _, _ in estimated}:
        for kind in ("plain", "framed"):
            values = own[name, kind]
            sets = [values] if len(values) >= OWN else [values + pooled[vendor_of(name), kind]]
            if FEW <= len(values) < OWN:
                sets.append(values)
            found[name, kind] = {
                label: widest(conformal(one, at) for one in sets)
                for (label, at), widest in zip(QUANTILES.items(), (min, min, max, max), strict=True)
            } | {"n": len(values)}
    return found


def coverage(estimated: Estimated) -> dict[str, dict[str, float]]:
    """How many true counts lie within intervals that were made without the errors of what
    was left out with them.
    """
    within: dict[str, list[tuple[bool, bool, float]]] = defaultdict(list)
    groups: dict[int, list[tuple[Row, float]]] = defaultdict(list)
    for row, guess, group in estimated:
        groups[group].append((row, guess))
    for left, members in groups.items():
        found = spreads([one for one in estimated if one[2] != left])
        for row, guess in members:
            spread = found.get((row.family, stratum(row.shape)))
            if spread is None:
                continue
            bounds = {key: guess + spread[key] * (guess + SLACK) for key in QUANTILES}
            inside = (
                int(bounds["low_80"]) <= row.true <= -int(-bounds["high_80"] // 1),
                int(bounds["low_95"]) <= row.true <= -int(-bounds["high_95"] // 1),
                (bounds["high_95"] - bounds["low_95"]) / guess,
            )
            for label, belongs in SHOWN.items():
                if belongs(row):
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
            rest = row.true - row.estimated(fits[row.family])
            found[vendor_of(row.family)][tool_kind(row.server_kinds[0])].append(rest)
    return {
        vendor: {kind: round(max(0.0, min(rest)), 1) for kind, rest in sorted(kinds.items())}
        for vendor, kinds in sorted(found.items())
    }


def with_media(rows: list[Row], fits: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Requests with media whose bytes they hold: the vendors' rules beside a fit to the texts."""
    found: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for row in rows:
        if row.kind != "media" or not all(isinstance(m.source, Base64) for m in row.shape.media):
            continue
        sizes = sum(weigh(media, row.model).tokens for media in row.shape.media)
        kinds = ", ".join(sorted({media.kind for media in row.shape.media}))
        label = f"{vendor_of(row.family)}: {kinds}"
        found[label].append((row.estimated(fits[row.family]) + sizes, row.true))
    return {label: summary(pairs) for label, pairs in sorted(found.items())}


def with_server_tools(rows: list[Row], fits: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Requests with tools that the vendor runs: the least that others brought beside the fit."""
    mine = [row for row in rows if row.kind == "server" and not row.shape.media]
    found: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for row in mine:
        vendor = vendor_of(row.family)
        others = [other for other in mine if other.group != row.group]
        least = server_tools(others, fits).get(vendor, {})
        added = sum(least.get(tool_kind(kind), 0.0) for kind in row.server_kinds)
        found[vendor].append((row.estimated(fits[row.family]) + added, row.true))
    return {label: summary(pairs) for label, pairs in sorted(found.items())}


def named(coefficients: list[float]) -> dict[str, float]:
    """Coefficients by name, without those that are 0."""
    pairs = zip(TERMS, coefficients, strict=True)
    return {name: round(value, 4) for name, value in pairs if abs(value) >= 5e-5}
