"""A table of quality figures by model and task, read from TOML. What is not in it is unknown.

[[figures]]
model = "gemini-2.5-flash"
task = "math"            # left out: every task that has no figure of its own
score = 88.0             # 0 to 100
low = 85.5               # the interval that the score lies in
high = 90.0
source = "our own 400 problems, 2026-11"
"""

import tomllib
from collections.abc import Container, Iterable
from typing import get_args

import msgspec
from msgspec import Struct

from fairlead.canon.toml_text import NOT_TOML, not_toml
from fairlead.routing.decision import Task
from fairlead.routing.moment import Quality
from fairlead.routing.policy import PolicyError
from fairlead.routing.table_lines import TableLines

__all__ = ["Figure", "QualityTable", "parse_quality"]

_HIGHEST = 100


class Figure(Struct, frozen=True, forbid_unknown_fields=True):
    """One score with its interval; `task` empty: for all tasks."""

    model: str
    score: float
    low: float
    high: float
    task: str = ""
    source: str = ""


class QualityTable:
    """Figures, looked up by model and task."""

    def __init__(self, figures: Iterable[Figure] = ()) -> None:
        self._by = {
            (each.model, each.task): Quality(each.score, each.low, each.high) for each in figures
        }

    def __len__(self) -> int:
        """How many figures there are."""
        return len(self._by)

    def of(self, model: str, task: str) -> Quality | None:
        """A model's figure for a task, else its figure for all; None: unknown."""
        return self._by.get((model, task)) or self._by.get((model, ""))


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    figures: tuple[Figure, ...]


def parse_quality(
    text: str, where: str = "<quality>", known: Container[str] | None = None
) -> QualityTable:
    """The table of a file. `known` holds the ids of models. Raises `PolicyError`."""
    lines = TableLines(text, where, "figures")
    try:
        file = msgspec.convert(tomllib.loads(text), _File)
    except NOT_TOML as error:
        raise PolicyError(not_toml(error, text, where)) from error
    except msgspec.ValidationError as error:
        raise PolicyError(lines.explained(error)) from error
    seen: set[tuple[str, str]] = set()
    for number, figure in enumerate(file.figures):
        said = _wrong(figure, seen, known)
        if said is not None:
            raise PolicyError(lines.told(number, "", said))
        seen.add((figure.model, figure.task))
    return QualityTable(file.figures)


def _wrong(figure: Figure, seen: set[tuple[str, str]], known: Container[str] | None) -> str | None:
    if known is not None and figure.model not in known:
        return f"no such model '{figure.model}'; give an id, not a family"
    if figure.task and figure.task not in get_args(Task):
        return f"there is no task '{figure.task}'; there are {', '.join(get_args(Task))}"
    if not 0 <= figure.low <= figure.score <= figure.high <= _HIGHEST:
        return "low, score and high must come in this order, within 0 and 100"
    if (figure.model, figure.task) in seen:
        return f"'{figure.model}' has a figure for '{figure.task or 'all tasks'}' already"
    return None
