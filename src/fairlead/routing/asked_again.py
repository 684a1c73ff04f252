"""Which conversation a request is, and which it goes on from: fingerprints of turns.

A client that is not content sends the very same again; one whose tool failed sends the
conversation back with the tool's error at its end. Both are told by what the turns say: texts,
calls and results, not by marks and signatures, which clients move about.
"""

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from fairlead.canon import (
    Base64,
    FunctionTool,
    Media,
    Part,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)

__all__ = ["LARGEST", "Traces", "traces_of"]

LARGEST = 256 * 1024
"""Characters of a conversation above which nothing is looked at."""
_SIZE = 8
_TRACEBACK = "Traceback (most recent call last)"


class Traces(NamedTuple):
    """`whole` tells this conversation; `before` the one that ended with the question to which the
    last calls were the answer, None where none of their results says that it failed.
    """

    whole: int
    before: int | None = None


def traces_of(request: Request, scope: str) -> Traces | None:
    """The fingerprints within a scope (whose key, which policy); None where the conversation is too
    large.
    """
    turns = request.turns
    asked = _asked(turns) if _failed(turns) else None
    told = [f"{scope}{request.model}"]
    for tool in request.tools:
        name = tool.name if type(tool) is FunctionTool else type(tool).__name__
        told.append(f"\3{name}")
    left = LARGEST
    before = None
    for part in request.instructions:
        left -= _add(told, part)
    for number, turn in enumerate(turns):
        if number == asked:
            before = _number(told)
        told.append(f"\0{turn.role}")
        for part in turn.parts:
            left -= _add(told, part)
        if left < 0:
            return None
    return Traces(_number(told), before)


def _number(told: list[str]) -> int:
    """All at once: some pieces more cost less than calls of the hash for each."""
    said = "".join(told).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(said, digest_size=_SIZE).digest(), "big")


def _add(told: list[str], part: Part) -> int:
    """Take in what a part says; how many characters that were."""
    said = part.text if type(part) is Text else _said(part)
    told.append(f"\1{type(part).__name__}\2{said}")
    return len(said)


def _said(part: Part) -> str:
    match part:
        case Text():
            return part.text
        case ToolCall():
            return f"{part.name}\0{part.arguments}"
        case ToolResult():
            return "\0".join([_said(inner) for inner in part.content])
        case Media(source=Base64(data=data)):
            return f"{len(data)}\0{data[:256]}\0{data[-256:]}"
        case Media():
            return str(msgspec.to_builtins(part.source))
        case _:
            return ""  # thoughts and what only one vendor can say: clients drop and move them


def _asked(turns: tuple[Turn, ...]) -> int | None:
    """The number of the turn whose calls the last results answer."""
    for number in range(len(turns) - 1, -1, -1):
        turn = turns[number]
        if turn.role == "assistant":
            return number if any(type(part) is ToolCall for part in turn.parts) else None
    return None


def _failed(turns: tuple[Turn, ...]) -> bool:
    """Whether one of the results at the end says that its tool failed."""
    for turn in reversed(turns):
        if turn.role == "assistant":
            return False
        for part in turn.parts:
            if type(part) is ToolResult and _is_error(part):
                return True
    return False


def _is_error(result: ToolResult) -> bool:
    """By its flag, where the dialect has one; else by the usual forms: an object with an `error`
    that says something, Python's traceback, a text that begins with `Error`.
    """
    if result.is_error:
        return True
    text = next((part.text for part in result.content if type(part) is Text), "").lstrip()[:65_536]
    if text.startswith("{"):
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return False
        return bool(value.get("error"))
    return text.startswith((_TRACEBACK, "Error:", "error:", "ERROR:"))
