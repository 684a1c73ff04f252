"""Keeping what a client cannot carry, and putting it back where it was.

An answer's parts are stored as *slots* in their order: a thought whole, of a text its length and
signature, of a tool call its id and signature, of anything else only that it stood there. An
assistant turn that comes back in a later request is found by its tool-call ids, or else by its
visible text; then the slots are gone through in order, and each takes from the turn what it names.
So each signature goes back into the part that it came in, and thoughts stand before the very calls
that they led to. The vendors' words when they don't: "Function call is missing a
thought_signature in functionCall parts." (Gemini 3), "messages.1.content.0.type: Expected
`thinking` or `redacted_thinking`, but found `tool_use`" (Anthropic). Signed media are not kept: no
other dialect lets a client send a model's image back.

What the client sent is never dropped and never changed, with one exception: its unsigned echo of
thoughts (`reasoning_content`) gives way to the kept ones. A turn that holds a signature already is
left alone. Text that was changed gets no signature; a call that was left out takes its own away.

A text is a weak name: "Done." ends many conversations of one key. So `keep` is given the request
that was answered, and the name then covers all that was said before (system prompts apart). Two
conversations with the same words so far share their thoughts, others don't.

Most turns of most histories are not kept, so asking must be cheap: names are made of checksums
(CRC-32, some tenths of a microsecond), and only what is found under one is compared by a
cryptographic hash.
"""

from collections.abc import Callable
from hashlib import blake2b
from zlib import crc32

from msgspec import DecodeError, Struct, ValidationError, msgpack
from msgspec.structs import replace

from fairlead.canon import (
    Base64,
    FileRef,
    Media,
    Opaque,
    Part,
    PlainText,
    Refusal,
    Request,
    Response,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)

__all__ = ["keep", "keys_of", "restore"]

Lookup = Callable[[str], bytes | None]


class _Thought(Struct, frozen=True, array_like=True, tag=0):
    thought: Thinking


class _Text(Struct, frozen=True, array_like=True, tag=1):
    length: int
    signature: Signature | None


class _Call(Struct, frozen=True, array_like=True, tag=2):
    id: str
    name: str
    signature: Signature | None


class _Other(Struct, frozen=True, array_like=True, tag=3):
    """Media, refusals, opaque blocks: they stand where they stood."""


class _Echo(Struct, frozen=True, array_like=True, tag=4):
    """A thought that nobody signed: the client's to send or not."""


_Slot = _Thought | _Text | _Call | _Other | _Echo


class _Kept(Struct, frozen=True, array_like=True):
    """One answer's slots. `text` is the hash of its visible text, `before` that of all that was
    said before it, b"" where that was not known.
    """

    text: bytes
    before: bytes
    slots: tuple[_Slot, ...]


_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(_Kept).decode


def keys_of(parts: tuple[Part, ...], before: int | None = None) -> tuple[str, ...]:
    """The names under which a turn is kept: its tool-call ids, or else its visible text.

    `before` is the checksum of what was said before, None if that is not known. A turn without
    calls and text has no name.
    """
    calls = _call_keys(parts)
    if calls:
        return calls
    text = _visible(parts)
    return (_text_key(text, before),) if text else ()


def keep(response: Response, request: Request | None = None) -> list[tuple[str, bytes]]:
    """What to put into the vault for an answer: `(key, parts)`; nothing for most answers.

    `request` is what was answered, without which answers in plain text are kept under their text
    alone (see the module).
    """
    signed = [c.parts for c in response.candidates if _any_signed(c.parts)]
    if not signed:
        return []
    checksum, before = None, b""
    if request is not None:
        history = _History(request.turns)
        checksum, before = history.checksum(len(request.turns)), history.hash(len(request.turns))
    kept: list[tuple[str, bytes]] = []
    for parts in signed:
        stored = _encode(_Kept(_hash(_visible(parts)), before, _slots(parts)))
        kept.extend((key, stored) for key in dict.fromkeys(keys_of(parts, checksum)))
    return kept


def restore(request: Request, lookup: Lookup) -> Request:
    """The request with kept thoughts and signatures back in its assistant turns.

    The same object if nothing was missing or nothing is known. An entry that cannot be read counts
    as not there.
    """
    history: _History | None = None
    turns: list[Turn] | None = None
    for at, turn in enumerate(request.turns):
        if turn.role != "assistant" or _any_signed(turn.parts):
            continue
        if history is None:
            history = _History(request.turns)
        kept = _find(turn.parts, history, at, lookup)
        if kept is None:
            continue
        parts = _rebuilt(turn.parts, kept)
        if parts != turn.parts:
            if turns is None:
                turns = list(request.turns)
            turns[at] = replace(turn, parts=parts)
    return request if turns is None else replace(request, turns=tuple(turns))


