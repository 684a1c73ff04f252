"""Tools and tool choice: from the wire to canon.

Functions may stand in a namespace, may be told in mid-conversation, and may be left out of the
prompt until a search finds them (`defer_loading`, `tool_search`). All that is about what the model
reads when; elsewhere it reads all of it from the start, which leaves it every tool that it had. So
a namespace and a search that the vendor runs are extras, and their functions are tools like others.
A search that the client runs is a call of its own kind, and stays the vendor's.

A function's fields in this dialect stand beside its type, not below it.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Extra, Failure, FunctionTool, Request, ServerTool, Tool, ToolChoice
from fairlead.wire.openai.faults import missing, not_among
from fairlead.wire.openai.tools import check_name, parameters_in
from fairlead.wire.openai_responses.types import (
    AllowedIn,
    CustomIn,
    FunctionIn,
    Kind,
    NamespaceIn,
    ResponsesRequest,
    ToolsItem,
)
from fairlead.wire.strict_json import Reader, Unknown

__all__ = [
    "functions_in",
    "namespaces_of",
    "read_choice",
    "read_functions",
    "read_tools",
    "tool_paths",
]

DIALECT: Final = "openai_responses"
LATER: Final = "additional_tools"
SEARCH: Final = "tool_search"
_KIND: Final = msgspec.json.Decoder(Kind)
_FUNCTION: Final = Reader(FunctionIn)
_CUSTOM: Final = Reader(CustomIn)
_NAMESPACE: Final = Reader(NamespaceIn)
_SEARCH: Final = msgspec.json.Decoder(ToolsItem)
_HELD: Final = msgspec.json.Decoder(ToolsItem)
_CONTENT: Final = (".format", ".allowed_callers")
"""Fields of a function in a list whose absence changes content: named beside the list."""
_NULL: Final = (b"", b"null")
_PLAIN_FORMAT: Final = (b'{"type":"text"}', b'{"type": "text"}')
_WORDS: Final[dict[str, ToolChoice]] = {
    "auto": ToolChoice("auto"),
    "none": ToolChoice("none"),
    "required": ToolChoice("required"),
}


def read_tools(
    asked: ResponsesRequest, unknown: list[Unknown], extras: list[Extra]
) -> tuple[Tool, ...]:
    """`tools`; what is no tool to others goes to `extras`, unknown fields to `unknown`."""
    found: list[Tool] = []
    for at, raw in enumerate(asked.tools or ()):
        path = f"tools[{at}]"
        kind = _kind(raw)
        if kind in _OURS:
            found.append(_tool(raw, kind, path, unknown))
            continue
        functions = _namespace(raw, path, unknown) if kind == "namespace" else None
        if kind == SEARCH and not _by_client(raw):
            functions = []
        if functions is None:
            found.append(ServerTool(DIALECT, kind, bytes(raw)))
            continue
        found += functions
        extras.append(Extra(DIALECT, path, bytes(raw)))
    return tuple(found)


_OURS: Final = frozenset({"function", "custom"})


def _kind(raw: Raw) -> str:
    try:
        return _KIND.decode(raw).type or "function"
    except msgspec.ValidationError:
        return "function"  # the strict reading says what is wrong


def _by_client(raw: Raw) -> bool:
    try:
        return _SEARCH.decode(raw).execution == "client"
    except msgspec.ValidationError:
        return True


def read_functions(
    tools: Sequence[Raw], path: str, unknown: list[Unknown], *, within: bool = False
) -> list[FunctionTool] | None:
    """Functions of a list, namespaces opened; None if there is anything else among them.

    `within` a namespace there is no other (openai SDK, types/responses/namespace_tool_param.py).
    """
    found: list[FunctionTool] = []
    for at, raw in enumerate(tools):
        kind = _kind(raw)
        here = f"{path}[{at}]"
        if kind in _OURS:
            beside: list[Unknown] = []
            found.append(_tool(raw, kind, here, beside))
            unknown += [entry for entry in beside if entry[0].endswith(_CONTENT)]
        elif kind == "namespace" and not within:
            inner = _namespace(raw, here, unknown)
            if inner is None:
                return None
            found += inner
        else:
            return None
    return found


def _namespace(raw: Raw, path: str, unknown: list[Unknown]) -> list[FunctionTool] | None:
    space, _ = _NAMESPACE.read(raw, path)
    return read_functions(space.tools, f"{path}.tools", unknown, within=True)


def _tool(raw: Raw, kind: str, path: str, unknown: list[Unknown]) -> FunctionTool:
    if kind == "custom":
        return _custom(raw, path, unknown)
    function, more = _FUNCTION.read(raw, path)
    unknown += more
    check_name(function.name, f"{path}.name")
    _beside(function, path, unknown)
    if bytes(function.output_schema) not in _NULL:
        unknown.append((f"{path}.output_schema", bytes(function.output_schema)))
    parameters = parameters_in(function.parameters, path)
    return FunctionTool(function.name, function.description, parameters, function.strict)


def _custom(raw: Raw, path: str, unknown: list[Unknown]) -> FunctionTool:
    tool, more = _CUSTOM.read(raw, path)
    unknown += more
    check_name(tool.name, f"{path}.name")
    _beside(tool, path, unknown)
    if tool.format and bytes(tool.format) not in (*_NULL, *_PLAIN_FORMAT):
        unknown.append((f"{path}.format", bytes(tool.format)))
    return FunctionTool(tool.name, tool.description, custom=True)


def _beside(tool: FunctionIn | CustomIn, path: str, unknown: list[Unknown]) -> None:
    if tool.defer_loading:
        unknown.append((f"{path}.defer_loading", b"true"))
    if tool.allowed_callers and "direct" not in tool.allowed_callers:
        raw = msgspec.json.encode(tool.allowed_callers)
        unknown.append((f"{path}.allowed_callers", raw))


# Where canon's tools stood


def functions_in(raw: bytes, levels: int = 2) -> int:
    """How many of canon's tools a namespace, a search or an item with tools stands for."""
    if not levels or _kind(Raw(raw)) == SEARCH:
        return 0
    try:
        tools = _HELD.decode(raw).tools or ()
    except msgspec.DecodeError:
        return 0
    return sum(1 if _kind(t) in _OURS else functions_in(bytes(t), levels - 1) for t in tools)


