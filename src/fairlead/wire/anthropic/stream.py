"""The answer as a stream, read: server-sent events into canon's events.

    message_start -> (content_block_start -> content_block_delta* -> content_block_stop)*
                  -> message_delta -> message_stop          with `ping` and `error` anywhere

Text, thinking and calls flow on delta by delta. A block that canon keeps whole (`Opaque`: the
vendor's own tools and what is new tomorrow) is collected and told at its stop, because other
dialects can only take or leave all of it. "New event types may be added, and your code should
handle unknown event types gracefully": they are passed over.

Usage is cumulative; what `message_delta` repeats replaces what `message_start` said (17 of 98
recorded streams differ). A stream that ends before `message_stop` is an error.

Nearly every event is a `content_block_delta` of two lines; `told` finds those by their blank lines,
reads no more of them than their text, and gathers them in runs. All else goes through the parser.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import (
    Delta,
    Deltas,
    Event,
    Failure,
    Finished,
    Opaque,
    Part,
    PartStart,
    PartStop,
    Signature,
    Start,
    StreamError,
    ToolCall,
    UsageUpdate,
)
from fairlead.wire.anthropic.blocks_in import read_block, read_citation
from fairlead.wire.anthropic.errors import problem_of_event
from fairlead.wire.anthropic.finish import read_finish
from fairlead.wire.anthropic.response import unreadable
from fairlead.wire.anthropic.types import DIALECT, Raw, dump, is_null, opens_with
from fairlead.wire.anthropic.usage import WireUsage, merge, read_usage
from fairlead.wire.framing.sse import SseEvent, SseParser, SseTooLong

__all__ = ["Decoder"]

_NOTHING = msgspec.Raw(b"null")


class _Delta(Struct):
    """The `delta` of `content_block_delta` and of `message_delta`."""

    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    citation: msgspec.Raw = _NOTHING
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = _NOTHING


class _Message(Struct):
    id: str = ""
    model: str = ""
    usage: WireUsage | None = None


class _Event(Struct):
    """Any event: one decoder, made once. Fields that an event doesn't have stay at nothing."""

    type: str
    index: int = 0
    delta: _Delta | None = None
    content_block: msgspec.Raw = _NOTHING
    message: _Message | None = None
    usage: WireUsage | None = None


class _MoreText(Struct, tag="text_delta", gc=False):
    text: str = ""


class _MoreThinking(Struct, tag="thinking_delta", gc=False):
    text: str = msgspec.field(default="", name="thinking")


class _MoreInput(Struct, tag="input_json_delta", gc=False):
    text: str = msgspec.field(default="", name="partial_json")


class _Growth(Struct, gc=False):
    """`content_block_delta`, as far as it is text of any kind."""

    index: int
    delta: _MoreText | _MoreThinking | _MoreInput


class _RawDelta(Struct):
    delta: dict[str, msgspec.Raw]


_EVENT = msgspec.json.Decoder(_Event)
_GROWTH = msgspec.json.Decoder(_Growth).decode
_RAW_DELTA = msgspec.json.Decoder(_RawDelta)
_BLOCK = msgspec.json.Decoder(dict[str, msgspec.Raw])
_STRING = msgspec.json.Decoder(str)
_EMPTY: Final = b"{}"
_HEAD: Final = b"event: content_block_delta\ndata: "
_HEAD_LENGTH: Final = len(_HEAD)
_LF: Final = 0x0A
_CR: Final = 0x0D


class _Call:
    """A call that is open: `whole` is the input that came with its start."""

    __slots__ = ("grew", "whole")

    def __init__(self, whole: str) -> None:
        self.whole = whole
        self.grew = False


class _Collected:
    """A block that is told whole: its fields, and the texts that deltas add to them."""

    __slots__ = ("_came", "fields", "grown")

    def __init__(self, raw: Raw) -> None:
        self._came: bytes | None = bytes(raw)
        self.fields = _BLOCK.decode(raw)
        self.grown: dict[str, list[str]] = {}

    def add(self, delta: dict[str, msgspec.Raw]) -> None:
        """`partial_json` grows `input`; a string grows the field of its name; the rest is set."""
        self._came = None
        for key, value in delta.items():
            if key == "partial_json":
                self.grown.setdefault("input", []).append(_STRING.decode(value))
            elif key != "type" and opens_with(value, b'"'):
                self.grown.setdefault(key, []).append(_STRING.decode(value))
            elif key != "type":
                self.fields[key] = value

    def raw(self) -> bytes:
        """The block; verbatim where no delta added to it."""
        if self._came is not None:
            return self._came
        for key, texts in self.grown.items():
            more = "".join(texts)
            if key == "input":
                if more:
                    self.fields[key] = msgspec.Raw(more.encode())
                continue
            old = self.fields.get(key)
            before = _STRING.decode(old) if old is not None and opens_with(old, b'"') else ""
            self.fields[key] = msgspec.Raw(dump(before + more))
        return dump(self.fields)


