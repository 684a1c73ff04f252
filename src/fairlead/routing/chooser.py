"""A policy with its options for a day, compiled for the request path.

Where questions decide, what follows from their answers is made once and kept (`kept`); where an
objective does, each decision is made by itself, but only the choice (`branch`). What a chooser says
is what `decide` says (tested with Hypothesis). A canary keeps a chooser for each of its arms.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec.structs import replace

from fairlead.catalog.model import Model
from fairlead.routing.branch import PredictOne, branches_of
from fairlead.routing.cascade import Cascade
from fairlead.routing.decide import arm_options, as_canary, decide, drawn_arm
from fairlead.routing.decision import Decision, Features
from fairlead.routing.expect import Predicted
from fairlead.routing.kept import Kept, alike
from fairlead.routing.looking import asked_of
from fairlead.routing.moment import NO_MOMENT, Moment, Warm
from fairlead.routing.options import Option
from fairlead.routing.policy import Policy
from fairlead.routing.rollout import Shadow

__all__ = ["Chooser", "PredictFor", "PredictOne"]

KNOWN_MOST: Final = 1024
"""Combinations that are kept. When there are more, all are forgotten: usual ones come back soon."""

_TEXT: Final = ("text",)

PredictFor = Callable[[Model], PredictOne]
"""A model to what requests are expected to take on it."""


class Chooser:
    """`decide` for one policy and its options. `predict` is asked once for each model."""

    def __init__(
        self, policy: Policy, options: Sequence[Option], predict: PredictFor | None = None
    ) -> None:
        self.policy = policy
        self.options = tuple(options)
        self._predict_for = predict
        self.models: dict[str, Model] = {option.model.id: option.model for option in options}
        self.available = tuple([each.model for each in options if each.available])
        self.uneven = {each.model.id: each for each in options if each.doors}
        """The options some of whose deployments take less than others, by model."""
        self._fits = [option.fits for option in options]
        self._roomy = _roomy(options)
        self._predict = (
            None if predict is None else {id_: predict(model) for id_, model in self.models.items()}
        )
        canary = policy.canary
        self.looks_at = asked_of(policy)
        self.looks_round = policy.chooses or canary is not None
        """Whether the moment has a say: an objective, a draw."""
        arms = () if canary is None else canary.arms
        self.shadows = any(each.shadow is not None for each in (policy, *arms))
        self.cascades = any(each.cascade is not None for each in (policy, *arms))
        self._arms = {
            arm.name: Chooser(arm, arm_options(arm, options), predict)
            for arm in (() if canary is None else canary.arms)
        }
        self._alike = alike(policy)
        self._branches = branches_of(policy, self.options, self._predict)
        self._known: dict[object, Kept] = {}

    def without(self, vendors: Collection[str]) -> "Chooser":
        """The same, as if these vendors had no key."""
        options = [
            replace(each, available=False) if each.model.vendor in vendors else each
            for each in self.options
        ]
        return Chooser(self.policy, options, self._predict_for)

    def shadow_of(self, decision: Decision) -> Policy | None:
        """The policy that made a decision, if it has a shadow: of a canary, the arm."""
        canary = self.policy.canary
        policy = self.policy if canary is None else canary.arms[decision.path[0].answer]
        return None if policy.shadow is None else policy

    def copied_to(self, shadow: Shadow, answered: str | None, features: Features) -> Option | None:
        """Where a shadow's copy goes: the first of its models that did not answer and keeps every
        hard limit, the doubtful ones too.
        """
        for name in shadow.to:
            for option in self.options:
                other = option.answers_to(name) and option.model.id != answered
                if other and option.broken(features) is None:
                    return option
        return None

    def cascade_of(self, decision: Decision) -> Cascade | None:
        """The cascade of the policy that made a decision: of a canary's, the arm's."""
        canary = self.policy.canary
        if canary is None:
            return self.policy.cascade
        return canary.arms[decision.path[0].answer].cascade

    def decide(self, features: Features, moment: Moment = NO_MOMENT) -> Decision:
        """Where a request with these features goes, and why.

        Raises:
            Failure: as `decide` does.
        """
        kept = self._kept(features)
        return self._afresh(features, moment) if kept is None else kept.quick(features).whole()

    def quick(self, features: Features, moment: Moment = NO_MOMENT) -> Decision:
        """As `decide`, but where all models can serve, what it says of them is made only when it is
        asked for (`Decision.whole`).

        Raises:
            Failure: as `decide` does.
        """
        if self._arms:
            arm, step = drawn_arm(self.policy, moment)
            own = self._arms[arm.name].quick(features, moment)
            return as_canary(self.policy, step, own, moment).told_by(
                lambda: self.decide(features, moment)
            )
        if self._branches is None:
            kept = self._kept(features)
            return self._afresh(features, moment) if kept is None else kept.quick(features)
        branch = self._branches[-1]
        for number, rule in enumerate(self.policy.rules):
            if rule.ask(features).answer:
                branch = self._branches[number]
                break
        for fits in self._fits:
            if not fits(features):
                return self.decide(features, moment)
        return branch.decide(features, moment).told_by(lambda: self.decide(features, moment))

    def _kept(self, features: Features) -> Kept | None:
        """What this decision has in common with others; None where it has to be made by itself."""
        if self._alike is None:
            return None
        if not self._roomy(features):
            for fits in self._fits:
                if not fits(features):
                    return None
        answers = self._alike(features)
        kept = self._known.get(answers)
        if kept is None:
            kept = Kept(self.policy, self._afresh(features, NO_MOMENT), self._predict)
            if len(self._known) >= KNOWN_MOST:
                self._known.clear()
            self._known[answers] = kept
        return kept

    def _afresh(self, features: Features, moment: Moment) -> Decision:
        if self._arms:
            arm, step = drawn_arm(self.policy, moment)
            own = self._arms[arm.name].decide(features, moment)
            return as_canary(self.policy, step, own, moment)
        if self._predict is None:
            return decide(features, self.policy, self.options, None, moment)
        return decide(features, self.policy, self.options, self._predicted, moment)

    def _predicted(
        self, model: Model, features: Features, usual: int | None, warm: Warm | None
    ) -> Predicted:
        return self._predict[model.id](features, usual, warm) if self._predict else Predicted()


def _roomy(options: Sequence[Option]) -> Callable[[Features], bool]:
    """A quick look whether a request is plain text, and small enough for every option."""
    limits = [option.model.limits for option in options]
    window = min([each.context_window or 0 for each in limits], default=0)
    longest = min([each.max_output or 0 for each in limits], default=0)
    if not all(option.available and "text" in option.model.modalities_in for option in options):
        window = -1

    def roomy(features: Features) -> bool:
        asked = features.max_tokens
        return (
            features.prompt_tokens_high <= window
            and (asked is None or asked <= longest)
            and features.candidates == 1
            and not features.needs
            and features.modalities == _TEXT
        )

    return roomy
