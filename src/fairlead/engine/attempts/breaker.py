"""A circuit breaker for one deployment: a pure state machine; the time is passed in.

              errors, slowness                    time is up
    CLOSED --------------------------> OPEN --------------------> HALF_OPEN
       ^                                ^                             |  |
       |                                +-----------------------------+  |
       |                                        a probe fails            |
       +-----------------------------------------------------------------+
                                 enough probes are good

    any state -- 401, or 403 again and again --> REFUSED: until the configuration changes

Theory. Closed, it counts answers in slices of a rolling window, so that an old fault is forgotten
without a timer. Open, nothing is sent: a vendor that is down gets no load, and a request no wait.
Half open, one request at a time probes it. A request that was let in (`enter`) has to tell how it
ended (`ok`, `failed`, `left`), or its probe would be held for ever. It says with which number it
was let in: what began in an earlier state says nothing about this one.

401 means that the key is refused: no time mends that. 403 may also be about one request (a filter
on the way, a feature), so it takes several in a row.
"""

from typing import Final, Literal

from msgspec import Struct

from fairlead.engine.attempts.delivery import BreakerRules

__all__ = ["LOOK_AGAIN", "Breaker", "Change", "State"]

State = Literal["closed", "open", "half_open", "refused"]

SLICES: Final = 10
FORBIDDEN: Final = 3
"""So many answers 403, and nothing else between them, mean that the key may not."""
LOOK_AGAIN: Final = 0.05
"""Seconds after which the probe that another request makes may be over."""
_KEPT: Final = 20
_LONGEST: Final = 300


class Change(Struct, frozen=True):
    """The breaker went from one state to another."""

    at: float
    before: State
    after: State
    why: str


class _Slice:
    """A tenth of the window."""

    __slots__ = ("failed", "number", "ok", "slow")

    def __init__(self) -> None:
        self.number = -1
        self.ok = self.failed = self.slow = 0


class Breaker:
    """Mutable; of one process. Times are seconds of a clock that never goes back."""

    __slots__ = (
        "_forbidden",
        "_good",
        "_in_a_row",
        "_openings",
        "_probing",
        "_slices",
        "_width",
        "changes",
        "number",
        "rules",
        "state",
        "until",
    )

    def __init__(self, rules: BreakerRules) -> None:
        self.rules = rules
        self.state: State = "closed"
        self.until = 0.0
        """When an open one may be probed."""
        self.changes: list[Change] = []
        self.number = 0
        """Of the state: each change has the next."""
        self._width = rules.window / SLICES
        self._slices = [_Slice() for _ in range(SLICES)]
        self._in_a_row = self._forbidden = 0
        self._openings = 0  # in a row, without closing between
        self._probing = False
        self._good = 0

    # --- before a request -------------------------------------------------------------------------

    def admits(self, now: float) -> bool:
        """Whether a request would be let in. Changes nothing."""
        state = self.state
        if state == "closed":
            return True
        if state == "open":
            return now >= self.until
        return state == "half_open" and not self._probing

    def due(self, now: float) -> float:
        """When it is worth to ask again whether one is let in; of one that is not refused."""
        if self.admits(now):
            return now
        return self.until if self.state == "open" else now + LOOK_AGAIN

    def enter(self, now: float) -> int | None:
        """Let a request in, which then has to tell how it ended; None: nothing is sent."""
        if self.state == "closed":
            return self.number
        if not self.admits(now):
            return None
        if self.state == "open":
            self._go("half_open", now, "time to try")
            self._good = 0
        self._probing = True
        return self.number

    # --- after it ---------------------------------------------------------------------------------

    def ok(self, number: int, now: float, seconds: float | None = None) -> None:
        """It was answered; its first token (or its whole) took so many seconds."""
        if number != self.number:
            return
        self._in_a_row = self._forbidden = 0
        slow = seconds is not None and 0 < self.rules.slow_seconds <= seconds
        if self.state == "closed":
            held = self._slice(now)
            held.ok += 1
            if slow:
                held.slow += 1
                self._judge(now)
        elif self.state == "half_open":
            self._probing = False
            if slow:
                self._open(now, "a probe was slow")
                return
            self._good += 1
            if self._good >= self.rules.probes:
                self._close(now)

    def failed(self, number: int, now: float, why: str) -> None:
        """It was not answered, and the deployment is to blame."""
        if number != self.number:
            return
        if self.state == "half_open":
            self._probing = False
            self._open(now, f"a probe failed: {why}")
        elif self.state == "closed":
            self._slice(now).failed += 1
            self._in_a_row += 1
            if self._in_a_row >= self.rules.in_a_row:
                self._open(now, f"{self._in_a_row} faults in a row, the last: {why}")
            else:
                self._judge(now)

    def refused(self, number: int, now: float, status: int | None, why: str = "") -> None:
        """The deployment refuses the account: 401 at once, 403 when it comes again and again.
        Other words for it (no credit, a spend limit) mend by themselves: it opens for a time.
        `why` is the vendor's message, without secrets.
        """
        if number != self.number:
            return
        if status == 403:
            self._forbidden += 1
        if status == 401 or self._forbidden >= FORBIDDEN:
            self._probing = False
            self._go("refused", now, why or f"status {status}: the key is refused")
        elif status == 403:
            self.left(number)
        else:
            self._probing = False
            self._open(now, why or "the account is refused")

    def left(self, number: int) -> None:
        """It ended without a word on the deployment: the client left, or was at fault."""
        if number == self.number:
            self._probing = False

    # --- within -----------------------------------------------------------------------------------

    def _judge(self, now: float) -> None:
        ok = failed = slow = 0
        oldest = int(now / self._width) - SLICES
        for each in self._slices:
            if each.number > oldest:
                ok, failed, slow = ok + each.ok, failed + each.failed, slow + each.slow
        total, rules = ok + failed, self.rules
        if total < rules.least:
            return
        if failed >= rules.errors * total:
            self._open(now, f"{failed} of {total} requests failed")
        elif slow and slow >= rules.slow * total:
            self._open(now, f"{slow} of {total} requests were slow")

    def _slice(self, now: float) -> _Slice:
        number = int(now / self._width)
        held = self._slices[number % SLICES]
        if held.number != number:
            held.number = number
            held.ok = held.failed = held.slow = 0
        return held

    def _open(self, now: float, why: str) -> None:
        rules = self.rules
        seconds = min(rules.most_open_seconds, rules.open_seconds * 2.0 ** min(self._openings, 32))
        self._openings += 1
        self.until = now + seconds
        self._go("open", now, why)

    def _close(self, now: float) -> None:
        self._slices = [_Slice() for _ in range(SLICES)]
        self._openings = self._in_a_row = 0
        self._go("closed", now, "the probes were good")

    def _go(self, state: State, now: float, why: str) -> None:
        self.changes.append(Change(now, self.state, state, why[:_LONGEST]))
        del self.changes[:-_KEPT]
        self.state = state
        self.number += 1
