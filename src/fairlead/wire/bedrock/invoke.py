"""InvokeModel: Anthropic's body behind another address.

The model and whether to stream stand in the path; `anthropic_version` and `anthropic_beta` stand in
the body and not in headers ("The value must be bedrock-2023-05-31", AWS's page on Claude's
Messages API; "ARN-versioned models do not support 2026-10-21 on Bedrock", platform.claude.com).
What Bedrock does not take (`not_taken`) is left out and named: values that stay are verbatim.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Loss
from fairlead.wire.anthropic.types import dump, opens_with
from fairlead.wire.bedrock.not_taken import BETAS, BLOCKS, FIELDS, SERVER_TOOLS, SOURCES
from fairlead.wire.codec import Encoded
from fairlead.wire.splice import splice

__all__ = ["BETA", "VERSION", "beta_flags", "invoke_body", "what_is_lost"]

VERSION: Final = "bedrock-2023-05-31"
BETA: Final = "anthropic_beta"
_OTHER_VERSION: Final = "2023-06-01"
_SAID_BY_PATH: Final = ("model", "stream")


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
_TEXTS: Final = msgspec.json.Decoder(list[str])
_RAWS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_SERVER_TOOL: Final = "server_tool:"
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def invoke_body(body: bytes, headers: Mapping[str, str]) -> Encoded:
    """The body for `POST /model/{id}/invoke`, of one for `POST /v1/messages` and its headers.

    Raises:
        Failure: `body` is no JSON object.
    """
    losses = list(what_is_lost(body))
    flags, lost = beta_flags(body, headers)
    losses += lost
    values = {"anthropic_version": dump(VERSION)}
    drop = [*_SAID_BY_PATH, *FIELDS]
    if flags:
        values[BETA] = dump(flags)
    else:
        drop.append(BETA)
    if any(loss.what.startswith(_SERVER_TOOL) for loss in losses):
        kept = _kept_tools(body)
        if kept:
            values["tools"] = dump(kept)
        else:
            drop += ["tools", "tool_choice"]
    return Encoded(splice(body, values, tuple(drop)), tuple(losses))


def _kept_tools(body: bytes) -> list[msgspec.Raw]:
    """The tools without those of Anthropic's servers."""
    raws = _RAWS.decode(_FIELDS.decode(body)["tools"])
    return [
        raw
        for raw, tool in zip(raws, _TOOLS.decode(dump(raws)), strict=True)
        if not (tool.type or "").startswith(SERVER_TOOLS)
    ]


def what_is_lost(body: bytes) -> Iterator[Loss]:
    """What of a body for Anthropic's own API Bedrock would refuse."""
    try:
        fields = _FIELDS.decode(body)
    except _UNREADABLE:
        return
    for name, (kind, why) in FIELDS.items():
        if name in fields and bytes(fields[name]) != b"null":
            yield Loss(kind, name, name, why)
    if "tools" in fields:
        yield from _tools(fields["tools"])
    messages = fields.get("messages")
    if messages is not None and any(word in body for word in _SUSPECT):
        yield from _messages(messages)


_SUSPECT: Final = (b'"container_upload"', b'"file"', b'"url"')


def _tools(raw: bytes | msgspec.Raw) -> Iterator[Loss]:
    try:
        tools = _TOOLS.decode(raw)
    except _UNREADABLE:
        return
    for index, tool in enumerate(tools):
        kind = tool.type or ""
        if kind.startswith(SERVER_TOOLS):
            why = "Bedrock runs no tools of Anthropic's servers"
            yield Loss("semantic", f"tools[{index}]", f"{_SERVER_TOOL}{kind}", why)


def _messages(raw: bytes | msgspec.Raw) -> Iterator[Loss]:
    try:
        for number, turn in enumerate(_TURNS.decode(raw)):
            yield from _blocks(turn.content, f"messages[{number}].content")
    except _UNREADABLE:  # the vendor says what is wrong with it
        return


def _blocks(raw: msgspec.Raw, path: str) -> Iterator[Loss]:
    if not opens_with(raw, b"["):
        return
    for index, block in enumerate(_BLOCKS.decode(raw)):
        at = f"{path}[{index}]"
        if block.type in BLOCKS:
            yield Loss("semantic", at, f"block:{block.type}", BLOCKS[block.type])
        if isinstance(block.source, _Source) and block.source.type in SOURCES:
            kind = block.source.type
            yield Loss("semantic", at, f"{block.type}_{kind}", SOURCES[kind])
        if block.type == "tool_result":
            yield from _blocks(block.content, f"{at}.content")


def beta_flags(body: bytes, headers: Mapping[str, str]) -> tuple[list[str], list[Loss]]:
    """The beta flags that Bedrock knows, of the header and of the body, and those it does not."""
    said = [flag.strip() for flag in headers.get("anthropic-beta", "").split(",")]
    if BETA.encode() in body:
        said += _in_body(body)
    flags = list(dict.fromkeys(flag for flag in said if flag))
    losses = [
        Loss("cosmetic", "anthropic-beta", f"beta:{flag[:64]}", "no flag that Bedrock takes")
        for flag in flags
        if flag not in BETAS
    ]
    version = headers.get("anthropic-version", _OTHER_VERSION)
    if version != _OTHER_VERSION:
        why = f"Bedrock speaks {VERSION} alone"
        losses.append(Loss("cosmetic", "anthropic-version", "anthropic_version", why))
    return [flag for flag in flags if flag in BETAS], losses


def _in_body(body: bytes) -> Iterable[str]:
    try:
        return _TEXTS.decode(_FIELDS.decode(body).get(BETA, b"[]"))
    except _UNREADABLE:
        return ()
