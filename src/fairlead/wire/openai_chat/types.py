"""Requests of the chat dialect on the wire, as typed structs.

Request structs refuse unknown fields: `reader` then takes those apart into extras. What vendors
answer is in `answers`. A field that is null counts as absent, as in OpenAI's API. `Raw` fields
keep their JSON verbatim.

Beyond OpenAI's reference (openai SDK, `types/chat/completion_create_params.py`) the structs hold
what people send and get through this dialect elsewhere: Mistral's `thinking` and `document_url`
parts, OpenRouter's `reasoning`, `reasoning_details` and `video_url`, LiteLLM's `thinking_blocks`
and `cache_control`, Google's `extra_content` and `google.thinking_config`, Qwen's
`enable_thinking`.
"""

from msgspec import Raw, Struct

__all__ = [
    "Absent",
    "AllowedIn",
    "ChatRequest",
    "ContentPart",
    "CustomIn",
    "ExtraBody",
    "FunctionIn",
    "Google",
    "MessageIn",
    "NamedIn",
    "PeekIn",
    "ReasoningDetail",
    "ReasoningIn",
    "ResponseFormat",
    "StreamOptions",
    "ThinkingConfig",
    "ThinkingIn",
    "ToolCallIn",
    "ToolChoiceIn",
    "ToolIn",
]

Absent = Raw()
"""What a `Raw` field holds that was not sent."""


