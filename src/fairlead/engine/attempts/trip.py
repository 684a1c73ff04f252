"""Where one request stands among its ways: which were tried, and which is next. Pure.

A way is untried, put off (it had no room), shut (its breaker is open), failed, or failed in a way
after which it may be asked again. The next is the first untried one that the fault allows; then
what was put off, with patience; then, after a wait, what may be asked again.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec.structs import replace

from fairlead.canon import Problem
from fairlead.engine.attempts.order import Way

__all__ = ["Trip", "elsewhere"]

_State = Literal["untried", "put off", "shut", "failed", "again"]
_HERE_ALONE = frozenset({"unsupported", "upstream_auth"})
"""What no wait mends, but another deployment may: the model cannot be told it, the key may not."""
_BROKEN = frozenset({"upstream", "upstream_timeout", "upstream_unreachable"})


def elsewhere(problem: Problem, *, broken_too: bool) -> bool:
    """Whether another deployment may do what this one could not.

    `broken_too`: also after a connection broke that had carried the request. It may be billed twice
    then, which its record says; the client has an answer.
    """
    if problem.kind in _HERE_ALONE or problem.retryable:
        return True
    return (
        broken_too
        and problem.upstream_status is None
        and problem.charged is None
        and problem.kind in _BROKEN
        and problem.upstream is not None
    )


class Trip:
    """Mutable; of one request. `at` is the number of the way that is tried now."""

    __slots__ = (
        "_fallback", "_problems", "_ready", "_states", "at", "patient", "retried", "tries", "ways",
    )  # fmt: skip

    def __init__(self, ways: Sequence[Way], *, fallback: bool) -> None:
        self.ways = ways
        self.at = 0
        self.patient = False
        self.tries = 0
        self.retried = 0
        self._fallback = fallback
        self._states: list[_State] = ["untried"] * len(ways)
        self._problems: list[Problem | None] = [None] * len(ways)
        self._ready = [0.0] * len(ways)  # when each wants to be asked again

    @property
    def way(self) -> Way:
        """The one that is tried now."""
        return self.ways[self.at]

    def put_off(self) -> bool:
        """It has no room now. Whether there is another; else it is its turn, with patience."""
        self._states[self.at] = "put off"
        return self._go(None)

    def shut(self, problem: Problem) -> bool:
        """Its breaker is open. Whether there is another."""
        self._states[self.at], self._problems[self.at] = "shut", problem
        return self._go(None)

    def failed(self, problem: Problem, *, again: bool, now: float = 0.0) -> bool:
        """It failed. Whether there is another way to go now."""
        self._failed(self.at, problem, again=again, now=now)
        return self._go(problem)

    def beside(self) -> Iterator[int]:
        """The other ways of the same model that nothing was tried on yet."""
        model = self.way[0][0].id
        for number, state in enumerate(self._states):
            if state == "untried" and number != self.at and self.ways[number][0][0].id == model:
                yield number

    def overtaken(self, number: int) -> None:
        """One that was tried beside this one was quicker: it is the one that is tried now."""
        self._states[self.at] = "failed"
        self.at = number

    def failed_beside(self, number: int, problem: Problem, *, again: bool, now: float) -> None:
        """One that was tried beside this one failed."""
        self._failed(number, problem, again=again, now=now)

    def back(self) -> float | None:
        """Go back to the one that may be asked again soonest. The moment from which its vendor
        wants that; None: there is none.
        """
        found = [number for number, state in enumerate(self._states) if state == "again"]
        if not found:
            return None
        self.at, self.patient = min(found, key=self._ready.__getitem__), True
        self.retried += 1
        return self._ready[self.at]

    def probed(self, now: float) -> float | None:
        """Go to the one of those that are shut that may be probed soonest. When; None: none is
        (its key was refused, or another model is not wanted).
        """
        due = [
            (way[1].breaker.due(now), number)
            for number, way in enumerate(self.ways)
            if self._states[number] == "shut"
            and way[1].breaker.state != "refused"
            and self._may(number, None)
        ]
        if not due:
            return None
        at, self.at = min(due)
        self.patient = True
        return at

    def verdict(self, last: Problem) -> Problem:
        """The problem that the client is told when there is no way left: a vendor's rather than
        that others were not asked, and where all refused the request all that they said.
        """
        told = [problem for problem in self._problems if problem is not None]
        both = zip(self._states, self._problems, strict=True)
        heard = [problem for state, problem in both if problem is not None and state != "shut"]
        if len(told) > 1 and all(problem.kind == "unsupported" for problem in told):
            return _joined(told)
        if last in heard or not heard:
            return last
        return heard[-1]

    def _failed(self, number: int, problem: Problem, *, again: bool, now: float) -> None:
        self.tries += 1
        self._states[number] = "again" if again else "failed"
        self._problems[number] = problem
        self._ready[number] = now + (problem.retry_after or 0.0)

    def _go(self, problem: Problem | None) -> bool:
        for state in ("untried", "put off"):
            for number, held in enumerate(self._states):
                if held == state and self._may(number, problem):
                    self.at, self.patient = number, state == "put off"
                    return True
        return False

    def _may(self, number: int, problem: Problem | None) -> bool:
        """Whether a way is open: another model's only where falling back is wanted, or where this
        one cannot be told the request.
        """
        if self._fallback or (problem is not None and problem.kind == "unsupported"):
            return True
        return self.ways[number][0][0].id == self.ways[0][0][0].id


def _joined(problems: list[Problem]) -> Problem:
    messages = dict.fromkeys(problem.message for problem in problems)
    return replace(problems[0], message="; ".join(messages))
