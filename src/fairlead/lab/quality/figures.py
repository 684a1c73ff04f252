"""Figures of quality by model and task, shrunk to what is known more broadly.

Theory. Wanted is the mean rating r (0 to 1) that a model's answers to a kind of task deserve. Few
are rated, all are seen by the signals; so the answers are put into strata by their worst signal
(none is a stratum too), and

    own figure = sum over strata of (share of the answers in it) * (mean rating within it)

is right whoever rates, as long as those rated are like the others of their stratum (estimation by
post-stratification). The shares are counted over all answers. The rating within a stratum is
shrunk, so that a model that nobody rated is taken for as good as the others where it shows the
same signals: from an assumption (0.9 without a signal, less by the signal's weight; worth
`ASSUMED` ratings) to all answers, to those to this task, to this model's to it, each level
counting as `LEVEL` ratings at the next. Tasks differ more than models do: so the task comes first.

A figure is then the posterior mean of a beta distribution whose prior is what is known more
broadly, each source as many answers worth as it has, and no more than its bound:

    figure = (n * own + sum of n_s * source_s) / (n + sum of n_s)

own answers in this task (n: those rated, and a tenth of the others, at most `UNRATED`), the
model's own answers to other tasks (at most `OTHERS`), the laboratory (`LABORATORY`), published
benchmarks of the area (`PUBLISHED`). With n growing it goes to the own figure. The interval is the
middle 95 % of that beta distribution. Sources measure on scales of their own, and tasks differ in
how hard they are; only what a source says of one model *against another* is taken from it: it is
moved, for all models alike, to the level of what stands before it (`_aligned`).

The bounds are small, since tasks differ more than answers to one task do: with them intervals hold
the truth as often as they should where that is known (`python -m benchmarks.quality_truth`).

What a router sees is biased: a model's answers are those to the requests that it was given. So
own answers count in a task only where at least two models have `LEAST` of them there; and where a
policy drew by lot between models, `LOT` answers of each under the same policy push aside all that
were not drawn. Requests that a shadow copied are such a lot, with their copies. Everything else
compares what may not be alike, and says so (`Figure.note`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Final

from msgspec import Struct

from fairlead.lab.quality.beta import middle
from fairlead.lab.quality.evidence import Answer, LabResult
from fairlead.routing.signals import SIGNALS

__all__ = ["ALL", "LEAST", "Figure", "Known", "Rates", "Source", "figures", "posterior"]

ALL: Final = ""
"""Stands for all tasks together."""
GOOD: Final = 0.9
"""What an answer without a signal is taken for until one is rated: an assumption."""
ASSUMED, LEVEL = 4.0, 8.0
UNRATED, TENTH = 4.0, 0.1
OTHERS, LABORATORY, PUBLISHED = 2.0, 20.0, 2.0
LEAST, LOT = 20.0, 50.0
TELLING: Final = 2.0
"""Answers' worth below which a figure is unknown."""
_EASE: Final = 10.0
"""Answers' worth of doubt in moving a source to another's level."""

_Published = Mapping[str, Mapping[str, float]]


class Source(Struct, frozen=True):
    """What one source says: the mean (0 to 100) after it was moved, and answers' worth."""

    name: str
    score: float
    worth: float


class Figure(Struct, frozen=True):
    """One figure, 0 to 100, with its 95 % interval. `task` "": for all tasks.

    `answers` and `rated` count own ones, with their weights; `lot`: they were drawn by lot.
    `sources` stand in the order of what goes before what; `shrunk_to` is what all but the first
    say, None where there is nothing else. `note`: what was left out, or may mislead.
    """

    model: str
    task: str
    score: float
    low: float
    high: float
    answers: float
    rated: float
    sources: tuple[Source, ...]
    shrunk_to: float | None = None
    lot: bool = False
    note: str = ""


class Known(Struct, frozen=True):
    """A mean (0 to 1), and how many answers it is worth."""

    mean: float
    worth: float


class _Own(Struct, frozen=True):
    known: Known
    answers: float
    rated: float


