"""How long a request may take: all its attempts together, and its first token."""

import asyncio
from collections.abc import Awaitable

from msgspec.structs import replace

from fairlead.canon import Failure, Problem
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.exchange import Exchange
from fairlead.upstream.transport import HttpRequest

__all__ = ["first_token_within", "in_time", "over", "seconds_for", "within"]

_LEAST = 0.001
_AT_THE_END = 0.05
"""Seconds before a request's end in which a timeout is that end's."""
_WAITED = frozenset({"upstream_timeout", "upstream_unreachable"})
_CLIENTS = "it was the client's own time ({:g} s, x-fairlead-timeout): give it more"
_OPERATORS = "it was the gateway's time ({:g} s, delivery.deadline): its operator may raise it"


def seconds_for(asked: float | None, delivery: Delivery) -> float | None:
    """Seconds for all attempts: what the client asked for, and the operator's bound; None: none."""
    bounds = [seconds for seconds in (asked, delivery.deadline) if seconds]
    return min(bounds, default=None)


def within(x: Exchange, request: HttpRequest, until: float, now: float) -> HttpRequest:
    """The request with no more time than is left until then.

    Raises:
        Failure: none is left.
    """
    left = until - now
    if left < _LEAST:
        raise Failure(over(x))
    times = request.timeouts
    if times.total <= left:
        return request
    bounded = replace(
        times,
        connect=min(times.connect, left),
        read=min(times.read, left),
        total=left,
    )
    return replace(request, timeouts=bounded)


def over(x: Exchange) -> Problem:
    """The request's time is over, before it was sent anywhere."""
    return Problem(
        "upstream_timeout",
        "the time for this request is over",
        hint=_whose(x),
        retryable=True,
        charged=False,
    )


def in_time(x: Exchange, problem: Problem, now: float) -> Problem:
    """What an attempt failed with; where the request's own time ended it, that is told."""
    until = x.until
    if until is None or now < until - _AT_THE_END or problem.kind not in _WAITED:
        return problem
    message = f"the time for this request is over: {problem.message}"
    return replace(problem, kind="upstream_timeout", message=message, hint=_whose(x))


def _whose(x: Exchange) -> str:
    """Whose time it was, and who can do something about it."""
    operators = x.snapshot.delivery.deadline
    if x.timeout is not None and (not operators or x.timeout <= operators):
        return _CLIENTS.format(x.timeout)
    return _OPERATORS.format(operators)


async def first_token_within(seconds: float, x: Exchange, attempt: Awaitable[None]) -> None:
    """Await an attempt whose first token must come in time.

    Raises:
        Failure: it did not; the vendor may bill what it had done by then.
    """
    loop = asyncio.get_running_loop()

    def look() -> None:
        if x.first_token is None:
            limit.reschedule(loop.time())

    handle = None
    try:
        async with asyncio.timeout(None) as limit:
            handle = loop.call_later(seconds, look)
            await attempt
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise Failure(_late(x, seconds)) from error
    finally:
        if handle is not None:
            handle.cancel()


def _late(x: Exchange, seconds: float) -> Problem:
    name = x.upstream.name if x.upstream is not None else None
    return Problem(
        "upstream_timeout",
        f"upstream '{name}': no token came within {seconds:g} s",
        hint="try again, or raise the upstream's timeouts.first_token",
        retryable=not x.asked,
        charged=None if x.asked else False,  # it had no connection yet
        upstream=name,
    )
