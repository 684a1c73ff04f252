"""What a policy's shadow is expected to cost a day, by what went through the gateway lately."""

import time
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from msgspec import Struct

from fairlead.catalog import Catalog
from fairlead.cost.book import NamedPrices
from fairlead.cost.display import dollars
from fairlead.cost.predict import what_if
from fairlead.ledger.routed import Routed, routed
from fairlead.routing import Policy
from fairlead.server.policy_replay import day_of

__all__ = ["ShadowCost", "shadow_cost", "shadow_costs"]

LOOK_BACK: Final = 7 * 86_400.0
"""Seconds of traffic that count."""
LEAST: Final = 3_600.0


class ShadowCost(Struct, frozen=True):
    """`copies` a day at `usd` in all, at most `usd_per_day`; None where `requests` say nothing: no
    policy routed any lately, or the model is unpriced. The same tokens as the first answers', on
    the other model without a prompt cache.
    """

    policy: str
    to: tuple[str, ...]
    share: float
    usd_per_day: Decimal
    requests: int
    copies: float | None = None
    usd: Decimal | None = None

    def told(self) -> str:
        """`5 % of requests to haiku, at most $1.00 a day; by the last 7 days ...`."""
        said = (
            f"{self.share * 100:g} % of requests to {' or '.join(self.to)}, at most"
            f" {dollars(self.usd_per_day, 2)} a day"
        )
        if self.usd is None or self.copies is None:
            return f"{said}; nothing is known of its cost: no traffic lately, or no price"
        return (
            f"{said}; by the last 7 days about {self.copies:,.0f} copies and"
            f" {dollars(self.usd, 4)} a day"
        )


def shadow_costs(
    path: Path, policies: Iterable[Policy], catalog: Catalog
) -> tuple[ShadowCost, ...]:
    """Of all policies that have a shadow, by the ledger at `path` where there is one."""
    having = [policy for policy in policies if policy.shadow is not None]
    if not having:
        return ()
    now = time.time()
    rows = routed(path, now - LOOK_BACK) if path.is_file() else ()
    found = (shadow_cost(policy, catalog, rows, now) for policy in having)
    return tuple([each for each in found if each is not None])


def shadow_cost(
    policy: Policy, catalog: Catalog, rows: Sequence[Routed], now: float
) -> ShadowCost | None:
    """Of the policy's shadow, None without one. `rows`: answers lately, oldest first."""
    shadow = policy.shadow
    if shadow is None:
        return None
    prices = NamedPrices(catalog)
    known = [usd for row in rows if (usd := _usd(row, shadow.to, prices)) is not None]
    copies = usd = None
    if known:
        days = Decimal(str(round(max(now - rows[0].at, LEAST)))) / 86_400
        count = len(known) * Decimal(str(shadow.share)) / days
        usd = min(count * sum(known, Decimal(0)) / len(known), shadow.usd_per_day)
        copies = float(count)
    return ShadowCost(
        policy.name, shadow.to, shadow.share, shadow.usd_per_day, len(rows), copies, usd
    )


def _usd(row: Routed, to: Sequence[str], prices: NamedPrices) -> Decimal | None:
    """What a request's own tokens cost on the first of the models that did not answer it."""
    day = day_of(row.at)
    for name in to:
        table = prices.of(name, day)
        if table is not None and table.model.id != row.model:
            charge = what_if(table, row.usage)
            return None if charge is None else charge.total
    return None
