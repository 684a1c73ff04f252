"""Calls beside the main one: which engine takes which route through.

A `Way` is all that the data plane has to know of a call: who may come in, what the exchange is
made of, and the engine that serves it.
"""

from collections.abc import Callable
from functools import partial

from msgspec import Struct

from fairlead.canon import Dialect
from fairlead.engine.counting import CountingEngine
from fairlead.engine.embedding import EmbeddingEngine
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.side import SideExchange
from fairlead.server.asgi_client import Scope
from fairlead.server.door import Door, enter
from fairlead.server.routes import Match

__all__ = ["SIDE_ROUTES", "SideCalls", "Way"]

Enter = Callable[[Door | None, Scope], str | None]


class Way(Struct, frozen=True):
    """How requests of one kind are taken through. `in_url`: as in `Exchange`."""

    engine: Engine
    make: Callable[..., Exchange] = Exchange
    enter: Enter = enter
    in_url: tuple[str, bool] | None = None


SIDE_ROUTES = ("count", "embed", "embed_one")
"""Names of the routes that `SideCalls` knows."""


class SideCalls:
    """The engines of the calls beside the main one, on the main one's network and stores."""

    def __init__(self, engine: Engine) -> None:
        stores = engine.stores
        shared = (engine.transports, engine.ledger, stores.vault, stores.responses)
        self._counting = CountingEngine(*shared)
        self._embedding = EmbeddingEngine(*shared)

    def way(self, match: Match, _dialect: Dialect, _scope: Scope) -> Way:
        """The way of a request that hit one of `SIDE_ROUTES`."""
        name = match.route.name
        model = match.variables.get("model")
        if name == "count":
            in_url = None if model is None else (model, False)
            return Way(self._counting, partial(SideExchange, op="count_tokens"), in_url=in_url)
        in_url = None if model is None else (model, name == "embed_one")
        return Way(self._embedding, partial(SideExchange, op="embeddings"), in_url=in_url)
