"""Results to learn from: JSON Lines (also .gz), a prompt and what each of two models made of it.

    {"prompt": "...", "scores": {"a": 1, "b": 0.5}, "costs": {"a": 0.0003, "b": 0.0011},
     "group": "a data set, a subject, a customer: never an input, only left out as a whole"}

Scores lie in 0 to 1, costs are US dollars and may be left out. Two more forms are recognised, as
`../shared/routing` has them: `weak` and `strong` with a score each, and two models as objects with
`score` and `cost` beside `prompt`.
"""

import gzip
import re
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fairlead.canon import Failure

__all__ = ["LEAST", "Results", "read_results", "without_templates"]

LEAST = 100
"""Prompts below which nothing is trained."""

_REPEATED = 3
_LABEL = re.compile(r"^\s*[\w ]{1,20}:\s*", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Results:
    """Scores (n, 2) in the order of `models`; costs the same, or None where one is unknown."""

    models: tuple[str, str]
    prompts: list[str]
    scores: NDArray[np.float64]
    costs: NDArray[np.float64] | None
    groups: list[str]

    def __len__(self) -> int:
        """How many prompts there are."""
        return len(self.prompts)

    @property
    def base(self) -> int:
        """The place of the better single model; the cheaper of two as good."""
        one, two = self.scores.mean(axis=0)
        if one == two and self.costs is not None:
            return int(self.costs[:, 1].sum() < self.costs[:, 0].sum())
        return int(two > one)

    def where(self, kept: NDArray[np.bool_]) -> "Results":
        """Some of the rows."""
        rows = np.flatnonzero(kept)
        costs = None if self.costs is None else self.costs[rows]
        prompts, groups = [self.prompts[n] for n in rows], [self.groups[n] for n in rows]
        return Results(self.models, prompts, self.scores[rows], costs, groups)


def read_results(path: Path) -> Results:
    """The results of a file. Raises `Failure` with the line at fault."""
    rows = [_row(number, line, path) for number, line in enumerate(_lines(path), 1) if line.strip()]
    if len(rows) < LEAST:
        raise Failure.invalid(
            f"{path}: {len(rows)} prompts; nothing is trained on fewer than {LEAST}", "--results"
        )
    models = tuple(sorted(rows[0][1]))
    for number, row in enumerate(rows, 1):
        if tuple(sorted(row[1])) != models:
            raise Failure.invalid(
                f"{path}: prompt {number} has scores of {', '.join(sorted(row[1]))}; the first of"
                f" {', '.join(models)}",
                "--results",
            )
    if len(models) != 2:
        raise Failure.invalid(
            f"{path}: scores of {len(models)} models; a scorer tells two apart",
            "--results",
            hint="keep the two in `scores` that are to share the work",
        )
    scores = np.array([[row[1][model] for model in models] for row in rows], dtype=np.float64)
    known = all(set(row[2]) == set(models) for row in rows)
    costs = np.array([[row[2][m] for m in models] for row in rows]) if known else None
    pair = (models[0], models[1])
    return Results(pair, [row[0] for row in rows], scores, costs, [row[3] for row in rows])


def without_templates(results: Results) -> Results:
    """The same with lines that several prompts share and labels (`Question:`) taken out."""
    seen = Counter(
        line for prompt in results.prompts for line in {x.strip() for x in prompt.split("\n")}
    )
    stripped = [
        _LABEL.sub("", "\n".join(x for x in p.split("\n") if seen[x.strip()] < _REPEATED))
        for p in results.prompts
    ]
    return replace(results, prompts=stripped)


_Row = tuple[str, dict[str, float], dict[str, float], str]


def _lines(path: Path) -> list[bytes]:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).split(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        raise Failure.invalid(f"{path} cannot be read: {error}", "--results") from error


def _row(number: int, line: bytes, path: Path) -> _Row:
    try:
        row = msgspec.json.decode(line, type=dict[str, Any])
        prompt, scores, costs = row["prompt"], *_scored(row)
        said = "" if isinstance(prompt, str) else "prompt is no text"
        for model, score in scores.items():
            if not 0 <= msgspec.convert(score, float, strict=True) <= 1:
                said = f"the score of {model} is {score}, it lies in 0 to 1"
        for model, cost in costs.items():
            if not 0 <= msgspec.convert(cost, float, strict=True) < float("inf"):
                said = f"the cost of {model} is {cost}"
    except KeyError as error:
        said = f"{error.args[0]} is missing"
    except (msgspec.MsgspecError, AttributeError, TypeError) as error:
        said = str(error)
    if said:
        raise Failure.invalid(f"{path}:{number}: {said}", "--results")
    group = row.get("group") or row.get("dataset") or row.get("domain") or ""
    return prompt, scores, costs, str(group)


def _scored(row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if "scores" in row:
        return row["scores"], row.get("costs") or {}
    if "weak" in row and "strong" in row:
        return {"weak": row["weak"], "strong": row["strong"]}, {}
    told = {name: each for name, each in row.items() if isinstance(each, dict) and "score" in each}
    if not told:
        raise KeyError("scores")
    costs = {name: each["cost"] for name, each in told.items() if each.get("cost") is not None}
    return {name: each["score"] for name, each in told.items()}, costs
