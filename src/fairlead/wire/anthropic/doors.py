"""What a cloud's door to Claude does not take of a body for Anthropic's own API.

Bedrock and Vertex AI take Anthropic's body with some of it missing: fields of the top level, tools
that Anthropic's servers run, kinds of blocks, kinds of sources. A `Door` is the table of one such
door; one walk reads a body against it. Nothing is decoded that no row can concern: messages are
walked only where a word of the table stands in the body.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec
from msgspec import Struct

from fairlead.canon import Loss
from fairlead.wire.anthropic.types import Raw, dump, is_null, opens_with

__all__ = ["SERVER_TOOL", "Door", "kept_tools", "lost_at"]

SERVER_TOOL: Final = "server_tool:"
"""How the name of a loss begins that is a tool of Anthropic's servers."""
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Door(Struct, frozen=True, kw_only=True):
    """One door. `fields` are top-level ones: the kind of the loss, and why. `server_tools` is how
    the types of tools begin that Anthropic's servers run and this door does not, `runs_no` the
    reason. `blocks` and `sources` are types of blocks, and of the sources of images and documents,
    each with the reason.
    """

    fields: Mapping[str, tuple[Literal["cosmetic", "semantic"], str]]
    server_tools: tuple[str, ...]
    runs_no: str
    blocks: Mapping[str, str]
    sources: Mapping[str, str]


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
_TOOLS: Final = msgspec.json.Decoder(list[_Tool])
_RAWS: Final = msgspec.json.Decoder(list[msgspec.Raw])


def lost_at(door: Door, body: bytes) -> Iterator[Loss]:
    """What of `body` the door would refuse. What cannot be read is passed over: the vendor says
    what is wrong with it.
    """
    try:
        fields = _FIELDS.decode(body)
    except UNREADABLE:
        return
    for name, (kind, why) in door.fields.items():
        if name in fields and not is_null(fields[name]):
            yield Loss(kind, name, name, why)
    if "tools" in fields:
        yield from _tools(door, fields["tools"])
    messages = fields.get("messages")
    if messages is not None and _suspect(door, body):
        yield from _messages(door, messages)


def kept_tools(door: Door, body: bytes) -> list[msgspec.Raw]:
    """The tools of a readable body, without those of Anthropic's servers."""
    raws = _RAWS.decode(_FIELDS.decode(body)["tools"])
    return [
        raw
        for raw, tool in zip(raws, _TOOLS.decode(dump(raws)), strict=True)
        if not (tool.type or "").startswith(door.server_tools)
    ]


def _suspect(door: Door, body: bytes) -> bool:
    return any(b'"%b"' % word.encode() in body for word in (*door.blocks, *door.sources))


def _tools(door: Door, raw: Raw) -> Iterator[Loss]:
    try:
        tools = _TOOLS.decode(raw)
    except UNREADABLE:
        return
    for index, tool in enumerate(tools):
        kind = tool.type or ""
        if kind.startswith(door.server_tools):
            yield Loss("semantic", f"tools[{index}]", f"{SERVER_TOOL}{kind}", door.runs_no)


def _messages(door: Door, raw: Raw) -> Iterator[Loss]:
    try:
        for number, turn in enumerate(_TURNS.decode(raw)):
            yield from _blocks(door, turn.content, f"messages[{number}].content")
    except UNREADABLE:
        return


def _blocks(door: Door, raw: Raw, path: str) -> Iterator[Loss]:
    if not opens_with(raw, b"["):
        return
    for index, block in enumerate(_BLOCKS.decode(raw)):
        at = f"{path}[{index}]"
        if block.type in door.blocks:
            yield Loss("semantic", at, f"block:{block.type}", door.blocks[block.type])
        if isinstance(block.source, _Source) and block.source.type in door.sources:
            kind = block.source.type
            yield Loss("semantic", at, f"{block.type}_{kind}", door.sources[kind])
        if block.type == "tool_result":
            yield from _blocks(door, block.content, f"{at}.content")
