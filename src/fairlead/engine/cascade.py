"""A cascade carried out: ask the cheaper model, hold its answer, check it, deliver or go on.

    ask --> held --> checks --> all pass: delivered as it is
                       `------> one fails: booked as an attempt, and the policy's choice is asked

The answer of the cheaper model is relayed as any other, but to a client that holds it (`Held`), so
that headers, bytes and accounts are those of any answer. Nothing reaches the real client before
the checks are through: a stream begins when it would otherwise have ended. What is longer than may
be held goes out unchecked from then on. What could not be judged (a grader without a verdict, code
in a language without a parser) passes: only a fault that is proved costs another answer.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from time import perf_counter

from msgspec.structs import replace

from fairlead.canon import Failure, Folder, Response
from fairlead.engine.attempted import attempted, forget
from fairlead.engine.client import Client, Header
from fairlead.engine.exchange import Exchange
from fairlead.engine.faults import outcome_of
from fairlead.engine.grader import Graders, question
from fairlead.engine.settle import estimate, settle
from fairlead.engine.snapshot import Lane
from fairlead.ledger.record import Ledger
from fairlead.ledger.verdict import GRADER, SIGNAL, Verdict
from fairlead.routing.answer_checks import CHECKS, judge, same_answer
from fairlead.routing.cascade import AGREE, Cascade, checks_for
from fairlead.routing.decision import Step

__all__ = ["HEADER", "Held", "answered_first"]

log = logging.getLogger("fairlead.engine")

HEADER = b"x-fairlead-cascade"
_STEP = "does its answer pass?"

Ask = Callable[[Exchange, Sequence[Lane], Client], Awaitable[None]]
"""Takes a request to some lanes, with all that belongs to that (`engine.attempts`)."""


class Held:
    """A client that holds an answer back, up to `most` bytes; more goes to the real one."""

    def __init__(self, client: Client, most: int) -> None:
        self.status = 0
        self.headers: list[Header] = []
        self.body = b""
        self.started = False
        self.ended = False
        self.passing = False
        self._client = client
        self._most = most
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def gone(self) -> bool:
        """Whether the real client has left."""
        return self._client.gone

    async def respond(self, status: int, headers: list[Header], body: bytes) -> None:
        """The whole answer at once."""
        self.started = self.ended = True
        self.status, self.headers, self.body = status, headers, body
        if len(body) > self._most:
            self.passing = True
            await self._client.respond(status, headers, body)

    async def start(self, status: int, headers: list[Header]) -> None:
        """Headers of a streamed answer."""
        self.started = True
        self.status, self.headers = status, headers

    async def write(self, data: bytes) -> None:
        """A piece of it."""
        if self.passing:
            await self._client.write(data)
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > self._most:
            self.passing = True
            await self._client.start(self.status, self.headers)
            await self._client.write(b"".join(self._pieces))
            self._pieces.clear()

    async def finish(self, data: bytes = b"") -> None:
        """The last piece."""
        if self.passing:
            await self._client.finish(data)
            return
        self.body = b"".join([*self._pieces, data])

    async def deliver(self, told: bytes) -> None:
        """Give the real client what was held, with what became of the cascade."""
        headers = [each for each in self.headers if each[0] != HEADER]
        headers.append((HEADER, told))
        if self.ended:
            await self._client.respond(self.status, headers, self.body)
            return
        await self._client.start(self.status, headers)
        await self._client.finish(self.body)


class _Cascading:
    """One request's cascade."""

    def __init__(
        self, x: Exchange, cascade: Cascade, ask: Ask, ledger: Ledger, graders: Graders
    ) -> None:
        self.x = x
        self.cascade = cascade
        self.ask = ask
        self.ledger = ledger
        self.graders = graders
        self.before = x.decision  # as the policy left it

    async def run(self, lanes: Sequence[Lane], asked: str, client: Client) -> bool:
        """Whether the client has its answer; else the exchange is as if nothing had been asked, but
        for what it cost and how it is told.
        """
        x, cascade = self.x, self.cascade
        checks = checks_for(cascade, x.decoded(), self._task())
        if not checks:
            return False
        x.cascaded = f"{asked} asked first"
        if x.decision is not None:  # what the answer's headers quote
            reason = f"{x.decision.reason}; {asked} asked first"[:200]
            x.decision = replace(x.decision.whole(), reason=reason)
        held: list[tuple[Held, Response]] = []
        for number in range(cascade.agree if AGREE in checks else 1):
            if number:
                self._book("asked again")
            one = Held(client, cascade.max_held_bytes)
            fault = await self._ask(lanes, one)
            if one.passing:
                self._told(asked, f"longer than {cascade.max_held_bytes:,} bytes: unchecked", None)
                return True
            if fault is not None:
                return self._escalated(asked, fault)
            answer = _read(x, one)
            if answer is None:
                return self._escalated(asked, "unreadable")
            held.append((one, answer))
            fault = await self._judged(checks, [each for _, each in held])
            if fault is not None:
                return self._escalated(asked, fault)
        self._told(asked, f"passed {', '.join(checks)}", passed=True)
        await held[-1][0].deliver(f"accepted: {asked}".encode("ascii", "replace"))
        return True

    async def _ask(self, lanes: Sequence[Lane], held: Held) -> str | None:
        """Ask the cheaper model, as hard as any; what went wrong, if it did.

        What broke off where the vendor may have answered is estimated, to be booked.
        """
        x = self.x
        try:
            await self.ask(x, lanes, held)
        except Failure as failure:
            problem = x.problem = failure.problem
            x.outcome, x.status = outcome_of(problem), problem.status
            broke = problem.upstream_status is None and problem.charged is not False
            if x.usage is None and x.asked and broke and problem.upstream is not None:
                x.usage = estimate(x, None)
                settle(x)
            return f"failed ({problem.upstream_status or problem.kind})"
        return None if x.outcome == "ok" else f"failed ({x.outcome})"

    async def _judged(self, checks: Sequence[str], answers: Sequence[Response]) -> str | None:
        """What the last answer fails, if anything: the quick checks first."""
        x = self.x
        answer, request = answers[-1], x.decoded()
        for verdict in judge([name for name in checks if name in CHECKS], request, answer):
            self._note(verdict.check, verdict.passed)
            if verdict.passed is False:
                return f"{verdict.check}: {verdict.why}"
        if AGREE in checks and len(answers) > 1:
            agreed = all(same_answer(pair) is not False for pair in pairwise(answers))
            self._note(AGREE, agreed)
            if not agreed:
                return f"{AGREE}: answers differ"
        if AGREE in checks and len(answers) < self.cascade.agree:
            return None  # graders are asked of the last one
        for name in self.cascade.graders:
            if not await self._graded(name, answer):
                return f"{name}: the grader says no"
        return None

    async def _graded(self, name: str, answer: Response) -> bool:
        """Whether a grader lets the answer pass; one without a verdict does, and that is told."""
        x = self.x
        grader = x.snapshot.graders.get(name)
        if grader is None:
            log.warning("request %s: there is no grader %s any more", x.id, name)
            return True
        model = "" if x.model is None else x.model.id
        if x.until is not None:
            left = max(0.0, x.until - perf_counter())
            grader = replace(grader, seconds=min(grader.seconds, left))
        asked = question(x.id, model, self._task(), x.decoded(), answer)
        grade = await self.graders.grade(grader, asked)
        if grade.passed is None:
            log.warning("request %s: grader %s gave no verdict: %s", x.id, name, grade.why)
            self._verdict(f"{SIGNAL}grader_silent:{name}", None)
            return True
        self._verdict(f"{GRADER}{name}", grade.passed)
        return grade.passed

    def _note(self, check: str, passed: bool | None) -> None:
        if passed is not None:
            self._verdict(f"{SIGNAL}cascade:{check}", passed)

    def _verdict(self, source: str, passed: bool | None) -> None:
        """Into the ledger: on the attempt where it failed (its record follows), else on the
        request. What was said before a failure stands on the request, of which it is true too.
        """
        x = self.x
        failed = passed is False
        id_ = f"{x.id}.{x.attempts + 1}" if failed else x.id
        score = None if passed is None else float(passed)
        self.ledger.judge(Verdict(id_, x.at, source, score))

    def _book(self, why: str) -> None:
        """What the cheaper model has just answered is an attempt beside the answer."""
        x = self.x
        if x.usage is not None:
            self.ledger.add(attempted(x, why))
        forget(x)

    def _escalated(self, asked: str, fault: str) -> bool:
        x = self.x
        check = fault.partition(":")[0]
        x.cascaded = f"escalated: {asked} {check}"
        self._told(asked, fault, passed=False)
        self._book(f"cascade: {fault}")
        return False

    def _told(self, asked: str, why: str, passed: bool | None) -> None:
        """Into the decision, which the ledger keeps and the answer's header quotes."""
        decision = self.before
        if decision is None:
            return
        whole = decision.whole()
        step = Step(f"cascade: {asked} is asked first; {_STEP}", passed is not False, why)
        ranked = whole.ranked
        reason = f"{whole.reason}; {asked} failed {why.partition(':')[0]}"
        if passed is not False:
            ranked = (asked, *[each for each in ranked if each != asked])
            reason = f"{whole.reason}; {asked} first, {why}"
        self.x.decision = replace(
            whole, path=(*whole.path, step), ranked=ranked, reason=reason[:200]
        )

    def _task(self) -> str:
        return "" if self.before is None else self.before.features.task


