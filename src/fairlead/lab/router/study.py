"""Nested cross-validation of the scorer, and what may be said of it.

Ten times the prompts are dealt anew into five folds. Within the four that are trained on, part is
held out in turn to choose the regularisation (by APGR) and the threshold; the fifth is looked at
once. The threshold is the one whose gain over the base, less one standard error, is greatest, among
those that keep the cost within bounds: "never" is always among them and gains nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.lab.router.logistic import Design, Prompts, Scale, fit
from fairlead.lab.router.measures import apgr
from fairlead.lab.router.results import Results
from fairlead.lab.router.tables import weights_of
from fairlead.routing.scorer import BUCKETS

__all__ = [
    "FOLDS",
    "SEEDS",
    "Held",
    "Plan",
    "Trained",
    "cross_validate",
    "leaning",
    "learn",
    "predict",
]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
SEEDS, FOLDS = 10, 5
STRENGTHS = (0.3, 1.0, 3.0, 10.0)
INNER, MANY = 3, 2000
NEVER = 2.0
"""A threshold that no difference of probabilities passes."""


@dataclass(frozen=True)
class Plan:
    """How a study is made."""

    seeds: int = SEEDS
    folds: int = FOLDS
    cost_within: float = 1.0
    """The mean cost that routing may have, in costs of the base."""


@dataclass(frozen=True, eq=False)
class Trained:
    """Both heads, with the scale they were trained by, and what was chosen."""

    scale: Scale
    heads: tuple[Floats, Floats]
    strength: float
    threshold: float


@dataclass(frozen=True, eq=False)
class Held:
    """Of one dealing: what was predicted of prompts that were held out."""

    chances: Floats
    """(n, 2), of being right."""
    length: Floats
    """(n) How much the prompt's length speaks for the strong model."""
    moved: NDArray[np.bool_]
    """(n) Whether the threshold sends it to the model that is not the base."""
    moved_by_length: NDArray[np.bool_]


def cross_validate(
    results: Results, prompts: Prompts, plan: Plan, *, groups: bool = False, shuffle: bool = False
) -> list[Held]:
    """One value for each dealing. `groups`: whole groups are held out together; `shuffle`: the
    labels are dealt to other prompts, so that there is nothing to learn.
    """
    found = []
    for seed in range(plan.seeds):
        draw = np.random.default_rng(seed)
        scores, costs = results.scores, results.costs
        if shuffle:
            order = draw.permutation(len(results))
            scores, costs = scores[order], None if costs is None else costs[order]
        folds = _folds(results.groups if groups else None, len(results), plan.folds, draw)
        found.append(_held(scores, costs, prompts, folds, plan, draw))
    return found


def learn(
    scores: Floats, costs: Floats | None, prompts: Prompts, plan: Plan, draw: np.random.Generator
) -> Trained:
    """Heads, regularisation and threshold, from these prompts alone."""
    base = int(scores[:, 1].mean() > scores[:, 0].mean())
    rows, chances, start = _inner(scores, prompts, draw)
    gain = scores[rows, base] - scores[rows, 1 - base]
    ranked = [
        apgr([np.argsort(each[:, 1 - base] - each[:, base], kind="stable")], gain)
        for each in chances
    ]
    best = int(np.nanargmax(ranked)) if not np.all(np.isnan(ranked)) else 0
    edge = chances[best][:, 1 - base] - chances[best][:, base]
    threshold = _threshold(edge, scores[rows], None if costs is None else costs[rows], base, plan)
    scale = Scale.of(prompts)
    design = Design(prompts, scale)
    strength = STRENGTHS[best]
    one, two = (
        _rounded(fit(design, scores[:, n], strength, start and start[n]), scale) for n in (0, 1)
    )
    return Trained(scale, (one, two), strength, threshold)


def leaning(figure: Floats, gain: Floats) -> float:
    """1 where a high figure ranks what the strong model gains better than a low one, else -1."""
    up, down = (np.argsort(-sign * figure, kind="stable") for sign in (1.0, -1.0))
    return 1.0 if apgr([up], gain) >= apgr([down], gain) else -1.0