class _Asked(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Base of what clients send."""


# Requests


class CacheControl(_Asked, frozen=True):
    """Anthropic's `cache_control`, as OpenRouter and LiteLLM pass it through this dialect."""

    type: str = "ephemeral"
    ttl: str | None = None


class CacheBreakpoint(_Asked, frozen=True):
    """`prompt_cache_breakpoint` of a content part."""

    mode: str = "explicit"
    ttl: str | None = None


class UrlIn(_Asked, frozen=True):
    """`image_url`, `video_url`, `file_url`."""

    url: str
    detail: str | None = None


class AudioIn(_Asked, frozen=True):
    """`input_audio`."""

    data: str
    format: str | None = None


class FileIn(_Asked, frozen=True):
    """`file`."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class ContentPart(_Asked, frozen=True):
    """One part of a message's content; `type` says which of the other fields counts."""

    type: str
    text: str | None = None
    image_url: UrlIn | str | None = None
    input_audio: AudioIn | None = None
    file: FileIn | None = None
    video_url: UrlIn | str | None = None
    document_url: UrlIn | str | None = None
    document_name: str | None = None
    file_url: UrlIn | str | None = None
    file_name: str | None = None
    refusal: str | None = None
    thinking: "list[ContentPart] | str | None" = None
    signature: str | None = None
    closed: bool | None = None
    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class GoogleSignature(_Asked, frozen=True):
    """Google's extra content: the thought's signature, and whether the text is a thought."""

    thought_signature: str | None = None
    thought: bool | None = None


class ExtraContent(_Asked, frozen=True):
    """`extra_content` (Gemini API, "OpenAI compatibility", thought signatures)."""

    google: GoogleSignature | None = None


class FunctionCallIn(_Asked, frozen=True):
    """A function's name and its arguments as JSON text."""

    name: str
    arguments: str = ""


class CustomCallIn(_Asked, frozen=True):
    """A custom tool's name and its input as free text."""

    name: str
    input: str = ""


class ToolCallIn(_Asked, frozen=True):
    """A call in an assistant message. `index` comes from clients that keep stream deltas."""

    id: str
    type: str = "function"
    function: FunctionCallIn | None = None
    custom: CustomCallIn | None = None
    extra_content: ExtraContent | None = None
    index: int | None = None


class ReasoningDetail(Struct, frozen=True, gc=False):
    """OpenRouter's reasoning detail: `reasoning.text`, `.summary` or `.encrypted`."""

    type: str = ""
    text: str | None = None
    summary: str | None = None
    data: str | None = None
    signature: str | None = None
    format: str | None = None
    id: str | None = None
    index: int | None = None


class ThinkingBlock(_Asked, frozen=True):
    """LiteLLM's `thinking_blocks`: Anthropic's blocks as they are."""

    type: str
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None


class MessageIn(_Asked, frozen=True):
    """One message of any role."""

    role: str
    content: str | list[ContentPart] | None = None
    name: str | None = None
    tool_calls: list[ToolCallIn] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    function_call: FunctionCallIn | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[ReasoningDetail] | None = None
    thinking_blocks: list[ThinkingBlock] | None = None
    extra_content: ExtraContent | None = None
    cache_control: CacheControl | None = None
    audio: Raw = Absent
    annotations: Raw = Absent


class FunctionIn(_Asked, frozen=True):
    """A function's declaration."""

    name: str
    description: str | None = None
    parameters: Raw = Absent
    strict: bool | None = None


class CustomIn(_Asked, frozen=True):
    """A custom tool's declaration."""

    name: str
    description: str | None = None
    format: Raw = Absent


class ToolIn(_Asked, frozen=True):
    """An entry of `tools` that the client runs."""

    type: str = "function"
    function: FunctionIn | None = None
    custom: CustomIn | None = None
    cache_control: CacheControl | None = None


class NamedIn(_Asked, frozen=True):
    """A tool named in a choice."""

    name: str


class AllowedTool(_Asked, frozen=True):
    """An entry of `allowed_tools.tools`."""

    type: str = "function"
    function: NamedIn | None = None
    custom: NamedIn | None = None


class AllowedIn(_Asked, frozen=True):
    """`allowed_tools`."""

    mode: str
    tools: list[AllowedTool]


class ToolChoiceIn(_Asked, frozen=True):
    """`tool_choice` as an object."""

    type: str = "function"
    function: NamedIn | None = None
    custom: NamedIn | None = None
    allowed_tools: AllowedIn | None = None


class JsonSchema(_Asked, frozen=True):
    """`response_format.json_schema`."""

    name: str | None = None
    schema: Raw = Absent
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(_Asked, frozen=True):
    """`response_format`."""

    type: str
    json_schema: JsonSchema | None = None


class StreamOptions(_Asked, frozen=True):
    """`stream_options`."""

    include_usage: bool | None = None
    include_obfuscation: Raw = Absent


class ThinkingIn(_Asked, frozen=True):
    """`thinking`: Anthropic's parameter, as LiteLLM takes it."""

    type: str | None = None
    budget_tokens: int | None = None
    display: str | None = None


class ThinkingConfig(_Asked, frozen=True):
    """`google.thinking_config`."""

    thinking_budget: int | None = None
    thinking_level: str | None = None
    include_thoughts: bool | None = None


class Google(_Asked, frozen=True):
    """Google's own parameters in this dialect."""

    thinking_config: ThinkingConfig | None = None


class ExtraBody(_Asked, frozen=True):
    """`extra_body` as a field of the body: Google's documents nest it so."""

    google: Google | None = None


class ReasoningIn(_Asked, frozen=True):
    """`reasoning`: OpenRouter's parameter."""

    effort: str | None = None
    max_tokens: int | None = None
    exclude: bool | None = None
    enabled: bool | None = None


class ChatRequest(_Asked, frozen=True):
    """The body of POST /v1/chat/completions."""

    model: str
    messages: list[MessageIn]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[Raw] | None = None
    tool_choice: str | ToolChoiceIn | None = None
    parallel_tool_calls: bool | None = None
    functions: list[FunctionIn] | None = None
    function_call: str | NamedIn | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: str | list[str] | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    response_format: ResponseFormat | None = None
    modalities: list[str] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    reasoning_effort: str | None = None
    reasoning: ReasoningIn | None = None
    thinking: ThinkingIn | None = None
    google: Google | None = None
    extra_body: ExtraBody | None = None
    enable_thinking: bool | None = None
    thinking_budget: int | None = None
    fairlead: Raw = Absent
    # Fields without a canonical name: extras, listed here so that they don't cost a second pass.
    audio: Raw = Absent
    logit_bias: Raw = Absent
    metadata: Raw = Absent
    moderation: Raw = Absent
    prediction: Raw = Absent
    prompt_cache_key: Raw = Absent
    prompt_cache_options: Raw = Absent
    prompt_cache_retention: Raw = Absent
    store: Raw = Absent
    verbosity: Raw = Absent
    web_search_options: Raw = Absent


class PeekIn(Struct, frozen=True, gc=False):
    """What `peek` reads; everything else is skipped."""

    model: str
    stream: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
