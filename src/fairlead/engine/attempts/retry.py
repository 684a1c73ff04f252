"""Whether the same deployment may be asked again, and when. Pure: draws and times are passed in.

Theory. A retry helps against a fault that passes; it does harm where it is billed twice, and where
many do it at once. So three things must hold:

- *Nothing was billed.* The connection failed before a byte was sent, or the vendor answered with an
  error that its own SDK sends again: "Retry on request timeouts [408] [...] rate limits [429] [...]
  internal errors [>= 500]", unless `x-should-retry` says otherwise (anthropic 2.12.0 and openai
  3.54.0, `_base_client.py`, `_should_retry`). Never after a connection broke that had carried the
  request: the vendor may be at work on it still. That is a case for another deployment only.
- *Waits spread out.* A random part of a bound that doubles ("full jitter": Marc Brooker,
  Exponential Backoff And Jitter, AWS Architecture Blog, 2015); where the vendor says how long, not
  before that.
- *Retries stay a share of the traffic.* A budget: each request pays in a part of a retry, each
  retry takes out a whole one (Finagle's RetryBudget). When everything fails, load grows by that
  share and not by a factor.
"""

from typing import Final, Literal

from fairlead.canon import Problem
from fairlead.engine.attempts.delivery import RetryRules

__all__ = ["AGAIN", "Repeats", "RetryBudget", "may_be_sent_again", "wait"]

Repeats = Literal["answered", "always", "unsent"]
"""When the same place may be asked again. `answered`: where nothing was sent, or an answer refused
it: what a vendor bills. `always`: after a break too, for nothing is billed and asking twice changes
nothing (RFC 9110, 9.2.1: reading is safe). `unsent`: only where nothing was sent, for it may have
been done ("A client SHOULD NOT automatically retry a request with a non-idempotent method",
9.2.2)."""

AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504, 529})
"""Answers of a vendor after which the same request may be sent again."""

_RESERVE: Final = 10.0
"""Retries that are there at the start, and that a quiet gateway has again after as many seconds."""
_MOST: Final = 100.0


_BROKEN: Final = frozenset({"upstream", "upstream_timeout", "upstream_unreachable"})


def may_be_sent_again(problem: Problem, said: bool | None, repeats: Repeats = "answered") -> bool:
    """Whether the deployment that gave this problem may get the request again.

    `said` is the vendor's own word (`x-should-retry`), None where it gave none.
    """
    status = problem.upstream_status
    if status is None or status < 400:
        broken = problem.upstream is not None and problem.kind in _BROKEN and status is None
        if repeats == "always" and broken:
            return True
        return problem.retryable and problem.charged is False
    if status not in AGAIN or problem.charged or repeats == "unsent":
        return False
    if problem.kind == "upstream_auth":  # "insufficient_quota" is a 429, and no wait mends it
        return False
    return problem.retryable if said is None else said


def wait(rules: RetryRules, number: int, hinted: float | None, draw: float) -> float | None:
    """Seconds before retry `number` (0 is the first); None: longer than is worth waiting.

    `hinted` is what the vendor said, `draw` a random number from 0 to 1.
    """
    backoff = draw * min(rules.most_wait, rules.first_wait * 2.0 ** min(number, 32))
    if hinted is None or hinted <= 0:
        return backoff
    if hinted > rules.longest_hint:
        return None
    # Not all at the very moment that the vendor named.
    return hinted + draw * min(rules.first_wait, hinted)


class RetryBudget:
    """How many retries are left. Mutable; of one process. `now` is seconds of any clock."""

    __slots__ = ("_at", "_left")

    def __init__(self, now: float = 0.0) -> None:
        self._left = _RESERVE
        self._at = now

    @property
    def left(self) -> float:
        """Retries that could be taken now."""
        return self._left

    def request(self, share: float) -> None:
        """A request came: it pays its part in."""
        self._left = min(_MOST, self._left + share)

    def take(self, now: float) -> bool:
        """Take out one retry, if there is one."""
        if self._left < _RESERVE and now > self._at:
            self._left = min(_RESERVE, self._left + now - self._at)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
