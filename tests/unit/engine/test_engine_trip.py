"""The engine on a fake transport: lanes, fallbacks, losses, and a relay identical to the byte."""

import asyncio
import contextlib
import gzip
import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fairlead.canon import Folder, UsageUpdate
from fairlead.catalog import load as load_catalog
from fairlead.catalog import shipped_policies
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.routing import parse_policy
from fairlead.server.compile import CODECS
from fairlead.upstream.fake import Answer, FakeTransport, Pause
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import ConnectFailed, UpstreamReset
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault

HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"
DAY = 1_790_000_000.0  # 2026-09-21: both models of the article are in force
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}
CATALOG = load_catalog()
POLICIES = {
    policy.name: policy
    for policy in (parse_policy(t, n, CATALOG) for n, t in shipped_policies().items())
}
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": HAIKU,
    "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn",
    "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 2},
}  # fmt: skip
GENERATED = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]},
                    "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 1, "totalTokenCount": 8},
    "modelVersion": FLASH, "responseId": "r1",
}  # fmt: skip
OVERLOADED = Answer(
    529, JSON, (b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',)
)


class Client:
    """Collects what the client would get; `leave_after` cancels after so many writes."""

    def __init__(self, leave_after: int | None = None) -> None:
        self.started = False
        self.gone = leave_after is not None
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.writes = 0
        self._leave_after = leave_after

    async def respond(self, status, headers, body) -> None:
        await self.start(status, headers)
        self.body = body

    async def start(self, status, headers) -> None:
        self.started, self.status, self.headers = True, status, dict(headers)

    async def write(self, data) -> None:
        self.writes += 1
        self.body += data
        if self._leave_after is not None and self.writes >= self._leave_after:
            raise asyncio.CancelledError

    async def finish(self, data=b"") -> None:
        self.body += data


def snapshot(**changes) -> Snapshot:
    upstreams = [
        Upstream.build(k.name, k, Secret("k" * 20), "http://up") for k in VENDORS_OWN.values()
    ]
    return Snapshot(
        catalog=CATALOG, codecs=CODECS, upstreams={u.vendor: u for u in upstreams},
        policies=POLICIES, default_policy="article-tree", fetch=FetchPolicy(), **changes,
    )  # fmt: skip


async def trip(body, *script, client=None, headers=(), handler=None, **changes):
    """One request through the engine: client, record, and what was sent upstream."""
    fake = FakeTransport(*script, handler=handler)
    ledger, vault = MemoryLedger(), MemoryVault()
    engine = Engine(SharedTransport(fake), ledger, vault)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = client or Client()
    x = Exchange("fl-1", CODECS["openai_chat"], snapshot(**changes), headers, data, at=DAY)
    with contextlib.suppress(asyncio.CancelledError):
        await engine.serve(x, client)
    assert fake.unfinished == 0, "an answer was neither read to its end nor closed"
    return client, ledger.show("fl-1"), fake.requests


def ask(model="auto", **more):
    return {"model": model, "messages": [{"role": "user", "content": "Say hello."}], **more}


def whole(value) -> Answer:
    return Answer(200, JSON, (json.dumps(value).encode(),))


async def test_a_translated_answer() -> None:
    client, record, sent = await trip(ask(), whole(MESSAGE))
    assert client.status == 200
    assert json.loads(client.body)["choices"][0]["message"]["content"] == "Hello"
    assert sent[0].url == "http://up/v1/messages"
    assert (record.outcome, record.model, record.cost_usd) == ("ok", HAIKU, Decimal("0.00002"))


async def test_the_next_candidate_serves_when_the_first_is_overloaded() -> None:
    client, record, sent = await trip(ask(), OVERLOADED, whole(GENERATED))
    assert client.status == 200
    assert [r.url.rpartition("/")[2] for r in sent] == ["messages", f"{FLASH}:generateContent"]
    assert (record.outcome, record.model, record.upstream) == ("ok", FLASH, "gemini")
    assert "529" in record.route
    lost = next(c for c in json.loads(record.decision)["candidates"] if c["model"] == HAIKU)
    assert "failed" in lost["why"]


async def test_fallback_can_be_switched_off() -> None:
    client, record, sent = await trip(ask(), OVERLOADED, fallback=False)
    assert (client.status, len(sent), record.outcome) == (503, 1, "upstream_error")


async def test_nothing_is_tried_again_that_may_have_been_billed() -> None:
    client, record, sent = await trip(ask(), UpstreamReset("gone", sent=True))
    assert (client.status, len(sent)) == (502, 1)
    assert record.usage.estimated  # the prompt is on the bill, perhaps
    assert record.cost_usd > 0


async def test_what_was_never_sent_may_go_elsewhere() -> None:
    client, record, _ = await trip(ask(), ConnectFailed("refused", sent=False), whole(GENERATED))
    assert (client.status, record.model) == (200, FLASH)


async def test_a_bad_request_is_not_tried_elsewhere() -> None:
    bad = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
    client, record, sent = await trip(ask(), Answer(400, JSON, (json.dumps(bad).encode(),)))
    assert (client.status, len(sent), record.outcome) == (400, 1, "client_error")


async def test_a_semantic_loss_sends_auto_to_the_next_candidate() -> None:
    # A tool that OpenAI runs cannot be said to either vendor: both refuse, and the client is told
    # of both.
    tools = [{"type": "web_search"}]
    client, record, sent = await trip(ask(tools=tools))
    assert (client.status, sent, record.outcome) == (400, [], "refused")
    told = json.loads(client.body)["error"]["message"]
    assert HAIKU in told
    assert FLASH in told


async def test_losses_may_be_allowed() -> None:
    tools = [{"type": "web_search"}]
    allow = ((b"x-fairlead-allow-loss", b"true"),)
    client, record, _ = await trip(ask(tools=tools), whole(MESSAGE), headers=allow)
    assert client.status == 200
    assert any(loss.kind == "semantic" for loss in record.losses)
    assert client.headers[b"x-fairlead-losses"]


async def test_an_answer_that_cannot_be_read_is_priced_by_estimate() -> None:
    client, record, _ = await trip(ask(HAIKU), Answer(200, JSON, (b"<html>",)))
    assert client.status == 502
    assert record.outcome == "upstream_error"
    assert record.usage.estimated
    assert record.cost_usd > 0


async def test_a_client_that_leaves_a_stream_is_recorded_with_what_it_had() -> None:
    def event(kind: str, **more: object) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()

    steps = (
        event("message_start", message=MESSAGE | {"content": [], "stop_reason": None}),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *(event("content_block_delta", index=0, delta={"type": "text_delta", "text": "word "})
          for _ in range(50)),
    )  # fmt: skip
    split = tuple(piece for step in steps for piece in (step, Pause(0.0)))
    client, record, _ = await trip(
        ask(HAIKU, stream=True), Answer(200, SSE, split), client=Client(leave_after=5)
    )
    assert client.started
    assert record.outcome == "client_gone"
    assert record.usage.prompt_total == 10
    assert record.cost_usd > 0


async def test_a_fault_inside_is_answered_and_recorded(monkeypatch, caplog) -> None:
    def explode(_request):
        raise ZeroDivisionError("inside")

    client, record, _ = await trip(ask(), handler=explode)
    assert client.status == 500
    assert "inside" not in client.body.decode()
    assert (record.outcome, record.status) == ("internal_error", 500)
    assert "fl-1" in caplog.text


async def test_a_fault_in_what_an_answer_teaches_costs_no_record(monkeypatch, caplog) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a fault")

    monkeypatch.setattr("fairlead.engine.learning.PromptCounts.learn", broken)
    client, record, _ = await trip(ask(), whole(MESSAGE))
    assert (client.status, record.outcome) == (200, "ok")
    assert record.cost_usd == Decimal("0.00002")
    assert "fl-1" in caplog.text


async def test_fetching_media_is_part_of_the_request_s_time(monkeypatch) -> None:
    async def slow(*_: object, **__: object) -> tuple[str, bytes]:
        await asyncio.sleep(60)
        raise AssertionError("nobody waits so long")

    monkeypatch.setattr("fairlead.engine.prepare.fetch_media", slow)
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    body = ask(FLASH, messages=[{"role": "user", "content": [picture]}])
    delivery = Delivery(deadline=0.1)
    async with asyncio.timeout(30):
        client, record, sent = await trip(body, delivery=delivery)
    assert (client.status, record.error_kind, sent) == (504, "upstream_timeout", [])


async def test_context_overflow_has_its_code() -> None:
    client, record, sent = await trip(ask(HAIKU, n=1) | {
        "messages": [{"role": "user", "content": "word " * 400_000}]})  # fmt: skip
    error = json.loads(client.body)["error"]
    assert (client.status, sent) == (400, [])
    assert error["code"] == "context_length_exceeded"
    assert record.outcome == "refused"


# --- the client's own dialect ---------------------------------------------------------------------


def tells_usage_only(event: bytes) -> bool:
    if b'"usage"' not in event:
        return False
    chunk = json.loads(event.removeprefix(b"data:"))
    return chunk.get("choices") == [] and isinstance(chunk.get("usage"), dict)


def chat_rows(shared: Path) -> list[dict]:
    with gzip.open(shared / "wire" / "recordings.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        row for row in rows
        if row["provider"] == "openai" and row["op"] == "chat_completions"
        and row["response"]["status"] == 200 and "body_text" in row["response"]
        and isinstance(row["request"]["body"], dict) and row["model"].startswith(("gpt", "o1", "o3"))
    ]  # fmt: skip


async def test_a_recorded_call_in_its_own_dialect_is_relayed_to_the_byte(shared) -> None:
    rows = chat_rows(shared)
    assert len(rows) > 300
    for row in rows:
        body = json.dumps(row["request"]["body"], indent=1).encode()
        answer = row["response"]["body_text"].encode()
        headers = {
            "content-type": row["response"]["headers"].get("content-type", "application/json")
        }
        third = max(1, len(answer) // 3)
        steps = tuple(answer[i : i + third] for i in range(0, len(answer), third))
        client, record, sent = await trip(body, Answer(200, headers, steps))
        assert sent, (row["id"], record)
        told = json.loads(body)
        if told.get("stream") and not (told.get("stream_options") or {}).get("include_usage"):
            told["stream_options"] = {**(told.get("stream_options") or {}), "include_usage": True}
            assert json.loads(sent[0].body) == told, row["id"]
            events = answer.split(b"\n\n")  # some vendors tell usage without being asked
            answer = b"\n\n".join(event for event in events if not tells_usage_only(event))
        else:
            assert sent[0].body == body, row["id"]
        assert client.body == answer, row["id"]
        # One recorded stream gives no reason, but its usage and [DONE]: it is whole.
        assert record.outcome == "ok", (row["id"], answer[-300:])


async def test_an_alias_changes_the_model_and_nothing_else() -> None:
    body = (
        b'{ "model": "openai/gpt-4o" , "seed": 1.0e0, "messages": [ {"role":"user","content":"x"}]}'
    )
    _, record, sent = await trip(body, whole({"choices": [], "usage": None}))
    fields = msgspec.json.decode(sent[0].body, type=dict[str, msgspec.Raw])
    assert bytes(fields["model"]) == b'"gpt-4o"'
    assert bytes(fields["seed"]) == b"1.0e0"
    assert bytes(fields["messages"]) == b'[ {"role":"user","content":"x"}]'
    assert record.model == "gpt-4o"


async def test_hints_are_not_sent_on() -> None:
    _, _, sent = await trip(ask("gpt-4o", fairlead={"task": "chat"}), whole({"choices": []}))
    assert "fairlead" not in json.loads(sent[0].body)


@pytest.mark.parametrize("cut", [3, 40])
async def test_a_stream_that_breaks_in_its_own_dialect_ends_with_an_error(cut) -> None:
    chunk = b'data: {"id":"c","object":"chat.completion.chunk","choices":[]}\n\n'
    steps = (chunk[:cut], chunk[cut:], UpstreamReset("gone", sent=True))
    client, record, _ = await trip(ask("gpt-4o", stream=True), Answer(200, SSE, steps))
    assert client.body.startswith(chunk)
    assert b'"error"' in client.body[len(chunk) :]
    assert record.outcome == "stream_broken"
    assert record.usage.estimated


async def test_a_redirect_is_no_answer_and_costs_nothing() -> None:
    for model in (HAIKU, "gpt-4.1-mini"):
        for stream in (False, True):
            answer = Answer(301, {"location": "https://elsewhere.example/"}, ())
            client, record, _ = await trip(ask(model, stream=stream), answer)
            assert (client.status, record.outcome) == (502, "upstream_error")
            assert record.usage is None
            assert b"base_url" in client.body


async def test_an_answer_that_breaks_off_costs_what_came_of_it() -> None:
    events = (
        {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None,
         "usage": {"input_tokens": 10, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "text_delta", "text": "word " * 400}},
    )  # fmt: skip
    chunks = tuple(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)
    broken = Answer(200, SSE, (*chunks, UpstreamReset("gone", sent=True)))
    _, record, _ = await trip(ask(HAIKU, stream=True), broken)
    assert record.outcome == "stream_broken"
    assert record.usage is not None
    assert (record.usage.input, record.usage.output) == (10, 500)
    assert record.usage.estimated


async def test_a_fault_inside_a_stream_ends_it_with_an_error(monkeypatch, caplog) -> None:
    begin = {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}
    chunk = f"event: message_start\ndata: {json.dumps(begin)}\n\n".encode()
    block = {"type": "content_block_start", "index": 0,
             "content_block": {"type": "text", "text": "Hel"}}  # fmt: skip
    delta = f"event: content_block_start\ndata: {json.dumps(block)}\n\n".encode()
    add = Folder.add

    def fail(folder, event):
        if isinstance(event, UsageUpdate):
            raise RuntimeError("ours")  # noqa: TRY004 - any error will do
        add(folder, event)

    monkeypatch.setattr(Folder, "add", fail)
    stop = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    answer = Answer(200, SSE, (delta, chunk, stop))
    client, record, _ = await trip(ask(HAIKU, stream=True), answer)
    assert client.started
    assert b"fault of Fairlead" in client.body
    assert record.outcome == "stream_broken"
    assert record.error_kind == "internal"
    assert "ours" in caplog.text


async def test_a_stream_in_its_own_dialect_without_usage_is_not_free() -> None:
    def said(delta, finish=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        body = {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
        return f"data: {json.dumps(body)}\n\n".encode()

    words = [said({"content": f"word{n} "}) for n in range(50)]
    chunks = (said({"role": "assistant"}), *words, said({}, "stop"), b"data: [DONE]\n\n")
    client, record, _ = await trip(ask("gpt-4.1-mini", stream=True), Answer(200, SSE, chunks))
    assert client.body == b"".join(chunks)
    assert record.usage is not None
    assert record.usage.estimated
    assert 45 <= record.usage.output <= 55


async def test_a_client_that_leaves_before_an_answer_is_priced_by_estimate() -> None:
    def leave(_request):
        raise asyncio.CancelledError

    gone = Client()
    gone.gone = True
    client, record, _ = await trip(ask(HAIKU), handler=leave, client=gone)
    assert not client.started
    assert (record.outcome, record.status) == ("client_gone", 499)
    assert record.usage.estimated
    assert record.usage.completion_total == 0
    assert record.cost_usd > 0


async def test_a_refusal_before_anything_was_sent_names_no_upstream() -> None:
    client, _, sent = await trip(ask(tools=[{"type": "web_search"}]))
    assert (client.status, sent) == (400, [])
    assert b"x-fairlead-upstream" not in client.headers


async def test_a_stream_longer_than_the_limit_is_cut_with_an_error() -> None:
    piece = b'event: ping\ndata: {"type": "ping"}\n\n' * 100
    start = json.dumps({"type": "message_start", "message": MESSAGE | {"content": []}}).encode()
    steps = (b"event: message_start\ndata: " + start + b"\n\n", *[piece] * 9)
    client, record, _ = await trip(
        ask(HAIKU, stream=True), Answer(200, SSE, steps), max_answer_bytes=5000
    )
    assert b"max_answer_bytes" in client.body
    assert record.outcome in {"stream_broken", "upstream_error"}
