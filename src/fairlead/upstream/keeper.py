"""Keeps credentials fresh, off the request path: one task for each signer.

A task calls `refresh` whenever the signer says that it is `due`. A refresh that fails is told and
tried again, when the signer says so but never more often than once in `LEAST` seconds.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from math import inf
from typing import Final

from fairlead.upstream.signing import NotReady, Signer
from fairlead.upstream.vendors import Upstream

__all__ = ["Keeper", "signers_of"]

log = logging.getLogger("fairlead.upstream")

LEAST: Final = 1.0
"""Seconds between two refreshes of one signer."""
AGAIN: Final = 30.0
"""Seconds after a refresh that failed in a way that nobody foresaw."""
MOST: Final = 3600.0
"""Seconds after which a signer is asked again when its next refresh is due."""


def signers_of(upstreams: Iterable[Upstream]) -> list[Signer]:
    """The signers of some upstreams."""
    return [upstream.signer for upstream in upstreams if upstream.signer is not None]


class Keeper:
    """The tasks of one process. All methods are called in the running loop."""

    def __init__(self) -> None:
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._first: dict[int, asyncio.Event] = {}
        self._kept: dict[int, Signer] = {}

    def watch(self, signers: Iterable[Signer]) -> None:
        """Keep these signers and no others."""
        wanted = {id(signer): signer for signer in signers}
        for key in [key for key in self._tasks if key not in wanted]:
            self._tasks.pop(key).cancel()
            del self._first[key], self._kept[key]
        for key, signer in wanted.items():
            if key not in self._tasks:
                tried = self._first[key] = asyncio.Event()
                self._kept[key] = signer
                self._tasks[key] = asyncio.create_task(self._keep(signer, tried))

    def settled(self, signers: Iterable[Signer]) -> bool:
        """Whether each of them has been refreshed, or has failed, at least once."""
        return all(
            (tried := self._first.get(id(signer))) is not None and tried.is_set()
            for signer in signers
        )

    async def settle(self, signers: Iterable[Signer], seconds: float) -> None:
        """Wait until each has been refreshed or has failed, or the time is over."""
        waiting = [tried.wait() for s in signers if (tried := self._first.get(id(s))) is not None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*waiting)

    async def close(self) -> None:
        """Stop."""
        tasks = list(self._tasks.values())
        self.watch(())
        await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def _keep(signer: Signer, tried: asyncio.Event) -> None:
        while True:
            wait = signer.due()
            if wait <= 0:
                try:
                    await signer.refresh()
                except NotReady:
                    pass  # the signer tells its log why
                except (
                    Exception
                ):  # whatever a library raises: the next refresh must come all the same
                    log.exception("credentials could not be refreshed")
                    tried.set()
                    await asyncio.sleep(AGAIN)
                wait = signer.due()
            tried.set()
            await asyncio.sleep(min(max(wait, LEAST), MOST) if wait != inf else MOST)
