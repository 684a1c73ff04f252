"""Shadows: a share of the requests is copied to another model, after the client had its answer.

A copy is a request of its own: its record has the operation `shadow`, the id `req_....shadow`, and
its own usage and cost. It is nobody's answer, so nothing of it is kept but what the record has. It
is made off the request path and gives way to everything:

    offer  drawn by the request's id -> nothing beside the answer? -> fits the model? -> in budget?
           -> room in the queue? -> runs when one of `in_flight` ends, if its deployment has room

Whatever says no drops the copy and counts why (`Shadows.counts`). Never copied is what has effects
beside the answer, or means something to one vendor only: server tools, vendors' files, stored
conversations, kept prompts.

**The budget.** Before a copy is queued, what it may cost is set aside: every prompt token of the
high estimate at its dearest kind, and as output what the client allows, but no more than `LONGER`
times what the first model wrote (or `LEAST_OUTPUT` tokens): a request without `max_tokens` allows
64,000, which would hold back a small budget whole. What it did cost is booked when it ends. So a
day's budget can be overdrawn only by copies in flight that write more than that. What other
processes of the machine spent is learned from the ledger every few seconds (`Shadows.spent`).
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from fairlead.canon import FileRef, Media, Opaque, Part, Request, ServerTool, ToolResult
from fairlead.cost.predict import worst_case
from fairlead.engine.client import Client, Header
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.learning import PromptCounts
from fairlead.engine.snapshot import Lane
from fairlead.ledger.record import Ledger
from fairlead.routing import Policy
from fairlead.routing.decision import Candidate, Decision, Features, Step
from fairlead.routing.draw import uniform
from fairlead.routing.rollout import Shadow
from fairlead.vault.memory import MemoryVault
from fairlead.vault.vault import Vault

__all__ = ["MARK", "ShadowEngine", "Shadows", "beside_the_answer"]

log = logging.getLogger("fairlead.shadow")

MARK: Final = ".shadow"
"""Behind a request's id: its copy's."""
WAITING: Final = 64
"""Copies that wait at most, of all policies."""
WAITING_BYTES: Final = 32 * 1024 * 1024
"""The bodies of those together."""
LONGER: Final = 4
LEAST_OUTPUT: Final = 1_000
SETTLING: Final = 2.0
"""Seconds for which what was spent may not stand in the ledger yet."""
TOLD_EVERY: Final = 600.0
_NO = Decimal(0)
_STATE: Final = frozenset(
    {
        *("store", "background", "conversation", "container", "mcp_servers", "prompt"),
        *("previous_response_id", "cachedContent", "cached_content", "context_management"),
        "web_search_options",
    }
)
"""Fields that leave something with a vendor, refer to what was left there, or let it search."""
_OFF: Final = (b"false", b"null")


class _Nobody:
    """The client of a copy: takes everything, and is not there."""

    def __init__(self) -> None:
        self.started = False
        self.gone = True

    async def respond(self, _status: int, _headers: list[Header], _body: bytes, /) -> None:
        self.started = True

    async def start(self, _status: int, _headers: list[Header], /) -> None:
        self.started = True

    async def write(self, _data: bytes, /) -> None:
        pass

    async def finish(self, _data: bytes = b"", /) -> None:
        pass


class _ReadOnly(MemoryVault):
    """What a conversation needs back may be read; what a copy's answer signs is nobody's."""

    def __init__(self, vault: Vault) -> None:
        super().__init__(max_bytes=0)
        self._vault = vault

    def put(self, scope: str, key: str, parts: bytes) -> None:
        """Nothing is kept."""

    def get(self, scope: str, key: str) -> bytes | None:
        """What the conversations' vault has."""
        return self._vault.get(scope, key)


class ShadowEngine(Engine):
    """Takes a copy through. Nothing that it learns or keeps reaches the clients' engine; only the
    deployment is the same one, whose key has one quota, one breaker and one account.
    """

    def __init__(self, main: Engine) -> None:
        self._main = main
        super().__init__(
            main.transports,
            main.ledger,
            _ReadOnly(main.stores.vault),
            ownership=main.stores.ownership,
            counts=PromptCounts(),
        )

    def _accept(self, x: Exchange) -> None:
        """It is known what is asked."""
        self.ledger.accept(x.accepted())

    async def _dispatch(self, x: Exchange, client: Client) -> None:
        assert x.model is not None and x.upstream is not None  # noqa: PT018, S101 - `_copy` chose
        await self._main.attempts.aside(x, (x.model, x.upstream), client, self._attempt)


