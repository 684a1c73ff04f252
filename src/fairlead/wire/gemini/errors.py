"""Errors: Google's status envelope to a `Problem`, and back.

    {"error": {"code": 429, "message": "...", "status": "RESOURCE_EXHAUSTED", "details": [...]}}

`code` repeats the HTTP status, `status` is a canonical gRPC name, `details` hold typed notes of
which two matter: `ErrorInfo.reason` (API_KEY_INVALID) and `RetryInfo.retryDelay` ("48s"). A
status alone lies: a bad key is 400 INVALID_ARGUMENT (recorded), and so is an overflown context.
A vendor's "who are you" is our operator's fault, never the client's: `upstream_auth`. "If your
request fails with a 400 or 500 error, you won't be charged for the tokens used"
(ai.google.dev/gemini-api/docs/billing).

What a message says of our account counts only at its beginning: further on it may quote what the
client sent, who could shut the upstream for everybody by it.
"""

import re
from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Problem, ProblemKind, Remedy
from fairlead.wire.gemini.types import ENCODER

__all__ = ["decode_error", "encode_error", "problem_of", "unreadable"]


class _Detail(Struct, rename={"type": "@type", "retry_delay": "retryDelay"}):
    type: str | None = None
    reason: str | None = None
    retry_delay: str | None = None


class _Error(Struct):
    code: int | None = None
    message: str | None = None
    status: str | None = None
    details: list[Raw] | None = None


class _Envelope(Struct):
    error: _Error | str | None = None


_BODY: Final = msgspec.json.Decoder(_Envelope | list[_Envelope], strict=False)
_ERROR: Final = msgspec.json.Decoder(_Error, strict=False)
_DETAIL: Final = msgspec.json.Decoder(_Detail, strict=False)

