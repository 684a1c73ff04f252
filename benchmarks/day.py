"""A day of one team's traffic, made from a seed: who asks what, and when.

Four kinds of sessions, as gateways see them:

    chat       grows turn by turn behind one of a few system prompts
    agent      a long system prompt and tools, the same for every run; many quick steps, each with
               what a tool brought back
    document   a long text once, then a few questions about it
    one-off    a short question; nothing comes back

A `Session` holds what its client will say and when; what the model answers is added as the session
goes, by whoever runs it. The same seed gives the same day.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["SHARES", "Session", "Turn", "sessions"]

SHARES: Mapping[str, int] = {"chat": 35, "agent": 15, "document": 15, "one-off": 35}
"""The kinds of a day's sessions, in parts."""

HOURS = (1, 1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 13, 10, 12, 14, 13, 11, 8, 5, 3, 2, 2, 1, 1)
"""How many of a day's sessions begin in each hour, in parts."""

_SYLLABLES = ("ba", "con", "de", "fi", "gra", "hol", "in", "ka", "lu", "men", "no", "per", "qui")
_ENDS = ("", "s", "t", "ning", "ter", "ly", "ed")


class Turn(NamedTuple):
    """What the client says, `after` so many seconds since its last word."""

    after: float
    text: str


class Session(NamedTuple):
    """One conversation. `nth` of its kind; `start` is seconds after midnight."""

    number: int
    kind: str
    nth: int
    start: float
    system: str
    tools: tuple[dict[str, Any], ...]
    turns: tuple[Turn, ...]


class _Maker:
    def __init__(self, seed: int, shares: Mapping[str, int]) -> None:
        self._kinds, self._parts = tuple(shares), tuple(shares.values())
        self._made: Counter[str] = Counter()
        self.pick = random.Random(seed)  # noqa: S311 - a day, not a secret
        self._words = sorted(
            {
                "".join(self.pick.choices(_SYLLABLES, k=self.pick.randint(1, 3)))
                + self.pick.choice(_ENDS)
                for _ in range(900)
            }
        )
        self._chats = [self.prose(n) for n in (120, 900, 2600)]
        self._agents = [(self.prose(3200), self._tools(9)), (self.prose(5200), self._tools(16))]

    def prose(self, words: int) -> str:
        """Sentences of so many words together."""
        out: list[str] = []
        while len(out) < words:
            length = min(self.pick.randint(5, 16), words - len(out))
            row = self.pick.choices(self._words, k=length)
            row[0] = row[0].capitalize()
            row[-1] += "." if self.pick.random() < 0.9 else ":\n"
            out += row
        return " ".join(out)

    def _tools(self, count: int) -> tuple[dict[str, Any], ...]:
        return tuple(
            {
                "name": f"zx{at}_{self.pick.choice(self._words)}",
                "description": self.prose(25),
                "parameters": {
                    "type": "object",
                    "properties": {
                        word: {"type": "string", "description": self.prose(8)}
                        for word in self.pick.sample(self._words, 3)
                    },
                },
            }
            for at in range(count)
        )

    def _gap(self, median: float, late: float) -> float:
        """Seconds; a share of `late` comes after a break, from five minutes to two hours."""
        if self.pick.random() < late:
            return self.pick.uniform(300.0, 7200.0)
        return min(290.0, self.pick.lognormvariate(0.0, 0.8) * median)

    def _said(self, words: int, answer: int) -> str:
        think = f" think={self.pick.randint(50, 400)}" if self.pick.random() < 0.25 else ""
        return f"[emulate: words={answer}{think}] {self.prose(words)}"

    def session(self, number: int) -> Session:
        """One more session."""
        pick = self.pick
        start = 3600.0 * (pick.choices(range(24), HOURS)[0] + pick.random())
        kind = pick.choices(self._kinds, self._parts)[0]
        system = ""
        tools: tuple[dict[str, Any], ...] = ()
        turns: list[Turn] = []
        if kind == "chat":
            system = pick.choice(self._chats)
            for _ in range(pick.randint(2, 14)):
                text = self._said(pick.randint(10, 220), pick.randint(40, 350))
                turns.append(Turn(self._gap(45.0, 0.08), text))
        elif kind == "agent":
            system, tools = pick.choice(self._agents)
            turns.append(Turn(0.0, self._said(pick.randint(30, 150), pick.randint(30, 120))))
            for _ in range(pick.randint(4, 24)):
                text = self._said(pick.randint(60, 900), pick.randint(20, 160))
                turns.append(Turn(self._gap(7.0, 0.02), text))
        elif kind == "document":
            text = self.prose(pick.randint(4_000, 22_000))
            turns.append(Turn(0.0, f"{text}\n\n{self._said(20, pick.randint(100, 400))}"))
            for _ in range(pick.randint(0, 3)):
                text = self._said(pick.randint(8, 40), pick.randint(60, 250))
                turns.append(Turn(self._gap(70.0, 0.15), text))
        else:
            turns.append(Turn(0.0, self._said(pick.randint(15, 500), pick.randint(20, 300))))
        self._made[kind] += 1
        return Session(number, kind, self._made[kind], start, system, tools, tuple(turns))


def sessions(count: int, seed: int = 5, shares: Mapping[str, int] = SHARES) -> Iterator[Session]:
    """So many sessions of a day, in no order. A kind in `shares` that is none of the four is a
    one-off question too, with whatever its runner sends beside it.
    """
    maker = _Maker(seed, shares)
    for number in range(count):
        yield maker.session(number)
