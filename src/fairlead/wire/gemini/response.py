"""Whole answers: Gemini's JSON to canon and back."""

from datetime import UTC, datetime
from typing import Final

from msgspec import Raw

from fairlead.canon import (
    Candidate,
    Failure,
    Finish,
    Folder,
    Part,
    Response,
    Signature,
    Text,
    Thinking,
)
from fairlead.catalog.model import Model
from fairlead.wire.codec import Encoded, Reply
from fairlead.wire.gemini.assembly import Assembler, read_chunk, seconds
from fairlead.wire.gemini.finish import decode_finish, details, finish_word, prompt_feedback
from fairlead.wire.gemini.grounding import (
    encode_logprobs,
    encode_metadata,
    foreign_sources,
    has_notes,
)
from fairlead.wire.gemini.parts import WirePart, encode_part
from fairlead.wire.gemini.signature import own_signature
from fairlead.wire.gemini.types import ABSENT, ENCODER, OBJECT, Chunk
from fairlead.wire.gemini.usage import decode_usage, encode_usage
from fairlead.wire.losses import Losses

__all__ = [
    "decode_response",
    "encode_answer_part",
    "encode_candidate_notes",
    "encode_finish",
    "encode_names",
    "encode_response",
]

ANYTHING: Final = Model(id="", vendor="")
"""Facts of no model: an answer's parts go to a client, who takes whatever there is."""


def decode_response(body: bytes) -> Response:
    """The answer that `body` holds. An answer that was blocked is an empty candidate.

    Raises:
        Failure: `upstream` for a body that is no answer; the vendor's problem if it is an error.
    """
    chunk = read_chunk(body)
    plain = _plain(chunk)
    if plain is not None:
        return plain
    assembler = Assembler()
    folder = Folder()
    for event in assembler.take(chunk, body):
        folder.add(event)
    assembler.assume_finished()
    for event in assembler.finish():
        folder.add(event)
    response = folder.response()
    if folder.problem is not None:
        raise Failure(folder.problem)
    return response


def _plain(chunk: Chunk) -> Response | None:
    """An answer that is one text, as most are; None for any other.

    It is what the `Assembler`'s law makes of one.
    """
    candidates = chunk.candidates
    if candidates is None or len(candidates) != 1 or chunk.error is not ABSENT:
        return None
    candidate = candidates[0]
    parts = candidate.content.parts if candidate.content is not None else None
    if parts is None or len(parts) != 1 or has_notes(candidate):
        return None
    part = parts[0]
    if not part.text or part.thought:
        return None
    signature = Signature("gemini", part.thought_signature) if part.thought_signature else None
    finish = decode_finish(
        candidate.finish_reason,
        details(candidate.finish_message, candidate.safety_ratings),
        calls=False,
    )
    return Response(
        id=chunk.response_id or "",
        model=chunk.model_version or "",
        created=seconds(chunk.create_time) if chunk.create_time else None,
        candidates=(Candidate(candidate.index or 0, (Text(part.text, signature),), finish),),
        usage=decode_usage(chunk.usage_metadata),
    )


def encode_response(response: Response, reply: Reply) -> Encoded:
    """Gemini's JSON for `response`, and what Gemini can't say of it."""
    losses = Losses()
    body: dict[str, object] = {}
    candidates: list[dict[str, object]] = []
    for candidate in response.candidates:
        feedback = None if candidate.parts else prompt_feedback(candidate.finish)
        if feedback is not None:
            body["promptFeedback"] = feedback
        else:
            candidates.append(_candidate(candidate, losses))
    if candidates:
        body["candidates"] = candidates
    if response.usage is not None:
        usage, lost = encode_usage(response.usage)
        losses.found += lost
        if reply.extra:
            usage["fairlead"] = Raw(reply.extra)
        body["usageMetadata"] = usage
    elif reply.extra:
        body["usageMetadata"] = {"fairlead": Raw(reply.extra)}
    body.update(encode_names(response.id, response.created, reply))
    return Encoded(ENCODER.encode(body), tuple(losses.found))


def encode_names(answer_id: str, created: int | None, reply: Reply) -> dict[str, object]:
    """What every answer and chunk carries. `createTime` only where the model behind told it."""
    names: dict[str, object] = {
        "modelVersion": reply.model,
        "responseId": answer_id or reply.request_id,
    }
    if created is not None:
        stamp = datetime.fromtimestamp(created, UTC).isoformat()
        names["createTime"] = stamp.replace("+00:00", "Z")
    return names


def _candidate(candidate: Candidate, losses: Losses) -> dict[str, object]:
    path = f"candidates[{candidate.index}]"
    parts: list[WirePart] = []
    wire: dict[str, object] = {
        "content": {"parts": parts, "role": "model"},
        "index": candidate.index,
    }
    for at, part in enumerate(candidate.parts):
        where = f"{path}.parts[{at}]"
        said = encode_answer_part(part, where, losses)
        if said is not None:
            parts.append(said)
        if isinstance(part, Text):
            for cited in part.citations:
                wire.update(encode_candidate_notes(cited.dialect, encode_metadata(cited), losses))
    texts = [part for part in candidate.parts if isinstance(part, Text) and part.citations]
    sources = foreign_sources(cited for part in texts for cited in part.citations)
    if sources is not None:
        wire.setdefault("groundingMetadata", sources)
    if candidate.finish is not None:
        wire.update(encode_finish(candidate.finish, path, losses))
    if candidate.logprobs is not None:
        dialect, raw = candidate.logprobs
        if dialect == "gemini":
            wire["logprobsResult"] = encode_logprobs(raw)
        else:
            losses.cosmetic(path, "logprobs", f"log-probabilities of {dialect}'s shape")
    return wire


def encode_answer_part(part: Part, path: str, losses: Losses) -> WirePart | None:
    """A part of an answer. Arguments that are cut off (max tokens) are a semantic loss. Thoughts
    that another vendor signed can be read all the same; only their signature is left out.
    """
    if isinstance(part, Thinking) and part.text and not part.redacted:
        signed = own_signature(part.signature, path, losses) is not None
        part = part if signed else Thinking(part.text)
    try:
        return encode_part(part, ANYTHING, path, losses)
    except Failure as failure:
        losses.semantic(path, "arguments", failure.problem.message)
        return None


def encode_candidate_notes(
    dialect: str, fields: dict[str, object] | None, losses: Losses
) -> dict[str, object]:
    """The candidate's fields for one citation: whole metadata of Gemini's own, else nothing.

    Sources of another vendor's are told together, at the end (`grounding.foreign_sources`).
    """
    if dialect != "gemini":
        why = f"a citation of {dialect}'s shape: its address and title alone"
        losses.cosmetic("candidates", "citation", why)
    return fields or {}


def encode_finish(finish: Finish, path: str, losses: Losses) -> dict[str, object]:
    """`finishReason`, and `finishMessage` and `safetyRatings` where they are Gemini's own."""
    wire: dict[str, object] = {"finishReason": finish_word(finish)}
    if finish.sequence is not None:
        losses.cosmetic(path, "stop_sequence", "Gemini doesn't tell which sequence stopped it")
    if finish.detail:
        known = {
            name: raw
            for name, raw in OBJECT.decode(finish.detail).items()
            if name in {"finishMessage", "safetyRatings"}
        }
        if known:
            wire.update(known)
        else:
            losses.cosmetic(path, "finish_detail", "particulars that only their vendor knows")
    return wire
