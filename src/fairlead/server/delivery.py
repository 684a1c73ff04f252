"""What the configuration says of delivery, compiled for the attempts.

Breakers, quotas and queues are of one process: nothing on the request path asks another one. Where
several serve with the same keys (`delivery.processes`), each keeps an equal part of what is bounded
for all of them, so that together they never do more; a part that nobody uses is lost.
"""

from fairlead.engine.attempts.delivery import BreakerRules, Delivery, HedgeRules, RetryRules
from fairlead.server.delivery_settings import DeliverySettings

__all__ = ["delivery_of", "part_of"]


def delivery_of(own: DeliverySettings) -> Delivery:
    """The figures that a snapshot holds.

    Raises:
        ValueError: a bound cannot be divided among so many processes.
    """
    parts = own.processes
    return Delivery(
        retry=RetryRules(
            own.retries,
            own.retry_first_wait,
            own.retry_most_wait,
            own.retry_longest_hint,
            own.retry_share,
        ),
        breaker=BreakerRules(
            window=own.breaker_window,
            least=own.breaker_least,
            errors=own.breaker_errors,
            in_a_row=own.breaker_in_a_row,
            slow_seconds=own.breaker_slow_seconds,
            slow=own.breaker_slow,
            open_seconds=own.breaker_open_seconds,
            most_open_seconds=own.breaker_most_open_seconds,
        ),
        hedge=HedgeRules(
            own.hedge, own.hedge_percentile, own.hedge_share, own.hedge_usd_per_hour / parts
        ),
        balance=own.balance,
        sticky=own.sticky,
        hold_back=own.hold_back_ms / 1000,
        hold_back_pieces=own.hold_back_pieces,
        deadline=own.deadline,
        after_break=own.after_break,
        in_flight=part_of(own.max_in_flight, parts, "max_in_flight"),
        queue=own.queue,
        queue_seconds=own.queue_seconds,
    )


def part_of(bound: int, processes: int, name: str) -> int:
    """One process's part of a bound; 0 is none.

    Raises:
        ValueError: there is not one for each.
    """
    if bound and bound < processes:
        raise ValueError(f"{name} = {bound} is less than delivery.processes = {processes}")
    return bound // processes