class _Copy(Struct, frozen=True):
    """A copy that may run: `most` dollars are set aside for it."""

    x: Exchange
    policy: Policy
    most: Decimal


class _Purse:
    """What copies of one policy cost this UTC day."""

    __slots__ = ("_day", "_known", "_own", "aside")

    def __init__(self) -> None:
        self._day: date | None = None
        self._known = _NO
        self._own: deque[tuple[float, Decimal]] = deque()
        self.aside = _NO

    def spent(self, today: date) -> Decimal:
        """So much, with what is set aside."""
        if today != self._day:
            self._day, self._known = today, _NO
            self._own.clear()
        return self._known + sum((usd for _, usd in self._own), _NO) + self.aside

    def book(self, usd: Decimal, now: float) -> None:
        """A copy has cost so much."""
        self._own.append((now, usd))

    def known(self, usd: Decimal, today: date, asked_at: float) -> None:
        """The ledger had so much when it was asked."""
        self._day, self._known = today, usd
        while self._own and self._own[0][0] < asked_at - SETTLING:
            self._own.popleft()


class Shadows:
    """Copies requests of policies that have a shadow; one for an engine, in its loop."""

    def __init__(self, main: Engine) -> None:
        self._main = main
        self._engine = ShadowEngine(main)
        self._purses: dict[str, _Purse] = {}
        self._queue: deque[_Copy] = deque()
        self._bytes = 0
        self._running: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._told_at = time.monotonic()
        self.ready = False
        """Whether it is known what was spent today: no copy is made before."""
        self.counts: Counter[str] = Counter()
        """Copies `sent`, and those that were dropped, by why."""

    @property
    def ledger(self) -> Ledger:
        """Where copies leave their records."""
        return self._engine.ledger

    def offer(self, x: Exchange) -> None:
        """A request was answered: copy it, if it is drawn and nothing is in the way."""
        try:
            dropped = self._offered(x)
        except Exception:
            # Whatever we got wrong about a copy, the client's request is over and well.
            log.exception("request %s could not be copied", x.id)
            dropped = "internal"
        if dropped:
            self.counts[dropped] += 1
            self._tell()

    def spent(self, by_policy: Mapping[str, Decimal], today: date, asked_at: float) -> None:
        """What the ledger had of today's copies, of all processes; `asked_at`: `monotonic`."""
        for name in {*by_policy, *self._purses}:
            purse = self._purses.setdefault(name, _Purse())
            purse.known(by_policy.get(name, _NO), today, asked_at)
        self.ready = True

    async def close(self) -> None:
        """Drop what waits and stop what runs; each that runs leaves its record."""
        self._queue.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tell(last=True)

    def _offered(self, x: Exchange) -> str:
        """Queue a copy; else why not, "" where none was drawn."""
        policy, decision = x.shadow, x.decision
        shadow = None if policy is None else policy.shadow
        if policy is None or shadow is None or decision is None:
            return ""
        drawn = uniform(_number(x.id), policy.name)
        if drawn >= shadow.share:
            return ""
        if not self.ready:
            return "not ready"
        if x.request is None or beside_the_answer(x, x.request):
            return "effects"
        lane = _lane(x, policy, shadow, decision.features)
        if lane is None:
            return "limits"
        most = _most(x, lane, decision.features)
        if most is None:
            return "unpriced"
        purse = self._purses.setdefault(policy.name, _Purse())
        if purse.spent(x.today) + most > shadow.usd_per_day:
            return "budget"
        room = len(self._queue) < WAITING and self._bytes + len(x.body) <= WAITING_BYTES
        if self._running[policy.name] >= shadow.in_flight and not room:
            return "queue full"
        purse.aside += most
        step = Step("in the shadow's share?", answer=True, because=f"drew {drawn:.4f}")
        copy = _Copy(_copied(x, lane, policy, step, decision.features), policy, most)
        if self._running[policy.name] < shadow.in_flight:
            self._run(copy)
        else:
            self._queue.append(copy)
            self._bytes += len(x.body)
        return ""

    def _run(self, copy: _Copy) -> None:
        self._running[copy.policy.name] += 1
        task = asyncio.get_running_loop().create_task(self._through(copy))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _through(self, copy: _Copy) -> None:
        x, name = copy.x, copy.policy.name
        self._engine.signals = self._main.signals  # looks at copies as at answers
        try:
            if self._has_room(x):
                self.counts["sent"] += 1
                await self._engine.serve(x, _Nobody())
            else:
                self.counts["no room"] += 1
        finally:
            purse = self._purses[name]
            purse.aside -= copy.most
            # What was asked and is not known to have cost nothing may have cost all of it.
            unknown = copy.most if x.asked and x.problem is None else _NO
            purse.book(unknown if x.cost is None else x.cost, time.monotonic())
            self._running[name] -= 1
            self._next()

    def _has_room(self, x: Exchange) -> bool:
        """Whether its deployment has room that no request waits for."""
        assert x.model is not None and x.upstream is not None  # noqa: PT018, S101 - `_copied` chose
        return self._main.attempts.spares((x.model, x.upstream), x.snapshot.delivery)

    def _next(self) -> None:
        """Run the first of those that wait whose policy has room."""
        for copy in self._queue:
            shadow = copy.policy.shadow
            if shadow is not None and self._running[copy.policy.name] < shadow.in_flight:
                self._queue.remove(copy)
                self._bytes -= len(copy.x.body)
                self._run(copy)
                return

    def _tell(self, *, last: bool = False) -> None:
        now = time.monotonic()
        if not self.counts or (now - self._told_at < TOLD_EVERY and not last):
            return
        self._told_at = now
        told = ", ".join([f"{name} {count:,}" for name, count in sorted(self.counts.items())])
        log.info("copies to shadows since the start: %s", told)


