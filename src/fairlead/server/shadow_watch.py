"""What copies to shadows cost today, told them from the ledger: the budget is the machine's."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from fairlead.canon import FairleadError
from fairlead.engine.shadow import Shadows
from fairlead.ledger.query import usage
from fairlead.routing import Policy
from fairlead.server.background import Background

__all__ = ["ShadowWatch"]

log = logging.getLogger("fairlead")

LOOK_EVERY: Final = 5.0
"""Seconds between two looks."""


class ShadowWatch(Background):
    """Looks into the ledger at `path` while one of `policies()` has a shadow."""

    def __init__(
        self, path: Path, shadows: Shadows, policies: Callable[[], Iterable[Policy]]
    ) -> None:
        self._path = path
        self._shadows = shadows
        self._policies = policies
        self._well = True

    async def stop(self) -> None:
        """Look no more, and stop what runs."""
        await super().stop()
        await self._shadows.close()

    async def _run(self) -> None:
        while True:
            if any(policy.shadow is not None for policy in self._policies()):
                await self._look()
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self) -> None:
        asked_at, today = time.monotonic(), datetime.now(UTC).date()
        midnight = datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()
        try:
            spent = await asyncio.to_thread(_spent, self._path, midnight)
        except FairleadError as error:
            if self._well:
                log.error("what copies to shadows cost is not known for now: %s", error)  # noqa: TRY400 - no traceback for a file that is locked or full
            self._well = False
        else:
            self._well = True
            self._shadows.spent(spent, today, asked_at)


def _spent(path: Path, since: float) -> dict[str, Decimal]:
    """Dollars of copies by policy."""
    rows = usage(path, ("policy", "op"), since).rows
    return {row.group[0]: row.cost_usd for row in rows if row.group[1] == "shadow"}
