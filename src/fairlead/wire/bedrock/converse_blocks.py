"""Anthropic's content blocks as Converse's: a table by type, every block one key of a union.

Field names and limits are those of botocore's `bedrock-runtime` service model (ContentBlock,
ToolResultContentBlock). Converse marks the end of what is cached by a block of its own behind the
marked one (`cachePoint`), where Anthropic marks the block itself.
"""

import base64
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from fairlead.canon import Loss
from fairlead.wire.anthropic.types import Json

__all__ = ["cache_point", "write_block", "write_blocks", "write_system"]

_IMAGES: Final = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_DOCUMENTS: Final = {"application/pdf": "pdf", "text/plain": "txt"}
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9 ()\[\]-]+")
_SPACES: Final = re.compile(r" {2,}")
_NAME_MOST: Final = 200

Losses = list[Loss]


def cache_point(mark: object) -> Json:
    """The block for a `cache_control`. Five minutes are the default and go unsaid."""
    ttl = mark.get("ttl") if isinstance(mark, dict) else None
    point: Json = {"type": "default"}
    if ttl == "1h":
        point["ttl"] = ttl
    return {"cachePoint": point}


def write_system(system: object, losses: Losses) -> list[Json]:
    """The system prompt: text, or text blocks."""
    if isinstance(system, str):
        return [{"text": system}] if system else []
    return write_blocks(_list(system), "system", losses)


def write_blocks(blocks: Iterable[Any], path: str, losses: Losses) -> list[Json]:
    """A message's blocks, each with its cache point behind it."""
    out: list[Json] = []
    for index, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        written = write_block(block, f"{path}[{index}]", losses)
        if written is None:
            continue
        out.append(written)
        if block.get("cache_control"):
            out.append(cache_point(block["cache_control"]))
    return out


def write_block(block: Json, path: str, losses: Losses) -> Json | None:
    """One block, or None with a named loss."""
    kind = str(block.get("type"))
    writer = _WRITERS.get(kind)
    if writer is None:
        losses.append(Loss("semantic", path, f"block:{kind}", "Converse has no such block"))
        return None
    return writer(block, path, losses)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(block: Json, path: str, losses: Losses) -> Json:
    if block.get("citations"):
        losses.append(Loss("cosmetic", path, "citations", "an answer's citations go back as text"))
    return {"text": block.get("text", "")}


def _image(block: Json, path: str, losses: Losses) -> Json | None:
    source = _source(block)
    mime = str(source.get("media_type", ""))
    if source.get("type") != "base64" or mime not in _IMAGES:
        losses.append(Loss("semantic", path, "image_source", "Converse takes inline images alone"))
        return None
    image: Json = {"format": mime.removeprefix("image/"), "source": {"bytes": source.get("data")}}
    return {"image": image}


def _document(block: Json, path: str, losses: Losses) -> Json | None:
    source = _source(block)
    told: Json = {"name": _name(block.get("title"), path)}
    kind = source.get("type")
    form = _DOCUMENTS.get(str(source.get("media_type", "")), "txt")
    if kind == "base64":
        told["format"], told["source"] = form, {"bytes": source.get("data")}
    elif kind == "text":
        told["format"] = "txt"
        told["source"] = {"text": source.get("data")}
    elif kind == "content":
        told["format"] = "txt"
        told["source"] = {"content": _texts(source.get("content"))}
    else:
        losses.append(Loss("semantic", path, f"document_{kind}", "Converse takes inline documents"))
        return None
    if block.get("context"):
        told["context"] = block["context"]
    citations = block.get("citations")
    if isinstance(citations, dict) and citations.get("enabled"):
        told["citations"] = {"enabled": True}
    return {"document": told}


def _name(title: object, path: str) -> str:
    """A document's name: "alphanumeric characters, whitespace characters (no more than one in a
    row), hyphens, parentheses, square brackets" (API_runtime_DocumentBlock). It has to be there.
    """
    named = (
        _SPACES.sub(" ", _NOT_IN_NAMES.sub(" ", title)).strip() if isinstance(title, str) else ""
    )
    return named[:_NAME_MOST].strip() or "document " + "-".join(re.findall(r"\d+", path))


def _texts(content: object) -> list[Json]:
    if isinstance(content, str):
        return [{"text": content}]
    return [{"text": b.get("text", "")} for b in _list(content) if isinstance(b, dict)]


def _source(block: Json) -> dict[str, object]:
    source = block.get("source")
    return source if isinstance(source, dict) else {}


def _call(block: Json, _path: str, _losses: Losses) -> Json:
    named = {"toolUseId": block.get("id"), "name": block.get("name")}
    return {"toolUse": {**named, "input": block.get("input", {})}}


def _result(block: Json, path: str, losses: Losses) -> Json:
    content = block.get("content")
    inner = _texts(content) if isinstance(content, str) else _inner(_list(content), path, losses)
    told: Json = {"toolUseId": block.get("tool_use_id"), "content": inner}
    if block.get("is_error"):
        told["status"] = "error"
    return {"toolResult": told}


def _inner(blocks: list[Any], path: str, losses: Losses) -> list[Json]:
    """What a result holds: no thoughts, no calls, and no cache points."""
    out: list[Json] = []
    for index, block in enumerate(blocks):
        at = f"{path}.content[{index}]"
        if not isinstance(block, dict):
            continue
        if block.get("cache_control"):
            losses.append(Loss("cosmetic", at, "cache_control", "no cache point in a tool result"))
        written = write_block(block, at, losses)
        if written is not None:
            out.append(written)
    return out


def _thinking(block: Json, _path: str, _losses: Losses) -> Json:
    text: Json = {"text": block.get("thinking", "")}
    if block.get("signature"):
        text["signature"] = block["signature"]
    return {"reasoningContent": {"reasoningText": text}}


def _redacted(block: Json, _path: str, _losses: Losses) -> Json:
    # A blob, whose bytes are the text that Anthropic calls `data` (as recorded).
    data = str(block.get("data", "")).encode("utf-8")
    return {"reasoningContent": {"redactedContent": base64.b64encode(data).decode("ascii")}}


def _search_result(block: Json, _path: str, _losses: Losses) -> Json:
    told: Json = {
        "source": block.get("source"),
        "title": block.get("title"),
        "content": _texts(block.get("content")),
    }
    citations = block.get("citations")
    if isinstance(citations, dict):
        told["citations"] = {"enabled": bool(citations.get("enabled"))}
    return {"searchResult": told}


_WRITERS: Final[dict[str, Callable[[Json, str, Losses], Json | None]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _call,
    "tool_result": _result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "search_result": _search_result,
}
