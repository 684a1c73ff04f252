"""With `routing.quality = "outcomes"`: the figures made anew every few minutes, and put in force.

They are made by `fairlead quality build` in a process of its own: reading some hundred thousand
answers would hold up requests, even in a thread. The file that it writes is read again, so that a
restart begins with what was known. What goes wrong is logged, and the last figures stay.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Container
from pathlib import Path

from fairlead.canon import FairleadError
from fairlead.routing import PolicyError
from fairlead.routing.quality import QualityTable, parse_quality

__all__ = ["QualityWatch", "read_made"]

log = logging.getLogger("fairlead.quality")

PATIENCE = 300.0
"""Seconds that a making may take."""
_SAID = 300


def read_made(path: Path, known: Container[str]) -> QualityTable:
    """The figures of a file that was made here; none where it is missing or of another version."""
    try:
        return parse_quality(path.read_text(encoding="utf-8"), str(path), known)
    except FileNotFoundError:
        return QualityTable()
    except (OSError, UnicodeDecodeError, PolicyError) as error:
        log.warning("figures of quality are not read, and will be made anew: %s", error)
        return QualityTable()


class QualityWatch:
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
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; called in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop, also in the middle of a making."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

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
