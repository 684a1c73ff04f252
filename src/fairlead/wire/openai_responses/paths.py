"""Canonical paths in the words of a Responses body.

Encoders don't know the client's dialect: they name a tool's schema `tools[0].parameters`, the
answer's `response_format.schema`, and a part of a turn by the turn's path and canon's index. Here
those become fields of the body that the client sent.
"""

import re
from typing import Final

from fairlead.canon import Media, Part, Refusal, Request, Text, Thinking, ToolCall, ToolResult
from fairlead.wire.openai_responses.layout import TEXT, place_of
from fairlead.wire.openai_responses.tools import tool_paths

__all__ = ["client_path"]

_TOOL: Final = re.compile(r"tools\[(\d+)\]")
_PART: Final = re.compile(r"(input(?:\[[\d:.]+\])?)\.content\[(\d+)\]")
_TURN: Final = re.compile(r"(input\[\d+):[\d.]+\]")
_INSTRUCTIONS: Final = re.compile(r"(?:instructions|system)\[\d+\]")
_NAMES: Final = {
    "messages": "input",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "logprobs": "include",
}


def client_path(path: str, request: Request) -> str:
    """Where the field at the canonical `path` stands in the body that `request` was read from.

    A path that names nothing of the kind comes back as it is. Pure; for errors and losses.
    """
    if path.startswith("input"):
        return _part(path, request)
    if (match := _TOOL.match(path)) is not None:
        at, paths = int(match[1]), tool_paths(request)
        named = any(extra.path == path for extra in request.extras)
        return path if named or at >= len(paths) else paths[at] + path[match.end() :]
    if (match := _INSTRUCTIONS.match(path)) is not None:
        return "instructions"
    head = re.split(r"[.\[]", path, maxsplit=1)[0]
    name = _NAMES.get(head)
    return path if name is None else name + path[len(head) :]


def _part(path: str, request: Request) -> str:
    match = _PART.match(path)
    if match is None:
        return _TURN.sub(r"\1]", path)
    at, rest = int(match[2]), path[match.end() :]
    turn = next((turn for turn in request.turns if turn.path == match[1]), None)
    if turn is None or at >= len(turn.parts):
        return _TURN.sub(r"\1]", path)
    if turn.path == TEXT:
        return TEXT
    place = place_of(turn.path, at)
    if place is None:
        return path
    item, within = place
    return f"input[{item}]{_field(turn.parts[at], within, rest)}"


def _field(part: Part, within: int, rest: str) -> str:
    if isinstance(part, Text | Refusal | Media):
        return f".content[{within}]{rest}"
    if isinstance(part, ToolCall):
        return (".input" if part.custom else ".arguments") + rest
    if isinstance(part, ToolResult):
        return ".output" + rest.removeprefix(".content")
    if isinstance(part, Thinking):
        return ".summary" + rest
    return rest