def posterior(own: Known | None, broader: Sequence[Known]) -> Known | None:
    """What own answers and broader sources say together; None where they say nothing."""
    told = [each for each in (own, *broader) if each is not None and each.worth > 0]
    worth = fsum(each.worth for each in told)
    if not told:
        return None
    return Known(_share(fsum(each.mean * each.worth for each in told) / worth), worth)


class Rates:
    """Mean ratings within strata: of all answers, of those to a task, of a model's to it."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        rated: dict[tuple[str, ...], list[Answer]] = defaultdict(list)
        for one in answers:
            if one.rating is not None:
                for level in _levels(one.signal, one.model, one.task or ALL):
                    rated[level].append(one)
        self._rated = {
            level: (
                fsum(one.weight * (one.rating or 0.0) for one in each),
                fsum(one.weight for one in each),
            )
            for level, each in rated.items()
        }

    def of(self, signal: str, model: str, task: str) -> float:
        """The rating that such an answer deserves, 0 to 1."""
        lost = SIGNALS[signal].weight if signal in SIGNALS else 0.0
        rate, worth = GOOD * (1 - lost), ASSUMED
        for level in _levels(signal, model, task):
            total, count = self._rated.get(level, (0.0, 0.0))
            rate = (worth * rate + total) / (worth + count)
            worth = LEVEL
        return rate


def _levels(signal: str, model: str, task: str) -> tuple[tuple[str, ...], ...]:
    return (signal,), (signal, task), (signal, task, model)


def figures(
    answers: Sequence[Answer], lab: Sequence[LabResult] = (), published: _Published | None = None
) -> tuple[Figure, ...]:
    """All that can be told, by task and model; what is not there is unknown."""
    published = published or {}
    rates = Rates(answers)
    by_task: dict[str, list[Answer]] = defaultdict(list)
    for one in answers:
        by_task[one.task or "?"].append(one)
    cells = {
        (model, task): own
        for task, rows in by_task.items()
        for model, own in _owns(rows, rates).items()
    }
    tried = _lab_by_task(lab)
    found = []
    tasks = sorted({*by_task, *tried, *published} - {"?", ALL})
    for task in (ALL, *tasks):
        rows = answers if task == ALL else by_task.get(task, [])
        found += _of_task(task, rows, cells, rates, (tried, published))
    return tuple(found)


def _of_task(
    task: str,
    rows: Sequence[Answer],
    cells: Mapping[tuple[str, str], _Own],
    rates: Rates,
    outside: tuple[Mapping[str, Mapping[str, Known]], _Published],
) -> list[Figure]:
    """The figures of one task. `cells` are own answers of all tasks, `outside` what comes from the
    laboratory and from publications.
    """
    lot = _lot(rows)
    if lot:
        rows = [one for one in rows if one.drawn == lot]
        rates = Rates(rows)  # what was not drawn says nothing of ratings either
    own = _owns(rows, rates)
    seen = own
    enough = sum(each.answers >= LEAST for each in own.values()) > 1
    own = own if enough else {}
    anchors = {model: each.known for model, each in own.items()}
    layers: list[tuple[str, dict[str, Known]]] = [("own answers", anchors)]
    level = anchors
    for name, most, source in (
        ("other tasks", OTHERS, _others(task, cells)),
        ("laboratory", LABORATORY, outside[0].get(task, {})),
        ("published", PUBLISHED, _worth(outside[1].get(task, {}), PUBLISHED)),
    ):
        moved = _aligned(source, level, most)
        layers.append((name, moved))
        level = level or moved
    models = sorted({model for _, layer in layers for model in layer} | set(seen))
    told = [_figure(model, task, layers, seen.get(model), bool(lot)) for model in models]
    note = "" if enough or not seen else _alone(seen)
    return [
        each if not note or each.answers == 0 else _noted(each, note)
        for each in told
        if each is not None
    ]


def _figure(
    model: str,
    task: str,
    layers: Sequence[tuple[str, Mapping[str, Known]]],
    seen: _Own | None,
    lot: bool,
) -> Figure | None:
    own = layers[0][1].get(model)
    broader = [layer[model] for _, layer in layers[1:] if model in layer]
    known, shrunk = posterior(own, broader), posterior(None, broader)
    if known is None or known.worth < TELLING:
        return None
    low, high = middle(known.mean, known.worth)
    return Figure(
        model,
        task,
        100 * known.mean,
        100 * low,
        100 * high,
        0.0 if seen is None else seen.answers,
        0.0 if seen is None else seen.rated,
        tuple(
            Source(name, 100 * layer[model].mean, layer[model].worth)
            for name, layer in layers
            if model in layer
        ),
        None if shrunk is None else 100 * shrunk.mean,
        lot,
        "" if own is None or lot else "not drawn by lot: the requests may not be alike",
    )


def _noted(figure: Figure, note: str) -> Figure:
    return Figure(
        figure.model, figure.task, figure.score, figure.low, figure.high, figure.answers,
        figure.rated, figure.sources, figure.shrunk_to, figure.lot, note,
    )  # fmt: skip


def _alone(seen: Mapping[str, _Own]) -> str:
    enough = sorted(model for model, each in seen.items() if each.answers >= LEAST)
    who = f"only {enough[0]} has" if enough else "no model has"
    return f"own answers left out: {who} {LEAST:g} of them here"


def _owns(rows: Sequence[Answer], rates: Rates) -> dict[str, _Own]:
    """Each model's own figure, over these answers."""
    by_model: dict[str, list[Answer]] = defaultdict(list)
    for one in rows:
        by_model[one.model].append(one)
    return {model: _own(mine, rates) for model, mine in by_model.items()} if rows else {}


