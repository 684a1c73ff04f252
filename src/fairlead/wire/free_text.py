"""Tools that take free text, for vendors whose functions take objects, and the way back.

OpenAI's custom tools are called with a text, perhaps of a grammar; Codex edits files with one
(`apply_patch`). Elsewhere such a tool is a function with one text, `input`, whose description tells
the grammar, and a call of it comes back as a call with that text: what the client declared, it
gets. Only the vendor's promise that the grammar is kept to is lost, and named.
"""

import re
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import FunctionTool, Loss, Part, Request, Tool, ToolCall, ToolResult, Turn

__all__ = ["as_functions", "custom_names", "restore_calls", "text_of"]

SCHEMA: Final = (
    b'{"type":"object","properties":{"input":{"type":"string","description":'
    b'"The whole input of the tool, as free text."}},"required":["input"],'
    b'"additionalProperties":false}'
)
_FORMAT: Final = re.compile(r"tools\[\d+\](?:\.custom)?\.format")
_DIALECTS: Final = frozenset({"openai_chat", "openai_responses"})


class _Grammar(Struct, frozen=True, gc=False):
    """`format`: beside its type in one dialect, below `grammar` in the other."""

    type: str = ""
    definition: str | None = None
    syntax: str | None = None
    grammar: "_Grammar | None" = None


class _Input(Struct, frozen=True, gc=False):
    input: str


_GRAMMAR: Final = msgspec.json.Decoder(_Grammar)
_INPUT: Final = msgspec.json.Decoder(_Input)
_ENCODE: Final = msgspec.json.Encoder().encode


def as_functions(request: Request) -> tuple[Request, list[Loss]]:
    """The request with functions in place of its custom tools, and what that loses.

    The very same request where there are none.
    """
    if not any(_any_custom(turn) for turn in request.turns) and not custom_names(request):
        return request, []
    losses: list[Loss] = []
    formats = {
        extra.path: extra.raw
        for extra in request.extras
        if extra.dialect in _DIALECTS and _FORMAT.fullmatch(extra.path)
    }
    tools: list[Tool] = []
    for at, tool in enumerate(request.tools):
        if isinstance(tool, FunctionTool) and tool.custom:
            raw = formats.pop(f"tools[{at}].format", None)
            raw = formats.pop(f"tools[{at}].custom.format", raw)
            why = "told as a function with one text"
            losses.append(Loss("cosmetic", f"tools[{at}]", f"custom_tool:{tool.name}", why))
            tools.append(_function(tool, raw))
        else:
            tools.append(tool)
    told = {e.path for e in request.extras if _FORMAT.fullmatch(e.path)} - formats.keys()
    return (
        replace(
            request,
            tools=tuple(tools),
            turns=tuple([_turn(turn) if _any_custom(turn) else turn for turn in request.turns]),
            extras=tuple([extra for extra in request.extras if extra.path not in told]),
        ),
        losses,
    )


def custom_names(request: Request | None) -> frozenset[str]:
    """Names of the request's custom tools."""
    if request is None or not request.tools:
        return frozenset()
    return frozenset(
        [tool.name for tool in request.tools if isinstance(tool, FunctionTool) and tool.custom]
    )


def _any_custom(turn: Turn) -> bool:
    return any(isinstance(p, ToolCall | ToolResult) and p.custom for p in turn.parts)


def _function(tool: FunctionTool, format_: bytes | None) -> FunctionTool:
    description = tool.description
    if format_ is not None and (rule := _rule(format_)):
        description = f"{description}\n\n{rule}" if description else rule
    return replace(tool, custom=False, parameters=SCHEMA, description=description)


def _rule(format_: bytes) -> str:
    try:
        told = _GRAMMAR.decode(format_)
    except msgspec.DecodeError:
        return ""
    told = told.grammar or told
    if not told.definition:
        return ""
    syntax = told.syntax or "lark"
    return f"The text of `input` must follow this grammar ({syntax}):\n{told.definition}"


def _turn(turn: Turn) -> Turn:
    return replace(turn, parts=tuple([_part(part) for part in turn.parts]))


def _part(part: Part) -> Part:
    if isinstance(part, ToolCall) and part.custom:
        arguments = _ENCODE({"input": part.arguments}).decode()
        return replace(part, arguments=arguments, custom=False)
    if isinstance(part, ToolResult) and part.custom:
        return replace(part, custom=False)
    return part


def restore_calls(parts: tuple[Part, ...], request: Request | None) -> tuple[Part, ...]:
    """An answer's parts, with calls of custom tools as the client declared them."""
    names = custom_names(request)
    if not names:
        return parts
    return tuple(
        replace(part, arguments=text_of(part.arguments), custom=True)
        if isinstance(part, ToolCall) and not part.custom and part.name in names
        else part
        for part in parts
    )


def text_of(arguments: str) -> str:
    """The text of a call's arguments; what is no object with one is the text itself."""
    try:
        return _INPUT.decode(arguments).input
    except (msgspec.DecodeError, UnicodeError):
        return arguments
