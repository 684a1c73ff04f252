"""Files, batches and cached contents: passed on to the vendor whose dialect the client speaks.

Body, query, status and answer go through as they are, but for what would break or leak:

- The vendor keeps the objects of all virtual keys in one account. What a key did not make is not
  found, and lists name its own alone (`vault.ownership`). Without virtual keys there is one user,
  and nothing is filtered.
- Names of models become ids where the body or the URL names one exactly.
- What a batch costs is read from its answers while they pass by (`engine.batch_results`), what
  keeping a cached content costs from the answers about it (`engine.cache_storage`).
- Addresses at the vendor that a client would follow with its own key (`results_url`,
  `x-goog-upload-url`) become the gateway's. A redirect is an error, and never followed.
"""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from fairlead.canon import Failure, Problem
from fairlead.catalog.model import Model
from fairlead.engine import hints as hint_reader
from fairlead.engine.attempts.loop import Attempts
from fairlead.engine.attempts.retry import Repeats
from fairlead.engine.batch_results import OUTPUTS, Answers, account, answers_of, inlined_in
from fairlead.engine.batch_status import stated_in
from fairlead.engine.cache_storage import keep_account
from fairlead.engine.client import Client
from fairlead.engine.endpoints import Endpoint
from fairlead.engine.engine import Engine, TransportOf
from fairlead.engine.exchange import Exchange
from fairlead.engine.keeping import keeper_of
from fairlead.engine.listing import PAGES, closed, owned
from fairlead.engine.named_objects import refuse_others
from fairlead.engine.object_bodies import MODELS, text_at, with_results_here
from fairlead.engine.pass_answer import PassCall, respond, stream
from fairlead.engine.pass_request import fitted, following, headers_for, url_of
from fairlead.engine.plan import AUTO
from fairlead.engine.snapshot import Lane
from fairlead.ledger.record import Ledger
from fairlead.upstream.transport import HttpRequest, HttpResponse
from fairlead.upstream.vendors import Upstream
from fairlead.vault.ownership import Ownership, not_yours
from fairlead.vault.responses import ResponseStore
from fairlead.vault.unbooked import Batch, Unbooked
from fairlead.vault.vault import Vault

__all__ = ["PassCall", "PassEngine", "PassExchange"]

_PAGED_BY = {"openai_chat": "after", "anthropic": "after_id"}
_STEPS = frozenset({".", ".."})
"""Steps in the vendor's address, and no ids."""
_REPEATS: dict[str, Repeats] = {"GET": "always", "DELETE": "answered"}
"""By the method; what may make or change something is asked again only where nothing was sent. A
DELETE that broke off may have been done: a second one would be told that there is no such thing."""


class PassExchange(Exchange):
    """State of one call that is passed on. Its deployment is the vendor's door alone; what model it
    is about, if any, the client said.
    """

    __slots__ = ("repeats",)
    repeats: Repeats

    def choose(self, model: Model, upstream: Upstream) -> None:  # noqa: ARG002 - as the base's
        """Go this way now."""
        self.upstream = upstream
        self.vendor_error = None


