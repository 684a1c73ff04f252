"""Asking for a prompt to be cached, in a body that does not ask.

A breakpoint is set on a block, the way that every door to these models knows ("Add cache_control
to the last block"); the newer field at the body's top does the same for its last block ("Top-level
cache control automatically applies a cache_control marker to the last cacheable block in the
request": anthropic SDK, MessageCreateParamsBase.cache_control), and is not taken everywhere.

Everything else stays as the client wrote it, to the byte. What cannot carry a breakpoint: thinking,
empty texts ("cache_control cannot be set for empty text blocks"), tools whose loading is deferred
(platform.claude.com, Prompt caching and Tool search).
"""

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

__all__ = ["LOOKBACK", "ask_caching"]

LOOKBACK = 20
""""The system checks at most 20 positions per breakpoint, counting the breakpoint itself as the
first" (platform.claude.com, Prompt caching): a cache entry further back needs its own."""

_TOOLS = -2
_BREAKPOINT = b',"cache_control":{"type":"ephemeral"}}'
_TEXT = b'[{"type":"text","text":'
_BARE = {"thinking", "redacted_thinking"}


class _Block(Struct):
    type: str = ""
    text: str | None = None
    defer_loading: bool = False


class _Message(Struct):
    content: list[Raw] | str = ""


_OBJECT = msgspec.json.Decoder(dict[str, Raw]).decode
_LIST = msgspec.json.Decoder(list[Raw]).decode
_MESSAGE = msgspec.json.Decoder(_Message).decode
_BLOCK = msgspec.json.Decoder(_Block).decode
_encode = msgspec.json.Encoder().encode


def ask_caching(body: bytes, places: Sequence[tuple[int, int]]) -> bytes:
    """`body` with breakpoints at `places`, the nearer one first; of two only the further one where
    the vendor finds the nearer from there. The same bytes where no place can have one.

    A place is a turn's number and a block's in it: turn -2 the tools, -1 the system prompt, from 0
    on the messages; block -1 is the last one.
    """
    try:
        fields = _OBJECT(body)
        messages = _LIST(fields["messages"])
        wanted = list(dict.fromkeys(places))
        if len(wanted) > 1 and _between(messages, wanted[0], wanted[-1]) < LOOKBACK:
            wanted = wanted[-1:]
        marked = [_mark(fields, messages, turn, block) for turn, block in wanted]
        if not any(marked):
            return body
    except (msgspec.DecodeError, RecursionError, KeyError, IndexError):
        return body  # the vendor says what is wrong with it
    fields["messages"] = Raw(_encode(messages))
    return _encode(fields)


def _between(messages: list[Raw], near: tuple[int, int], far: tuple[int, int]) -> int:
    """At how many positions blocks end from behind `near` up to `far`."""
    count = 0
    for raw in messages[max(near[0], 0) : far[0] + 1]:
        content = _MESSAGE(raw).content
        count += len(content) if isinstance(content, list) else 1
    return count


def _mark(fields: dict[str, Raw], messages: list[Raw], turn: int, block: int) -> bool:
    """Set one breakpoint; whether there could be one."""
    if turn >= 0:
        message = _OBJECT(messages[turn])
        marked = _marked(message["content"], block)
        if marked is None:
            return False
        message["content"] = marked
        messages[turn] = Raw(_encode(message))
        return True
    name = "tools" if turn == _TOOLS else "system"
    marked = _marked(fields[name], block)
    if marked is None:
        return False
    fields[name] = marked
    return True


def _marked(content: Raw, block: int) -> Raw | None:
    """A list of blocks, or a text, with a breakpoint on one of them."""
    text = bytes(content)
    if text.startswith(b'"'):
        return None if text == b'""' else Raw(_TEXT + text + _BREAKPOINT + b"]")
    blocks = _LIST(content)
    raw = bytes(blocks[block])
    held = _BLOCK(raw)
    if held.type in _BARE or held.text == "" or held.defer_loading:
        return None
    blocks[block] = Raw(raw[:-1] + _BREAKPOINT)
    return Raw(_encode(blocks))
