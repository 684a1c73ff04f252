import json

import pytest

from fairlead.wire.bedrock.errors import decode_error, problem_of_exception

CASES = [
    ("ThrottlingException", 429, "rate_limited", True),
    ("ServiceQuotaExceededException", 400, "rate_limited", True),
    ("ValidationException", 400, "invalid_request", False),
    ("AccessDeniedException", 403, "upstream_auth", True),
    ("ExpiredTokenException", 403, "upstream_auth", True),
    ("UnrecognizedClientException", 403, "upstream_auth", True),
    ("InvalidSignatureException", 403, "upstream_auth", True),
    ("ResourceNotFoundException", 404, "model_not_found", False),
    ("ModelTimeoutException", 408, "upstream_timeout", True),
    ("ModelErrorException", 424, "upstream", True),
    ("ModelNotReadyException", 429, "overloaded", True),
    ("ModelStreamErrorException", 424, "upstream", True),
    ("InternalServerException", 500, "upstream", True),
    ("ServiceUnavailableException", 503, "overloaded", True),
    ("ConflictException", 400, "conflict", True),
]


@pytest.mark.parametrize(("name", "status", "kind", "retryable"), CASES)
def test_exceptions(name, status, kind, retryable) -> None:
    header = {"x-amzn-errortype": f"{name}:http://internal.amazon.com/coral/"}
    problem = decode_error(status, header, b'{"message": "no"}')
    assert (problem.kind, problem.retryable) == (kind, retryable)
    assert (problem.message, problem.upstream_code) == ("no", name)
    in_stream = problem_of_exception(name[:1].lower() + name[1:], b'{"message": "no"}')
    assert (in_stream.kind, in_stream.retryable) == (kind, retryable)


def test_every_exception_of_the_service_is_known() -> None:
    loaders = pytest.importorskip("botocore.loaders")
    shapes = loaders.Loader().load_service_model("bedrock-runtime", "service-2")["shapes"]
    names = {name for name, shape in shapes.items() if shape.get("exception")}
    assert names <= {name for name, *_ in CASES}
    for name, status, *_ in CASES:
        if name in names:
            assert shapes[name]["error"]["httpStatusCode"] == status


@pytest.mark.parametrize(
    ("name", "message", "remedy"),
    [
        ("UnrecognizedClientException", "The security token included in the request is invalid.", "key"),
        ("ExpiredTokenException", "The security token included in the request is expired", "key"),
        ("InvalidSignatureException", "The request signature we calculated does not match", "key"),
        ("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier", "clock"),
        ("RequestExpired", "", "clock"),
        ("AccessDeniedException", "You don't have access to the model with the ID.", None),
        ("", "Authentication failed: Please make sure your API Key is valid.", "key"),
    ],
)  # fmt: skip
def test_what_mends_a_refusal_of_our_account(name, message, remedy) -> None:
    told = json.dumps({"message": message}).encode()
    problem = decode_error(403, {"x-amzn-errortype": name}, told)
    assert (problem.kind, problem.remedy) == ("upstream_auth", remedy)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("The provided model identifier is invalid.", "model_not_found"),
        ("Invocation of model ID a with on-demand throughput isn\u2019t supported.", "model_not_found"),
        ("Input is too long for requested model.", "context_length_exceeded"),
        ("The model returned the following errors: prompt is too long: 2 > 1", "context_length_exceeded"),
        ("Malformed input request", "invalid_request"),
    ],
)  # fmt: skip
def test_what_only_the_message_tells(message, kind) -> None:
    problem = decode_error(400, {}, json.dumps({"message": message}).encode())
    assert problem.kind == kind


@pytest.mark.parametrize(
    ("status", "kind"), [(403, "upstream_auth"), (502, "upstream"), (418, "invalid_request")]
)
def test_a_body_that_is_no_json_is_told_by_its_status(status, kind) -> None:
    problem = decode_error(status, {"retry-after": "3"}, b"<html>nobody home</html>")
    assert problem.kind == kind
    assert "nobody home" in problem.message
    assert problem.retry_after == 3


def test_the_name_may_stand_in_the_body() -> None:
    body = b'{"__type": "com.amazon.coral#ThrottlingException", "Message": "slow"}'
    problem = decode_error(400, {"retry-after": "soon"}, body)
    assert (problem.kind, problem.message, problem.retry_after) == ("rate_limited", "slow", None)
