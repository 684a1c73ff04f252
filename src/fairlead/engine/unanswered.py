"""Answers that are none: errors that cannot be read, and what a 200 may bring in an answer's place.

An error's status says what it is, and no error is billed: that its body is too long, breaks off or
does not come changes neither. A 200 in turn is no proof of an answer: a login page or a captive
portal comes with one, and so do errors of aggregators ("the returned HTTP response status will be
200 OK and any error that occurred while the LLM is producing the output will be emitted in the
response body", openrouter.ai, Errors).
"""

import asyncio
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from fairlead.canon import Problem
from fairlead.engine.exchange import Exchange
from fairlead.engine.faults import from_answer
from fairlead.engine.settle import settle
from fairlead.upstream.transport import HttpResponse, TransportError

__all__ = [
    "EARLY_MOST",
    "begins_no_event",
    "error_body",
    "garbled",
    "in_a_streams_place",
    "is_json",
    "told_with_200",
]

ERROR_BODY: Final = 1024 * 1024
ERROR_SECONDS: Final = 5.0
"""In which the rest of an error must come whose status is there."""
EARLY_MOST: Final = 16 * 1024
"""Bytes of comments that are held back before a stream's first event."""


class _Error(msgspec.Struct):
    """An error's status, where it says one (`code`, which may be a word too)."""

    code: Annotated[int, Meta(ge=400, le=599)] | None = None


class _Body(msgspec.Struct):
    """Of an answer: its error, and what only an answer has."""

    error: msgspec.Raw | UnsetType = UNSET
    choices: msgspec.Raw | UnsetType = UNSET
    content: msgspec.Raw | UnsetType = UNSET
    candidates: msgspec.Raw | UnsetType = UNSET
    output: msgspec.Raw | UnsetType = UNSET


_BODY = msgspec.json.Decoder(_Body)
_ERROR = msgspec.json.Decoder(_Error)


async def error_body(response: HttpResponse) -> bytes:
    """What an error says; nothing, where that cannot be read: its status has said enough."""
    try:
        async with asyncio.timeout(ERROR_SECONDS):
            return await response.read(ERROR_BODY)
    except (TransportError, TimeoutError):
        return b""


def is_json(body: bytes) -> bool:
    """Whether it is any JSON at all: asked only of an answer that has no usage to read."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def garbled(x: Exchange, what: str = "the answer is no JSON") -> Problem:
    """An answer that no client could read: another deployment may have a better one."""
    name = x.upstream.name if x.upstream is not None else None
    return Problem(
        "upstream",
        f"upstream '{name}': {what}",
        upstream=name,
        hint="try again; the vendor may have billed it",
    )


def told_with_200(x: Exchange, response: HttpResponse, body: bytes) -> Problem | None:
    """The error that stands in an answer's place; None where it is an answer, or cannot be read."""
    try:
        read = _BODY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    answer = (read.choices, read.content, read.candidates, read.output)
    if x.upstream is None or read.error is UNSET or bytes(read.error) == b"null":
        return None
    if any(each is not UNSET for each in answer):
        return None
    x.answering = False  # it has begun nothing that could be billed
    try:
        status = _ERROR.decode(read.error).code
    except msgspec.DecodeError:
        status = None
    if status is None:
        status = 500
    return from_answer(x.snapshot.codecs[x.dialect], x.upstream, status, response.headers, body)


def begins_no_event(chunk: bytes) -> bool:
    """Whether a stream's first bytes are a page's or a JSON's; no line of an event begins so."""
    return chunk.lstrip()[:1] in {b"<", b"{"}


async def in_a_streams_place(x: Exchange, response: HttpResponse, chunk: bytes) -> Problem:
    """What came instead of a stream, which began with `chunk`. A whole answer is billed: `x.usage`
    is what it tells.
    """
    try:
        body = chunk + await response.read(x.snapshot.max_answer_bytes)
    except TransportError:
        body = chunk
    told = told_with_200(x, response, body)
    if told is not None:
        return told
    if not is_json(body):
        return garbled(x, "the answer is no stream of events")
    tap = x.snapshot.codecs[x.dialect].usage_tap()
    tap.feed(body)
    x.usage = tap.usage
    settle(x)
    problem = garbled(x, "it answered whole, though a stream was asked for")
    return replace(problem, charged=True, hint="ask without `stream`; the answer may be billed")
