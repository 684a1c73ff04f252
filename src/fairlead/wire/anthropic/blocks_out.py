"""Parts of an answer as content blocks, for a client that speaks this dialect."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from fairlead.canon import (
    Media,
    Opaque,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from fairlead.wire.anthropic.ids import wire_id
from fairlead.wire.anthropic.types import DIALECT, Json, as_object, dump
from fairlead.wire.losses import Losses

__all__ = ["own_citations", "own_signature", "write_answer_part"]


def write_answer_part(part: Part, losses: Losses, path: str) -> Json | msgspec.Raw | None:
    """The block for a part, or None with a named loss."""
    block: Json | msgspec.Raw | None = _WRITERS[type(part)](part, losses, path)
    return block


def own_citations(part: Text, losses: Losses, path: str) -> list[bytes]:
    """The citations that this dialect's clients can read, as JSON.

    Another vendor's source on the web is told as a search result's. The vendor's own have an
    encrypted index, its proof: an empty one marks those that may not go back to it (`headers`).
    """
    told = []
    for cited in part.citations:
        if cited.dialect == DIALECT:
            told.append(cited.raw)
            continue
        losses.cosmetic(path, "citations", "another vendor's citation: its address and title alone")
        if cited.url is not None:
            told.append(dump({**_FOREIGN, "title": cited.title, "url": cited.url}))
    return told


_FOREIGN: Final = {"type": "web_search_result_location", "cited_text": "", "encrypted_index": ""}


def own_signature(part: Thinking | Text | ToolCall, losses: Losses, path: str) -> str:
    """The signature if it is this vendor's, else an empty one: a foreign one never leaves."""
    if part.signature is None:
        return ""
    if part.signature.dialect == DIALECT:
        return part.signature.value
    losses.cosmetic(path, "signature", "another vendor signed this part")
    return ""


def _text(part: Text, losses: Losses, path: str) -> Json:
    block: Json = {"type": "text", "text": part.text}
    citations = own_citations(part, losses, path)
    if citations:
        block["citations"] = [msgspec.Raw(raw) for raw in citations]
    own_signature(part, losses, path)
    return block


def _refusal(part: Refusal, _: Losses, __: str) -> Json:
    return {"type": "text", "text": part.text}


def _thinking(part: Thinking, losses: Losses, path: str) -> Json | None:
    signature = own_signature(part, losses, path)
    if part.redacted:
        return {"type": "redacted_thinking", "data": signature} if signature else None
    return {"type": "thinking", "thinking": part.text, "signature": signature}


def _call(part: ToolCall, losses: Losses, path: str) -> Json:
    own_signature(part, losses, path)
    return {
        "type": "tool_use",
        "id": wire_id(part.id),
        "name": part.name,
        "input": _input(part, losses, path),
    }


def _input(part: ToolCall, losses: Losses, path: str) -> object:
    if part.custom:
        losses.semantic(path, f"custom_tool:{part.name}", "calls carry JSON objects only")
        return {"input": part.arguments}
    if not part.arguments or part.arguments.isspace():
        return {}
    raw = as_object(part.arguments)
    if raw is not None:
        return msgspec.Raw(raw)
    losses.semantic(path, "tool_arguments", "the arguments are no JSON object (cut off?)")
    return {}


def _media(part: Media, losses: Losses, path: str) -> None:
    losses.semantic(path, f"{part.kind}_output", "answers are text only")


def _result(_: ToolResult, losses: Losses, path: str) -> None:
    losses.semantic(path, "tool_result", "an answer holds no tool results")


def _opaque(part: Opaque, losses: Losses, path: str) -> msgspec.Raw | None:
    if part.dialect == DIALECT:
        return msgspec.Raw(part.raw)
    losses.semantic(path, f"block:{part.kind}", f"only {part.dialect} can say it")
    return None


_WRITERS: Final[dict[type, Callable[[Any, Losses, str], Any]]] = {
    Text: _text,
    Refusal: _refusal,
    Thinking: _thinking,
    ToolCall: _call,
    Media: _media,
    ToolResult: _result,
    Opaque: _opaque,
}
