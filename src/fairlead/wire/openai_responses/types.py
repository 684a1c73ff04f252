"""Requests of the Responses dialect on the wire, as typed structs.

After the openai SDK (`types/responses/response_create_params.py`, `response_input_item_param.py`,
`tool_param.py`). They refuse unknown fields: the reader takes those apart into extras. A field that
is null counts as absent. `Raw` fields keep their JSON verbatim.
"""

from msgspec import Raw, Struct

__all__ = [
    "Absent",
    "AllowedIn",
    "CallIn",
    "ContentPart",
    "CustomCallIn",
    "CustomIn",
    "FormatIn",
    "FunctionIn",
    "Kind",
    "MessageIn",
    "NamespaceIn",
    "PeekIn",
    "ReasoningIn",
    "ReasoningItem",
    "ResponsesRequest",
    "ResultIn",
    "StreamOptions",
    "TextIn",
    "TextPiece",
    "ToolsItem",
]

Absent = Raw()
"""What a `Raw` field holds that was not sent."""


class _Asked(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Base of what clients send."""


class Kind(Struct, frozen=True, gc=False):
    """What tells items and tools apart."""

    type: str | None = None
    role: str | None = None


# Content


class Breakpoint(_Asked, frozen=True):
    """`prompt_cache_breakpoint`."""

    mode: str = "explicit"
    ttl: str | None = None


class AudioIn(_Asked, frozen=True):
    """`input_audio`."""

    data: str
    format: str


class ContentPart(_Asked, frozen=True):
    """One part of a message's content or of a tool's output; `type` says which fields count."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: str | None = None
    input_audio: AudioIn | None = None
    annotations: list[Raw] | None = None
    logprobs: Raw = Absent
    prompt_cache_breakpoint: Breakpoint | None = None


# Items


class MessageIn(_Asked, frozen=True):
    """`message`, or a message without a type (an "easy" one)."""

    role: str
    content: str | list[ContentPart] | None = None
    type: str | None = None
    id: str | None = None
    status: str | None = None
    phase: Raw = Absent


class CallIn(_Asked, frozen=True):
    """`function_call`."""

    type: str
    call_id: str
    name: str
    arguments: str
    id: str | None = None
    status: str | None = None
    namespace: str | None = None
    caller: Raw = Absent


class CustomCallIn(_Asked, frozen=True):
    """`custom_tool_call`."""

    type: str
    call_id: str
    name: str
    input: str
    id: str | None = None
    status: str | None = None
    namespace: str | None = None
    caller: Raw = Absent


class ResultIn(_Asked, frozen=True):
    """`function_call_output` and `custom_tool_call_output`."""

    type: str
    call_id: str
    output: str | list[ContentPart]
    id: str | None = None
    status: str | None = None
    name: str | None = None
    namespace: str | None = None
    caller: Raw = Absent


class TextPiece(Struct, frozen=True, gc=False):
    """`summary[]` and `content[]` of a reasoning item."""

    text: str = ""
    type: str | None = None


class ReasoningItem(Struct, frozen=True, gc=False):
    """`reasoning`, of a request or an answer."""

    type: str
    id: str | None = None
    summary: list[TextPiece] | None = None
    content: list[TextPiece] | None = None
    encrypted_content: str | None = None
    status: str | None = None


class ToolsItem(Struct, frozen=True, gc=False):
    """`additional_tools` and `tool_search_output`: tools that came later."""

    type: str
    tools: list[Raw] | None = None
    execution: str | None = None


# Tools


class FunctionIn(_Asked, frozen=True):
    """A function."""

    name: str
    type: str | None = None
    description: str | None = None
    parameters: Raw = Absent
    strict: bool | None = None
    defer_loading: bool | None = None
    output_schema: Raw = Absent
    allowed_callers: list[str] | None = None


class CustomIn(_Asked, frozen=True):
    """A custom tool."""

    name: str
    type: str | None = None
    description: str | None = None
    format: Raw = Absent
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None


class NamespaceIn(_Asked, frozen=True):
    """Functions under one name."""

    name: str
    tools: list[Raw]
    type: str | None = None
    description: str | None = None


class AllowedIn(Struct, frozen=True, gc=False):
    """`tool_choice` as an object, and an entry of its `tools`."""

    type: str = "function"
    name: str | None = None
    mode: str | None = None
    tools: "list[AllowedIn] | None" = None


# Knobs


class FormatIn(_Asked, frozen=True):
    """`text.format`."""

    type: str
    name: str | None = None
    schema: Raw = Absent
    description: str | None = None
    strict: bool | None = None


class TextIn(_Asked, frozen=True):
    """`text`."""

    format: FormatIn | None = None
    verbosity: str | None = None


class ReasoningIn(_Asked, frozen=True):
    """`reasoning`."""

    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None
    context: Raw = Absent
    mode: Raw = Absent


class StreamOptions(_Asked, frozen=True):
    """`stream_options`."""

    include_obfuscation: bool | None = None


class ResponsesRequest(_Asked, frozen=True):
    """The body of POST /v1/responses. A stored `prompt` may name the model."""

    model: str | None = None
    input: str | list[Raw] | None = None
    instructions: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    store: bool | None = None
    include: list[str] | None = None
    tools: list[Raw] | None = None
    tool_choice: str | AllowedIn | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    text: TextIn | None = None
    reasoning: ReasoningIn | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    fairlead: Raw = Absent
    # Fields without a canonical name: extras, listed here so that they don't cost a second pass.
    access_programs: Raw = Absent
    background: Raw = Absent
    background_options: Raw = Absent
    context_management: Raw = Absent
    conversation: Raw = Absent
    image: Raw = Absent
    max_tool_calls: Raw = Absent
    metadata: Raw = Absent
    moderation: Raw = Absent
    previous_response_id: Raw = Absent
    prompt: Raw = Absent
    prompt_cache_key: Raw = Absent
    prompt_cache_options: Raw = Absent
    prompt_cache_retention: Raw = Absent
    truncation: Raw = Absent


class PeekIn(Struct, frozen=True, gc=False):
    """What `peek` reads; everything else is skipped."""

    model: str | None = None
    prompt: Raw = Absent
    stream: bool | None = None
    max_output_tokens: int | None = None
