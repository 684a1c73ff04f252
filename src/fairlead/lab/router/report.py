"""The report on a scorer: what it gains beside always-best, length only, random and the oracle."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fairlead.lab.router.logistic import Prompts, read_prompts
from fairlead.lab.router.measures import (
    Bin,
    Interval,
    Resamples,
    apgr,
    calibration,
    curve,
    interval,
)
from fairlead.lab.router.results import Results, without_templates
from fairlead.lab.router.study import (
    NEVER,
    Held,
    Plan,
    Trained,
    cross_validate,
    leaning,
    learn,
    predict,
)
from fairlead.lab.router.tables import squares_of, weights_of
from fairlead.routing.scorer import BUCKETS, Head, write_scorer

__all__ = ["Ranking", "Report", "Row", "file_of", "ranking", "report", "transfer"]

Floats = NDArray[np.float64]
_LEAST_GROUPS = 5


class Ranking(Struct, frozen=True):
    """APGR: how well prompts are ranked by what the strong model gains on them."""

    scorer: Interval
    length: Interval
    ahead: Interval
    """Scorer minus length, paired."""


class Row(Struct, frozen=True):
    """One way to route: mean score (0 to 1), its gain over always-best, and its cost."""

    name: str
    score: Interval
    gain: Interval
    moved: float
    """Share of prompts that do not go to the base."""
    cost_ratio: float | None
    """Mean cost in costs of the base; None: unknown."""


class Report(Struct, frozen=True):
    """All that `fairlead route train` says; scores are held-out ones."""

    models: tuple[str, str]
    base: str
    prompts: int
    dealings: int
    folds: int
    resamples: int
    cost_within: float
    enabled: bool
    verdict: str
    rows: tuple[Row, ...]
    ranking: Ranking
    oracle_apgr: float
    groups_left_out: Ranking | None
    templates_stripped: Ranking | None
    shuffled_labels: Ranking | None
    calibration: dict[str, tuple[Bin, ...]]
    curves: dict[str, list[float]]
    """The gap's share recovered, from nothing to everything sent to the strong model."""


def ranking(held: list[Held], results: Results, resamples: Resamples) -> Ranking:
    """APGR of the scorer and of length alone, with intervals."""
    base = results.base
    gain = results.scores[:, base] - results.scores[:, 1 - base]
    ours = [_order(each.chances[:, base] - each.chances[:, 1 - base]) for each in held]
    plain = [_order(each.length) for each in held]
    one, two = apgr(ours, gain), apgr(plain, gain)
    drawn = np.array(
        [(apgr(ours, gain, counts), apgr(plain, gain, counts)) for counts in resamples.counts]
    )
    return Ranking(
        interval(one, drawn[:, 0]),
        interval(two, drawn[:, 1]),
        interval(one - two, drawn[:, 0] - drawn[:, 1]),
    )


def report(
    results: Results, plan: Plan, *, full: bool = True, resamples: int = 2000
) -> tuple[Report, Trained]:
    """The report, and the scorer trained on all. `full`: with groups left out, templates stripped
    and labels shuffled, each as costly as the rest.
    """
    prompts = read_prompts(results.prompts)
    held = cross_validate(results, prompts, plan)
    drawn = Resamples.of(len(results), resamples=resamples)
    rows = _rows(results, held, drawn)
    trained = learn(results.scores, results.costs, prompts, plan, np.random.default_rng(0))
    enabled, verdict = _verdict(results, rows[0], trained, plan)
    left_out = stripped = shuffled = None
    if full:
        if len(set(results.groups)) >= _LEAST_GROUPS:
            left_out = ranking(cross_validate(results, prompts, plan, groups=True), results, drawn)
        bare = without_templates(results)
        stripped = ranking(cross_validate(bare, read_prompts(bare.prompts), plan), results, drawn)
        shuffled = _shuffled(results, prompts, plan, drawn)
    base = results.base
    gain = results.scores[:, base] - results.scores[:, 1 - base]
    first = held[0]
    chances = np.mean([each.chances for each in held], axis=0)
    made = Report(
        models=results.models,
        base=results.models[base],
        prompts=len(results),
        dealings=plan.seeds,
        folds=plan.folds,
        resamples=resamples,
        cost_within=plan.cost_within,
        enabled=enabled,
        verdict=verdict,
        rows=rows,
        ranking=ranking(held, results, drawn),
        oracle_apgr=apgr([_order(gain)], gain),
        groups_left_out=left_out,
        templates_stripped=stripped,
        shuffled_labels=shuffled,
        calibration={
            model: tuple(calibration(chances[:, n], results.scores[:, n]))
            for n, model in enumerate(results.models)
        },
        curves={
            "scorer": curve(_order(first.chances[:, base] - first.chances[:, 1 - base]), gain),
            "length only": curve(_order(first.length), gain),
            "random": [n / 40 for n in range(41)],
        },
    )
    return made, trained


