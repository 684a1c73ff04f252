"""Embeddings: texts to vectors, of the one model that the client names.

Vectors of different models don't mix (they have other sizes, and other meanings where the sizes are
the same), so nothing is routed and nothing falls back: `auto` is refused. A vendor that embeds in
the client's own dialect gets the client's bytes; for another one the texts are said in its words,
in as many calls as it needs. The model's deployments are tried as for an answer; where one of
several calls fails, another try begins with the texts that have no vectors yet.
"""

from collections.abc import Iterator, Sequence
from time import perf_counter

import msgspec
from msgspec.structs import replace

from fairlead.canon import Dialect, Failure, Loss, Problem, Usage
from fairlead.catalog.model import Model
from fairlead.engine import hints as hint_reader
from fairlead.engine.answer_headers import ESTIMATED, JSON, answer_headers, given_back
from fairlead.engine.client import Client
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.foreign import adapted
from fairlead.engine.plan import AUTO, Lane, as_named
from fairlead.engine.settle import settle
from fairlead.engine.snapshot import Snapshot
from fairlead.routing.tokens import text_tokens
from fairlead.upstream.kinds.kind import EmbedPath
from fairlead.upstream.transport import HttpRequest, HttpResponse
from fairlead.upstream.vendors import Upstream, address, passed_on
from fairlead.wire.embeddings import Embedding, Vectors, Wanted
from fairlead.wire.gemini.embeddings import EMBEDDING as GEMINI
from fairlead.wire.openai_chat.embeddings import EMBEDDING as OPENAI

__all__ = ["EMBEDDINGS", "EmbedExchange", "EmbeddingEngine"]

EMBEDDINGS: dict[Dialect, Embedding] = {e.dialect: e for e in (OPENAI, GEMINI)}


class EmbedExchange(Exchange):
    """State of one request for embeddings: the vectors of its first texts that there are so far,
    and the tokens of those that an earlier attempt has on its own record.
    """

    __slots__ = ("before", "values")
    before: int
    values: list[msgspec.Raw]


class EmbeddingEngine(Engine):
    """Takes requests for embeddings through. The client's dialect is one of `EMBEDDINGS`."""

    def _accept(self, x: Exchange) -> None:
        """Read which model is asked."""
        assert isinstance(x, EmbedExchange)  # noqa: S101 - this engine is given no others
        x.before, x.values = 0, []
        try:
            embedding = EMBEDDINGS[x.codec.dialect]
            x.model_name = embedding.name(x.body) if x.in_url is None else x.in_url[0]
        finally:
            self.ledger.accept(x.accepted())

    async def _dispatch(self, x: Exchange, client: Client) -> None:
        hints = hint_reader.read(x.headers, x.body)
        if hints.allow_loss is not None:
            x.allow_loss = hints.allow_loss
        x.latency, x.timeout = hints.latency, hints.timeout
        if x.model_name == AUTO:
            raise Failure(_no_auto(x))
        snapshot = x.snapshot
        model = snapshot.model(x.model_name, x.today)
        ways = snapshot.ways(model)
        x.warnings = snapshot.warnings(x.model_name, x.today)
        x.decision = as_named(model, x.warnings)
        lanes = [lane for lane in ways if lane[1].kind.embedding]
        if not lanes:
            x.choose(*ways[0])
            raise Failure(_no_embeddings(x, model))
        await self._through(x, lanes, client)

    async def _attempt(self, x: Exchange, lane: Lane, client: Client) -> None:
        assert isinstance(x, EmbedExchange)  # noqa: S101 - this engine is given no others
        x.dialect, path = _endpoint(x, lane[1])
        if x.same:
            await self._pass_on(x, lane, path, client)
        else:
            await self._translate(x, lane, path, client)

    async def _pass_on(self, x: Exchange, lane: Lane, path: EmbedPath, client: Client) -> None:
        """The client's own bytes, and the vendor's own answer."""
        model, upstream = lane
        embedding = EMBEDDINGS[x.dialect]
        name = upstream.model_id(model)
        body = embedding.renamed(x.body, x.model_name, name)
        lone = x.in_url is not None and x.in_url[1]
        request = HttpRequest(
            "POST", address(upstream, path(name, lone)), upstream.headers, body,
            upstream.timeouts,
        )  # fmt: skip
        request = passed_on(request, upstream, x.headers, x.query)
        answer, response = await self._ask(x, lane, request, lone=lone)
        try:
            tokens = embedding.vectors(answer).tokens
        except Failure:
            tokens = None  # the client gets it all the same
        _end(x, _usage(x, embedding, tokens))
        content_type = response.headers.get("content-type", "application/json").encode("latin-1")
        headers = [*answer_headers(x, content_type), *given_back(x, response.headers)]
        await client.respond(response.status, headers, answer)

    async def _translate(
        self, x: EmbedExchange, lane: Lane, path: EmbedPath, client: Client
    ) -> None:
        """The texts in the vendor's words, and its vectors in the client's."""
        model, upstream = lane
        own, theirs = EMBEDDINGS[x.codec.dialect], EMBEDDINGS[x.dialect]
        wanted = own.read(x.body)
        x.losses = wanted.losses
        semantic = [loss for loss in wanted.losses if loss.kind == "semantic"]
        if semantic and not x.allow_loss:
            raise Failure(_refusal(model, semantic))
        name = upstream.model_id(model)
        url = address(upstream, path(name, False))
        texts = wanted.texts[len(x.values) :]
        stated: int | None = 0
        for part in _parts(replace(wanted, texts=texts), theirs.most):
            try:
                body = theirs.write(replace(part, packed=False), name)
                request = HttpRequest("POST", url, upstream.headers, body, upstream.timeouts)
                vectors = _vectors(theirs, (await self._ask(x, lane, request))[0], part, upstream)
            except Failure as failure:
                done = texts[: len(texts) - (len(wanted.texts) - len(x.values))]
                _broken_off(x, _of_texts(done, stated), part, failure.problem)
                raise
            x.values += vectors.values
            stated = None if stated is None or vectors.tokens is None else stated + vectors.tokens
        usage = _of_texts(texts, stated)
        x.status = 200
        _end(x, usage)
        answer = own.say(Vectors(tuple(x.values), x.before + usage.input), wanted, model.id)
        headers = answer_headers(x, JSON[1])
        if usage.estimated:
            headers.append(ESTIMATED)
        await client.respond(200, headers, answer)

    async def _ask(
        self, x: Exchange, lane: Lane, request: HttpRequest, *, lone: bool = False
    ) -> tuple[bytes, HttpResponse]:
        upstream = lane[1]
        kind = upstream.kind
        if kind.adapt is not None:
            request = adapted(x, kind.adapt, request, "")
        async with self._answered(x, upstream, request) as response:
            if response.status >= 300:
                raise Failure(await self._refused(x, lane, response))
            body = await response.read(x.snapshot.max_answer_bytes)
        if kind.embedded is not None:
            body = kind.embedded(body, lone)
        x.status = response.status
        if x.first_byte is None:
            x.first_byte = perf_counter()
        return body, response


