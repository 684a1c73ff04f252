"""Bedrock's refusals as problems: `{"message": ...}`, the exception's name in a header.

Names and statuses are those of botocore's `bedrock-runtime` service model (shapes with
`exception`), and of AWS's common errors, which the front door answers before the service does
(docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html). The header reads
`x-amzn-errortype: ValidationException:http://internal.amazon.com/coral/...`; in a stream the same
names stand in `:exception-type`, with a small first letter.
"""

from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Problem, ProblemKind, Remedy
from fairlead.wire.refusals import not_json, seconds_to_wait

__all__ = ["decode_error", "problem_of_exception"]


class _Body(Struct):
    message: str = ""
    Message: str = ""
    code: str = msgspec.field(default="", name="__type")


_BODY: Final = msgspec.json.Decoder(_Body)

_BY_NAME: Final[dict[str, ProblemKind]] = {
    "validationexception": "invalid_request",
    "throttlingexception": "rate_limited",
    "toomanyrequestsexception": "rate_limited",
    # "Your request exceeds the service quota for your account": answered with 400.
    "servicequotaexceededexception": "rate_limited",
    "accessdeniedexception": "upstream_auth",
    "resourcenotfoundexception": "model_not_found",
    "modeltimeoutexception": "upstream_timeout",
    # "The model specified in the request is not ready to serve inference requests. The AWS SDK will
    # automatically retry the operation up to 5 times."
    "modelnotreadyexception": "overloaded",
    "modelerrorexception": "upstream",
    "modelstreamerrorexception": "upstream",
    "internalserverexception": "upstream",
    "internalfailure": "upstream",
    "serviceunavailableexception": "overloaded",
    "serviceunavailable": "overloaded",
    "conflictexception": "conflict",
    # Common errors: whatever is wrong with who signs is the operator's affair.
    "unrecognizedclientexception": "upstream_auth",
    "invalidclienttokenid": "upstream_auth",
    "invalidsignatureexception": "upstream_auth",
    "incompletesignatureexception": "upstream_auth",
    "incompletesignature": "upstream_auth",
    "missingauthenticationtokenexception": "upstream_auth",
    "expiredtokenexception": "upstream_auth",
    "notauthorized": "upstream_auth",
    "optinrequired": "upstream_auth",
    "requestexpired": "upstream_auth",
}
_REMEDIES: Final[dict[str, Remedy]] = {
    "unrecognizedclientexception": "key",  # "The security token included [...] is invalid."
    "invalidclienttokenid": "key",  # "The X.509 certificate or AWS access key ID [...] not exist"
    "invalidsignatureexception": "key",  # "... does not match the signature you provided. Check
    # your AWS Secret Access Key and signing method."
    "incompletesignatureexception": "key",
    "incompletesignature": "key",
    "missingauthenticationtokenexception": "key",
    "expiredtokenexception": "key",
    "requestexpired": "clock",  # "The request is no longer valid due to expired timestamps."
}
"""What mends a refusal of our account, by its name; AccessDeniedException and others may be about
one model, and are left to the status."""
_REMEDIES_SAID: Final[tuple[tuple[str, Remedy], ...]] = (
    # Said by InvalidSignatureException too: "Signature expired: 20260101T000000Z is now earlier
    # than ..." (docs.aws.amazon.com/IAM, Troubleshoot Signature Version 4: "credential scope").
    ("signature expired", "clock"),
    ("signature not yet current", "clock"),
    # A key of Bedrock's own (a bearer token): a 403 without another name.
    ("authentication failed: please make sure your api key is valid", "key"),
)
"""The same by how the message begins, which knows better."""
_BY_STATUS: Final[dict[int, ProblemKind]] = {
    400: "invalid_request",
    401: "upstream_auth",
    403: "upstream_auth",
    404: "model_not_found",
    408: "upstream_timeout",
    409: "conflict",
    413: "request_too_large",
    424: "upstream",
    429: "rate_limited",
    503: "overloaded",
    504: "upstream_timeout",
}
_RETRYABLE: Final = frozenset(
    {"upstream_auth", "rate_limited", "upstream", "upstream_timeout", "overloaded", "conflict"}
)
"""The same request may succeed later or elsewhere."""

# What the name does not tell. "The provided model identifier is invalid." and "The model returned
# the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length." are
# recorded; "Invocation of model ID ... with on-demand throughput isn't supported. Retry your
# request with the ID or ARN of an inference profile that contains this model." is what many
# report; the rest are Anthropic's own words, behind "The model returned the following errors: ".
_BY_MESSAGE: Final[tuple[tuple[str, ProblemKind], ...]] = (
    ("model identifier is invalid", "model_not_found"),
    ("on-demand throughput isn", "model_not_found"),
    ("input tokens exceed", "context_length_exceeded"),
    ("input is too long", "context_length_exceeded"),
    ("prompt is too long", "context_length_exceeded"),
    ("exceed context limit", "context_length_exceeded"),
)
_HINTS: Final[dict[ProblemKind, str]] = {
    "upstream_auth": "the gateway's own account at AWS is at fault: its operator must act",
    "context_length_exceeded": "shorten the prompt, or choose a model with a larger context window",
    "overloaded": "the vendor is overloaded: try again, or choose another model",
    "model_not_found": "Bedrock knows models by its own ids, many of them by an inference profile"
    " (us.anthropic...) alone: set `models` or `profile_prefix` of the upstream",
}


def decode_error(status: int, headers: dict[str, str], body: bytes) -> Problem:
    """What a non-2xx answer means. `headers` have lower-case names. Never raises."""
    try:
        said = _BODY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _Body(message=not_json(status, body))
    # Other services of AWS name the exception in the body, some with a namespace before `#`.
    name = headers.get("x-amzn-errortype", "").partition(":")[0] or said.code.rpartition("#")[2]
    return _problem(name, said.message or said.Message, status, seconds_to_wait(headers))


def problem_of_exception(name: str, payload: bytes) -> Problem:
    """What an exception in the middle of a stream means. Never raises."""
    try:
        said = _BODY.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _Body(message=not_json(None, payload))
    return _problem(name, said.message or said.Message, None, None)


def _problem(name: str, message: str, status: int | None, retry_after: float | None) -> Problem:
    blamed: ProblemKind = "invalid_request" if 400 <= (status or 500) < 500 else "upstream"
    kind = _BY_NAME.get(name.lower()) or _BY_STATUS.get(status or 500, blamed)
    if kind == "invalid_request":
        lower = message.lower()
        kind = next((meant for part, meant in _BY_MESSAGE if part in lower), kind)
    return Problem(
        kind,
        message or f"the vendor answered {name or status}",
        hint=_HINTS.get(kind),
        retry_after=retry_after,
        retryable=kind in _RETRYABLE,
        upstream_status=status,
        upstream_code=name or None,
        remedy=_remedy(name, message) if kind == "upstream_auth" else None,
    )


def _remedy(name: str, message: str) -> Remedy | None:
    lower = message.lower()
    for beginning, remedy in _REMEDIES_SAID:
        if lower.startswith(beginning):
            return remedy
    return _REMEDIES.get(name.lower())
