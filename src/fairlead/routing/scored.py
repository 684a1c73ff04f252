"""A prompt put to the scorer of the policy that decides: what that says goes into the moment, so
that the decision can be made again without the prompt.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from fairlead.canon import Request, Text
from fairlead.routing.decide import drawn_arm
from fairlead.routing.moment import Moment
from fairlead.routing.policy import Policy
from fairlead.routing.scorer import Scorer

__all__ = ["scored", "text_of"]

DIGITS = 6


def scored(
    moment: Moment, policy: Policy, scorers: Mapping[str, Scorer], request: Request
) -> Moment:
    """The moment with what the policy's scorer says of the request's last words of the user."""
    rule = (policy if policy.canary is None else drawn_arm(policy, moment)[0]).scorer
    scorer = None if rule is None else scorers.get(rule.hash)
    if rule is None or scorer is None or not (text := text_of(request)):
        return moment
    chances = zip(scorer.head.models, scorer.scores(text), strict=True)
    told = {model: round(chance, DIGITS) for model, chance in chances}
    return replace(moment, scorer=rule.hash, chances=told)


def text_of(request: Request) -> str:
    """What a scorer reads: the last text of the user, "" where there is none."""
    for turn in reversed(request.turns):
        if turn.role == "user":
            texts = [part.text for part in turn.parts if type(part) is Text]
            if texts:
                return "\n".join(texts)
    return ""
