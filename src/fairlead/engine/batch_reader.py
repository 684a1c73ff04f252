"""A batch that nobody fetched, read by the gateway itself: so that what it cost is in the ledger.

The gateway asks as a client would, through the same engine: the batch's page and, once the vendor
says that it has ended, its results to their end, piece by piece. So it is booked by the same code
under the same ids, and a client who does the same before, after or at the same time changes
nothing. Only who asks is another: no key has to own what is asked for, no record is left of the
asking, and the records of the cost say in `route` that it was the gateway that read.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Dialect, Usage
from fairlead.catalog.model import Model
from fairlead.engine.attempts.loop import Attempts
from fairlead.engine.batch_results import BOOKED, Answers, noted
from fairlead.engine.batch_status import ENDED
from fairlead.engine.booking import booking, booking_id, on_disk
from fairlead.engine.client import Header
from fairlead.engine.endpoints import ENDPOINTS
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.object_bodies import text_at
from fairlead.engine.pass_answer import PassCall
from fairlead.engine.passthrough import PassEngine, PassExchange
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.record import Record
from fairlead.upstream.vendors import Upstream
from fairlead.vault.unbooked import Batch
from fairlead.vault.vault import LOOPBACK

__all__ = ["BY_GATEWAY", "BatchReader"]

BY_GATEWAY: Final = "read by the gateway"
"""`route` of the records of a batch that no client fetched."""


class _Page(Struct):
    """What the vendors' pages say of a batch's state, each in its own words."""

    processing_status: str = ""
    status: str = ""
    done: bool = False


_PAGE = msgspec.json.Decoder(_Page)
# openai 3.54.0, types/batch.py, `status`; "failed": "The input file has failed the validation
# process", so nothing was run.
_OPENAI_ENDED: Final = ENDED | {"failed"}
_ENDED: Final[dict[Dialect, Callable[[_Page], bool]]] = {
    # anthropic 2.12.0, types/messages/message_batch.py: `in_progress`, `canceling`, `ended`
    "anthropic": lambda page: page.processing_status == "ended",
    "openai_chat": lambda page: page.status in _OPENAI_ENDED,
    "gemini": lambda page: page.done,
}
# https://ai.google.dev/gemini-api/docs/batch-api, "download/v1beta/...:download?alt=media"
_QUERY: Final[dict[tuple[str, Dialect], bytes]] = {("files.content", "gemini"): b"alt=media"}


class _GatewayExchange(PassExchange):
    """A call of the gateway's own: what it books says so."""

    __slots__ = ()

    def record(self) -> Record:
        """The record that bookings are made of."""
        return replace(super().record(), route=BY_GATEWAY)


class _Sink:
    """A client that keeps a whole answer and lets pieces go by."""

    gone = False

    def __init__(self, passed: Callable[[], Awaitable[None]]) -> None:
        self.started = False
        self.body = b""
        self._passed = passed

    async def respond(self, status: int, headers: list[Header], body: bytes) -> None:  # noqa: ARG002 - as the protocol's
        """The whole answer at once."""
        self.started, self.body = True, body

    async def start(self, status: int, headers: list[Header]) -> None:  # noqa: ARG002 - as the protocol's
        """Headers of a streamed answer."""
        self.started = True

    async def write(self, data: bytes) -> None:  # noqa: ARG002 - it was read by then
        """A piece of a streamed answer."""
        await self._passed()

    async def finish(self, data: bytes = b"") -> None:
        """The last piece."""


class _Call(PassEngine):
    """One call of the gateway's own at a given upstream."""

    async def ask(self, x: PassExchange, client: _Sink) -> bytes:
        """The answer's body; empty where it came in pieces.

        Raises:
            Failure: there is none.
        """
        x.repeats = "always"
        await self._pass(x, client)
        return client.body

    def _keeper(self, x: Exchange) -> Upstream:
        assert x.upstream is not None  # noqa: S101 - set by whoever made the exchange
        return x.upstream

    async def _must_own(self, x: Exchange, kind: str, id_: str) -> None:
        """Nobody has to: its key may have been revoked."""

    async def _answers(self, x: Exchange) -> Answers | None:
        return Answers(x)


