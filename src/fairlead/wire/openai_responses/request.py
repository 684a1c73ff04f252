"""Requests: from OpenAI's Responses dialect to canon.

Ranges and messages are those of OpenAI's API, so that a client sees the same refusals here as
there; what a target can take beyond or below that is the target's encoder's matter.

Three fields are about who keeps what, and no loss anywhere: `store` (the gateway keeps answers
itself), `include: reasoning.encrypted_content` (the gateway keeps foreign signatures itself) and
`stream_options.include_obfuscation: false`. `previous_response_id` is resolved by the gateway
before the request is read (`state.expand`); one that gets here names a history that only OpenAI
has.
"""

from operator import attrgetter
from typing import Final, cast, get_args

import msgspec
from msgspec import Raw

from fairlead.canon import (
    Effort,
    Extra,
    Failure,
    FunctionTool,
    Opaque,
    OutputFormat,
    Reasoning,
    Request,
    Sampling,
    Text,
    Tool,
    Turn,
)
from fairlead.wire.codec import Peek
from fairlead.wire.openai.faults import missing
from fairlead.wire.openai_responses.items import read_items
from fairlead.wire.openai_responses.plain import read_plain
from fairlead.wire.openai_responses.tools import read_choice, read_tools
from fairlead.wire.openai_responses.types import (
    Absent,
    FormatIn,
    PeekIn,
    ReasoningIn,
    ResponsesRequest,
)
from fairlead.wire.strict_json import Reader, Unknown, check_text

__all__ = ["DEFAULTS", "SEMANTIC", "decode_request", "peek"]

DIALECT: Final = "openai_responses"
MAX_TOKENS: Final = 10_000_000
"""No model's window is larger: a bigger wish is a mistake, not a limit to pass on."""
_RANGES: Final[tuple[tuple[str, float, float], ...]] = (
    ("temperature", 0, 2),
    ("top_p", 0, 1),
    ("top_logprobs", 0, 20),
    ("max_output_tokens", 1, MAX_TOKENS),
)
_ranged: Final = attrgetter(*(field for field, _, _ in _RANGES))
_EXTRAS: Final = (
    "access_programs",
    "background",
    "background_options",
    "context_management",
    "conversation",
    "image",
    "max_tool_calls",
    "metadata",
    "moderation",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "truncation",
)
_extra_values: Final = attrgetter(*_EXTRAS)
_NO_EXTRAS: Final = (Absent,) * len(_EXTRAS)
SEMANTIC: Final = frozenset(
    {
        # an answer that comes later and elsewhere
        "background",
        "background_options",
        # content that OpenAI keeps
        "conversation",
        "previous_response_id",
        "prompt",
        # a check of the content that the client counts on
        "moderation",
        # who may call a tool; a grammar for a custom tool's input
        "tools[].allowed_callers",
        "tools[].format",
        "tools[].tools[].allowed_callers",
        "tools[].tools[].format",
        "input[].tools[].allowed_callers",
        "input[].tools[].format",
        # a form of the answer that we don't know
        "text.format",
    }
)
"""Extras whose absence changes content, by path with the indexes left out. All others are knobs."""

DEFAULTS: Final[dict[str, object]] = {
    "background": False,
    "metadata": {},
    "truncation": "disabled",
    "context_management": [],
    "parallel_tool_calls": True,
    "service_tier": "auto",
}
"""What OpenAI does where the field is not sent (its API reference, "Create a model response").

Frameworks write these out; a field that says its default is read as if it had not been sent.
`temperature` and `top_p` are not among them: their default is the model's.
"""
_NOTHING: Final = (Absent, Raw(b"null"))
_LOGPROBS: Final = "message.output_text.logprobs"
_KEPT_HERE: Final = frozenset({_LOGPROBS, "reasoning.encrypted_content"})
_EFFORTS: Final[tuple[str, ...]] = get_args(Effort)
_SUMMARIES: Final = ("auto", "concise", "detailed")
_VERBOSITIES: Final = ("low", "medium", "high")

