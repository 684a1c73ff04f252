"""A connection for callers in the event loop: each piece of work is done in a thread.

It is for what is not on the hot path: stored responses and who owns what. The file is opened with
the first piece of work; while it cannot be used (locked, full, corrupt), `FileInTrouble` says so,
once in the log, and the file is opened anew with a later one.
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fairlead.canon import Failure, Problem
from fairlead.vault.database import open_database

__all__ = ["Drawer", "FileInTrouble"]

log = logging.getLogger("fairlead.vault")

_BUSY = 2.0
_RETRY = 30.0

_TROUBLE = Problem(
    "overloaded",
    "what this gateway has stored cannot be read for now",
    hint="try again; the gateway's log says what is wrong with its file",
    retry_after=5,
    retryable=True,
)

T = TypeVar("T")


class FileInTrouble(Exception):
    """The file cannot be used for now; the log says why."""


class Drawer:
    """One connection to the file `path`. `what` names its content in the log."""

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        self._what = what
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._retry_at = 0.0
        self._ok = True
        self._closed = False

    async def work(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Do a piece of work in a thread; one at a time.

        Raises:
            FileInTrouble: the file cannot be used.
        """
        return await asyncio.to_thread(self._work, job)

    async def read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """As `work`, for what nothing but the file can answer.

        Raises:
            Failure: the file cannot be used (`overloaded`).
        """
        try:
            return await self.work(job)
        except FileInTrouble as trouble:
            raise Failure(_TROUBLE) from trouble

    def _work(self, job: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            if self._closed or time.monotonic() < self._retry_at:
                raise FileInTrouble
            try:
                if self._db is None:
                    self._db = open_database(self._path, busy=_BUSY)
                done = job(self._db)
            except (sqlite3.Error, OSError, UnicodeError) as error:
                self._failed(error)
                raise FileInTrouble from error
            if not self._ok:
                log.info("the vault's file %s is in use again for %s", self._path, self._what)
                self._ok = True
            return done

    def close(self) -> None:
        """Let go of the file, when the work at hand is done."""
        with self._lock:
            self._closed = True
            if self._db is not None:
                self._db.close()
                self._db = None

    def _failed(self, error: Exception) -> None:
        if self._ok and not isinstance(error, UnicodeError):
            log.warning(
                "the vault's file %s cannot be used, %s are kept in memory for now: %s",
                self._path,
                self._what,
                error,
            )
            self._ok = False
        if not isinstance(error, sqlite3.OperationalError | UnicodeError):
            if self._db is not None:
                self._db.close()
                self._db = None
            self._retry_at = time.monotonic() + _RETRY
