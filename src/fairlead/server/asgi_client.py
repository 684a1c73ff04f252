"""The engine's `Client` over ASGI, and the watch for a client that leaves."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fairlead.engine.client import Header

__all__ = ["AsgiClient", "Message", "Receive", "Scope", "Send"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WATCH_AFTER = 0.05
"""Seconds after which a request is watched for a client that leaves; quicker ones never pay."""


class AsgiClient:
    """One request's connection. `gone` is set when the client has left."""

    __slots__ = ("_receive", "_send", "_task", "_timer", "_watch", "gone", "started")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self.started = False
        self.gone = False

    def watch(self) -> None:
        """From now on the current task is cancelled when the client leaves."""
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER, self._start_watch)

    def unwatch(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()

    def _start_watch(self) -> None:
        self._watch = asyncio.ensure_future(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._task is not None:
            self._task.cancel()

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
