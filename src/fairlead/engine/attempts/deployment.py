"""What is known at run time of one deployment, and all of them by name.

A deployment is a model at an upstream with one of its keys. What is measured of it outlives a
reload of the configuration; that its key was refused does not: a new configuration may mend it.
"""

import logging
from collections.abc import Iterator
from typing import Final

from fairlead.engine.attempts.breaker import Breaker, Change
from fairlead.engine.attempts.bulkhead import Bulkhead
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.attempts.quota import Quota
from fairlead.engine.attempts.timing import Timing
from fairlead.engine.snapshot import Lane
from fairlead.upstream.vendors import Upstream

__all__ = ["Deployment", "Deployments"]

log = logging.getLogger("fairlead.delivery")

_MOST: Final = 2_000


class Deployment:
    """Mutable; of one process."""

    __slots__ = (
        "breaker",
        "bulkhead",
        "call",
        "label",
        "model",
        "quota",
        "rest_until",
        "timing",
        "told",
        "upstream",
    )

    def __init__(self, lane: Lane, delivery: Delivery, quota: Quota | None, call: str = "") -> None:
        self.call = call
        self.model = lane[0].id
        self.upstream = lane[1]
        self.label = lane[1].label
        self.breaker = Breaker(delivery.breaker)
        self.bulkhead = Bulkhead(lane[1].in_flight, delivery.queue)
        self.quota = quota
        self.timing = Timing()
        self.rest_until = 0.0
        """Until when its vendor asked to be left alone."""
        self.told = 0
        """The breaker's changes that are in the log."""

    @property
    def name(self) -> str:
        """Model and upstream, for people."""
        name = f"{self.model} at {self.label}"
        return f"{name} ({self.call})" if self.call else name

    def tell_changes(self) -> None:
        """Write the breaker's changes into the log."""
        breaker = self.breaker
        new = breaker.number - self.told
        if new:
            for change in breaker.changes[-new:]:
                _tell(self.name, change)
            self.told = breaker.number

    def reconfigured(self, upstream: Upstream, delivery: Delivery, quota: Quota | None) -> None:
        """Go on under a new configuration of the same key."""
        self.upstream, self.quota = upstream, quota
        self.bulkhead.resize(upstream.in_flight, delivery.queue)
        if self.breaker.state == "refused" or self.breaker.rules != delivery.breaker:
            self.breaker, self.told = Breaker(delivery.breaker), 0


def _tell(name: str, change: Change) -> None:
    level = logging.INFO if change.after == "closed" else logging.WARNING
    log.log(level, "deployment %s: %s (was %s): %s", name, change.after, change.before, change.why)


class Deployments:
    """All that were asked so far, and one quota for each key. Bounded.

    `call` is empty for requests to models; calls beside them have no quota: "Token counting and
    message creation have separate and independent rate limits" (platform.claude.com, Token
    counting), and so have files and batches.
    """

    def __init__(self, call: str = "") -> None:
        self.call = call
        self._known: dict[tuple[str, str, int], Deployment] = {}
        self._quotas: dict[str, Quota] = {}

    def __iter__(self) -> Iterator[Deployment]:
        return iter(self._known.values())

    def of(self, lane: Lane, delivery: Delivery) -> Deployment:
        """The deployment that a lane leads to."""
        upstream = lane[1]
        key = lane[0].id, upstream.name, upstream.number
        found = self._known.get(key)
        if found is None:
            found = Deployment(lane, delivery, self._quota(upstream), self.call)
            if len(self._known) < _MOST:  # names of models come from clients
                self._known[key] = found
        elif found.upstream is not upstream:
            quota = self._quota(upstream)
            if found.upstream.key == upstream.key and found.upstream.base_url == upstream.base_url:
                found.reconfigured(upstream, delivery, quota)
            else:
                in_flight = found.bulkhead
                found = self._known[key] = Deployment(lane, delivery, quota, self.call)
                in_flight.resize(0, 0)  # nobody waits for room in what is gone
        return found

    def _quota(self, upstream: Upstream) -> Quota | None:
        requests, tokens = upstream.requests_per_minute, upstream.tokens_per_minute
        if self.call or (not requests and not tokens):
            return None
        quota = self._quotas.get(upstream.label)
        if quota is None:
            quota = self._quotas[upstream.label] = Quota(requests, tokens)
        quota.requests_per_minute, quota.tokens_per_minute = requests, tokens
        return quota
