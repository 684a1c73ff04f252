"""From features and a policy to a decision: a value that says where, why, and why not elsewhere.

Three steps: the hard limits rule out, the policy's tree prefers, the rest is ranked behind in the
policy's order. Pure and deterministic: the same features under the same policy and options give
the same decision, which is what replaying a ledger rests on.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from fairlead.canon import Failure, Problem, ProblemKind
from fairlead.catalog.model import Model
from fairlead.routing.conditions import FEATURES, ask
from fairlead.routing.decision import Candidate, Decision, Features, Step
from fairlead.routing.guards import Broken, broken_limit
from fairlead.routing.options import Option
from fairlead.routing.policy import Policy, Rule

__all__ = ["Predict", "decide", "named"]

Predict = Callable[[Model, Features], Decimal | None]
"""The predicted cost of a request on a model in US dollars; None for an unpriced model."""

REASON = 120
"""Characters of `Decision.reason`: it travels in a header."""


class _Judged(NamedTuple):
    option: Option
    broken: Broken | None

    @property
    def id(self) -> str:
        return self.option.model.id


def decide(
    features: Features, policy: Policy, options: Sequence[Option], predict: Predict | None = None
) -> Decision:
    """The decision of a policy.

    Raises `Failure`: `context_length_exceeded` where the prompt is too long for every model that is
    configured, else `unsupported`; the message says which limit ruled out which model.
    """
    judged = [_Judged(option, _broken(option, features)) for option in options]
    path, rule = _walk(policy, features)
    wish = policy.otherwise if rule is None else rule.use
    judged.sort(key=lambda each: not each.option.answers_to(wish))
    fit = [each for each in judged if each.broken is None]
    if not fit:
        fit = [each for each in judged if each.broken is not None and not each.broken.certain]
        if not fit:
            raise _none_left(judged)
    first = fit[0]
    wanted = judged[0] if judged[0].option.answers_to(wish) else None
    why = _why(policy, rule, features)
    if wanted is not None and wanted is not first:
        why = f"{policy.name}: {first.id}, as {wanted.id} {_short(wanted.broken)}"
    return Decision(
        policy=policy.name,
        policy_hash=policy.hash,
        path=path,
        ranked=tuple(each.id for each in fit),
        candidates=tuple(
            [
                _candidate(
                    each, fit, wanted, predict(each.option.model, features) if predict else None
                )
                for each in judged
            ]
        ),
        reason=_header(why),
        features=features,
        warnings=first.option.warnings + _doubt(first),
    )


def named(
    model: Model, features: Features, *, available: bool = True, warnings: tuple[str, ...] = ()
) -> Decision:
    """The decision for a model that the client named: no policy, the same hard limits.

    Raises `Failure` as `decide` does.
    """
    option = Option(model, (), available, warnings)
    judged = _Judged(option, _broken(option, features))
    if judged.broken is not None and judged.broken.certain:
        raise _none_left([judged])
    return Decision(
        policy="named",
        policy_hash="",
        path=(),
        ranked=(model.id,),
        candidates=(Candidate(model.id, "the client named it"),),
        reason=_header(f"named: {model.id}"),
        features=features,
        warnings=warnings + _doubt(judged),
    )


def _broken(option: Option, features: Features) -> Broken | None:
    if not option.available:
        return Broken("not_configured", f"belongs to {option.model.vendor}, which has no key here")
    return broken_limit(option.model, features)


def _walk(policy: Policy, features: Features) -> tuple[tuple[Step, ...], Rule | None]:
    """The questions asked, up to the first yes, and the rule that said it."""
    path: list[Step] = []
    for rule in policy.rules:
        told: list[str] = []
        answer = True
        for condition in rule.when:
            answer, because = ask(condition, features)
            if not answer:
                told = [because]
                break
            told.append(because)
        path.append(Step(rule.question, answer, "; ".join(told)))
        if answer:
            return tuple(path), rule
    return tuple(path), None


def _why(policy: Policy, rule: Rule | None, features: Features) -> str:
    """`article-tree: large document (212,331 tokens > 200,000)`."""
    if rule is None:
        return f"{policy.name}: {policy.otherwise_reason}"
    numbers = [c for c in rule.when if FEATURES[c.feature].form == "number"]
    details = [ask(condition, features)[1] for condition in numbers]
    if any(c.feature == "task" for c in rule.when) and features.task_evidence:
        details.append(features.task_evidence)
    detail = "; ".join(d for d in details if d.isascii())
    return f"{policy.name}: {rule.reason}" + (f" ({detail})" if detail else "")


def _candidate(
    each: _Judged, fit: list[_Judged], wanted: _Judged | None, cost: Decimal | None
) -> Candidate:
    """Why this model won or lost."""
    why = "the policy's choice" if each is wanted else "next in the policy's order"
    first = fit[0]
    if each not in fit and each.broken is not None:
        return Candidate(each.id, f"{why}, but {each.broken.why}", each.broken.why, cost)
    if each is not first:
        preferred = "preferred" if first is wanted else "the first that can serve"
        why = f"fallback: {first.id} is {preferred}"
    if each.broken is not None:
        why = f"{why}; {each.broken.why}, but nothing else fits"
    return Candidate(each.id, why, None, cost)


def _doubt(each: _Judged) -> tuple[str, ...]:
    return () if each.broken is None else (f"{each.id}: {each.broken.why}",)


_SHORT = {
    "context_window": "may not hold the prompt",
    "max_output": "cannot answer at that length",
    "not_configured": "is not configured",
}


def _short(broken: Broken | None) -> str:
    if broken is None:
        return "is not offered"
    return _SHORT.get(broken.limit, broken.why)


def _header(text: str) -> str:
    """ASCII without control characters, short enough for a header."""
    plain = text
    if not (text.isascii() and text.isprintable()):
        plain = "".join([c if " " <= c <= "~" else "?" for c in text])
    return plain if len(plain) <= REASON else f"{plain[: REASON - 3]}..."


def _none_left(judged: Sequence[_Judged]) -> Failure:
    """Why no model can serve: every model with the limit that rules it out."""
    told = "; ".join([f"{e.id} {e.broken.why}" for e in judged if e.broken is not None])
    reached = [e.broken for e in judged if e.broken is not None and e.option.available]
    kind: ProblemKind = "unsupported"
    if reached and all(broken.limit == "context_window" for broken in reached):
        kind = "context_length_exceeded"
    params = {broken.param for broken in reached}
    hint = _HINTS.get(reached[0].limit) if len({b.limit for b in reached}) == 1 else None
    if not reached:
        hint = "give the vendor's key in the environment (GEMINI_API_KEY, ANTHROPIC_API_KEY, ...)"
    return Failure(
        Problem(
            kind,
            f"no model can take this request: {told}",
            params.pop() if len(params) == 1 else None,
            code="context_length_exceeded" if kind == "context_length_exceeded" else "unsupported",
            hint=hint,
        )
    )


_HINTS = {
    "context_window": "shorten the prompt, or configure a model with a larger context window",
    "max_output": "ask for fewer output tokens",
    "modality": "configure a model that takes this kind of input",
    "feature": "configure a model that has this feature, or leave it out",
    "candidates": "ask for one answer, or send the request n times",
}
