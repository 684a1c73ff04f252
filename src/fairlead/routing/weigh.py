"""An objective applied: which of several models, by which figures, and what would have changed it.

Only differences count. With weights w, a model scores

    w_cost * ln(cost / least cost) + w_latency * ln(time / least time) + w_quality * behind / 10

where `behind` is in points of quality behind the best; the lowest score wins, and equal ones stay
in the policy's order. A figure that is unknown for one of the models says nothing about the others:
that dimension is left out, and said to be. Where none is left, the policy's order decides.

Since logarithms turn ratios into differences, what would flip the choice is exact: a model that is
`gap` behind would have to be exp(-gap / w) times as dear or slow, or gap / w * 10 points better.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import exp, log
from typing import Final, NamedTuple

from msgspec import Struct

from fairlead.routing.decision import Flip
from fairlead.routing.draw import by_shares
from fairlead.routing.objective import DIMENSIONS, WEIGHTED, Constraints, Objective
from fairlead.routing.options import Option
from fairlead.routing.scorer_rule import ScorerRule, by_scorer

__all__ = ["ByScorer", "Rival", "Weighed", "quality_score", "ratio_score", "share_of", "weigh"]

POINTS: Final = 10
"""Points of quality that count as much as a factor of e in price, at equal weights."""
_LEAST = 1e-12

ByScorer = tuple[ScorerRule, Mapping[str, float]]
"""The rule, and how likely each model is right."""


class Rival(Struct, frozen=True):
    """One model that may be chosen, with what is expected of it; None: unknown."""

    id: str
    names: tuple[str, ...] = ()
    cost_usd: Decimal | None = None
    first_token_ms: float | None = None
    latency_ms: float | None = None
    quality: float | None = None
    session_usd: Decimal | None = None

    @property
    def weighed_usd(self) -> Decimal | None:
        """The cost that is compared: the session's, where that is known."""
        return self.cost_usd if self.session_usd is None else self.session_usd


class Weighed(NamedTuple):
    """The rivals in their order, what was compared in words, a note on each (by id), what would
    have changed the choice, and what people should know.
    """

    order: tuple[Rival, ...]
    told: str
    notes: dict[str, str]
    flip: tuple[Flip, ...] = ()
    warnings: tuple[str, ...] = ()


class _Dimension(NamedTuple):
    """A figure: how it is read, told, and turned into a score and back."""

    read: Callable[[Rival], float | None]
    say: Callable[[float], str]
    score: Callable[[float], float]
    back: Callable[[float, float], float]
    worse: str
    wish: str


def ratio_score(value: float) -> float:
    """Of a cost or a time: only its ratio to another's counts."""
    return log(max(value, _LEAST))


def quality_score(points: float) -> float:
    """Of a quality: only its difference from another's counts; the lower score is better."""
    return -points / POINTS


def _cost(rival: Rival) -> float | None:
    usd = rival.weighed_usd
    return None if usd is None else float(usd)


_TABLE: dict[str, _Dimension] = {
    "cost": _Dimension(
        _cost,
        lambda usd: f"${usd:.6f}",
        ratio_score,
        lambda usd, gap: usd * exp(-gap),
        "dearer",
        "cost under",
    ),
    "latency": _Dimension(
        lambda rival: rival.latency_ms,
        lambda ms: f"{ms:,.0f} ms",
        ratio_score,
        lambda ms, gap: ms * exp(-gap),
        "slower",
        "time under",
    ),
    "quality": _Dimension(
        lambda rival: rival.quality,
        lambda points: f"{points:.1f} points",
        quality_score,
        lambda points, gap: points + gap * POINTS,
        "lower quality",
        "quality over",
    ),
}


def weigh(
    objective: Objective | None,
    constraints: Constraints,
    rivals: Sequence[Rival],
    session: int | None = None,
    salt: str = "",
    held: str | None = None,
    by: ByScorer | None = None,
) -> Weighed:
    """The rivals in the order of the objective, those that keep the constraints first.

    `rivals` come in the policy's order, at least one. `session` and `salt` are what is drawn from;
    `held` is the model that goes before all that keep the constraints, if it does; `by` is what a
    scorer takes of those, before the objective.
    """
    notes: dict[str, str] = {}
    kept, warnings = _kept(constraints, rivals, notes)
    order, told, flip = _ordered(objective, kept, notes, session, salt)
    chosen = None if by is None else by_scorer(*by, [rival.id for rival in order])
    if chosen is not None:
        first, told, turned = chosen
        order.sort(key=lambda rival: rival.id != first)
        notes |= {rival.id: f"the scorer takes {first}" for rival in order[1:]}
        flip = (turned,)
    behind = [rival for rival in rivals if rival not in kept]
    stays = next((rival for rival in order[1:] if rival.id == held), None)
    if stays is not None:
        told = f"{told}; but the session stays with {stays.id}"
        flip = (Flip("a new session", order[0].id),)
        notes[order[0].id] = f"the session stays with {stays.id}"
        order = [stays, *[rival for rival in order if rival is not stays]]
    if behind:
        free = _ordered(objective, rivals, {}, session, salt)[0][0]
        if free.id in notes and free in behind:
            flip = (*flip, Flip(f"without {notes[free.id]}", free.id))
    return Weighed((*order, *behind), told, notes, flip, warnings)


def _ordered(
    objective: Objective | None,
    rivals: Sequence[Rival],
    notes: dict[str, str],
    session: int | None,
    salt: str,
) -> tuple[list[Rival], str, tuple[Flip, ...]]:
    """The objective's order, told, with what would have changed it."""
    if objective is None:
        return list(rivals), "the first of these", ()
    if objective.name == WEIGHTED:
        return _drawn(objective, rivals, session, salt)
    return _scored(objective, rivals, notes)


