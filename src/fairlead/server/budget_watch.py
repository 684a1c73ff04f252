"""How much of their budgets the keys have spent: read from the ledger's sums beside the requests.

A request that is routed looks in memory. What stands there is some seconds old (`EVERY`, and the
time until the ledger has written), so many requests at once may go over a budget before any policy
sees it: this is a feature to route by, and refuses nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

from fairlead.ledger.health import LedgerError
from fairlead.ledger.query import usage
from fairlead.limits.budget import began
from fairlead.limits.keys import KeyStore
from fairlead.server.background import Background

__all__ = ["EVERY", "BudgetWatch"]

log = logging.getLogger("fairlead.server")

EVERY: Final = 5.0
"""Seconds between two looks at the ledger; none is taken while no key has a budget."""
REST: Final = 20.0
"""A look that takes long (budgets over years of a large ledger) is followed by so many times its
time without one."""


class BudgetWatch(Background):
    """Knows what keys have spent in their budgets' periods. `refresh` may run in any thread."""

    def __init__(self, path: Path, keys: KeyStore, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._keys = keys
        self._clock = clock
        self._spent: dict[str, Decimal] = {}
        self._told = False

    def team(self, key_id: str) -> str | None:
        """The team of a key, None where it has none. Memory only."""
        info = self._keys.info(key_id)
        return info.team or None if info is not None else None

    def pressure(self, key_id: str) -> int | None:
        """How much of a key's budget is spent in its period, in whole percent; more than 100 where
        it is overspent. None: it has no budget, or it was not read yet. Memory only.
        """
        info = self._keys.info(key_id)
        spent = self._spent.get(key_id)
        if info is None or info.budget is None or spent is None:
            return None
        return int(100 * spent / info.budget.usd)

    def refresh(self) -> None:
        """Read what was spent, once for each period that a budget has. LedgerError."""
        budgets, now = self._keys.budgets(), self._clock()
        spent: dict[str, Decimal] = {}
        for period in sorted({budget.period for budget in budgets.values()}):
            sums = usage(self._path, ("key",), began(period, now))
            by_key = {each.group[0]: each.cost_usd for each in sums.rows}
            for key_id, budget in budgets.items():
                if budget.period == period:
                    spent[key_id] = by_key.get(key_id, Decimal(0))
        self._spent = spent

    async def _run(self) -> None:
        while True:
            began_at = time.monotonic()
            if self._keys.budgets():
                try:
                    await asyncio.to_thread(self.refresh)
                except LedgerError as error:
                    if not self._told:
                        log.warning("budgets cannot be read, the last figures stay: %s", error)
                    self._told = True
                else:
                    self._told = False
            took = time.monotonic() - began_at
            await asyncio.sleep(max(EVERY, REST * took))
