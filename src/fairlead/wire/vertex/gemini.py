"""Gemini on Vertex AI: generateContent with other fields around the same messages.

The facts are those of the discovery document of `aiplatform.v1beta1` against what the Gemini API
takes, measured on recorded traffic: `model`, `store` and `serviceTier` are no fields of the
message, `fileSearch` and `mcpServers` no tools; a role is demanded in each content ("Please use a
valid role: user, model", recorded); a count takes the request's fields beside one another. Tiers
are asked for by a header ("X-Vertex-AI-LLM-Shared-Request-Type", cloud.google.com, "Priority
PayGo"; googleapis/python-genai, issue 2433). What the Gemini API keeps (files, cached contents) is
not to be had here; Vertex's own cached contents are called by their whole names (`wire.vertex.
caches`). A body that needs no change goes on as it came.
"""

import re
from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import Failure, Loss
from fairlead.wire.codec import Encoded

__all__ = ["TIER_HEADER", "Adapted", "adapted"]

TIER_HEADER: Final = "x-vertex-ai-llm-shared-request-type"
TIERS: Final = frozenset({"flex", "priority"})
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_LIST: Final = msgspec.json.Decoder(list[Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_ENCODE: Final = msgspec.json.Encoder().encode
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_USER: Final = Raw(b'"user"')
_DROPPED: Final = ("model", "store", "serviceTier", "service_tier")
_WRAPPED: Final = ("generateContentRequest", "generate_content_request")
_CACHED: Final = ("cachedContent", "cached_content")
_OWN_CACHE: Final = re.compile(r'"(?:projects/[^/"]+/locations/[^/"]+/)?(cachedContents/\d{1,20})"')
_ROOT: Final = re.compile(r"/v1(?:beta1)?/(projects/[^/]+/locations/[^/]+)/publishers/")
_TOOLS: Final = {
    "fileSearch": "Vertex has no stores of the Gemini API",
    "file_search": "Vertex has no stores of the Gemini API",
    "mcpServers": "Vertex calls no MCP servers",
    "mcp_servers": "Vertex calls no MCP servers",
}
_FILES: Final = re.compile(
    rb'"file_?uri"\s*:\s*"(?:https://generativelanguage\.googleapis\.com/v1\w*/)?files/',
    re.IGNORECASE,
)
_CAMEL: Final = {"file_search": "fileSearch", "mcp_servers": "mcpServers"}


class Adapted(msgspec.Struct, frozen=True):
    """A body as Vertex takes it, and the tier that a header asks for ("" for none)."""

    encoded: Encoded
    tier: str = ""


def adapted(body: bytes, url: str = "") -> Adapted:
    """A body for the Gemini API as one for Vertex. `url` is where it goes: the project there is
    that of the cached contents it names.

    Raises:
        Failure: `body` is no JSON object.
    """
    try:
        fields = _OBJECT.decode(body)
    except _UNREADABLE as error:
        raise Failure.invalid(f"the body is no JSON object: {error}") from error
    losses: list[Loss] = []
    changed = _unwrapped(fields)
    tier = _tier(fields)
    if (stored := fields.get("store")) is not None and bytes(stored) == b"true":
        losses.append(Loss("cosmetic", "store", "store", "Vertex keeps no log of the Gemini API's"))
    for name in _DROPPED:
        changed |= fields.pop(name, None) is not None
    changed |= _cached(fields, url, losses)
    if b"files/" in body and _FILES.search(body):
        why = "files of the Gemini API cannot be read from Vertex: send the bytes, or a gs:// URI"
        losses.append(Loss("semantic", "contents", "file_uri", why))
    changed |= _roles(fields)
    changed |= _tools(fields, losses)
    return Adapted(Encoded(_ENCODE(fields) if changed else body, tuple(losses)), tier)


def _unwrapped(fields: dict[str, Raw]) -> bool:
    """A count's `generateContentRequest` becomes the request's own fields."""
    for name in _WRAPPED:
        if name in fields:
            fields |= _read(fields.pop(name))
            return True
    return False


def _read(raw: bytes | Raw) -> dict[str, Raw]:
    try:
        return _OBJECT.decode(raw)
    except _UNREADABLE:  # the vendor says what is wrong with it
        return {}


def _tier(fields: dict[str, Raw]) -> str:
    raw = fields.get("serviceTier") or fields.get("service_tier")
    try:
        said = _TEXT.decode(raw).lower() if raw is not None else ""
    except _UNREADABLE:
        return ""
    return said if said in TIERS else ""


def _cached(fields: dict[str, Raw], url: str, losses: list[Loss]) -> bool:
    """Vertex's own are called by their whole names, below the project and the location of `url`
    (those that a client says are its own affair, here as in its paths); the Gemini API's are not
    here.
    """
    changed = False
    for name in _CACHED:
        raw = fields.get(name, Raw(b"null"))
        if bytes(raw) == b"null":
            continue
        root = _ROOT.search(url)
        found = _OWN_CACHE.fullmatch(bytes(raw).decode("utf-8", "replace"))
        if root is not None and found is not None:
            whole = Raw(_ENCODE(f"{root[1]}/{found[1]}"))
            changed |= bytes(whole) != bytes(raw)
            fields[name] = whole
        elif not bytes(raw).startswith(b'"projects/'):
            why = "cached contents of the Gemini API are not Vertex's"
            losses.append(Loss("semantic", "cachedContent", "cached_content", why))
    return changed


def _roles(fields: dict[str, Raw]) -> bool:
    """The user's role, where a content says none."""
    raw = fields.get("contents")
    if raw is None:
        return False
    try:
        lone = bytes(raw).startswith(b"{")
        contents = [_OBJECT.decode(one) for one in ([raw] if lone else _LIST.decode(raw))]
    except _UNREADABLE:
        return False
    silent = [content for content in contents if bytes(content.get("role", b"null")) == b"null"]
    for content in silent:
        content["role"] = _USER
    if silent:
        fields["contents"] = Raw(_ENCODE(contents))
    return bool(silent)


def _tools(fields: dict[str, Raw], losses: list[Loss]) -> bool:
    raw = fields.get("tools")
    if raw is None or not any(name.encode() in bytes(raw) for name in _TOOLS):
        return False
    try:
        lone = bytes(raw).lstrip().startswith(b"{")
        tools = [_OBJECT.decode(one) for one in ([raw] if lone else _LIST.decode(raw))]
    except _UNREADABLE:
        return False
    changed = False
    for index, tool in enumerate(tools):
        for name, why in _TOOLS.items():
            if tool.pop(name, None) is not None:
                what = f"server_tool:{_CAMEL.get(name, name)}"
                losses.append(Loss("semantic", f"tools[{index}]", what, why))
                changed = True
    if changed:
        fields["tools"] = Raw(_ENCODE([tool for tool in tools if tool]))
    return changed
