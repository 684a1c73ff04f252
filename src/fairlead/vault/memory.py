"""The vault in this process's memory: bounded in bytes, entries and time."""

import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["MemoryVault", "entry_size"]

OVERHEAD = 300
"""Bytes that an entry takes besides its own: key tuple, strings' headers, dictionary slot."""


class MemoryVault:
    """A `Vault` that forgets what was longest unused.

    `max_bytes` bounds all entries together, each with `OVERHEAD`; an entry larger than that is not
    kept. `max_age` is in seconds since the last use: a conversation that goes on keeps its parts.
    `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        max_bytes: int = 64 * 1024 * 1024,
        max_age: float = 3600.0,
        max_entries: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._max_entries = max_entries
        self._clock = clock
        self._held: OrderedDict[tuple[str, str], tuple[bytes, float]] = OrderedDict()
        self._forgotten: set[str] = set()
        self.size = 0

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, place: tuple[str, str]) -> bool:
        return place in self._held

    def put(self, scope: str, key: str, parts: bytes) -> None:
        """Keep `parts` under `key`; the longest unused entries make room."""
        if scope in self._forgotten:
            return
        now = self._clock()
        self.drop(scope, key)
        size = entry_size(scope, key, parts)
        if size <= self._max_bytes and self._max_entries > 0:
            self._held[scope, key] = (parts, now)
            self.size += size
        self._tidy(now)

    def get(self, scope: str, key: str) -> bytes | None:
        """What was kept, None if it is gone."""
        place = (scope, key)
        if place not in self._held:  # the most frequent answer is also the quickest
            return None
        now = self._clock()
        self._tidy(now)
        found = self._held.get(place)
        if found is None:
            return None
        self._held[place] = (found[0], now)
        self._held.move_to_end(place)
        return found[0]

    def forget(self, scope: str) -> None:
        """Drop all that the scope put, and take no more from it. Walks through all entries."""
        self._forgotten.add(scope)
        for place in [place for place in self._held if place[0] == scope]:
            self.drop(*place)

    def drop(self, scope: str, key: str) -> None:
        """Drop one entry, if it is there."""
        found = self._held.pop((scope, key), None)
        if found is not None:
            self.size -= entry_size(scope, key, found[0])

    def close(self) -> None:
        """Nothing is held open."""

    def _tidy(self, now: float) -> None:
        # Every use moves an entry to the end and renews its time, so the order of the dictionary
        # is the order of age: what is too old stands in front.
        while self._held:
            oldest = next(iter(self._held))
            if (
                self.size <= self._max_bytes
                and len(self._held) <= self._max_entries
                and now - self._held[oldest][1] < self._max_age
            ):
                return
            self.drop(*oldest)


def entry_size(scope: str, key: str, parts: bytes) -> int:
    """What an entry counts for: its bytes, and what holding it takes."""
    return len(scope) + len(key) + len(parts) + OVERHEAD