_REQUEST: Final = Reader(ResponsesRequest)
_PEEK: Final = Reader(PeekIn)
_INDEXES: Final = str.maketrans("", "", "0123456789")
_ENCODE: Final = msgspec.json.Encoder().encode


def peek(body: bytes) -> Peek:
    """Model, stream flag and output limit; the rest is skipped, though it has to be JSON."""
    asked, _ = _PEEK.read(body)
    if asked.model is None and asked.prompt in _NOTHING:
        raise missing("model")
    return Peek(asked.model or "", bool(asked.stream), asked.max_output_tokens)


def decode_request(body: bytes) -> Request:
    """The whole request. Raises `Failure` with the path of the field at fault."""
    plain = read_plain(body, MAX_TOKENS)
    if plain is not None:
        return plain
    asked, unknown = _REQUEST.read(body)
    check_text(body)
    _check(asked)
    extras: list[Extra] = []
    tools = read_tools(asked, unknown, extras)
    items = read_items(asked.input, whole=_whole(asked))
    unknown += items.unknown
    tools = _with_later(tools, items.tools)
    _knob_extras(asked, unknown)
    user = asked.user if asked.user is not None else asked.safety_identifier
    if asked.safety_identifier not in (None, user):
        unknown.append(("safety_identifier", _ENCODE(asked.safety_identifier)))
    choice = read_choice(asked, tools, extras)
    tier = asked.service_tier
    return Request(
        model=asked.model or "",
        turns=tuple(items.turns) or _stored_turns(asked),
        instructions=(Text(asked.instructions),) if asked.instructions else (),
        tools=tools,
        tool_choice=choice,
        parallel_tools=False if asked.parallel_tool_calls is False else None,
        sampling=Sampling(asked.temperature, asked.top_p),
        max_tokens=asked.max_output_tokens,
        logprobs=True if _LOGPROBS in (asked.include or ()) else None,
        top_logprobs=asked.top_logprobs or None,
        output=_output(asked.text.format if asked.text is not None else None, unknown),
        reasoning=_reasoning(asked.reasoning, unknown),
        stream=bool(asked.stream),
        # A stream of this dialect always ends with its usage.
        include_usage=bool(asked.stream),
        user=user,
        service_tier=None if tier == DEFAULTS["service_tier"] else tier,
        extras=(*extras, *items.extras, *_extras(asked, unknown)),
    )


def _stored_turns(asked: ResponsesRequest) -> tuple[Turn, ...]:
    """What stands for a conversation that is all in a stored prompt."""
    if asked.prompt in _NOTHING:
        return ()
    return (Turn("user", (Opaque(DIALECT, "prompt", bytes(asked.prompt)),), None, "prompt"),)


def _check(asked: ResponsesRequest) -> None:
    if asked.model is None and asked.prompt in _NOTHING:
        raise missing("model")
    if asked.model == "":
        raise Failure.invalid("you must provide a model parameter", "model")
    for value, (field, low, high) in zip(_ranged(asked), _RANGES, strict=True):
        if value is not None and not low <= value <= high:
            raise _out_of_range(field, value, low, high)
    if not asked.input and asked.prompt in _NOTHING and asked.conversation in _NOTHING:
        if asked.input is None:
            raise missing("input")
        if asked.previous_response_id in _NOTHING and not asked.instructions:
            raise Failure.invalid(
                "Invalid 'input': expected a text or items, but it is empty.",
                "input",
                code="empty_array",
            )


def _out_of_range(field: str, value: float, low: float, high: float) -> Failure:
    kind = "integer" if isinstance(value, int) else "decimal"
    side, sign, bound = (
        ("below minimum", ">=", low) if value < low else ("above maximum", "<=", high)
    )
    limit = str(bound) if isinstance(bound, int) else f"{bound:g}"
    return Failure.invalid(
        f"Invalid '{field}': {kind} {side} value. Expected a value {sign} {limit}, but got "
        f"{str(value)[:40]} instead.",
        field,
        code=f"{kind}_{side.partition(' ')[0]}_{side.partition(' ')[2][:3]}_value",
    )


def _whole(asked: ResponsesRequest) -> bool:
    """Whether all of the history is in the request."""
    return asked.previous_response_id in _NOTHING and asked.conversation in _NOTHING


