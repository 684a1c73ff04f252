"""The engine's `Client` over ASGI, and the watch for a client that leaves."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fairlead.engine.client import Header

__all__ = ["AsgiClient", "Message", "Receive", "Scope", "Send", "Watch"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SWEEP_EVERY = 0.05
"""Seconds between two looks for requests that are worth watching; quicker ones never pay."""


class Watch:
    """Sees when clients leave. One timer for all of them, because a timer each costs two
    microseconds a request, and nearly all are answered before it would fire.
    """

    __slots__ = ("_fresh", "_timer")

    def __init__(self) -> None:
        self._fresh: set[AsgiClient] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, client: "AsgiClient") -> None:
        """From the next sweep on, the current task is cancelled when this client leaves."""
        client.task = asyncio.current_task()
        self._fresh.add(client)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SWEEP_EVERY, self._sweep)

    def remove(self, client: "AsgiClient") -> None:
        """Stop watching."""
        self._fresh.discard(client)
        if client.listener is not None:
            client.listener.cancel()

    def _sweep(self) -> None:
        self._timer = None
        for client in self._fresh:
            client.listener = asyncio.ensure_future(client.until_gone())
        self._fresh.clear()


class AsgiClient:
    """One request's connection. `gone` is set when the client has left."""

    __slots__ = ("_receive", "_send", "gone", "listener", "started", "task")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.listener: asyncio.Task[None] | None = None
        self.task: asyncio.Task[Any] | None = None
        self.started = False
        self.gone = False

    async def until_gone(self) -> None:
        """Wait until the client leaves, then cancel the task that serves it."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self.task is not None:
            self.task.cancel()

    async def respond(self, status: int, headers: list[Header], body: bytes) -> None:
        """The whole answer at once."""
        headers.append((b"content-length", b"%d" % len(body)))
        await self.start(status, headers)
        await self._send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: list[Header]) -> None:
        """Headers of a streamed answer."""
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes) -> None:
        """A piece of a streamed answer; waits while the client is slow."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self, data: bytes = b"") -> None:
        """The last piece."""
        await self._send({"type": "http.response.body", "body": data})
