"""Errors, both ways: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

The types and statuses are those of platform.claude.com, api/errors, and of the SDK
(types/shared/*error*.py, `error.details.error_code`). Translated by type where the vendor gives
one, by status where a proxy on the way answered with something else. What is wrong with our account
there (key, billing, permission) is the operator's affair: the client learns that the gateway
cannot reach the model, not that its own key is bad.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Problem, ProblemKind, Remedy
from fairlead.wire.anthropic.types import Json, dump
from fairlead.wire.refusals import not_json, seconds_to_wait

__all__ = ["decode_error", "encode_error", "problem_of_event"]


class _Details(Struct):
    error_code: str | None = None


class _Error(Struct):
    type: str = ""
    message: str = ""
    details: _Details | None = None


class _Body(Struct):
    error: _Error


_BODY = msgspec.json.Decoder(_Body)

_BY_TYPE: Final[dict[str, ProblemKind]] = {
    "invalid_request_error": "invalid_request",
    "authentication_error": "upstream_auth",
    "billing_error": "upstream_auth",
    "permission_error": "upstream_auth",
    "not_found_error": "not_found",
    "conflict_error": "conflict",
    "request_too_large": "request_too_large",
    "rate_limit_error": "rate_limited",
    "api_error": "upstream",
    "timeout_error": "upstream_timeout",
    "overloaded_error": "overloaded",
}
_BY_STATUS: Final[dict[int, ProblemKind]] = {
    400: "invalid_request",
    401: "upstream_auth",
    402: "upstream_auth",
    403: "upstream_auth",
    404: "not_found",
    408: "upstream_timeout",
    409: "conflict",
    413: "request_too_large",
    422: "invalid_request",
    429: "rate_limited",
    503: "overloaded",
    504: "upstream_timeout",
    529: "overloaded",
}
_RETRYABLE: Final = frozenset(
    {"upstream_auth", "rate_limited", "upstream", "upstream_timeout", "overloaded", "conflict"}
)
"""The same request may succeed later or elsewhere."""

_HINTS: Final[dict[ProblemKind, str]] = {
    "upstream_auth": "the gateway's own account at the vendor is at fault: its operator must act",
    "context_length_exceeded": "shorten the prompt, or choose a model with a larger context window",
    "overloaded": "the vendor is overloaded: try again, or choose another model",
}

# Messages whose meaning the type doesn't tell: "prompt is too long: 3333404 tokens > 200000
# maximum" [recorded]; "input length and `max_tokens` exceed context limit: 199211 + 8192 >
# 200000" (400s all).
_BY_MESSAGE: Final[tuple[tuple[str, ProblemKind], ...]] = (
    ("prompt is too long", "context_length_exceeded"),
    ("exceed context limit", "context_length_exceeded"),
    ("exceeds the context window", "context_length_exceeded"),
)
# Our account's money runs out as a 400 of the same type: "Your credit balance is too low to access
# the Anthropic API. Please go to Plans & Billing ..." (anthropics/claude-code#66314); "You have
# reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC."
# (#38035; api/errors: "also returns a 400 when usage reaches an organization or workspace spend
# limit"). Only how a message begins counts: further on it may quote what the client sent, who
# could shut the upstream for everybody by it.
_UNPAID: Final = ("your credit balance is too low", "you have reached your specified ")
_REMEDIES: Final[dict[str, Remedy]] = {"authentication_error": "key", "billing_error": "payment"}


def decode_error(status: int, headers: dict[str, str], body: bytes) -> Problem:
    """What a non-2xx answer means. `headers` have lower-case names. Never raises."""
    try:
        error = _BODY.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        error = _Error(message=not_json(status, body))
    return _problem(error, status, seconds_to_wait(headers))


def problem_of_event(data: bytes) -> Problem:
    """What an `error` event in mid-stream means. Never raises."""
    try:
        error = _BODY.decode(data).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        error = _Error(message=not_json(None, data))
    return _problem(error, None, None)


def _problem(error: _Error, status: int | None, retry_after: float | None) -> Problem:
    kind = _kind(error, status)
    details = error.details
    code = details.error_code if details is not None else None
    return Problem(
        kind,
        error.message or f"the vendor answered {status}",
        code=code,
        hint=_HINTS.get(kind),
        retry_after=retry_after,
        retryable=kind in _RETRYABLE,
        upstream_status=status,
        upstream_code=code or error.type or None,
        remedy=_remedy(kind, error.type),
    )


def _kind(error: _Error, status: int | None) -> ProblemKind:
    kind = _BY_TYPE.get(error.type)
    if kind is None or kind == "upstream":  # `api_error` is said of each 5xx: the status knows more
        kind = _BY_STATUS.get(status or 500, kind)
    if kind is None:
        kind = "invalid_request" if status is not None and 400 <= status < 500 else "upstream"
    if kind == "invalid_request":
        said = error.message.lower()
        if said.startswith(_UNPAID):
            return "upstream_auth"
        return next((k for part, k in _BY_MESSAGE if part in said), kind)
    # "model: claude-sonet-4-5" [recorded] is the whole message when a model is not found.
    if kind == "not_found" and error.message.startswith("model:"):
        return "model_not_found"
    return kind


def _remedy(kind: ProblemKind, type_: str) -> Remedy | None:
    if kind != "upstream_auth":
        return None
    return "payment" if type_ == "invalid_request_error" else _REMEDIES.get(type_)


_TYPE_OF: Final[dict[ProblemKind, str]] = {
    "invalid_request": "invalid_request_error",
    "unsupported": "invalid_request_error",
    "context_length_exceeded": "invalid_request_error",
    "content_blocked": "invalid_request_error",
    "authentication": "authentication_error",
    "billing": "billing_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "model_not_found": "not_found_error",
    "conflict": "conflict_error",
    "timeout": "timeout_error",
    "request_too_large": "request_too_large",
    "rate_limited": "rate_limit_error",
    "internal": "api_error",
    "upstream": "api_error",
    "upstream_auth": "api_error",
    "upstream_unreachable": "api_error",
    "upstream_timeout": "timeout_error",
    "overloaded": "overloaded_error",
    "cancelled": "api_error",
}


def _too_long(message: str) -> str:
    """Clients of this dialect know an overflow by the vendor's phrase, and compact at it."""
    phrase = "prompt is too long"
    return message if phrase in message.lower() else f"{phrase}: {message}"


def _not_found(message: str) -> str:
    return message if message.startswith("model:") else f"model: {message}"


_PHRASES: Final[dict[ProblemKind, Callable[[str], str]]] = {
    "context_length_exceeded": _too_long,
    "model_not_found": _not_found,
}


def encode_error(problem: Problem, request_id: str) -> bytes:
    """The body of an error answer; its status is `problem.status`. Also an `error` event's data."""
    message = problem.message
    if problem.param:
        message = f"{problem.param}: {message}"
    phrase = _PHRASES.get(problem.kind)
    if phrase is not None:
        message = phrase(message)
    if problem.hint:
        message = f"{message} ({problem.hint})"
    error: Json = {"type": _TYPE_OF[problem.kind], "message": message}
    code = problem.code or problem.upstream_code
    if code and code != error["type"]:
        error["details"] = {"error_code": code}
    return dump({"type": "error", "error": error, "request_id": request_id})
