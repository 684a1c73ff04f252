"""Who waits for a key's quota, in the order in which they go: the more urgent first, equals as they
came.

Theory. A quota lets one more out as its minute moves on, so only the first in line looks at the
clock; the others wait to be called. Who leaves the line, because he goes or gives up, calls the
next. A more urgent one that comes later stands before the first, who finds that out when he looks.
"""

import asyncio
from bisect import insort

__all__ = ["Line", "Place"]


class Place:
    """One request's. It keeps its number when it has to wait again."""

    __slots__ = ("called", "number", "priority")

    def __init__(self, priority: int, number: int) -> None:
        self.priority = priority
        self.number = number
        self.called = asyncio.Event()

    def __lt__(self, other: "Place") -> bool:
        return (self.priority, self.number) < (other.priority, other.number)


class Line:
    """Mutable; of one event loop."""

    __slots__ = ("_numbers", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[Place] = []
        self._numbers = 0

    def place(self, priority: int) -> Place:
        """One behind all of the same priority, not in the line yet."""
        self._numbers += 1
        return Place(priority, self._numbers)

    def lets(self, priority: int) -> bool:
        """Whether one that comes now may pass: nobody as urgent waits."""
        return not self._waiting or priority < self._waiting[0].priority

    def is_first(self, place: Place) -> bool:
        """Whether it is this one's turn."""
        return self._waiting[0] is place

    def enter(self, place: Place) -> None:
        """Stand in line."""
        insort(self._waiting, place)

    def leave(self, place: Place) -> None:
        """Go, or give up; the next is called."""
        self._waiting.remove(place)
        if self._waiting:
            self._waiting[0].called.set()
