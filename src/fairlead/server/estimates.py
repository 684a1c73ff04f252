"""What a request would cost, before it is sent: `POST /v1/estimate` in each dialect's shape.

The body is a request as it would be sent for an answer. It is decoded, its features are read and
the policy is asked, as for an answer; then each candidate says what it would refuse, what could not
be said to it, and what it would cost. No vendor is called, and nothing is fetched, unless
`?count=vendor` asks each candidate's vendor for its own count of tokens (which costs nothing).

A cost is a range: `low` is the prompt's best estimate with the usual length of an answer, `high`
the prompt's high estimate with the longest answer that the request and the model allow.
"""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from time import perf_counter
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure, Loss, Request
from fairlead.catalog.model import Model
from fairlead.cost.amounts import encode
from fairlead.engine import hints as hint_reader
from fairlead.engine.answer_headers import JSON, answer_headers
from fairlead.engine.client import Client
from fairlead.engine.counting import COUNTINGS
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.faults import from_transport
from fairlead.engine.mixed import mixed
from fairlead.engine.named_objects import refuse_others
from fairlead.engine.plan import AUTO, Lane
from fairlead.engine.prepare import URLS, body_for
from fairlead.engine.stored import recall, refuse_unknown
from fairlead.routing import Chooser, Features, Option, extract
from fairlead.server.dialects import codec_named
from fairlead.server.estimated_cost import Cost, Output, Tokens, cost_of
from fairlead.server.own_query import read_query
from fairlead.tokens.estimate import estimate_shape
from fairlead.tokens.families import family_of
from fairlead.tokens.shape import Shape, shape
from fairlead.upstream.transport import HttpRequest, TransportError
from fairlead.upstream.vendors import address
from fairlead.vault.turns import restore
from fairlead.wire.codec import Target

__all__ = ["Answer", "Candidate", "EstimateEngine", "Refusal"]

ASKED = ("count", "dialect", "models")
"""What the query may ask for."""
MOST: Final = 16
"""Models that a client may name: each is encoded for, and its vendor may be asked to count."""
COVERAGE: Final = 95
"""How many of a hundred true counts lie within an estimate's bounds."""


class Refusal(Struct, frozen=True):
    """Why a model would not serve the request. `code` is the limit's or the loss's name, `param`
    the field at fault; not `certain`: the vendor's own count decides. `stops`: the request itself
    is at fault, so `auto` would not go on to the next model.
    """

    code: str
    why: str
    param: str | None = None
    certain: bool = True
    stops: bool = False


class Candidate(Struct, frozen=True):
    """One model. `serves`: nothing certain is in the way. `losses` is what would not be said to it,
    `cost_usd` None where it is unpriced.
    """

    model: str
    vendor: str
    upstream: str | None
    serves: bool
    refuses: tuple[Refusal, ...]
    losses: tuple[Loss, ...]
    prompt_tokens: Tokens
    output_tokens: Output
    cost_usd: Cost | None
    warnings: tuple[str, ...] = ()


class Auto(Struct, frozen=True):
    """What `auto` would take, and why; no model where none can serve."""

    model: str | None
    reason: str


class Answer(Struct, frozen=True):
    """The whole estimate; the same in every dialect. `cheapest` serves, by `cost_usd.low`."""

    model: str
    policy: str
    auto: Auto
    cheapest: str | None
    candidates: tuple[Candidate, ...]
    object: str = "estimate"


class _Query(Struct, frozen=True):
    count: str = ""
    dialect: str = ""
    models: tuple[str, ...] = ()


