"""From features and a policy to a decision: a value that says where, why, and why not elsewhere.

Four steps: the hard limits rule out, the policy's questions prefer, its objective chooses where
they leave several models, the rest is ranked behind in the policy's order. Pure and deterministic:
the same features under the same policy, options and moment give the same decision, which is what
replaying a ledger rests on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from fairlead.catalog.model import Model
from fairlead.routing.decision import Candidate, Decision, Features, Step
from fairlead.routing.draw import uniform
from fairlead.routing.expect import Expected, Predict, expect
from fairlead.routing.flips import flips
from fairlead.routing.guards import Broken, doubtful
from fairlead.routing.moment import NO_MOMENT, Moment, part
from fairlead.routing.none_left import none_left, short
from fairlead.routing.options import Option
from fairlead.routing.policy import Policy, PolicyError
from fairlead.routing.rule import Rule
from fairlead.routing.weigh import ByScorer, Rival, Weighed, share_of, weigh

__all__ = [
    "arm_options",
    "as_canary",
    "decide",
    "drawn_arm",
    "header",
    "named",
    "undecided",
    "way_ruled",
    "why_chosen",
    "why_ruled",
]

REASON = 120
"""Characters of `Decision.reason`: it travels in a header."""


class _Judged(Struct, frozen=True):
    """An option, its model's id, and what stands in its way."""

    option: Option
    id: str
    broken: Broken | None


class _Chosen(NamedTuple):
    """All options with the chosen one's likes first, and what the objective said of it."""

    judged: list[_Judged]
    wanted: _Judged | None
    weighed: Weighed | None


def decide(
    features: Features,
    policy: Policy,
    options: Sequence[Option],
    predict: Predict | None = None,
    moment: Moment = NO_MOMENT,
) -> Decision:
    """The decision of a policy.

    Raises `Failure`: `context_length_exceeded` where the prompt is too long for every model that is
    configured, else `unsupported`; the message says which limit ruled out which model.
    """
    if policy.canary is not None:
        return _divided(features, policy, options, predict, moment)
    if not policy.chooses:
        moment = NO_MOMENT  # has no say, and is not stored
    path, rule = _walk(policy, features)
    use = policy.otherwise if rule is None else rule.use
    expected = expect(options, features, predict, moment)
    chosen = _choose(policy, use, options, features, expected, moment)
    judged, wanted, weighed = chosen
    fit = [each for each in judged if each.broken is None]
    if not fit:
        fit = [each for each in judged if doubtful(each.broken)]
        if not fit:
            raise none_left([(each.option, each.broken) for each in judged])
    first = fit[0]
    if wanted is None or wanted is first:
        route, why = way_ruled(policy, rule), why_ruled(policy, rule, features)
        if weighed is not None:
            path = (*path, Step(_question(policy, use), answer=True, because=weighed.told))
            route = why = why_chosen(policy, rule, use)
    else:
        why = f"{policy.name}: {first.id}, as {wanted.id} {short(wanted.broken)}"
        route = f"{policy.name}: {first.id}, as {wanted.id} cannot serve"
    notes = weighed.notes if weighed is not None else {}
    return Decision(
        policy.name,
        policy.hash,
        path,
        tuple([each.id for each in fit]),
        _drawn_by(
            _chances(policy, chosen, moment),
            tuple([_candidate(each, first, wanted, expected[each.id], notes) for each in judged]),
        ),
        header(why),
        features,
        first.option.warnings + _doubt(first) + (weighed.warnings if weighed is not None else ()),
        (weighed.flip if weighed is not None else ()) + flips(features, policy, options, first.id),
        part(moment, expected) if policy.chooses else None,
        header(route),
    )


def named(
    model: Model,
    features: Features,
    *,
    available: bool = True,
    warnings: tuple[str, ...] = (),
    doors: tuple[Model, ...] = (),
) -> Decision:
    """The decision for a model that the client named: no policy, the same hard limits. `doors` as
    an option has them.

    Raises `Failure` as `decide` does.
    """
    option = Option(model, (), available, warnings, doors)
    judged = _Judged(option, model.id, option.broken(features))
    if judged.broken is not None and judged.broken.certain:
        raise none_left([(option, judged.broken)])
    return Decision(
        policy="named",
        policy_hash="",
        path=(),
        ranked=(model.id,),
        candidates=(Candidate(model.id, "the client named it"),),
        reason=header(f"named: {model.id}"),
        features=features,
        warnings=warnings + _doubt(judged),
        route=header(f"named: {model.id}"),
    )


