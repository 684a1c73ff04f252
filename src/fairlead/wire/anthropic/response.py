"""Whole answers, both ways."""

import msgspec
from msgspec import Struct

from fairlead.canon import Candidate, Failure, Finish, Part, Problem, Response, Text
from fairlead.wire.anthropic.blocks_in import read_block
from fairlead.wire.anthropic.blocks_out import write_answer_part
from fairlead.wire.anthropic.finish import read_finish, write_finish
from fairlead.wire.anthropic.types import Json, dump, is_null, read
from fairlead.wire.anthropic.usage import WireUsage, read_usage, write_usage
from fairlead.wire.codec import Encoded, Reply
from fairlead.wire.losses import Losses

__all__ = ["decode_response", "encode_response", "stop_fields", "unreadable"]

_NOTHING = msgspec.Raw(b"null")


class _Answer(Struct):
    content: list[msgspec.Raw]
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = _NOTHING
    usage: WireUsage | None = None


class _Block(Struct, gc=False):
    """A block, if it is a text without anything beside it: for all others it is read again."""

    type: str = ""
    text: str | None = None
    citations: msgspec.Raw = _NOTHING
    cache_control: msgspec.Raw = _NOTHING


class _PlainAnswer(Struct, gc=False):
    """An answer that holds one text, as most do."""

    content: list[_Block]
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = _NOTHING
    usage: WireUsage | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_PLAIN = msgspec.json.Decoder(_PlainAnswer)


def unreadable(what: str) -> Problem:
    """The vendor's answer is at fault, not the client's request."""
    return Problem("upstream", f"the vendor's answer cannot be read: {what}", retryable=True)


def decode_response(body: bytes) -> Response:
    """A 2xx body of `POST /v1/messages`.

    Raises:
        Failure: it is none; the kind is `upstream`.
    """
    plain = _read_plain(body)
    if plain is not None:
        return plain
    try:
        answer = read(_ANSWER, body, "")
        parts = tuple(
            read_block(raw, f"content[{index}]", None) for index, raw in enumerate(answer.content)
        )
    except Failure as failure:
        problem = failure.problem
        raise Failure(unreadable(f"{problem.param or 'body'}: {problem.message}")) from None
    return _response(answer, parts)


def _read_plain(body: bytes) -> Response | None:
    """An answer of one text; None for any other, and for what cannot be read."""
    try:
        answer = _PLAIN.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(answer.content) != 1:
        return None
    block = answer.content[0]
    if block.type != "text" or block.text is None or block.cache_control is not _NOTHING:
        return None
    if block.citations is not _NOTHING and not is_null(block.citations):
        return None
    return _response(answer, (Text(block.text),))


def _response(answer: _Answer | _PlainAnswer, parts: tuple[Part, ...]) -> Response:
    finish = None
    if answer.stop_reason is not None:
        details = answer.stop_details
        detail = b"" if details is _NOTHING or is_null(details) else bytes(details)
        finish = read_finish(answer.stop_reason, answer.stop_sequence, detail)
    usage = read_usage(answer.usage) if answer.usage is not None else None
    candidate = Candidate(parts=parts, finish=finish)
    return Response(id=answer.id, model=answer.model, candidates=(candidate,), usage=usage)


def encode_response(response: Response, reply: Reply) -> Encoded:
    """An answer for a client of this dialect. It has room for one candidate."""
    losses = Losses()
    candidates = response.candidates
    for candidate in candidates[1:]:
        losses.semantic(f"candidates[{candidate.index}]", "n", "an answer has one candidate here")
    first = candidates[0] if candidates else Candidate()
    if first.logprobs is not None:
        losses.cosmetic("logprobs", "logprobs", "there is no place for log-probabilities")
    content: list[object] = []
    for index, part in enumerate(first.parts):
        block = write_answer_part(part, losses, f"content[{index}]")
        if block is not None:
            content.append(block)
    body: Json = {
        "id": response.id or reply.request_id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        **stop_fields(first.finish, losses),
    }
    if response.usage is not None:
        body["usage"] = write_usage(response.usage, reply.extra)
    else:  # the official SDKs demand the two counts; nothing was told, so nothing is claimed
        body["usage"] = {"input_tokens": 0, "output_tokens": 0}
    return Encoded(dump(body), tuple(losses.found))


def stop_fields(finish: Finish | None, losses: Losses) -> Json:
    """`stop_reason`, `stop_sequence` and, where the vendor's own details are at hand, those."""
    if finish is None:
        return {"stop_reason": None, "stop_sequence": None}
    fields: Json = {
        "stop_reason": write_finish(finish, losses),
        "stop_sequence": finish.sequence,
    }
    if finish.detail and fields["stop_reason"] == finish.raw:
        fields["stop_details"] = msgspec.Raw(finish.detail)
    return fields