class BatchReader:
    """Looks at batches, one at a time, on the engine's network and stores."""

    def __init__(self, engine: Engine, request_id: Callable[[], str]) -> None:
        kept = engine.stores
        self._shared = (engine.transports, engine.ledger, kept.vault, kept.responses)
        self._ownership = kept.ownership
        self._ledger = engine.ledger
        self._attempts: Attempts = engine.attempts.beside("objects")
        self._request_id = request_id

    async def read(
        self, batch: Batch, snapshot: Snapshot, now: float, passed: Callable[[], Awaitable[None]]
    ) -> bool:
        """Look at a batch, and book it if it has ended; whether nothing is left to do. `passed` is
        called again and again while results come.

        Raises:
            Failure: the vendor cannot be asked for now, or (`not_found`) knows no such batch.
        """
        upstream = _upstream_of(batch, snapshot)
        if upstream is None:  # it is no more in the configuration, and may come back
            return False
        if await self._noted(batch, batch.id):
            return True
        dialect = upstream.kind.stores[0]
        x = self._exchange("batches.read", batch, upstream, snapshot, now)
        page, booked = await self._ask("batches.read", batch.id, x, passed)
        if not _ended(dialect, page):
            return False
        results = _results_of(dialect, page, batch.id)
        if results is None:
            return booked
        route, id_ = results
        if await self._noted(batch, id_):  # it stood in the page, or a client was quicker
            return True
        x = self._exchange(route, batch, upstream, snapshot, now)
        _, booked = await self._ask(route, id_, x, passed)
        return booked

    async def give_up(self, batch: Batch, snapshot: Snapshot, now: float) -> bool:
        """A record that says that there was a batch, and that what it cost is not known; whether it
        is on disk. Its id is another one than that of the results, should they ever be read.
        """
        upstream = _upstream_of(batch, snapshot)
        if upstream is None:
            return True  # the log alone can say it
        if await self._noted(batch, batch.id):
            return True
        x = self._exchange("batches.read", batch, upstream, snapshot, now)
        usage = Usage(tier="batch", estimated=True)
        id_ = booking_id(upstream.name, f"{batch.id}.unread")
        unknown = booking(x, id_, Model.unknown("unknown", ""), usage)
        self._ledger.add(replace(unknown, cost_usd=None, price_version=None))
        return await on_disk(self._ledger)

    async def _ask(
        self, route: str, id_: str, x: _GatewayExchange, passed: Callable[[], Awaitable[None]]
    ) -> tuple[bytes, bool]:
        """The answer's body, and whether what was read in it is in the ledger."""
        endpoint = ENDPOINTS[route, x.codec.dialect]
        variables = {"id": id_.removeprefix(endpoint.prefix)}
        call = PassCall(endpoint, "GET", route, variables, "", "")
        engine = _Call(*self._shared, self._ownership, call=call, attempts=self._attempts)
        return await engine.ask(x, _Sink(passed)), engine.booked

    def _exchange(
        self, route: str, batch: Batch, upstream: Upstream, snapshot: Snapshot, now: float
    ) -> _GatewayExchange:
        dialect = upstream.kind.stores[0]
        x = _GatewayExchange(
            self._request_id(),
            snapshot.codecs[dialect],
            snapshot,
            (),
            b"",
            at=now,
            key_id=None if batch.scope == LOOPBACK else batch.scope,
            op=ENDPOINTS[route, dialect].op,
        )
        x.query = _QUERY.get((route, dialect), b"")
        x.upstream = upstream
        x.latency = "batch"
        return x

    async def _noted(self, batch: Batch, id_: str) -> bool:
        """Whether what it cost is in the ledger."""
        return await noted(batch.scope, batch.upstream, BOOKED, id_, self._ownership)


def _upstream_of(batch: Batch, snapshot: Snapshot) -> Upstream | None:
    """The upstream with the key that made it; where that key is gone, with the first of its name:
    a key that was renewed is mostly of the same account.
    """
    found = [
        one
        for one in snapshot.upstreams.values()
        if one.name == batch.upstream and one.kind.stores and one.kind.shelf is None
    ]
    return next((one for one in found if one.key.mark() == batch.mark), found[0] if found else None)


def _ended(dialect: Dialect, page: bytes) -> bool:
    try:
        return _ENDED[dialect](_PAGE.decode(page))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _results_of(dialect: Dialect, page: bytes, id_: str) -> tuple[str, str] | None:
    """The route and the id of the results; None where there are none, or where they stand in the
    page.
    """
    endpoint = ENDPOINTS["batches.read", dialect]
    if ("batches.results", dialect) in ENDPOINTS:
        return "batches.results", id_
    written = (text_at(page, steps) for steps in endpoint.outputs)
    return next((("files.content", file) for file in written if file), None)
