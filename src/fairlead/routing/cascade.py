"""A cascade: the cheaper model is asked first, its answer checked, and the other one asked where
it fails. What of it is a value: the table `[cascade]` of a policy, and what fits a request.

    [cascade]
    ask = "flash"                     # who is asked first
    then = "haiku"                    # who answers where that fails
    checks = ["complete", "schema"]   # of routing.answer_checks
    agree = 1                         # so many answers of the first must say the same
    graders = ["mine"]                # [graders.mine] of the configuration
    streams = false                   # streamed answers too: they are held until they are checked
    accepted_cost_ratio = 0.8         # the operator has seen what it is expected to cost

It stands in for a choice of `then`: where the policy sends a request to `then`, `ask` is tried
before, if it can take the request and there is something that can be checked. Nothing else changes.
The last line is the operator's word that he has seen the figures (`fairlead policy cascade`):
without it no gateway takes the policy.
"""

from typing import Final

from msgspec import Struct

from fairlead.canon import Request
from fairlead.routing.answer_checks import possible
from fairlead.routing.decision import Features

__all__ = ["AGREE", "USUAL", "Cascade", "checks_for", "checks_foreseen"]

AGREE: Final = "agree"
"""The name of the check that answers say the same."""
USUAL: Final = ("complete", "schema", "tools")
"""The checks of a cascade that names none."""


class Cascade(Struct, frozen=True, omit_defaults=True):
    """Names of candidates, checks and graders. `agree`: of so many answers all must say the same;
    1: one is asked for. `max_held_bytes` of an answer are held back; a longer one goes out
    unchecked. `accepted_cost_ratio`: what the operator accepts that it costs, in costs of `then`
    alone.
    """

    ask: str
    then: str
    checks: tuple[str, ...] = USUAL
    agree: int = 1
    graders: tuple[str, ...] = ()
    streams: bool = False
    max_held_bytes: int = 1024 * 1024
    accepted_cost_ratio: float | None = None


def checks_for(cascade: Cascade, request: Request, task: str) -> tuple[str, ...]:
    """What can be checked of answers to a request: names of checks, `agree`, names of graders.
    Empty: nothing, so there is no cascade.
    """
    if request.stream and not cascade.streams:
        return ()
    found = [name for name in cascade.checks if possible(name, request, task)]
    if cascade.agree > 1 and not request.tools and request.n in {None, 1}:
        found.append(AGREE)
    return (*found, *cascade.graders)


def checks_foreseen(cascade: Cascade, features: Features) -> tuple[str, ...]:
    """As `checks_for`, by a request's stored features."""
    if features.stream and not cascade.streams:
        return ()
    there = {
        "complete": True,
        "schema": not {"json", "json_schema"}.isdisjoint(features.needs),
        "tools": features.tools > 0,
        "code": features.task == "coding",
    }
    found = [name for name in cascade.checks if there[name]]
    if cascade.agree > 1 and not features.tools and features.candidates == 1:
        found.append(AGREE)
    return (*found, *cascade.graders)
