"""The bytes for one candidate: verbatim in the client's own dialect, encoded in another.

Two lanes, one signature. What a target cannot take as a URL is fetched (guarded) and inlined first;
signed thinking that the client's dialect could not carry is put back from the vault.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from time import perf_counter

import msgspec
from msgspec.structs import replace

from fairlead.canon import (
    Base64,
    Failure,
    Loss,
    Media,
    Opaque,
    Part,
    Problem,
    Reasoning,
    Request,
    Sampling,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Url,
)
from fairlead.catalog.model import Model
from fairlead.engine import hints
from fairlead.engine.attempts.deadline import over
from fairlead.engine.exchange import Exchange
from fairlead.engine.mixed import mixed
from fairlead.engine.plan import Lane
from fairlead.engine.stored import made_here, refuse_unknown
from fairlead.upstream.fetch import FetchPolicy, fetch_media, only_from_here, refuse_private
from fairlead.upstream.vendors import Upstream
from fairlead.vault.turns import restore
from fairlead.vault.vault import Vault
from fairlead.wire.codec import Codec, Target
from fairlead.wire.media import verify
from fairlead.wire.splice import splice

__all__ = ["Fetch", "body_for", "chosen_here", "refusal_of"]

Fetch = Callable[..., Awaitable[tuple[str, bytes]]]
_DROP = (hints.FIELD,)
URLS = "media_urls"
NAMED = "named"
_URL = b'"url"'
_NO_SAMPLING = Sampling()
TOLD = 10
"""Losses that a refusal names one by one; a hostile body may have thousands."""


async def body_for(x: Exchange, lane: Lane, vault: Vault) -> bytes:
    """The request's bytes for `lane`, with the exchange's losses filled in.

    Raises:
        Failure: it cannot be said to this model without a semantic loss, or media are at fault.
    """
    model, upstream = lane
    if x.unknown_previous is not None:
        refuse_unknown(x)
    codec = x.snapshot.codecs[x.dialect]
    if x.same and not mixed(x, vault):
        fetching = not upstream.kind.reads_urls and _URL in x.body
        if fetching or (chosen_here(x, model) and _may_differ(x.decoded(), model)):
            body = await _encoded(x, x.decoded(), codec, model, vault)
            if fetching or x.losses:
                return _metered(x, codec, upstream, body)
        x.losses = ()
        return _verbatim(x, model, upstream)
    headers = () if x.same else x.codec.read_headers(x.headers)
    body = await _encoded(x, x.decoded(), codec, model, vault)
    x.losses += headers
    return _metered(x, codec, upstream, body) if x.stream else body


def chosen_here(x: Exchange, model: Model) -> bool:
    """Whether the client could not know what the model rejects: a policy chose it, or it serves
    in the place of the one that was named, which has ended.
    """
    if x.decision is None:
        return False
    return x.decision.policy != NAMED or (
        x.model_name != model.id and x.snapshot.stands_in(x.model_name, model)
    )


def _may_differ(request: Request, model: Model) -> bool:
    """Whether the request has what models of one dialect differ in: knobs, or calls that an
    earlier model left unsigned, where this one thinks by levels and wants them signed.
    """
    if request.reasoning is not None or request.sampling != _NO_SAMPLING:
        return True
    return model.thinking.kind == "level" and any(map(_unsigned, request.turns))


def _unsigned(turn: Turn) -> bool:
    """Whether the turn calls tools without a signature; the first of its calls carries it."""
    first = next((part for part in turn.parts if isinstance(part, ToolCall)), None)
    return first is not None and first.signature is None


def _verbatim(x: Exchange, model: Model, upstream: Upstream) -> bytes:
    """The client's own bytes; only what must change is replaced in them."""
    codec = x.codec
    name = upstream.model_id(model) if codec.model_in_body else ""
    named = {"model": msgspec.json.encode(name)} if name else {}
    return _metered(x, codec, upstream, splice(made_here(x, upstream), named, _DROP))


def _metered(x: Exchange, codec: Codec, upstream: Upstream, body: bytes) -> bytes:
    """The bytes of a stream that will tell its usage: money needs it, in whatever dialect the
    client speaks. Only one of the upstream's own dialect would see the chunk that we asked for.
    """
    if not (x.stream and codec.meter is not None and upstream.ask_usage):
        return body
    asking = codec.meter.ask(body)
    x.stripped = x.same and asking is not body
    return asking


