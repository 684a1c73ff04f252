"""Calls beside the main one: which engine takes which route through.

A `Way` is all that the data plane has to know of a call: who may come in, what the exchange is
made of, and the engine that serves it.
"""

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from fairlead.canon import Dialect, Failure, Problem
from fairlead.engine.counting import CountExchange, CountingEngine
from fairlead.engine.embedding import EmbeddingEngine, EmbedExchange
from fairlead.engine.endpoints import ENDPOINTS
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.passthrough import PassCall, PassEngine, PassExchange
from fairlead.engine.snapshot import Snapshot
from fairlead.engine.uploads import continues, opened
from fairlead.server.asgi_client import Scope
from fairlead.server.body import header
from fairlead.server.door import Door, enter
from fairlead.server.estimates import EstimateEngine
from fairlead.server.route_preview import RouteEngine
from fairlead.server.routes import Match
from fairlead.wire.vertex.client import as_message

__all__ = ["SIDE_ROUTES", "SideCalls", "Way"]

Enter = Callable[[Door | None, Scope], str | None]
Headers = Sequence[tuple[bytes, bytes]]
Refit = Callable[[Headers, bytes], tuple[Headers, bytes]]


class Way(Struct, frozen=True):
    """How requests of one kind are taken through. `in_url`: as in `Exchange`.

    `refit` makes headers and body the dialect's own, where the client has them in another shape; it
    raises `Failure`.
    """

    engine: Engine
    make: Callable[..., Exchange] = Exchange
    enter: Enter = enter
    in_url: tuple[str, bool] | None = None
    refit: Refit | None = None


SIDE_ROUTES = (
    *("count", "vertex_count", "estimate", "route", "embed", "embed_one"),
    *sorted({name for name, _ in ENDPOINTS}),
)
"""Names of the routes that `SideCalls` knows."""

_SCHEMES = {"http", "https"}


class SideCalls:
    """The engines of the calls beside the main one, on the main one's network and stores."""

    def __init__(self, engine: Engine) -> None:
        kept = engine.stores
        shared = (engine.transports, engine.ledger, kept.vault, kept.responses, kept.ownership)
        attempts = engine.attempts
        self._counting = CountingEngine(*shared, attempts=attempts.beside("count_tokens"))
        self._objects = attempts.beside("objects")
        self._routes = RouteEngine(*shared, kept.counts)
        self._routes.live = engine.live
        self._estimates = EstimateEngine(*shared, kept.counts)
        self._embedding = EmbeddingEngine(*shared, attempts=attempts)
        self._shared = shared
        self._unbooked = kept.unbooked

    def way(
        self, match: Match, dialect: Dialect, scope: Scope, snapshot: Snapshot, now: float
    ) -> Way:
        """The way of a request that hit one of `SIDE_ROUTES`.

        Raises:
            Failure: the client's dialect has no such endpoint.
        """
        name = match.route.name
        model = match.variables.get("model")
        in_url = None if model is None else (model, name == "embed_one")
        if name == "count":
            return Way(self._counting, partial(CountExchange, op="count_tokens"), in_url=in_url)
        if name == "vertex_count":
            refit = partial(as_message, model=None, stream=None)
            return Way(self._counting, partial(CountExchange, op="count_tokens"), refit=refit)
        if name == "route":
            return Way(self._routes, partial(Exchange, op="estimate"))
        if name == "estimate":
            return Way(self._estimates, partial(Exchange, op="estimate"), in_url=in_url)
        if name.startswith("embed"):
            return Way(self._embedding, partial(EmbedExchange, op="embeddings"), in_url=in_url)
        endpoint = ENDPOINTS.get((name, dialect))
        if endpoint is None or (in_url is None and "{model}" in endpoint.path):
            raise Failure(_other_dialect(match, dialect))
        call = PassCall(
            endpoint=endpoint,
            method=match.route.method,
            route=name,
            variables=match.variables,
            here=_here(scope, match),
            path=_canonical(match),
        )
        engine = PassEngine(
            *self._shared, call=call, attempts=self._objects, unbooked=self._unbooked
        )
        make = partial(PassExchange, op=endpoint.op)
        if endpoint.act != "upload":
            return Way(engine, make, in_url=in_url)
        return Way(engine, make, partial(_enter_upload, snapshot, now), in_url)


def _other_dialect(match: Match, dialect: Dialect) -> Problem:
    return Problem(
        "not_found",
        f"{match.route.method} {match.route.path} is not part of the {dialect} dialect, which the"
        " headers of this request speak",
    )


def _canonical(match: Match) -> str:
    path = match.route.path
    for name, value in match.variables.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _here(scope: Scope, match: Match) -> str:
    """The gateway's address as this client sees it, with the prefix that it put before the path. A
    proxy in front says by the usual headers how it was asked; the answer goes to the same client.
    """
    scheme = header(scope, b"x-forwarded-proto") or scope.get("scheme", "http")
    if scheme not in _SCHEMES:
        scheme = "http"
    host = header(scope, b"x-forwarded-host") or header(scope, b"host") or "localhost"
    path, canonical = scope["path"], _canonical(match)
    prefix = path.removesuffix(canonical) if path.endswith(canonical) else ""
    return f"{scheme}://{host}{scope.get('root_path', '')}{prefix}"


def _enter_upload(snapshot: Snapshot, now: float, door: Door | None, scope: Scope) -> str | None:
    """Further requests of an upload bring no key but the address that its first one was given.

    Raises:
        Failure: no entry.
    """
    query = str(scope.get("query_string", b""), "latin-1")
    if door is None or not continues(query):
        return enter(door, scope)
    for upstream in snapshot.upstreams.values():
        who = opened(query, upstream, now)
        if who is not None and door.good(who):
            return who
    raise Failure(
        Problem(
            "not_found",
            "there is no such upload, or its time is over",
            hint="begin it again, and go on at the address that the answer gives",
        )
    )
