"""Anthropic's stream as its own API frames it: where both of Bedrock's streams end up."""

from fairlead.canon import Problem
from fairlead.wire.anthropic.errors import encode_error

__all__ = ["broken", "error_event", "event"]


def event(name: str, data: bytes) -> bytes:
    """One server-sent event. `data` is JSON without line breaks."""
    return b"event: %b\ndata: %b\n\n" % (name.encode("utf-8"), data)


def error_event(problem: Problem) -> bytes:
    """The stream's last words."""
    return event("error", encode_error(problem, ""))


def broken(what: str) -> bytes:
    """The last words of a stream whose own framing is at fault."""
    problem = Problem(
        "upstream",
        f"the upstream's event stream cannot be read: {what}",
        charged=True,
        hint="try again; something on the way may have changed or cut off the bytes",
    )
    return error_event(problem)
