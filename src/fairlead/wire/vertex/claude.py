"""Claude on Vertex AI: Anthropic's body behind `rawPredict`.

"`model` is not passed in the request body. Instead, it is specified in the Google Cloud endpoint
URL. `anthropic_version` is passed in the request body (rather than as a header), and must be set to
the value `vertex-2023-10-16`" (platform.claude.com, "Claude on Vertex AI"). Beta flags stay in
their header (vercel/ai, issue 13337). What Vertex does not run is left out and named; values that
stay are verbatim.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

import msgspec
from msgspec import Struct

from fairlead.canon import Loss
from fairlead.wire.anthropic.types import dump, opens_with
from fairlead.wire.codec import Encoded
from fairlead.wire.splice import splice

__all__ = ["VERSION", "count_body", "predict_body"]

VERSION: Final = "vertex-2023-10-16"
# Anthropic's SDK sends this one to Vertex since 2.0 (`lib/vertex/_client.py`): a client that asks
# for its rules gets them.
NEWER: Final = "2026-10-21"

Kind = Literal["cosmetic", "semantic"]
# platform.claude.com, features overview and the features' own pages, November 2026: tiers, fast
# mode and data residency are the Claude API's; Vertex runs no containers and calls no MCP servers.
FIELDS: Final[dict[str, tuple[Kind, str]]] = {
    "service_tier": ("cosmetic", "Vertex has no tiers of Anthropic's"),
    "speed": ("cosmetic", "fast mode is Anthropic's own API's"),
    "inference_geo": ("semantic", "where it is computed is the upstream's region"),
    "container": ("semantic", "Vertex runs no containers"),
    "mcp_servers": ("semantic", "Vertex calls no MCP servers"),
}
"""Top-level fields of Anthropic's own API alone."""
SERVER_TOOLS: Final = ("web_fetch_", "code_execution_", "mcp_toolset", "advisor_")
"""How the types of tools begin that Anthropic's servers run, and Vertex does not."""


class _Source(Struct, gc=False):
    type: str = ""


class _Block(Struct, gc=False):
    type: str = ""
    source: _Source | str | None = None
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Turn(Struct, gc=False):
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Tool(Struct, gc=False):
    type: str | None = None


_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TURNS: Final = msgspec.json.Decoder(list[_Turn])
_BLOCKS: Final = msgspec.json.Decoder(list[_Block])
_TEXT: Final = msgspec.json.Decoder(str)
_TOOLS: Final = msgspec.json.Decoder(list[_Tool])
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SUSPECT: Final = (b'"container_upload"', b'"file"')
_NULL: Final = b"null"


def predict_body(body: bytes, headers: Mapping[str, str]) -> Encoded:
    """The body for `rawPredict`, of one for `POST /v1/messages` and its headers.

    Raises:
        Failure: `body` is no JSON object.
    """
    version = NEWER if headers.get("anthropic-version") == NEWER else VERSION
    losses = tuple(_lost(body))
    values = {"anthropic_version": dump(version)}
    return Encoded(splice(body, values, ("model", *FIELDS)), losses)


def count_body(body: bytes, name_of: Callable[[str], str]) -> Encoded:
    """The body for `count-tokens:rawPredict`: there the model is named, as Vertex calls it.

    Raises:
        Failure: `body` is no JSON object.
    """
    losses = tuple(_lost(body))
    named = splice(body, {}, tuple(FIELDS))
    model = _FIELDS.decode(named).get("model")
    said = _TEXT.decode(model) if model is not None else ""
    return Encoded(splice(named, {"model": dump(name_of(said))}), losses)


def _lost(body: bytes) -> Iterator[Loss]:
    try:
        fields = _FIELDS.decode(body)
    except _UNREADABLE:
        return
    for name, (kind, why) in FIELDS.items():
        if name in fields and bytes(fields[name]) != _NULL:
            yield Loss(kind, name, name, why)
    try:
        if "tools" in fields:
            yield from _tools(fields["tools"])
        messages = fields.get("messages")
        if messages is not None and any(word in body for word in _SUSPECT):
            for number, turn in enumerate(_TURNS.decode(messages)):
                yield from _blocks(turn.content, f"messages[{number}].content")
    except _UNREADABLE:  # the vendor says what is wrong with it
        return


def _tools(raw: bytes | msgspec.Raw) -> Iterator[Loss]:
    for index, tool in enumerate(_TOOLS.decode(raw)):
        kind = tool.type or ""
        if kind.startswith(SERVER_TOOLS):
            why = "Vertex does not run this tool of Anthropic's servers"
            yield Loss("semantic", f"tools[{index}]", f"server_tool:{kind}", why)


def _blocks(raw: msgspec.Raw, path: str) -> Iterator[Loss]:
    if not opens_with(raw, b"["):
        return
    for index, block in enumerate(_BLOCKS.decode(raw)):
        at = f"{path}[{index}]"
        if block.type == "container_upload":
            yield Loss("semantic", at, f"block:{block.type}", "Vertex runs no containers")
        if isinstance(block.source, _Source) and block.source.type == "file":
            why = "Vertex keeps no files of Anthropic's"
            yield Loss("semantic", at, f"{block.type}_file", why)
        if block.type == "tool_result":
            yield from _blocks(block.content, f"{at}.content")
