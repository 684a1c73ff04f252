"""An answer's slots: what stood where, without what every client sends back by itself.

The slots of an answer are gone through in order, and each takes from the client's turn what it
names, so that each signature is in its part and each thought before the part that it led to.
"""

from msgspec import Struct, msgpack
from msgspec.structs import replace

from fairlead.canon import Part, Signature, Text, Thinking, ToolCall
from fairlead.vault.spoken import hash_of, visible

__all__ = ["Kept", "decode_kept", "encode_kept", "rebuilt", "signed", "slots_of", "unsigned"]

_BOUND = frozenset({"openai_responses"})
"""Dialects whose thoughts go back only with the part that followed them."""


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


class Kept(Struct, frozen=True, array_like=True):
    """One answer's slots. `text` is the hash of its visible text, `before` that of all that was
    said before it, b"" where that was not known.
    """

    text: bytes
    before: bytes
    slots: tuple[_Slot, ...]


encode_kept = msgpack.Encoder().encode
decode_kept = msgpack.Decoder(Kept).decode
"""Raises DecodeError or ValidationError for what is none."""


def slots_of(parts: tuple[Part, ...]) -> tuple[_Slot, ...]:
    """The slots of an answer's parts, in their order."""
    # Unsigned thoughts are kept only beside signed ones.
    thoughts = any(isinstance(part, Thinking) and signed(part) for part in parts)
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


def unsigned(parts: tuple[Part, ...], kept: Kept) -> tuple[Part, ...]:
    """The client's parts without what is kept: signatures, and the thoughts that bear them."""
    known = {slot.thought.signature for slot in kept.slots if isinstance(slot, _Thought)}
    known |= {slot.signature for slot in kept.slots if isinstance(slot, _Text | _Call)}
    bare: list[Part] = []
    for part in parts:
        if not signed(part) or getattr(part, "signature", None) not in known:
            bare.append(part)
        elif isinstance(part, Text) and not part.text:
            continue  # it was there for its signature
        elif isinstance(part, Text | ToolCall):
            bare.append(replace(part, signature=None))
    return tuple(bare)


def rebuilt(parts: tuple[Part, ...], kept: Kept) -> tuple[Part, ...]:
    """The turn's parts in the kept order, with thoughts and signatures."""
    with_thoughts = any(isinstance(slot, _Thought) for slot in kept.slots)
    rest = _Rest(parts, echoes=not with_thoughts, same_text=kept.text == hash_of(visible(parts)))
    out: list[Part] = []
    thoughts: list[Thinking] = []
    for slot in kept.slots:
        match slot:
            case _Thought():
                thoughts.append(slot.thought)
                continue
            case _Text():
                placed = rest.text(slot)
            case _Call():
                placed = rest.call(slot)
            case _Other():
                placed = rest.other()
            case _Echo():
                placed = rest.echo()
        out += [t for t in thoughts if placed or not _bound(t)]
        out += placed
        thoughts = []
    out += [t for t in thoughts if not _bound(t)]
    return (*rest.echoes, *_with_foreword(out, rest.foreword()), *rest.left())


def _bound(thought: Thinking) -> bool:
    return thought.signature is not None and thought.signature.dialect in _BOUND


def _with_foreword(parts: list[Part], texts: list[Text]) -> list[Part]:
    """Texts that no slot named and that the client put before the calls: behind the first thoughts,
    for an answer that has thoughts begins with them.
    """
    if not texts:
        return parts
    at = next((n for n, part in enumerate(parts) if type(part) is not Thinking), len(parts))
    return [*parts[:at], *texts, *parts[at:]]


class _Rest:
    """What of a turn is not placed yet."""

    def __init__(self, parts: tuple[Part, ...], *, echoes: bool, same_text: bool) -> None:
        self._same_text = same_text
        first = next((p for p in parts if isinstance(p, Text | ToolCall)), None)
        self._text_first = isinstance(first, Text)
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

    def foreword(self) -> list[Text]:
        """What no slot named of the texts that the client put before its calls."""
        if not self._text_first:
            return []
        texts, self._texts = self._texts, []
        return texts

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


def signed(part: Part) -> bool:
    """Whether a vendor signed it (or encrypted it, which is the same)."""
    # Compared by type, not by pattern: this runs over every part of every history.
    if type(part) is Text or type(part) is ToolCall:
        return part.signature is not None
    return type(part) is Thinking and (part.signature is not None or part.redacted)
