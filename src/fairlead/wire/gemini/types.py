"""Wire structs of Gemini's answers, and its enums with the numbers that Vertex sometimes sends.

Only what is read on the hot path is typed; whatever is merely passed on stays `msgspec.Raw`. Every
field may be missing or null: proto3 JSON leaves defaults out, and mocks in the wild write nulls.
The names are camelCase on the way out of the vendor (recordings: 445 of 445 answers).
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct

__all__ = [
    "ABSENT",
    "CHUNK",
    "CHUNK_PARTS",
    "ENCODER",
    "OBJECT",
    "BlobIn",
    "CallIn",
    "CandidateIn",
    "Chunk",
    "ContentIn",
    "FileIn",
    "LogprobsIn",
    "ModalityIn",
    "PartIn",
    "RawChunk",
    "TopLogprobsIn",
    "UsageIn",
    "compact",
    "is_given",
    "word",
]


ABSENT: Final = Raw()
"""A `Raw` field that was not there. (msgspec knows no `Raw | None`; null arrives as b"null".)"""


def is_given(raw: Raw) -> bool:
    """Whether the field was there and not null."""
    return raw is not ABSENT and bytes(raw) != b"null"


def compact(raw: bytes | Raw) -> bytes:
    """JSON without white space: whole answers come pretty-printed, streams don't, and are the same.

    No line breaks are left either, which would end a line of SSE.
    """
    return msgspec.json.format(bytes(raw), indent=-1)


class CallIn(Struct, rename="camel", gc=False):
    """`functionCall`. `id` is absent on 2.5 (recordings: 291 of 323)."""

    name: str | None = None
    id: str | None = None
    args: Raw = ABSENT
    will_continue: bool | None = None
    partial_args: Raw = ABSENT


class PartIn(Struct, rename="camel", gc=False):
    """The two kinds of part that nearly all answers are made of; others are read from raw bytes."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: CallIn | None = None


class BlobIn(Struct, rename="camel"):
    """`inlineData`."""

    mime_type: str | None = None
    data: str | None = None
    display_name: str | None = None


class FileIn(Struct, rename="camel"):
    """`fileData`."""

    file_uri: str | None = None
    mime_type: str | None = None
    display_name: str | None = None


class ContentIn(Struct, gc=False):
    """`content`; `parts` is missing where the model said nothing (pitfall: MAX_TOKENS)."""

    parts: list[PartIn] | None = None


class CandidateIn(Struct, rename="camel", gc=False):
    """One candidate of an answer or of a chunk."""

    content: ContentIn | None = None
    finish_reason: str | int | None = None
    index: int | None = None
    finish_message: str | None = None
    safety_ratings: Raw = ABSENT
    citation_metadata: Raw = ABSENT
    grounding_metadata: Raw = ABSENT
    url_context_metadata: Raw = ABSENT
    logprobs_result: Raw = ABSENT


class ModalityIn(Struct, rename="camel", gc=False):
    """One line of a `...TokensDetails`."""

    modality: str | int | None = None
    token_count: int | None = None


class UsageIn(Struct, rename="camel", gc=False):
    """`usageMetadata`: `promptTokenCount` includes cached tokens, `candidates...` no thoughts."""

    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    total_token_count: int | None = None
    cached_content_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    prompt_tokens_details: list[ModalityIn] | None = None
    cache_tokens_details: list[ModalityIn] | None = None
    candidates_tokens_details: list[ModalityIn] | None = None
    traffic_type: str | int | None = None
    service_tier: str | int | None = None


class Chunk(Struct, rename="camel", gc=False):
    """A whole answer, or one chunk of a stream: they have the same shape."""

    candidates: list[CandidateIn] | None = None
    usage_metadata: UsageIn | None = None
    model_version: str | None = None
    response_id: str | None = None
    create_time: str | None = None
    prompt_feedback: Raw = ABSENT
    error: Raw = ABSENT


class _RawContent(Struct):
    parts: list[Raw] | None = None


class _RawCandidate(Struct):
    content: _RawContent | None = None


class RawChunk(Struct):
    """The same chunk with its parts unread, for the rare kinds of part."""

    candidates: list[_RawCandidate] | None = None


class TopLogprobsIn(Struct):
    """One decoding step of `topCandidates`."""

    candidates: list[Raw] | None = None


class LogprobsIn(Struct, rename="camel"):
    """`logprobsResult`: two parallel lists, one entry a decoding step."""

    chosen_candidates: list[dict[str, Raw]] | None = None
    top_candidates: list[TopLogprobsIn] | None = None


CHUNK: Final = msgspec.json.Decoder(Chunk)
CHUNK_PARTS: Final = msgspec.json.Decoder(RawChunk)
OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
ENCODER: Final = msgspec.json.Encoder()


def word(value: str | int | None, numbers: Mapping[int, str]) -> str | None:
    """An enum's word. Vertex sends numbers now and then (`finishReason: 1`, 9 recorded rows)."""
    if value is None or value == "":
        return None
    if isinstance(value, int):
        return numbers.get(value, str(value))
    return value.upper()
