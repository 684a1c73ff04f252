"""Errors as facts. One table of kinds; dialects translate kinds, never messages.

    FairleadError
    `-- Failure             carries a Problem; raised anywhere, answered in the client's dialect

A `Problem` says what is wrong, where, whether another try can help, and whether it cost money.
"""

from typing import Literal

from msgspec import Struct

__all__ = ["STATUS", "Failure", "FairleadError", "Problem", "ProblemKind", "Remedy"]

ProblemKind = Literal[
    "invalid_request",
    "unsupported",
    "context_length_exceeded",
    "content_blocked",
    "authentication",
    "billing",
    "permission",
    "not_found",
    "model_not_found",
    "conflict",
    "timeout",
    "request_too_large",
    "rate_limited",
    "internal",
    "upstream",
    "upstream_auth",
    "upstream_unreachable",
    "upstream_timeout",
    "overloaded",
    "cancelled",
]

Remedy = Literal["key", "payment", "clock"]
"""What mends a refusal of the gateway's own account at a vendor (`upstream_auth`): another key (or
newer credentials), money, or the time of this machine set right."""

STATUS: dict[ProblemKind, int] = {
    "invalid_request": 400,
    "unsupported": 400,
    "context_length_exceeded": 400,
    "content_blocked": 400,
    "authentication": 401,
    "billing": 402,
    "permission": 403,
    "not_found": 404,
    "model_not_found": 404,
    "conflict": 409,
    "timeout": 408,
    "request_too_large": 413,
    "rate_limited": 429,
    "internal": 500,
    "upstream": 502,
    "upstream_auth": 502,
    "upstream_unreachable": 502,
    "upstream_timeout": 504,
    "overloaded": 503,
    "cancelled": 499,
}
"""The HTTP status that a kind is answered with (529 of a vendor is `overloaded`: 503)."""


class Problem(Struct, frozen=True, omit_defaults=True):
    """What went wrong.

    `param` is the path of the field at fault in the client's body. `hint` says what to do.
    `retry_after` is seconds. `upstream_status` and `upstream_code` are the vendor's own words;
    `retryable` says whether the same request may succeed later or elsewhere; `charged` whether the
    vendor bills it (None: not disclosed). `remedy` is what mends an `upstream_auth`, where the
    vendor's words tell it.
    """

    kind: ProblemKind
    message: str
    param: str | None = None
    code: str | None = None
    hint: str | None = None
    retry_after: float | None = None
    retryable: bool = False
    charged: bool | None = None
    upstream: str | None = None
    upstream_status: int | None = None
    upstream_code: str | None = None
    remedy: Remedy | None = None

    @property
    def status(self) -> int:
        """The HTTP status for the client."""
        return STATUS[self.kind]


class FairleadError(Exception):
    """Root of all errors that Fairlead raises on purpose."""


class Failure(FairleadError):
    """A request cannot go on; `problem` says all that is known."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem

    @classmethod
    def invalid(
        cls,
        message: str,
        param: str | None = None,
        *,
        hint: str | None = None,
        code: str | None = None,
    ) -> "Failure":
        """The client's request is at fault, at `param`."""
        return cls(Problem("invalid_request", message, param, code=code, hint=hint))