async def answered_first(
    x: Exchange,
    lanes: Sequence[Lane],
    client: Client,
    *,
    ask: Ask,
    ledger: Ledger,
    graders: Graders,
) -> bool:
    """Whether the first model of the exchange's cascade has answered the client; if not, `lanes`
    are next.

    It is tried only where the policy's choice is the cascade's second model, and the first may
    serve: it is among the lanes, which hold what breaks no hard limit.
    """
    cascade = x.cascade
    if cascade is None:
        return False
    first = x.snapshot.model(cascade.ask, x.today).id
    second = x.snapshot.model(cascade.then, x.today).id
    own = [lane for lane in lanes if lane[0].id == first]
    if not own or lanes[0][0].id != second:
        return False
    cascading = _Cascading(x, cascade, ask, ledger, graders)
    warnings, x.warnings = x.warnings, x.snapshot.warnings(cascade.ask, x.today)
    if await cascading.run(own, first, client):
        return True
    x.warnings = warnings
    return False


def _read(x: Exchange, held: Held) -> Response | None:
    """The held answer in canon, as the client's dialect says it; None where it cannot be read."""
    try:
        if held.ended:
            return x.codec.decode_response(held.body)
        decoder, folder = x.codec.stream_decoder(), Folder()
        for event in (*decoder.feed(held.body), *decoder.close()):
            folder.add(event)
    except Failure:
        return None
    return None if folder.problem is not None else folder.response()
