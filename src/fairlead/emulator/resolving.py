"""What a request only names is put in its place: files and cached contents.

Schema, rules, counting and the answer then see a request that holds everything, and nothing else
has to know that a part of it was kept by the vendor.
"""

import base64
import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from fairlead.emulator import models
from fairlead.emulator.counting import count_of, pieces
from fairlead.emulator.drawer import Drawer, Kept
from fairlead.emulator.faces.face import Trouble, field, items
from fairlead.emulator.faces.vertex.caches import cache_named, missing
from fairlead.emulator.json_value import JsonValue

__all__ = ["Resolved", "resolve"]

_URI = re.compile(r"(?:https://generativelanguage\.googleapis\.com/v1beta/)?files/([a-z0-9-]+)")
_FIXED = ("systemInstruction", "tools", "toolConfig")


class Resolved(Struct, frozen=True):
    """A request that holds everything; `cached` are the tokens of it that came from a cached
    content, by modality.
    """

    body: JsonValue
    cached: tuple[tuple[str, int], ...] = ()


def resolve(
    vendor: str, model: str, body: JsonValue, raw: bytes, drawer: Drawer, scope: str, path: str = ""
) -> Resolved | Trouble:
    """The request with what it names, or why that can't be had. What has the wrong shape is left
    to the schema.
    """
    if vendor == "vertex_gemini" and isinstance(field(body, "cachedContent"), str):
        return _at_vertex(model, dict(body) if isinstance(body, dict) else {}, drawer, scope, path)
    if not isinstance(body, dict):
        return Resolved(body)
    if vendor == "anthropic" and b'"file_id"' in raw:
        return _walked(body, lambda block: _claude_source(block, drawer, scope))
    if vendor != "gemini":
        return Resolved(body)
    found: Resolved | Trouble = Resolved(body)
    if isinstance(field(body, "cachedContent"), str):
        found = _cached(model, body, drawer, scope)
    if isinstance(found, Resolved) and b"files/" in raw:
        walked = _walked(found.body, lambda part: _gemini_part(part, drawer, scope))
        found = walked if isinstance(walked, Trouble) else Resolved(walked.body, found.cached)
    return found


Replace = Callable[[dict[str, Any]], dict[str, Any] | Trouble | None]


class _Missing(Exception):
    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble


def _walked(body: JsonValue, replace: Replace) -> Resolved | Trouble:
    """Every object that `replace` has another for is replaced."""

    def walk(value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [walk(one) for one in value]
        if not isinstance(value, dict):
            return value
        found = replace(value)
        if isinstance(found, Trouble):
            raise _Missing(found)
        return found if found is not None else {key: walk(one) for key, one in value.items()}

    try:
        return Resolved(walk(body))
    except _Missing as missing:
        return missing.trouble
    except RecursionError:
        return Resolved(body)


# -- Anthropic -------------------------------------------------------------------------------------


def _claude_source(
    block: dict[str, Any], drawer: Drawer, scope: str
) -> dict[str, Any] | Trouble | None:
    """`{"type": "file", "file_id"}` as the source that it stands for."""
    if block.get("type") != "file" or not isinstance(block.get("file_id"), str):
        return None
    kept = drawer.get("claude_file", scope, block["file_id"])
    if kept is None:
        return Trouble(404, f"File not found: {block['file_id']}")
    media_type = kept.page["mime_type"]
    if media_type.startswith("text/"):
        text = kept.content.decode("utf-8", "replace")
        return {"type": "text", "media_type": "text/plain", "data": text}
    return {"type": "base64", "media_type": media_type, "data": _base64(kept)}


def _base64(kept: Kept) -> str:
    return base64.b64encode(kept.content).decode()


# -- Gemini ----------------------------------------------------------------------------------------


def _gemini_part(
    part: dict[str, Any], drawer: Drawer, scope: str
) -> dict[str, Any] | Trouble | None:
    """A part whose file is one of the key's own, as one that holds it."""
    stored = field(part, "fileData")
    uri = field(stored, "fileUri")
    named = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if named is None:
        return None
    kept = drawer.get("gemini_file", scope, f"files/{named[1]}")
    if kept is None:
        return None  # a rule tells of it
    rest = {key: one for key, one in part.items() if key not in ("fileData", "file_data")}
    media_type = field(stored, "mimeType") or kept.page["mimeType"]
    return {**rest, "inlineData": {"mimeType": media_type, "data": _base64(kept)}}


def _cached(model: str, body: dict[str, Any], drawer: Drawer, scope: str) -> Resolved | Trouble:
    """The cached content goes before what the request says itself."""
    if any(field(body, name) is not None for name in _FIXED):
        return Trouble(  # [O] BerriAI/litellm, issue 17304
            400,
            "CachedContent can not be used with GenerateContent request setting system_instruction,"
            " tools or tool_config.\n\nProposed fix: move those values to CachedContent from "
            "GenerateContent request.",
        )
    name = field(body, "cachedContent")
    kept = drawer.get("gemini_cache", scope, name)
    if kept is None:
        return Trouble(403, "CachedContent not found (or permission denied)")
    return _put_first(model, body, kept)


def _at_vertex(
    model: str, body: dict[str, Any], drawer: Drawer, scope: str, path: str
) -> Resolved | Trouble:
    """The same for Vertex AI, by the whole name."""
    if any(field(body, name) is not None for name in _FIXED):
        return Trouble(
            400,
            "Tool config, tools and system instruction should not be set in the request when using"
            " cached content.",
        )
    name = cache_named(path, field(body, "cachedContent"))
    if isinstance(name, Trouble):
        return name
    kept = drawer.get("vertex_cache", scope, name)
    return missing(name.rpartition("/")[2]) if kept is None else _put_first(model, body, kept)


def _put_first(model: str, body: dict[str, Any], kept: Kept) -> Resolved | Trouble:
    """What is cached, and then what the request says itself."""
    if kept.page["model"].rpartition("/")[2] != model:
        return Trouble(
            400,
            f"Model used by GenerateContent request (models/{model}) and CachedContent "
            f"({kept.page['model']}) has to be the same.",
        )
    rest = {k: v for k, v in body.items() if k not in ("cachedContent", "cached_content")}
    contents = [*items(field(kept.body, "contents")), *items(field(body, "contents"))]
    fixed = {name: field(kept.body, name) for name in _FIXED}
    fixed = {key: value for key, value in fixed.items() if value is not None}
    whole = {**rest, **fixed, "contents": contents}
    known = models.find("gemini", model)
    count = count_of(pieces(known, kept.body)) if known is not None else None
    return Resolved(whole, tuple(count.by_modality.items()) if count is not None else ())