def _own(rows: Sequence[Answer], rates: Rates) -> _Own:
    strata: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for one in rows:
        strata[one.signal, one.model, one.task or ALL].append(one.weight)
    whole = fsum(one.weight for one in rows)
    rated = fsum(one.weight for one in rows if one.rating is not None)
    mean = fsum(fsum(each) * rates.of(*level) for level, each in strata.items()) / whole
    worth = rated + min(UNRATED, TENTH * (whole - rated))
    return _Own(Known(_share(mean), worth), whole, rated)


def _lot(rows: Sequence[Answer]) -> str:
    """The policy whose drawn answers suffice for comparing by them alone; "" where none do."""
    drawn: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one in rows:
        if one.drawn:
            drawn[one.drawn][one.model] += one.weight
    fit = {
        hash_: sorted(each.values())[-2]
        for hash_, each in drawn.items()
        if sum(count >= LOT for count in each.values()) > 1
    }
    return max(sorted(fit), key=lambda hash_: fit[hash_], default="")


def _others(task: str, cells: Mapping[tuple[str, str], _Own]) -> dict[str, Known]:
    """Each model's own figure over the other tasks; nothing where only one model has any."""
    if task == ALL:
        return {}
    rest: dict[str, list[_Own]] = defaultdict(list)
    for (model, each), own in cells.items():
        if each != task:
            rest[model].append(own)
    if sum(fsum(own.answers for own in each) >= LEAST for each in rest.values()) < 2:
        return {}
    pooled = {model: posterior(None, [own.known for own in each]) for model, each in rest.items()}
    return {model: known for model, known in pooled.items() if known is not None}


def _aligned(
    source: Mapping[str, Known], anchors: Mapping[str, Known], most: float
) -> dict[str, Known]:
    """A source moved to the level of what stands before it, by the models that both know, and
    bounded to `most` answers' worth.
    """
    both = sorted(set(source) & set(anchors))
    shift = fsum(
        anchors[name].worth * (anchors[name].mean - source[name].mean) for name in both
    ) / (fsum(anchors[name].worth for name in both) + _EASE)
    return {
        name: Known(_share(each.mean + shift), min(most, each.worth))
        for name, each in source.items()
    }


def _lab_by_task(lab: Sequence[LabResult]) -> dict[str, dict[str, Known]]:
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in lab:
        scores[one.task][one.model].append(one.score)
        scores[ALL][one.model].append(one.score)
    return {
        task: {
            model: Known(_share(fsum(each) / len(each)), float(len(each)))
            for model, each in by_model.items()
        }
        for task, by_model in scores.items()
    }


def _worth(means: Mapping[str, float], worth: float) -> dict[str, Known]:
    return {model: Known(mean, worth) for model, mean in means.items()}


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
