"""What was said before a turn, in a few bytes, so that equal words of two conversations differ."""

from hashlib import blake2b
from zlib import crc32

from fairlead.canon import (
    Base64,
    FileRef,
    Media,
    Opaque,
    Part,
    PlainText,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)

__all__ = ["History", "hash_of", "text_key", "visible"]


class History:
    """What was said before a turn, as a checksum and as a hash.

    Both run along the history: each must be asked for in ascending order.
    """

    __slots__ = ("_checksum", "_checksum_at", "_hash", "_hash_at", "_turns")

    def __init__(self, turns: tuple[Turn, ...]) -> None:
        self._turns = turns
        self._checksum = self._checksum_at = self._hash_at = 0
        self._hash = blake2b(digest_size=16)

    def checksum(self, at: int) -> int:
        """Of all turns before `at`; cheap, and no proof."""
        self._checksum = crc32(_spoken(self._turns[self._checksum_at : at]), self._checksum)
        self._checksum_at = at
        return self._checksum

    def hash(self, at: int) -> bytes:
        """Of the same, and a proof."""
        self._hash.update(_spoken(self._turns[self._hash_at : at]))
        self._hash_at = at
        return self._hash.digest()


def _spoken(turns: tuple[Turn, ...]) -> bytes:
    """What a client sends again unchanged: text, calls' ids, tool results, media in brief.

    Not system prompts, which may hold the time of day, nor thoughts. Tool results may stand in a
    turn of the role user or tool, by dialect.
    """
    said: list[str] = []
    for turn in turns:
        if turn.role not in {"system", "developer"}:
            said.append("\1" if turn.role == "assistant" else "\2")
            said += [part.text if type(part) is Text else _said(part) for part in turn.parts]
    return _bytes("".join(said))


def _said(part: Part) -> str:
    match part:
        case Text() | Refusal():
            return part.text
        case ToolCall():
            return f"\0call {part.id}\0"
        case ToolResult():
            return f"\0result {part.call_id}\0" + "".join(map(_said, part.content))
        case Media():
            return _seen(part)
        case Opaque():
            return f"\0opaque {part.kind} {len(part.raw)}\0"
        case Thinking():
            return ""


def _seen(media: Media) -> str:
    source = media.source
    if isinstance(source, Base64):
        return f"\0media {len(source.data)} {source.data[:64]}\0"
    if isinstance(source, FileRef):
        return f"\0media {source.id}\0"
    return f"\0media {source.text if isinstance(source, PlainText) else source.url}\0"


def visible(parts: tuple[Part, ...]) -> str:
    """The text of a turn."""
    return "".join([part.text for part in parts if type(part) is Text])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def hash_of(text: str) -> bytes:
    """A proof of a text."""
    return blake2b(_bytes(text), digest_size=16).digest()


def text_key(text: str, before: int | None) -> str:
    """The name of a turn of plain text; `before` is the checksum of what was said before it."""
    bare = f"text:{len(text)}:{crc32(_bytes(text))}:"
    return bare if before is None else f"{bare}{before}"
