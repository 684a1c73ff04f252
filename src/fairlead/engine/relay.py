"""Passing the answer on, in two lanes with one signature.

`relay_same` hands the vendor's bytes to the client as they come, while a tap reads usage from them;
a tap that fails marks the usage estimated and never breaks the stream. `relay_translated` decodes,
folds (for the vault, and for what an abandoned answer held) and encodes. Until the first byte has
gone to the client every fault is a `Failure`, which the dispatcher may answer with another
candidate; after it a fault becomes the dialect's own error event, and nothing is glued on.
"""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

import msgspec

from fairlead.canon import (
    Delta,
    Deltas,
    Event,
    Failure,
    Folder,
    PartStart,
    Problem,
    Response,
    StreamError,
    Text,
    Usage,
)
from fairlead.engine.answer_headers import answer_headers, given_back
from fairlead.engine.attempts.deadline import in_time
from fairlead.engine.client import Client
from fairlead.engine.exchange import Exchange
from fairlead.engine.faults import from_transport
from fairlead.engine.mixed import remember
from fairlead.engine.settle import broken_off, by_events, estimate, settle
from fairlead.engine.signals import MOST_HEARD, worth_hearing
from fairlead.engine.stored import store
from fairlead.engine.stores import Stores
from fairlead.engine.unanswered import (
    EARLY_MOST,
    begins_no_event,
    garbled,
    in_a_streams_place,
    is_json,
    told_with_200,
)
from fairlead.ledger.record import Outcome
from fairlead.upstream.transport import HttpResponse, TransportError
from fairlead.vault.turns import keep
from fairlead.vault.vault import Vault
from fairlead.wire.codec import Codec, Reply, StreamDecoder, StreamEncoder, Stripper
from fairlead.wire.framing.whole_events import WholeEvents
from fairlead.wire.free_text import Restorer, custom_names, restore

__all__ = ["Relay", "broken_stream", "relay_same", "relay_translated"]

Relay = Callable[[Exchange, HttpResponse, Client, Stores], Awaitable[None]]
JSON = b"application/json"
MOST_CHUNKS = 4_096
"""Chunks of a stream that are kept for the signals; of longer ones nothing is known."""
_ENCODE = msgspec.json.Encoder(decimal_format="string").encode


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `fairlead` object of a translated answer."""

    request_id: str
    model: str
    upstream: str
    route: str
    cost_usd: str | None = None
    usage_estimated: bool = False
    losses: tuple[str, ...] = ()
    emulated: bool = False
    cascade: str = ""


def _receipt(x: Exchange) -> bytes:
    return _ENCODE(
        Receipt(
            request_id=x.id,
            model=x.model.id if x.model is not None else "",
            upstream=x.upstream.name if x.upstream is not None else "",
            route=x.decision.reason if x.decision is not None else "",
            cost_usd=x.cost_text,
            usage_estimated=x.usage is not None and x.usage.estimated,
            losses=tuple([loss.what for loss in x.losses]) if x.losses else (),
            emulated=x.emulated,
            cascade=x.cascaded,
        )
    )


def _reply(x: Exchange, extra: bytes = b"") -> Reply:
    request = x.request
    return Reply(
        model=x.model.id if x.model is not None else x.model_name,
        created=int(x.at),
        request_id=x.id,
        include_usage=request is not None and request.include_usage,
        extra=extra,
        request=request,
        previous_response_id=x.previous_id,
    )


def broken_stream(x: Exchange, problem: Problem) -> bytes:
    """The last words of a stream that cannot go on."""
    return x.codec.stream_encoder(_reply(x)).encode(StreamError(problem))


def _end(x: Exchange, usage: Usage, outcome: Outcome) -> None:
    """The answer is over: price what was used."""
    x.usage = usage
    x.outcome = outcome
    x.last = perf_counter()
    settle(x)


# --- the client's own dialect ---------------------------------------------------------------------


async def relay_same(x: Exchange, response: HttpResponse, client: Client, stores: Stores) -> None:
    """The vendor's bytes as they come."""
    content_type = response.headers.get("content-type", "application/json").encode("latin-1")
    if x.stream:
        await _same_stream(x, response, client, content_type, stores)
        return
    body = await response.read(x.snapshot.max_answer_bytes)
    x.first_byte = perf_counter()
    tap = x.codec.usage_tap()
    tap.feed(body)
    if tap.usage is None:
        if not is_json(body):
            raise Failure(garbled(x))
        if (told := told_with_200(x, response, body)) is not None:
            raise Failure(told)
    if worth_hearing(x):
        x.heard = [body]
    x.finish = tap.finish
    x.status = response.status
    _end(x, tap.usage or estimate(x, None), "ok")
    await store(x, body, stores.responses)
    headers = [*answer_headers(x, content_type), *given_back(x, response.headers)]
    await client.respond(response.status, headers, body)


