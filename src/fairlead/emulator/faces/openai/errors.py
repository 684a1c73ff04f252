"""OpenAI's errors: `{"error": {"message", "type", "param", "code"}}`."""

from typing import Any

import msgspec

from fairlead.emulator.faces.face import Trouble
from fairlead.emulator.http11.reply import Reply

__all__ = ["error_of", "refusal", "stream_error"]

_TYPES = {
    401: "invalid_request_error",
    429: "requests",
    500: "server_error",
    503: "service_unavailable_error",
}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
_MESSAGES = {
    429: "Rate limit reached. (emulated)",
    500: "The server had an error while processing your request. (emulated)",
    503: "The engine is currently overloaded, please try again later. (emulated)",
}


def error_of(trouble: Trouble) -> dict[str, Any]:
    """The error object."""
    return {
        "message": trouble.message or _MESSAGES.get(trouble.status, "Emulated error"),
        "type": trouble.type or _TYPES.get(trouble.status, "invalid_request_error"),
        "param": trouble.param,
        "code": trouble.code or _CODES.get(trouble.status),
    }


def refusal(trouble: Trouble) -> Reply:
    """The whole answer."""
    wait = trouble.retry_after
    headers = (("retry-after", f"{wait:g}"),) if wait is not None else ()
    body = msgspec.json.encode({"error": error_of(trouble)})
    return Reply(trouble.status, body=body, headers=headers)


def stream_error(trouble: Trouble, *, named: bool) -> bytes:
    """An error in the middle of a stream: in place of a chunk, or Responses' `error` event."""
    error = error_of(trouble)
    if not named:
        return b"data: %b\n\n" % msgspec.json.encode({"error": error})
    # No sequence number is known here; the next one would be the vendor's.
    event = {"type": "error", "sequence_number": 0, "error": error}
    event |= {key: error[key] for key in ("code", "message", "param")}
    return b"event: error\ndata: %b\n\n" % msgspec.json.encode(event)
