"""The data plane: it matches the path, lets in, reads the body, hands over.

`handle` is called by our own protocol (`server.http11`), which is the engine's client by itself;
other hosts (granian) call the ASGI entry. Nothing but a dictionary lookup stands between the socket
and the engine: no middleware, no per-request injection.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

from fairlead.canon import Dialect, Failure, Problem
from fairlead.engine.client import Client, Header
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.faults import STOPPING
from fairlead.engine.snapshot import Snapshot
from fairlead.server.admin.api import ADMIN, ADMIN_ROUTES, AdminApi
from fairlead.server.admin.problem import problem_json
from fairlead.server.asgi_client import AsgiClient, Receive, Scope, Send, Watch
from fairlead.server.body import read_body
from fairlead.server.deployments import deployments_json, ready_json
from fairlead.server.door import Door, enter
from fairlead.server.elsewhere import elsewhere
from fairlead.server.feedback import MOST_BYTES, Feedback
from fairlead.server.model_list import model_list, one_model
from fairlead.server.request_ids import request_id
from fairlead.server.routes import Match, Router, client_dialect
from fairlead.server.side_calls import SIDE_ROUTES, SideCalls, Way
from fairlead.server.stored_responses import StoredResponses
from fairlead.vault.vault import LOOPBACK
from fairlead.wire.codec import Codec
from fairlead.wire.gemini import ARRAY_CODEC
from fairlead.wire.vertex.client import as_message

__all__ = ["DataPlane"]

METHOD_NOT_ALLOWED = 405


class DataPlane:
    """The ASGI application.

    `snapshot` is swapped whole on reload. With `door` None everybody on loopback may come in,
    unless a browser sends them (see `server.door`).
    """

    def __init__(
        self,
        engine: Engine,
        snapshot: Snapshot,
        door: Door | None,
        *,
        max_body: int = 32 * 1024 * 1024,
        max_requests: int = 2_000,
        admin: AdminApi | None = None,
        feedback: Feedback | None = None,
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
        self._router = Router()
        self._responses = StoredResponses(engine.stores.responses, engine.transports)
        self._main = Way(engine)
        self._sides = SideCalls(engine)
        self._feedback = feedback or Feedback(engine.ledger, lambda _: None)
        self._admin = admin or AdminApi()
        self._handlers: dict[str, Handler] = {
            "exchange": self._exchange,
            "generate": self._generate,
            "stream_generate": self._stream_generate,
            **dict.fromkeys(("vertex_message", "vertex_stream"), self._vertex),
            "stored": self._stored,
            "stored_items": self._stored,
            "feedback": self._take_feedback,
            "models": self._models,
            "model": self._models,
            "health": self._health,
            "ready": self._ready,
            "deployments": self._deployments,
            **dict.fromkeys(SIDE_ROUTES, self._side),
            **dict.fromkeys(ADMIN_ROUTES, self._admin.handle),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] == "http":
            await self.handle(scope, receive, AsgiClient(receive, send))

    async def handle(self, scope: Scope, receive: Receive, client: Client) -> None:
        """Serve one request; `scope` is its head in ASGI's shape."""
        method, path = scope["method"], scope["path"]
        router = self._router
        match = router.plain.get((method, path)) or router.find(method, path)
        if match is None and method == "HEAD":  # the host sends no body for HEAD
            match = router.find("GET", path)
        if match is None:
            await self._no_route(scope, client)
            return
        await self._handlers[match.route.name](match, scope, receive, client)

    async def _no_route(self, scope: Scope, client: Client) -> None:
        method, path = scope["method"], scope["path"]
        codec = self._codec(client_dialect(scope["headers"], scope.get("query_string", b"")))
        allowed = self._router.methods(path)
        if not allowed:
            known = elsewhere(path)
            if known is not None:
                codec, hint = self._codec(known[0]), known[1]
            else:
                near = self._router.nearest(path)
                like = f"did you mean {' or '.join(near)}? " if near else ""
                hint = f"{like}docs/reference.md lists what there is"
            problem = Problem("not_found", f"there is no {method} {path[:200]}", hint=hint)
            if path.startswith(ADMIN):
                await client.respond(problem.status, [_JSON], problem_json(problem))
                return
            await self._refuse(client, codec, problem)
            return
        allow = ", ".join(allowed)
        problem = Problem("not_found", f"{path} does not take {method}", hint=f"it takes {allow}")
        asked = request_id()
        headers = [*_refusal_headers(asked), (b"allow", allow.encode("ascii"))]
        admin = path.startswith(ADMIN)
        body = problem_json(problem) if admin else codec.encode_error(problem, asked)
        await client.respond(METHOD_NOT_ALLOWED, headers, body)

    def _codec(self, dialect: Dialect | None) -> Codec:
        return self.snapshot.codecs[dialect or "openai_chat"]

    # --- requests to models -----------------------------------------------------------------------

    def _exchange(
        self, match: Match, scope: Scope, receive: Receive, client: Client
    ) -> Awaitable[None]:
        """The body says all."""
        codec = self.snapshot.codecs[match.dialect or "openai_chat"]
        return self._run(codec, scope, receive, client, self._main)

    async def _generate(self, match: Match, scope: Scope, receive: Receive, client: Client) -> None:
        """The URL names the model."""
        way = Way(self.engine, in_url=(match.variables["model"], False))
        await self._run(self._codec(match.dialect), scope, receive, client, way)

    async def _vertex(self, match: Match, scope: Scope, receive: Receive, client: Client) -> None:
        """A message as on Vertex AI: the URL names the model and says whether it streams."""
        stream = match.route.name == "vertex_stream"
        refit = partial(as_message, model=match.variables["model"], stream=stream)
        way = Way(self.engine, refit=refit)
        await self._run(self._codec(match.dialect), scope, receive, client, way)

    async def _stream_generate(
        self, match: Match, scope: Scope, receive: Receive, client: Client
    ) -> None:
        """The URL names the model, and the query the framing."""
        sse = b"alt=sse" in scope.get("query_string", b"")
        codec = self._codec(match.dialect) if sse else ARRAY_CODEC
        way = Way(self.engine, in_url=(match.variables["model"], True))
        await self._run(codec, scope, receive, client, way)

    async def _run(
        self, codec: Codec, scope: Scope, receive: Receive, client: Client, way: Way
    ) -> None:
        if self.in_flight >= self.max_requests:
            await self._refuse(client, codec, _FULL)
            return
        self.in_flight += 1
        try:
            headers = scope["headers"]
            try:
                key_id = way.enter(self.door, scope)
                body = await read_body(scope, receive, self.max_body)
                if way.refit is not None and body is not None:
                    headers, body = way.refit(headers, body)
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
            query = scope.get("query_string", b"")
            x = way.make(
                request_id(), codec, self.snapshot, headers, body,
                at=self.clock(), key_id=key_id, in_url=way.in_url, query=query,
            )  # fmt: skip
            await self._serve(x, client, way.engine)
        finally:
            self.in_flight -= 1

    async def _serve(self, x: Exchange, client: Client, engine: Engine) -> None:
        watched = client if isinstance(client, AsgiClient) else None  # ours sees by itself
        if watched is not None:
            self._watch.add(watched)
        try:
            await engine.serve(x, client)
        except asyncio.CancelledError:
            if not (client.gone or self.draining):  # else expected, and answered
                raise
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
        finally:
            if watched is not None:
                self._watch.remove(watched)

    async def _side(self, match: Match, scope: Scope, receive: Receive, client: Client) -> None:
        """A call beside the main one."""
        dialect = match.dialect or client_dialect(scope["headers"], scope.get("query_string", b""))
        codec = self._codec(dialect)
        try:
            way = self._sides.way(match, dialect, scope, self.snapshot, self.clock())
        except Failure as failure:
            await self._refuse(client, codec, failure.problem)
            return
        await self._run(codec, scope, receive, client, way)

    async def _stored(self, match: Match, scope: Scope, _receive: Receive, client: Client) -> None:
        """An answer that was stored."""
        stored, id_ = self._responses, match.variables["id"]
        try:
            who = enter(self.door, scope) or LOOPBACK
            if match.route.name == "stored_items":
                body = await stored.input_items(who, id_, scope.get("query_string", b""))
            elif match.route.method == "DELETE":
                body = await stored.delete(self.snapshot, who, id_)
            else:
                body = await stored.get(self.snapshot, who, id_)
        except Failure as failure:
            await self._refuse(client, self._codec(match.dialect), failure.problem)
            return
        await client.respond(200, [_JSON], body)

    async def _take_feedback(
        self, match: Match, scope: Scope, receive: Receive, client: Client
    ) -> None:
        """A word on an answer."""
        query = scope.get("query_string", b"")
        codec = self._codec(match.dialect or client_dialect(scope["headers"], query))
        if self.in_flight >= self.max_requests:
            await self._refuse(client, codec, _FULL)
            return
        self.in_flight += 1
        try:
            key_id = enter(self.door, scope)
            body = await read_body(scope, receive, MOST_BYTES)
            if body is None:
                return  # the client left before it was complete
            told = await self._feedback.take(body, key_id, self.clock())
        except Failure as failure:
            await self._refuse(client, codec, failure.problem)
            return
        finally:
            self.in_flight -= 1
        await client.respond(200, [_JSON], told)

    # --- about the gateway ------------------------------------------------------------------------

    async def _models(self, match: Match, scope: Scope, _receive: Receive, client: Client) -> None:
        query = scope.get("query_string", b"")
        dialect = match.dialect or client_dialect(scope["headers"], query)
        try:
            enter(self.door, scope)
            name = match.variables.get("model")
            now = self.clock()
            if name is None:
                body = model_list(self.snapshot, now, dialect, query)
            else:
                body = one_model(self.snapshot, name, now, dialect)
        except Failure as failure:
            await self._refuse(client, self._codec(dialect), failure.problem)
            return
        await client.respond(200, [_JSON], body)

    async def _health(
        self, _match: Match, _scope: Scope, _receive: Receive, client: Client
    ) -> None:
        await client.respond(200, [_JSON], b'{"status":"ok"}')

    async def _deployments(
        self, _match: Match, scope: Scope, _receive: Receive, client: Client
    ) -> None:
        await self._admin.tell(scope, client, lambda: deployments_json(self.engine.attempts))

    async def _ready(self, _match: Match, _scope: Scope, _receive: Receive, client: Client) -> None:
        if self.draining:
            await client.respond(503, [_JSON], b'{"status":"draining"}')
        elif not self.snapshot.upstreams:
            await client.respond(503, [_JSON], b'{"status":"no upstream is configured"}')
        else:
            body = ready_json(self.engine.attempts, self.snapshot.upstreams)
            await client.respond(200, [_JSON], body)

    @staticmethod
    async def _refuse(client: Client, codec: Codec, problem: Problem) -> None:
        """Answer a request that was never accepted."""
        asked = request_id()
        headers = _refusal_headers(asked)
        if problem.retry_after is not None:
            headers.append((b"retry-after", b"%d" % round(problem.retry_after)))
        await client.respond(problem.status, headers, codec.encode_error(problem, asked))


Handler = Callable[[Match, Scope, Receive, Client], Awaitable[None]]
_JSON = (b"content-type", b"application/json")
_FULL = Problem(
    "overloaded",
    "too many requests are in flight",
    hint="try again, or raise server.max_requests",
    retry_after=1,
    retryable=True,
)


def _refusal_headers(asked: str) -> list[Header]:
    """Of an answer to a request that was never accepted: it has an id too, for the client's log."""
    return [_JSON, (b"x-fairlead-request-id", asked.encode("ascii"))]
