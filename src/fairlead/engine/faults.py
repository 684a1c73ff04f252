"""The one boundary at which the transport's errors and the vendors' answers become Problems."""

from msgspec.structs import replace

from fairlead.canon import Problem, ProblemKind, Remedy
from fairlead.engine.vendor_words import vendor_words
from fairlead.ledger.record import Outcome
from fairlead.upstream.transport import (
    ConnectFailed,
    ReadTimeout,
    TransportError,
    UpstreamProtocolError,
    UpstreamReset,
)
from fairlead.upstream.vendors import Upstream
from fairlead.wire.codec import Codec

__all__ = ["STOPPING", "from_answer", "from_transport", "outcome_of", "redirected"]

STOPPING = Problem(
    "overloaded",
    "Fairlead is stopping and the request was not done in the time it had",
    hint="try again",
    retry_after=1,
    retryable=True,
)
"""What a client is told whose request the drain cut off."""

_KINDS: dict[type[TransportError], tuple[ProblemKind, str]] = {
    ConnectFailed: (
        "upstream_unreachable",
        "check the upstream's address and this machine's network",
    ),
    ReadTimeout: ("upstream_timeout", "try again, or raise the upstream's timeouts"),
    UpstreamReset: ("upstream", "try again; the vendor may have billed the broken attempt"),
    UpstreamProtocolError: ("upstream", "check that the upstream's address is the vendor's API"),
}

_MENDS: dict[Remedy | None, str] = {
    None: "the gateway's operator must look at the key of '{}'",
    "key": "the gateway's operator must look at the key of '{}'",
    "payment": "the gateway's operator must look at the credit and the spend limit of '{}'",
    "clock": "the gateway's operator must set its machine's clock (NTP), for '{}' finds it wrong",
}
"""What the operator does about a refused account, by its remedy."""

_OUTCOMES: dict[ProblemKind, Outcome] = {
    "internal": "internal_error",
    "upstream": "upstream_error",
    "upstream_auth": "upstream_error",
    "upstream_timeout": "upstream_error",
    "overloaded": "upstream_error",
    "rate_limited": "upstream_error",
    "upstream_unreachable": "upstream_unreachable",
    "content_blocked": "refused",
    "unsupported": "refused",
    "context_length_exceeded": "refused",
    "cancelled": "client_gone",
}


def from_transport(error: TransportError, upstream: Upstream | None) -> Problem:
    """What a transport error means for the request."""
    kind, hint = _KINDS.get(type(error), ("upstream", "try again"))
    name = upstream.name if upstream is not None else None
    return Problem(
        kind,
        f"upstream '{name}': {error}",
        hint=hint,
        retryable=not error.sent,
        charged=None if error.sent else False,
        upstream=name,
    )


def from_answer(
    codec: Codec, upstream: Upstream, status: int, headers: dict[str, str], body: bytes
) -> Problem:
    """What a vendor's error answer means for the request."""
    decode = upstream.kind.decode_error or codec.decode_error
    problem = decode(status, headers, body)
    problem = replace(problem, upstream=upstream.name, upstream_status=status)
    if problem.kind == "upstream_auth":
        told = f"upstream '{upstream.name}' refuses the gateway's own account (status {status})"
        if words := vendor_words(problem.message, upstream):
            told = f"{told}: {words}"
        hint = _MENDS[problem.remedy].format(upstream.name)
        if upstream.kind.decode_error is not None and problem.hint:  # it knows what is missing
            hint = f"{hint}: {problem.hint}"
        return replace(problem, message=told, hint=hint, param=None)
    return problem


def redirected(upstream: Upstream, status: int) -> Problem:
    """An answer that is neither an answer nor an error: no vendor's API redirects."""
    return Problem(
        "upstream",
        f"upstream '{upstream.name}' answered {status}, a redirect, which is never followed",
        hint="set the upstream's base_url to the address that it redirects to",
        retryable=True,
        charged=False,
        upstream=upstream.name,
        upstream_status=status,
    )


def outcome_of(problem: Problem) -> Outcome:
    """The ledger's word for a problem."""
    return _OUTCOMES.get(problem.kind, "client_error")