async def _encoded(
    x: Exchange, request: Request, codec: Codec, model: Model, vault: Vault
) -> bytes:
    request = restore(request, lambda key: vault.get(x.scope, key))
    urls = URLS in model.features and (x.upstream is None or x.upstream.kind.reads_urls)
    if not _only_text(request):
        inlined = _inline(request, x.snapshot.fetch, codec.vendor_uri, urls=urls)
        request = await (inlined if x.until is None else _in_time(x, inlined, x.until))
    if request.reasoning is None and not x.same and model.thinking.default_on:
        request = replace(request, reasoning=_unsaid(x.codec, model))
    name = model.id if x.upstream is None else x.upstream.model_id(model)
    target = Target(name, model, allow_loss=x.allow_loss)
    path_of = x.codec.client_path
    try:
        encoded = codec.encode_request(request, target)
    except Failure as failure:
        problem = failure.problem
        if problem.param is None:
            raise
        raise Failure(replace(problem, param=path_of(problem.param, request))) from failure
    x.losses = encoded.losses
    if encoded.losses:
        losses = [replace(loss, path=path_of(loss.path, request)) for loss in encoded.losses]
        semantic = [loss for loss in losses if loss.kind == "semantic"]
        if semantic and not x.allow_loss:
            raise Failure(refusal_of(model, semantic))
        x.losses = tuple(losses)
    return encoded.body


def _unsaid(codec: Codec, model: Model) -> Reasoning | None:
    """What a client means that says nothing of thinking, to a model that would think unasked: its
    max_tokens and money would go into that. A model that cannot stop thinks as little as it can.
    """
    meant = codec.unsaid_reasoning
    if meant is None or model.thinking.off:
        return meant
    least = model.thinking.level_for("none")
    return Reasoning(level=least) if least is not None else None


def refusal_of(model: Model, losses: list[Loss]) -> Problem:
    """What a client is told whose request would lose content."""
    first = losses[0]
    return Problem(
        "unsupported",
        f"{model.id} cannot take this request: "
        + "; ".join(f"{loss.path}: {loss.why}" for loss in losses[:TOLD])
        + (f"; and {len(losses) - TOLD} more" if len(losses) > TOLD else ""),
        param=first.path,
        code=first.what.partition(":")[0],
        hint="name a model that can, leave this part out, or allow losses (hint allow_loss)",
    )


async def _in_time(x: Exchange, inlined: Awaitable[Request], until: float) -> Request:
    """Fetching is part of the request's time."""
    try:
        async with asyncio.timeout(until - perf_counter()):
            return await inlined
    except TimeoutError:
        raise Failure(over(x)) from None


def _only_text(request: Request) -> bool:
    """Whether there is nothing to fetch: most requests are text."""
    for turn in request.turns:
        for part in turn.parts:
            if type(part) is not Text:
                return False
    return True


async def _inline(
    request: Request, policy: FetchPolicy, vendors_own: Callable[[str], bool], *, urls: bool
) -> Request:
    """The request with each media URL refused if private, and fetched where the vendor reads no
    `urls`, or where the operator allowed a private host that no vendor can reach.
    """
    wanted: list[tuple[Media, str]] = []
    for turn in request.turns:
        for index, part in enumerate(turn.parts):
            if type(part) is Text:
                continue
            path = f"{turn.path}.content[{index}]"
            wanted += [
                (m, path)
                for m in _media_of(part)
                if isinstance(m.source, Url) and not vendors_own(m.source.url)
            ]
    if not wanted:
        return request
    for media, path in wanted:
        if isinstance(media.source, Url):
            refuse_private(media.source.url, path, policy)
    if urls:
        wanted = [(m, path) for m, path in wanted if _only_here(m, policy)]
        if not wanted:
            return request
    fetched = await asyncio.gather(*(_fetched(media, path, policy) for media, path in wanted))
    swap = {id(media): new for (media, _), new in zip(wanted, fetched, strict=True)}
    turns = tuple(
        replace(turn, parts=tuple(_swapped(p, swap) for p in turn.parts)) for turn in request.turns
    )
    return replace(request, turns=turns)


def _only_here(media: Media, policy: FetchPolicy) -> bool:
    return isinstance(media.source, Url) and only_from_here(media.source.url, policy)


def _media_of(part: Part) -> tuple[Media, ...]:
    if isinstance(part, Media):
        return (part,)
    if isinstance(part, ToolResult):
        return tuple(inner for inner in part.content if isinstance(inner, Media))
    return ()


async def _fetched(media: Media, path: str, policy: FetchPolicy) -> Media:
    if not isinstance(media.source, Url):
        return media
    mime, data = await fetch_media(media.source.url, policy=policy, path=path)
    text = base64.b64encode(data).decode("ascii")
    return replace(media, mime=verify(media.kind, mime, text, path), source=Base64(text))


def _swapped(part: Part, swap: dict[int, Media]) -> Part:
    if isinstance(part, Media):
        return swap.get(id(part), part)
    if isinstance(part, ToolResult):
        inner: tuple[Text | Media | Opaque, ...] = tuple(
            swap.get(id(p), p) if isinstance(p, Media) else p for p in part.content
        )
        return replace(part, content=inner)
    return part
