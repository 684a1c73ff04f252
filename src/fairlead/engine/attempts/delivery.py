"""How hard a request is tried: all figures of it in one value, compiled from the configuration.

The defaults here are those of a snapshot that is put together by hand: one try at each deployment,
no limits. What a gateway runs with by default is in `server.settings` (`[delivery]`).
"""

from typing import Literal

from msgspec import Struct

__all__ = ["Balance", "BreakerRules", "Delivery", "HedgeRules", "RetryRules"]

Balance = Literal["weighted", "least_outstanding", "first_token"]


class RetryRules(Struct, frozen=True):
    """Further tries at a deployment that was asked before, when none is left that was not.

    `retries` of one request at most. Waits are seconds: a random part of `first_wait`, doubled with
    each try up to `most_wait`; what the vendor says counts before that, up to `longest_hint`.
    `share`: retries may be this share of all requests, plus one each second.
    """

    retries: int = 0
    first_wait: float = 0.5
    most_wait: float = 8.0
    longest_hint: float = 20.0
    share: float = 0.2


class BreakerRules(Struct, frozen=True):
    """When a deployment is left alone. `errors` and `slow` are shares of the answers within
    `window` seconds, of which there must be `least`; `slow_seconds` is a first token (or a whole
    answer, where nothing is streamed) that counts as slow, 0 for none. `in_a_row` faults open it
    whatever the share. It stays open `open_seconds`, doubled with each probe that fails up to
    `most_open_seconds`, and closes after `probes` good ones.
    """

    window: float = 30.0
    least: int = 20
    errors: float = 0.5
    in_a_row: int = 5
    slow_seconds: float = 0.0
    slow: float = 0.8
    open_seconds: float = 10.0
    most_open_seconds: float = 120.0
    probes: int = 2


class HedgeRules(Struct, frozen=True):
    """One more attempt elsewhere when the first token is later than `percentile` of the last ones
    of its deployment. At most `share` of the requests, and `usd_per_hour` for what lost.
    """

    on: bool = False
    percentile: float = 0.95
    share: float = 0.05
    usd_per_hour: float = 1.0
    least_wait: float = 0.05


class Delivery(Struct, frozen=True):
    """See the parts. `hold_back` are seconds for which the beginning of a stream is held back,
    `hold_back_pieces` after how many pieces it goes out earlier (0: only time counts). `deadline`
    bounds all attempts together, in seconds (0: the upstreams' own times do). `in_flight` requests
    are at vendors at once (0: no bound), `queue` more wait `queue_seconds` at most. `after_break`:
    another deployment is asked also after a connection broke that had carried the request.
    """

    retry: RetryRules = RetryRules()
    breaker: BreakerRules = BreakerRules()
    hedge: HedgeRules = HedgeRules()
    balance: Balance = "weighted"
    sticky: bool = True
    hold_back: float = 0.0
    hold_back_pieces: int = 0
    deadline: float = 0.0
    after_break: bool = False
    in_flight: int = 0
    queue: int = 100
    queue_seconds: float = 5.0
