"""How often a prompt cache is found cold, and which kind of write pays.

Theory. Requests that share a prefix come as a Poisson process of `rate` a second. A cache entry
lives for `lifetime` seconds after it was last used ("The cache is refreshed for no additional cost
each time the cached content is used", platform.claude.com, Prompt caching). So a request finds it
cold when no other came within the lifetime before it: with the probability exp(-rate * lifetime).
A cold request writes the prefix, every other one reads it.

    price of a prefix token = cold * write + (1 - cold) * read

The first request of a prefix is cold whatever the rate. Of several kinds of write the one with the
lowest price above is taken. Vendors without a price for writes (automatic caches) disclose no
lifetime: there every request is taken for a hit, and `Warmth.disclosed` is False.
"""

from decimal import Decimal

from msgspec import Struct

from fairlead.catalog.model import Model
from fairlead.cost.price import PriceTable

__all__ = ["LIFETIMES", "Warmth", "warmth"]

LIFETIMES: dict[str, int] = {"cache_write_5m": 300, "cache_write_1h": 3_600}
"""Seconds that an entry lives, by the kind of its write."""

SECONDS_A_DAY = 86_400
_PLACES = Decimal("1e-9")
_ONE = Decimal(1)


class Warmth(Struct, frozen=True):
    """`cold`: the share of requests that find the cache cold and write it, at the price of `write`
    (None: no write has a price). `disclosed`: whether the vendor states how long an entry lives.
    """

    cold: Decimal
    write: str | None
    disclosed: bool

    @property
    def lifetime(self) -> int | None:
        """Seconds that an entry lives, None where that is not disclosed."""
        return None if self.write is None else LIFETIMES[self.write]


def cold_share(lifetime: int, requests_per_day: Decimal, requests: Decimal) -> Decimal:
    """The share of `requests` on one prefix that find it cold."""
    waits = requests_per_day * lifetime / SECONDS_A_DAY
    share = max((-waits).exp(), _ONE / max(requests, _ONE))
    return min(_ONE, share.quantize(_PLACES))


def warmth(
    model: Model, table: PriceTable, *, requests_per_day: Decimal, requests: Decimal, prompt: int
) -> Warmth | None:
    """The cheapest way to keep one prefix cached; None where the model has no cache with a price.

    `requests_per_day` and `requests` (in all) are those on that prefix; `prompt` is the prompt's
    size in tokens, which may choose a price band.
    """
    read = table.usd_per_million("cache_read", prompt_tokens=prompt)
    if "prompt_cache" not in model.features or read is None:
        return None
    stated = {price.kind for price in model.prices}
    found: list[tuple[Decimal, Warmth]] = []
    for kind, lifetime in LIFETIMES.items():
        price = table.usd_per_million(kind, prompt_tokens=prompt)
        if kind in stated and price is not None:
            cold = cold_share(lifetime, requests_per_day, requests)
            found.append((cold * price + (_ONE - cold) * read, Warmth(cold, kind, True)))
    if not found:
        return Warmth(Decimal(0), None, False)
    return min(found, key=lambda pair: pair[0])[1]
