"""From features and a policy to a decision: a value that says where, why, and why not elsewhere.

Three steps: the hard limits rule out, the policy's tree prefers, the rest is ranked behind in the
policy's order. Pure and deterministic: the same features under the same policy and options give
the same decision, which is what replaying a ledger rests on.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

from msgspec import Struct

from fairlead.canon import Failure, Problem, ProblemKind
from fairlead.catalog.model import Model
from fairlead.routing.decision import Candidate, Decision, Features, Step
from fairlead.routing.guards import Broken, doubtful
from fairlead.routing.options import Option
from fairlead.routing.policy import Policy
from fairlead.routing.rule import Rule

__all__ = ["Predict", "decide", "named"]

Predict = Callable[[Model, Features], Decimal | None]
"""The predicted cost of a request on a model in US dollars; None for an unpriced model."""

REASON = 120
"""Characters of `Decision.reason`: it travels in a header."""


class _Judged(Struct, frozen=True):
    """An option, its model's id, and what stands in its way."""

    option: Option
    id: str
    broken: Broken | None


def decide(
    features: Features, policy: Policy, options: Sequence[Option], predict: Predict | None = None
) -> Decision:
    """The decision of a policy.

    Raises `Failure`: `context_length_exceeded` where the prompt is too long for every model that is
    configured, else `unsupported`; the message says which limit ruled out which model.
    """
    path, rule = _walk(policy, features)
    wanted, judged = _judge(options, policy.otherwise if rule is None else rule.use, features)
    fit = [each for each in judged if each.broken is None]
    if not fit:
        fit = [each for each in judged if doubtful(each.broken)]
        if not fit:
            raise _none_left(judged)
    first = fit[0]
    if wanted is None or wanted is first:
        why = _why(policy, rule, features)
    else:
        why = f"{policy.name}: {first.id}, as {wanted.id} {_short(wanted.broken)}"
    candidates: list[Candidate] = []
    for each in judged:
        cost = None if predict is None else predict(each.option.model, features)
        candidates.append(_candidate(each, first, wanted, cost))
    return Decision(
        policy.name,
        policy.hash,
        path,
        tuple([each.id for each in fit]),
        tuple(candidates),
        _header(why),
        features,
        first.option.warnings + _doubt(first),
    )


def named(
    model: Model, features: Features, *, available: bool = True, warnings: tuple[str, ...] = ()
) -> Decision:
    """The decision for a model that the client named: no policy, the same hard limits.

    Raises `Failure` as `decide` does.
    """
    option = Option(model, (), available, warnings)
    judged = _Judged(option, model.id, option.broken(features))
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


def _walk(policy: Policy, features: Features) -> tuple[tuple[Step, ...], Rule | None]:
    """The questions asked, up to the first yes, and the rule that said it."""
    path: list[Step] = []
    for rule in policy.rules:
        step = rule.ask(features)
        path.append(step)
        if step.answer:
            return tuple(path), rule
    return tuple(path), None


def _judge(
    options: Sequence[Option], wish: str, features: Features
) -> tuple[_Judged | None, list[_Judged]]:
    """The option that `wish` means, if there is one; all options, it and its like first."""
    ahead: list[_Judged] = []
    behind: list[_Judged] = []
    for option in options:
        broken = None if option.fits(features) else option.broken(features)
        judged = _Judged(option, option.model.id, broken)
        (ahead if option.answers_to(wish) else behind).append(judged)
    return (ahead[0] if ahead else None), ahead + behind


def _why(policy: Policy, rule: Rule | None, features: Features) -> str:
    """`article-tree: large document (212,331 tokens > 200,000)`."""
    if rule is None:
        return f"{policy.name}: {policy.otherwise_reason}"
    detail = rule.detail(features)
    return f"{policy.name}: {rule.reason}" + (f" ({detail})" if detail else "")


def _candidate(
    each: _Judged, first: _Judged, wanted: _Judged | None, cost: Decimal | None
) -> Candidate:
    """Why this model won or lost; `first` is the one that the request goes to."""
    broken = each.broken
    why = "the policy's choice" if each is wanted else "next in the policy's order"
    if broken is not None and (broken.certain or first.broken is None):
        return Candidate(each.id, f"{why}, but {broken.why}", broken.why, cost)
    if each is not first:
        preferred = "preferred" if first is wanted else "the first that can serve"
        why = f"fallback: {first.id} is {preferred}"
    if broken is not None:
        why = f"{why}; {broken.why}, but nothing else fits"
    return Candidate(each.id, why, None, cost)


def _doubt(each: _Judged) -> tuple[str, ...]:
    return () if each.broken is None else (f"{each.id}: {each.broken.why}",)


_SHORT = {
    "context_window": "may not hold the prompt",
    "max_output": "cannot answer at that length",
    "not_configured": "is not configured",
    "images_max": "takes fewer images",
    "image_base64_bytes": "takes no image of that size",
    "videos_max": "takes fewer videos",
    "document_bytes": "takes no PDF of that size",
    "document_pages": "may not take a PDF that long",
    "request_bytes": "takes no request of that size",
    "request_pages": "may not take that many pages",
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
    "images_max": "send fewer images",
    "image_base64_bytes": "send a smaller image, or configure a model that takes larger ones",
    "videos_max": "send fewer videos",
    "document_bytes": "split the PDF, or make it smaller",
    "request_bytes": "send less at once, or upload the file to the vendor and refer to it",
}
