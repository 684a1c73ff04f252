"""A recommendation: the model, why, what is known, what it costs, and the policy that does it."""

from datetime import date

from msgspec import Struct

from fairlead.lab.choose.answers import Answers
from fairlead.lab.choose.evidence import Evidence
from fairlead.lab.choose.monthly import Monthly
from fairlead.routing.decision import Step

__all__ = ["Considered", "Exceptional", "Recommendation"]


class Considered(Struct, frozen=True):
    """A model that was weighed, by the family's name; `ruled_out` by which hard limit."""

    family: str
    model: str
    why: str
    ruled_out: str | None = None


class Exceptional(Struct, frozen=True):
    """Some requests that go elsewhere than the rest, by which question of the policy."""

    what: str
    model: str
    question: str


class Recommendation(Struct, frozen=True, kw_only=True):
    """What the answers come to on the day `at`.

    `path` holds the questions of the article's tree with their answers, up to the first yes, and
    what decided behind it. `reason` is a sentence; `source` says whose reason it is. `advice` is
    what speaks for whom on cost, `notes` what the user should know, `warnings` what is coming.
    """

    at: date
    answers: Answers
    model: str
    family: str
    reason: str
    source: str
    path: tuple[Step, ...]
    considered: tuple[Considered, ...]
    exceptional: tuple[Exceptional, ...]
    evidence: Evidence
    monthly: Monthly
    policy_name: str
    policy_text: str
    advice: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
