"""What was played of scripts."""

from msgspec import Struct

__all__ = ["MOST_PROBLEMS", "Played", "Run"]

MOST_PROBLEMS = 100


class Played(Struct):
    """A turn that a request got, from 1 on, and what was wrong with it."""

    script: str
    turn: int
    turns: int
    problems: list[str] = []


class Run(Struct):
    """What has been played of a script: how often each turn, and the last problems."""

    script: str
    played: list[int]
    problems: list[str] = []

    @property
    def finished(self) -> int:
        """How often its last turn was played."""
        return self.played[-1]

    def note(self, played: Played) -> None:
        """Take up a turn's problems."""
        self.problems += [f"turn {played.turn}: {problem}" for problem in played.problems]
        del self.problems[:-MOST_PROBLEMS]
