"""One question of a policy, with its conditions compiled when it is first asked."""

from collections.abc import Callable
from functools import cached_property

from msgspec import Struct

from fairlead.routing.conditions import FEATURES, Condition, asking
from fairlead.routing.decision import Features, Step

__all__ = ["Rule"]


class Rule(Struct, frozen=True, dict=True):
    """One question. `use` holds families or model ids among the policy's candidates.

    What is compiled from the fields is cached beside them: no part of the rule's value.
    """

    question: str
    when: tuple[Condition, ...]
    use: tuple[str, ...]
    reason: str

    @cached_property
    def ask(self) -> Callable[[Features], Step]:
        """Features to the step that tells the answer: yes if every condition holds, with the
        figures of all; else no, with those of the first that fails.
        """
        if len(self.when) == 1:
            return asking(self.when[0], self.question)
        question, asks = self.question, tuple([asking(each) for each in self.when])

        def ask(features: Features) -> Step:
            told: list[str] = []
            for each in asks:
                step = each(features)
                if not step.answer:
                    return Step(question, answer=False, because=step.because)
                told.append(step.because)
            return Step(question, answer=True, because="; ".join(told))

        return ask

    @cached_property
    def detail(self) -> Callable[[Features], str]:
        """Features to what stands behind the rule's reason: its numbers, the task's evidence."""
        asks = [asking(each) for each in self.when if FEATURES[each.feature].form == "number"]
        about_task = any(each.feature == "task" for each in self.when)

        def detail(features: Features) -> str:
            told = [each(features).because for each in asks]
            if about_task and features.task_evidence:
                told.append(features.task_evidence)
            return "; ".join([each for each in told if each.isascii()])

        return detail