class Decoder:
    """One stream. Fed anything after its end, it stays silent."""

    __slots__ = ("_calls", "_collected", "_ended", "_sse", "_started", "_usage")

    def __init__(self) -> None:
        self._sse = SseParser()
        self._calls: dict[int, _Call] = {}
        self._collected: dict[int, _Collected] = {}
        self._usage: WireUsage | None = None
        self._started = False
        self._ended = False

    def feed(self, data: bytes) -> list[Event]:
        """Events that `data` completes."""
        told = self.told(data)
        return list(chain.from_iterable(e.each() if isinstance(e, Deltas) else (e,) for e in told))

    def told(self, data: bytes) -> Sequence[Event | Deltas]:
        """As `feed`, with runs of deltas."""
        if not self._sse.idle or _CR in data:
            return self._read(data)
        if data[:_HEAD_LENGTH] == _HEAD and data[-2:] == b"\n\n" and not self._calls:
            growth = _growth(data[_HEAD_LENGTH:-2]) if self._is_plain() else None
            if growth is not None:  # the one delta of a read, as most reads bring
                return [Delta(growth.index, growth.delta.text)] if growth.delta.text else []
        told: list[Event | Deltas] = []
        texts: list[str] = []  # of the run, and its part
        at = 0
        quick = self._is_plain()
        pieces = data.split(b"\n\n")
        rest = pieces.pop()
        for piece in pieces:
            is_delta = quick and piece[:_HEAD_LENGTH] == _HEAD
            growth = _growth(piece[_HEAD_LENGTH:]) if is_delta else None
            if growth is not None:
                if growth.index != at and texts:
                    told.append(_run(at, texts))
                    texts = []
                at = growth.index
                if text := growth.delta.text:
                    texts.append(text)
                    if self._calls and growth.delta.__class__ is _MoreInput:
                        self._grow_call(at)
                continue
            if texts:
                told.append(_run(at, texts))
                texts = []
            told += self._read(piece + b"\n\n")
            quick = self._is_plain()
        if texts:
            told.append(_run(at, texts))
        if rest:
            told += self._read(rest)
        return told

    def _is_plain(self) -> bool:
        """Whether a delta of text is told as it is."""
        return self._started and not self._ended and not self._collected

    def _read(self, data: bytes) -> list[Event]:
        """Event by event."""
        events: list[Event] = []
        if self._ended:
            return events
        try:
            for event in self._sse.feed(data):
                if self._take(event, events):
                    break
        except SseTooLong as error:
            self._fail(str(error), events)
        return events

    def close(self) -> list[Event]:
        """Events due at the end of the body."""
        events: list[Event] = []
        if self._ended:
            return events
        for event in self._sse.close():
            if self._take(event, events):
                return events
        self._fail("ended before message_stop", events)
        return events

    def _fail(self, what: str, events: list[Event]) -> bool:
        self._ended = True
        events.append(StreamError(unreadable(what)))
        return True

    def _take(self, said: SseEvent, events: list[Event]) -> bool:
        """Events for one server-sent event; whether the stream has ended."""
        data = said.data
        if not said.field:  # a line that belongs to no event: an error body in place of a stream
            if data.strip():
                self._ended = True
                events.append(StreamError(problem_of_event(data)))
            return self._ended
        try:
            event = _EVENT.decode(data)
            handler = _HANDLERS.get(event.type)
            if handler is not None:
                handler(self, event, data, events)
        except Failure as failure:
            self._fail(failure.problem.message, events)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._fail(f"malformed event: {error}", events)
        return self._ended

    # ---- one method for each event --------------------------------------------------------------

    def _message_start(self, event: _Event, _: bytes, events: list[Event]) -> None:
        message = event.message or _Message()
        if not self._started:  # a second start (spliced streams exist) opens nothing new
            self._started = True
            events.append(Start(message.id, message.model))
        if message.usage is not None:
            self._tell_usage(message.usage, events)

    def _block_start(self, event: _Event, _: bytes, events: list[Event]) -> None:
        raw, index = event.content_block, event.index
        part = read_block(raw, f"content[{index}]", None)
        if isinstance(part, Opaque):
            self._collected[index] = _Collected(raw)
            return
        skeleton: Part = part
        if isinstance(part, ToolCall):
            self._calls[index] = _Call(part.arguments)
            skeleton = msgspec.structs.replace(part, arguments="")
        events.append(PartStart(index, skeleton))

    def _block_delta(self, event: _Event, data: bytes, events: list[Event]) -> None:
        delta, index = event.delta, event.index
        if delta is None:
            return
        if index in self._collected:
            self._grow(index, data)
        elif delta.type == "text_delta":
            if delta.text:
                events.append(Delta(index, delta.text))
        elif delta.type == "input_json_delta":
            if delta.partial_json:
                self._grow_call(index)
                events.append(Delta(index, delta.partial_json))
        elif delta.type == "thinking_delta":
            if delta.thinking:
                events.append(Delta(index, delta.thinking))
        elif delta.type == "signature_delta":
            if delta.signature:
                events.append(Delta(index, signature=Signature(DIALECT, delta.signature)))
        elif delta.type == "citations_delta" and not is_null(delta.citation):
            events.append(Delta(index, citation=read_citation(delta.citation)))

    def _grow_call(self, index: int) -> None:
        call = self._calls.get(index)
        if call is not None:
            call.grew = True

    def _grow(self, index: int, data: bytes) -> None:
        self._collected[index].add(_RAW_DELTA.decode(data).delta)

    def _block_stop(self, event: _Event, _: bytes, events: list[Event]) -> None:
        index = event.index
        collected = self._collected.pop(index, None)
        if collected is not None:
            events.append(PartStart(index, read_block(collected.raw(), f"content[{index}]", None)))
        call = self._calls.pop(index, None)
        if call is not None and not call.grew:  # a call without arguments brings no delta
            events.append(Delta(index, call.whole or "{}"))
        events.append(PartStop(index))

    def _message_delta(self, event: _Event, _: bytes, events: list[Event]) -> None:
        if event.usage is not None:
            self._tell_usage(event.usage, events)
        delta = event.delta
        if delta is not None and delta.stop_reason is not None:
            details = delta.stop_details
            detail = b"" if is_null(details) else bytes(details)
            events.append(Finished(read_finish(delta.stop_reason, delta.stop_sequence, detail)))

    def _message_stop(self, _: _Event, __: bytes, events: list[Event]) -> None:
        if not self._started:
            self._fail("message_stop without message_start", events)
        self._ended = True

    def _error(self, _: _Event, data: bytes, events: list[Event]) -> None:
        self._ended = True
        events.append(StreamError(problem_of_event(data)))

    def _tell_usage(self, wire: WireUsage, events: list[Event]) -> None:
        self._usage = merge(self._usage, wire)
        events.append(UsageUpdate(read_usage(self._usage)))


def _growth(body: bytes) -> _Growth | None:
    """What a delta's data say; None if it takes the long way to tell, or to refuse."""
    if _LF in body:  # another event, or a line that ends between JSON's tokens
        return None
    try:
        return _GROWTH(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _run(at: int, texts: list[str]) -> Delta | Deltas:
    """One delta as such, more of them as a run."""
    return Delta(at, texts[0]) if len(texts) == 1 else Deltas(at, texts)


_HANDLERS: Final = {
    "content_block_delta": Decoder._block_delta,  # noqa: SLF001 - the class's own table
    "content_block_start": Decoder._block_start,  # noqa: SLF001 - the same
    "content_block_stop": Decoder._block_stop,  # noqa: SLF001 - the same
    "message_start": Decoder._message_start,  # noqa: SLF001 - the same
    "message_delta": Decoder._message_delta,  # noqa: SLF001 - the same
    "message_stop": Decoder._message_stop,  # noqa: SLF001 - the same
    "error": Decoder._error,  # noqa: SLF001 - the same
}
