"""A vendor's refusal as a value."""

from typing import Any

import msgspec

__all__ = ["Rejection", "bad_argument", "invalid_request"]

Detail = dict[str, Any]


class Rejection(msgspec.Struct, frozen=True):
    """Why the vendor would not take a request.

    `type` is Anthropic's error type (`invalid_request_error`) or Google's status
    (`INVALID_ARGUMENT`); `details` are Google's detail objects; `param` and `code` are OpenAI's.
    """

    status: int
    type: str
    message: str
    details: tuple[Detail, ...] = ()
    param: str | None = None
    code: str | None = None


def invalid_request(message: str) -> Rejection:
    """Anthropic's 400."""
    return Rejection(400, "invalid_request_error", message)


def bad_argument(message: str, details: tuple[Detail, ...] = ()) -> Rejection:
    """Google's 400."""
    return Rejection(400, "INVALID_ARGUMENT", message, details)
