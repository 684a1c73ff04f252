"""So many requests at once and no more: a bounded number in flight, a short queue before it.

Theory. Without a bound, requests to a slow vendor pile up until memory or patience ends. With one,
what is beyond it is told so at once, with the time after which another try may pass: the gateway
sheds load, it never swells. The queue is short, for it only evens out what comes unevenly. In it
`interactive` goes before `normal` before `batch`; where it is full, the least urgent that came last
has to go, be it the one that comes now.
"""

import asyncio
from heapq import heapify, heappop, heappush
from typing import Final

__all__ = ["PRIORITIES", "Bulkhead", "Shed"]

PRIORITIES: Final = {"interactive": 0, "normal": 1, "batch": 2}


class Shed(Exception):
    """There is no room, and none came within the time."""


class _Waiting:
    """One in the queue."""

    __slots__ = ("number", "priority", "room")

    def __init__(self, priority: int, number: int, room: "asyncio.Future[None]") -> None:
        self.priority = priority
        self.number = number
        self.room = room

    def __lt__(self, other: "_Waiting") -> bool:
        return (self.priority, self.number) < (other.priority, other.number)


class Bulkhead:
    """Mutable; of one event loop. `most` 0: no bound, and only counted."""

    __slots__ = ("_numbers", "_queue", "in_flight", "most", "queue", "shed")

    def __init__(self, most: int, queue: int) -> None:
        self.most = most
        self.queue = queue
        self.in_flight = 0
        self.shed = 0
        """How many were sent away."""
        self._queue: list[_Waiting] = []
        self._numbers = 0

    @property
    def waiting(self) -> int:
        """How many are in the queue."""
        return len(self._queue)

    def has_room(self) -> bool:
        """Whether one more may go at once. Who waits goes first."""
        return not self.most or (self.in_flight < self.most and not self._queue)

    def enter(self) -> bool:
        """Go in if there is room."""
        if self.most and (self.in_flight >= self.most or self._queue):
            return False
        self.in_flight += 1
        return True

    async def wait(self, priority: int, seconds: float) -> None:
        """Go in as soon as there is room.

        Raises:
            Shed: the queue is full of what is more urgent, or the time was over.
        """
        if self.enter():
            return
        if len(self._queue) >= self.queue and not self._make_place(priority):
            self.shed += 1
            raise Shed
        self._numbers += 1
        mine = _Waiting(priority, self._numbers, asyncio.get_running_loop().create_future())
        heappush(self._queue, mine)
        try:
            async with asyncio.timeout(seconds):
                await mine.room
        except BaseException as error:
            self._withdraw(mine)
            if isinstance(error, TimeoutError):
                self.shed += 1
                raise Shed from error
            raise

    def leave(self) -> None:
        """Come out, and let the next in."""
        self.in_flight -= 1
        if self._queue:
            self._admit()

    def resize(self, most: int, queue: int) -> None:
        """Other bounds, from a new configuration."""
        self.most, self.queue = most, queue
        self._admit()

    def _admit(self) -> None:
        while self._queue and (not self.most or self.in_flight < self.most):
            following = heappop(self._queue)
            if not following.room.done():
                self.in_flight += 1
                following.room.set_result(None)

    def _make_place(self, priority: int) -> bool:
        last = max(self._queue, default=None)
        if last is None or last.priority <= priority:
            return False
        self._remove(last)
        if not last.room.done():
            self.shed += 1
            last.room.set_exception(Shed())
        return True

    def _withdraw(self, mine: _Waiting) -> None:
        """It waits no more: out of the queue, or out of the room that it was just given."""
        if mine.room.done() and not mine.room.cancelled() and mine.room.exception() is None:
            self.leave()
        elif mine in self._queue:
            self._remove(mine)

    def _remove(self, one: _Waiting) -> None:
        self._queue.remove(one)
        heapify(self._queue)
