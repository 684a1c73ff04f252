import json

import pytest

from fairlead.canon import STATUS, Problem
from fairlead.wire.anthropic import CODEC


def body(kind, message="m", **more):
    return json.dumps(
        {"type": "error", "error": {"type": kind, "message": message, **more}}
    ).encode()


@pytest.mark.parametrize(
    ("status", "kind", "message", "meant", "retryable"),
    [
        (400, "invalid_request_error", "max_tokens: Field required", "invalid_request", False),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 3333404 tokens > 200000 maximum",
            "context_length_exceeded",
            False,
        ),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 199211 + 8192 > 200000",
            "context_length_exceeded",
            False,
        ),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            "upstream_auth",
            True,
        ),
        (401, "authentication_error", "invalid x-api-key", "upstream_auth", True),
        (402, "billing_error", "m", "upstream_auth", True),
        (403, "permission_error", "m", "upstream_auth", True),
        (404, "not_found_error", "model: claude-sonet-4-5", "model_not_found", False),
        (404, "not_found_error", "Not found", "not_found", False),
        (409, "conflict_error", "m", "conflict", True),
        (413, "request_too_large", "m", "request_too_large", False),
        (429, "rate_limit_error", "m", "rate_limited", True),
        (500, "api_error", "m", "upstream", True),
        (503, "api_error", "m", "overloaded", True),
        (504, "timeout_error", "m", "upstream_timeout", True),
        (529, "overloaded_error", "Overloaded", "overloaded", True),
        (418, "teapot_error", "m", "invalid_request", False),
        (599, "new_error", "m", "upstream", True),
    ],
)
def test_errors_by_type(status, kind, message, meant, retryable):
    found = CODEC.decode_error(status, {}, body(kind, message))
    assert (found.kind, found.message, found.retryable) == (meant, message, retryable)
    assert (found.upstream_status, found.upstream_code) == (status, kind)


@pytest.mark.parametrize(
    ("status", "kind", "message", "remedy"),
    [
        (401, "authentication_error", "invalid x-api-key", "key"),
        (402, "billing_error", "m", "payment"),
        (403, "permission_error", "m", None),
        (400, "invalid_request_error", "Your credit balance is too low to access", "payment"),
        (
            400,
            "invalid_request_error",
            "You have reached your specified API usage limits. You will regain access on 2026-04-01.",
            "payment",
        ),
    ],
)
def test_what_mends_a_refusal_of_our_account(status, kind, message, remedy):
    found = CODEC.decode_error(status, {}, body(kind, message))
    assert (found.kind, found.remedy) == ("upstream_auth", remedy)


def test_what_a_client_sent_is_not_taken_for_the_vendors_word_on_our_account():
    quoted = "messages.0.content.0: Input tag 'your credit balance is too low' does not match"
    found = CODEC.decode_error(400, {}, body("invalid_request_error", quoted))
    assert (found.kind, found.remedy) == ("invalid_request", None)


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        (400, "invalid_request"),
        (401, "upstream_auth"),
        (413, "request_too_large"),
        (429, "rate_limited"),
        (502, "upstream"),
        (503, "overloaded"),
        (504, "upstream_timeout"),
        (529, "overloaded"),
    ],
)
def test_errors_by_status_where_a_proxy_answered(status, meant):
    html = b"<html>\n<h1>Bad   Gateway</h1>" + b"x" * 5000
    found = CODEC.decode_error(status, {}, html)
    assert found.kind == meant
    assert "<h1>Bad Gateway</h1>" in found.message
    assert len(found.message) < 500


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b'{"error":"x"}', b"\xff", b"[" * 100_000])
def test_any_rubbish_is_a_problem(data):
    assert CODEC.decode_error(500, {}, data).kind == "upstream"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers, seconds):
    assert CODEC.decode_error(429, headers, body("rate_limit_error")).retry_after == seconds


def test_the_error_code_is_kept():
    details = {"error_code": "ramp_limit_exceeded"}
    found = CODEC.decode_error(429, {}, body("rate_limit_error", details=details))
    assert found.upstream_code == "ramp_limit_exceeded"


@pytest.mark.parametrize("kind", STATUS)
def test_every_kind_of_problem_has_a_type(kind):
    written = json.loads(CODEC.encode_error(Problem(kind, "m"), "req_1"))
    assert written["type"] == "error"
    assert written["request_id"] == "req_1"
    assert written["error"]["type"].endswith(("_error", "request_too_large"))


def test_param_and_hint_are_told():
    written = json.loads(
        CODEC.encode_error(Problem("invalid_request", "is bad", "n", code="c", hint="try 1"), "r")
    )
    assert written["error"] == {
        "type": "invalid_request_error",
        "message": "n: is bad (try 1)",
        "details": {"error_code": "c"},
    }


def test_clients_know_an_overflow_by_its_phrase():
    written = json.loads(CODEC.encode_error(Problem("context_length_exceeded", "300 > 200"), "r"))
    assert written["error"]["message"] == "prompt is too long: 300 > 200"
    assert CODEC.decode_error(400, {}, json.dumps(written).encode()).kind == (
        "context_length_exceeded"
    )