async def _same_stream(
    x: Exchange, response: HttpResponse, client: Client, content_type: bytes, stores: Stores
) -> None:
    tap = x.codec.usage_tap()
    passing = _passing(x, response)
    state = x.codec.state
    x.status = response.status
    outcome: Outcome = "client_gone"
    events = 0
    early = b""
    heard: list[bytes] | None = [] if worth_hearing(x) else None
    headers = [*answer_headers(x, content_type), *given_back(x, response.headers)]
    try:
        async for piece in response.chunks():
            chunk = piece
            if not client.started:  # a candidate before this one may have sent a first byte, too
                if x.first_byte is None:
                    x.first_byte = perf_counter()
                    if x.codec.framing == "sse" and begins_no_event(piece):
                        raise Failure(await in_a_streams_place(x, response, piece))
                # "OpenRouter occasionally sends comments to prevent connection timeouts"
                # (openrouter.ai, Streaming): a fault behind them can still be mended.
                chunk = early + piece
                if passing is not None and len(chunk) < EARLY_MOST and b"data:" not in chunk:
                    early = chunk
                    continue
                x.first_token = perf_counter()
                await client.start(response.status, headers)
            events += chunk.count(b"data:")
            tap.feed(chunk)
            if heard is not None:
                heard = _kept(heard, chunk)
            if state is not None and (final := state.final(tap)):
                await store(x, final, stores.responses)
            if passed := chunk if passing is None else passing.feed(chunk):
                await client.write(passed)
        # A stream whose answer has no end was broken off, whatever its status says. The client gets
        # it as it is: the vendor may have told the fault in it.
        outcome = "ok"
        if tap.finish is None:
            outcome, x.problem = "stream_broken", _endless(x)
            if not client.started:
                raise Failure(x.problem)
        ended = b"" if passing is None else passing.close()
    except TransportError as error:
        problem = in_time(x, from_transport(error, x.upstream), perf_counter())
        if not client.started:
            raise Failure(problem) from error
        outcome = "stream_broken"
        x.problem = problem
        ended = broken_stream(x, problem)  # alone: half an event would garble it
    finally:
        if client.started:
            stated = tap.usage
            if stated is None or tap.finish is None:
                stated = by_events(x, events, stated)
            x.heard, x.finish = heard, tap.finish
            _end(x, stated, outcome)
    await client.finish(ended)


def _endless(x: Exchange) -> Problem:
    """A stream that ended, and its answer did not."""
    name = x.upstream.name if x.upstream is not None else None
    return Problem(
        "upstream",
        f"upstream '{name}': the stream ended before the answer did",
        upstream=name,
        hint="try again; the vendor may have billed it",
    )


def _kept(heard: list[bytes], chunk: bytes) -> list[bytes] | None:
    """What was heard with what comes now; None where that is too much."""
    if len(heard) >= MOST_CHUNKS or len(chunk) > MOST_HEARD:
        return None
    heard.append(chunk)
    return heard


def _passing(x: Exchange, response: HttpResponse) -> Stripper | None:
    """What the vendor's bytes go through; nothing but events can wait for their end."""
    if x.stripped and x.codec.meter is not None:
        return x.codec.meter.strip()
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        return WholeEvents()
    return None


# --- another dialect ------------------------------------------------------------------------------


def relay_translated(
    x: Exchange, response: HttpResponse, client: Client, stores: Stores
) -> Awaitable[None]:
    """Decode, fold, encode."""
    codec = x.snapshot.codecs[x.dialect]
    if x.stream:
        return _Stream(x, codec, client, stores).run(response)
    return _whole(x, codec, response, client, stores)


async def _whole(
    x: Exchange, codec: Codec, response: HttpResponse, client: Client, stores: Stores
) -> None:
    body = await response.read(x.snapshot.max_answer_bytes)
    x.first_byte = perf_counter()
    try:
        answer = restore(codec.decode_response(body), x.request)
    except Failure as failure:
        if not is_json(body):
            raise Failure(garbled(x)) from failure
        if (told := told_with_200(x, response, body)) is not None:
            raise Failure(told) from failure
        _end(x, estimate(x, None), "upstream_error")
        raise Failure(_unreadable(failure, x)) from failure
    if not _is_one_text(answer):
        _keep(stores.vault, x, answer)
    x.heard = answer
    x.status = 200
    _end(x, answer.usage or estimate(x, answer), "ok")
    encoded = x.codec.encode_response(answer, _reply(x, _receipt(x)))
    x.losses += encoded.losses
    if x.codec.state is not None:
        await store(x, encoded.body, stores.responses)
    await client.respond(200, answer_headers(x, JSON), encoded.body)


def _unreadable(failure: Failure, x: Exchange) -> Problem:
    name = x.upstream.name if x.upstream is not None else None
    return Problem(
        "upstream",
        f"the upstream's answer cannot be read: {failure.problem.message}",
        upstream=name,
        charged=True,
        hint="the vendor may have changed its answers; the request is in the ledger",
    )


def _too_long(most: int) -> Problem:
    return Problem(
        "upstream",
        f"the upstream's stream is longer than {most} bytes",
        hint="raise server.max_answer_bytes",
        charged=True,
    )


