"""Hedging: when the first token is late, one more attempt elsewhere; the first to answer wins.

Theory. Of many requests some are late for no fault of their own (a busy machine, a lost packet).
Asking a second deployment once the first is later than, say, 95 % of its usual first tokens cuts
that tail for some 5 % more requests (Dean and Barroso, The Tail at Scale, 2013). It costs money:
the vendor of the one that lost has read the prompt. So there is a cap on the share of requests that
are hedged, and one on what those that lost have cost within an hour; and both are in the ledger.

Both attempts run at once, so each needs an exchange of its own: the second gets a copy, and where
it wins, the request's exchange takes its state. What they write goes through gates: the first that
has a token passes, the other's is shut and its attempt cancelled.
"""

import asyncio
import copy
from collections import deque
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Final

from fairlead.canon import Failure, Problem
from fairlead.engine.attempted import forget
from fairlead.engine.client import Client, Header
from fairlead.engine.exchange import Exchange

__all__ = ["Gate", "HedgeBudget", "Race", "Run", "race"]

HOUR: Final = 3600.0
_FIRST: Final = 1.0
"""Hedges that are there at the start, so that a share of few requests is not none."""


class HedgeBudget:
    """What is left for hedging. Mutable; of one process; time is passed in."""

    __slots__ = ("_left", "_spent", "_sum")

    def __init__(self) -> None:
        self._left = _FIRST
        self._spent: deque[tuple[float, Decimal]] = deque()
        self._sum = Decimal(0)

    def request(self, share: float) -> None:
        """A request that could be hedged came: it pays in its share."""
        self._left = min(self._left + share, 50.0)

    def take(self, now: float, usd_per_hour: float) -> bool:
        """Take out one hedge, if neither the share nor the money is used up."""
        while self._spent and self._spent[0][0] <= now - HOUR:
            self._sum -= self._spent.popleft()[1]
        if self._left < 1.0 or self._sum >= Decimal(str(usd_per_hour)):
            return False
        self._left -= 1.0
        return True

    def spent(self, now: float, usd: Decimal | None) -> None:
        """What the one that lost has cost; None where nobody knows its price."""
        if usd:
            self._spent.append((now, usd))
            self._sum += usd


class Race:
    """Two attempts at one answer. `winner` is the gate that let the first token through."""

    def __init__(self) -> None:
        self.winner: Gate | None = None
        self.decided = asyncio.Event()

    def claim(self, gate: "Gate") -> bool:
        """Whether this gate's attempt may answer."""
        if self.winner is None:
            self.winner = gate
            self.decided.set()
        return self.winner is gate


class Gate:
    """Stands before the client for one of two attempts (see `engine.client.Client`)."""

    def __init__(self, client: Client, race: Race, x: Exchange) -> None:
        self._client = client
        self._race = race
        self._x = x
        self._head: tuple[int, list[Header]] | None = None
        self._held: list[bytes] = []

    @property
    def started(self) -> bool:
        """Whether this attempt has begun to answer."""
        return self._race.winner is self and self._client.started

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self._client.gone

    async def respond(self, status: int, headers: list[Header], body: bytes) -> None:
        """The whole answer at once."""
        await self._claim()
        await self._client.respond(status, headers, body)

    async def start(self, status: int, headers: list[Header]) -> None:
        """Headers of a streamed answer: whoever has them has not yet a token."""
        if self._x.first_token is None:
            self._head = status, headers
            return
        await self._claim()
        await self._client.start(status, headers)

    async def write(self, data: bytes) -> None:
        """A piece of a streamed answer."""
        if self._x.first_token is None and not (self.started or self._held):
            self._held.append(data)  # who answers; what comes next is a token, or the end
            return
        await self._open()
        await self._client.write(data)

    async def finish(self, data: bytes = b"") -> None:
        """The last piece."""
        await self._open()
        await self._client.finish(data)

    async def _open(self) -> None:
        await self._claim()
        if self._head is not None:
            head, self._head = self._head, None
            if not self._client.started:
                await self._client.start(*head)
        if self._held:
            held, self._held = b"".join(self._held), []
            await self._client.write(held)

    async def _claim(self) -> None:
        if not self._race.claim(self):
            await asyncio.Event().wait()  # the other has won: this attempt is being cancelled


Run = Callable[[Exchange, Client], Awaitable[None]]
Lost = Callable[[Exchange, Exchange, Problem | None], None]
"""Books an attempt that lost: by its exchange, with the winner's, and why it failed if it did."""


async def race(
    x: Exchange,
    client: Client,
    first: Run,
    late: float,
    second: Callable[[Exchange], Run | None],
    lost: Lost,
) -> None:
    """Run the first attempt, and a second one when the first is later than `late` seconds.

    `second` gets the exchange of its own and makes the attempt; None where there shall be none.

    Raises:
        Failure: the first attempt's, where no other answered.
    """
    between = Race()
    gate = Gate(client, between, x)
    ahead = asyncio.ensure_future(first(x, gate))
    other, behind, booked = x, None, False

    def book(behind: "asyncio.Future[None]") -> None:
        nonlocal booked
        if booked:
            return
        booked = True
        if between.winner in {None, gate}:
            lost(other, x, _problem(behind))
        else:
            lost(x, other, _problem(ahead))

    try:
        await _until(between, {ahead}, late)
        if not ahead.done() and between.winner is None:
            other = copy.copy(x)
            forget(other)
            make = second(other)
            if make is not None:
                behind = asyncio.ensure_future(make(other, Gate(client, between, other)))
                await _until(between, {ahead, behind}, None)
        won = ahead if behind is None or between.winner in {None, gate} else behind
        if behind is not None:
            await _stop(behind if won is ahead else ahead)
            book(behind)  # before the winner is through, whose cost tells both
        await won
    finally:
        try:
            await _stop(ahead, behind)
        finally:
            if behind is not None:
                book(behind)
                if between.winner not in {None, gate}:
                    _adopt(x, other)


async def _until(between: Race, running: set[asyncio.Future[None]], seconds: float | None) -> None:
    """Until one has a token, all are over, or the time is."""
    decided: asyncio.Future[bool] = asyncio.ensure_future(between.decided.wait())
    pending: set[asyncio.Future[Any]] = set(running)
    try:
        while pending and between.winner is None:
            done, _ = await asyncio.wait(
                {*pending, decided}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                return
            pending -= done
    finally:
        decided.cancel()


async def _stop(*running: "asyncio.Future[None] | None") -> None:
    """Cancel what still runs, and wait for its end; what it raised is for others to look at."""
    left = {each for each in running if each is not None and not each.done()}
    for each in left:
        each.cancel()
    if left:
        await asyncio.wait(left)


def _problem(ended: "asyncio.Future[None]") -> Problem | None:
    error = None if ended.cancelled() else ended.exception()
    return error.problem if isinstance(error, Failure) else None


def _adopt(x: Exchange, other: Exchange) -> None:
    """The request is where its second attempt is."""
    for name in Exchange.__slots__:
        if hasattr(other, name):
            setattr(x, name, getattr(other, name))
