"""Tools and tool choice, both ways.

A tool's name must match `^[a-zA-Z0-9_-]{1,128}$` (the 400's text, home-assistant/core#147760): a
name is content, since the model calls by it, so another name is refused and not rewritten. What
only this vendor's rules forbid is `unsupported`: another candidate may take it.
Custom (free text) tools have become functions with one text before they get here (`free_text`).
"""

import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from fairlead.canon import (
    Extra,
    Failure,
    FunctionTool,
    Problem,
    Request,
    ServerTool,
    Tool,
    ToolChoice,
)
from fairlead.catalog.model import Model
from fairlead.wire.anthropic.cache import read_cache, write_cache
from fairlead.wire.anthropic.extras import Extras, keep_left
from fairlead.wire.anthropic.schema import EMPTY_OBJECT, object_schema, strict_schema
from fairlead.wire.anthropic.types import DIALECT, Fields, Json, Raw, opens_with
from fairlead.wire.losses import Losses

__all__ = ["forces_tool", "read_tool_choice", "read_tools", "write_tool_choice", "write_tools"]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}").fullmatch
TOOL_SEARCH: Final = "tool_search_tool"
"""How the types of the tools begin that find deferred tools (SDK 2.12, types/
tool_search_tool_bm25_20251119_param.py and its neighbour)."""
_OWN_FUNCTIONS: Final = frozenset({None, "custom"})

Mode = Literal["auto", "none", "required", "named"]


class _Named(msgspec.Struct):
    name: str = ""


_NAMED = msgspec.json.Decoder(_Named)
_MODES: Final[dict[str, Mode]] = {
    "auto": "auto",
    "any": "required",
    "tool": "named",
    "none": "none",
}


def read_tools(fields: Fields, kept: list[Extra]) -> tuple[Tool, ...]:
    """The `tools` of a request. A type of the vendor's own makes a `ServerTool`."""
    return tuple(_read_tool(raw, path, kept) for path, raw in fields.items("tools"))


def _read_tool(raw: Raw, path: str, kept: list[Extra]) -> Tool:
    fields = Fields(raw, path)
    kind = fields.text("type")
    if kind not in _OWN_FUNCTIONS:
        loads = (kind or "").startswith(TOOL_SEARCH)
        return ServerTool(DIALECT, kind or "", bytes(raw), loads_tools=loads)
    schema = fields.need("input_schema")
    if not opens_with(schema, b"{"):
        raise Failure.invalid("must be a JSON Schema of type object", fields.at("input_schema"))
    tool = FunctionTool(
        name=fields.needed_text("name"),
        description=fields.text("description"),
        parameters=bytes(schema),
        strict=fields.flag("strict"),
        cache=read_cache(fields),
    )
    keep_left(fields, kept)
    return tool


def read_tool_choice(fields: Fields, kept: list[Extra]) -> tuple[ToolChoice | None, bool | None]:
    """`tool_choice`: the choice, and whether parallel calls are allowed (None: unsaid)."""
    choice = fields.object("tool_choice")
    if choice is None:
        return None, None
    kind = choice.needed_text("type")
    mode = _MODES.get(kind)
    if mode is None:
        known = ", ".join(_MODES)
        raise Failure.invalid(f"is {kind!r}", choice.at("type"), hint=f"known: {known}")
    names = (choice.needed_text("name"),) if mode == "named" else ()
    single = choice.flag("disable_parallel_tool_use")
    keep_left(choice, kept)
    return ToolChoice(mode, names), None if single is None else not single


def forces_tool(request: Request) -> bool:
    """Whether the request demands a tool call."""
    choice = request.tool_choice
    return bool(request.tools) and choice is not None and choice.mode in ("required", "named")


def write_tools(request: Request, losses: Losses, extras: Extras) -> list[object]:
    """The `tools` to send. Where the choice is limited to some, only those are offered."""
    only = _offered(request.tool_choice)
    out: list[object] = []
    seen: set[str] = set()
    for index, tool in enumerate(request.tools):
        path = f"tools[{index}]"
        if isinstance(tool, FunctionTool):
            if tool.name in seen:  # "tools: Tool names must be unique."
                message = f"the vendor takes no two tools of one name: {tool.name!r}"
                raise Failure(Problem("unsupported", message, f"{path}.name"))
            seen.add(tool.name)
        if isinstance(tool, ServerTool):
            if tool.dialect == DIALECT:
                out.append(msgspec.Raw(tool.raw))
            else:
                why = f"a tool that {tool.dialect} runs"
                add = losses.cosmetic if tool.loads_tools else losses.semantic
                add(path, f"server_tool:{tool.kind}", why)
        elif only is None or tool.name in only:
            out.append(_write_function(tool, path, losses, extras))
    return out


def _offered(choice: ToolChoice | None) -> frozenset[str] | None:
    """Names to which the offer must be cut down, because the vendor's choice names one at most."""
    if choice is None or not choice.names or choice.mode == "none":
        return None
    if choice.mode == "named" and len(choice.names) == 1:
        return None
    return frozenset(choice.names)