def _is_one_text(answer: Response) -> bool:
    """Whether it is one unsigned text, as most are: there is nothing to keep of it."""
    if len(answer.candidates) != 1:
        return False
    parts = answer.candidates[0].parts
    if len(parts) != 1:
        return False
    part = parts[0]
    return type(part) is Text and part.signature is None


def _keep(vault: Vault, x: Exchange, answer: Response) -> None:
    """Keep what this vendor wants back and the client's dialect cannot carry."""
    for key, parts in keep(answer, x.request):
        vault.put(x.scope, key, parts)
    remember(x, answer, vault)


class _Stream:
    """One translated stream."""

    __slots__ = (
        "client", "decoder", "encoder", "folder", "last_words", "problem", "restorer", "stores",
        "x",
    )  # fmt: skip

    def __init__(self, x: Exchange, codec: Codec, client: Client, stores: Stores) -> None:
        self.x = x
        self.client = client
        self.stores = stores
        self.decoder: StreamDecoder = codec.stream_decoder()
        self.encoder: StreamEncoder = x.codec.stream_encoder(_reply(x))
        self.folder = Folder()
        custom = custom_names(x.request)
        self.restorer = Restorer(custom) if custom else None
        self.problem: Problem | None = None
        self.last_words = b""  # that tell the problem

    async def run(self, response: HttpResponse) -> None:
        """Relay until the upstream ends, breaks, or the client leaves."""
        x, client = self.x, self.client
        outcome: Outcome = "client_gone"
        try:
            await self._pass(response)
            outcome = "ok" if self.problem is None else "stream_broken"
        finally:
            if client.started:
                x.problem = self.problem
                _end(x, self._usage(outcome), outcome)
        x.heard = self.folder.response()
        if not _is_one_text(x.heard):
            _keep(self.stores.vault, x, x.heard)
        x.losses += tuple(self.encoder.losses)
        end = self.last_words + self.encoder.close(_receipt(x))
        state = x.codec.state
        if state is not None:
            await store(x, state.final(self.encoder), self.stores.responses)
        await client.finish(end)

    def _usage(self, outcome: Outcome) -> Usage:
        stated = self.folder.usage
        if outcome == "ok" and stated is not None:
            return stated
        return broken_off(self.x, stated, self.folder.response())

    async def _pass(self, response: HttpResponse) -> None:
        write, started = self.client.write, False
        told = self.decoder.told if self.restorer is None else self._called
        try:
            size, most = 0, self.x.snapshot.max_answer_bytes
            async for chunk in response.chunks():
                size += len(chunk)
                if size > most:  # what is folded is held in memory
                    await self._send([StreamError(_too_long(most))])
                    return
                if data := self._encoded(told(chunk)):
                    if not started:
                        started = True
                        await self._begin()
                    await write(data)
                if self.problem is not None:
                    return
            await self._send(self._restored(self.decoder.close()))
        except TransportError as error:
            problem = from_transport(error, self.x.upstream)
            await self._send([StreamError(in_time(self.x, problem, perf_counter()))])

    def _called(self, chunk: bytes) -> list[Event]:
        return self._restored(self.decoder.feed(chunk))

    def _restored(self, events: list[Event]) -> list[Event]:
        return events if self.restorer is None else self.restorer.restore(events)

    def _encoded(self, events: Sequence[Event | Deltas]) -> bytes:
        """Fold and encode what one upstream chunk told.

        Raises:
            Failure: it told an error, and nothing has gone to the client yet.
        """
        if not events:
            return b""
        x, add, encode = self.x, self.folder.add, self.encoder.encode
        if x.first_token is None:
            self._clock(events)
        out: list[bytes] = []
        for event in events:
            if event.__class__ is Delta:
                add(event)
                out.append(encode(event))
            elif isinstance(event, Deltas):
                add(event)
                out.append(self.encoder.encode_run(event))
            elif isinstance(event, StreamError):
                self.problem = self._named(event.problem)
                if not self.client.started:
                    raise Failure(self.problem)
                self.last_words = encode(StreamError(self.problem))
                break
            else:
                add(event)
                out.append(encode(event))
        return out[0] if len(out) == 1 else b"".join(out)

    def _clock(self, events: Sequence[Event | Deltas]) -> None:
        """When the first byte came, and the first token."""
        x = self.x
        if x.first_byte is None:
            x.first_byte = perf_counter()
        if any(isinstance(event, Delta | Deltas | PartStart) for event in events):
            x.first_token = perf_counter()

    async def _send(self, events: list[Event]) -> None:
        """Write what was told at the end."""
        if data := self._encoded(events):
            await self._begin()
            await self.client.write(data)

    async def _begin(self) -> None:
        client = self.client
        if not client.started:
            x = self.x
            x.status = 200
            content_type = x.codec.stream_content_type.encode("ascii")
            await client.start(200, answer_headers(x, content_type))

    def _named(self, problem: Problem) -> Problem:
        upstream = self.x.upstream
        if problem.upstream is None and upstream is not None:
            return msgspec.structs.replace(problem, upstream=upstream.name)
        return problem
