"""Which requests are hedged, where, and what becomes of the attempt that lost (see `hedge`)."""

from collections.abc import Awaitable, Callable
from time import perf_counter

from msgspec import Struct

from fairlead.canon import Problem
from fairlead.engine.attempted import attempted
from fairlead.engine.attempts.hedge import HedgeBudget, Run, race
from fairlead.engine.attempts.order import Way, unfit
from fairlead.engine.attempts.told import hedged, late_one
from fairlead.engine.attempts.trip import Trip
from fairlead.engine.client import Client
from fairlead.engine.exchange import Exchange
from fairlead.engine.settle import estimate, settle
from fairlead.ledger.record import Ledger

__all__ = ["Hedging", "Plan"]

Try = Callable[[Exchange, Way, Client], Awaitable[None]]


class Plan(Struct, frozen=True):
    """A first attempt `way`, and a `second` one after `late` seconds."""

    way: Way
    second: Way
    late: float


class Hedging:
    """Mutable; of one process. `count` is how many requests were hedged."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self.count = 0
        self._ledger = ledger
        self._clock = clock
        self._budget = HedgeBudget()

    def plan(self, x: Exchange, trip: Trip) -> Plan | None:
        """Where a second attempt would go, and when; None: there is none."""
        rules = x.snapshot.delivery.hedge
        if not (rules.on or x.hedge) or len(trip.ways) < 2:
            return None
        now, (lane, deployment) = self._clock(), trip.way
        self._budget.request(rules.share)
        late = deployment.timing.percentile(rules.percentile)
        if late is None:
            return None
        for way in trip.ways:
            same = way[0][0].id == lane[0].id
            if same and way[1] is not deployment and not unfit(way[1], now):
                return Plan(trip.way, way, max(late, rules.least_wait))
        return None

    async def run(self, x: Exchange, plan: Plan, client: Client, attempt: Try) -> None:
        """The first attempt, and the second beside it when it is late.

        Raises:
            Failure: as the first attempt does.
        """
        first, second = plan.way, plan.second

        async def ahead(x: Exchange, gate: Client) -> None:
            await attempt(x, first, gate)

        async def behind(x: Exchange, gate: Client) -> None:
            await attempt(x, second, gate)

        def begun(copied: Exchange) -> Run | None:
            now = self._clock()
            usd = x.snapshot.delivery.hedge.usd_per_hour
            if unfit(second[1], now) or not self._budget.take(now, usd):
                return None
            self.count += 1
            copied.tried = (*x.tried, late_one(first[0], 1000 * (now - x.began)))
            copied.decision = hedged(copied.decision, first[0], second[0])
            return behind

        await race(x, client, ahead, plan.late, begun, self._lost)

    def _lost(self, loser: Exchange, winner: Exchange, problem: Problem | None) -> None:
        """Book the attempt that the other was quicker than."""
        refused = problem is not None and (
            problem.upstream_status is not None or problem.charged is False
        )
        if refused or not loser.asked:
            return
        loser.attempts, loser.spent = winner.attempts, winner.spent
        if loser.usage is None:
            loser.usage = estimate(loser, None)
            settle(loser)
        loser.outcome, loser.status, loser.last = "client_gone", 499, perf_counter()
        self._ledger.add(attempted(loser, "hedge: another deployment answered sooner"))
        self._budget.spent(self._clock(), loser.cost)
        winner.attempts, winner.spent = loser.attempts, loser.spent
