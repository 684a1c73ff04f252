"""What the vendors keep for their clients: files, batches, cached contents.

Kept per key, in memory, and forgotten with the emulator. Some of it expires.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

__all__ = ["Drawer", "Kept", "Kind"]

Kind = Literal[
    "claude_file",
    "claude_batch",
    "gemini_file",
    "gemini_batch",
    "gemini_cache",
    "vertex_cache",
    "openai_file",
    "openai_batch",
    "upload",
]
MOST = 2000


class Kept(msgspec.Struct):
    """One thing: its page as the vendor shows it, and what is behind it.

    `ends` is when it expires, in the drawer's seconds; None is never. `looks` counts how often it
    was asked for: batches move on with that.
    """

    ident: str
    page: dict[str, Any]
    content: bytes = b""
    body: dict[str, Any] = {}
    ends: float | None = None
    looks: int = 0


class Drawer:
    """Mutable; the oldest goes when there are too many. `clock` gives seconds, never back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = datetime.now(UTC).timestamp() - clock()
        self._things: dict[tuple[Kind, str, str], Kept] = {}

    def forget(self) -> None:
        """As on the first day."""
        self._things.clear()

    def now(self) -> float:
        """Seconds of the drawer's clock."""
        return self._clock()

    def day(self, seconds: float | None = None, *, zulu: bool = True) -> str:
        """A moment of the clock, now by default, as RFC 3339 writes it."""
        moment = self._began + (self._clock() if seconds is None else seconds)
        text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
        return text.replace("+00:00", "Z") if zulu else text

    def put(self, kind: Kind, scope: str, kept: Kept) -> Kept:
        """Keep a thing for a key."""
        self._things[kind, scope, kept.ident] = kept
        while len(self._things) > MOST:
            del self._things[next(iter(self._things))]
        return kept

    def get(self, kind: Kind, scope: str, ident: str) -> Kept | None:
        """A key's thing by its id, unless there is none or its time is up."""
        kept = self._things.get((kind, scope, ident))
        if kept is not None and kept.ends is not None and kept.ends <= self._clock():
            del self._things[kind, scope, ident]
            return None
        return kept

    def drop(self, kind: Kind, scope: str, ident: str) -> bool:
        """Forget a thing; whether there was one."""
        there = self.get(kind, scope, ident) is not None
        self._things.pop((kind, scope, ident), None)
        return there

    def all(self, kind: Kind, scope: str) -> list[Kept]:
        """A key's things of one kind, the newest first."""
        idents = [ident for (k, s, ident) in self._things if (k, s) == (kind, scope)]
        found = [self.get(kind, scope, ident) for ident in reversed(idents)]
        return [kept for kept in found if kept is not None]
