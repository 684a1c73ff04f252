"""Answers as evidence: what was said of each, by whom, how long ago, and in what task."""

from collections import defaultdict
from collections.abc import Sequence
from math import fsum

from msgspec import Struct

from fairlead.ledger.verdict import SIGNAL, Verdict
from fairlead.ledger.verdicts import Judged
from fairlead.routing.signals import CASCADED, OF_CLIENTS, SILENT, worst

__all__ = ["PAIRED", "Answer", "LabResult", "gather"]

_DAY = 86_400.0
PAIRED = "paired"
"""Stands for a policy's hash where a request was answered by two models: a shadow's copy, and the
request that it is of. Both models had the same requests."""


class Answer(Struct, frozen=True, gc=False):
    """One answer. `weight`: 1 for one of now, half after each half-life. `rating`: the mean of
    what users and graders say, 0 to 1, None where nobody said anything; `signal`: the worst that
    was seen, "" for none. `task` is None where nobody knows it. `drawn`: the hash of the policy
    that chose the model by lot (or `PAIRED`), "" where one did not.
    """

    model: str
    task: str | None
    weight: float = 1.0
    rating: float | None = None
    signal: str = ""
    drawn: str = ""


class LabResult(Struct, frozen=True, gc=False):
    """What one model made of one prompt in the laboratory; `score` 0 to 1."""

    model: str
    task: str
    score: float


def gather(
    answers: Sequence[Judged],
    verdicts: Sequence[Verdict],
    now: float,
    half_life_days: float,
    lots: frozenset[str] = frozenset(),
) -> list[Answer]:
    """The answers with what was said of them. `lots`: hashes of policies that draw by lot.

    `verdicts` are the last words of their sources.
    """
    said: dict[str, list[Verdict]] = defaultdict(list)
    for one in verdicts:
        said[one.id].append(one)
    escalated = {one.id.rpartition(".")[0] for one in verdicts if one.score == 0}
    copied = {one.id.rpartition(".")[0] for one in answers if one.copy}
    found = []
    for answer in answers:
        pair = answer.copy or answer.id in copied
        words = said.get(answer.id, [])
        if answer.id in escalated:
            # What a cascade's checks passed before one of them failed is of the answer that was
            # not delivered. It bears the request's own time.
            words = [one for one in words if one.at != answer.at]
        age = max(0.0, now - answer.at) / _DAY
        seen = {_signal(one) for one in words if one.source.startswith(SIGNAL)}
        seen |= {"left"} if answer.left else set()
        seen |= {"empty"} if answer.empty else set()
        seen -= OF_CLIENTS if pair else set()
        scores = sorted(
            one.score
            for one in words
            if one.score is not None and not one.source.startswith(SIGNAL)
        )
        tasks = [one for one in words if one.task is not None]
        task = max(tasks, key=lambda one: (one.at, one.source)).task if tasks else answer.task
        found.append(
            Answer(
                answer.model,
                task,
                2 ** (-age / half_life_days),
                fsum(scores) / len(scores) if scores else None,
                worst(seen),
                PAIRED if pair else answer.policy_hash if answer.policy_hash in lots else "",
            )
        )
    return found


def _signal(said: Verdict) -> str:
    """The signal of a verdict; none where a check says that the answer has passed."""
    if said.score == 1:
        return SILENT
    name = said.source[len(SIGNAL) :]
    return CASCADED.get(name, name)
