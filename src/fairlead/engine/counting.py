"""How many tokens a request has: asked of the vendor that would answer it.

The request is planned as for an answer (by name, alias or `auto`), so the count is that of the
model that would get it. Where the vendor counts in the client's own dialect it gets the client's
own bytes; else the request is translated as for an answer, without what its counting endpoint
refuses. A vendor that has no such endpoint, or says so, leaves Fairlead's own estimate, which is
marked. Counting costs nothing and has no usage.
"""

import asyncio
from decimal import Decimal
from time import perf_counter

from msgspec.structs import replace

from fairlead.canon import Dialect, Failure, Problem
from fairlead.catalog.model import Model
from fairlead.engine.answer_headers import ESTIMATED, JSON, answer_headers, given_back
from fairlead.engine.attempts.retry import Repeats
from fairlead.engine.client import Client, Header
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.foreign import adapted
from fairlead.engine.mixed import mixed
from fairlead.engine.named_objects import refuse_others
from fairlead.engine.plan import Lane
from fairlead.engine.prepare import body_for, chosen_here
from fairlead.routing import extract, prompt_tokens_for
from fairlead.upstream.kinds.kind import CountPath
from fairlead.upstream.transport import HttpRequest, HttpResponse
from fairlead.upstream.vendors import Upstream, address, passed_on
from fairlead.wire.anthropic.count import COUNTING as ANTHROPIC
from fairlead.wire.counting import Counting
from fairlead.wire.gemini.count import COUNTING as GEMINI
from fairlead.wire.openai_responses.count import COUNTING as RESPONSES

__all__ = ["COUNTINGS", "CountExchange", "CountingEngine"]

COUNTINGS: dict[Dialect, Counting] = {c.dialect: c for c in (ANTHROPIC, GEMINI, RESPONSES)}

NO_SUCH_ENDPOINT = {404, 405, 501}
"""What servers answer where they have no counting; a 404 may also mean that there is no such
model, which their error then says: it has the model's name in it."""


class CountExchange(Exchange):
    """State of one count. `said` are the client's own bytes where `body` is what they wrap,
    `inside` the path at which that stands in them.
    """

    __slots__ = ("inside", "said")
    repeats: Repeats = "always"
    inside: str
    said: bytes


class CountingEngine(Engine):
    """Takes requests to count tokens through. The client's dialect is one of `COUNTINGS`."""

    def _accept(self, x: Exchange) -> None:
        """Read what is to be counted and for which model."""
        assert isinstance(x, CountExchange)  # noqa: S101 - this engine is given no others
        x.said, x.inside = x.body, ""
        try:
            unwrapped = COUNTINGS[x.codec.dialect].unwrap(x.said)
            x.body, x.inside = unwrapped.body, unwrapped.inside
            if x.in_url is None:
                x.model_name = x.codec.peek(x.body).model
            else:
                x.model_name = x.in_url[0]
        finally:
            self.ledger.accept(x.accepted())

    async def _dispatch(self, x: Exchange, client: Client) -> None:
        assert isinstance(x, CountExchange)  # noqa: S101 - this engine is given no others
        try:
            await super()._dispatch(x, client)
        except Failure as failure:
            problem = failure.problem
            if not x.inside or problem.param is None or problem.upstream_status is not None:
                raise
            raise Failure(replace(problem, param=x.inside + problem.param)) from failure
        except asyncio.CancelledError:
            x.asked = False  # so that nobody is billed for a count that the client did not await
            raise

    async def _attempt(self, x: Exchange, lane: Lane, client: Client) -> None:
        assert isinstance(x, CountExchange)  # noqa: S101 - this engine is given no others
        model, upstream = lane
        x.asked = True
        found = _endpoint(upstream, x)
        if found is None:
            await _estimate(x, model, client)
            return
        x.dialect, path = found
        body = await self._body(x, lane)
        if x.key_id is not None:
            await refuse_others(x.scope, upstream.name, body, self.stores.ownership)
        request = HttpRequest(
            "POST",
            address(upstream, path(upstream.model_id(model))),
            upstream.headers,
            body,
            upstream.timeouts,
        )
        if x.same:
            request = passed_on(request, upstream, x.headers, x.query)
        if upstream.kind.adapt is not None:
            request = adapted(x, upstream.kind.adapt, request, "")
        async with self._answered(x, upstream, request) as response:
            if response.status < 300:
                await _relay(x, response, client)
                return
            problem = await self._refused(x, lane, response)
        if response.status not in NO_SUCH_ENDPOINT or _about_model(problem, model):
            raise Failure(problem)
        x.vendor_error = None
        await _estimate(x, model, client)

    async def _body(self, x: CountExchange, lane: Lane) -> bytes:
        """What the vendor's endpoint is sent.

        Raises:
            Failure: it cannot be said to this model.
        """
        counting, name = COUNTINGS[x.dialect], lane[1].model_id(lane[0])
        vault = self.stores.vault
        same, renamed = x.same and not mixed(x, vault), counting.renamed
        if same and renamed is not None and not chosen_here(x, lane[0]):
            return renamed(x.said, x.model_name, name)
        body = await body_for(x, lane, vault)
        if not same or (renamed is not None and x.losses):
            return counting.fit(body, name)
        return body if renamed is None else renamed(x.said, x.model_name, name)


def _about_model(problem: Problem, model: Model) -> bool:
    return problem.upstream_code == "model_not_found" or model.id in problem.message


def _endpoint(upstream: Upstream, x: Exchange) -> tuple[Dialect, CountPath] | None:
    """How the vendor counts: in the client's dialect if it can, else in its own."""
    own = x.codec.dialect
    known = [(d, path) for d, path in upstream.kind.counting if d in x.snapshot.codecs]
    return next((pair for pair in known if pair[0] == own), known[0] if known else None)


async def _relay(x: CountExchange, response: HttpResponse, client: Client) -> None:
    """The vendor's answer as it is, or its number in the client's words."""
    body = await response.read(x.snapshot.max_answer_bytes)
    x.first_byte = perf_counter()
    if x.same:
        _done(x)
        content_type = response.headers.get("content-type", "application/json").encode("latin-1")
        headers = [*answer_headers(x, content_type), *given_back(x, response.headers)]
        await client.respond(response.status, headers, body)
        return
    try:
        tokens = COUNTINGS[x.dialect].read(body)
    except Failure as failure:
        raise Failure(_unreadable(x, failure)) from failure
    await _say(x, tokens, client)


async def _estimate(x: CountExchange, model: Model, client: Client) -> None:
    """Fairlead's own estimate."""
    features = extract(x.decoded(), None, len(x.body))
    await _say(x, prompt_tokens_for(features, model), client, (ESTIMATED,))


async def _say(x: Exchange, tokens: int, client: Client, more: tuple[Header, ...] = ()) -> None:
    _done(x)
    headers = [*answer_headers(x, JSON[1]), *more]
    await client.respond(200, headers, COUNTINGS[x.codec.dialect].say(tokens))


def _done(x: Exchange) -> None:
    x.status, x.outcome = 200, "ok"
    x.last = perf_counter()
    x.cost, x.cost_text = Decimal(0), "0"


def _unreadable(x: Exchange, failure: Failure) -> Problem:
    name = x.upstream.name if x.upstream is not None else None
    return Problem("upstream", f"upstream '{name}': {failure.problem.message}", upstream=name)
