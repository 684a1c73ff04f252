"""Requests: from OpenAI's chat dialect to canon.

Ranges and messages are those of OpenAI's API, so that a client sees the same refusals here as
there; what a target can take beyond or below that is the target's encoder's matter.
"""

from operator import attrgetter
from typing import Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from fairlead.canon import Extra, Failure, OutputFormat, Request, Sampling
from fairlead.wire.codec import Peek
from fairlead.wire.openai.faults import missing
from fairlead.wire.openai_chat.messages import read_messages
from fairlead.wire.openai_chat.plain import read_plain
from fairlead.wire.openai_chat.reasoning import read_reasoning
from fairlead.wire.openai_chat.tools import read_choice, read_tools
from fairlead.wire.openai_chat.types import Absent, ChatRequest, JsonSchema, PeekIn
from fairlead.wire.strict_json import Reader, Unknown, check_text

__all__ = ["DEFAULTS", "SEMANTIC", "decode_request", "peek"]

MAX_TOKENS: Final = 10_000_000
"""No model's window is larger: a bigger wish is a mistake, not a limit to pass on."""

# OpenAI's reference of the fields (openai SDK, types/chat/completion_create_params.py).
_RANGES: Final[tuple[tuple[str, float, float], ...]] = (
    ("temperature", 0, 2),
    ("top_p", 0, 1),
    ("top_k", 0, 1_000_000),
    ("frequency_penalty", -2, 2),
    ("presence_penalty", -2, 2),
    ("n", 1, 128),
    ("top_logprobs", 0, 20),
    ("max_tokens", 1, MAX_TOKENS),
    ("max_completion_tokens", 1, MAX_TOKENS),
    ("seed", -(2**63), 2**63 - 1),
)
_ranged: Final = attrgetter(*(field for field, _, _ in _RANGES))
_STOP_MAX: Final = 4
_EXTRAS: Final = (
    "audio",
    "logit_bias",
    "metadata",
    "moderation",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "store",
    "verbosity",
    "web_search_options",
)
_extra_values: Final = attrgetter(*_EXTRAS)
_NO_EXTRAS: Final = (Absent,) * len(_EXTRAS)
SEMANTIC: Final = frozenset(
    {
        # sound in the answer, and a search that the vendor runs
        "audio",
        "web_search_options",
        "messages[].audio",
        # a check of the content that the client counts on
        "moderation",
        # OpenRouter: prompts kept on its side, tools that it runs
        "preset",
        "plugins",
        # vLLM and llama.cpp: the shape of the answer
        "guided_json",
        "guided_regex",
        "guided_choice",
        "guided_grammar",
        "structured_outputs",
        "grammar",
        # Google: content kept on its side
        "cached_content",
        "google.cached_content",
        "extra_body.google.cached_content",
        # a grammar for a custom tool's input
        "tools[].custom.format",
    }
)
"""Extras whose absence changes content, by path with the indexes left out. All others are knobs."""

DEFAULTS: Final[dict[str, bool | float | str | dict[str, str]]] = {
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logit_bias": {},
    "n": 1,
    "logprobs": False,
    "store": False,
    "metadata": {},
    "parallel_tool_calls": True,
    "service_tier": "auto",
    "verbosity": "medium",
}
"""What OpenAI does where the field is not sent (its API reference, "Create chat completion").

Frameworks write these out; a field that says its default is read as if it had not been sent, so
that it is no loss on a target without it. `temperature` and `top_p` are not among them: their
default is the model's, and another model has another.
"""
_defaulted: Final = attrgetter(*DEFAULTS)
_NOT_SENT: Final = _defaulted(ChatRequest("", []))

_REQUEST: Final = Reader(ChatRequest)
_PEEK: Final = Reader(PeekIn)
_INDEXES: Final = str.maketrans("", "", "0123456789")


def peek(body: bytes) -> Peek:
    """Model, stream flag and output limit; the rest is skipped, though it has to be JSON."""
    asked, _ = _PEEK.read(body)
    limit = asked.max_completion_tokens
    return Peek(asked.model, bool(asked.stream), asked.max_tokens if limit is None else limit)


def decode_request(body: bytes) -> Request:
    """The whole request. Raises `Failure` with the path of the field at fault."""
    plain = read_plain(body, MAX_TOKENS)
    if plain is not None:
        return plain
    asked, unknown = _REQUEST.read(body)
    check_text(body)
    _check_ranges(asked)
    asked = _without_defaults(asked)
    turns = read_messages(asked.messages)
    tools = read_tools(asked, unknown)
    user, stray_user = _user(asked)
    return Request(
        model=asked.model,
        turns=turns,
        tools=tools,
        tool_choice=read_choice(asked, tools),
        parallel_tools=False if asked.functions else asked.parallel_tool_calls,
        legacy_functions=bool(asked.functions),
        sampling=_sampling(asked),
        max_tokens=_max_tokens(asked),
        n=asked.n,
        logprobs=asked.logprobs,
        top_logprobs=_top_logprobs(asked),
        output=_output(asked),
        reasoning=read_reasoning(asked),
        modalities=tuple(asked.modalities or ()),
        stream=bool(asked.stream),
        include_usage=_include_usage(asked),
        user=user,
        service_tier=asked.service_tier,
        extras=_extras(asked, unknown) + stray_user,
    )


def _check_ranges(asked: ChatRequest) -> None:
    if not asked.model:
        raise Failure.invalid("you must provide a model parameter", "model")
    for value, (field, low, high) in zip(_ranged(asked), _RANGES, strict=True):
        if value is not None and not low <= value <= high:
            raise _out_of_range(field, value, low, high)


