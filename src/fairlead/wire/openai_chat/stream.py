"""Streams from the wire: chunks of server-sent events to canonical events, and the usage tap.

A stream is: chunks with `choices[].delta`, a chunk per choice with its `finish_reason`, perhaps a
chunk with empty `choices` and the usage, then `data: [DONE]`. It may instead break with an object
that has an `error` (the openai SDK raises `APIError` for one, openai/_streaming.py). A stream whose
choices have all ended is whole even without [DONE], which some vendors leave out; one that ends
before that is cut off, and says so.
"""

from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Event, Start, UsageUpdate
from fairlead.wire.framing.sse import SseEvent
from fairlead.wire.openai.errors import problem_of
from fairlead.wire.openai.stream import MALFORMED, OpenAIStreamDecoder
from fairlead.wire.openai.tap import OpenAITap
from fairlead.wire.openai_chat.answers import ChatChunk, GroqIn, UsageIn
from fairlead.wire.openai_chat.deltas import ChoiceReader
from fairlead.wire.openai_chat.usage import read_usage

__all__ = ["ChatStreamDecoder", "ChatUsageTap"]

_CHUNK: Final = msgspec.json.Decoder(ChatChunk)
_ANY: Final = msgspec.json.Decoder()


class ChatStreamDecoder(OpenAIStreamDecoder):
    """Upstream bytes in, events out. After an error nothing more comes."""

    __slots__ = ("_choices", "_finished", "_id", "_started", "_tier")

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[int, ChoiceReader] = {}
        self._finished: set[int] = set()
        self._id = ""
        self._started = False
        self._tier: str | None = None

    def _is_whole(self) -> bool:
        return bool(self._choices) and self._finished == set(self._choices)

    def _take(self, event: SseEvent, events: list[Event]) -> None:
        data = event.data
        if self._dead or self._done:
            return
        if not event.field and not data.lstrip().startswith(b"{"):
            return  # "If the field name is none of these, the field is ignored" (HTML, 9.2.6)
        if data.startswith(b"[DONE]"):
            self._end(events)
            return
        try:
            chunk = _CHUNK.decode(data)
            if chunk.error and chunk.error != b"null":
                self._usage(chunk, events)
                self._break(problem_of(_ANY.decode(chunk.error), 200), events)
                return
            self._chunk(chunk, events)
        except MALFORMED as error:
            self._malformed(data, error, events)

    def _chunk(self, chunk: ChatChunk, events: list[Event]) -> None:
        if not self._started and (chunk.id or chunk.choices):
            self._started = True
            self._id = chunk.id or ""
            created = None if chunk.created is None else int(chunk.created)
            events.append(Start(self._id, chunk.model or "", created))
        if chunk.service_tier is not None:
            self._tier = chunk.service_tier
        for choice in chunk.choices or ():
            reader = self._choices.get(choice.index)
            if reader is None:
                reader = self._choices[choice.index] = ChoiceReader(choice.index, self._id)
            reader.read(choice, choice.delta or choice.message, events)
            if choice.finish_reason:
                self._finished.add(choice.index)
        self._usage(chunk, events)

    def _usage(self, chunk: ChatChunk, events: list[Event]) -> None:
        usage = chunk.usage
        if usage is None and chunk.x_groq is not None:
            usage = chunk.x_groq.usage
        if usage is not None:
            events.append(UsageUpdate(read_usage(usage, self._tier)))

    def _end(self, events: list[Event]) -> None:
        self._done = True
        for reader in self._choices.values():
            reader.close(events)


# The tap


class _Glance(Struct, frozen=True, gc=False):
    finish_reason: str | None = None


class _Passing(Struct, frozen=True, gc=False):
    """What the tap reads of a whole answer or a chunk."""

    choices: list[_Glance] | None = None
    usage: UsageIn | None = None
    service_tier: str | None = None
    x_groq: GroqIn | None = None


_PASSING: Final = msgspec.json.Decoder(_Passing)


class ChatUsageTap(OpenAITap):
    """Reads usage and finish reason of what passes by, whole or streamed. Never raises.

    Chunks are looked at for the two words before they are decoded: nearly all have neither.
    """

    __slots__ = ("_tier",)

    def __init__(self) -> None:
        super().__init__()
        self._tier: str | None = None

    def _event(self, event: SseEvent) -> None:
        data = event.data
        if b'"usage":null' in data and b'"finish_reason":null' in data:
            return
        if b'"usage"' in data or b'"finish_reason"' in data:
            self._whole(data)
        elif data.startswith(b"[DONE]") and self.usage is not None:
            self.finish = self.finish or "stop"  # Snowflake's streams give no reason (recorded)

    def _whole(self, body: bytes) -> None:
        passing = _PASSING.decode(body)
        self._tier = passing.service_tier or self._tier
        for choice in passing.choices or ():
            self.finish = choice.finish_reason or self.finish
        usage = passing.usage
        if usage is None and passing.x_groq is not None:
            usage = passing.x_groq.usage
        if usage is not None:
            self.usage = read_usage(usage, self._tier)
