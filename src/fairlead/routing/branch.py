"""One branch of a policy with an objective, compiled: who is taken, and nothing of why.

For requests that every option can serve, as is usual. The figures and their scores are those of
`expect` and `weigh`, computed without the values that these keep for telling; what `decide` would
say is made when it is asked for. That both take the same model is tested with Hypothesis.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter

from fairlead.routing.decide import header, way_ruled, why_chosen, why_ruled
from fairlead.routing.decision import Decision, Features
from fairlead.routing.draw import by_shares
from fairlead.routing.expect import Predicted, after, latency_ms
from fairlead.routing.moment import Moment, Pace, Warm
from fairlead.routing.objective import NO_CONSTRAINTS, WEIGHTED, Objective
from fairlead.routing.options import Option
from fairlead.routing.policy import Policy
from fairlead.routing.rule import Rule
from fairlead.routing.weigh import quality_score, ratio_score, share_of

__all__ = ["Branch", "PredictOne", "branches_of"]

PredictOne = Callable[[Features, int | None, Warm | None], Predicted]
"""`expect.Predict` for one model."""

_score = itemgetter(0)


class Branch:
    """What one answer of the questions leads to. `rule` is None for what none of them decides."""

    __slots__ = (
        "_behind",
        "_ids",
        "_objective",
        "_of",
        "_policy",
        "_predict",
        "_reason",
        "_route",
        "_rule",
    )

    def __init__(
        self,
        policy: Policy,
        rule: Rule | None,
        options: Sequence[Option],
        predict: Mapping[str, PredictOne] | None,
    ) -> None:
        use = policy.otherwise if rule is None else rule.use
        self._policy, self._rule = policy, rule
        ahead = [each for each in options if any(each.answers_to(name) for name in use)]
        ahead.sort(key=lambda each: min(n for n, name in enumerate(use) if each.answers_to(name)))
        self._ids = tuple([each.model.id for each in ahead])
        self._behind = tuple([each.model.id for each in options if each not in ahead])
        self._reason = header(why_chosen(policy, rule, use)) if len(ahead) > 1 else ""
        self._route = header(way_ruled(policy, rule))
        self._objective = policy.objective if len(ahead) > 1 else None
        self._predict = [None if predict is None else predict[name] for name in self._ids]
        self._of = {
            each.model.id: (each.warnings, share_of(policy.objective, each)) for each in options
        }

    def __bool__(self) -> bool:
        """Whether any option answers to its names."""
        return bool(self._ids)

    def decide(self, features: Features, moment: Moment) -> Decision:
        """The decision without its path, candidates and flips."""
        policy, objective = self._policy, self._objective
        if objective is None:
            ids, reason = self._ids, header(why_ruled(policy, self._rule, features))
            route = self._route
        else:
            ids, reason = self._chosen(objective, features, moment), self._reason
            route = reason
        ranked = ids + self._behind
        warnings = self._of[ranked[0]][0]
        return Decision(
            policy.name, policy.hash, (), ranked, (), reason, features, warnings, (), moment, route
        )

    def _chosen(self, objective: Objective, features: Features, moment: Moment) -> tuple[str, ...]:
        if objective.name == WEIGHTED:
            ids = self._drawn(moment.session)
        else:
            scores = self._scores(objective, features, moment)
            ids = self._ids
            if scores is not None:
                ids = tuple([name for _, name in sorted(zip(scores, ids, strict=True), key=_score)])
        held = moment.held
        if self._policy.sticky and held is not None and held != ids[0] and held in ids:
            return (held, *[name for name in ids if name != held])
        return ids

    def _drawn(self, session: int | None) -> tuple[str, ...]:
        shares = [(name, self._of[name][1]) for name in self._ids]
        if session is None:
            return tuple([name for name, _ in sorted(shares, key=lambda pair: -pair[1])])
        return tuple(by_shares(session, self._policy.name, shares))

    def _scores(
        self, objective: Objective, features: Features, moment: Moment
    ) -> list[float] | None:
        """What each model scores, the lowest best; None where there is nothing to compare."""
        by_cost, by_time, by_quality = objective.cost, objective.latency, objective.quality
        costs: list[float | None] = []
        times: list[float | None] = []
        for name, predict in zip(self._ids, self._predict, strict=True):
            pace = moment.pace.get(name)
            said = _said(predict, features, moment, (name, pace))
            if by_cost:
                usd = said[1]
                costs.append(None if usd is None else float(usd))
            if by_time:
                times.append(latency_ms(pace, said[0].output_tokens))
        scores: list[float] | None = None
        if by_cost:
            scores = _added(scores, costs, by_cost, ratio_score)
        if by_time:
            scores = _added(scores, times, by_time, ratio_score)
        if by_quality:
            known = [moment.quality.get(name) for name in self._ids]
            figures = [None if each is None else each.score for each in known]
            scores = _added(scores, figures, by_quality, quality_score)
        return scores


_NOTHING = Predicted()


def _said(
    predict: PredictOne | None, features: Features, moment: Moment, of: tuple[str, Pace | None]
) -> tuple[Predicted, Decimal | None]:
    """What is predicted, and the cost that is compared: as in `expect.expected`."""
    if predict is None:
        return _NOTHING, None
    name, pace = of
    warm = moment.warm.get(name)
    usual = None if pace is None or pace.output_tokens is None else round(pace.output_tokens)
    said = predict(features, usual, warm)
    usd = said.cost_usd
    if usd is None or not moment.further:
        return said, usd
    again = usd
    if warm is not None:
        again = predict(features, usual, after(warm, said.prompt_tokens or 0)).cost_usd or usd
    return said, usd + again * moment.further


def _added(
    scores: list[float] | None,
    figures: Sequence[float | None],
    weight: float,
    score: Callable[[float], float],
) -> list[float] | None:
    """The scores with one dimension more, if it is known of all."""
    known = [each for each in figures if each is not None]
    if len(known) < len(figures):
        return scores
    if scores is None:
        return [0.0 + weight * score(each) for each in known]
    return [so_far + weight * score(each) for so_far, each in zip(scores, known, strict=True)]


def branches_of(
    policy: Policy, options: Sequence[Option], predict: Mapping[str, PredictOne] | None
) -> tuple[Branch, ...] | None:
    """The branches in the rules' order, `otherwise` last; None where they don't tell all: another
    way round a constraint or a fallback is not taken here, and no scorer is asked.
    """
    plain = policy.constraints == NO_CONSTRAINTS and not policy.fallbacks and not policy.scorer
    if policy.objective is None or not plain:
        return None
    found = tuple([Branch(policy, rule, options, predict) for rule in (*policy.rules, None)])
    return found if all(found) else None
