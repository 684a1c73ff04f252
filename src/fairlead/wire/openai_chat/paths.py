"""Canonical paths in the words of a chat body.

Encoders don't know the client's dialect: they name a tool's schema `tools[0].parameters`, the
answer's `response_format.schema`, and a part of a turn `messages[2].content[1]`, where the index is
canon's (thoughts, content, refusal, calls: the order in which `messages` reads them). Here those
become fields of the body that the client sent.
"""

import re
from typing import Final

from fairlead.canon import FunctionTool, Refusal, Request, Thinking, ToolCall, ToolResult, Turn

__all__ = ["client_path"]

_TOOL: Final = re.compile(r"tools\[(\d+)\]\.(name|description|parameters|strict)(?=[.\[]|$)")
_PART: Final = re.compile(r"(messages\[\d+\])\.content\[(\d+)\]")
_SCHEMA: Final = "response_format.schema"


def client_path(path: str, request: Request) -> str:
    """Where the field at the canonical `path` stands in the chat body that `request` was read
    from. A path that names nothing of the kind comes back as it is. Pure; for errors and losses.
    """
    if path.startswith("tools["):
        return _tool(path, request)
    if path.startswith("messages["):
        return _part(path, request)
    if path == _SCHEMA or path.startswith((f"{_SCHEMA}.", f"{_SCHEMA}[")):
        return f"response_format.json_schema.schema{path[len(_SCHEMA) :]}"
    return path


def _tool(path: str, request: Request) -> str:
    match = _TOOL.match(path)
    if match is None or int(match[1]) >= len(request.tools):
        return path
    tool = request.tools[int(match[1])]
    if not isinstance(tool, FunctionTool):
        return path
    kind = "custom" if tool.custom else "function"
    return f"tools[{match[1]}].{kind}.{match[2]}{path[match.end() :]}"


def _part(path: str, request: Request) -> str:
    match = _PART.match(path)
    if match is None:
        return path
    turn = next((turn for turn in request.turns if turn.path == match[1]), None)
    at = int(match[2])
    if turn is None or at >= len(turn.parts):
        return path
    rest = path[match.end() :]
    if isinstance(turn.parts[at], ToolResult):  # the message itself is the result
        return match[1] + (rest or ".content")
    if isinstance(turn.parts[at], Thinking):  # which of several fields it came from is not known
        return match[1]
    return f"{match[1]}.{_field(turn, at)}{rest}"


def _field(turn: Turn, at: int) -> str:
    part, before = turn.parts[at], turn.parts[:at]
    if isinstance(part, ToolCall):
        kind = "custom.input" if part.custom else "function.arguments"
        return f"tool_calls[{sum(isinstance(p, ToolCall) for p in before)}].{kind}"
    if isinstance(part, Refusal):
        return "refusal" if turn.role == "assistant" else f"content[{at}]"
    thoughts = sum(isinstance(p, Thinking) for p in before)
    return f"content[{at - thoughts}]"
