"""The data plane: a raw ASGI callable. It matches the path, lets in, reads the body, hands over.

Whatever uvicorn or granian host, nothing here but a dictionary lookup stands between the socket
and the engine: no middleware, no per-request injection.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from fairlead.canon import Dialect, Failure, Problem
from fairlead.engine.client import Header
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.faults import STOPPING
from fairlead.engine.snapshot import Snapshot
from fairlead.limits.keys import KeyInfo
from fairlead.server.asgi_client import AsgiClient, Receive, Scope, Send, Watch
from fairlead.server.model_list import model_list, one_model
from fairlead.server.request_ids import request_id
from fairlead.wire.codec import Codec

__all__ = ["ROUTES", "DataPlane", "Door"]

ROUTES: dict[tuple[str, str], str] = {
    ("POST", "/v1/chat/completions"): "OpenAI chat completions, streaming and not",
    ("GET", "/v1/models"): "models and aliases that may be named, in OpenAI's shape",
    ("GET", "/v1/models/{model}"): "one of them",
    ("GET", "/health"): "200 while the process lives",
    ("GET", "/ready"): "200 while it takes requests, 503 while it drains or has no upstream",
}
"""The contract, printed into docs/reference.md and tested against it."""

METHOD_NOT_ALLOWED = 405
ONE_MODEL = "/v1/models/"
DISCARD = 4
"""Times the largest body, so much of a larger one is read past so that it can be refused."""
LOOPBACK_NAMES = {b"localhost", b"127.0.0.1", b"[::1]"}
LOOPBACK_PEERS = {"127.0.0.1", "::1", ""}  # a Unix socket has no address


class Door(Protocol):
    """Who may come in. `KeyStore` is one; it looks in memory only."""

    def authenticate(self, authorization: str | None) -> KeyInfo | Problem:
        """The key's public facts, or why there is no entry."""
        ...


