"""Which requests are hedged, where, and what becomes of the attempt that lost (see `hedge`)."""

from collections.abc import Awaitable, Callable
from time import perf_counter

from msgspec import Struct

from fairlead.canon import Problem
from fairlead.engine.attempted import attempted
from fairlead.engine.attempts.hedge import HedgeBudget, Run, race
from fairlead.engine.attempts.order import Way, unfit
from fairlead.engine.attempts.retry import may_be_sent_again
from fairlead.engine.attempts.told import hedged, late_one, tried
from fairlead.engine.attempts.trip import Trip
from fairlead.engine.client import Client
from fairlead.engine.exchange import Exchange
from fairlead.engine.settle import estimate, settle
from fairlead.ledger.record import Ledger

__all__ = ["Hedging", "Plan"]

Try = Callable[[Exchange, Way, Client], Awaitable[None]]


class Plan(Struct, frozen=True):
    """A second attempt, by the number of its way, after `late` seconds."""

    second: int
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
        now = self._clock()
        self._budget.request(rules.share)
        late = trip.way[1].timing.percentile(rules.percentile)
        if late is None:
            return None
        for number in trip.beside():
            if not unfit(trip.ways[number][1], now):
                return Plan(number, max(late, rules.least_wait))
        return None

    async def run(self, x: Exchange, trip: Trip, plan: Plan, client: Client, attempt: Try) -> None:
        """The first attempt, and the second beside it when it is late.

        Raises:
            Failure: as the first attempt does.
        """
        first, second = trip.way, trip.ways[plan.second]

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

        def lost(loser: Exchange, winner: Exchange, problem: Problem | None) -> None:
            if loser is x:
                trip.overtaken(plan.second)
            elif problem is not None:
                now, again = self._clock(), may_be_sent_again(problem, loser.again)
                trip.failed_beside(plan.second, problem, again=again, now=now)
                told = tried(second[0], problem, 1000 * (now - loser.began))
                winner.tried = (*winner.tried, told)
            self._lost(loser, winner, problem)

        await race(x, client, ahead, plan.late, begun, lost)

    def _lost(self, loser: Exchange, winner: Exchange, problem: Problem | None) -> None:
        """Book the attempt that the other was quicker than, if its vendor may bill it."""
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
        why = "it was not waited for"
        if problem is not None:
            loser.outcome, loser.status, why = "upstream_error", problem.status, problem.message
            loser.problem = problem
        self._ledger.add(attempted(loser, f"hedge: {why}"[:200]))
        self._budget.spent(self._clock(), loser.cost)
        winner.attempts, winner.spent = loser.attempts, loser.spent