def predict(trained: Trained, prompts: Prompts) -> Floats:
    """How likely each model is right (n, 2)."""
    return Design(prompts, trained.scale).chances(trained.heads)


def _folds(
    groups: list[str] | None, size: int, folds: int, draw: np.random.Generator
) -> NDArray[np.int64]:
    if groups is None:
        return draw.permutation(size) % folds
    names, place = np.unique(groups, return_inverse=True)
    return np.asarray((draw.permutation(len(names)) % folds)[place])


def _held(
    scores: Floats,
    costs: Floats | None,
    prompts: Prompts,
    folds: NDArray[np.int64],
    plan: Plan,
    draw: np.random.Generator,
) -> Held:
    size = len(scores)
    held = Held(np.zeros((size, 2)), np.zeros(size), np.zeros(size, bool), np.zeros(size, bool))
    for fold in range(plan.folds):
        rows, out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not len(out):
            continue
        mine, paid = scores[rows], None if costs is None else costs[rows]
        base = int(mine[:, 1].mean() > mine[:, 0].mean())
        trained = learn(mine, paid, prompts.take(rows), plan, draw)
        chances = predict(trained, prompts.take(out))
        held.chances[out] = chances
        held.moved[out] = chances[:, 1 - base] - chances[:, base] > trained.threshold
        # Whether long or short speaks for the strong model is learned too, inside the fold.
        long, gain = prompts.shapes[:, 0], mine[:, base] - mine[:, 1 - base]
        sign = leaning(long[rows], gain)
        held.length[out] = sign * long[out]
        edge = _threshold(-sign * long[rows], mine, paid, base, plan)
        held.moved_by_length[out] = (edge != NEVER) & (-sign * long[out] > edge)
    return held


def _inner(
    scores: Floats, prompts: Prompts, draw: np.random.Generator
) -> tuple[Rows, list[Floats], tuple[Floats, Floats] | None]:
    """Rows held out in turn, both chances of each under each strength, and weights to start from.

    Of many prompts one part is enough to choose by; of few, all parts are held out in turn.
    """
    deal = draw.permutation(len(scores)) % INNER
    parts = range(1 if len(scores) > MANY else INNER)
    rows = [np.flatnonzero(deal == part) for part in parts]
    found: list[list[Floats]] = [[] for _ in STRENGTHS]
    heads: tuple[Floats, Floats] | None = None
    for part, out in zip(parts, rows, strict=True):
        kept = np.flatnonzero(deal != part)
        inside = prompts.take(kept)
        scale = Scale.of(inside)
        design, beyond = Design(inside, scale), Design(prompts.take(out), scale)
        for n, strength in enumerate(STRENGTHS):
            one, two = heads or (None, None)
            heads = (
                fit(design, scores[kept, 0], strength, one),
                fit(design, scores[kept, 1], strength, two),
            )
            found[n].append(beyond.chances(heads))
    return np.concatenate(rows), [np.concatenate(each) for each in found], heads


def _rounded(head: Floats, scale: Scale) -> Floats:
    """Its weights of buckets as the file has them."""
    table = weights_of(head[:BUCKETS] * scale.idf)
    return np.concatenate([table.values / scale.idf, head[BUCKETS:]])


def _threshold(edge: Floats, scores: Floats, costs: Floats | None, base: int, plan: Plan) -> float:
    """Above it the other model is taken: the surest gain within the cost; else `NEVER`."""
    gain = scores[:, 1 - base] - scores[:, base]
    extra = None if costs is None else costs[:, 1 - base] - costs[:, base]
    most = 0.0 if costs is None else (plan.cost_within - 1) * float(costs[:, base].sum())
    best, chosen = 0.0, NEVER
    for threshold in _candidates(edge):
        moved = edge > threshold
        won = gain * moved
        sure = float(won.mean() - won.std() / np.sqrt(len(won)))
        affordable = extra is None or float(extra[moved].sum()) <= most
        if affordable and sure > best:
            best, chosen = sure, float(threshold)
    return chosen


def _candidates(edge: Floats) -> Iterator[float]:
    yield from np.unique(np.quantile(edge, np.linspace(0, 0.995, 80)))
