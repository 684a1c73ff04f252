"""Input items: from the wire to turns.

Items of the assistant's in a row (reasoning, messages, calls, calls that the vendor runs) are one
turn, because they are one answer: its thoughts belong to its calls, and what keeps them finds them
by those. Every other item is a turn of its own. `layout` says where in a turn an item's parts are.

- A call's id and status, and a message's, are the server's own marks; nobody else has a use for
  them, and OpenAI takes items without them (recorded): they are not kept.
- What only OpenAI runs or understands is `Opaque`; so is an item of an unknown kind.
- Tools that are told in mid-conversation (`additional_tools`, `tool_search_output`) are tools from
  the start elsewhere: the item is an extra, its tools join the others (see `tools`).
- An output whose call is in a part of the history that OpenAI keeps is `Opaque` too.
- An output needs its call ("No tool call found for function call output with call_id ..."), unless
  the call is in a part of the history that OpenAI keeps.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    Extra,
    Failure,
    FunctionTool,
    Media,
    Opaque,
    Part,
    Role,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from fairlead.wire.openai.faults import missing, not_among
from fairlead.wire.openai_responses.content import read_content
from fairlead.wire.openai_responses.layout import TEXT, turn_path
from fairlead.wire.openai_responses.reasoning import read_reasoning
from fairlead.wire.openai_responses.tools import read_functions
from fairlead.wire.openai_responses.types import (
    CallIn,
    CustomCallIn,
    Kind,
    MessageIn,
    ReasoningItem,
    ResultIn,
    ToolsItem,
)
from fairlead.wire.strict_json import Reader, Unknown

__all__ = ["Items", "read_items"]

DIALECT: Final = "openai_responses"
_KIND: Final = msgspec.json.Decoder(Kind)
_MESSAGE: Final = Reader(MessageIn)
_CALL: Final = Reader(CallIn)
_CUSTOM: Final = Reader(CustomCallIn)
_RESULT: Final = Reader(ResultIn)
_REASONING: Final = Reader(ReasoningItem)
_TOOLS: Final = Reader(ToolsItem)
_ROLES: Final[dict[str, Role]] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "developer",
}
# Kinds that the client writes; all others that we don't read are the model's or the vendor's.
_OF_CLIENT: Final[dict[str, Role]] = {
    "function_call_output": "tool",
    "custom_tool_call_output": "tool",
    "computer_call_output": "tool",
    "local_shell_call_output": "tool",
    "shell_call_output": "tool",
    "apply_patch_call_output": "tool",
    "mcp_approval_response": "tool",
    "tool_search_output": "tool",
    "compaction_trigger": "user",
    "additional_tools": "developer",
    "configuration_update": "developer",
}
_KEPT_ELSEWHERE: Final = frozenset({"item_reference", "compaction", "compaction_summary"})
"""Kinds that stand for a part of the history that the vendor keeps: calls may be in there."""


class Items:
    """The turns of an input, and what stood in it besides."""

    __slots__ = (
        "_counts",
        "_first",
        "answered",
        "calls",
        "extras",
        "tools",
        "turns",
        "unknown",
        "whole",
    )

    def __init__(self, *, whole: bool) -> None:
        self.turns: list[Turn] = []
        self.tools: list[FunctionTool] = []
        self.extras: list[Extra] = []
        self.unknown: list[Unknown] = []
        self.whole = whole  # all of the history is here
        self.calls: dict[str, str] = {}  # id -> where
        self.answered: set[str] = set()
        self._first = 0
        self._counts: list[int] = []

    def say(self, role: Role, parts: list[Part], at: int) -> None:
        """Append an item's parts, to the last turn if both are the assistant's."""
        last = self.turns[-1] if self.turns else None
        joins = role == "assistant" and last is not None and last.role == "assistant"
        if joins and last is not None and self._first + len(self._counts) == at:
            self._counts.append(len(parts))
            path = turn_path(self._first, self._counts)
            self.turns[-1] = Turn("assistant", (*last.parts, *parts), None, path)
            return
        self._first, self._counts = at, [len(parts)]
        self.turns.append(Turn(role, tuple(parts), None, f"input[{at}]"))

    def skip(self, extra: Extra, at: int) -> None:
        """An item that is no part of a turn; it does not end the assistant's turn."""
        self.extras.append(extra)
        last = self.turns[-1] if self.turns else None
        if last is not None and last.role == "assistant":
            self.say("assistant", [], at)


def read_items(found: str | list[Raw] | None, *, whole: bool) -> Items:
    """All items. `whole`: no part of the history is kept elsewhere.

    Raises:
        Failure: at the item or field at fault.
    """
    items = Items(whole=whole)
    if found is None:
        return items
    if isinstance(found, str):
        items.turns.append(Turn("user", (Text(found),), None, TEXT))
        return items
    kinds = [_kind(raw, f"input[{at}]") for at, raw in enumerate(found)]
    if not _KEPT_ELSEWHERE.isdisjoint(kinds):
        items.whole = False
    for at, (kind, raw) in enumerate(zip(kinds, found, strict=True)):
        _READERS.get(kind, _opaque)(items, raw, at, kind)
    if items.whole:
        _check_answered(items)
    return items