def _with_later(tools: tuple[Tool, ...], later: list[FunctionTool]) -> tuple[Tool, ...]:
    """The tools, and those told in mid-conversation that are not among them."""
    if not later:
        return tools
    names = {tool.name for tool in tools if isinstance(tool, FunctionTool)}
    more: dict[str, FunctionTool] = {t.name: t for t in later if t.name not in names}
    return (*tools, *more.values())


def _output(wish: FormatIn | None, unknown: list[Unknown]) -> OutputFormat | None:
    if wish is None or wish.type == "text":  # the default
        return None
    if wish.type == "json_object":
        return OutputFormat("json")
    if wish.type != "json_schema":
        unknown.append(("text.format", _ENCODE({"type": wish.type})))
        return None
    schema = bytes(wish.schema).strip()
    if not schema.startswith(b"{"):
        if schema in (b"", b"null"):
            raise missing("text.format.schema")
        raise Failure.invalid(
            "Invalid type for 'text.format.schema': expected an object (a JSON Schema).",
            "text.format.schema",
            code="invalid_type",
        )
    return OutputFormat("json_schema", wish.name, schema, wish.description, wish.strict)


def _reasoning(wish: ReasoningIn | None, unknown: list[Unknown]) -> Reasoning | None:
    if wish is None:
        return None
    effort = wish.effort
    if effort is not None and effort not in _EFFORTS:
        raise _unsupported(effort, "reasoning.effort", _EFFORTS)
    summary = wish.summary if wish.summary is not None else wish.generate_summary
    if summary is not None and summary not in (*_SUMMARIES, "none"):
        raise _unsupported(summary, "reasoning.summary", _SUMMARIES)
    if summary in ("concise", "detailed"):
        unknown.append(("reasoning.summary", _ENCODE(summary)))
    for field in ("context", "mode"):
        raw = bytes(getattr(wish, field))
        if raw not in (b"", b"null", b'"auto"', b'"standard"'):
            unknown.append((f"reasoning.{field}", raw))
    visible = None if summary in (None, "none") else True
    if effort is None and visible is None:
        return None
    return Reasoning(effort=cast("Effort | None", effort), visible=visible)


def _unsupported(value: str, path: str, known: tuple[str, ...]) -> Failure:
    names = ", ".join(f"'{name}'" for name in known)
    return Failure.invalid(
        f"Invalid value: {value[:60]!r}. Supported values are: {names}.",
        path,
        code="invalid_value",
    )


def _knob_extras(asked: ResponsesRequest, unknown: list[Unknown]) -> None:
    """Knobs that are typed here and have no name in canon."""
    verbosity = asked.text.verbosity if asked.text is not None else None
    if verbosity is not None and verbosity not in _VERBOSITIES:
        raise _unsupported(verbosity, "text.verbosity", _VERBOSITIES)
    if verbosity not in (None, "medium"):
        unknown.append(("text.verbosity", _ENCODE(verbosity)))
    if asked.include and not _KEPT_HERE.issuperset(asked.include):
        wanted = [name for name in asked.include if name not in _KEPT_HERE]
        unknown.append(("include", _ENCODE(wanted)))
    if asked.stream_options is not None and asked.stream_options.include_obfuscation:
        unknown.append(("stream_options.include_obfuscation", b"true"))


def _extras(asked: ResponsesRequest, unknown: list[Unknown]) -> list[Extra]:
    found: list[Unknown] = []
    values = _extra_values(asked)
    if values != _NO_EXTRAS:
        for field, raw in zip(_EXTRAS, values, strict=True):
            if raw is Absent or (field in DEFAULTS and _says(raw, DEFAULTS[field])):
                continue
            found.append((field, bytes(raw)))
    found += unknown
    return [
        Extra(DIALECT, path, raw, path.translate(_INDEXES) not in SEMANTIC)
        for path, raw in found
        if raw != b"null"
    ]


def _says(raw: Raw, default: object) -> bool:
    """Whether a field has its default; `background: 0` is not false."""
    said = msgspec.json.decode(raw)
    return type(said) is type(default) and bool(said == default)