def _write_function(tool: FunctionTool, path: str, losses: Losses, extras: Extras) -> Json:
    if not _NAME(tool.name):
        message = f"the tool name {tool.name[:140]!r} is not one that the vendor takes"
        hint = "a name has 1 to 128 letters, digits, _ and -"
        raise Failure(Problem("unsupported", message, f"{path}.name", hint=hint))
    block: Json = {"name": tool.name}
    if tool.description is not None:
        block["description"] = tool.description
    schema = object_schema(tool.parameters if tool.parameters is not None else EMPTY_OBJECT)
    if schema.schema is None:
        message = f"the parameters of {tool.name!r} {schema.why}"
        raise Failure(Problem("unsupported", message, f"{path}.parameters"))
    for keyword in schema.dropped:
        losses.cosmetic(path, f"tool_schema:{keyword}", "folded into one object at the top")
    raw, strict = schema.schema, tool.strict
    if strict:
        narrowed = strict_schema(raw)
        if narrowed.schema is None:
            losses.cosmetic(path, "strict", narrowed.why)
            strict = None
        else:
            raw = narrowed.schema
            for keyword in narrowed.dropped:
                why = "strict tools take a subset of JSON Schema; told in the description"
                losses.cosmetic(path, f"tool_schema:{keyword}", why)
    block["input_schema"] = msgspec.Raw(raw)
    if strict is not None:
        block["strict"] = strict
    write_cache(tool.cache, block)
    extras.put_back(path, block)
    return block


def write_tool_choice(
    request: Request, offered: list[object], facts: Model, losses: Losses, extras: Extras
) -> Json | None:
    """`tool_choice` for the tools that are left; None where nothing needs saying."""
    choice = request.tool_choice
    if not offered:
        # "tool_choice may only be specified while providing tools": moot, unless a call was
        # demanded and no tool has been lost, which would have been named already.
        if choice is not None and choice.mode in ("required", "named") and not request.tools:
            raise Failure.invalid("demands a tool, but there are no tools", "tool_choice")
        return None
    if choice is not None and choice.names:
        choice = _still_offered(choice, offered, request.tools, losses)
    block = _CHOICES[choice.mode](choice, request.tools) if choice is not None else None
    if block is not None and block["type"] in ("any", "tool") and not _can_force(facts):
        losses.semantic("tool_choice", "forced_tool", f"{facts.id} cannot be forced to call")
        block = {"type": "auto"}
    parallel = request.parallel_tools
    if parallel is not None and (block is None or block["type"] != "none"):
        block = block or {"type": "auto"}
        block["disable_parallel_tool_use"] = not parallel
    if block is not None:
        extras.put_back("tool_choice", block)
    return block


def _can_force(facts: Model) -> bool:
    return not facts.known or not facts.features or "forced_tools" in facts.features


def _still_offered(
    choice: ToolChoice, offered: list[object], tools: tuple[Tool, ...], losses: Losses
) -> ToolChoice | None:
    """The choice without names of tools that only another vendor runs; None if it was all of it."""
    if not any(isinstance(tool, ServerTool) for tool in tools):
        return choice
    sent = {
        _NAMED.decode(tool).name if isinstance(tool, msgspec.Raw) else str(tool["name"])
        for tool in offered
        if isinstance(tool, msgspec.Raw | dict)
    }
    names = tuple(name for name in choice.names if name in sent)
    if names or choice.mode == "none":
        return ToolChoice(choice.mode, names)
    losses.semantic("tool_choice", "tool_choice", "the tool that it names is not run here")
    return None


def _check_names(names: Iterable[str], tools: tuple[Tool, ...]) -> None:
    known = {tool.name for tool in tools if isinstance(tool, FunctionTool)}
    if any(isinstance(tool, ServerTool) for tool in tools):
        return  # a vendor's own tool has a name of its own, inside its JSON
    for name in names:
        if name not in known:
            raise Failure.invalid(f"names {name!r}, which is no tool here", "tool_choice")


def _auto(choice: ToolChoice, tools: tuple[Tool, ...]) -> Json:
    _check_names(choice.names, tools)
    return {"type": "auto"}


def _never(_: ToolChoice, __: tuple[Tool, ...]) -> Json:
    # The tools stay: calls in the history refer to them.
    return {"type": "none"}


def _any(choice: ToolChoice, tools: tuple[Tool, ...]) -> Json:
    _check_names(choice.names, tools)
    return {"type": "any"}


def _named(choice: ToolChoice, tools: tuple[Tool, ...]) -> Json:
    if not choice.names:
        raise Failure.invalid("demands a tool by name, but names none", "tool_choice")
    _check_names(choice.names, tools)
    if len(choice.names) > 1:
        return {"type": "any"}  # the offer has been cut down to these names
    return {"type": "tool", "name": choice.names[0]}


_CHOICES: Final = {"auto": _auto, "none": _never, "required": _any, "named": _named}
