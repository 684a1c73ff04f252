"""Where translations go wrong, lines 34 to 37 and 39: what a vendor's refusal means on the trip."""

import json

import pytest
from tests.contract.translation import CODECS, say
from tests.contract.trip import error, events, told, trip

HAIKU, FLASH, GPT = "claude-haiku-4-5", "gemini-2.5-flash", "gpt-9"
CLIENTS = ("openai_chat", "anthropic", "gemini")
CLAUDE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
    "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn",
    "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 2},
}  # fmt: skip
GEMINI = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Hello"}]},
                    "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 1, "totalTokenCount": 8},
}  # fmt: skip


def claude(kind, message="no", **more):
    return {"type": "error", "error": {"type": kind, "message": message, **more}}


def google(code, word, message="no", *details):
    return {"error": {"code": code, "message": message, "status": word, "details": list(details)}}


def ask(client, model):
    """A plain body for a model, and what the URL says where the dialect has it there."""
    body = say("Hi", client)
    if client == "gemini":
        return body, (model, False)
    return body | {"model": model}, None


async def refused(client, model, answer, **changes):
    body, url = ask(client, model)
    return await trip(body, answer, client=client, url=url, **changes)


# 35. "status alone lies: a bad Gemini key is 400 API_KEY_INVALID; context overflow has five shapes,
#     Gemini's is 429 or 400"

