"""Errors: what a vendor's status means, and how a problem is said to a client."""

import json

import pytest

from fairlead.canon import STATUS, Problem, StreamError
from fairlead.wire.codec import Reply
from fairlead.wire.gemini import CODEC, errors


def envelope(code: int, status: str, message: str, *details) -> bytes:
    error = {"code": code, "message": message, "status": status, "details": list(details)}
    return json.dumps({"error": error}).encode()


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "48s"}
INFO = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
OVER = "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."
CASES = {
    "bad key": (400, envelope(400, "INVALID_ARGUMENT", "no", INFO), "upstream_auth", None),
    "bad key, in words": (
        400,
        envelope(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
        "upstream_auth",
        None,
    ),
    "too long": (400, envelope(400, "INVALID_ARGUMENT", OVER), "context_length_exceeded", None),
    "too long, as 429": (
        429,
        envelope(429, "RESOURCE_EXHAUSTED", OVER),
        "context_length_exceeded",
        None,
    ),
    "quota": (429, envelope(429, "RESOURCE_EXHAUSTED", "quota", RETRY), "rate_limited", 48.0),
    "precondition": (400, envelope(400, "FAILED_PRECONDITION", "billing"), "upstream_auth", None),
    "permission": (403, envelope(403, "PERMISSION_DENIED", "no"), "upstream_auth", None),
    "someone's file": (
        403,
        envelope(403, "PERMISSION_DENIED", "You do not have permission to access the File x"),
        "permission",
        None,
    ),
    "a cached content that is gone": (
        403,
        envelope(403, "PERMISSION_DENIED", "CachedContent not found (or permission denied)"),
        "permission",
        None,
    ),
    "no such model": (
        404,
        envelope(404, "NOT_FOUND", "models/x is not found for API version v1beta"),
        "model_not_found",
        None,
    ),
    "no such cache": (
        404,
        envelope(404, "NOT_FOUND", "Not found: cache content"),
        "not_found",
        None,
    ),
    "overloaded": (
        503,
        envelope(503, "UNAVAILABLE", "The model is overloaded."),
        "overloaded",
        None,
    ),
    "deadline": (504, envelope(504, "DEADLINE_EXCEEDED", "late"), "upstream_timeout", None),
    "internal": (500, envelope(500, "INTERNAL", "oops"), "upstream", None),
    "a list": (429, b"[" + envelope(429, "RESOURCE_EXHAUSTED", "q") + b"]", "rate_limited", None),
    "an empty list": (500, b"[]", "upstream", None),
    "unknown status": (418, envelope(418, "TEAPOT", "t"), "invalid_request", None),
    "html": (502, b"<html>Bad Gateway</html>", "upstream", None),
    "too large": (413, envelope(413, "INVALID_ARGUMENT", "m"), "request_too_large", None),
    "html, too large": (413, b"<html>Too large</html>", "request_too_large", None),
    "nothing": (503, b"", "overloaded", None),
    "a string": (500, b'{"error":"down"}', "upstream", None),
    "bytes": (500, b"\xff\xfe\x00", "upstream", None),
}


@pytest.mark.parametrize("name", CASES)
def test_is_decoded(name):
    status, body, kind, retry_after = CASES[name]
    problem = CODEC.decode_error(status, {}, body)
    assert (problem.kind, problem.retry_after) == (kind, retry_after)
    assert problem.upstream_status == status
    assert problem.message
    retryable = {"rate_limited", "overloaded", "upstream", "upstream_timeout"}
    assert problem.retryable == (kind in retryable)


@pytest.mark.parametrize(
    ("status", "body", "kind", "remedy"),
    [
        (*CASES["bad key"][:3], "key"),
        (*CASES["bad key, in words"][:3], "key"),
        (*CASES["precondition"][:3], "payment"),
        (*CASES["permission"][:3], None),
        (*CASES["quota"][:3], None),
        (
            429,
            envelope(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."),
            "upstream_auth",
            "payment",
        ),
        (
            400,
            envelope(400, "FAILED_PRECONDITION", "The File x1 is not in an ACTIVE state and"),
            "invalid_request",
            None,
        ),
        (
            400,
            envelope(400, "INVALID_ARGUMENT", 'Unknown name "API key not valid": no such field'),
            "invalid_request",
            None,
        ),
    ],
)
def test_what_mends_a_refusal_of_our_account(status, body, kind, remedy):
    problem = CODEC.decode_error(status, {}, body)
    assert (problem.kind, problem.remedy) == (kind, remedy)


def test_every_reason_that_is_known_is_googles():
    reasons = pytest.importorskip("google.api.error_reason_pb2").ErrorReason.keys()
    assert set(errors._REMEDIES) <= set(reasons)


def test_a_header_tells_when_to_retry():
    problem = CODEC.decode_error(429, {"retry-after": "7"}, b"")
    assert problem.retry_after == 7


@pytest.mark.parametrize("kind", STATUS)
def test_every_kind_is_encoded(kind):
    problem = Problem(kind, "it went wrong", param="n", hint="try less", retry_after=1.5)
    error = json.loads(CODEC.encode_error(problem, "req-1"))["error"]
    assert error["code"] == STATUS[kind]
    assert error["message"] == "it went wrong"
    assert error["status"].isupper()
    info, retry = error["details"]
    assert info["metadata"] == {"requestId": "req-1", "param": "n", "hint": "try less"}
    assert retry["retryDelay"] == "1.5s"


def decode(data: bytes):
    decoder = CODEC.stream_decoder()
    return decoder.feed(data) + decoder.close()


CHUNK = b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}],"responseId":"r"}\r\n\r\n'
LAST = b'data: {"candidates":[{"finishReason":"STOP"}]}\r\n\r\n'


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (CHUNK + envelope(429, "RESOURCE_EXHAUSTED", "q", RETRY), "rate_limited"),
        (
            CHUNK + json.dumps(json.loads(envelope(503, "UNAVAILABLE", "x")), indent=2).encode(),
            "overloaded",
        ),
        (CHUNK + b"data: " + envelope(500, "INTERNAL", "x") + b"\r\n\r\n" + LAST, "upstream"),
        (CHUNK + b"data: {broken\r\n\r\n" + LAST, "upstream"),
        (CHUNK, "upstream"),
        (b"", "upstream"),
        (b"<html>", "upstream"),
        (b'{"candidates":3}', "upstream"),
        (b'[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]},{"cand', "upstream"),
    ],
)
def test_a_stream_that_breaks_ends_with_one_error(data, kind):
    events = decode(data)
    errors = [event for event in events if isinstance(event, StreamError)]
    assert [error.problem.kind for error in errors] == [kind]
    assert events[-1] is errors[0]


def test_an_error_in_the_stream_reaches_the_client():
    encoder = CODEC.stream_encoder(Reply("m", 0, "req-1"))
    said = encoder.encode(StreamError(Problem("overloaded", "busy")))
    assert json.loads(said.removeprefix(b"data: "))["error"]["status"] == "UNAVAILABLE"
    assert encoder.close() == b""
    (event,) = decode(said)
    assert event.problem.kind == "overloaded"
