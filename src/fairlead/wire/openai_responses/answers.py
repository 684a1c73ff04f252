"""Answers of the Responses dialect on the wire, as typed structs.

Unknown fields are ignored, since vendors add fields to answers at any time; null counts as absent.
"""

from msgspec import Raw, Struct

from fairlead.wire.openai_responses.types import Absent

__all__ = [
    "AnswerIn",
    "Detail",
    "EventIn",
    "ItemOut",
    "PartOut",
    "TextDelta",
    "ToolUsage",
    "UsageIn",
]


class _Answered(Struct, frozen=True, gc=False):
    """Base of what vendors answer."""


class Detail(_Answered, frozen=True):
    """`input_tokens_details` and `output_tokens_details` in one."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class UsageIn(_Answered, frozen=True):
    """`usage`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    input_tokens_details: Detail | None = None
    output_tokens_details: Detail | None = None
    cost: Raw = Raw()
    cost_details: Raw = Raw()
    is_byok: Raw = Raw()
    cost_in_usd_ticks: Raw = Raw()


class WebSearchUsage(_Answered, frozen=True):
    """`tool_usage.web_search`."""

    num_requests: int | None = None


class ToolUsage(_Answered, frozen=True):
    """`tool_usage`."""

    web_search: WebSearchUsage | None = None


class Incomplete(_Answered, frozen=True):
    """`incomplete_details`."""

    reason: str | None = None


class PartOut(_Answered, frozen=True):
    """A part of a message's content."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: list[Raw] | None = None
    logprobs: Raw = Absent


class ItemOut(_Answered, frozen=True):
    """What is read of an output item, of any kind."""

    type: str = ""
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: Raw = Absent
    input: Raw = Absent
    content: list[PartOut] | None = None


class AnswerIn(_Answered, frozen=True):
    """A whole answer."""

    id: str | None = None
    model: str | None = None
    created_at: float | None = None
    status: str | None = None
    output: list[Raw] | None = None
    usage: UsageIn | None = None
    tool_usage: ToolUsage | None = None
    incomplete_details: Incomplete | None = None
    service_tier: str | None = None
    error: Raw = Absent


class TextDelta(_Answered, frozen=True):
    """`response.output_text.delta`."""

    delta: str
    output_index: int = 0
    content_index: int = 0


class EventIn(_Answered, frozen=True):
    """One event of a stream, of any kind; `error` is how some vendors break off."""

    type: str = ""
    response: Raw = Absent
    item: Raw = Absent
    part: PartOut | None = None
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    delta: Raw = Absent
    text: str | None = None
    refusal: str | None = None
    arguments: str | None = None
    input: str | None = None
    error: Raw = Absent
    code: str | None = None
    message: str | None = None
    param: str | None = None
