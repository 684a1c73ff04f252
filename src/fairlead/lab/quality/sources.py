"""Where the figures come from: the ledger, files of laboratory results, published benchmarks."""

import gzip
import time
import zlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from fairlead.canon import Failure, Request, Text, Turn
from fairlead.catalog import Catalog
from fairlead.lab.choose.evidence import BENCHMARKS
from fairlead.lab.quality.evidence import Answer, LabResult, gather
from fairlead.ledger.verdicts import judged, verdicts_since
from fairlead.routing.decision import Task
from fairlead.routing.features import extract
from fairlead.routing.objective import WEIGHTED
from fairlead.routing.policy import Policy

__all__ = ["lots_of", "own_answers", "published", "read_lab"]

_HALF_LIVES: Final = 5
"""What is older counts a thirtieth or less, and is not read."""
_DAY = 86_400.0
_LARGEST = 1 << 30


class _Row(Struct, frozen=True):
    """One line of results, as `fairlead route train` takes it; `task` may stand beside."""

    prompt: str
    scores: dict[str, float]
    task: Task | None = None


_decode = msgspec.json.Decoder(_Row).decode


def own_answers(
    path: Path,
    half_life_days: float,
    policies: Mapping[str, Policy],
    *,
    emulated: bool = False,
    now: float | None = None,
) -> list[Answer]:
    """The ledger's answers with what was said of them. Raises LedgerError for no ledger."""
    at = time.time() if now is None else now
    since = at - _HALF_LIVES * half_life_days * _DAY
    answers = judged(path, since, emulated=emulated)
    return gather(answers, verdicts_since(path, since), at, half_life_days, lots_of(policies))


def lots_of(policies: Mapping[str, Policy]) -> frozenset[str]:
    """Hashes of the policies that give each request to a model by nothing but the lot: without
    rules, constraints and stickiness, by shares of all their candidates.
    """
    return frozenset(
        policy.hash
        for policy in policies.values()
        if policy.objective is not None
        and policy.objective.name == WEIGHTED
        and not policy.rules
        and not policy.sticky
        and set(policy.otherwise) == set(policy.candidates)
    )


def published(catalog: Catalog) -> dict[str, dict[str, float]]:
    """Published benchmarks by task, 0 to 1: those that are stated for two models at least, and of
    the models those that have all of these.
    """
    stated: dict[str, dict[str, float]] = {}
    for model in catalog.models.values():
        for fact in catalog.facts_of(model):
            if fact.key.startswith("benchmark.") and isinstance(fact.value, int | Decimal):
                stated.setdefault(fact.key, {})[model.id] = float(fact.value) / 100
    found = {}
    for task, keys in BENCHMARKS.items():
        fit = [stated[key] for key in keys if len(stated.get(key, ())) > 1]
        models = set.intersection(*map(set, fit)) if fit else set()
        if len(models) > 1:
            found[task] = {
                name: sum([each[name] for each in fit]) / len(fit) for name in sorted(models)
            }
    return found


def read_lab(path: Path, catalog: Catalog) -> list[LabResult]:
    """The results of a file (`.gz` too): a prompt and the scores of any number of models a line.

    Raises `Failure` with file and line.
    """
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise Failure.invalid(f"{path} cannot be read: {why}", "results") from error
    found: list[LabResult] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found += _row(line, f"{path}:{number}", catalog)
    return found


def _row(line: bytes, where: str, catalog: Catalog) -> list[LabResult]:
    try:
        row = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Failure.invalid(f"{where}: {error}", "results") from error
    for model, score in row.scores.items():
        if model not in catalog.models:
            said = f"{where}: no such model '{model:.80}'; give an id, not a family"
            raise Failure.invalid(said, "results")
        if not 0 <= score <= 1:
            said = f"{where}: the score of {model} is {score}, it lies in 0 to 1"
            raise Failure.invalid(said, "results")
    task = row.task or _task(row.prompt)
    return [LabResult(model, task, score) for model, score in row.scores.items()]


def _task(prompt: str) -> str:
    turn = Turn(role="user", parts=(Text(prompt),))
    facts: dict[str, Any] = {"model": "auto", "turns": (turn,)}
    return extract(Request(**facts)).task