def _no_embeddings(x: Exchange, model: Model) -> Problem:
    return Problem(
        "unsupported",
        f"{model.id} makes no embeddings, and nor does any model of its vendor '{model.vendor}'",
        param="model",
        code="no_embeddings",
        hint=_who(x.snapshot),
    )


def _endpoint(x: Exchange, upstream: Upstream) -> tuple[Dialect, EmbedPath]:
    """How the vendor embeds: in the client's dialect if it can, else in its own."""
    known = upstream.kind.embedding
    own = x.codec.dialect
    return next((pair for pair in known if pair[0] == own), known[0])


def _who(snapshot: Snapshot) -> str:
    """Who of the configured vendors has embeddings."""
    names = dict.fromkeys(
        vendor
        for upstream in snapshot.upstreams.values()
        if upstream.kind.embedding
        for vendor in upstream.kind.vendors
    )
    if not names:
        return "no vendor that is configured has embeddings"
    return f"name an embedding model of: {', '.join(names)}"


def _no_auto(x: Exchange) -> Problem:
    return Problem(
        "invalid_request",
        "embeddings of different models don't mix, so none is chosen for you: name the model",
        param="model",
        code="auto_embeddings",
        hint=_who(x.snapshot),
    )


def _refusal(model: Model, losses: list[Loss]) -> Problem:
    first = losses[0]
    return Problem(
        "unsupported",
        f"{model.id} cannot take this request: "
        + "; ".join(f"{loss.path}: {loss.why}" for loss in losses),
        param=first.path,
        code=first.what,
        hint="name a model that can, leave this part out, or allow losses (hint allow_loss)",
    )


def _parts(wanted: Wanted, most: int) -> Iterator[Wanted]:
    """What is wanted in pieces that one call takes."""
    if len(wanted.texts) <= most:
        yield wanted
        return
    for start in range(0, len(wanted.texts), most):
        yield replace(wanted, texts=wanted.texts[start : start + most])


def _vectors(embedding: Embedding, body: bytes, part: Wanted, upstream: Upstream) -> Vectors:
    try:
        vectors = embedding.vectors(body)
        if len(vectors.values) != len(part.texts):
            found = f"{len(vectors.values)} vectors for {len(part.texts)} texts"
            raise Failure.invalid(found)
    except Failure as failure:
        message = f"upstream '{upstream.name}' answered {failure.problem.message}"
        raise Failure(Problem("upstream", message, upstream=upstream.name)) from failure
    return vectors


def _usage(x: Exchange, embedding: Embedding, stated: int | None) -> Usage:
    """What the vendor stated, else an estimate that is marked."""
    if stated is not None:
        return Usage(input=stated)
    try:
        texts = embedding.read(x.body).texts
    except Failure:  # token arrays, media: nobody here can count them
        return Usage(input=max(1, len(x.body) // 4), estimated=True)
    return _of_texts(texts, None)


def _of_texts(texts: Sequence[str], stated: int | None) -> Usage:
    if stated is not None:
        return Usage(input=stated)
    tokens = sum(max(1.0, text_tokens(text)) for text in texts)
    return Usage(input=max(1, round(tokens)), estimated=True)


def _broken_off(x: EmbedExchange, done: Usage, part: Wanted, problem: Problem) -> None:
    """A call failed after others were answered: those are billed, and the next try leaves them out.
    The call itself may be billed too, where it broke off.
    """
    x.before += done.input
    if (
        problem.upstream is not None
        and problem.upstream_status is None
        and (problem.charged is not False)
    ):
        open_ = _of_texts(part.texts, None)
        done = Usage(input=done.input + open_.input, estimated=True)
    if done.input:
        x.usage = done
        settle(x)


def _end(x: Exchange, usage: Usage) -> None:
    x.usage, x.outcome = usage, "ok"
    x.last = perf_counter()
    settle(x)
