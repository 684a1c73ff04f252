"""Clients of every dialect before the engine: bytes, headers, errors, and mixed conversations."""

import json

import pytest

from fairlead.catalog import load as load_catalog
from fairlead.catalog import shipped_policies
from fairlead.emulator.authority import check
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.routing import parse_policy
from fairlead.server.compile import CODECS
from fairlead.upstream.fake import Answer, FakeTransport
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import UpstreamReset
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault
from fairlead.wire.gemini import ARRAY_CODEC

HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"
DAY = 1_790_000_000.0
JSON = {"content-type": "application/json"}
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
CALLING = {
    "candidates": [{"content": {"role": "model", "parts": [
        {"functionCall": {"name": "look", "args": {"at": "a"}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "look", "args": {"at": "b"}}},
    ]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 1, "totalTokenCount": 8},
    "modelVersion": FLASH, "responseId": "r1",
}  # fmt: skip
TOOL = {"name": "look", "description": "", "input_schema": {"type": "object", "properties": {}}}


class Client:
    def __init__(self) -> None:
        self.started = self.gone = False
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    async def respond(self, status, headers, body) -> None:
        await self.start(status, headers)
        self.body = body

    async def start(self, status, headers) -> None:
        self.started, self.status, self.headers = True, status, dict(headers)

    async def write(self, data) -> None:
        self.body += data

    async def finish(self, data=b"") -> None:
        self.body += data

    def json(self):
        return json.loads(self.body)


class House:
    """An engine whose vault lives on from request to request."""

    def __init__(self) -> None:
        self.ledger, self.vault = MemoryLedger(), MemoryVault()
        self.at = 0

    async def ask(self, dialect, body, *script, headers=(), in_url=None, query=b"", codec=None):
        fake = FakeTransport(*script)
        upstreams = [
            Upstream.build(k.name, k, Secret("k" * 20), "http://up") for k in VENDORS_OWN.values()
        ]
        snapshot = Snapshot(
            catalog=CATALOG, codecs=CODECS, upstreams={u.vendor: u for u in upstreams},
            policies=POLICIES, default_policy="article-tree", fetch=FetchPolicy(),
        )  # fmt: skip
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.at += 1
        client = Client()
        x = Exchange(
            f"fl-{self.at}", codec or CODECS[dialect], snapshot, headers, data,
            at=DAY, in_url=in_url, query=query,
        )  # fmt: skip
        engine = Engine(SharedTransport(fake), self.ledger, self.vault)
        await engine.serve(x, client)
        assert fake.unfinished == 0
        return client, self.ledger.show(f"fl-{self.at}"), fake.requests


def whole(value, **headers) -> Answer:
    return Answer(200, {**JSON, **headers}, (json.dumps(value).encode(),))


async def test_an_anthropic_client_gets_the_vendors_bytes_and_headers() -> None:
    body = b'{ "model":"claude-haiku-4-5-20251001","max_tokens":5, "messages":[], "new": 1.0 }'
    answer = json.dumps(MESSAGE, indent=3).encode()
    sent_back = {
        **JSON, "request-id": "req_1", "anthropic-ratelimit-requests-remaining": "3",
        "set-cookie": "secret", "x-internal": "1",
    }  # fmt: skip
    client, record, sent = await House().ask(
        "anthropic", body, Answer(200, sent_back, (answer,)),
        headers=[(b"anthropic-version", b"2026-10-21"), (b"anthropic-beta", b"x-2026"),
                 (b"x-api-key", b"fl-mine"), (b"cookie", b"c")],
        query=b"beta=true&other=1",
    )  # fmt: skip
    assert sent[0].body == body
    assert sent[0].url == "http://up/v1/messages?beta=true"
    told = dict(sent[0].headers)
    assert told["anthropic-version"] == "2026-10-21"
    assert told["anthropic-beta"] == "x-2026"
    assert told["x-api-key"] == "k" * 20
    assert "cookie" not in told
    assert client.body == answer
    assert client.headers[b"request-id"] == b"req_1"
    assert client.headers[b"anthropic-ratelimit-requests-remaining"] == b"3"
    assert b"set-cookie" not in client.headers
    assert b"x-internal" not in client.headers
    assert (record.outcome, record.usage.input, record.losses) == ("ok", 10, ())


async def test_betas_are_a_named_loss_elsewhere_and_a_wrong_version_an_error() -> None:
    body = {"model": FLASH, "max_tokens": 500, "messages": [{"role": "user", "content": "hi"}]}
    text = {**CALLING, "candidates": [
        {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}  # fmt: skip
    client, record, sent = await House().ask(
        "anthropic", body, whole(text), headers=[(b"anthropic-beta", b"context-1m")]
    )
    assert client.status == 200
    assert [loss.what for loss in record.losses] == ["anthropic_beta"]
    assert "anthropic-beta" not in dict(sent[0].headers)
    assert json.loads(sent[0].body)["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 0}
    client, record, sent = await House().ask(
        "anthropic", body, headers=[(b"anthropic-version", b"2099-01-01")]
    )
    assert client.status == 400
    assert "2099-01-01" in client.json()["error"]["message"]
    assert client.json()["type"] == "error"
    assert not sent
    assert client.headers[b"request-id"] == b"fl-1"


async def test_what_a_model_rejects_stays_here_where_a_policy_chose_it() -> None:
    knobs = {
        "max_tokens": 2000, "temperature": 0.5, "top_p": 0.9, "metadata": {"user_id": "u"},
        "thinking": {"type": "adaptive"}, "output_config": {"effort": "low"},
        "messages": [{"role": "user", "content": "refactor: def f(x): return x"}],
    }  # fmt: skip
    _, record, sent = await House().ask("anthropic", {**knobs, "model": HAIKU}, whole(MESSAGE))
    assert (json.loads(sent[0].body), record.losses) == ({**knobs, "model": HAIKU}, ())
    client, record, sent = await House().ask(
        "anthropic", {**knobs, "model": "auto"}, whole(MESSAGE)
    )
    assert (client.status, record.model) == (200, HAIKU)
    assert check("anthropic", "messages", json.loads(sent[0].body)) == []
    assert {loss.kind for loss in record.losses} == {"cosmetic"}
    body = json.loads(sent[0].body)
    assert body["thinking"]["type"] == "enabled"
    assert body["metadata"] == {"user_id": "u"}
    assert not {"temperature", "top_p"} <= body.keys()
    # What the chosen model takes goes on as it was written.
    fine = b'{"model":"auto","max_tokens":9,"temperature":0.50,"messages":[{"role":"user","content":"refactor: def f(x)"}]}'
    _, record, sent = await House().ask("anthropic", fine, whole(MESSAGE))
    assert sent[0].body == fine.replace(b'"auto"', b'"%s"' % HAIKU.encode())
    assert record.losses == ()


@pytest.mark.parametrize("status", [400, 404, 413, 429, 529])
async def test_a_vendors_error_goes_back_as_it_is_to_a_client_of_its_dialect(status) -> None:
    error = b'{"type":"error", "error":{"type":"x_error","message":"no","details":{"a":1}}}'
    body = {"model": HAIKU, "max_tokens": 5, "messages": []}
    client, record, _ = await House().ask("anthropic", body, Answer(status, JSON, (error,)))
    assert (client.status, client.body) == (status, error)
    assert record.status == status
    assert record.outcome != "ok"


async def test_what_is_wrong_with_the_operators_key_is_not_told() -> None:
    error = b'{"type":"error","error":{"type":"authentication_error","message":"bad sk-ant-123"}}'
    body = {"model": HAIKU, "max_tokens": 5, "messages": []}
    client, _, _ = await House().ask("anthropic", body, Answer(401, JSON, (error,)))
    assert client.status == 502
    assert b"sk-ant-123" not in client.body


@pytest.mark.parametrize(
    ("codec", "url"),
    [
        (
            CODECS["gemini"],
            "http://up/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        ),
        (ARRAY_CODEC, "http://up/v1beta/models/gemini-2.5-flash:streamGenerateContent"),
    ],
)
async def test_gemini_streams_in_the_framing_that_was_asked_for(codec, url) -> None:
    body = b'{"contents":[{"parts":[{"text":"hi"}]}], "unknownField":1e3}'
    chunk = json.dumps({**CALLING, "candidates": [{"finishReason": "STOP"}]}).encode()
    answer = b"[" + chunk + b"]" if codec is ARRAY_CODEC else b"data: " + chunk + b"\r\n\r\n"
    client, record, sent = await House().ask(
        "gemini", body, Answer(200, JSON, (answer,)), codec=codec, in_url=("gemini-flash", True)
    )
    assert sent[0].url == url
    assert sent[0].body == body
    assert client.body == answer
    assert (record.outcome, record.model, record.stream) == ("ok", FLASH, True)


async def test_a_json_array_is_made_of_another_vendors_stream() -> None:
    events = [
        {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "He"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "y"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
         "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]  # fmt: skip
    steps = tuple(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)
    body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    client, record, sent = await House().ask(
        "gemini", body, Answer(200, {"content-type": "text/event-stream"}, steps),
        codec=ARRAY_CODEC, in_url=(HAIKU, True),
    )  # fmt: skip
    assert json.loads(sent[0].body)["stream"] is True
    assert json.loads(sent[0].body)["model"] == HAIKU
    assert client.headers[b"content-type"] == b"application/json"
    chunks = json.loads(client.body)
    texts = [p["text"] for c in chunks for p in c["candidates"][0]["content"]["parts"]]
    assert "".join(texts) == "Hey"
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
    assert record.outcome == "ok"


async def test_a_stream_that_ends_without_an_end_is_broken_in_the_ledger() -> None:
    answer = b'event: ping\ndata: {"type":"ping"}\n\n'
    body = {"model": HAIKU, "max_tokens": 5, "messages": [], "stream": True}
    client, record, _ = await House().ask("anthropic", body, Answer(200, JSON, (answer,)))
    assert client.body == answer
    assert record.outcome == "stream_broken"


async def test_a_conversation_changes_its_model_in_the_middle_of_a_tool_loop() -> None:
    """Claude's client, Gemini's calls, then Claude with thinking: its own dialect, but not its own
    turn. Thinking must not be on in a loop that another model began; and back at Gemini its
    signature is where it was.
    """
    house = House()
    first = {
        "model": FLASH, "max_tokens": 4000, "tools": [TOOL],
        "messages": [{"role": "user", "content": "look at both"}],
    }  # fmt: skip
    client, _, _ = await house.ask("anthropic", first, whole(CALLING))
    content = client.json()["content"]
    ids = [block["id"] for block in content]
    assert len(set(ids)) == 2
    assert "c2ln" not in client.body.decode()
    results = [{"type": "tool_result", "tool_use_id": i, "content": "ok"} for i in ids]
    second = {
        **first, "model": HAIKU, "thinking": {"type": "enabled", "budget_tokens": 2000},
        "messages": [*first["messages"], {"role": "assistant", "content": content},
                     {"role": "user", "content": results}],
    }  # fmt: skip
    client, record, sent = await house.ask("anthropic", second, whole(MESSAGE))
    told = json.loads(sent[0].body)
    assert told["thinking"] == {"type": "disabled"}
    assert [b["type"] for b in told["messages"][1]["content"]] == ["tool_use", "tool_use"]
    assert any(loss.what.startswith("thinking_off") for loss in record.losses)
    assert client.json() == MESSAGE

    third = {**second, "model": FLASH}
    _, _, sent = await house.ask("anthropic", third, whole(CALLING))
    parts = json.loads(sent[0].body)["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == ["c2ln", None]

    other = House()  # another vault: nobody knows who made the calls, so the bytes stay
    _, _, sent = await other.ask("anthropic", second, whole(MESSAGE))
    assert json.loads(sent[0].body) == second


async def test_thoughts_that_nobody_signed_do_not_go_to_claude() -> None:
    body = {
        "model": HAIKU, "max_tokens": 4000,
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "a Gemini's", "signature": ""},
                {"type": "text", "text": "Hello"}]},
            {"role": "user", "content": "more"},
        ],
    }  # fmt: skip
    _, _, sent = await House().ask("anthropic", body, whole(MESSAGE))
    assert b"Gemini's" not in sent[0].body
    assert json.loads(sent[0].body)["messages"][1]["content"] == "Hello"


async def test_a_video_that_only_the_vendor_can_read_is_passed_on_and_not_fetched() -> None:
    text = {**CALLING, "candidates": [
        {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}  # fmt: skip
    video = {"type": "video_url", "video_url": {"url": "https://www.youtube.com/watch?v=x"}}
    body = {"model": FLASH, "messages": [{"role": "user", "content": [video]}]}
    client, _, sent = await House().ask("openai_chat", body, whole(text))
    assert client.status == 200, client.body
    part = json.loads(sent[0].body)["contents"][0]["parts"][0]
    assert part["fileData"]["fileUri"] == "https://www.youtube.com/watch?v=x"


async def test_a_stream_that_breaks_inside_an_event_ends_with_a_whole_error() -> None:
    def event(name, **fields):
        return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()

    begin = event("message_start", message={**MESSAGE, "content": []})
    word = {"index": 0, "delta": {"type": "text_delta", "text": "word "}}
    said = event("content_block_delta", **word) * 40
    half = event("content_block_delta", **word)[:50]
    steps = (begin + said + half, half, UpstreamReset("gone", sent=True))
    body = {"model": HAIKU, "max_tokens": 99, "messages": [], "stream": True}
    client, record, _ = await House().ask(
        "anthropic", body, Answer(200, {"content-type": "text/event-stream"}, steps)
    )
    assert client.body.startswith(begin + said)
    error = client.body.removeprefix(begin + said)
    assert error.startswith(b"event: error\ndata: ")
    assert json.loads(error.removeprefix(b"event: error\ndata: "))["type"] == "error"
    # The vendor states one token at the start: what came since is counted too, and marked.
    assert record.usage.estimated
    assert record.usage.output >= 40
    assert record.usage.input == 10


async def test_a_model_that_always_thinks_does_so_least_for_a_client_that_asked_for_none() -> None:
    text = {**CALLING, "candidates": [
        {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}  # fmt: skip
    body = {"model": "gemini-3.8-flash", "max_tokens": 500,
            "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
    client, record, sent = await House().ask("anthropic", body, whole(text))
    assert client.status == 200
    told = json.loads(sent[0].body)["generationConfig"]["thinkingConfig"]
    assert told == {"thinkingLevel": "LOW"}
    assert record.losses == ()


GEMINIS = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
SAID = {**CALLING, "candidates": [
    {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}  # fmt: skip


@pytest.mark.parametrize(("model", "answer"), [(FLASH, SAID), (HAIKU, MESSAGE)])
@pytest.mark.parametrize("name", ['"fairlead"', '"\\u0066airlead"'])
async def test_hints_in_a_gemini_body_go_to_no_vendor_and_are_no_loss(model, answer, name) -> None:
    body = json.dumps(GEMINIS)[:-1].encode() + f', {name}: {{"task":"coding"}}}}'.encode()
    client, record, sent = await House().ask("gemini", body, whole(answer), in_url=(model, False))
    assert client.status == 200, client.body
    told = json.loads(sent[0].body)
    assert "fairlead" not in told
    if model == FLASH:
        assert told == GEMINIS
    assert record.losses == ()


async def test_hints_in_a_gemini_body_are_heard() -> None:
    hinted = {**GEMINIS, "fairlead": {"tusk": "coding"}}
    for model in (FLASH, HAIKU):
        client, _, sent = await House().ask("gemini", hinted, in_url=(model, False))
        assert client.json()["error"]["status"] == "INVALID_ARGUMENT"
        assert "unknown hint 'tusk'" in client.json()["error"]["message"]
        assert not sent
    search = {**GEMINIS, "tools": [{"googleSearch": {}}]}
    client, _, sent = await House().ask("gemini", search, in_url=(HAIKU, False))
    assert (client.status, sent) == (400, [])
    allowed = {**search, "fairlead": {"allow_loss": True}}
    client, record, sent = await House().ask(
        "gemini", allowed, whole(MESSAGE), in_url=(HAIKU, False)
    )
    assert client.status == 200, client.body
    assert len(record.losses) == 1
    assert "fairlead" not in json.loads(sent[0].body)
