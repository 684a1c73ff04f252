"""A key's requests and tokens per minute, kept before the vendor says 429. Pure; time is passed in.

Theory. Within no 60 seconds may more be sent than the limit. A window that slides with each request
holds that exactly; a bucket that refills would let up to twice as much through in its first minute.
So what was sent is kept with its time until it is a minute old. The vendor counts tokens when it is
through; we know an estimate before. So the estimate is taken when the request goes out and
corrected when its answer tells the truth.
"""

from collections import deque
from typing import Final

from fairlead.engine.attempts.line import Line

__all__ = ["Quota", "Taken"]

WINDOW: Final = 60.0


class Taken:
    """What one request has taken."""

    __slots__ = ("at", "tokens")

    def __init__(self, at: float, tokens: int) -> None:
        self.at = at
        self.tokens = tokens


class Quota:
    """Mutable; of one key. A limit of 0 is none."""

    __slots__ = ("_held", "_tokens", "line", "requests_per_minute", "tokens_per_minute")

    def __init__(self, requests_per_minute: int, tokens_per_minute: int) -> None:
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.line = Line()
        """Who waits for it."""
        self._held: deque[Taken] = deque()
        self._tokens = 0

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until a request of so many tokens may go out; 0: now. A request that is larger
        than the whole limit waits until nothing else is held: the vendor has the last word on it.
        """
        self._forget(now)
        requests, limit = self.requests_per_minute, self.tokens_per_minute
        until = now
        if requests and len(self._held) >= requests:
            until = self._held[len(self._held) - requests].at + WINDOW
        if limit and self._held and self._tokens + tokens > limit:
            over = self._tokens + min(tokens, limit) - limit
            for each in self._held:
                if over <= 0:
                    break
                over -= each.tokens
                until = max(until, each.at + WINDOW)
        return max(0.0, until - now)

    def take(self, now: float, tokens: int) -> Taken:
        """A request goes out."""
        self._forget(now)
        taken = Taken(now, tokens)
        self._held.append(taken)
        self._tokens += tokens
        return taken

    def correct(self, taken: Taken, tokens: int) -> None:
        """The answer tells how many tokens it was."""
        if self._held and taken.at >= self._held[0].at:
            self._tokens += tokens - taken.tokens
            taken.tokens = tokens

    def give_back(self, taken: Taken) -> None:
        """It was not sent after all."""
        if taken in self._held:
            self._held.remove(taken)
            self._tokens -= taken.tokens

    def used(self, now: float) -> tuple[int, int]:
        """Requests and tokens of the last minute."""
        self._forget(now)
        return len(self._held), self._tokens

    def _forget(self, now: float) -> None:
        held, oldest = self._held, now - WINDOW
        while held and held[0].at <= oldest:
            self._tokens -= held.popleft().tokens