class DataPlane:
    """The ASGI application.

    `snapshot` is swapped whole on reload. With `door` None everybody on loopback may come in,
    unless a browser sends them (see `_only_local`).
    """

    def __init__(
        self,
        engine: Engine,
        snapshot: Snapshot,
        door: Door | None,
        *,
        max_body: int = 32 * 1024 * 1024,
        max_requests: int = 2_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.engine = engine
        self.snapshot = snapshot
        self.door = door
        self.max_body = max_body
        self.max_requests = max_requests
        self.clock = clock
        self.in_flight = 0
        self._watch = Watch()
        self.draining = False
        self._handlers: dict[tuple[str, str], Handler] = {
            ("POST", "/v1/chat/completions"): self._chat,
            ("GET", "/v1/models"): self._models,
            ("GET", "/health"): self._health,
            ("GET", "/ready"): self._ready,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            return
        handler = self._handlers.get((scope["method"], scope["path"]))
        client = AsgiClient(receive, send)
        if handler is None:
            await self._no_route(scope, receive, client)
            return
        await handler(scope, receive, client)

    async def _no_route(self, scope: Scope, receive: Receive, client: AsgiClient) -> None:
        method, path = scope["method"], scope["path"]
        if method == "HEAD" and (handler := self._handlers.get(("GET", path))) is not None:
            await handler(scope, receive, client)  # the host sends no body for HEAD
            return
        codec = self._codec("openai_chat")
        if method == "GET" and path.startswith(ONE_MODEL):
            await self._model(scope, client)
            return
        allowed = [known for known, at in ROUTES if at == path]
        if not allowed:
            known = ", ".join(f"{m} {p}" for m, p in ROUTES)
            problem = Problem(
                "not_found", f"there is no {method} {path[:200]}", hint=f"there are {known}"
            )
            await self._refuse(client, codec, problem)
            return
        allow = ", ".join(allowed)
        problem = Problem("not_found", f"{path} does not take {method}", hint=f"it takes {allow}")
        body = codec.encode_error(problem, "")
        headers = [*_refusal_headers(), (b"allow", allow.encode("ascii"))]
        await client.respond(METHOD_NOT_ALLOWED, headers, body)

    def _codec(self, dialect: Dialect) -> Codec:
        return self.snapshot.codecs[dialect]

    async def _chat(self, scope: Scope, receive: Receive, client: AsgiClient) -> None:
        await self._exchange(self._codec("openai_chat"), scope, receive, client)

    async def _exchange(
        self, codec: Codec, scope: Scope, receive: Receive, client: AsgiClient
    ) -> None:
        if self.in_flight >= self.max_requests:
            await self._refuse(client, codec, _FULL)
            return
        self.in_flight += 1
        try:
            try:
                key_id = self._enter(scope)
                body = await self._read(scope, receive)
            except Failure as failure:
                await self._refuse(client, codec, failure.problem)
                return
            except asyncio.CancelledError:
                if not self.draining:
                    raise
                await self._refuse(client, codec, STOPPING)
                return
            if body is None:
                return  # the client left before its request was complete
            if not body.startswith(b"{") and (problem := _encoded(scope)) is not None:
                await self._refuse(client, codec, problem)
                return
            await self._serve(codec, scope, client, body, key_id)
        finally:
            self.in_flight -= 1

    async def _serve(
        self, codec: Codec, scope: Scope, client: AsgiClient, body: bytes, key_id: str | None
    ) -> None:
        x = Exchange(
            request_id(), codec, self.snapshot, scope["headers"], body,
            at=self.clock(), key_id=key_id,
        )  # fmt: skip
        self._watch.add(client)
        try:
            await self.engine.serve(x, client)
        except asyncio.CancelledError:
            if not (client.gone or self.draining):  # else expected, and answered
                raise
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
        finally:
            self._watch.remove(client)

    def _enter(self, scope: Scope) -> str | None:
        """The virtual key's id, None where none is needed.

        Raises:
            Failure: no entry.
        """
        if self.door is None:
            _only_local(scope)
            return None
        authorization = _header(scope, b"authorization")
        found = self.door.authenticate(authorization)
        if isinstance(found, Problem):
            raise Failure(found)
        return found.id

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body, None if the client left.

        Raises:
            Failure: it is over the limit.
        """
        length = _header(scope, b"content-length")
        if length is not None and length.isdigit() and int(length) > self.max_body:
            if _header(scope, b"expect") is None:  # else it waits for our word, and sends nothing
                await self._discard(receive, int(length))
            raise Failure(self._too_large())
        message = await receive()
        if message["type"] != "http.request":
            return None
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            if len(body) > self.max_body:
                raise Failure(self._too_large())
            return body
        pieces, size = [body], len(body)
        while message.get("more_body", False):
            message = await receive()
            if message["type"] != "http.request":
                return None
            piece = message.get("body", b"")
            pieces.append(piece)
            size += len(piece)
            if size > self.max_body:
                pieces.clear()
                if message.get("more_body", False):
                    await self._discard(receive, 0)
                raise Failure(self._too_large())
        return b"".join(pieces)

    async def _discard(self, receive: Receive, size: int) -> None:
        """Read past a body that is too large, but not absurdly so, before it is refused.

        Most clients read no answer before they have sent all; from a connection that is closed
        under them they get a reset instead of the reason.
        """
        left = DISCARD * self.max_body
        if size > left:
            return
        while left > 0:
            message = await receive()
            if message["type"] != "http.request" or not message.get("more_body", False):
                return
            left -= len(message.get("body", b""))

    def _too_large(self) -> Problem:
        return Problem(
            "request_too_large",
            f"the body is larger than {self.max_body} bytes",
            hint="send less, or raise server.max_body_bytes",
        )

    async def _models(self, scope: Scope, _receive: Receive, client: AsgiClient) -> None:
        try:
            self._enter(scope)
        except Failure as failure:
            await self._refuse(client, self._codec("openai_chat"), failure.problem)
            return
        await client.respond(200, [_JSON], model_list(self.snapshot, self.clock()))

    async def _model(self, scope: Scope, client: AsgiClient) -> None:
        codec = self._codec("openai_chat")
        try:
            self._enter(scope)
            row = one_model(self.snapshot, scope["path"][len(ONE_MODEL) :], self.clock())
        except Failure as failure:
            await self._refuse(client, codec, failure.problem)
            return
        await client.respond(200, [_JSON], row)

    async def _health(self, _scope: Scope, _receive: Receive, client: AsgiClient) -> None:
        await client.respond(200, [_JSON], b'{"status":"ok"}')

    async def _ready(self, _scope: Scope, _receive: Receive, client: AsgiClient) -> None:
        if self.draining:
            await client.respond(503, [_JSON], b'{"status":"draining"}')
        elif not self.snapshot.upstreams:
            await client.respond(503, [_JSON], b'{"status":"no upstream is configured"}')
        else:
            await client.respond(200, [_JSON], b'{"status":"ready"}')

    @staticmethod
    async def _refuse(client: AsgiClient, codec: Codec, problem: Problem) -> None:
        """Answer a request that was never accepted."""
        headers = _refusal_headers()
        if problem.retry_after is not None:
            headers.append((b"retry-after", b"%d" % round(problem.retry_after)))
        await client.respond(problem.status, headers, codec.encode_error(problem, ""))


Handler = Callable[[Scope, Receive, AsgiClient], Awaitable[None]]
_JSON = (b"content-type", b"application/json")
_FULL = Problem(
    "overloaded",
    "too many requests are in flight",
    hint="try again, or raise server.max_requests",
    retry_after=1,
    retryable=True,
)


_NOT_LOCAL = Problem(
    "permission",
    "without virtual keys only programs on this machine are served",
    hint="make a key with `fairlead keys create` and send it as a Bearer token",
)


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


def _refusal_headers() -> list[Header]:
    """Of an answer to a request that was never accepted: it has an id too, for the client's log."""
    return [_JSON, (b"x-fairlead-request-id", request_id().encode("ascii"))]


def _encoded(scope: Scope) -> Problem | None:
    """What is wrong with a body that does not begin as JSON, if its sender says that it is packed.

    Bodies are read as they come: a small gzip of gigabytes would be the cheapest of attacks.
    """
    coding = _header(scope, b"content-encoding")
    if coding is None or coding.strip().lower() in {"", "identity"}:
        return None
    return Problem(
        "invalid_request",
        f"a body with content-encoding '{coding[:40]}' is not read",
        param="header content-encoding",
        hint="send it as it is",
        code="unsupported_content_encoding",
    )


def _only_local(scope: Scope) -> None:
    """Without keys loopback is the only wall, and a web page in a browser stands inside it.

    A page elsewhere can reach 127.0.0.1 by a cross-site request (which carries `Origin`) or by
    DNS rebinding (whose `Host` is not loopback). Neither may spend the operator's money, and no
    peer from elsewhere may, whatever server hosts this application.

    Raises:
        Failure: the request does not come from a program on this machine.
    """
    peer = scope.get("client")
    local = peer is None or peer[0] in LOOPBACK_PEERS
    for name, value in scope["headers"]:
        if name == b"host":
            local = local and _bare(value) in LOOPBACK_NAMES
        elif name == b"origin":
            local = local and _bare(value.partition(b"://")[2]) in LOOPBACK_NAMES
    if not local:
        raise Failure(_NOT_LOCAL)


def _bare(host: bytes) -> bytes:
    """A host without its port."""
    if host.startswith(b"["):
        return host.partition(b"]")[0] + b"]"
    return host.partition(b":")[0]
