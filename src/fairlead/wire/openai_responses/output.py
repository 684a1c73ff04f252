"""Output items of an answer, as canonical events.

A whole item and a streamed one end in the same function, which tells whatever has not been told by
then: so a whole answer and its stream fold to the same, also where a vendor streams an item at once
(xAI's calls) or leaves events out.

    message       each part of its content is a part; it stops when it is done
    reasoning     one thought; it is announced with its first text, because one without any is
                  "redacted", which only its end shows; the encrypted content is its signature
    calls         announced by name, growing by their arguments
    all others    opaque, and whole

Two things count as the answer's last event tells them, and are held back until then: encrypted
reasoning, which OpenAI encrypts anew for it, and log-probabilities, which `content_part.done` may
leave out (both recorded). Items may be done in another order than they were announced in
(`mcp_list_tools`, recorded): a part has its place from the announcement.
"""

from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    Delta,
    Event,
    Logprobs,
    Opaque,
    Part,
    PartStart,
    PartStop,
    Refusal,
    Signature,
    Text,
    Thinking,
    ToolCall,
)
from fairlead.wire.openai_responses.answers import ItemOut, PartOut
from fairlead.wire.openai_responses.content import read_annotations
from fairlead.wire.openai_responses.reasoning import BREAK, signature, text_of
from fairlead.wire.openai_responses.types import ReasoningItem

__all__ = ["OutputReader"]

DIALECT: Final = "openai_responses"
_ITEM: Final = msgspec.json.Decoder(ItemOut)
_REASONING: Final = msgspec.json.Decoder(ReasoningItem)
_STRING: Final = msgspec.json.Decoder(str)
_CALLS: Final = {"function_call": False, "custom_tool_call": True}
_NO_LOGPROBS: Final = (b"", b"null", b"[]")


class _Open:
    """A part that is being told."""

    __slots__ = ("index", "sent", "stopped", "texts")

    def __init__(self, index: int) -> None:
        self.index = index
        self.sent = 0  # characters
        self.stopped = False
        self.texts = 0  # of a summary: how many of its parts have begun