class PassEngine(Engine):
    """Takes one call through that is passed on."""

    booked = True
    """Whether what was read of a batch's answers is in the ledger, and on disk."""

    def __init__(
        self,
        transports: TransportOf,
        ledger: Ledger,
        vault: Vault,
        responses: ResponseStore,
        ownership: Ownership,
        *,
        call: PassCall,
        attempts: Attempts | None = None,
        unbooked: Unbooked | None = None,
    ) -> None:
        super().__init__(
            transports, ledger, vault, responses, ownership, attempts=attempts, unbooked=unbooked
        )
        self.call = call

    @property
    def ownership(self) -> Ownership:
        """Whose the objects are."""
        return self.stores.ownership

    def _accept(self, x: Exchange) -> None:
        """Nothing has to be read for it."""
        assert isinstance(x, PassExchange)  # noqa: S101 - this engine is given no others
        x.repeats = _REPEATS.get(self.call.method, "unsent")
        if x.in_url is not None:
            x.model_name = x.in_url[0]
        self.ledger.accept(x.accepted())

    async def _dispatch(self, x: Exchange, client: Client) -> None:
        try:
            await self._pass(x, client)
        except asyncio.CancelledError:
            x.asked = False  # no tokens were asked for, so none are estimated
            raise

    async def _pass(self, x: Exchange, client: Client) -> None:
        endpoint, id_ = self.call.endpoint, self.call.asked_id
        upstream = x.upstream = self._keeper(x)
        if id_ is not None:
            if self.call.variables["id"] in _STEPS:
                raise Failure(not_yours(endpoint.kind, id_))
            await self._must_own(x, endpoint.kind, id_)
        if x.in_url is not None:
            x.model = _model(x, x.in_url[0], "model")
        request = HttpRequest(
            self.call.method,
            url_of(x, self.call, upstream),
            headers_for(x, upstream),
            await self._said(x),
            upstream.timeouts,
        )
        request = fitted(x, upstream, request)
        x.timeout = hint_reader.read(x.headers, b"").timeout
        ask = self._list if endpoint.act == "list" and x.key_id is not None else self._once

        async def attempt(x: Exchange, _lane: Lane, client: Client) -> None:
            await ask(x, request, client)

        lane = (Model.unknown(endpoint.op, upstream.vendor), upstream)
        await self.attempts.run(x, [lane], client, attempt)

    def _keeper(self, x: Exchange) -> Upstream:
        """Where what is asked for is kept.

        Raises:
            Failure: nowhere.
        """
        return keeper_of(
            x.snapshot.upstreams.values(),
            x.codec.dialect,
            self.call.endpoint.kind,
            self.call.asked_id,
            cloud="location" in self.call.variables,
        )

    # --- what the client says -----------------------------------------------------------------

    async def _must_own(self, x: Exchange, kind: str, id_: str) -> None:
        """Refuse what another key made, as if it did not exist.

        Raises:
            Failure: this key did not make it.
        """
        if x.key_id is None or x.upstream is None:
            return
        if not await self.ownership.owns(x.scope, x.upstream.name, kind, id_):
            raise Failure(not_yours(kind, id_))

    async def _said(self, x: Exchange) -> bytes:
        """The client's body, with names of models resolved and the ids in it looked at."""
        body = x.body
        if not body.lstrip().startswith(b"{"):
            return body
        for kind, steps in self.call.endpoint.uses:
            if (id_ := text_at(body, steps)) is not None:
                await self._must_own(x, kind, id_)
        if x.key_id is not None:
            await refuse_others(x.scope, _of(x).name, body, self.ownership)
        resolve = MODELS.get((self.call.route, x.codec.dialect))
        if resolve is None:
            return body

        def named(name: str, where: str) -> str:
            x.model = _model(x, name, where)
            x.model_name = x.model_name or name
            return _of(x).model_id(x.model)

        return resolve(body, named)

    # --- what the vendor answers --------------------------------------------------------------

    async def _once(self, x: Exchange, request: HttpRequest, client: Client) -> None:
        """One request, and its answer."""
        endpoint = self.call.endpoint
        try:
            async with self._answered(x, _of(x), request) as response:
                await self._refuse_errors(x, response)
                if endpoint.act == "content":
                    await self._content(x, response, client)
                    return
                body = _told(x, await response.read(x.snapshot.max_answer_bytes))
        except Failure:
            if client.started:
                x.outcome = "stream_broken"
            raise
        await self._note(x, body)
        if endpoint.op == "caches":
            await keep_account(x, endpoint.act, body, self.ownership, self.ledger)
        if endpoint.kind == "batches":
            if endpoint.act == "read":
                answers = await inlined_in(x, body, self.call.asked_id, self.ownership)
                if answers is not None:
                    await self._account(x, answers)
                await stated_in(x, body, self.ownership, self.ledger)
            body = with_results_here(body, self.call.here)
        await respond(x, self.call, response, body, client)

    async def _content(self, x: Exchange, response: HttpResponse, client: Client) -> None:
        """Content, and what it cost if it is the whole of a batch's answers."""
        answers = None
        if response.status == 200:  # a part (206) would be taken for the whole
            answers = await self._answers(x)
        if answers is None:
            await stream(x, self.call, response, response.chunks(), client)
        else:
            await stream(x, self.call, response, self._read_by(x, response, answers), client)

    async def _read_by(
        self, x: Exchange, response: HttpResponse, answers: Answers
    ) -> AsyncIterator[bytes]:
        """The pieces of a batch's answers. The last one is held back until it is known to be that
        and the sum is booked: a client that has it all may leave at once.
        """
        held: bytes | None = None
        async for chunk in response.chunks():
            if held is not None:
                yield held
            await answers.feed(chunk)
            held = chunk
        await answers.close()
        await self._account(x, answers)
        if held is not None:
            yield held

    async def _answers(self, x: Exchange) -> Answers | None:
        """What is to read the content; None where nothing is to be booked."""
        return await answers_of(x, self.call.endpoint, self.call.asked_id, self.ownership)

    async def _account(self, x: Exchange, answers: Answers) -> None:
        id_ = self.call.asked_id
        assert id_ is not None  # noqa: S101 - there are answers to an id only
        self.booked = await account(x, answers, id_, self.ownership, self.ledger)

    async def _list(self, x: Exchange, request: HttpRequest, client: Client) -> None:
        """The key's own part of a list: the first page that holds any of it."""
        upstream, endpoint = _of(x), self.call.endpoint
        own = frozenset(await self.ownership.ids(x.scope, upstream.name, endpoint.kind))
        query = dict(parse_qsl(x.query.decode("latin-1")))
        after = "before_id" if "before_id" in query else _PAGED_BY.get(x.codec.dialect, "")
        seen: set[str] = set()
        for _ in range(PAGES):
            async with self._answered(x, upstream, request) as response:
                await self._refuse_errors(x, response)
                body = _told(x, await response.read(x.snapshot.max_answer_bytes))
            page = owned(body, endpoint.items, endpoint.id_field, own, after)
            seen.update(page.ids)
            if page.ids or page.following is None or own <= seen:
                body = closed(page.body) if page.following and own <= seen else page.body
                await respond(
                    x, self.call, response, with_results_here(body, self.call.here), client
                )
                return
            request = following(request, page.following)
        raise Failure(_too_long(endpoint))

    async def _refuse_errors(self, x: Exchange, response: HttpResponse) -> None:
        """Nothing for an answer.

        Raises:
            Failure: it is an error.
        """
        if response.status >= 300:
            upstream = _of(x)
            lane = (Model.unknown(x.model_name, upstream.vendor), upstream)
            raise Failure(await self._refused(x, lane, response))

    async def _note(self, x: Exchange, body: bytes) -> None:
        """Write down whose the objects are that the answer tells of, and which of them hold a
        batch's answers.
        """
        endpoint, name, id_ = self.call.endpoint, _of(x).name, self.call.asked_id
        ownership = self.ownership
        for steps in endpoint.outputs:
            if written := text_at(body, steps):
                await ownership.once(x.scope, name, OUTPUTS, written)
        if self.call.route == "batches.make":
            await self._remember(x, body)
        if x.key_id is None:
            return
        if endpoint.act == "delete" and id_ is not None:
            await ownership.delete(x.scope, name, endpoint.kind, id_)
            return
        if endpoint.act in ("make", "upload") and (made := text_at(body, endpoint.made)):
            await ownership.put(x.scope, name, endpoint.kind, made)
        for kind, steps in endpoint.also:
            other = text_at(body, steps)
            if other and not await ownership.owns(x.scope, name, kind, other):
                await ownership.put(x.scope, name, kind, other)

    async def _remember(self, x: Exchange, body: bytes) -> None:
        """The gateway will see by itself what this batch costs (`engine.batch_reader`)."""
        upstream, made = _of(x), text_at(body, self.call.endpoint.made)
        if made:
            batch = Batch(upstream.name, made, x.scope, upstream.key.mark(), x.at)
            await self.stores.unbooked.put(batch)