_BY_STATUS: Final[dict[str, ProblemKind]] = {
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "upstream_auth",  # no free tier here, billing is not set up
    "OUT_OF_RANGE": "invalid_request",
    "UNAUTHENTICATED": "upstream_auth",
    "PERMISSION_DENIED": "upstream_auth",
    "NOT_FOUND": "not_found",
    "ALREADY_EXISTS": "conflict",
    "ABORTED": "conflict",
    "RESOURCE_EXHAUSTED": "rate_limited",
    "CANCELLED": "upstream",
    "UNIMPLEMENTED": "unsupported",
    "UNKNOWN": "upstream",
    "INTERNAL": "upstream",
    "DATA_LOSS": "upstream",
    "UNAVAILABLE": "overloaded",
    "DEADLINE_EXCEEDED": "upstream_timeout",
}
_BY_CODE: Final[dict[int, ProblemKind]] = {
    400: "invalid_request",
    401: "upstream_auth",
    403: "upstream_auth",
    404: "not_found",
    408: "upstream_timeout",
    409: "conflict",
    413: "request_too_large",
    429: "rate_limited",
    501: "unsupported",
    503: "overloaded",
    504: "upstream_timeout",
    529: "overloaded",
}
# What the message adds to the status: (kinds it may refine, pattern, kind). The first match wins.
_REFINED: Final[tuple[tuple[frozenset[ProblemKind], re.Pattern[str], ProblemKind], ...]] = (
    (
        frozenset({"invalid_request", "rate_limited"}),
        # The sentence "The input token count (1250074) exceeds the maximum number ..." is recorded.
        re.compile(r"token count.{0,80}exceeds the maximum|exceeds the maximum number of tokens"),
        "context_length_exceeded",
    ),
    (
        frozenset({"invalid_request"}),
        re.compile(r"^API[ _]key (not valid|not found|expired)", re.IGNORECASE),
        "upstream_auth",
    ),
    (
        frozenset({"rate_limited"}),
        # "Your prepayment credits are depleted. Please go to AI Studio at ..." (dyad-sh/dyad#3626)
        re.compile(r"^Your prepayment credits are depleted", re.IGNORECASE),
        "upstream_auth",
    ),
    (
        frozenset({"invalid_request"}),
        re.compile(r"payload size exceeds|request (entity )?too large", re.IGNORECASE),
        "request_too_large",
    ),
    (
        frozenset({"not_found"}),
        # "models/x is not found for API version v1beta", "Publisher Model `...` not found"
        re.compile(
            r"\bmodels?/\S+ (is|was) not found|publisher model|model .{0,200}not found",
            re.IGNORECASE,
        ),
        "model_not_found",
    ),
    (
        frozenset({"upstream_auth"}),
        # FAILED_PRECONDITION too, of a file of the client's: "400 The File 4d21d8wxg1pe is not in
        # an ACTIVE state and usage is not allowed" (expectedparrot/edsl#1907).
        re.compile(r"^The File \S+ is not in an ACTIVE state"),
        "invalid_request",
    ),
    (
        frozenset({"upstream_auth"}),
        # Also "CachedContent not found (or permission denied)": the object, not the account.
        re.compile(
            r"access the (File|CachedContent|Tuned)|^CachedContent not found", re.IGNORECASE
        ),
        "permission",
    ),
)
_REMEDIES: Final[dict[str, Remedy]] = {
    # What is quoted is of `google.api.ErrorReason` (googleapis-common-protos, error_reason.proto).
    "API_KEY_INVALID": "key",  # "in a bad format, cannot be found, or has been expired"
    "API_KEY_SERVICE_BLOCKED": "key",  # "violates API key API restrictions"
    "API_KEY_HTTP_REFERRER_BLOCKED": "key",
    "API_KEY_IP_ADDRESS_BLOCKED": "key",
    "API_KEY_ANDROID_APP_BLOCKED": "key",
    "API_KEY_IOS_APP_BLOCKED": "key",
    "ACCESS_TOKEN_EXPIRED": "key",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "key",
    "ACCESS_TOKEN_TYPE_UNSUPPORTED": "key",
    "ACCOUNT_STATE_INVALID": "key",  # "in an invalid state, such as disabled or deleted"
    "CREDENTIALS_MISSING": "key",
    "JWT_TOKEN_INVALID": "key",
    "BILLING_DISABLED": "payment",
}
"""What mends a refusal of our account, by its reason."""
_REMEDIES_BY_STATUS: Final[dict[str, Remedy]] = {
    # "Gemini API free tier is not available in your country. Please enable billing"
    # (ai.google.dev/gemini-api/docs/troubleshooting).
    "FAILED_PRECONDITION": "payment",
    "RESOURCE_EXHAUSTED": "payment",  # our account's fault only where its credit is used up
    "INVALID_ARGUMENT": "key",
}

_RETRYABLE: Final = frozenset({"rate_limited", "overloaded", "upstream", "upstream_timeout"})
_HINTS: Final[dict[ProblemKind, str]] = {
    "upstream_auth": "the gateway's own credentials for this vendor need its operator's attention",
    "rate_limited": "wait as long as retry-after says, or let another model take the request",
    "context_length_exceeded": "shorten the conversation or choose a model with a larger window",
}
_DELAY: Final = re.compile(r"^(\d{1,7}(?:\.\d+)?)s$")


def decode_error(status: int, headers: dict[str, str], body: bytes) -> Problem:
    """The `Problem` that an HTTP error tells. Never raises: a body that isn't JSON is quoted."""
    after = headers.get("retry-after", headers.get("Retry-After", ""))
    retry_after = float(after) if after.isdecimal() and len(after) < 8 else None
    try:
        read = _BODY.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _problem(status, _Error(message=_quoted(body)), retry_after)
    envelope = (read[0] if read else _Envelope()) if isinstance(read, list) else read
    error = envelope.error
    if isinstance(error, str):
        error = _Error(message=error)
    return _problem(status, error or _Error(message=_quoted(body)), retry_after)