def beside_the_answer(x: Exchange, request: Request) -> bool:
    """Whether a request has effects beside its answer, or means something to one vendor only."""
    if x.original is not None or x.previous_id is not None or x.unknown_previous is not None:
        return True
    state = x.codec.state
    if state is not None and state.wants_store(x.body):
        return True
    if any(type(tool) is ServerTool for tool in request.tools):
        return True
    for extra in request.extras:
        known = extra.path.partition(".")[0] in _STATE
        if (known or not extra.cosmetic) and extra.raw not in _OFF:
            return True
    return any(_vendors_own(part) for turn in request.turns for part in turn.parts)


def _vendors_own(part: Part) -> bool:
    if type(part) is Media:
        return type(part.source) is FileRef
    if type(part) is ToolResult:
        return any(_vendors_own(inner) for inner in part.content)
    return type(part) is Opaque


def _lane(x: Exchange, policy: Policy, shadow: Shadow, features: Features) -> Lane | None:
    """Where the copy goes, if any of the shadow's models may have it."""
    answered = None if x.model is None else x.model.id
    option = x.snapshot.chooser(policy, x.today).copied_to(shadow, answered, features)
    return None if option is None else option.among(x.snapshot.ways(option.model), features)[0]


def _most(x: Exchange, lane: Lane, features: Features) -> Decimal | None:
    """What a copy may cost; None where its model is unpriced."""
    written = x.usage.completion_total if x.usage is not None else 0
    output = max(LEAST_OUTPUT, LONGER * written)
    for most in (features.max_tokens, lane[0].limits.max_output):
        output = output if most is None else min(output, most)
    table = x.snapshot.prices(lane[0], x.today)
    charge = worst_case(table, features.prompt_tokens_high, output)
    return None if charge is None else charge.total


def _copied(x: Exchange, lane: Lane, policy: Policy, step: Step, features: Features) -> Exchange:
    """The copy's exchange: the same request, another model, and nobody's key."""
    copy = Exchange(
        x.id + MARK,
        x.codec,
        x.snapshot,
        x.headers,
        x.body,
        at=time.time(),
        in_url=x.in_url,
        query=x.query,
        op="shadow",
    )
    copy.scope = x.scope
    copy.model_name, copy.stream, copy.request = x.model_name, x.stream, x.request
    copy.allow_loss, copy.wants_caching = False, False
    copy.choose(*lane)
    model = lane[0].id
    copy.decision = Decision(
        policy=policy.name,
        policy_hash=policy.hash,
        path=(step,),
        ranked=(model,),
        candidates=(Candidate(model, "the shadow"),),
        reason=f"shadow of {x.id}",
        features=features,
        route=f"{policy.name}: shadow",
    )
    return copy


def _number(request_id: str) -> int:
    return int.from_bytes(blake2b(request_id.encode(), digest_size=7).digest(), "big")