def _find(parts: tuple[Part, ...], history: "_History", at: int, lookup: Lookup) -> _Kept | None:
    keys = _call_keys(parts)
    text = None
    if not keys:
        text = _visible(parts)
        if not text:
            return None
        bare = _text_key(text, None)
        keys = (f"{bare}{history.checksum(at)}", bare)
    for key in keys:
        found = lookup(key)
        if found is None:
            continue
        try:
            kept = _decode(found)
        except (DecodeError, ValidationError):
            continue
        if text is None:
            return kept
        if kept.text == _hash(text) and kept.before in {b"", history.hash(at)}:
            return kept
    return None


def _slots(parts: tuple[Part, ...]) -> tuple[_Slot, ...]:
    # Unsigned thoughts are kept only beside signed ones.
    thoughts = any(isinstance(part, Thinking) and _signed(part) for part in parts)
    slots: list[_Slot] = []
    for part in parts:
        match part:
            case Thinking():
                slots.append(_Thought(part) if thoughts else _Echo())
            case Text():
                slots.append(_Text(len(part.text), part.signature))
            case ToolCall():
                slots.append(_Call(part.id, part.name, part.signature))
            case _:
                slots.append(_Other())
    return tuple(slots)


def _rebuilt(parts: tuple[Part, ...], kept: _Kept) -> tuple[Part, ...]:
    """The turn's parts in the kept order, with thoughts and signatures."""
    with_thoughts = any(isinstance(slot, _Thought) for slot in kept.slots)
    rest = _Rest(parts, echoes=not with_thoughts, same_text=kept.text == _hash(_visible(parts)))
    out: list[Part] = []
    for slot in kept.slots:
        match slot:
            case _Thought():
                out.append(slot.thought)
            case _Text():
                out.extend(rest.text(slot))
            case _Call():
                out.extend(rest.call(slot))
            case _Other():
                out.extend(rest.other())
            case _Echo():
                out.extend(rest.echo())
    return (*rest.echoes, *out, *rest.left())


class _Rest:
    """What of a turn is not placed yet."""

    def __init__(self, parts: tuple[Part, ...], *, echoes: bool, same_text: bool) -> None:
        self._same_text = same_text
        self._texts = [p for p in parts if isinstance(p, Text)]
        self._calls = [p for p in parts if isinstance(p, ToolCall)]
        self._others = [p for p in parts if not isinstance(p, Text | ToolCall | Thinking)]
        self.echoes = [p for p in parts if isinstance(p, Thinking)] if echoes else []

    def text(self, slot: _Text) -> list[Part]:
        """The text of one slot, cut from the turn's; all of it, unsigned, if it was changed."""
        if not self._same_text:
            texts, self._texts = self._texts, []
            return list(texts)
        taken = self._cut(slot.length)
        if slot.signature is None:
            return list(taken)
        text = "".join(part.text for part in taken)
        citations = tuple(c for part in taken for c in part.citations)
        cache = taken[-1].cache if taken else None
        return [Text(text, slot.signature, citations, cache)]

    def call(self, slot: _Call) -> list[Part]:
        """The call with the slot's id, if the client still has it."""
        for at, part in enumerate(self._calls):
            if part.id == slot.id and part.name == slot.name:
                del self._calls[at]
                signed = slot.signature is not None
                return [replace(part, signature=slot.signature) if signed else part]
        return []

    def other(self) -> list[Part]:
        """The next part of another kind."""
        return [self._others.pop(0)] if self._others else []

    def echo(self) -> list[Part]:
        """The client's next thought of its own."""
        return [self.echoes.pop(0)] if self.echoes else []

    def left(self) -> list[Part]:
        """What no slot named, in the client's order."""
        return [*self._texts, *self._calls, *self._others]

    def _cut(self, length: int) -> list[Text]:
        """The next `length` characters, in the parts that the client made of them.

        A part that goes on beyond is cut; its citations and cache mark stay with its end.
        """
        taken: list[Text] = []
        while self._texts and (length > 0 or not (taken or self._texts[0].text)):
            part = self._texts.pop(0)
            if len(part.text) > length:
                self._texts.insert(0, replace(part, text=part.text[length:]))
                part = Text(part.text[:length])
            taken.append(part)
            length -= len(part.text)
        return taken


class _History:
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


def _signed(part: Part) -> bool:
    # Compared by type, not by pattern: this runs over every part of every history.
    if type(part) is Text or type(part) is ToolCall:
        return part.signature is not None
    return type(part) is Thinking and (part.signature is not None or part.redacted)


def _any_signed(parts: tuple[Part, ...]) -> bool:
    for part in parts:  # noqa: SIM110 - `any` over a generator takes three times as long
        if _signed(part):
            return True
    return False


def _call_keys(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple([f"call:{part.id}" for part in parts if type(part) is ToolCall and part.id])


def _visible(parts: tuple[Part, ...]) -> str:
    return "".join([part.text for part in parts if type(part) is Text])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _hash(text: str) -> bytes:
    return blake2b(_bytes(text), digest_size=16).digest()


def _text_key(text: str, before: int | None) -> str:
    bare = f"text:{len(text)}:{crc32(_bytes(text))}:"
    return bare if before is None else f"{bare}{before}"
