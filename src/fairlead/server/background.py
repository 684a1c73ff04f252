"""A chore that runs beside the requests, from the start of the loop until it is stopped."""

import asyncio
import contextlib
from abc import ABC, abstractmethod

__all__ = ["Background"]


class Background(ABC):
    """One task for `_run`, which goes on for ever."""

    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; called in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop, wherever it is, and wait until it has."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @abstractmethod
    async def _run(self) -> None: ...
