"""Which dialect a request's body is written in: by its name, or by what only one of them says."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Dialect, Failure
from fairlead.wire.codec import Codec

__all__ = ["codec_named", "recognise"]


class _Part(Struct):
    type: str = ""


class _Message(Struct):
    role: str = ""
    content: Raw = Raw(b"")


class _Tool(Struct):
    input_schema: Raw = Raw(b"")


_KEYS = msgspec.json.Decoder(dict[str, Raw]).decode
_MESSAGES = msgspec.json.Decoder(list[_Message]).decode
_PARTS = msgspec.json.Decoder(list[_Part]).decode
_TOOLS = msgspec.json.Decoder(list[_Tool]).decode

_FIRST: Final[tuple[tuple[str, Dialect], ...]] = (
    ("contents", "gemini"),
    ("input", "openai_responses"),
    ("prompt", "openai_responses"),
)
"""Where the turns are, in dialects that alone call them so."""
_ANTHROPIC_KEYS: Final = frozenset(
    {"system", "stop_sequences", "thinking", "top_k", "anthropic_version", "mcp_servers"}
)
_ANTHROPIC_PARTS: Final = frozenset(
    {"tool_use", "tool_result", "image", "document", "thinking", "redacted_thinking"}
)


def codec_named(codecs: Mapping[Dialect, Codec], name: str) -> Codec:
    """The codec of a dialect by its name.

    Raises:
        Failure: there is no such dialect; those that there are are named.
    """
    for dialect, codec in codecs.items():
        if dialect == name:
            return codec
    known = ", ".join(sorted(codecs))
    raise Failure.invalid(f"there is no dialect '{name[:80]}'; there are {known}", "dialect")


def recognise(body: bytes) -> Dialect:
    """The dialect of a body. Of those with `messages` it is Anthropic's if a key, a tool or a block
    is, else chat completions: what both can say means the same in both.

    Raises:
        Failure: it is no request in any dialect.
    """
    try:
        keys = _KEYS(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure.invalid(f"the body is no JSON object: {error}") from error
    for key, dialect in _FIRST:
        if key in keys:
            return dialect
    if "messages" not in keys:
        raise Failure.invalid(
            "this is no request: it has neither messages, input nor contents",
            hint="say by `dialect` what it is written in",
        )
    return "anthropic" if _anthropic(keys) else "openai_chat"


def _anthropic(keys: dict[str, Raw]) -> bool:
    if not _ANTHROPIC_KEYS.isdisjoint(keys):
        return True
    try:
        if any(len(tool.input_schema) for tool in _TOOLS(keys.get("tools", Raw(b"[]")))):
            return True
        for message in _MESSAGES(keys["messages"]):
            if not bytes(message.content).startswith(b"["):
                continue
            if any(part.type in _ANTHROPIC_PARTS for part in _PARTS(message.content)):
                return True
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False  # its own decoder says what is wrong, with the path
    return False
