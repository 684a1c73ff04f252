"""The engine: one request's trip from bytes to bytes, with a ledger record whatever becomes of it.

    accept -> plan -> for each lane: prepare -> send -> relay -> settle -> record

Which lane is next, when and how often is the attempt loop's (`engine.attempts`): only before the
first byte to the client, and only for a fault that another try can mend. `serve` never raises but
for cancellation: what goes wrong is answered in the client's dialect and written down.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from time import perf_counter, time
from typing import Protocol

from fairlead.canon import Failure, Problem
from fairlead.engine.answer_headers import error_headers, given_back
from fairlead.engine.attempts.deadline import in_time, within
from fairlead.engine.attempts.hints import should_retry, waiting
from fairlead.engine.attempts.loop import Attempts
from fairlead.engine.beginnings import Beginnings
from fairlead.engine.cascade import answered_first
from fairlead.engine.client import Client
from fairlead.engine.exchange import Exchange, VendorError
from fairlead.engine.faults import (
    STOPPING,
    from_answer,
    from_transport,
    outcome_of,
    redirected,
)
from fairlead.engine.foreign import adapted, opened, signed
from fairlead.engine.grader import Graders
from fairlead.engine.learning import PromptCounts
from fairlead.engine.live import Live
from fairlead.engine.named_objects import refuse_others
from fairlead.engine.plan import Lane, plan
from fairlead.engine.prepare import body_for
from fairlead.engine.relay import broken_stream, relay_same, relay_translated
from fairlead.engine.settle import estimate, settle
from fairlead.engine.signals import Signals
from fairlead.engine.stored import recall
from fairlead.engine.stores import Stores
from fairlead.engine.unanswered import error_body, is_json
from fairlead.ledger.record import Ledger
from fairlead.tokens.boundaries import SMALLEST
from fairlead.upstream.transport import (
    HttpRequest,
    HttpResponse,
    Transport,
    TransportError,
    was_sent,
)
from fairlead.upstream.vendors import Upstream, passed_on, prepare
from fairlead.vault.ownership import MemoryOwnership, Ownership
from fairlead.vault.responses import MemoryResponses, ResponseStore
from fairlead.vault.unbooked import MemoryUnbooked, Unbooked
from fairlead.vault.vault import Vault
from fairlead.wire.codec import Framing

__all__ = ["Engine", "TransportOf"]

log = logging.getLogger("fairlead.engine")

LAST_WORDS = 0.25
"""Seconds in which a client must take what is said to it at the end."""
RELAYS = {True: relay_same, False: relay_translated}


class TransportOf(Protocol):
    """Chooses the transport of an upstream (`upstream.transports.Transports`)."""

    def of(self, upstream: Upstream) -> Transport:
        """The transport that reaches it."""
        ...


class Copies(Protocol):
    """Copies a share of the requests (`engine.shadow.Shadows`)."""

    def offer(self, x: Exchange) -> None:
        """The request was answered. Returns at once, and never raises."""
        ...


class Engine:
    """What an exchange needs that is not configuration: network, ledger and vault."""

    def __init__(
        self,
        transports: TransportOf,
        ledger: Ledger,
        vault: Vault,
        responses: ResponseStore | None = None,
        ownership: Ownership | None = None,
        counts: PromptCounts | None = None,
        *,
        salt: bytes | None = None,
        attempts: Attempts | None = None,
        unbooked: Unbooked | None = None,
    ) -> None:
        """`salt` keys the fingerprints of prompts; without one they end with the process.
        `attempts` are another engine's, where both ask the same deployments.
        """
        self.transports = transports
        self.beginnings = Beginnings(salt)
        self.live = Live(self.beginnings)
        self.attempts = Attempts(ledger) if attempts is None else attempts
        self.graders = Graders()
        self.shadows: Copies | None = None
        """Takes requests that may be copied to another model (`engine.shadow`)."""
        self.signals: Signals | None = None
        """Looks at answers beside the requests."""
        self.ledger = ledger
        self.stores = Stores(
            vault,
            MemoryResponses() if responses is None else responses,  # an empty store is false
            MemoryOwnership() if ownership is None else ownership,
            PromptCounts() if counts is None else counts,
            MemoryUnbooked() if unbooked is None else unbooked,
        )

    async def serve(self, x: Exchange, client: Client) -> None:
        """Take one accepted request through, and leave its record."""
        x.listens = self.signals is not None
        try:
            self._accept(x)
            await self._dispatch(x, client)
        except Failure as failure:
            await self._answer_error(x, client, failure.problem)
        except asyncio.CancelledError:
            if x.outcome == "internal_error" or not client.started:  # or its answer is held still
                x.outcome, x.status = "client_gone", 499
                if x.asked and x.usage is None:  # the vendor may bill what nobody saw
                    x.usage = estimate(x, None)
                    settle(x)
            if not client.gone:
                await self._stopped(x, client)
            raise
        except Exception:
            # The one broad catch: whatever we got wrong, the client gets a clear answer and the
            # ledger its record. The traceback goes to the log, which holds no prompt.
            log.exception("request %s failed inside Fairlead", x.id)
            await self._answer_error(x, client, _internal(x))
        finally:
            if x.outcome == "ok":
                try:
                    self._learn(x)
                except Exception:  # the client has its answer, and the ledger gets its record
                    log.exception("what request %s taught was not kept", x.id)
            self.ledger.add(x.record())

    def _learn(self, x: Exchange) -> None:
        """What an answer teaches of prompts, caches and speed, and who looks at it beside."""
        if x.foreseen is not None:
            self.stores.counts.learn(x)
        if x.prefix is not None:
            self.beginnings.settled(x)
        if self.live.asked:
            self.live.settled(x)
        if self.signals is not None and x.request is not None:
            self.signals.see(x)
        if x.shadow is not None and self.shadows is not None:
            self.shadows.offer(x)

    def _accept(self, x: Exchange) -> None:
        """Read the model and the stream flag, and journal the request, readable or not."""
        try:
            if x.in_url is None:
                peek = x.codec.peek(x.body)
                x.model_name, x.stream = peek.model, peek.stream
            else:
                x.model_name, x.stream = x.in_url
        finally:
            self.ledger.accept(x.accepted())

    async def _dispatch(self, x: Exchange, client: Client) -> None:
        if x.codec.state is not None:
            await recall(x, self.stores.responses)
        lanes = plan(x, self.stores.counts, self.live.moment, self.live.outside)
        x.warnings = x.decision.warnings if x.decision is not None else ()
        if x.cascade is not None and await answered_first(
            x, lanes, client, ask=self._through, ledger=self.ledger, graders=self.graders
        ):
            return
        if len(lanes) > 1 and len(x.body) >= SMALLEST:
            self.beginnings.look(x)  # whose prompt cache is warm
        await self.attempts.run(x, lanes, client, self._attempt)

    def _through(self, x: Exchange, lanes: Sequence[Lane], client: Client) -> Awaitable[None]:
        return self.attempts.run(x, lanes, client, self._attempt)

    async def _attempt(self, x: Exchange, lane: Lane, client: Client) -> None:
        model, upstream = lane
        body = await body_for(x, lane, self.stores.vault)
        if x.prefix is None and len(x.body) >= SMALLEST:
            self.beginnings.look(x)
        if x.prefix is not None:
            body = self.beginnings.ask(x, lane, body)
        if x.key_id is not None:
            await refuse_others(x.scope, upstream.name, body, self.stores.ownership)
        name = upstream.model_id(model)
        request = prepare(upstream, x.dialect, name, body, _framing(x) if x.stream else "")
        if x.same:
            request = passed_on(request, upstream, x.headers, x.query)
        if x.until is not None:
            request = within(x, request, x.until, perf_counter())
        kind = upstream.kind
        if kind.adapt is not None:
            request = adapted(x, kind.adapt, request, _framing(x))
        if upstream.signer is not None:
            request = signed(upstream, request)
        x.asked = True
        try:
            response = await self.transports.of(upstream).send(request)
            try:
                x.emulated = "x-fairlead-emulated" in response.headers
                if response.status >= 300:
                    raise Failure(await self._refused(x, lane, response))
                if kind.unframe is not None:
                    response = opened(x, kind, response)
                x.answering = True
                if x.prefix is not None:
                    self.beginnings.begun(x)
                if self.live.asked:
                    self.live.begun(x)
                await RELAYS[x.same](x, response, client, self.stores)
            finally:
                await response.aclose()
        except TransportError as error:
            problem = from_transport(error, upstream)
            raise Failure(in_time(x, problem, perf_counter())) from error
        except asyncio.CancelledError as gone:
            x.asked = was_sent(gone)
            raise

    @contextlib.asynccontextmanager
    async def _answered(
        self, x: Exchange, upstream: Upstream, request: HttpRequest
    ) -> AsyncIterator[HttpResponse]:
        """The vendor's answer to a call beside the main one, of any status; closed at the end.

        `_attempt` does the same in line: a context manager costs each request some microseconds.

        Raises:
            Failure: there is none, or it broke off.
        """
        if x.until is not None:
            request = within(x, request, x.until, perf_counter())
        request = signed(upstream, request)
        x.asked = True
        try:
            response = await self.transports.of(upstream).send(request)
            try:
                x.emulated = "x-fairlead-emulated" in response.headers
                yield response
            finally:
                await response.aclose()
        except TransportError as error:
            raise Failure(from_transport(error, upstream)) from error

    @staticmethod
    async def _refused(x: Exchange, lane: Lane, response: HttpResponse) -> Problem:
        upstream = lane[1]
        if response.status < 400:
            return redirected(upstream, response.status)
        body = await error_body(response)
        codec = x.snapshot.codecs[x.dialect]
        problem = from_answer(codec, upstream, response.status, response.headers, body)
        problem = waiting(problem, response.headers, time())
        x.again = should_retry(response.headers)
        as_it_came = x.same and upstream.kind.decode_error is None and is_json(body)
        if as_it_came and problem.kind != "upstream_auth":  # what is wrong with our key is not told
            content_type = response.headers.get("content-type", "application/json")
            x.vendor_error = VendorError(
                problem,
                response.status,
                content_type.encode("latin-1"),
                body,
                tuple(given_back(x, response.headers)),
            )
        return problem

    async def _stopped(self, x: Exchange, client: Client) -> None:
        """The host cancels what the drain left over: the client is there, and is told.

        A client that does not read what it is sent is not waited for.
        """
        x.outcome = "internal_error"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._answer_error(x, client, STOPPING)

    @staticmethod
    async def _answer_error(x: Exchange, client: Client, problem: Problem) -> None:
        x.problem = problem
        if client.started:
            if x.stream:
                x.outcome = "stream_broken"
                await client.finish(broken_stream(x, problem))
            return
        x.status, x.outcome = problem.status, outcome_of(problem)
        headers = error_headers(x, problem)
        verbatim = x.vendor_error
        if verbatim is not None and verbatim.problem is problem:
            x.status = verbatim.status
            headers[0] = (b"content-type", verbatim.content_type)
            headers += verbatim.headers
            body = verbatim.body
        else:
            headers += given_back(x, {})
            body = x.codec.encode_error(problem, x.id)
        await client.respond(x.status, headers, body)


def _framing(x: Exchange) -> Framing:
    """How the upstream shall stream: as the client wants it, or as our decoders like it best."""
    if not x.stream:
        return ""
    return x.codec.framing if x.same else "sse"


def _internal(x: Exchange) -> Problem:
    return Problem(
        "internal",
        "Fairlead failed on this request",
        hint=f"this is a fault of Fairlead; its log names it under {x.id}",
    )
