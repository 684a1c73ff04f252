"""Cascades on a fake transport: who is asked, what goes to the client, what is booked and told."""

import asyncio
import json
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.canon import Dialect
from fairlead.catalog import load as load_catalog
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.grader import Grader
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.ledger.record import Record
from fairlead.routing import parse_policy
from fairlead.server.compile import CODECS
from fairlead.upstream.fake import Answer, FakeTransport, Script
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import HttpRequest, UpstreamReset
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault

HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"
DAY = 1_790_000_000.0
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}
CATALOG = load_catalog()
GRADING = "import json,sys; asked=json.load(sys.stdin); print(json.dumps({'passed': %s}))"
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "city",
        "schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


class Client:
    """What the client got, and in how many pieces."""

    def __init__(self) -> None:
        self.started = self.gone = False
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.writes = 0

    async def respond(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await self.start(status, headers)
        self.body = body

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        assert not self.started
        self.started, self.status, self.headers = True, status, dict(headers)

    async def write(self, data: bytes) -> None:
        self.writes += 1
        self.body += data

    async def finish(self, data: bytes = b"") -> None:
        self.body += data


def flash(text: str, reason: str = "STOP") -> Answer:
    said = {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": text}]},
                "finishReason": reason,
                "index": 0,
            }
        ],
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 100},
        "modelVersion": FLASH,
        "responseId": "r1",
    }
    return Answer(200, JSON, (json.dumps(said).encode(),))


def haiku(text: str) -> Answer:
    said = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": HAIKU,
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
        "stop_sequence": None, "usage": {"input_tokens": 1000, "output_tokens": 100},
    }  # fmt: skip
    return Answer(200, JSON, (json.dumps(said).encode(),))


