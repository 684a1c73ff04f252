"""Errors of OpenAI's dialects: `{"error": {message, type, param, code}}`, both ways, by tables.

Vendors that speak this dialect agree on little but the braces: `code` may be a number, `type` may
hold the code, `error` may be a string, and there may be `detail` or `message` instead (all
recorded). What they say is asked in the order code, type, wording, status.

That the vendor wants money is the gateway's affair like a bad key (`upstream_auth`), never the
client's: OpenAI says it with 429, though no waiting mends it.
"""

from typing import Any, Final

import msgspec

from fairlead.canon import Problem, ProblemKind, Remedy
from fairlead.wire.refusals import seconds_to_wait

__all__ = ["decode_error", "encode_error", "problem_of"]

_CODES: Final[dict[str, ProblemKind]] = {
    "context_length_exceeded": "context_length_exceeded",
    "string_above_max_length": "context_length_exceeded",
    "too_many_prompt_tokens": "context_length_exceeded",
    "content_filter": "content_blocked",
    "content_policy_violation": "content_blocked",
    "invalid_api_key": "upstream_auth",
    "authentication_error": "upstream_auth",
    "insufficient_quota": "upstream_auth",
    "billing_hard_limit_reached": "upstream_auth",
    "billing_not_active": "upstream_auth",
    "account_deactivated": "upstream_auth",
    "rate_limit_exceeded": "rate_limited",
    "RateLimitReached": "rate_limited",
    "tokens": "rate_limited",
    "requests": "rate_limited",
    "model_not_found": "model_not_found",
    "DeploymentNotFound": "model_not_found",
    "engine_overloaded": "overloaded",
    "server_overloaded": "overloaded",
    "overloaded_error": "overloaded",
    "slow_down": "overloaded",
    "timeout": "upstream_timeout",
    "server_error": "upstream",
    "internal_server_error": "upstream",
}
"""`error.code` or `error.type` to a kind. Type `invalid_request_error` is left to the status."""

_REMEDIES: Final[dict[str, Remedy]] = {
    "invalid_api_key": "key",
    "account_deactivated": "key",
    "insufficient_quota": "payment",
    "billing_hard_limit_reached": "payment",
    "billing_not_active": "payment",
    "402": "payment",
}
"""What mends a refusal of our account, by code, type or status."""

_BAD_KEY: Final = ("incorrect api key provided", "api key not valid")
"""How a 400 begins that is about our key: xAI's (continuedev/continue#10778), Google's at its
address of this dialect. Only the beginning counts: further on, a client may be quoted."""

_OVERFLOW: Final = (
    "maximum context length",
    "context length exceeded",
    "exceeds the context window",
    "exceeded max context length",
    "prompt too long",
    "prompt is too long",
    "total length of all messages is too long",
)
"""Wordings of a prompt that does not fit, for vendors that have no code for it (recorded)."""

_NO_EMBEDDINGS: Final = "not allowed to generate embeddings from this model"
"""OpenAI's 403 of a model that makes none (infiniflow/ragflow#1835): the client named it, and the
gateway's key is good. It has no code."""

_STATUSES: Final[dict[int, ProblemKind]] = {
    400: "invalid_request",
    401: "upstream_auth",
    402: "upstream_auth",
    403: "upstream_auth",
    404: "model_not_found",
    408: "upstream_timeout",
    409: "conflict",
    413: "request_too_large",
    422: "invalid_request",
    429: "rate_limited",
    499: "cancelled",
    503: "overloaded",
    504: "upstream_timeout",
    529: "overloaded",
}
_RETRYABLE: Final = frozenset(
    {"conflict", "rate_limited", "upstream", "upstream_auth", "upstream_timeout", "overloaded"}
    | {"upstream_unreachable", "timeout"}
)
"""Kinds for which another try, later or elsewhere, may help."""