def _divided(
    features: Features,
    policy: Policy,
    options: Sequence[Option],
    predict: Predict | None,
    moment: Moment,
) -> Decision:
    """A canary's decision: that of the arm which the session belongs to, told as the canary's."""
    arm, step = drawn_arm(policy, moment)
    own = arm_options(arm, options)
    return as_canary(policy, step, decide(features, arm, own, predict, moment), moment)


def drawn_arm(policy: Policy, moment: Moment) -> tuple[Policy, Step]:
    """The arm of a canary that a session belongs to, and the step that tells it."""
    canary = policy.canary
    if canary is None or len(canary.arms) < len(_ARMS):
        raise PolicyError(f"{policy.name}: the policies that it divides between are not known")
    question = f"among the {canary.share * 100:g} % of sessions on {canary.policy}?"
    if moment.rolled_back:
        return canary.arms[0], Step(
            question, answer=False, because=f"rolled back at {moment.rolled_back}"
        )
    if moment.session is None:
        return canary.arms[0], Step(question, answer=False, because="no session to draw from")
    drawn = uniform(moment.session, policy.name)
    answer = drawn < canary.share
    sign = "<" if answer else ">="
    return canary.arms[answer], Step(question, answer, f"drew {drawn:.4f} {sign} {canary.share:g}")


def arm_options(arm: Policy, options: Sequence[Option]) -> list[Option]:
    """The options of one arm, in its order."""
    found: dict[str, Option] = {}
    for name in arm.candidates:
        for option in options:
            if option.answers_to(name):
                found.setdefault(option.model.id, option)
    return list(found.values())


def as_canary(policy: Policy, step: Step, decision: Decision, moment: Moment) -> Decision:
    """An arm's decision in the canary's name."""
    kept = decision.moment or Moment()
    back = moment.rolled_back
    told = f"{policy.name} (canary rolled back at {back})" if back else policy.name
    candidates = decision.candidates
    if candidates and policy.canary is not None and moment.session is not None and not back:
        share = policy.canary.share if step.answer else 1 - policy.canary.share
        within = {each.model: each.drawn for each in candidates if each.drawn is not None}
        chances = within or {decision.ranked[0]: 1.0}
        candidates = _drawn_by({name: share * each for name, each in chances.items()}, candidates)
    return replace(
        decision,
        policy=policy.name,
        policy_hash=policy.hash,
        path=(step, *decision.path),
        candidates=candidates,
        reason=header(f"{told}: {decision.reason}"),
        moment=replace(kept, session=moment.session, rolled_back=back),
    )


def undecided(policy: Policy, features: Features, moment: Moment) -> Decision:
    """What is known of a canary's decision where its arm has no model for a request."""
    _, step = drawn_arm(policy, moment)
    reason = f"{policy.name}: no model can take this request"
    none = Decision(policy.name, policy.hash, (), (), (), reason, features, route=reason)
    return as_canary(policy, step, none, moment)


_ARMS = ("base", "policy")


def _chances(policy: Policy, chosen: _Chosen, moment: Moment) -> dict[str, float]:
    """With what chance a session is drawn to each model; empty where nothing is drawn."""
    objective, weighed = policy.objective, chosen.weighed
    if objective is None or not objective.shares or weighed is None or moment.session is None:
        return {}
    if policy.sticky and moment.held is not None:
        return {}  # it stays where it was
    among = {rival.id for rival in weighed.order if rival.id not in weighed.notes}
    shares = {
        each.id: share_of(objective, each.option) for each in chosen.judged if each.id in among
    }
    whole = sum(shares.values())
    return {name: share / whole for name, share in shares.items()} if whole else {}


def _drawn_by(
    chances: Mapping[str, float], candidates: tuple[Candidate, ...]
) -> tuple[Candidate, ...]:
    if not chances:
        return candidates
    return tuple([replace(each, drawn=chances.get(each.model)) for each in candidates])


def _walk(policy: Policy, features: Features) -> tuple[tuple[Step, ...], Rule | None]:
    """The questions asked, up to the first yes, and the rule that said it."""
    path: list[Step] = []
    for rule in policy.rules:
        step = rule.ask(features)
        path.append(step)
        if step.answer:
            return tuple(path), rule
    return tuple(path), None


