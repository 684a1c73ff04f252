"""With `routing.quality = "outcomes"`: the figures made anew every few minutes, and put in force.

They are made by `fairlead quality build` in a process of its own: reading some hundred thousand
answers would hold up requests, even in a thread. The file that it writes is read again, so that a
restart begins with what was known. What goes wrong is logged, and the last figures stay.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from fairlead.canon import FairleadError
from fairlead.server.background import Background

__all__ = ["QualityWatch"]

log = logging.getLogger("fairlead.quality")

PATIENCE = 300.0
"""Seconds that a making may take."""
_SAID = 300


class QualityWatch(Background):
    """Makes figures in `path` while `wanted` says so, and hands them to `use`."""

    def __init__(
        self,
        path: Path,
        config: Path | None,
        every: float,
        wanted: Callable[[], bool],
        use: Callable[[], None],
    ) -> None:
        self.path = path
        self._config = config
        self._every = every
        self._wanted = wanted
        self._use = use

    async def _run(self) -> None:
        while True:
            if self._wanted():
                try:
                    await self._make()
                except (OSError, TimeoutError, FairleadError) as error:
                    log.warning("figures of quality cannot be made, the last ones stay: %s", error)
            await asyncio.sleep(self._every)

    async def _make(self) -> None:
        words = ["-m", "fairlead", "quality", "build", "--out", str(self.path)]
        if self._config is not None:
            words += ["--config", str(self._config)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                _, said = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            told = " ".join(said.decode("utf-8", "replace").split())[-_SAID:]
            log.warning("figures of quality cannot be made, the last ones stay: %s", told)
            return
        self._use()
