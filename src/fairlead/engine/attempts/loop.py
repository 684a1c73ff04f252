"""The attempt loop: a request is tried over an ordered list of deployments.

    for each way, best first:  let in -> send -> relay -> judge
        answered                      done
        the request is at fault       told to the client
        another deployment may help   the next way; at the end, the same again after a wait
        the client has had a byte     the stream ends with an error: no second model is glued on

What is pure is beside it, a noun a file: `trip`, `order`, `retry`, `breaker`, `quota`, `timing`.
Here is what acts: waits, bookkeeping, the exchange's state between two attempts.

A request with one deployment, a closed breaker and no bounds goes straight through: what the rest
costs it is some attribute tests.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Final

from fairlead.canon import Failure, Problem
from fairlead.engine.attempted import attempted, forget, may_be_billed
from fairlead.engine.attempts.breaker import LOOK_AGAIN
from fairlead.engine.attempts.bulkhead import Bulkhead
from fairlead.engine.attempts.deadline import first_token_within, seconds_for
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.attempts.deployment import Deployments
from fairlead.engine.attempts.hedging import Hedging
from fairlead.engine.attempts.hold_back import HoldBack
from fairlead.engine.attempts.home import at_home
from fairlead.engine.attempts.judge import given_up, judged
from fairlead.engine.attempts.order import Draw, Sessions, Way, ordered, unfit
from fairlead.engine.attempts.retry import RetryBudget, may_be_sent_again, wait
from fairlead.engine.attempts.room import NotSent, find_room, let_in, patience, prompt_tokens
from fairlead.engine.attempts.session import session
from fairlead.engine.attempts.told import fallen_back, full, shut, tried
from fairlead.engine.attempts.trip import Trip, elsewhere
from fairlead.engine.client import Client
from fairlead.engine.exchange import Exchange
from fairlead.engine.settle import estimate, settle
from fairlead.engine.snapshot import Lane
from fairlead.ledger.record import Ledger

__all__ = ["Attempt", "Attempts"]

Attempt = Callable[[Exchange, Lane, Client], Awaitable[None]]
"""Sends the request one way and passes the answer on (`Engine._attempt`)."""

MOST_TRIES: Final = 64
"""Attempts of one request, whatever is configured."""


class Attempts:
    """What the attempts of all requests share. Mutable; of one event loop."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Callable[[], float] = perf_counter,
        draw: Draw = random.random,
        call: str = "",
    ) -> None:
        self.deployments = Deployments(call)
        self.sessions = Sessions()
        self.whole = Bulkhead(0, 0)
        """All requests that are at vendors."""
        self.waiting = 0
        """How many wait until a breaker lets them in."""
        self.clock = clock
        self._ledger = ledger
        self._draw = draw
        self._budget = RetryBudget(clock())
        self.hedging = Hedging(ledger, clock)
        self.sides: dict[str, Attempts] = {}
        """Those of calls beside the main one."""

    def beside(self, call: str) -> "Attempts":
        """Attempts at a call beside the main one: its deployments have breakers of their own, for a
        vendor may count tokens while its models are down, and the other way round; the bound of
        all requests at once and the budget of retries are shared.
        """
        found = self.sides.get(call)
        if found is None:
            found = self.sides[call] = Attempts(self._ledger, self.clock, self._draw, call)
            found.whole, found._budget = self.whole, self._budget
        return found

    async def run(
        self, x: Exchange, lanes: Sequence[Lane], client: Client, attempt: Attempt
    ) -> None:
        """Try the lanes until one has answered.

        Raises:
            Failure: none could.
        """
        delivery, whole, clock = x.snapshot.delivery, self.whole, self.clock
        self._budget.request(delivery.retry.share)
        if x.timeout is not None or delivery.deadline:
            seconds = seconds_for(x.timeout, delivery)
            x.until = None if seconds is None else x.started + seconds
        if whole.most != delivery.in_flight or whole.queue != delivery.queue:
            whole.resize(delivery.in_flight, delivery.queue)
        if not whole.enter():
            await let_in(x, whole, "of the gateway", patience(x, clock()), clock)
        try:
            held = x.stream and (delivery.hold_back or x.hold_back)
            if held or (len(lanes) > 1 and _several_doors(lanes)):
                await self._run(x, lanes, client, attempt)
                return
            # Routing's order holds, and the first way is likely to be the only one.
            of = self.deployments.of
            way = lanes[0], of(lanes[0], delivery)
            try:
                await self._try(x, way, client, attempt=attempt, patient=len(lanes) == 1)
            except (NotSent, Failure) as error:
                ways = [way, *((lane, of(lane, delivery)) for lane in lanes[1:])]
                trip = Trip(ways, fallback=x.snapshot.fallback)
                await self._caught(x, trip, client, error)
                while await self._step(x, trip, client, attempt):
                    pass
                self._ended(x)
        finally:
            whole.leave()

    def spares(self, lane: Lane, delivery: Delivery) -> bool:
        """Whether a deployment has room at once for what gives way to requests."""
        return not unfit(self.deployments.of(lane, delivery), self.clock())

    async def aside(self, x: Exchange, lane: Lane, client: Client, attempt: Attempt) -> None:
        """One attempt that gives way: sent only where there is room at once, never again.

        Raises:
            Failure: it was not answered.
        """
        way = lane, self.deployments.of(lane, x.snapshot.delivery)
        try:
            await self._try(x, way, client, attempt=attempt, patient=False)
        except NotSent as error:
            raise Failure(error.problem or full(way[1].name, x.snapshot.delivery)) from None

    async def _run(
        self, x: Exchange, lanes: Sequence[Lane], client: Client, attempt: Attempt
    ) -> None:
        delivery, of = x.snapshot.delivery, self.deployments.of
        lanes = at_home(x, lanes)
        number = session(x) if delivery.sticky else None
        ways = self._ordered(number, [(lane, of(lane, delivery)) for lane in lanes], delivery)
        trip = Trip(ways, fallback=x.snapshot.fallback)
        seconds = delivery.hold_back if x.hold_back is None else x.hold_back
        if seconds and x.stream:
            holding = HoldBack(client, seconds, delivery.hold_back_pieces)
            try:
                await self._held(x, trip, holding, attempt)
            finally:
                holding.close()
        else:
            while await self._step(x, trip, client, attempt):
                pass
            self._ended(x)
        if number is not None and x.outcome == "ok":
            model, upstream = x.model, x.upstream
            if model is not None and upstream is not None:
                self.sessions.keep(number, model.id, upstream.label)

    async def _held(self, x: Exchange, trip: Trip, client: HoldBack, attempt: Attempt) -> None:
        """As long as nothing has gone out, a stream that broke is a fault like any other."""
        while True:
            if await self._step(x, trip, client, attempt):
                continue
            problem = x.problem if x.outcome == "stream_broken" else None
            if not client.unseen or problem is None:
                self._ended(x)
            elif await self._goes_on(x, trip, problem, held=True):
                client.throw_away()
                continue
            if client.unseen:
                await client.let_go()
            return

    async def _step(self, x: Exchange, trip: Trip, client: Client, attempt: Attempt) -> bool:
        """One way. Whether there is another one to go.

        Raises:
            Failure: there is none left.
        """
        try:
            plan = self.hedging.plan(x, trip) if x.stream else None
            if plan is None:
                await self._try(x, trip.way, client, attempt=attempt, patient=trip.patient)
            else:
                run = partial(self._try, attempt=attempt, patient=trip.patient)
                await self.hedging.run(x, trip, plan, client, run)
        except (NotSent, Failure) as error:
            await self._caught(x, trip, client, error)
            return True
        return False

    async def _caught(
        self, x: Exchange, trip: Trip, client: Client, error: "NotSent | Failure"
    ) -> None:
        """A way did not answer; the trip has another one then.

        Raises:
            Failure: it has none.
        """
        problem, before = error.problem, trip.way
        if isinstance(error, Failure):
            holding = client if isinstance(client, HoldBack) else None
            if holding is not None:
                holding.throw_away()
            held = holding is not None
            if client.started or not await self._goes_on(x, trip, error.problem, held=held):
                _spent(x, error.problem)
                told = trip.verdict(error.problem)
                raise error if told is problem else Failure(told) from error
        elif problem is None:
            trip.put_off()
        elif trip.shut(problem):
            self._moved(x, before[0], trip.way[0], problem)
        elif (seconds := self._probe(x, trip, self.clock())) is not None:
            await self._wait_for_probe(x, seconds)
        else:
            raise Failure(trip.verdict(problem)) from None

    # --- one attempt ------------------------------------------------------------------------------

    async def _try(
        self, x: Exchange, way: Way, client: Client, *, attempt: Attempt, patient: bool
    ) -> None:
        """Let the request in, send it, and note what became of it.

        Raises:
            Failure: it was not answered.
            NotSent: there is no room, unless it is patient; or the breaker is open.
        """
        lane, deployment = way
        breaker, bulkhead, quota = deployment.breaker, deployment.bulkhead, deployment.quota
        x.choose(*lane)
        started = self.clock()
        number = breaker.enter(started)
        if number is None:
            raise NotSent(shut(deployment, started))
        if quota is not None or not bulkhead.enter():
            try:
                await find_room(x, deployment, self.clock, patient=patient)
            except BaseException:
                breaker.left(number)
                raise
            started = self.clock()
        taken = None if quota is None else quota.take(started, prompt_tokens(x))
        x.began = started
        try:
            if x.stream and (seconds := lane[1].timeouts.first_token):
                await first_token_within(seconds, x, attempt(x, lane, client))
            else:
                await attempt(x, lane, client)
        except Failure as failure:
            judged(x, deployment, number, started, self.clock(), failure.problem)
            raise
        except BaseException:
            breaker.left(number)
            given_up(x, deployment, self.clock() - started)
            raise
        else:
            judged(x, deployment, number, started, self.clock(), None)
        finally:
            bulkhead.leave()
            if quota is not None and taken is not None:
                if not x.asked:
                    quota.give_back(taken)
                elif x.usage is not None:
                    quota.correct(taken, x.usage.prompt_total + x.usage.completion_total)

    # --- between two attempts ---------------------------------------------------------------------

    async def _goes_on(
        self, x: Exchange, trip: Trip, problem: Problem, *, held: bool = False
    ) -> bool:
        """Whether there is another try, which is the trip's way then. Waits for its time. `held`:
        it failed while the answer was to be held back, so that it would be mended.
        """
        lane, deployment = trip.way
        self._note(x, lane, problem)
        if x.until is not None and self.clock() >= x.until:
            return False
        seconds, probe = 0.0, None
        again = may_be_sent_again(problem, x.again, x.repeats)
        broken_too = held or x.snapshot.delivery.after_break
        if not (again or elsewhere(problem, broken_too=broken_too)):
            return False
        now = self.clock()
        if not trip.failed(problem, again=again, now=now):
            pause = self._again(x, trip, now)
            if pause is None and (probe := self._probe(x, trip, now)) is None:
                return False
            seconds = pause or 0.0
        self._book(x, problem)
        if trip.way[1] is not deployment:
            self._moved(x, lane, trip.way[0], problem)
        forget(x)  # before the wait: a client that leaves in it owes nothing for what failed
        if probe is not None:
            await self._wait_for_probe(x, probe)
        elif seconds:
            await asyncio.sleep(seconds)
        return True

    @staticmethod
    def _moved(x: Exchange, lane: Lane, following: Lane, problem: Problem) -> None:
        x.decision = fallen_back(x.decision, lane, following, problem)
        if following[0].id != lane[0].id:
            x.warnings = x.snapshot.warnings(following[0].id, x.today)

    def _again(self, x: Exchange, trip: Trip, now: float) -> float | None:
        """Seconds to wait before a way is asked again, which is the trip's then; None: none is."""
        rules = x.snapshot.delivery.retry
        if trip.retried >= rules.retries or trip.tries >= MOST_TRIES:
            return None
        ready = trip.back()
        if ready is None:
            return None
        seconds = wait(rules, trip.retried - 1, ready - now, self._draw())
        if seconds is None or (x.until is not None and now + seconds >= x.until):
            return None
        return seconds if self._budget.take(now) else None

    def _probe(self, x: Exchange, trip: Trip, now: float) -> float | None:
        """Seconds until a breaker lets one in whose deployment is the trip's way then; None: not
        within the request's patience, or too many wait for it already.
        """
        delivery = x.snapshot.delivery
        at = trip.probed(now) if self.waiting < delivery.queue else None
        if at is None:
            return None
        # Not all at the same moment: one is let in, the others look again.
        at += self._draw() * LOOK_AGAIN
        until = now + delivery.queue_seconds - x.queued
        if at > (until if x.until is None else min(until, x.until)):
            return None
        return at - now

    async def _wait_for_probe(self, x: Exchange, seconds: float) -> None:
        self.waiting += 1
        x.queued += seconds
        try:
            await asyncio.sleep(seconds)
        finally:
            self.waiting -= 1

    def _ended(self, x: Exchange) -> None:
        """The last attempt beside those before it, where there were any."""
        if x.tried and x.model is not None and x.upstream is not None:
            self._note(x, (x.model, x.upstream), x.problem)

    def _note(self, x: Exchange, lane: Lane, problem: Problem | None) -> None:
        x.tried = (*x.tried, tried(lane, problem, 1000 * (self.clock() - x.began)))

    def _book(self, x: Exchange, problem: Problem) -> None:
        """A record of its own for an attempt that the vendor may bill, before the next begins."""
        _spent(x, problem)
        if x.usage is None:
            return
        x.problem, x.outcome, x.status = problem, "upstream_error", problem.status
        x.last = perf_counter()
        self._ledger.add(attempted(x, problem.message[:200]))

    def _ordered(self, number: int | None, ways: list[Way], delivery: Delivery) -> list[Way]:
        def kept(model: str) -> str | None:
            return None if number is None else self.sessions.of(number, model)

        return ordered(ways, delivery.balance, self.clock(), self._draw, kept)


def _spent(x: Exchange, problem: Problem) -> None:
    """An attempt that failed: what the vendor may bill though it told nothing, as an estimate."""
    if x.usage is None and may_be_billed(x, problem):
        x.usage = estimate(x, None)
        settle(x)


def _several_doors(lanes: Sequence[Lane]) -> bool:
    """Whether a model may be asked at more than one place: its lanes stand side by side."""
    before = ""
    for model, _ in lanes:
        if model.id == before:
            return True
        before = model.id
    return False