def _choose(
    policy: Policy,
    use: tuple[str, ...],
    options: Sequence[Option],
    features: Features,
    expected: Mapping[str, Expected],
    moment: Moment,
) -> _Chosen:
    """The options in the order in which they are preferred, the wanted one first."""
    ahead: list[_Judged] = []
    behind: list[_Judged] = []
    for option in options:
        broken = None if option.fits(features) else option.broken(features)
        judged = _Judged(option, option.model.id, broken)
        meant = any(option.answers_to(name) for name in use)
        (ahead if meant else behind).append(judged)
    if len(use) > 1:
        ahead.sort(key=lambda each: _place(each.option, use))
    fit = [each for each in ahead if each.broken is None]
    weighed = None
    if policy.chooses and len(fit) > 1:
        rivals = [_rival(each.option, expected[each.id]) for each in fit]
        weighed = weigh(
            policy.objective,
            policy.constraints,
            rivals,
            moment.session,
            policy.name,
            moment.held if policy.sticky else None,
            _by_scorer(policy, moment),
        )
        places = {rival.id: place for place, rival in enumerate(weighed.order)}
        fit.sort(key=lambda each: places[each.id])
    ordered = fit + [each for each in ahead if each.broken is not None]
    wanted = ordered[0] if ordered else None
    if wanted is not None and policy.fallbacks:
        return _Chosen(_fallen(policy, wanted, ordered + behind), wanted, weighed)
    return _Chosen(ordered + behind, wanted, weighed)


def _by_scorer(policy: Policy, moment: Moment) -> ByScorer | None:
    """What the policy's own scorer said of this prompt, if it was asked."""
    rule = policy.scorer
    return None if rule is None or moment.scorer != rule.hash else (rule, moment.chances)


def _place(option: Option, use: tuple[str, ...]) -> int:
    return next(place for place, name in enumerate(use) if option.answers_to(name))


def _rival(option: Option, expected: Expected) -> Rival:
    return Rival(
        option.model.id,
        option.names,
        expected.cost_usd,
        expected.first_token_ms,
        expected.latency_ms,
        expected.quality,
        expected.session_usd,
    )


def _fallen(policy: Policy, wanted: _Judged, ordered: Sequence[_Judged]) -> list[_Judged]:
    """The order with the wanted one's fallbacks directly behind it, theirs behind them."""
    chain: list[_Judged] = [wanted]
    for each in chain:
        for name, behind in policy.fallbacks:
            if each.option.answers_to(name):
                chain += [
                    other
                    for following in behind
                    for other in ordered
                    if other.option.answers_to(following) and other not in chain
                ]
    return chain + [each for each in ordered if each not in chain]


def _question(policy: Policy, use: tuple[str, ...]) -> str:
    """`cheapest of flash, haiku?`."""
    wish = "first" if policy.objective is None else policy.objective.name
    if policy.scorer is not None:
        wish = f"by the scorer, else {wish}"
    return f"{'best by weights' if wish == 'weights' else wish} of {', '.join(use)}?"


def why_chosen(policy: Policy, rule: Rule | None, use: tuple[str, ...]) -> str:
    """`own: code, cheapest of flash, haiku`."""
    reason = "" if rule is None else f"{rule.reason}, "
    return f"{policy.name}: {reason}{_question(policy, use)[:-1]}"


def way_ruled(policy: Policy, rule: Rule | None) -> str:
    """`article-tree: large document`."""
    return f"{policy.name}: {policy.otherwise_reason if rule is None else rule.reason}"


def why_ruled(policy: Policy, rule: Rule | None, features: Features) -> str:
    """`article-tree: large document (212,331 tokens > 200,000)`."""
    detail = "" if rule is None else rule.detail(features)
    return way_ruled(policy, rule) + (f" ({detail})" if detail else "")


def _candidate(
    each: _Judged,
    first: _Judged,
    wanted: _Judged | None,
    expected: Expected,
    notes: Mapping[str, str],
) -> Candidate:
    """Why this model won or lost; `first` is the one that the request goes to."""
    broken = each.broken
    ruled_out = None
    why = "the policy's choice" if each is wanted else "next in the policy's order"
    if broken is not None and (broken.certain or first.broken is None):
        why, ruled_out = f"{why}, but {broken.why}", broken.why
    else:
        if each is not first:
            preferred = "preferred" if first is wanted else "the first that can serve"
            note = notes.get(each.id)
            why = f"fallback: {note or f'{first.id} is {preferred}'}"
        if broken is not None:
            why = f"{why}; {broken.why}, but nothing else fits"
    return Candidate(
        each.id,
        why,
        ruled_out,
        expected.cost_usd,
        expected.prompt_tokens,
        expected.output_tokens,
        expected.first_token_ms,
        expected.latency_ms,
        expected.quality,
        expected.warm_tokens,
        expected.switch_usd,
    )


def _doubt(each: _Judged) -> tuple[str, ...]:
    return () if each.broken is None else (f"{each.id}: {each.broken.why}",)


def header(text: str) -> str:
    """ASCII without control characters, short enough for a header."""
    plain = text
    if not (text.isascii() and text.isprintable()):
        plain = "".join([c if " " <= c <= "~" else "?" for c in text])
    return plain if len(plain) <= REASON else f"{plain[: REASON - 3]}..."
