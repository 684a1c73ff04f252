"""The gateway's own look at batches, so that what nobody fetches is in the ledger too.

One batch at a time in each process, with a rest between two, and never while a request waits for
it. Which batch is next, and that no other process has it, is the list's matter (`vault.unbooked`).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from fairlead.canon import Failure
from fairlead.engine.batch_reader import BatchReader
from fairlead.engine.engine import Engine
from fairlead.engine.snapshot import Snapshot
from fairlead.server.background import Background
from fairlead.server.request_ids import request_id
from fairlead.vault.unbooked import Batch

__all__ = ["GIVE_UP", "LOOKS", "BatchWatch"]

log = logging.getLogger("fairlead.server")

GIVE_UP: Final = 35 * 86_400.0
"""Seconds after which a batch is no more looked at: vendors keep results for 29 or 30 days."""
LOOKS: Final = 12
"""Looks until it is believed that the vendor knows no such batch: four hours with a first wait of
a minute, in which a wrong address or another account's key is noticed and mended."""
IDLE: Final = 5.0
"""The most seconds until the list is read again, where nothing was due."""
REST: Final = 0.5
"""The most seconds between two batches."""


class BatchWatch(Background):
    """`first` is the setting `ledger.batch_seconds`; with 0 there is nothing to do."""

    def __init__(
        self,
        engine: Engine,
        snapshot: Callable[[], Snapshot],
        first: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._unbooked = engine.stores.unbooked
        self._reader = BatchReader(engine, request_id)
        self._snapshot = snapshot
        self._first = first
        self._clock = clock

    async def _run(self) -> None:
        while self._first:
            batch = await self._unbooked.take()
            if batch is not None:
                await self.look(batch)
            await asyncio.sleep(min(IDLE if batch is None else REST, self._first))

    async def look(self, batch: Batch) -> None:
        """Read it if it has ended; what fails is tried again at its next turn."""
        held = time.monotonic()

        async def passed() -> None:
            """Results come: while they do, no other process begins to read them."""
            nonlocal held
            if time.monotonic() - held > self._first / 2:
                held = time.monotonic()
                await self._unbooked.hold(batch, self._first)

        try:
            done = await self._reader.read(batch, self._snapshot(), self._clock(), passed)
            gone = False
        except Failure as failure:
            kind = failure.problem.kind
            log.info("batch %s at %s cannot be read for now: %s", batch.id, batch.upstream, kind)
            done, gone = False, kind == "not_found" and batch.looks >= LOOKS
        except Exception:  # one batch that breaks us must not keep the others from being booked
            log.exception("batch %s at %s was not read", batch.id, batch.upstream)
            done = gone = False
        if not done and (gone or self._clock() - batch.created > GIVE_UP):
            done = await self._gave_up(batch)
        if done:
            await self._unbooked.done(batch)

    async def _gave_up(self, batch: Batch) -> bool:
        log.warning(
            "batch %s at %s cannot be read any more: what it cost is not known, which the ledger"
            " says under its id and .unread",
            batch.id,
            batch.upstream,
        )
        return await self._reader.give_up(batch, self._snapshot(), self._clock())