_TOLD: Final[dict[ProblemKind, tuple[str, str | None]]] = {
    "invalid_request": ("invalid_request_error", None),
    "unsupported": ("invalid_request_error", "unsupported_value"),
    "context_length_exceeded": ("invalid_request_error", "context_length_exceeded"),
    "content_blocked": ("invalid_request_error", "content_filter"),
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "billing": ("insufficient_quota", "insufficient_quota"),
    "permission": ("invalid_request_error", "permission_denied"),
    "not_found": ("invalid_request_error", "not_found"),
    "model_not_found": ("invalid_request_error", "model_not_found"),
    "conflict": ("invalid_request_error", "conflict"),
    "timeout": ("timeout", "timeout"),
    "request_too_large": ("invalid_request_error", "request_too_large"),
    "rate_limited": ("rate_limit_error", "rate_limit_exceeded"),
    "internal": ("server_error", "internal_error"),
    "upstream": ("server_error", "upstream_error"),
    "upstream_auth": ("server_error", "upstream_authentication"),
    "upstream_unreachable": ("server_error", "upstream_unreachable"),
    "upstream_timeout": ("server_error", "upstream_timeout"),
    "overloaded": ("server_error", "server_overloaded"),
    "cancelled": ("server_error", "cancelled"),
}
"""Kind to (type, code), the words that OpenAI's clients know."""

_TEXT_MAX: Final = 500
_STOPS: Final = (".", "!", "?", ":", ";", "\u2026")
_ANY: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()


def decode_error(status: int, headers: dict[str, str], body: bytes) -> Problem:
    """What a vendor's error says. Never raises; `headers` may be of either case."""
    lower = {name.lower(): value for name, value in headers.items()}
    return problem_of(_read(body), status, seconds_to_wait(lower))


def problem_of(error: object, status: int, retry_after: float | None = None) -> Problem:
    """A problem from the JSON of an error (the `error` object, a text, or anything else)."""
    fields: dict[str, Any] = error if isinstance(error, dict) else {"message": error}
    message = _text(fields.get("message")) or _text(fields.get("detail")) or f"status {status}"
    code, type_ = _text(fields.get("code")), _text(fields.get("type"))
    if status < 400:  # in mid-stream the status is only here (OpenRouter, Groq)
        inner = code if code is not None and code.isdigit() else _text(fields.get("status_code"))
        if inner is not None and inner.isdigit() and len(inner) == 3:
            status = int(inner)
    kind = _kind(code, type_, message, status)
    return Problem(
        kind,
        message,
        param=_text(fields.get("param")),
        retry_after=retry_after,
        retryable=kind in _RETRYABLE,
        upstream_status=status if status >= 400 else None,
        upstream_code=code or type_,
        remedy=_remedy(code, type_, status) if kind == "upstream_auth" else None,
    )


def _kind(code: str | None, type_: str | None, message: str, status: int) -> ProblemKind:
    kind = _CODES.get(code or "") or _CODES.get(type_ or "")
    if kind is not None and kind != "upstream":
        return kind
    if status in (400, 413, 422, 429) or status < 400:
        lower = message.lower()
        if status == 400 and lower.startswith(_BAD_KEY):
            return "upstream_auth"
        if any(wording in lower for wording in _OVERFLOW):
            return "context_length_exceeded"
    if status == 403 and _NO_EMBEDDINGS in message:
        return "unsupported"
    return _STATUSES.get(status, "invalid_request" if 400 <= status < 500 else "upstream")


def _remedy(code: str | None, type_: str | None, status: int) -> Remedy | None:
    for said in (code, type_, str(status)):
        if said in _REMEDIES:
            return _REMEDIES[said]
    return "key" if status == 400 else None


def _read(body: bytes) -> object:
    try:
        found = _ANY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return body[:_TEXT_MAX].decode("utf-8", "replace").strip()
    if isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, dict) and found.get("error"):
        return found["error"]
    return found


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value[:_TEXT_MAX]
    if isinstance(value, int | float):
        return str(value)
    return _ENCODER.encode(value).decode("utf-8", "replace")[:_TEXT_MAX]


def encode_error(problem: Problem, request_id: str) -> bytes:
    """The body of an error. `request_id` travels in the header alone, as OpenAI's does."""
    del request_id
    type_, code = _TOLD[problem.kind]
    message = problem.message
    if problem.hint:
        message = message.rstrip()
        stop = "" if message.endswith(_STOPS) else "."
        message = f"{message}{stop} {problem.hint}"
    return _ENCODER.encode(
        {
            "error": {
                "message": message,
                "type": type_,
                "param": problem.param,
                "code": problem.code or code,
            }
        }
    )