def problem_of(error: Raw) -> Problem:
    """The `Problem` of an `error` object that came with HTTP status 200 (in mid-stream)."""
    try:
        read = _ERROR.decode(error)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        read = _Error(message=_quoted(bytes(error)))
    return _problem(read.code or 500, read, None)


def unreadable(what: str) -> Problem:
    """The vendor's answer can't be read: ours to report, worth another try elsewhere."""
    return Problem("upstream", what, retryable=True, upstream_status=200)


def _problem(status: int, error: _Error, retry_after: float | None) -> Problem:
    message = error.message or f"the vendor answered with status {status} and said no more"
    reason = None
    for raw in error.details or ():
        try:
            detail = _DETAIL.decode(raw)
        except msgspec.DecodeError:
            continue
        reason = reason or detail.reason
        if detail.retry_delay and (told := _DELAY.match(detail.retry_delay)):
            retry_after = float(told[1])
    # Google's words have none for a body that is too large: the status tells it alone.
    kind = None if status == 413 else _BY_STATUS.get(error.status or "")
    if kind is None:
        kind = _BY_CODE.get(status, "invalid_request" if 400 <= status < 500 else "upstream")
    if reason in _REMEDIES:
        kind = "upstream_auth"
    kind = _refined(kind, message)
    remedy = None
    if kind == "upstream_auth":
        remedy = _REMEDIES.get(reason or "") or _REMEDIES_BY_STATUS.get(error.status or "")
    return Problem(
        kind,
        message,
        hint=_HINTS.get(kind),
        retry_after=retry_after,
        retryable=kind in _RETRYABLE,
        charged=False,
        upstream_status=status,
        upstream_code=reason or error.status,
        remedy=remedy,
    )


def _refined(kind: ProblemKind, message: str) -> ProblemKind:
    for kinds, pattern, better in _REFINED:
        if kind in kinds and pattern.search(message[:2000]):
            return better
    return kind


def _quoted(body: bytes) -> str:
    text = " ".join(body[:300].decode("utf-8", "replace").split())
    return f"the vendor's answer is no JSON error: {text[:200]!r}" if text else ""


_STATUS_WORDS: Final[dict[ProblemKind, str]] = {
    "invalid_request": "INVALID_ARGUMENT",
    "unsupported": "INVALID_ARGUMENT",
    "context_length_exceeded": "INVALID_ARGUMENT",
    "content_blocked": "INVALID_ARGUMENT",
    "authentication": "UNAUTHENTICATED",
    "billing": "FAILED_PRECONDITION",
    "permission": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "model_not_found": "NOT_FOUND",
    "conflict": "ABORTED",
    "timeout": "DEADLINE_EXCEEDED",
    "request_too_large": "INVALID_ARGUMENT",
    "rate_limited": "RESOURCE_EXHAUSTED",
    "internal": "INTERNAL",
    "upstream": "INTERNAL",
    "upstream_auth": "UNAVAILABLE",
    "upstream_unreachable": "UNAVAILABLE",
    "upstream_timeout": "DEADLINE_EXCEEDED",
    "overloaded": "UNAVAILABLE",
    "cancelled": "CANCELLED",
}


def encode_error(problem: Problem, request_id: str) -> bytes:
    """Google's envelope for `problem`: `ErrorInfo` with our facts, `RetryInfo` when known."""
    facts = {"requestId": request_id, "param": problem.param, "hint": problem.hint}
    info: dict[str, object] = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": (problem.code or problem.kind).upper(),
        "domain": "fairlead",
        "metadata": {name: value for name, value in facts.items() if value},
    }
    details = [info]
    if problem.retry_after is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        details.append({"@type": kind, "retryDelay": f"{problem.retry_after:g}s"})
    error = {
        "code": problem.status,
        "message": problem.message,
        "status": _STATUS_WORDS[problem.kind],
        "details": details,
    }
    return ENCODER.encode({"error": error})
