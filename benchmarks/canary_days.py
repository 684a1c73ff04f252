"""Made-up days of a canary, to measure how often the sequential comparison is wrong.

A day is a stream of requests: sessions begin, some go on while others begin, each is drawn to an
arm. Sessions differ (a normal deviate of their own), requests within them too. With `harm` 1 both
arms are alike, and every alarm is a false one.

    python -m benchmarks.canary_days [--runs 2000]      the tables of docs/rollout.md

Each day is looked at after every request.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from math import exp, log, sqrt
from typing import Final

from msgspec import Struct

from fairlead.finance.sequential import LEAST, Arm, gap, one_side, sides

__all__ = ["KINDS", "Day", "Kind", "alarm"]

OPEN: Final = 20
"""Sessions that go on at the same time."""


class Kind(Struct, frozen=True):
    """How values are drawn, from the session's deviate and the harm; how arms compare them."""

    draw: Callable[[random.Random, float, float], float]
    share: bool = False
    scale: bool = False
    ratio: bool = False


def _cost(chance: random.Random, own: float, harm: float) -> float:
    return 0.001 * harm * exp(0.8 * own + 1.2 * chance.gauss(0, 1))


def _error(chance: random.Random, own: float, harm: float) -> float:
    return float(chance.random() < 0.02 * (3 if own > 1 else 0.6) * harm)


def _latency(chance: random.Random, own: float, harm: float) -> float:
    return log(500 * harm) + 0.5 * own + 0.7 * chance.gauss(0, 1)


def _like(_: random.Random, own: float, harm: float) -> float:
    return 0.001 * harm * (1 + 0.01 * own)


KINDS: Final = {
    "cost": Kind(_cost, ratio=True),
    "errors": Kind(_error, share=True),
    "latency": Kind(_latency, scale=True),
    "like": Kind(_like, ratio=True),
}
"""Heavy-tailed costs (the dearest of 1,000 requests costs some 40 times the mean), rare errors,
times, and costs that are nearly all alike."""


class Day(Struct, frozen=True):
    """`sessions` in all, of which `share` the canary's, with `growing` requests each on average.
    `harm` multiplies the canary's values; `allowed` is the limit, that of a ratio or a difference.
    """

    kind: str
    seed: int
    sessions: int
    share: float
    growing: float = 1.0
    harm: float = 1.0
    allowed: float | None = None

    def requests(self) -> Iterator[tuple[int, bool, float]]:
        """Session, whether it is the canary's, value."""
        chance = random.Random(self.seed)  # noqa: S311 - a simulation with a seed
        kind = KINDS[self.kind]
        going: list[tuple[int, bool, float]] = []
        begun = 0
        while begun < self.sessions:
            if not going or chance.random() < 1 / self.growing:
                begun += 1
                one = (begun, chance.random() < self.share, chance.gauss(0, 1))
                if len(going) < OPEN:
                    going.append(one)
                else:
                    going[chance.randrange(OPEN)] = one
            else:
                one = going[chance.randrange(len(going))]
            session, canary, own = one
            yield session, canary, kind.draw(chance, own, self.harm if canary else 1.0)


def alarm(day: Day, alpha: float, *, both: bool = False, plainly: bool = False) -> int | None:
    """After how many sessions of the canary the comparison, looked at after each request, is sure
    that the limit is broken (without one: that there is a difference to the worse, or with `both`
    to either side). None: never. `plainly`: by the interval of a single look.
    """
    kind = KINDS[day.kind]
    arms = (Arm(share=kind.share, scale=kind.scale), Arm(share=kind.share, scale=kind.scale))
    factor = 1.0 if day.allowed is None or not kind.ratio else day.allowed
    more = 0.0
    if day.allowed is not None and not kind.ratio:
        more = log(day.allowed) if kind.scale else day.allowed
    control, canary = arms
    for session, label, value in day.requests():
        arms[label].add(session, value)
        if canary.sessions < LEAST or control.sessions < LEAST:
            continue
        found = gap(control, canary)
        difference, variance = found.at(factor)
        z = (sides if both else one_side)(found.weight, alpha)
        if (abs(difference) if both else difference - more) > (1.645 if plainly else z) * sqrt(
            variance
        ):
            return canary.sessions
    return None


_WRONG: Final = ((900, 0.05, 1.0), (900, 0.05, 4.0), (300, 0.5, 1.0), (300, 0.5, 4.0))
_HARM: Final = (
    ("cost", 2.0, 1.2),
    ("cost", 4.0, 1.5),
    ("errors", 5.0, 0.02),
    ("errors", 20.0, 0.05),
    ("latency", 1.5, 1.2),
    ("latency", 3.0, 1.5),
)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    runs = parser.parse_args().runs
    say = sys.stdout.write
    say(
        "| alike arms | " + " | ".join(f"{s:g} %, {g:g} a session" for _, s, g in _wrong()) + " |\n"
    )
    say("|---|" + "---|" * len(_WRONG) + "\n")
    for kind in KINDS:
        cells = []
        for sessions, share, growing in _WRONG:
            days = [Day(kind, seed, sessions, share, growing) for seed in range(runs)]
            one = sum(alarm(day, 0.05) is not None for day in days) / runs
            two = sum(alarm(day, 0.05, both=True) is not None for day in days) / runs
            cells.append(f"{one:.1%}, {two:.1%}")
        say(f"| {kind} | {' | '.join(cells)} |\n")
        sys.stdout.flush()
    say("\n| harm | limit | found | sessions of the canary, median | 9 in 10 |\n")
    say("|---|---|---|---|---|\n")
    for kind, harm, allowed in _HARM:
        days = [
            Day(kind, seed, 4_000, 0.1, 2.0, harm, allowed) for seed in range(max(50, runs // 10))
        ]
        found = sorted(n for day in days if (n := alarm(day, 0.05)) is not None)
        middle, late = found[len(found) // 2], found[len(found) * 9 // 10]
        found_in = f"{len(found)} of {len(days)}"
        say(f"| {kind} x {harm:g} | {allowed:g} | {found_in} | {middle} | {late} |\n")


def _wrong() -> list[tuple[int, float, float]]:
    return [(sessions, share * 100, growing) for sessions, share, growing in _WRONG]


if __name__ == "__main__":
    main()