def transfer(train: Results, test: Results, plan: Plan) -> Ranking:
    """Trained on the one, measured on the other: both have to name the same models."""
    prompts, others = read_prompts(train.prompts), read_prompts(test.prompts)
    trained = learn(train.scores, train.costs, prompts, plan, np.random.default_rng(0))
    from_train = train.scores[:, train.base] - train.scores[:, 1 - train.base]
    long = prompts.shapes[:, 0]
    sign = leaning(long, from_train)
    chances = predict(trained, others)
    none = np.zeros(len(test), bool)
    held = Held(chances, sign * others.shapes[:, 0], none, none)
    return ranking([held], test, Resamples.of(len(test)))


def file_of(made: Report, trained: Trained) -> bytes:
    """The scorer's file."""
    scale, (one, two) = trained.scale, trained.heads
    weights = [head[BUCKETS:-1] / scale.spreads for head in (one, two)]
    bias = [float(head[-1] - weights[n] @ scale.means) for n, head in enumerate(trained.heads)]
    tables = [
        squares_of(scale.idf**2),
        weights_of(one[:BUCKETS] * scale.idf),
        weights_of(two[:BUCKETS] * scale.idf),
    ]
    head = Head(
        models=made.models,
        base=made.base,
        enabled=made.enabled,
        threshold=trained.threshold,
        bias=(bias[0], bias[1]),
        weights=(tuple(map(float, weights[0])), tuple(map(float, weights[1]))),
        steps=(tables[0].step, tables[1].step, tables[2].step),
        prompts=made.prompts,
        verdict=made.verdict,
    )
    return write_scorer(head, b"".join(table.codes.tobytes() for table in tables))


def _order(score: Floats) -> NDArray[np.intp]:
    """Places from the highest score down; ties in the order of the file."""
    return np.argsort(-score, kind="stable")


def _shuffled(results: Results, prompts: Prompts, plan: Plan, drawn: Resamples) -> Ranking:
    """Trained on labels of other prompts, measured on each prompt's own: about 0.5 is sound."""
    held = cross_validate(results, prompts, plan, shuffle=True)
    return ranking(held, results, drawn)


def _rows(results: Results, held: list[Held], drawn: Resamples) -> tuple[Row, ...]:
    base, size = results.base, len(results)
    oracle = results.scores[:, 1 - base] > results.scores[:, base]
    moved = np.mean([each.moved for each in held], axis=0)
    shares = {
        "scorer": moved,
        f"always {results.models[base]}": np.zeros(size),
        f"always {results.models[1 - base]}": np.ones(size),
        "length only": np.mean([each.moved_by_length for each in held], axis=0),
        "random, the scorer's share": np.full(size, moved.mean()),
        "random half": np.full(size, 0.5),
        "oracle": oracle.astype(np.float64),
    }
    return tuple(_row(name, share, results, drawn) for name, share in shares.items())


def _row(name: str, moved: Floats, results: Results, drawn: Resamples) -> Row:
    """`moved` (n): the share of the dealings in which a prompt goes to the other model."""
    base = results.base
    best, other = results.scores[:, base], results.scores[:, 1 - base]
    won = moved * (other - best)
    scored = best + won
    costs, ratio = results.costs, None
    if costs is not None and costs[:, base].sum() > 0:
        paid = costs[:, base] + moved * (costs[:, 1 - base] - costs[:, base])
        ratio = float(paid.sum() / costs[:, base].sum())
    size = len(results)
    return Row(
        name,
        interval(float(scored.mean()), drawn.counts @ scored / size),
        interval(float(won.mean()), drawn.counts @ won / size),
        float(moved.mean()),
        ratio,
    )


def _verdict(results: Results, ours: Row, trained: Trained, plan: Plan) -> tuple[bool, str]:
    """Do no harm: on only where the gain's lower bound is above 0, at a cost within bounds."""
    base = results.models[results.base]
    stays = f"not better than always {base}"
    gain = ours.gain
    told = f"{100 * gain.value:+.2f} points [{100 * gain.low:+.2f}, {100 * gain.high:+.2f}]"
    if gain.low <= 0:
        return False, f"{stays}: {told}; auto stays as it is"
    if ours.cost_ratio is None:
        return (
            False,
            f"{stays} that can be shown: {told}, but costs are unknown; auto stays as it is",
        )
    if ours.cost_ratio > plan.cost_within:
        return False, (
            f"{stays} at equal cost: {told} at {ours.cost_ratio:.3f} x its cost;"
            " auto stays as it is"
        )
    if trained.threshold == NEVER:
        return (
            False,
            f"{stays}: trained on all, no threshold is sure; auto stays as it is",
        )
    return True, f"better than always {base}: {told} at {ours.cost_ratio:.3f} x its cost"
