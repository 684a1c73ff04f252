"""What the configuration says of delivery, compiled for the attempts."""

from fairlead.engine.attempts.delivery import BreakerRules, Delivery, HedgeRules, RetryRules
from fairlead.server.delivery_settings import DeliverySettings

__all__ = ["delivery_of"]


def delivery_of(own: DeliverySettings) -> Delivery:
    """The figures that a snapshot holds."""
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
        hedge=HedgeRules(own.hedge, own.hedge_percentile, own.hedge_share, own.hedge_usd_per_hour),
        balance=own.balance,
        sticky=own.sticky,
        hold_back=own.hold_back_ms / 1000,
        hold_back_pieces=own.hold_back_pieces,
        deadline=own.deadline,
        after_break=own.after_break,
        in_flight=own.max_in_flight,
        queue=own.queue,
        queue_seconds=own.queue_seconds,
    )