def _kept(
    constraints: Constraints, rivals: Sequence[Rival], notes: dict[str, str]
) -> tuple[Sequence[Rival], tuple[str, ...]]:
    """The rivals that keep the constraints; all, with a warning, where none does."""
    if constraints == Constraints():
        return rivals, ()
    scores = [rival.quality for rival in rivals if rival.quality is not None]
    best = max(scores, default=None)
    kept = []
    for rival in rivals:
        broken = _broken(constraints, rival, best)
        if broken is None:
            kept.append(rival)
        else:
            notes[rival.id] = broken
    if kept:
        return kept, ()
    said = "; ".join([f"{rival.id}: {notes[rival.id]}" for rival in rivals])
    notes.clear()
    return rivals, (f"no candidate keeps the policy's constraints: {said}",)


def _broken(constraints: Constraints, rival: Rival, best: float | None) -> str | None:
    within, usd, ms = (
        constraints.quality_within,
        constraints.max_usd,
        constraints.max_first_token_ms,
    )
    if usd is not None and rival.cost_usd is not None and rival.cost_usd > usd:
        return f"max_usd {usd} (expected ${rival.cost_usd:.6f})"
    if ms is not None and rival.first_token_ms is not None and rival.first_token_ms > ms:
        return f"max_first_token_ms {ms:g} (expected {rival.first_token_ms:,.0f})"
    if within is not None and best is not None and rival.quality is not None:
        behind = best - rival.quality
        if behind > within:
            return f"quality_within {within:g} (it is {behind:.1f} points behind the best)"
    return None


def _drawn(
    objective: Objective, kept: Sequence[Rival], session: int | None, salt: str
) -> tuple[list[Rival], str, tuple[Flip, ...]]:
    """Drawn by shares; without a session to draw from, the greatest share first."""
    shares = [(rival.id, _share(objective, rival.id, rival.names)) for rival in kept]
    if session is None:
        names = [name for name, _ in sorted(shares, key=lambda pair: -pair[1])]
        told = "the greatest share, as there is no session to draw from"
    else:
        names, told = by_shares(session, salt, shares), "drawn for this session"
    by_id = {rival.id: rival for rival in kept}
    said = ", ".join([f"{name} {share:g}" for name, share in shares])
    return [by_id[name] for name in names], f"{told}; shares {said}", ()


def share_of(objective: Objective | None, option: Option) -> float:
    """The share of an option; 0 where it has none."""
    return 0.0 if objective is None else _share(objective, option.model.id, option.names)


def _share(objective: Objective, model: str, names: Sequence[str]) -> float:
    return next((share for name, share in objective.shares if name in names or name == model), 0.0)


def _scored(
    objective: Objective, kept: Sequence[Rival], notes: dict[str, str]
) -> tuple[list[Rival], str, tuple[Flip, ...]]:
    order, scores, used = _by_score(objective, kept)
    unknown: list[str] = []
    for name in DIMENSIONS:
        missing = [rival.id for rival in kept if _TABLE[name].read(rival) is None]
        if getattr(objective, name) and missing and len(kept) > 1:
            unknown.append(f"{name} of {' and '.join(missing)} is unknown")
    if not used:
        said = "; ".join(unknown) or "nothing to compare"
        return list(kept), f"{said}: the policy's order decides", ()
    first = order[0]
    told = " < ".join([f"{rival.id} {_say(rival, used)}" for rival in order])
    flip: list[Flip] = []
    for rival in order[1:]:
        notes[rival.id] = _lost(rival, first, used)
        gap = scores[rival.id] - scores[first.id]
        for name, weight in used:
            dimension = _TABLE[name]
            value = dimension.read(rival)
            if value is not None:
                bound = dimension.back(value, gap / weight)
                wish = f"{dimension.wish} {dimension.say(bound)} (expected {dimension.say(value)})"
                flip.append(Flip(wish, rival.id))
    return order, "; ".join([told, *unknown]), tuple(flip)


def _by_score(
    objective: Objective, kept: Sequence[Rival]
) -> tuple[list[Rival], dict[str, float], list[tuple[str, float]]]:
    """The order, the scores by id, and the dimensions that could be compared with their weights."""
    scores = dict.fromkeys([rival.id for rival in kept], 0.0)
    used: list[tuple[str, float]] = []
    for name in DIMENSIONS:
        weight = getattr(objective, name)
        if not weight:
            continue
        read, score = _TABLE[name].read, _TABLE[name].score
        figures = [read(rival) for rival in kept]
        known = [figure for figure in figures if figure is not None]
        if len(known) < len(figures):
            continue
        used.append((name, weight))
        for rival, figure in zip(kept, known, strict=True):
            scores[rival.id] += weight * score(figure)
    return sorted(kept, key=lambda rival: scores[rival.id]), scores, used


def _say(rival: Rival, used: Sequence[tuple[str, float]]) -> str:
    said = []
    for name, _ in used:
        value = _TABLE[name].read(rival)
        if value is not None:
            said.append(_TABLE[name].say(value))
    return ", ".join(said)


def _lost(rival: Rival, first: Rival, used: Sequence[tuple[str, float]]) -> str:
    """What it lost by, in words; what was better is left out."""
    said = []
    for name, _ in used:
        dimension = _TABLE[name]
        own, best = dimension.read(rival), dimension.read(first)
        if own is not None and best is not None and dimension.score(own) > dimension.score(best):
            said.append(f"{dimension.worse}: {dimension.say(own)} against {dimension.say(best)}")
    return "; ".join(said) or "as good, and behind in the policy's order"
