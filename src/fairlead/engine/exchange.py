"""One request on its trip: what is known of it so far, and the record that it leaves.

Mutable and private to one task. Stages fill it; `record()` may be asked for at any time, also
when a stage fails or the client leaves.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from time import perf_counter

import msgspec
from msgspec.structs import replace

from fairlead.canon import Dialect, Loss, Problem, Request, Response, Usage
from fairlead.catalog.model import Model
from fairlead.engine.attempts.retry import Repeats
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.record import Accepted, Op, Outcome, Record
from fairlead.routing import Policy
from fairlead.routing.cascade import Cascade
from fairlead.routing.decision import Decision, Latency, Tried
from fairlead.tokens.prefix import Counted, Prefix, Reuse
from fairlead.upstream.vendors import Upstream
from fairlead.vault.vault import LOOPBACK
from fairlead.wire.codec import Codec

__all__ = ["Exchange", "VendorError"]


@lru_cache(maxsize=4)
def _day(number: int) -> date:
    """The day that begins so many times 24 hours after the epoch, in UTC."""
    return date(1970, 1, 1) + timedelta(days=number)


class VendorError(msgspec.Struct, frozen=True):
    """A vendor's error answer, which a client of its dialect gets as it is."""

    problem: Problem
    status: int
    content_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Exchange:
    """State of one request. Times are seconds of `perf_counter`; `at` is Unix seconds."""

    __slots__ = (
        "again",
        "allow_loss",
        "answering",
        "asked",
        "at",
        "attempts",
        "began",
        "body",
        "caching",
        "cascade",
        "cascaded",
        "codec",
        "cost",
        "cost_text",
        "decision",
        "dialect",
        "emulated",
        "finish",
        "first_byte",
        "first_token",
        "foreseen",
        "headers",
        "heard",
        "hedge",
        "hold_back",
        "id",
        "in_url",
        "key_id",
        "last",
        "latency",
        "listens",
        "losses",
        "model",
        "model_name",
        "op",
        "original",
        "outcome",
        "prefix",
        "previous_id",
        "previous_upstream",
        "price_version",
        "problem",
        "query",
        "queued",
        "request",
        "reuse",
        "same",
        "scope",
        "sent",
        "session",
        "shadow",
        "snapshot",
        "spent",
        "started",
        "status",
        "stream",
        "stripped",
        "timeout",
        "today",
        "tried",
        "unknown_previous",
        "until",
        "upstream",
        "usage",
        "vendor_error",
        "wants_caching",
        "warnings",
    )

    repeats: Repeats = "answered"
    """When the same deployment may be asked again (`attempts.retry`); calls beside the main one
    have other rules."""

    def __init__(
        self,
        request_id: str,
        codec: Codec,
        snapshot: Snapshot,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        at: float,
        key_id: str | None = None,
        in_url: tuple[str, bool] | None = None,
        query: bytes = b"",
        op: Op = "generate",
    ) -> None:
        self.id = request_id
        self.op: Op = op
        self.codec = codec
        self.snapshot = snapshot
        self.headers = headers
        self.body = body
        self.at = at
        self.today = _day(int(at) // 86_400)
        self.started = perf_counter()
        self.key_id = key_id
        self.in_url = in_url  # model and stream flag, where not the body but the URL says them
        self.query = query
        # Of a request that builds on a stored answer (`engine.stored`): its own bytes, the answer
        # and who made it; or an answer that only the vendor may know.
        self.original: bytes | None = None
        self.previous_id: str | None = None
        self.previous_upstream = ""
        self.unknown_previous: str | None = None
        self.scope = key_id or LOOPBACK
        self.session: int | None = None  # where its policy looks at sessions
        self.model_name = ""
        self.allow_loss = snapshot.allow_loss
        self.stream = False
        self.request: Request | None = None
        self.decision: Decision | None = None
        self.foreseen: tuple[str, int] | None = None  # the route and its prompt's raw estimate
        self.asked = False  # whether anything was sent to an upstream
        self.answering = False  # whether this attempt's vendor has begun to answer, and to bill
        self.model: Model | None = None
        self.upstream: Upstream | None = None
        self.dialect: Dialect = codec.dialect  # that the upstream is spoken to in
        self.same = True  # whether that is the client's own
        self.stripped = False  # whether usage was asked for that the client must not see
        self.vendor_error: VendorError | None = None
        self.losses: tuple[Loss, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.usage: Usage | None = None
        self.cost: Decimal | None = None
        self.cost_text: str | None = None
        self.price_version: str | None = None
        # Attempts beside the one that answers, and what they cost (`engine.attempted`).
        self.attempts = 0
        self.spent: Decimal | None = None
        # Of the attempts (`engine.attempts`): what the client wants, when the request's time is
        # over, the vendor's word on another try, what was tried before, the time spent in queues.
        self.latency: Latency | None = None
        self.timeout: float | None = None
        self.hold_back: float | None = None
        self.hedge = False
        self.until: float | None = None
        self.again: bool | None = None
        self.tried: tuple[Tried, ...] = ()
        self.began = 0.0
        self.queued = 0.0
        self.shadow: Policy | None = None  # that says what is copied (`engine.shadow`)
        self.cascade: Cascade | None = None  # of the policy that decided (`engine.cascade`)
        self.cascaded = ""  # what became of it
        self.first_byte: float | None = None
        self.first_token: float | None = None
        self.last: float | None = None
        self.emulated = False
        # What signals are read off (`engine.signals`): whether they are; the answer, where there is
        # something to check in it; why it ended, in its vendor's word or canon's.
        self.listens = False
        self.heard: Response | list[bytes] | None = None
        self.finish: str | None = None
        # How the prompt begins, as the client said it, and what of it was seen before
        # (`engine.beginnings`); as it was sent, where the vendor may be asked to cache it.
        self.prefix: Prefix | None = None
        self.reuse: Reuse | None = None
        self.sent: Prefix | None = None
        self.wants_caching: bool | None = None  # the client's own word
        self.caching = ""  # what the vendor was asked to cache
        self.problem: Problem | None = None
        self.outcome: Outcome = "internal_error"
        self.status = 500

    def choose(self, model: Model, upstream: Upstream) -> None:
        """Go this way now."""
        self.model, self.upstream = model, upstream
        client = self.codec.dialect
        self.dialect = upstream.dialect_for(client)
        self.same = self.dialect == client
        self.vendor_error = None

    def decoded(self) -> Request:
        """The request in canon, decoded once.

        Raises:
            Failure: `param` is the path of the field at fault.
        """
        request = self.request
        if request is None:
            request = self.codec.decode_request(self.body)
            if self.in_url is not None:
                request = replace(request, model=self.in_url[0], stream=self.in_url[1])
            self.request = request
        return request

    def accepted(self) -> Accepted:
        """What is journalled before anything is sent."""
        return Accepted(
            id=self.id,
            at=self.at,
            dialect=self.codec.dialect,
            asked_model=self.model_name,
            key_id=self.key_id,
            stream=self.stream,
            op=self.op,
        )

    def record(self) -> Record:
        """The ledger's record of what is known now."""
        decision, problem, usage = self.decision, self.problem, self.usage
        if self.tried and decision is not None:
            decision = replace(decision.whole(), tried=self.tried)
        prefix = self.prefix
        reuse_5m, reuse_1h = (None, None) if prefix is None else self._reused(prefix)
        # By position: CPython gathers more than 15 named arguments in a dictionary first.
        return Record(
            self.id,
            self.at,
            self.codec.dialect,
            self.model_name,
            self.outcome,
            self.status,
            self.stream,
            self.key_id,
            self.model.id if self.model is not None else None,
            self.upstream.name if self.upstream is not None else None,
            decision.route if decision is not None else "",
            decision.policy if decision is not None else None,
            decision.stored() if decision is not None else b"",
            self.losses,
            usage,
            self.cost,
            self.price_version,
            problem.kind if problem is not None else None,
            problem.message if problem is not None else None,
            int(self.queued * 1e6) / 1000 if self.queued else None,
            self._ms(self.first_byte),
            self._ms(self.first_token),
            self._ms(self.last),
            self.emulated,
            self.op,
            prefix.pack() if prefix is not None else b"",
            reuse_5m,
            reuse_1h,
        )

    def _reused(self, prefix: Prefix) -> tuple[int | None, int | None]:
        """The prompt's tokens that began another one before, in the counting of the model that
        answered: what it counted then, else the beginning's share of an estimate.
        """
        reuse, usage = self.reuse, self.usage
        if reuse is None or usage is None or not prefix.tokens[-1]:
            return None, None
        each = usage.prompt_total / prefix.tokens[-1]
        return (
            self._counted(reuse.counted_5m, reuse.within_5m * each),
            self._counted(reuse.counted_1h, reuse.within_1h * each),
        )

    def _counted(self, counted: Counted | None, estimated: float) -> int:
        if counted is None or self.model is None or counted[0] != self.model.id:
            return round(estimated)
        return min(counted[1], self.usage.prompt_total if self.usage is not None else 0)

    def _ms(self, moment: float | None) -> float | None:
        """Milliseconds since the start, to the microsecond (`round` takes six times as long)."""
        return None if moment is None else int((moment - self.started) * 1e6) / 1000