def _check_answered(items: Items) -> None:
    open_calls = items.calls.keys() - items.answered
    if open_calls:
        call_id, path = next(pair for pair in items.calls.items() if pair[0] in open_calls)
        raise Failure.invalid(
            f"No tool output found for function call {call_id[:80]}.",
            path,
            hint="each call of the input needs its output behind it",
        )


def _kind(raw: Raw, path: str) -> str:
    try:
        told = _KIND.decode(raw)
    except msgspec.ValidationError:
        _MESSAGE.read(raw, path)  # says what is wrong with it
        raise
    if told.type is not None:
        return told.type
    # "type: Optional[Literal["item_reference"]]": an id alone is a reference (the SDK).
    return "message" if told.role is not None or b'"content"' in bytes(raw) else "item_reference"


def _message(items: Items, raw: Raw, at: int, _: str) -> None:
    path = f"input[{at}]"
    said, more = _MESSAGE.read(raw, path)
    items.unknown += more
    role = _ROLES.get(said.role)
    if role is None:
        raise not_among(said.role, f"{path}.role", _ROLES)
    if said.content is None:
        raise missing(f"{path}.content")
    if said.phase:
        items.unknown.append((f"{path}.phase", bytes(said.phase)))
    items.say(role, list(read_content(said.content, said.role, f"{path}.content")), at)


def _reasoning(items: Items, raw: Raw, at: int, _: str) -> None:
    item, _more = _REASONING.read(raw, f"input[{at}]")
    thought = read_reasoning(item)
    items.say("assistant", [] if thought is None else [thought], at)


def _call(items: Items, raw: Raw, at: int, _: str) -> None:
    path = f"input[{at}]"
    call, more = _CALL.read(raw, path)
    items.unknown += more
    _open(items, call, path)
    items.say("assistant", [ToolCall(call.call_id, call.name, call.arguments)], at)


def _custom_call(items: Items, raw: Raw, at: int, _: str) -> None:
    path = f"input[{at}]"
    call, more = _CUSTOM.read(raw, path)
    items.unknown += more
    _open(items, call, path)
    items.say("assistant", [ToolCall(call.call_id, call.name, call.input, custom=True)], at)


def _open(items: Items, call: CallIn | CustomCallIn, path: str) -> None:
    if not call.name:
        raise Failure.invalid(
            f"Invalid '{path}.name': empty string. Expected a string with minimum length 1, but "
            "got an empty string instead.",
            f"{path}.name",
            code="empty_string",
        )
    for field in ("namespace", "caller"):
        value = getattr(call, field)
        if value:
            raw = bytes(value) if isinstance(value, Raw) else msgspec.json.encode(value)
            items.unknown.append((f"{path}.{field}", raw))
    items.calls[call.call_id] = path


def _result(items: Items, raw: Raw, at: int, kind: str) -> None:
    path = f"input[{at}]"
    told, more = _RESULT.read(raw, path)
    items.unknown += more
    if items.whole and told.call_id not in items.calls:
        raise Failure.invalid(
            f"No tool call found for {kind.replace('_', ' ')} with call_id {told.call_id[:80]}.",
            f"{path}.call_id",
        )
    if told.call_id not in items.calls:  # in a part of the history that the vendor keeps
        _opaque(items, raw, at, kind)
        return
    items.answered.add(told.call_id)
    content = tuple(
        part
        for part in read_content(told.output, "tool", f"{path}.output")
        if isinstance(part, Text | Media)
    )
    custom = kind == "custom_tool_call_output"
    items.say("tool", [ToolResult(told.call_id, content, told.name, custom=custom)], at)


def _more_tools(items: Items, raw: Raw, at: int, kind: str) -> None:
    """Tools told in mid-conversation; only functions can be told from the start instead."""
    path = f"input[{at}]"
    told, _ = _TOOLS.read(raw, path)
    tools = read_functions(told.tools or [], f"{path}.tools", items.unknown)
    if tools is None:
        _opaque(items, raw, at, kind)
        return
    items.tools += tools
    items.skip(Extra(DIALECT, path, bytes(raw)), at)


def _searched(items: Items, raw: Raw, at: int, kind: str) -> None:
    """A search among tools: moot where all tools are told from the start."""
    del kind
    items.skip(Extra(DIALECT, f"input[{at}]", bytes(raw)), at)


def _opaque(items: Items, raw: Raw, at: int, kind: str) -> None:
    role = _OF_CLIENT.get(kind, "assistant")
    items.say(role, [Opaque(DIALECT, kind, bytes(raw))], at)


_READERS: Final[dict[str, Callable[[Items, Any, int, str], None]]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _call,
    "custom_tool_call": _custom_call,
    "function_call_output": _result,
    "custom_tool_call_output": _result,
    "additional_tools": _more_tools,
    "tool_search_output": _more_tools,
    "tool_search_call": _searched,
}