def _without_defaults(asked: ChatRequest) -> ChatRequest:
    values = _defaulted(asked)
    if values == _NOT_SENT:
        return asked
    fields = zip(DEFAULTS.items(), values, _NOT_SENT, strict=True)
    unsent = {
        field: absent
        for (field, default), value, absent in fields
        if value is not absent and _says(value, default)
    }
    return replace(asked, **unsent) if unsent else asked


def _says(value: object, default: object) -> bool:
    """Whether a field has its default; `Raw` is of any type, and `store: 0` is not false."""
    if not isinstance(value, Raw):
        return value == default
    said = msgspec.json.decode(value)
    return type(said) is type(default) and bool(said == default)


def _out_of_range(field: str, value: float, low: float, high: float) -> Failure:
    kind = "integer" if isinstance(value, int) else "decimal"
    if value < low:
        return Failure.invalid(
            f"Invalid '{field}': {kind} below minimum value. Expected a value >= {low:g}, but got "
            f"{value} instead.",
            field,
            code=f"{kind}_below_min_value",
        )
    limit = str(high) if isinstance(high, int) else f"{high:g}"
    return Failure.invalid(
        f"Invalid '{field}': {kind} above maximum value. Expected a value <= {limit}, but got "
        f"{str(value)[:40]} instead.",
        field,
        code=f"{kind}_above_max_value",
    )


def _sampling(asked: ChatRequest) -> Sampling:
    stop = asked.stop
    if stop is None:
        stops: tuple[str, ...] = ()
    elif isinstance(stop, str):
        stops = (stop,)
    else:
        stops = tuple(stop)
    if len(stops) > _STOP_MAX:
        raise Failure.invalid(
            f"Invalid 'stop': array too long. Expected an array with maximum length {_STOP_MAX}, "
            f"but got an array with length {len(stops)} instead.",
            "stop",
            code="array_above_max_length",
        )
    if "" in stops:
        raise Failure.invalid(
            "Invalid 'stop': empty string. A stop sequence needs at least one character.",
            "stop",
            code="empty_string",
        )
    return Sampling(
        asked.temperature,
        asked.top_p,
        asked.top_k,
        asked.seed,
        asked.frequency_penalty,
        asked.presence_penalty,
        stops,
    )


def _max_tokens(asked: ChatRequest) -> int | None:
    old, new = asked.max_tokens, asked.max_completion_tokens
    if old is not None and new is not None and old != new:
        raise Failure.invalid(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "max_tokens",
            code="invalid_parameter_combination",
        )
    return old if new is None else new


def _top_logprobs(asked: ChatRequest) -> int | None:
    if asked.top_logprobs is not None and not asked.logprobs:
        raise Failure.invalid(
            "Invalid 'top_logprobs': it is only allowed when 'logprobs' is true.", "top_logprobs"
        )
    return asked.top_logprobs


def _include_usage(asked: ChatRequest) -> bool:
    if asked.stream_options is None:
        return False
    if not asked.stream:
        raise Failure.invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )
    return bool(asked.stream_options.include_usage)


def _output(asked: ChatRequest) -> OutputFormat | None:
    wish = asked.response_format
    if wish is None:
        return None
    if wish.type == "text":
        return OutputFormat("text")
    if wish.type == "json_object":
        return OutputFormat("json")
    if wish.type != "json_schema":
        raise Failure.invalid(
            f"Invalid value for 'response_format.type': {wish.type[:60]!r}. Supported values are: "
            "'json_object', 'json_schema', and 'text'.",
            "response_format.type",
            code="invalid_value",
        )
    return _json_schema(wish.json_schema)


def _json_schema(wish: JsonSchema | None) -> OutputFormat:
    path = "response_format.json_schema"
    if wish is None:
        raise missing(path)
    schema = bytes(wish.schema).strip()
    if schema in (b"", b"null"):
        return OutputFormat("json_schema", wish.name, None, wish.description, wish.strict)
    if not schema.startswith(b"{"):
        raise Failure.invalid(
            f"Invalid type for '{path}.schema': expected an object (a JSON Schema).",
            f"{path}.schema",
            code="invalid_type",
        )
    return OutputFormat("json_schema", wish.name, schema, wish.description, wish.strict)


def _user(asked: ChatRequest) -> tuple[str | None, tuple[Extra, ...]]:
    """`safety_identifier` is the newer name of `user`; a second one that differs is an extra."""
    user, identifier = asked.user, asked.safety_identifier
    if user is None or identifier is None or user == identifier:
        return identifier if user is None else user, ()
    raw = msgspec.json.encode(identifier)
    return user, (Extra("openai_chat", "safety_identifier", raw),)


def _extras(asked: ChatRequest, unknown: list[Unknown]) -> tuple[Extra, ...]:
    found: list[Unknown] = []
    values = _extra_values(asked)
    if values != _NO_EXTRAS:
        pairs = zip(_EXTRAS, values, strict=True)
        found = [(field, bytes(raw)) for field, raw in pairs if raw is not Absent]
    if asked.stream_options is not None and asked.stream_options.include_obfuscation:
        raw = bytes(asked.stream_options.include_obfuscation)
        found.append(("stream_options.include_obfuscation", raw))
    for at, message in enumerate(asked.messages):
        if message.audio is not Absent:
            found.append((f"messages[{at}].audio", bytes(message.audio)))
        if message.annotations is not Absent and bytes(message.annotations) != b"[]":
            found.append((f"messages[{at}].annotations", bytes(message.annotations)))
    found.extend(unknown)
    if not found:
        return ()
    return tuple(
        Extra("openai_chat", path, raw, path.translate(_INDEXES) not in SEMANTIC)
        for path, raw in found
        if raw != b"null"
    )
