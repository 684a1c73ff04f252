"""Tools that take free text, for vendors whose functions take objects, and the way back.

OpenAI's custom tools are called with a text, perhaps of a grammar; Codex edits files with one
(`apply_patch`). Elsewhere such a tool is a function with one text, `input`, whose description tells
the grammar, and a call of it comes back as a call with that text: what the client declared, it
gets. Only the vendor's promise that the grammar is kept to is lost, and named.

Encoders of dialects without such tools call `as_functions`; whoever passes an answer on calls
`restore` (whole) or a `Restorer` (streamed, where the text goes on as it comes).
"""

import re
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import (
    Delta,
    Event,
    FunctionTool,
    Loss,
    Part,
    PartStart,
    PartStop,
    Request,
    Response,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)

__all__ = ["Restorer", "as_functions", "custom_names", "restore"]

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
    except (msgspec.DecodeError, RecursionError):
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


def restore(answer: Response, request: Request | None) -> Response:
    """The answer with calls of custom tools as the client declared them."""
    if request is None or not request.tools or not (names := custom_names(request)):
        return answer
    return replace(
        answer,
        candidates=tuple(
            replace(candidate, parts=tuple(_restored(part, names) for part in candidate.parts))
            for candidate in answer.candidates
        ),
    )


def _restored(part: Part, names: frozenset[str]) -> Part:
    if isinstance(part, ToolCall) and not part.custom and part.name in names:
        return replace(part, arguments=_text_of(part.arguments), custom=True)
    return part


def _text_of(arguments: str) -> str:
    """The text of a call's arguments; what is no object with one is the text itself."""
    try:
        return _INPUT.decode(arguments).input
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return arguments


# Streams


class Restorer:
    """The same for the events of a stream: the text is taken out of the arguments as they come."""

    __slots__ = ("_names", "_open")

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._open: dict[tuple[int, int], _Unwrapping] = {}

    def restore(self, events: list[Event]) -> list[Event]:
        """The events to go on with."""
        out: list[Event] = []
        for event in events:
            if isinstance(event, PartStart):
                out += self._start(event)
            elif isinstance(event, Delta | PartStop):
                out += self._more(event)
            else:
                out.append(event)
        return out

    def _start(self, event: PartStart) -> list[Event]:
        part = event.part
        if not isinstance(part, ToolCall) or part.custom or part.name not in self._names:
            return [event]
        unwrapping = self._open[event.candidate, event.index] = _Unwrapping()
        text = unwrapping.feed(part.arguments)
        skeleton = replace(part, arguments=text, custom=True)
        return [PartStart(event.index, skeleton, event.candidate)]

    def _more(self, event: Delta | PartStop) -> list[Event]:
        place = event.candidate, event.index
        unwrapping = self._open.get(place)
        if unwrapping is None:
            return [event]
        if isinstance(event, Delta):
            text = unwrapping.feed(event.text)
            more = replace(event, text=text)
            return [more] if text or event.signature is not None else []
        del self._open[place]
        text = unwrapping.close()
        last = [Delta(event.index, text, candidate=event.candidate)] if text else []
        return [*last, event]


_HEAD: Final = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_WHOLE: Final = re.compile(r'(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_HALF: Final = re.compile(r"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})$")
_TEXT: Final = msgspec.json.Decoder(str)


class _Unwrapping:
    """Takes the text out of `{"input": "..."}` while it comes; anything else is told at the end."""

    __slots__ = ("_begun", "_over", "_rest")

    def __init__(self) -> None:
        self._begun = False
        self._over = False
        self._rest = ""

    def feed(self, text: str) -> str:
        """What can be told now."""
        if self._over:
            return ""
        self._rest += text
        if not self._begun:
            head = _HEAD.match(self._rest)
            if head is None:
                return ""
            self._begun = True
            self._rest = self._rest[head.end() :]
        return self._take()

    def _take(self) -> str:
        found = _WHOLE.match(self._rest)
        end = found.end() if found is not None else 0
        self._over = self._rest[end : end + 1] == '"'
        half = None if self._over else _HALF.search(self._rest, 0, end)
        if half is not None:  # the other half of the character is still to come
            end = half.start(1)
        piece, self._rest = self._rest[:end], self._rest[end:]
        try:
            return _TEXT.decode(f'"{piece}"')
        except (msgspec.DecodeError, UnicodeError):
            return piece  # a bare line break, which some models write

    def close(self) -> str:
        """What is left, of arguments that were no such object."""
        return "" if self._begun else _text_of(self._rest)