def tool_paths(request: Request) -> list[str]:
    """The client's path of each of canon's tools; those told in an item have the item's."""
    extras = {e.path: e.raw for e in request.extras if e.dialect == DIALECT}
    later = [
        path
        for path, raw in extras.items()
        if path.startswith("input[") and _kind(Raw(raw)) == LATER
        for _ in range(functions_in(raw))
    ]
    later = later[: len(request.tools)]
    return [*_paths(extras, len(request.tools) - len(later)), *later]


class _Named(Struct, frozen=True, gc=False):
    name: str = ""


_NAMED: Final = msgspec.json.Decoder(_Named)


def namespaces_of(request: Request | None) -> dict[str, str]:
    """The namespace of each function that was declared in one: calls of it say it too."""
    if request is None or not request.extras:
        return {}
    found: dict[str, str] = {}
    for extra in request.extras:
        if extra.path.startswith("tools[") and extra.path.endswith("]"):
            raw = Raw(extra.raw)
            if _kind(raw) == "namespace":
                space, _ = _NAMESPACE.read(raw)
                found |= {_NAMED.decode(tool).name: space.name for tool in space.tools}
    return found


def _paths(extras: dict[str, bytes], tools: int) -> Iterator[str]:
    at = told = 0
    while told < tools:
        path = f"tools[{at}]"
        held = extras.get(path)
        count = 1 if held is None else min(functions_in(held), tools - told)
        for _ in range(count):
            yield path
        told += count
        at += 1


# The choice


def read_choice(
    asked: ResponsesRequest, tools: Sequence[Tool], extras: list[Extra]
) -> ToolChoice | None:
    """`tool_choice`; one that forces a tool of the vendor's is an extra."""
    told = asked.tool_choice
    if told is None:
        return None
    choice = _word(told) if isinstance(told, str) else _object(told, extras)
    if choice is None:
        return None
    if choice.mode in ("required", "named") and not tools:
        raise Failure.invalid(
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are "
            "specified.",
            "tool_choice",
        )
    names = {tool.name for tool in tools if isinstance(tool, FunctionTool)}
    for name in choice.names:
        if name not in names:
            raise Failure.invalid(
                f"Tool choice {name[:80]!r} not found in 'tools' parameter.", "tool_choice"
            )
    return choice


def _word(word: str) -> ToolChoice:
    choice = _WORDS.get(word)
    if choice is None:
        raise not_among(word, "tool_choice", tuple(_WORDS))
    return choice


def _object(told: AllowedIn, extras: list[Extra]) -> ToolChoice | None:
    if told.type in _OURS:
        if told.name is None:
            raise missing("tool_choice.name")
        return ToolChoice("named", (told.name,))
    if told.type == "allowed_tools":
        return _allowed(told, extras)
    raw = msgspec.json.encode({k: v for k, v in msgspec.structs.asdict(told).items() if v})
    extras.append(Extra(DIALECT, "tool_choice", raw, cosmetic=False))
    return None


def _allowed(told: AllowedIn, extras: list[Extra]) -> ToolChoice | None:
    names: list[str] = []
    for tool in told.tools or ():
        if tool.type not in _OURS or tool.name is None:
            raw = msgspec.json.encode(told)
            extras.append(Extra(DIALECT, "tool_choice", raw, cosmetic=False))
            return None
        names.append(tool.name)
    if told.mode == "auto":
        return ToolChoice("auto", tuple(names))
    if told.mode == "required":
        return ToolChoice("named", tuple(names)) if names else ToolChoice("required")
    raise not_among(told.mode or "", "tool_choice.mode", ("auto", "required"))