KEY = google(
    400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
    {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
)  # fmt: skip


@pytest.mark.parametrize("client", ["openai_chat", "anthropic"])
async def test_35_the_gateways_own_bad_key_is_no_fault_of_the_clients(client):
    got = await refused(client, FLASH, error(400, KEY))
    assert got.status == 502
    assert got.record.outcome == "upstream_error"


OVERFLOWS = {
    "gemini 400": (FLASH, 400, google(
        400, "INVALID_ARGUMENT",
        "The input token count (1250074) exceeds the maximum number of tokens allowed (1048575).")),
    "gemini 429": (FLASH, 429, google(
        429, "RESOURCE_EXHAUSTED",
        "The input token count (1250074) exceeds the maximum number of tokens allowed (1048575).")),
    "anthropic": (HAIKU, 400, claude(
        "invalid_request_error", "prompt is too long: 3333404 tokens > 200000 maximum")),
    "anthropic with its limit": (HAIKU, 400, claude(
        "invalid_request_error",
        "input length and `max_tokens` exceed context limit: 199211 + 8192 > 200000")),
    "openai": (GPT, 400, {"error": {
        "message": "This model's maximum context length is 8192 tokens.",
        "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}),
}  # fmt: skip


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("shape", OVERFLOWS)
async def test_35_an_overflow_is_one_in_all_its_shapes(shape, client):
    model, status, body = OVERFLOWS[shape]
    got = await refused(client, model, error(status, body))
    assert got.status == (status if same(client, model) else 400)
    assert got.record.outcome == "refused"
    if not same(client, model):
        marks = {"openai_chat": "context_length_exceeded", "anthropic": "prompt is too long",
                 "gemini": "CONTEXT_LENGTH_EXCEEDED"}  # fmt: skip
        assert marks[client] in got.body.decode()


def same(client, model):
    """Whether the client speaks the model's dialect: then the vendor's own words go to it."""
    return {HAIKU: "anthropic", FLASH: "gemini", GPT: "openai_chat"}[model] == client


# 36. "retry hints: Gemini's RetryInfo.retryDelay "48s" -> Retry-After; Anthropic 529, 402, 413, 504"

RETRY = google(
    429, "RESOURCE_EXHAUSTED", "quota",
    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "47.6s"},
)  # fmt: skip


@pytest.mark.parametrize("client", ["openai_chat", "anthropic"])
async def test_36_geminis_delay_is_a_header(client):
    got = await refused(client, FLASH, error(429, RETRY))
    assert got.status == 429
    assert got.headers["retry-after"] == "48"


@pytest.mark.parametrize("client", CLIENTS)
async def test_36_a_vendors_header_comes_back(client):
    got = await refused(
        client, HAIKU, error(429, claude("rate_limit_error"), **{"retry-after": "7"})
    )
    assert (got.status, got.headers["retry-after"]) == (429, "7")


STATUSES = [
    # Anthropic's status and type, ours to clients of other dialects, whether another may try
    (400, "invalid_request_error", 400, False),
    (401, "authentication_error", 502, True),
    (402, "billing_error", 502, True),
    (403, "permission_error", 502, True),
    (404, "not_found_error", 404, False),
    (413, "request_too_large", 413, False),
    (429, "rate_limit_error", 429, True),
    (500, "api_error", 502, True),
    (504, "timeout_error", 504, True),
    (529, "overloaded_error", 503, True),
]


@pytest.mark.parametrize(("status", "kind", "ours", "again"), STATUSES)
@pytest.mark.parametrize("client", ["openai_chat", "gemini"])
async def test_36_each_status_of_anthropics_has_ours(client, status, kind, ours, again):
    got = await refused(client, HAIKU, error(status, claude(kind)))
    assert got.status == ours
    problem = CODECS["anthropic"].decode_error(status, {}, json.dumps(claude(kind)).encode())
    assert problem.retryable is again


@pytest.mark.parametrize("status", [402, 413, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("vendor", ["openai_chat", "anthropic", "gemini"])
def test_36_a_proxy_that_answers_with_a_page_is_read_by_its_status(vendor, status):
    problem = CODECS[vendor].decode_error(status, {}, b"<html>Bad gateway</html>")
    assert problem.upstream_status in (status, None)
    assert problem.kind == {413: "request_too_large"}.get(status, problem.kind)
    if status >= 500:
        assert problem.retryable


@pytest.mark.parametrize("status", [429, 500, 503, 504, 529])
async def test_36_the_next_candidate_serves_before_the_first_byte(status):
    body = say("Say hello.") | {"model": "auto"}
    got = await trip(body, error(status, claude("overloaded_error")), told(GEMINI))
    assert got.status == 200
    assert got.told["choices"][0]["message"]["content"] == "Hello"
    assert len(got.sent) == 2


@pytest.mark.parametrize("client", CLIENTS)
async def test_36_what_only_the_client_can_mend_is_not_tried_elsewhere(client):
    body, url = ask(client, "auto")
    fault = claude("invalid_request_error", "messages.0: bad")
    got = await trip(body, error(400, fault), client=client, url=url)
    assert len(got.sent) == 1
    assert got.status == 400


async def test_36_headers_of_any_kind_are_survived():
    for value in ("soon", "-5", "9" * 400, "NaN", "1e400", "Wed, 21 Oct 2026 07:28:00 GMT"):
        for model, fault in ((HAIKU, claude("rate_limit_error")), (FLASH, RETRY)):
            got = await refused("openai_chat", model, error(429, fault, **{"retry-after": value}))
            assert got.status == 429


# 37. "Anthropic adds `error.details.error_code`"


def test_37_the_vendors_code_is_kept():
    fault = claude("invalid_request_error", "no", details={"error_code": "credit_required"})
    problem = CODECS["anthropic"].decode_error(400, {}, json.dumps(fault).encode())
    assert problem.upstream_code == "credit_required"
    back = json.loads(CODECS["anthropic"].encode_error(problem, "fl-1"))
    assert back["error"]["details"] == {"error_code": "credit_required"}


@pytest.mark.parametrize("vendor", ["openai_chat", "anthropic", "gemini"])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"x"', b"{}", b'{"error": null}', b'{"error": 1}', b'{"error": "x"}',
        b'{"error": []}', b'{"error": {"message": 1}}', b'{"error": {"code": "x", "details": 1}}',
        b'{"message": "only this"}', b"\xff", b'[{"error": {"code": 400}}]', b'{"detail": "x"}',
        b'{"error": {"details": [1, null, {"retryDelay": 5}]}}', b"[" * 10_000,
    ],
)  # fmt: skip
def test_37_an_error_that_is_none_is_still_one(vendor, body):
    problem = CODECS[vendor].decode_error(500, {}, body)
    assert problem.message
    for client in CODECS.values():
        json.loads(client.encode_error(problem, "fl-1"))


# 34, on the trip

HALF = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message",'
    b'"role":"assistant","model":"c","content":[],"stop_reason":null,"stop_sequence":null,'
    b'"usage":{"input_tokens":9,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Hel"}}\n\n'
)
FAULT = b"event: error\ndata: " + json.dumps(claude("overloaded_error")).encode() + b"\n\n"


async def test_34_nothing_is_glued_on_behind_an_error_in_mid_stream():
    body = say("Hi", stream=True) | {"model": "auto"}
    got = await trip(body, events(HALF, FAULT), told(GEMINI))
    assert got.status == 200
    assert got.record.outcome == "stream_broken"
    assert got.body.count(b"Hel") == 1
    assert b"Hello" not in got.body
    assert got.body.rstrip().endswith(b"}")
    assert len(got.sent) == 1


async def test_34_an_error_before_the_first_byte_goes_to_the_next():
    body = say("Hi", stream=True) | {"model": "auto"}
    line = b"data: " + json.dumps(GEMINI).encode() + b"\r\n\r\n"
    got = await trip(body, events(FAULT), events(line))
    assert got.status == 200
    assert b"Hello" in got.body
    assert b"Overloaded" not in got.body
    assert len(got.sent) == 2
