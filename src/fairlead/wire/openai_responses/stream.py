"""Streams from the wire: typed server-sent events to canonical events, and the usage tap.

A stream is: `response.created`, items that are announced, grow and are done, and one of
`response.completed`, `response.incomplete` and `response.failed` with the whole answer. There is
no [DONE] (one vendor sends it all the same, recorded). It may break with an event `error`, or with
an object that has an `error`. A stream that ends before its last event is cut off, and says so.
"""

from collections.abc import Callable
from typing import ClassVar, Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import (
    Event,
    Finished,
    Start,
    UsageUpdate,
)
from fairlead.wire.framing.sse import SseEvent
from fairlead.wire.openai.errors import problem_of
from fairlead.wire.openai.stream import MALFORMED, OpenAIStreamDecoder
from fairlead.wire.openai.tap import OpenAITap
from fairlead.wire.openai_responses.answers import (
    AnswerIn,
    EventIn,
    Incomplete,
    TextDelta,
    ToolUsage,
    UsageIn,
)
from fairlead.wire.openai_responses.finish import read_finish
from fairlead.wire.openai_responses.output import OutputReader
from fairlead.wire.openai_responses.types import Absent
from fairlead.wire.openai_responses.usage import read_usage

__all__ = ["ResponsesStreamDecoder", "ResponsesUsageTap"]

_EVENT: Final = msgspec.json.Decoder(EventIn)
_ANSWER: Final = msgspec.json.Decoder(AnswerIn)
_MOST: Final = "response.output_text.delta"
_MORE: Final = msgspec.json.Decoder(TextDelta)
_TEXT: Final = msgspec.json.Decoder(str)
_ANY: Final = msgspec.json.Decoder()
_NULL: Final = (b"", b"null")


class ResponsesStreamDecoder(OpenAIStreamDecoder):
    """Upstream bytes in, events out. After an error nothing more comes."""

    __slots__ = ("_reader", "_started")

    def __init__(self) -> None:
        super().__init__()
        self._reader = OutputReader()
        self._started = False

    def _is_whole(self) -> bool:
        return False

    def _take(self, event: SseEvent, events: list[Event]) -> None:
        data = event.data
        if self._over() or data.startswith(b"[DONE]"):
            return
        if not event.field and not data.lstrip().startswith(b"{"):
            return  # "If the field name is none of these, the field is ignored" (HTML, 9.2.6)
        try:
            if event.event == _MOST:  # nearly all are, and little of them is read
                more = _MORE.decode(data)
                self._reader.grow(more.output_index, more.content_index, more.delta, events)
                return
            told = _EVENT.decode(data)
            take = self._TAKERS.get(told.type or event.event or "")
            if take is not None:
                take(self, told, events)
            elif bytes(told.error) not in _NULL:
                self._break(problem_of(_ANY.decode(told.error), 200), events)
        except MALFORMED as error:
            self._malformed(data, error, events)

    # Events, by type

    def _created(self, told: EventIn, events: list[Event]) -> None:
        if not self._started:
            self._start(_ANSWER.decode(told.response), events)

    def _start(self, answer: AnswerIn, events: list[Event]) -> None:
        self._started = True
        created = None if answer.created_at is None else int(answer.created_at)
        events.append(Start(answer.id or "", answer.model or "", created))

    def _item_added(self, told: EventIn, events: list[Event]) -> None:
        self._reader.begin(told.item, told.output_index, events)

    def _item_done(self, told: EventIn, events: list[Event]) -> None:
        self._reader.finish(told.item, told.output_index, events)

    def _part_added(self, told: EventIn, events: list[Event]) -> None:
        if told.part is not None:
            self._reader.begin_part(told.part, told.output_index, told.content_index, events)

    def _part_done(self, told: EventIn, events: list[Event]) -> None:
        if told.part is not None:
            self._reader.finish_part(told.part, told.output_index, told.content_index, events)

    def _text(self, told: EventIn, events: list[Event]) -> None:
        text = _TEXT.decode(told.delta)
        self._reader.grow(told.output_index, told.content_index, text, events)

    def _refusal(self, told: EventIn, events: list[Event]) -> None:
        text = _TEXT.decode(told.delta)
        self._reader.grow(told.output_index, told.content_index, text, events, refusal=True)

    def _summary(self, told: EventIn, events: list[Event]) -> None:
        text = _TEXT.decode(told.delta)
        self._reader.think(told.output_index, told.summary_index, text, events)

    def _reasoning(self, told: EventIn, events: list[Event]) -> None:
        text = _TEXT.decode(told.delta)
        self._reader.think(told.output_index, told.content_index, text, events)

    def _arguments(self, told: EventIn, events: list[Event]) -> None:
        self._reader.argue(told.output_index, _TEXT.decode(told.delta), events)

    def _end(self, told: EventIn, events: list[Event]) -> None:
        answer = _ANSWER.decode(told.response)
        if not self._started:
            self._start(answer, events)
        for at, raw in enumerate(answer.output or ()):
            self._reader.repeat(raw, at, events)
        self._reader.close(events)
        reader = self._reader
        why = answer.incomplete_details or Incomplete()
        finish = read_finish(
            answer.status, why.reason, called=reader.called, refused=reader.refused
        )
        if answer.usage is not None:
            usage = read_usage(
                answer.usage, answer.service_tier, answer.tool_usage, answer.output or ()
            )
            events.append(UsageUpdate(usage))
        if bytes(answer.error) not in _NULL:
            self._break(problem_of(_ANY.decode(answer.error), 200), events)
            return
        events.append(Finished(finish))
        self._done = True

    def _error(self, told: EventIn, events: list[Event]) -> None:
        if bytes(told.error) not in _NULL:
            self._break(problem_of(_ANY.decode(told.error), 200), events)
            return
        error = {"code": told.code, "message": told.message, "param": told.param}
        self._break(problem_of(error, 200), events)

    _TAKERS: ClassVar[dict[str, "_Taker"]] = {
        "response.created": _created,
        "response.output_item.added": _item_added,
        "response.output_item.done": _item_done,
        "response.content_part.added": _part_added,
        "response.content_part.done": _part_done,
        "response.output_text.delta": _text,
        "response.refusal.delta": _refusal,
        "response.reasoning_summary_text.delta": _summary,
        "response.reasoning_text.delta": _reasoning,
        "response.function_call_arguments.delta": _arguments,
        "response.custom_tool_call_input.delta": _arguments,
        "response.completed": _end,
        "response.incomplete": _end,
        "response.failed": _end,
        "error": _error,
    }