def streamed(text: str, pieces: int = 4) -> Answer:
    size = -(-len(text) // pieces)
    events = [
        {"candidates": [{"content": {"role": "model", "parts": [{"text": text[at : at + size]}]}}]}
        for at in range(0, len(text), size)
    ]
    last = {"usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 100}}
    last["candidates"] = [{"content": {"parts": []}, "finishReason": "STOP"}]  # type: ignore[assignment]
    lines = [f"data: {json.dumps(event)}\r\n\r\n".encode() for event in (*events, last)]
    return Answer(200, SSE, tuple(lines))


def haiku_streamed(text: str) -> Answer:
    message = json.loads(b"".join(s for s in haiku("").steps if isinstance(s, bytes)))
    events: list[dict[str, object]] = [
        {"type": "message_start", "message": message | {"content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": message["usage"]},
        {"type": "message_stop"},
    ]
    lines = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]
    return Answer(200, SSE, tuple(lines))


class Trip:
    """One request through a gateway with the cascade `table`."""

    def __init__(self, table: str, *script: Script, graders: tuple[Grader, ...] = ()) -> None:
        known = {each.name: each for each in graders}
        policy = parse_policy(
            'name = "tried"\nversion = "1"\ncandidates = ["flash", "haiku"]\notherwise = "haiku"\n'
            '[cascade]\nask = "flash"\nthen = "haiku"\naccepted_cost_ratio = 1\n' + table,
            "tried.toml",
            CATALOG,
            graders=known,
        )
        doors = [
            Upstream.build(kind.name, kind, Secret("k" * 20), "http://up")
            for kind in VENDORS_OWN.values()
        ]
        self.snapshot = Snapshot(
            catalog=CATALOG,
            codecs=CODECS,
            upstreams={door.vendor: door for door in doors},
            policies={policy.name: policy},
            default_policy=policy.name,
            fetch=FetchPolicy(),
            graders=known,
        )
        self.fake = FakeTransport(*script)
        self.ledger = MemoryLedger()
        self.client = Client()

    async def ask(
        self, model: str = "auto", dialect: Dialect = "openai_chat", **more: object
    ) -> "Trip":
        body = {"model": model, "messages": [{"role": "user", "content": "Which city?"}], **more}
        engine = Engine(SharedTransport(self.fake), self.ledger, MemoryVault())
        codec = CODECS[dialect]
        x = Exchange("fl-1", codec, self.snapshot, (), json.dumps(body).encode(), at=DAY)
        await engine.serve(x, self.client)
        assert self.fake.unfinished == 0, "an answer was neither read to its end nor closed"
        return self

    @property
    def asked(self) -> list[str]:
        """Who was asked, in order."""
        return ["haiku" if r.url.endswith("messages") else "flash" for r in self.fake.requests]

    @property
    def said(self) -> str:
        return str(json.loads(self.client.body)["choices"][0]["message"]["content"])

    @property
    def told(self) -> str:
        return self.client.headers.get(b"x-fairlead-cascade", b"").decode()

    @property
    def cost(self) -> Decimal:
        """What the header says that it cost."""
        return Decimal(self.client.headers[b"x-fairlead-cost-usd"].decode())

    def record(self, number: int = 0) -> Record:
        found = self.ledger.show(f"fl-1.{number}" if number else "fl-1")
        assert isinstance(found, Record)
        return found

    def words(self) -> dict[str, float | None]:
        """What was said of the request and of its attempts."""
        ids = ("fl-1", "fl-1.1", "fl-1.2")
        return {one.source: one.score for id_ in ids for one in self.ledger.verdicts(id_)}


async def test_an_answer_that_passes_is_the_cheaper_models() -> None:
    trip = await Trip("", flash('{"city": "Rome"}')).ask(response_format=SCHEMA)
    assert trip.asked == ["flash"]
    assert trip.said == '{"city": "Rome"}'
    assert trip.told == f"accepted: {FLASH}"
    assert trip.client.headers[b"x-fairlead-model"] == FLASH.encode()
    assert trip.client.headers[b"x-fairlead-warning"].startswith(FLASH.encode() + b" ends on")
    record = trip.record()
    assert (record.model, record.cost_usd, record.outcome) == (FLASH, Decimal("0.00055"), "ok")
    decision = json.loads(record.decision)
    assert decision["ranked"] == [FLASH, HAIKU]
    assert decision["path"][-1] == {
        "question": f"cascade: {FLASH} is asked first; does its answer pass?",
        "answer": True,
        "because": "passed complete, schema",
    }
    assert trip.words() == {"signal:cascade:complete": 1.0, "signal:cascade:schema": 1.0}
    assert trip.ledger.show("fl-1.1") is None


async def test_an_answer_that_fails_costs_another_and_both_are_booked() -> None:
    trip = await Trip("", flash('{"town": "Rome"}'), haiku('{"city": "Rome"}')).ask(
        response_format=SCHEMA
    )
    assert trip.asked == ["flash", "haiku"]
    assert trip.said == '{"city": "Rome"}'
    assert trip.told == f"escalated: {FLASH} schema"
    assert b"x-fairlead-warning" not in trip.client.headers, "the model that answered goes on"
    answer, attempt = trip.record(), trip.record(1)
    assert (answer.model, answer.cost_usd) == (HAIKU, Decimal("0.0015"))
    assert (attempt.model, attempt.cost_usd, attempt.op) == (FLASH, Decimal("0.00055"), "attempt")
    assert attempt.upstream == "gemini"
    assert attempt.usage is not None
    assert attempt.usage.input == 1000
    assert trip.cost == Decimal("0.00205")
    receipt = json.loads(trip.client.body)["fairlead"]
    assert Decimal(receipt["cost_usd"]) == Decimal("0.00205")
    assert receipt["cascade"] == f"escalated: {FLASH} schema"
    step = json.loads(answer.decision)["path"][-1]
    assert step["answer"] is False
    assert step["because"].startswith("schema: schema: /")
    assert "town" not in answer.decision.decode()
    assert trip.words() == {"signal:cascade:complete": 1.0, "signal:cascade:schema": 0.0}
    assert [one.source for one in trip.ledger.verdicts("fl-1.1")] == ["signal:cascade:schema"]


@pytest.mark.parametrize(
    ("first", "fault"),
    [
        (flash("Ro", "MAX_TOKENS"), "complete"),
        (flash("", "SAFETY"), "complete"),
        (flash("  "), "complete"),
        (Answer(503, JSON, (b"{}",)), "failed (503)"),
        (Answer(400, JSON, (b'{"error": {"message": "no", "status": "INVALID_ARGUMENT"}}',)),
         "failed (400)"),
        (UpstreamReset("gone", sent=True), "failed"),
        (Answer(200, JSON, (b"<html>",)), "failed"),
    ],
)  # fmt: skip
async def test_whatever_goes_wrong_with_the_first_the_second_answers(
    first: Script, fault: str
) -> None:
    trip = await Trip("", first, haiku("Rome.")).ask()
    assert trip.asked == ["flash", "haiku"]
    assert trip.said == "Rome."
    assert trip.told.startswith(f"escalated: {FLASH} {fault}")
    booked = trip.ledger.show("fl-1.1")
    if isinstance(booked, Record):  # an error answer is not billed
        assert booked.outcome in {"ok", "upstream_error"}, "not Fairlead's fault"
    assert trip.record().outcome == "ok"


async def test_where_nothing_can_be_checked_nobody_is_asked_first() -> None:
    trip = await Trip('checks = ["schema", "tools"]', haiku("Rome.")).ask()
    assert (trip.asked, trip.told) == (["haiku"], "")
    named = await Trip("", haiku("Rome.")).ask(model=HAIKU)
    assert (named.asked, named.told) == (["haiku"], "")


async def test_streams_are_left_alone_unless_the_policy_says_so() -> None:
    trip = await Trip("", haiku_streamed("Rome.")).ask(stream=True)
    assert (trip.asked, trip.told) == (["haiku"], "")


async def test_a_stream_is_held_until_it_has_passed() -> None:
    trip = await Trip("streams = true", streamed("Rome is the city.")).ask(stream=True)
    assert trip.asked == ["flash"]
    assert trip.client.writes == 0
    said = [json.loads(line[6:]) for line in trip.client.body.splitlines() if line[6:7] == b"{"]
    text = "".join(c["delta"].get("content") or "" for e in said for c in e["choices"])
    assert text == "Rome is the city."
    assert trip.told == f"accepted: {FLASH}"
    assert trip.client.headers[b"content-type"].startswith(b"text/event-stream")


async def test_a_stream_that_breaks_while_it_is_held_is_never_seen() -> None:
    broken = Answer(
        200, SSE, (*streamed("Rome is the city.").steps[:2], UpstreamReset("x", sent=True))
    )
    trip = await Trip("streams = true", broken, haiku_streamed("Rome.")).ask(stream=True)
    assert trip.asked == ["flash", "haiku"]
    assert b"the city" not in trip.client.body
    usage = trip.record(1).usage
    assert usage is not None
    assert usage.estimated


async def test_what_is_too_long_to_hold_goes_out_unchecked() -> None:
    long = "Rome. " * 2000
    whole = await Trip("max_held_bytes = 1024", flash(long)).ask()
    assert whole.said == long
    stream = await Trip("max_held_bytes = 1024\nstreams = true", streamed(long, 20)).ask(
        stream=True
    )
    assert stream.asked == ["flash"]
    assert stream.client.writes > 1
    assert json.loads(stream.record().decision)["path"][-1]["because"].endswith("unchecked")
    assert stream.words() == {}


async def test_answers_that_agree_are_asked_for_as_often_as_the_policy_says() -> None:
    table = "checks = []\nagree = 3"
    trip = await Trip(table, flash("Rome."), flash("rome"), flash("Rome")).ask()
    assert trip.asked == ["flash"] * 3
    assert trip.said == "Rome"
    assert [trip.record(n).error_message for n in (1, 2)] == ["asked again"] * 2
    assert trip.cost == Decimal("0.00165")
    other = await Trip(table, flash("Rome."), flash("Paris"), haiku("Rome.")).ask()
    assert other.asked == ["flash", "flash", "haiku"]
    assert other.told == f"escalated: {FLASH} agree"
    assert other.cost == Decimal("0.0026")


@pytest.mark.parametrize(
    ("code", "seconds", "asked", "word"),
    [
        (GRADING % "'Rome' in asked['answer']", 60.0, ["flash"], ("grader:mine", 1.0)),
        (GRADING % "'Paris' in asked['answer']", 60.0, ["flash", "haiku"], ("grader:mine", 0.0)),
        ("raise SystemExit(3)", 60.0, ["flash"], ("signal:grader_silent:mine", None)),
        ("print('[]')", 60.0, ["flash"], ("signal:grader_silent:mine", None)),
        ("import time; time.sleep(600)", 1.0, ["flash"], ("signal:grader_silent:mine", None)),
    ],
)
async def test_a_graders_word_counts_and_its_silence_does_not(
    code: str, seconds: float, asked: list[str], word: tuple[str, float | None]
) -> None:
    grader = Grader("mine", (sys.executable, "-c", code), seconds=seconds)
    table = 'checks = []\ngraders = ["mine"]'
    trip = await Trip(table, flash("Rome."), haiku("Paris."), graders=(grader,)).ask()
    assert trip.asked == asked
    assert word in trip.words().items()
    assert trip.client.status == 200


SLEEPER = Grader("mine", (sys.executable, "-c", "import time; time.sleep(60)"), seconds=30.0)
GRADED = 'checks = []\ngraders = ["mine"]'


async def test_a_grader_has_no_more_time_than_the_request() -> None:
    trip = Trip(GRADED, flash("Rome."), graders=(SLEEPER,))
    trip.snapshot = replace(trip.snapshot, delivery=Delivery(deadline=1.0))
    async with asyncio.timeout(20.0):
        await trip.ask()
    assert (trip.said, trip.told) == ("Rome.", f"accepted: {FLASH}")
    assert trip.words() == {"signal:grader_silent:mine": None}


async def test_a_client_that_leaves_while_its_answer_is_checked_had_none() -> None:
    trip = Trip(GRADED, flash("Rome."), graders=(SLEEPER,))
    task = asyncio.create_task(trip.ask())
    while not trip.fake.responses or trip.fake.unfinished:  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    trip.client.gone = True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    record = trip.record()
    assert (record.outcome, record.status, trip.client.started) == ("client_gone", 499, False)
    assert record.usage is not None
    assert not record.usage.estimated


async def test_a_request_in_the_cheaper_models_own_dialect_is_checked_as_well() -> None:
    trip = Trip("", haiku("Rome."))
    policy = parse_policy(
        'name = "tried"\nversion = "1"\ncandidates = ["flash", "haiku"]\notherwise = "flash"\n'
        '[cascade]\nask = "haiku"\nthen = "flash"\naccepted_cost_ratio = 1\n'
    )
    trip.snapshot.policies["tried"] = policy  # type: ignore[index]
    await trip.ask(dialect="anthropic", max_tokens=100)
    assert trip.asked == ["haiku"]
    assert json.loads(trip.client.body)["content"][0]["text"] == "Rome."
    assert trip.told == f"accepted: {HAIKU}"


ANSWERS = st.sampled_from(
    [
        flash('{"city": "Rome"}'),
        flash('{"town": "Rome"}'),
        flash("{"),
        flash("", "SAFETY"),
        flash('{"city": "R', "MAX_TOKENS"),
        Answer(429, JSON, (b"{}",)),
        Answer(200, JSON, (b"<html>",)),
        UpstreamReset("gone", sent=True),
    ]
)


@settings(max_examples=60, deadline=None)
@given(answers=st.lists(ANSWERS, min_size=3, max_size=3), agree=st.integers(1, 3))
def test_one_answer_reaches_the_client_and_each_cost_is_booked_once(
    answers: list[Script], agree: int
) -> None:
    async def run() -> Trip:
        def handle(request: HttpRequest) -> Script:
            if request.url.endswith("messages"):
                return haiku('{"city": "Paris"}')
            return next(coming)

        coming = iter(answers)
        trip = Trip(f"agree = {agree}")
        trip.fake = FakeTransport(handler=handle)
        return await trip.ask(response_format=SCHEMA)

    trip = asyncio.run(run())
    assert trip.client.status == 200
    assert trip.said in {'{"city": "Rome"}', '{"city": "Paris"}'}
    accepted = trip.told.startswith("accepted")
    assert accepted is (trip.said == '{"city": "Rome"}')
    assert trip.record().model == (FLASH if accepted else HAIKU)
    booked = [trip.ledger.show(f"fl-1.{number}") for number in range(1, 5)]
    costs = [each.cost_usd for each in booked if isinstance(each, Record)]
    own = trip.record().cost_usd
    assert own is not None
    assert trip.cost == own + sum(cost for cost in costs if cost is not None)
    assert all(
        one.score in {0.0, 1.0} for id_ in ("fl-1", "fl-1.1") for one in trip.ledger.verdicts(id_)
    )
