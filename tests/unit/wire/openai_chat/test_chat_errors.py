import json
from typing import get_args

import pytest

from fairlead.canon import STATUS, Problem, ProblemKind
from fairlead.wire.openai_chat import CODEC

QUOTA = b'{"error":{"message":"You exceeded your quota","type":"insufficient_quota","code":"insufficient_quota"}}'
LIMIT = b'{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}'
LONG = b'{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}'
BLOCKED = b'{"error":{"message":"filtered","param":"prompt","code":"content_filter","status":400}}'

CASES = [
    (429, QUOTA, "upstream_auth", True),
    (429, LIMIT, "rate_limited", True),
    (400, LONG, "context_length_exceeded", False),
    (400, BLOCKED, "content_blocked", False),
    (413, b"", "request_too_large", False),
    (418, b'{"error":"teapot"}', "invalid_request", False),
    (422, b'{"detail":[{"loc":["body"]}]}', "invalid_request", False),
    (500, b'{"error":{"message":"oops","type":"server_error","code":null}}', "upstream", True),
    (502, b"<html>Bad gateway</html>", "upstream", True),
    (503, b'{"error":{"message":"engine is overloaded"}}', "overloaded", True),
    (
        529,
        b'{"type":"error","error":{"type":"overloaded_error","message":"x"}}',
        "overloaded",
        True,
    ),
    (504, b"", "upstream_timeout", True),
    (403, b'{"error":{"message":"no"}}', "upstream_auth", True),
    (400, b'[{"error":{"message":"API key not valid","code":400}}]', "upstream_auth", True),
]


@pytest.mark.parametrize(("status", "body", "kind", "retryable"), CASES)
def test_read(status, body, kind, retryable):
    problem = CODEC.decode_error(status, {}, body)
    assert problem.kind == kind
    assert problem.retryable is retryable
    assert problem.upstream_status == status
    assert problem.message


def test_read_keeps_param_code_and_wait():
    problem = CODEC.decode_error(400, {"Retry-After": "7"}, LONG)
    assert (problem.param, problem.upstream_code) == ("messages", "context_length_exceeded")
    assert problem.retry_after == 7.0
    assert CODEC.decode_error(429, {"retry-after-ms": "250"}, LIMIT).retry_after == 0.25
    date = {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert CODEC.decode_error(429, date, LIMIT).retry_after is None


@pytest.mark.parametrize(
    ("status", "body", "kind", "remedy"),
    [
        (429, QUOTA, "upstream_auth", "payment"),
        (402, b'{"error":{"message":"Insufficient Balance"}}', "upstream_auth", "payment"),
        (401, b'{"error":{"message":"no","code":"invalid_api_key"}}', "upstream_auth", "key"),
        (400, b'{"error":"Incorrect API key provided: na***ys."}', "upstream_auth", "key"),
        (400, b'{"error":"no model: Incorrect API key provided"}', "invalid_request", None),
        (401, b'{"detail":"Unauthorized"}', "upstream_auth", None),
        (429, LIMIT, "rate_limited", None),
    ],
)
def test_what_mends_a_refusal_of_our_account(status, body, kind, remedy):
    problem = CODEC.decode_error(status, {}, body)
    assert (problem.kind, problem.remedy) == (kind, remedy)


@pytest.mark.parametrize("kind", get_args(ProblemKind))
def test_every_kind_can_be_told(kind):
    problem = Problem(kind, "It failed.", param="a.b", hint="Do this.")
    error = json.loads(CODEC.encode_error(problem, "req-1"))["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"] == "It failed. Do this."
    assert error["param"] == "a.b"
    assert isinstance(error["type"], str)
    assert STATUS[kind] >= 400


@pytest.mark.parametrize(
    ("message", "hint", "told"),
    [
        ("It failed", "Do this.", "It failed. Do this."),
        ("It failed! ", "Do this.", "It failed! Do this."),
        ("It failed", None, "It failed"),
    ],
)
def test_a_stop_stands_between_message_and_hint(message, hint, told):
    problem = Problem("invalid_request", message, hint=hint)
    assert json.loads(CODEC.encode_error(problem, "r"))["error"]["message"] == told


def test_words_that_clients_look_for():
    def words(kind):
        error = json.loads(CODEC.encode_error(Problem(kind, "x"), "r"))["error"]
        return error["type"], error["code"]

    assert words("context_length_exceeded") == ("invalid_request_error", "context_length_exceeded")
    assert words("authentication") == ("invalid_request_error", "invalid_api_key")
    assert words("billing") == ("insufficient_quota", "insufficient_quota")
    assert words("rate_limited") == ("rate_limit_error", "rate_limit_exceeded")
    assert words("model_not_found") == ("invalid_request_error", "model_not_found")
    assert words("invalid_request") == ("invalid_request_error", None)


def test_a_problem_s_own_code_goes_first():
    problem = Problem("invalid_request", "x", code="invalid_type")
    assert json.loads(CODEC.encode_error(problem, "r"))["error"]["code"] == "invalid_type"