class OutputReader:
    """Reads the output of one answer. Items and their parts are known by their indexes; in a
    stream's last event, which counts through what it holds, by the ids that came with them.
    """

    __slots__ = (
        "_done",
        "_ids",
        "_logprobs",
        "_next",
        "_open",
        "_places",
        "_proofs",
        "called",
        "refused",
    )

    def __init__(self) -> None:
        self.called = False
        self.refused = False
        self._next = 0
        self._open: dict[tuple[int, int], _Open] = {}
        self._done: set[int] = set()
        self._ids: dict[str, int] = {}  # of whole items, to the index they were told with
        self._places: dict[int, int] = {}  # of announced items, in canon
        self._proofs: dict[int, tuple[int, Signature]] = {}
        self._logprobs: dict[tuple[int, int], bytes] = {}

    # Pieces of a stream

    def begin(self, raw: Raw, at: int, events: list[Event]) -> None:
        """An item is announced."""
        item = _ITEM.decode(raw)
        if item.type in _CALLS:
            self._call(item, at, events)
        elif item.type != "message":
            self._places[at] = self._next
            self._next += 1

    def begin_part(self, part: PartOut, at: int, within: int, events: list[Event]) -> None:
        """A part of a message is announced."""
        if part.type == "output_text":
            self.grow(at, within, part.text or "", events)
        elif part.type == "refusal":
            self.grow(at, within, part.refusal or "", events, refusal=True)

    def grow(
        self, at: int, within: int, text: str, events: list[Event], *, refusal: bool = False
    ) -> None:
        """More of a message's part."""
        told = self._open.get((at, within))
        if told is None:
            self.refused = self.refused or refusal
            told = self._start(at, within, Refusal("") if refusal else Text(""), events)
        self._more(told, text, events)

    def think(self, at: int, within: int, text: str, events: list[Event]) -> None:
        """More of a thought's part number `within`."""
        if not text:
            return
        told = self._open.get((at, 0))
        if told is None:
            told = self._start(at, 0, Thinking(""), events)
        if within > told.texts:
            told.texts = within
            self._more(told, BREAK, events)
        self._more(told, text, events)

    def argue(self, at: int, text: str, events: list[Event]) -> None:
        """More of a call's arguments."""
        told = self._open.get((at, 0))
        if told is not None:
            self._more(told, text, events)

    def finish_part(self, part: PartOut, at: int, within: int, events: list[Event]) -> None:
        """A part of a message is whole."""
        refusal = part.type == "refusal"
        if not refusal and part.type != "output_text":
            return
        if bytes(part.logprobs) not in _NO_LOGPROBS:
            self._logprobs[at, within] = bytes(part.logprobs)
        told = self._open.get((at, within))
        if told is not None and told.stopped:
            return
        text = (part.refusal if refusal else part.text) or ""
        if told is None:
            self.grow(at, within, "", events, refusal=refusal)
            told = self._open[at, within]
        self._rest(told, text, events)
        for citation in read_annotations(part.annotations or []):
            events.append(Delta(told.index, citation=citation))  # noqa: PERF401 - reads better
        self._stop(told, events)

    # Whole items

    def repeat(self, raw: Raw, at: int, events: list[Event]) -> None:
        """An item of the last event, the `at`th there: the stream may have left indexes out."""
        if at not in self._done:
            at = self._ids.get(_ITEM.decode(raw).id or "", at)
        self.finish(raw, at, events)

    def finish(self, raw: Raw, at: int, events: list[Event]) -> None:
        """An item is whole: what of it has not been told is told now."""
        item = _ITEM.decode(raw)
        if item.id:
            self._ids.setdefault(item.id, at)
        if at in self._done:
            self._again(item, raw, at)
            return
        self._done.add(at)
        if item.type == "message":
            for within, part in enumerate(item.content or ()):
                self.finish_part(part, at, within, events)
        elif item.type == "reasoning":
            self._finish_thought(_REASONING.decode(raw), at, events)
        elif item.type in _CALLS:
            told = self._open.get((at, 0)) or self._call(item, at, events)
            self._rest(told, _arguments(item), events)
            self._stop(told, events)
        else:
            told = self._start(at, 0, Opaque(DIALECT, item.type, bytes(raw)), events)
            self._stop(told, events)

    def _again(self, item: ItemOut, raw: Raw, at: int) -> None:
        """An item as the last event repeats it."""
        if item.type == "message":
            for within, part in enumerate(item.content or ()):
                if bytes(part.logprobs) not in _NO_LOGPROBS:
                    self._logprobs[at, within] = bytes(part.logprobs)
        elif at in self._proofs:
            thought = _REASONING.decode(raw)
            if thought.encrypted_content:
                self._proofs[at] = (self._proofs[at][0], signature(thought))

    def close(self, events: list[Event]) -> None:
        """The answer is over."""
        for told in self._open.values():
            self._stop(told, events)
        events += [Delta(index, signature=proof) for index, proof in self._proofs.values()]
        events += [Logprobs(DIALECT, self._logprobs[place]) for place in sorted(self._logprobs)]

    def _finish_thought(self, item: ReasoningItem, at: int, events: list[Event]) -> None:
        told, text = self._open.get((at, 0)), text_of(item)
        proof = signature(item) if item.encrypted_content else None
        if told is None:
            if proof is None and not text:
                return
            told = self._start(at, 0, Thinking("", None, redacted=not text), events)
        self._rest(told, text, events)
        if proof is not None:
            self._proofs[at] = (told.index, proof)
        self._stop(told, events)

    def _call(self, item: ItemOut, at: int, events: list[Event]) -> _Open:
        self.called = True
        call_id = item.call_id or item.id or ""
        custom = _CALLS[item.type]
        told = self._start(at, 0, ToolCall(call_id, item.name or "", "", custom), events)
        self._more(told, _arguments(item), events)
        return told

    def _start(self, at: int, within: int, part: Part, events: list[Event]) -> _Open:
        index = self._places.pop(at, None)
        if index is None:
            index = self._next
            self._next += 1
        told = self._open[at, within] = _Open(index)
        events.append(PartStart(told.index, part))
        return told

    def _more(self, told: _Open, text: str, events: list[Event]) -> None:
        if text:
            told.sent += len(text)
            events.append(Delta(told.index, text))

    def _rest(self, told: _Open, text: str, events: list[Event]) -> None:
        self._more(told, text[told.sent :], events)

    def _stop(self, told: _Open, events: list[Event]) -> None:
        if not told.stopped:
            told.stopped = True
            events.append(PartStop(told.index))


def _arguments(item: ItemOut) -> str:
    """A call's arguments as text; some vendors send an object."""
    raw = item.input if item.type == "custom_tool_call" else item.arguments
    said = bytes(raw)
    if not said or said == b"null":
        return ""
    return _STRING.decode(raw) if said.startswith(b'"') else said.decode()
