"""Tools and tool choice: from the wire to canon."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure, FunctionTool, ServerTool, Tool, ToolChoice
from fairlead.wire.openai.faults import missing, not_among
from fairlead.wire.openai.tools import check_name, parameters_in
from fairlead.wire.openai_chat.content import cache_mark
from fairlead.wire.openai_chat.types import (
    AllowedIn,
    ChatRequest,
    FunctionIn,
    NamedIn,
    ToolChoiceIn,
    ToolIn,
)
from fairlead.wire.strict_json import Reader, Unknown

__all__ = ["read_choice", "read_tools"]


class _Kind(Struct, frozen=True, gc=False):
    type: str = "function"


_KIND: Final = msgspec.json.Decoder(_Kind)
_TOOL: Final = Reader(ToolIn)
_OURS: Final = frozenset({"function", "custom"})
_CHOICES: Final[dict[str, ToolChoice]] = {
    "auto": ToolChoice("auto"),
    "none": ToolChoice("none"),
    "required": ToolChoice("required"),
    "any": ToolChoice("required"),  # Mistral's word
}


def read_tools(asked: ChatRequest, unknown: list[Unknown]) -> tuple[Tool, ...]:
    """`tools`, or the legacy `functions`."""
    if asked.functions:
        if asked.tools:
            raise Failure.invalid(
                "'functions' and 'tools' cannot be used together.",
                "functions",
                hint="'functions' is deprecated: declare them in 'tools'.",
            )
        return tuple(
            _function(function, f"functions[{at}]") for at, function in enumerate(asked.functions)
        )
    if not asked.tools:
        return ()
    return tuple(_tool(raw, f"tools[{at}]", unknown) for at, raw in enumerate(asked.tools))


def _tool(raw: Raw, path: str, unknown: list[Unknown]) -> Tool:
    try:
        kind = _KIND.decode(raw).type
    except msgspec.ValidationError:
        kind = "function"  # the strict reading below says what is wrong
    if kind not in _OURS:
        return ServerTool("openai_chat", kind, bytes(raw))
    tool, more = _TOOL.read(raw, path)
    unknown.extend(more)
    if tool.function is not None and kind == "function":
        cache = cache_mark(tool.cache_control, path)
        function = _function(tool.function, f"{path}.function")
        return function if cache is None else msgspec.structs.replace(function, cache=cache)
    if tool.custom is not None and kind == "custom":
        custom = tool.custom
        if custom.format and custom.format != _NULL:
            unknown.append((f"{path}.custom.format", bytes(custom.format)))
        check_name(custom.name, f"{path}.custom.name")
        return FunctionTool(
            custom.name,
            custom.description,
            custom=True,
            cache=cache_mark(tool.cache_control, path),
        )
    raise missing(f"{path}.{kind}")


_NULL: Final = Raw(b"null")


def _function(function: FunctionIn, path: str) -> FunctionTool:
    check_name(function.name, f"{path}.name")
    parameters = parameters_in(function.parameters, path)
    return FunctionTool(function.name, function.description, parameters, function.strict)


def read_choice(asked: ChatRequest, tools: Sequence[Tool]) -> ToolChoice | None:
    """`tool_choice`, or the legacy `function_call`."""
    if asked.tool_choice is not None:
        choice, path = _choice(asked.tool_choice), "tool_choice"
    elif isinstance(asked.function_call, NamedIn):
        choice, path = ToolChoice("named", (asked.function_call.name,)), "function_call"
    elif asked.function_call is not None:
        choice, path = _word(asked.function_call, "function_call"), "function_call"
    else:
        return None
    if choice.mode in ("required", "named") and not tools:
        raise Failure.invalid(
            f"Invalid value for '{path}': '{path}' is only allowed when 'tools' are specified.",
            path,
        )
    names = {tool.name for tool in tools if isinstance(tool, FunctionTool)}
    for name in choice.names:
        if name not in names:
            raise Failure.invalid(
                f"Invalid value for '{path}': {name[:80]!r} is not among the 'tools'.", path
            )
    return choice


def _choice(asked: str | ToolChoiceIn) -> ToolChoice:
    if isinstance(asked, str):
        return _word(asked, "tool_choice")
    if asked.type == "allowed_tools" and asked.allowed_tools is not None:
        return _allowed(asked.allowed_tools)
    if asked.type == "function" and asked.function is not None:
        return ToolChoice("named", (asked.function.name,))
    if asked.type == "custom" and asked.custom is not None:
        return ToolChoice("named", (asked.custom.name,))
    if asked.type in ("function", "custom", "allowed_tools"):
        raise missing(f"tool_choice.{asked.type}")
    raise not_among(asked.type, "tool_choice.type", ("function", "custom", "allowed_tools"))


def _allowed(asked: AllowedIn) -> ToolChoice:
    names: list[str] = []
    for at, tool in enumerate(asked.tools):
        named = tool.function or tool.custom
        if named is None:
            raise Failure.invalid(
                f"Invalid 'tool_choice.allowed_tools.tools[{at}]': expected the name of a "
                "function or a custom tool.",
                f"tool_choice.allowed_tools.tools[{at}]",
            )
        names.append(named.name)
    if asked.mode == "auto":
        return ToolChoice("auto", tuple(names))
    if asked.mode == "required":
        return ToolChoice("named", tuple(names)) if names else ToolChoice("required")
    raise not_among(asked.mode, "tool_choice.allowed_tools.mode", ("auto", "required"))


def _word(word: str, path: str) -> ToolChoice:
    choice = _CHOICES.get(word)
    if choice is None:
        raise Failure.invalid(
            f"Invalid value for '{path}': {word[:60]!r}. Supported values are: 'none', 'auto', "
            "and 'required'.",
            path,
            code="invalid_value",
        )
    return choice