class EstimateEngine(Engine):
    """Takes estimates through: an exchange without an answer of a model."""

    def _accept(self, x: Exchange) -> None:
        """Read in which dialect and for which model the estimate is wanted."""
        try:
            asked = _query(x)
            if asked.dialect:
                x.codec = codec_named(x.snapshot.codecs, asked.dialect)
                x.dialect = x.codec.dialect
            if x.in_url is not None:
                x.model_name = x.in_url[0]
            elif x.codec.model_in_body:
                x.model_name = x.codec.peek(x.body).model or AUTO
            else:
                x.in_url, x.model_name = (AUTO, False), AUTO
        finally:
            self.ledger.accept(x.accepted())

    async def _dispatch(self, x: Exchange, client: Client) -> None:
        hints = hint_reader.read(x.headers, x.body)
        if hints.allow_loss is not None:
            x.allow_loss = hints.allow_loss
        asked, snapshot = _query(x), x.snapshot
        if x.codec.state is not None:
            await recall(x, self.stores.responses)
        request = x.decoded()
        policy = snapshot.policy(hints.policy)
        features = self.stores.counts.foresee(x, extract(request, hints, len(x.body)), policy.name)
        chooser = snapshot.chooser(policy, x.today)
        shown = _options(x, chooser, asked.models)
        # Beside the loop: the vocabulary is read when first needed, and prompts may be long.
        read = await asyncio.to_thread(shape, request)
        found: list[Candidate] = []
        for option in shown:
            found.append(await self._candidate(x, option, (features, read), asked))
            await asyncio.sleep(0)  # a large body is encoded once for each model
        others = [option for option in chooser.options if option not in shown]
        more = [await self._candidate(x, option, (features, read), _Query()) for option in others]
        x.model = x.upstream = None  # nobody answered
        answer = Answer(
            model=x.model_name,
            policy=policy.name,
            auto=_auto(chooser, features, {each.model: each for each in (*found, *more)}),
            cheapest=_cheapest(found),
            candidates=tuple(found),
        )
        x.status, x.outcome, x.last = 200, "ok", perf_counter()
        x.cost, x.cost_text = Decimal(0), "0"
        await client.respond(200, answer_headers(x, JSON[1]), encode(answer))

    async def _candidate(
        self, x: Exchange, option: Option, about: tuple[Features, Shape], asked: _Query
    ) -> Candidate:
        model, request = option.model, x.decoded()
        features, read = about
        upstream = next(iter(x.snapshot.doors_of(model)), None)
        broken = option.broken(features)
        refuses: list[Refusal] = []
        if broken is not None:
            refuses.append(Refusal(broken.limit, broken.why, broken.param, broken.certain))
        losses: tuple[Loss, ...] = ()
        surface = ""
        if upstream is not None:
            x.choose(model, upstream)
            surface = x.dialect
            losses, refused = self._said(x, request, model)
            refuses += refused
        serves = not any(refusal.certain for refusal in refuses)
        tokens = await asyncio.to_thread(self._tokens, x, read, model, surface)
        if asked.count and upstream is not None and serves:
            tokens = await self._counted(x, (model, upstream), tokens)
        table = x.snapshot.prices(model, x.today)
        if table.regions and upstream is not None and x.same:
            table = table.variant(region=x.codec.asked_region(x.body))
        output, cost = cost_of(table, request, features, tokens)
        return Candidate(
            model=model.id,
            vendor=model.vendor,
            upstream=None if upstream is None else upstream.name,
            serves=serves,
            refuses=tuple(refuses),
            losses=losses,
            prompt_tokens=tokens,
            output_tokens=output,
            cost_usd=cost,
            warnings=option.warnings,
        )

    def _tokens(self, x: Exchange, read: Shape, model: Model, surface: str) -> Tokens:
        """The estimate for one model, with the interval that its family's errors give, and what
        the vendor's counts of this key's earlier requests taught.
        """
        found = estimate_shape(read, family_of(model, surface), model=model.id, coverage=COVERAGE)
        if x.foreseen is not None:
            quick = x.foreseen[1]
            found = self.stores.counts.corrected(x.scope, model, surface, found, quick)
        high = found.high if found.is_bounded else None
        return Tokens(found.tokens, found.low, high, COVERAGE, found.family, found.how)

    def _said(
        self, x: Exchange, request: Request, model: Model
    ) -> tuple[tuple[Loss, ...], list[Refusal]]:
        """What is lost on the way to the model, and what it is refused for."""
        vault = self.stores.vault
        try:
            refuse_unknown(x)
            if x.same and not mixed(x, vault):
                return (), []  # its vendor gets the client's own bytes
            request = restore(request, lambda key: vault.get(x.scope, key))
            # What the vendor does not fetch is fetched here before it is sent.
            facts = replace(model, features=(*model.features, URLS))
            codec, path_of = x.snapshot.codecs[x.dialect], x.codec.client_path
            said = codec.encode_request(request, Target(model.id, facts, allow_loss=x.allow_loss))
        except Failure as failure:
            problem = failure.problem
            param = problem.param and x.codec.client_path(problem.param, request)
            stops = problem.kind != "unsupported"
            code = problem.code or problem.kind
            return (), [Refusal(code, problem.message, param, stops=stops)]
        losses = [replace(loss, path=path_of(loss.path, request)) for loss in said.losses]
        losses += x.codec.read_headers(x.headers) if not x.same else ()
        refused = [loss for loss in losses if loss.kind == "semantic" and not x.allow_loss]
        kept = tuple(loss for loss in losses if loss not in refused)
        return kept, [
            Refusal(loss.what.partition(":")[0], f"{loss.path}: {loss.why}", loss.path)
            for loss in refused
        ]

    async def _counted(self, x: Exchange, lane: Lane, tokens: Tokens) -> Tokens:
        """The vendor's own count, or why there is none. A vendor's fault spoils no estimate."""
        try:
            counted = await self._ask(x, lane)
        except Failure as failure:
            return replace(tokens, problem=failure.problem.message)
        return replace(tokens, counted=counted)

    async def _ask(self, x: Exchange, lane: Lane) -> int:
        """What the vendor counts.

        Raises:
            Failure: it counts nothing, or refused.
        """
        model, upstream = lane
        own = x.codec.dialect
        known = [pair for pair in upstream.kind.counting if pair[0] in x.snapshot.codecs]
        if not known:
            raise Failure.invalid(f"upstream '{upstream.name}' does not count tokens")
        x.dialect, path = next((pair for pair in known if pair[0] == own), known[0])
        counting = COUNTINGS[x.dialect]
        name = upstream.model_id(model)
        body = counting.fit(await body_for(x, lane, self.stores.vault), name)
        if x.key_id is not None:
            await refuse_others(x.scope, upstream.name, body, self.stores.ownership)
        url = address(upstream, path(name))
        request = HttpRequest("POST", url, upstream.headers, body, upstream.timeouts)
        try:
            response = await self.transports.of(upstream).send(request)
            try:
                x.emulated = x.emulated or "x-fairlead-emulated" in response.headers
                if response.status >= 300:
                    raise Failure(await self._refused(x, lane, response))
                return counting.read(await response.read(x.snapshot.max_answer_bytes))
            finally:
                await response.aclose()
        except TransportError as error:
            raise Failure(from_transport(error, upstream)) from error


