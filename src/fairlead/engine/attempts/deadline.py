"""How long a request may take: all its attempts together, and its first token."""

import asyncio
from collections.abc import Awaitable

from msgspec.structs import replace

from fairlead.canon import Failure, Problem
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.exchange import Exchange
from fairlead.upstream.transport import HttpRequest

__all__ = ["first_token_within", "over", "seconds_for", "within"]

_LEAST = 0.001


def seconds_for(asked: float | None, delivery: Delivery) -> float | None:
    """Seconds for all attempts: what the client asked for, and the operator's bound; None: none."""
    bounds = [seconds for seconds in (asked, delivery.deadline) if seconds]
    return min(bounds, default=None)


def within(request: HttpRequest, until: float, now: float) -> HttpRequest:
    """The request with no more time than is left until then.

    Raises:
        Failure: none is left.
    """
    left = until - now
    if left < _LEAST:
        raise Failure(over(None))
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


def over(upstream: str | None) -> Problem:
    """The request's time is over."""
    return Problem(
        "upstream_timeout",
        "the time for this request is over",
        hint="give it more (x-fairlead-timeout), or raise delivery.deadline",
        retryable=True,
        charged=False,
        upstream=upstream,
    )


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
