"""Whether a request may go out now: a place in flight, and its key's requests and tokens a minute.

A request that has another way to go does not wait (`NotSent`). One that has none waits, for no
longer than `delivery.queue_seconds` and its own deadline, the more urgent before the less, for a
place as for a quota; who has a place gives it back where others have taken what the quota had.
"""

import asyncio
import contextlib
from collections.abc import Callable

from fairlead.canon import Failure, Problem
from fairlead.engine.attempts.bulkhead import PRIORITIES, Bulkhead, Shed
from fairlead.engine.attempts.deployment import Deployment
from fairlead.engine.attempts.line import Place
from fairlead.engine.attempts.quota import Quota
from fairlead.engine.attempts.told import full, over_quota
from fairlead.engine.exchange import Exchange
from fairlead.engine.settle import CHARS_PER_TOKEN

__all__ = ["NotSent", "find_room", "let_in", "patience", "prompt_tokens"]

Clock = Callable[[], float]


class NotSent(Exception):
    """The way has no room now (`problem` None), or its breaker is open."""

    def __init__(self, problem: Problem | None = None) -> None:
        super().__init__()
        self.problem = problem


async def find_room(x: Exchange, deployment: Deployment, clock: Clock, *, patient: bool) -> None:
    """Take a place in flight, when the quota has room too.

    Raises:
        Failure: there was none in time.
        NotSent: there is none now, and it is not patient.
    """
    bulkhead, quota = deployment.bulkhead, deployment.quota
    tokens, until = prompt_tokens(x), patience(x, clock())
    place = None if quota is None else quota.line.place(_priority(x))
    if not patient and not (bulkhead.has_room() and _at_once(quota, place, clock(), tokens)):
        raise NotSent
    while True:
        if place is not None and not _at_once(quota, place, clock(), tokens):
            await _wait_for_quota(x, deployment, place, tokens, until, clock)
        await let_in(x, bulkhead, deployment.name, until, clock)
        if _allows(quota, clock(), tokens):
            return
        bulkhead.leave()  # while it waited for its place, others took what the quota had


async def _wait_for_quota(
    x: Exchange, deployment: Deployment, place: Place, tokens: int, until: float, clock: Clock
) -> None:
    """Stand in line until the quota lets this one out.

    Raises:
        Failure: it will not in time.
    """
    quota, began = deployment.quota, clock()
    assert quota is not None  # noqa: S101 - there is a place in its line
    line = quota.line
    line.enter(place)
    try:
        while True:
            now, first = clock(), line.is_first(place)
            seconds = quota.wait(now, tokens)
            if first and not seconds:
                return
            if now + seconds > until or now >= until:
                raise Failure(over_quota(deployment, seconds))
            if first:
                await asyncio.sleep(seconds)
                continue
            place.called.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(until - now):
                    await place.called.wait()
    finally:
        line.leave(place)
        x.queued += clock() - began


def patience(x: Exchange, now: float) -> float:
    """Until when the request may wait for room."""
    until = now + x.snapshot.delivery.queue_seconds
    return until if x.until is None else min(until, x.until)


async def let_in(x: Exchange, bulkhead: Bulkhead, name: str, until: float, clock: Clock) -> None:
    """Go in, when there is room.

    Raises:
        Failure: there was none in time, or the queue is full of what is more urgent.
    """
    if bulkhead.enter():
        return
    began = clock()
    try:
        await bulkhead.wait(_priority(x), max(0.0, until - began))
    except Shed:
        raise Failure(full(name, x.snapshot.delivery)) from None
    finally:
        x.queued += clock() - began


def prompt_tokens(x: Exchange) -> int:
    """An estimate of the prompt's, for the quota; the answer corrects it."""
    features = None if x.decision is None else x.decision.features
    return (features.prompt_tokens if features is not None else 0) or (
        len(x.body) // CHARS_PER_TOKEN
    )


def _allows(quota: Quota | None, now: float, tokens: int) -> bool:
    return quota is None or not quota.wait(now, tokens)


def _at_once(quota: Quota | None, place: Place | None, now: float, tokens: int) -> bool:
    """Whether the quota lets one out that has not waited. Who waits goes first."""
    if quota is None or place is None:
        return True
    return quota.line.lets(place.priority) and not quota.wait(now, tokens)


def _priority(x: Exchange) -> int:
    latency = x.latency
    if latency is None and x.decision is not None:
        latency = x.decision.features.latency
    return PRIORITIES[latency or "normal"]
