"""Answers of the chat dialect on the wire, as typed structs.

Unknown fields are ignored, since vendors add fields to answers at any time; null counts as absent.
"""

from msgspec import Raw, Struct

from fairlead.wire.openai_chat.types import Absent, ReasoningDetail

__all__ = [
    "Annotation",
    "AudioOut",
    "CallOut",
    "ChatChunk",
    "ChatResponse",
    "ChoiceIn",
    "DeltaIn",
    "ExtraContentOut",
    "GoogleOut",
    "GroqIn",
    "ImageOut",
    "ImageUrlOut",
    "LogprobsIn",
    "ToolCallOut",
    "UrlCitation",
    "UsageDetails",
    "UsageIn",
]


class _Answered(Struct, frozen=True, gc=False):
    """Base of what vendors answer."""


class UsageDetails(_Answered, frozen=True):
    """`prompt_tokens_details` and `completion_tokens_details` in one."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    reasoning_tokens: int | None = None


class UsageIn(_Answered, frozen=True):
    """`usage`, with the names that other vendors gave the cached tokens."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: UsageDetails | None = None
    completion_tokens_details: UsageDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    num_cached_tokens: int | None = None
    cached_tokens: int | None = None
    service_tier: str | None = None
    server_tool_use_details: dict[str, int | None] | None = None
    cost: Raw = Raw()
    cost_details: Raw = Raw()
    is_byok: Raw = Raw()
    cost_in_usd_ticks: Raw = Raw()


class UrlCitation(_Answered, frozen=True):
    """The part of an annotation that canon reads."""

    url: str | None = None
    title: str | None = None


class Annotation(_Answered, frozen=True):
    """`annotations[]`."""

    url_citation: UrlCitation | None = None


class CallOut(_Answered, frozen=True):
    """Name and arguments of a call, whole or in pieces."""

    name: str | None = None
    arguments: str | None = None
    input: str | None = None


class GoogleOut(_Answered, frozen=True):
    """See `GoogleSignature`."""

    thought_signature: str | None = None


class ExtraContentOut(_Answered, frozen=True):
    """See `ExtraContent`."""

    google: GoogleOut | None = None


class ToolCallOut(_Answered, frozen=True):
    """A tool call, whole or a piece of one."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: CallOut | None = None
    custom: CallOut | None = None
    extra_content: ExtraContentOut | None = None


class AudioOut(_Answered, frozen=True):
    """`audio` of an answer, whole or a piece of one."""

    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: int | None = None


class ImageUrlOut(_Answered, frozen=True):
    """`images[].image_url` (OpenRouter)."""

    url: str = ""


class ImageOut(_Answered, frozen=True):
    """`images[]` (OpenRouter)."""

    image_url: ImageUrlOut | None = None


class DeltaIn(_Answered, frozen=True):
    """`message` of a whole answer and `delta` of a streamed one."""

    content: str | list[Raw] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[ReasoningDetail] | None = None
    tool_calls: list[ToolCallOut] | None = None
    function_call: CallOut | None = None
    annotations: list[Raw] | None = None
    audio: AudioOut | None = None
    images: list[ImageOut] | None = None
    extra_content: ExtraContentOut | None = None


class LogprobsIn(_Answered, frozen=True):
    """`logprobs`: OpenAI's two lists."""

    content: Raw = Absent
    refusal: Raw = Absent


class ChoiceIn(_Answered, frozen=True):
    """`choices[]`. `stop_reason` is vLLM's: the stop sequence, or a token's number."""

    index: int = 0
    message: DeltaIn | None = None
    delta: DeltaIn | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    logprobs: LogprobsIn | None = None


class ChatResponse(_Answered, frozen=True):
    """A whole answer."""

    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[ChoiceIn] | None = None
    usage: UsageIn | None = None
    service_tier: str | None = None
    error: Raw = Absent


class GroqIn(_Answered, frozen=True):
    """`x_groq` of a stream's last chunk holds the usage where none was asked for."""

    usage: UsageIn | None = None


class ChatChunk(ChatResponse, frozen=True, gc=False):
    """One chunk of a streamed answer: the same, with deltas."""

    x_groq: GroqIn | None = None