_Taker = Callable[[ResponsesStreamDecoder, EventIn, list[Event]], None]


# The tap


class _Glance(Struct, frozen=True, gc=False):
    """What the tap reads of a whole answer, or of the one within a last event."""

    status: str | None = None
    usage: UsageIn | None = None
    tool_usage: ToolUsage | None = None
    incomplete_details: Incomplete | None = None
    service_tier: str | None = None
    output: Raw = Absent


class _Last(Struct, frozen=True, gc=False):
    response: Raw = Absent


_ITEMS: Final = msgspec.json.Decoder(list[Raw])
_SEARCHED: Final = b"_search_call"
_LAST_EVENT: Final = msgspec.json.Decoder(_Last)
_PASSING: Final = msgspec.json.Decoder(_Glance)
_LAST: Final = (b"response.completed", b"response.incomplete", b"response.failed")


class ResponsesUsageTap(OpenAITap):
    """Reads usage and status of what passes by, whole or streamed. Never raises.

    Only the last event has a usage; all others are known by their first bytes, and skipped. `final`
    is the whole answer as it passed, b"" before its end.
    """

    __slots__ = ("final",)

    def __init__(self) -> None:
        super().__init__()
        self.final = b""

    def _whole(self, body: bytes) -> None:
        self._read(_PASSING.decode(body))
        self.final = body

    def _event(self, event: SseEvent) -> None:
        head = event.data[:80]
        if event.event in _LAST_NAMES or any(name in head for name in _LAST):
            told = _LAST_EVENT.decode(event.data)
            if told.response:
                self._read(_PASSING.decode(told.response))
                self.final = bytes(told.response)

    def _read(self, answer: _Glance) -> None:
        why = answer.incomplete_details
        self.finish = (why.reason if why is not None else None) or answer.status or self.finish
        if answer.usage is not None:
            items = _ITEMS.decode(answer.output) if _SEARCHED in bytes(answer.output) else ()
            self.usage = read_usage(answer.usage, answer.service_tier, answer.tool_usage, items)


_LAST_NAMES: Final = frozenset(name.decode() for name in _LAST)
