"""What the sessions of a day are about, request by request: tasks, wording, sound.

`benchmarks.day` makes sessions whose words mean nothing, so that nothing can be known of a request
but its size. Here each request gets a task, in stated shares that were written down before
anything was measured (`TASKS`), and is worded as a person worded such a request: with a prompt of
`scripts/task_labels/fresh.toml`, which no part of the recogniser was made from. A conversation
keeps to its subject for a while and then goes on to another, with `STAYS`.

The task is the day's truth, by which quality is judged. A router does not see it, unless the client
says it (`x-fairlead-task`): days are played both ways.
"""

import random
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.day import Session, Turn, sessions

__all__ = ["STAYS", "TASKS", "Tasked", "tasked"]

TASKS: Mapping[str, Mapping[str, int]] = {
    "chat": {"chat": 40, "creative": 20, "math": 10, "coding": 15, "other": 15},
    "agent": {"coding": 50, "automation": 20, "agent": 30},
    "document": {"document": 75, "extraction": 15, "translation": 10},
    "one-off": {
        "coding": 25,
        "math": 15,
        "science": 15,
        "creative": 15,
        "translation": 10,
        "extraction": 10,
        "other": 10,
    },
    "media": {"image": 70, "audio": 30},
}
"""Tasks of each kind of session, in parts."""
STAYS = {"chat": 0.8, "agent": 1.0, "document": 0.8, "one-off": 1.0, "media": 1.0}
"""How likely the next request of a session is about what the one before it was."""
_LABELS = Path(__file__).resolve().parent.parent / "scripts" / "task_labels" / "fresh.toml"
_WORDED = {
    "image": ("What does this picture show?", "Describe the picture.", "What is written in it?"),
    "audio": ("What is said in this recording?", "Write down what you hear.", "Who speaks here?"),
}


class Tasked(NamedTuple):
    """A session, and the task of each of its turns."""

    session: Session
    tasks: tuple[str, ...]


def tasked(count: int, seed: int, shares: Mapping[str, int]) -> Iterator[Tasked]:
    """So many sessions of a day. The same seed makes the same day."""
    pick = random.Random(f"tasks {seed}")  # noqa: S311 - a day, not a secret
    worded = _worded()
    for session in sessions(count, seed, shares):
        parts = TASKS[session.kind]
        tasks: list[str] = []
        turns: list[Turn] = []
        for turn in session.turns:
            if not tasks or pick.random() >= STAYS[session.kind]:
                tasks.append(pick.choices(tuple(parts), tuple(parts.values()))[0])
            else:
                tasks.append(tasks[-1])
            # A tool's result in the middle of an agent's run is no request of a person.
            if session.kind == "agent" and turns:
                turns.append(turn)
            else:
                said = pick.choice(worded[tasks[-1]])
                turns.append(turn._replace(text=f"{said}\n\n{turn.text}"))
        yield Tasked(session._replace(turns=tuple(turns)), tuple(tasks))


def _worded() -> dict[str, tuple[str, ...]]:
    read = tomllib.loads(_LABELS.read_text(encoding="utf-8"))
    return {**{task: tuple(lists["en"]) for task, lists in read.items()}, **_WORDED}