def _of(x: Exchange) -> Upstream:
    assert x.upstream is not None  # noqa: S101 - `_dispatch` begins with it
    return x.upstream


def _told(x: Exchange, body: bytes) -> bytes:
    """The answer in the dialect's own names."""
    shelf = _of(x).kind.shelf
    return body if shelf is None else shelf.told(body)


def _model(x: Exchange, name: str, where: str) -> Model:
    """The model of the storing vendor that a name stands for; an unknown name is the vendor's
    matter.

    Raises:
        Failure: it is no model of that vendor's.
    """
    upstream = _of(x)
    if name == AUTO:
        message = "batches and caches are for one model: auto chooses for single requests"
        raise Failure.invalid(message, where, hint=f"name a model of {upstream.vendor}'s")
    try:
        model = x.snapshot.model(name, x.today)
    except Failure:
        return Model.unknown(name, upstream.vendor)
    if model.vendor != upstream.vendor:
        message = f"{model.id} is no model of {upstream.vendor}'s, who would keep this"
        raise Failure.invalid(message, where, hint="batches and caches are not translated")
    return model


def _too_long(endpoint: Endpoint) -> Problem:
    return Problem(
        "upstream",
        f"{PAGES} pages of the vendor's list held nothing of this key's {endpoint.kind}, and there"
        " are more",
        hint="ask for larger pages, or for single ids",
    )
