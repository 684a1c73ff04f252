"""Canaries are looked after beside the requests: compared, rolled back, and told.

Every look reads what happened to canaries (so that a roll-back by another process or by hand is
known within a second) and now and then what their requests came to. The request path reads one
mapping, which is swapped whole. A roll-back is noted in the ledger's file before it is in force, so
a restart knows it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from fairlead.canon import FairleadError
from fairlead.finance.canary import Comparison
from fairlead.ledger.rollout import CanaryEvent, CanaryHistory, Trials
from fairlead.routing import Policy
from fairlead.routing.rollout import NO_LIMITS
from fairlead.server.background import Background
from fairlead.server.canary_report import begun, take_in

__all__ = ["RolloutWatch", "told_at"]

log = logging.getLogger("fairlead")

LOOK_EVERY: Final = 1.0
"""Seconds between two looks how canaries stand."""
PAUSE: Final = 0.01
"""Seconds between two pieces that are read of the ledger."""
EVALUATE_EVERY: Final = 2.0
"""Seconds between two looks at the figures."""


def told_at(at: float) -> str:
    """`2026-11-23 06:10 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


class _Run:
    """One canary since it began or was resumed."""

    def __init__(self, path: Path, policy: Policy, since: float) -> None:
        self.policy = policy
        self.since = since
        self.comparison = Comparison()
        self.trials = Trials(path, policy.name, policy.hash, since, PAUSE)


class RolloutWatch(Background):
    """Looks after the canaries among `policies()` that have limits; `swap` is given since when
    which canaries (by hash) are rolled back. `look` blocks: it belongs into a thread, one at a
    time.
    """

    def __init__(
        self,
        path: Path,
        policies: Callable[[], Iterable[Policy]],
        swap: Callable[[Mapping[str, str]], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._policies = policies
        self._swap = swap
        self._clock = clock
        self._history = CanaryHistory(path)
        self._runs: dict[str, _Run] = {}
        self._standing: dict[str, CanaryEvent] = {}
        self._next = 0.0
        self._well = True

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await asyncio.to_thread(self.look)

    def begin(self) -> None:
        """Take over what is known, before the first request.

        Raises:
            LedgerError: the file cannot be used.
        """
        self._history.prepare()
        self._stand(quietly=True)
        for policy in self._limited():
            if policy.hash not in self._standing:
                self._history.note(policy.name, policy.hash, "begun")

    def look(self) -> None:
        """Read how canaries stand, and now and then compare. Never raises."""
        try:
            self._stand()
            if self._clock() >= self._next:
                self._next = self._clock() + EVALUATE_EVERY
                self._compare()
        except FairleadError as error:
            if self._well:
                log.error("canaries cannot be looked after for now: %s", error)  # noqa: TRY400 - no traceback for a file that is locked or full
            self._well = False
        else:
            self._well = True

    def _stand(self, *, quietly: bool = False) -> None:
        standing = self._history.standing()
        if standing == self._standing and not quietly:
            return
        before, self._standing = self._standing, standing
        back = {each.policy_hash: each for each in standing.values() if each.event == "rolled_back"}
        self._swap({hash_: told_at(each.at) for hash_, each in back.items()})
        for hash_, event in standing.items():
            if before.get(hash_) != event and not quietly:
                _say(event)

    def _limited(self) -> list[Policy]:
        """Canaries that may be rolled back."""
        return [each for each in self._policies() if each.canary and each.canary.limits.stated]

    def _compare(self) -> None:
        running: dict[str, _Run] = {}
        for policy in self._limited():
            limits = policy.canary.limits if policy.canary is not None else NO_LIMITS
            last = self._standing.get(policy.hash)
            if last is None:
                last = self._history.note(policy.name, policy.hash, "begun")
            if last.event == "rolled_back":
                continue
            run = self._runs.get(policy.hash)
            if run is None or run.since != last.at:
                run = _Run(self._path, policy, begun((last,)))
            running[policy.hash] = run
            take_in(run.comparison, run.trials)
            broken = run.comparison.broken(limits)
            if broken is not None:
                figures = msgspec.json.encode(run.comparison.figures(limits)).decode()
                told = broken.told()
                self._history.note(policy.name, policy.hash, "rolled_back", told, figures)
        self._runs = running
        self._stand()


_SAID: Final[dict[str, tuple[int, str]]] = {
    "begun": (logging.INFO, "canary %s (%s) has begun; it is looked after"),
    "resumed": (logging.WARNING, "canary %s (%s) has its share again: %s"),
    "rolled_back": (logging.WARNING, "canary %s (%s) is rolled back: %s"),
}


def _say(event: CanaryEvent) -> None:
    level, said = _SAID[event.event]
    facts = (event.policy, event.policy_hash, event.reason)
    log.log(level, said, *facts[: said.count("%s")])
