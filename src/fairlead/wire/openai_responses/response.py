"""Whole answers, both ways.

Reading goes through `output`, so that a whole answer and its stream fold to the same.
"""

from typing import Final

import msgspec

from fairlead.canon import (
    Event,
    Failure,
    Finished,
    Loss,
    Problem,
    Refusal,
    Response,
    Start,
    UsageUpdate,
    fold,
)
from fairlead.wire.codec import Encoded, Reply
from fairlead.wire.openai.errors import problem_of
from fairlead.wire.openai_responses.answers import AnswerIn, Incomplete
from fairlead.wire.openai_responses.envelope import Envelope
from fairlead.wire.openai_responses.finish import read_finish, write_status
from fairlead.wire.openai_responses.items_out import Ids, write_items
from fairlead.wire.openai_responses.output import OutputReader
from fairlead.wire.openai_responses.tools import namespaces_of
from fairlead.wire.openai_responses.usage import read_usage

__all__ = ["decode_response", "encode_response"]

_DECODER: Final = msgspec.json.Decoder(AnswerIn)
_ANY: Final = msgspec.json.Decoder()
_NULL: Final = (b"", b"null")


def decode_response(body: bytes) -> Response:
    """A 2xx answer. Raises `Failure` (kind `upstream`) if it is none, or failed."""
    try:
        answer = _DECODER.decode(body)
        if bytes(answer.error) not in _NULL:
            raise Failure(problem_of(_ANY.decode(answer.error), 200))
        return fold(_events(answer))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Failure(
            Problem("upstream", f"The upstream's answer is no response: {error}.", retryable=True)
        ) from None


def _events(answer: AnswerIn) -> list[Event]:
    created = None if answer.created_at is None else int(answer.created_at)
    events: list[Event] = [Start(answer.id or "", answer.model or "", created)]
    reader = OutputReader()
    for at, raw in enumerate(answer.output or ()):
        reader.finish(raw, at, events)
    reader.close(events)
    why = answer.incomplete_details or Incomplete()
    finish = read_finish(answer.status, why.reason, called=reader.called, refused=reader.refused)
    events.append(Finished(finish))
    if answer.usage is not None:
        usage = read_usage(
            answer.usage, answer.service_tier, answer.tool_usage, answer.output or ()
        )
        events.append(UsageUpdate(usage))
    return events


def encode_response(response: Response, reply: Reply) -> Encoded:
    """The answer as OpenAI writes it; `reply.extra` goes in as `fairlead`."""
    losses: list[Loss] = []
    candidate = response.candidates[0] if response.candidates else None
    if len(response.candidates) > 1:
        why = "a response has one answer, not several"
        losses.append(Loss("semantic", "output", "n", why))
    parts = candidate.parts if candidate is not None else ()
    refused = any(isinstance(part, Refusal) for part in parts)
    finish = candidate.finish if candidate is not None else None
    status, incomplete = write_status(finish, refused=refused)
    logprobs = None
    if candidate is not None and candidate.logprobs is not None:
        dialect, logprobs = candidate.logprobs
        if dialect != "openai_responses":
            why = "the model's log-probabilities have another shape than OpenAI's"
            losses.append(Loss("cosmetic", "output", "logprobs", why))
            logprobs = None
    output = write_items(
        parts,
        Ids(reply.request_id),
        losses,
        logprobs=logprobs,
        cut=status == "incomplete",
        namespaces=namespaces_of(reply.request),
    )
    error = None
    if status == "failed":
        error = {"code": "server_error", "message": "The model's answer broke off."}
    body = Envelope(reply).write(status, output, response.usage, incomplete=incomplete, error=error)
    return Encoded(body, tuple(losses))