def _query(x: Exchange) -> _Query:
    """What the query asks for.

    Raises:
        Failure: something that there is not; what there is is named.
    """
    found = read_query(x.query, ASKED)
    count = found.get("count", "")
    if count not in {"", "vendor"}:
        raise Failure.invalid(f"count is 'vendor' or absent, not '{count[:80]}'", "count")
    names = tuple(name for name in found.get("models", "").split(",") if name)
    if len(names) > MOST:
        raise Failure.invalid(f"models: at most {MOST} in one estimate, not {len(names)}", "models")
    return _Query(count, found.get("dialect", ""), names)


def _options(x: Exchange, chooser: Chooser, names: Iterable[str]) -> list[Option]:
    """The candidates: those that were named, else the model asked for and the policy's.

    Raises:
        Failure: nobody knows a name.
    """
    known = {option.model.id: option for option in chooser.options}
    wanted = [name for name in names if name != AUTO]
    ahead = wanted or ([x.model_name] if x.model_name != AUTO else [])
    found: dict[str, Option] = {}
    for name in ahead:
        model = x.snapshot.model(name, x.today)
        found[model.id] = known.get(model.id) or Option(
            model,
            (name,),
            x.snapshot.serves(model),
            x.snapshot.warnings(name, x.today),
        )
    return list(found.values() if wanted else (found | known).values())


def _auto(chooser: Chooser, features: Features, found: dict[str, Candidate]) -> Auto:
    """The policy's choice, or the next that can be told the request without a semantic loss."""
    try:
        decision = chooser.decide(features)
    except Failure as failure:
        return Auto(None, failure.problem.message)
    told: list[str] = []
    for name in decision.ranked:
        lost = [each for each in found[name].refuses if each.certain]
        if not lost:
            return Auto(name, "; ".join([decision.reason, *told]))
        told.append(f"not {name}: {lost[0].why}")
        if any(each.stops for each in lost):
            break
    return Auto(None, "; ".join(told))


def _cheapest(found: Iterable[Candidate]) -> str | None:
    """The cheapest that serves; one that only may serve comes behind all that do."""
    priced = [
        (bool(each.refuses), each.cost_usd.low, each.model)
        for each in found
        if each.serves and each.cost_usd is not None
    ]
    return min(priced)[2] if priced else None
