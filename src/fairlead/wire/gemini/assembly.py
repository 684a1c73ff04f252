"""Chunks in, events out: the one place where Gemini's parts become canonical parts.

A whole answer is a stream of one chunk: `decode_response` feeds the same `Assembler` and folds its
events, so that `fold(stream) == response` holds by construction. The merging law:

- Unsigned text extends the open part if that is unsigned text too, a thought an open thought. Any
  other part opens a new one.
- A part with a `thoughtSignature` stands alone: it neither extends a part nor is extended. The
  vendor's rule: "Don't concatenate parts with signatures together. Don't merge one part with a
  signature with another part without a signature." (ai.google.dev, Thought signatures). So the
  empty signed text with which 3.x ends its streams is kept as a part of its own.
- Unsigned empty text says nothing and is skipped (3.x ends a stream of calls with one).
- A function call is whole. Its id, which 2.5 leaves out, is made from the answer's id, the
  candidate and the call's ordinal: the same in a stream and in a whole answer, different for
  parallel calls of one function, 29 characters.
- What hangs on the candidate (grounding, citations) goes to the last part if it is open text, else
  to a new empty text part.

`Finished` is held back until the end: older models and Vertex put `finishReason: STOP` on every
chunk of a stream (vertexai-sdk-test-data), and whether STOP means `tool_calls` is known only then.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    Base64,
    Delta,
    Event,
    Failure,
    FileRef,
    Finished,
    Logprobs,
    Media,
    Opaque,
    Part,
    PartStart,
    PartStop,
    Signature,
    Start,
    StreamError,
    Text,
    Thinking,
    ToolCall,
    UsageUpdate,
)
from fairlead.wire.gemini.errors import problem_of, unreadable
from fairlead.wire.gemini.finish import blocked, decode_finish, details
from fairlead.wire.gemini.grounding import citations, decode_logprobs, has_notes, searches
from fairlead.wire.gemini.partial_call import PartialArg, PartialCall
from fairlead.wire.gemini.types import (
    ABSENT,
    CHUNK,
    CHUNK_PARTS,
    ENCODER,
    OBJECT,
    BlobIn,
    CallIn,
    CandidateIn,
    Chunk,
    FileIn,
    PartIn,
    compact,
    is_given,
)
from fairlead.wire.gemini.usage import decode_usage
from fairlead.wire.media import check_base64, kind_of

__all__ = ["Assembler", "read_chunk", "seconds"]

_BLOB: Final = msgspec.json.Decoder(BlobIn)
_FILE: Final = msgspec.json.Decoder(FileIn)
_NOTES: Final = frozenset({"thought", "thoughtSignature", "partMetadata"})
_ID_MAX: Final = 40  # what OpenAI's clients and servers take for a tool call id
_PIECES: Final = msgspec.json.Decoder(list[PartialArg])
_EMPTY: Final = "the vendor's answer holds neither a candidate nor a reason for having none"
_EARLY: Final = "the vendor's stream ended before any candidate was finished"


def read_chunk(data: bytes) -> Chunk:
    """A chunk, or a whole answer, from its JSON text. Raises `Failure` if it is none."""
    try:
        return CHUNK.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        what = f"a chunk of the vendor's answer can't be read: {error}"
        raise Failure(unreadable(what)) from None


class _Lane:
    """One candidate while it is told."""

    __slots__ = (
        "calls",
        "detail_message",
        "detail_ratings",
        "finish",
        "finished",
        "ids",
        "index",
        "next",
        "open",
        "partial",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.next = 0
        self.open = ""  # "text" or "thought" while the last part may still grow
        self.calls = 0
        self.ids: set[str] = set()
        self.partial: PartialCall | None = None
        self.finish: str | int | None = None
        self.finished = False
        self.detail_message: str | None = None
        self.detail_ratings = ABSENT


class Assembler:
    """Takes chunks in order; `finish` gives what is due at the end."""

    __slots__ = ("_dead", "_feedback", "_id", "_lanes", "_searches", "_started")

    def __init__(self) -> None:
        self._lanes: dict[int, _Lane] = {}
        self._id = ""
        self._started = False
        self._feedback = ABSENT
        self._searches = 0
        self._dead = False

    def add(self, data: bytes) -> list[Event]:
        """Events of one chunk, given as its JSON text."""
        if self._dead:
            return []
        try:
            return self.take(read_chunk(data), data)
        except Failure as failure:
            self._dead = True
            return [StreamError(failure.problem)]

    def take(self, chunk: Chunk, data: bytes) -> list[Event]:
        """Events of one chunk. `data` is its JSON text, where parts of rare kinds are read from."""
        if chunk.error is not ABSENT and is_given(chunk.error):
            self._dead = True
            return [StreamError(problem_of(chunk.error))]
        events: list[Event] = []
        if not self._started:
            self._start(chunk, events)
        candidates = chunk.candidates
        if candidates:
            for at, candidate in enumerate(candidates):
                self._candidate(candidate, at, data, events)
        elif is_given(chunk.prompt_feedback):
            self._feedback = chunk.prompt_feedback
        if chunk.usage_metadata is not None:
            usage = decode_usage(chunk.usage_metadata, self._searches)
            if usage is not None:
                events.append(UsageUpdate(usage))
        return events

    def fail(self, what: str) -> list[Event]:
        """The stream can't go on: one error, and nothing follows."""
        self._dead = True
        return [StreamError(unreadable(what))]

    def finish(self) -> list[Event]:
        """The end: open parts stop, candidates finish; an error if none of them ever did."""
        if self._dead:
            return []
        self._dead = True
        events: list[Event] = []
        lanes = [self._lanes[index] for index in sorted(self._lanes)]
        if not lanes and self._feedback is not ABSENT:
            return [Finished(blocked(self._feedback), 0)]
        if not lanes:
            return [StreamError(unreadable(_EMPTY))]
        for lane in lanes:
            self._end_partial(lane, events)
            _close(lane, events)
        if not any(lane.finished for lane in lanes):
            return [*events, StreamError(unreadable(_EARLY))]
        for lane in lanes:
            detail = details(lane.detail_message, lane.detail_ratings)
            told = decode_finish(lane.finish, detail, calls=lane.calls > 0)
            events.append(Finished(told, lane.index))
        return events

    def assume_finished(self) -> None:
        """A whole answer is over, whether or not its candidates say why."""
        for lane in self._lanes.values():
            lane.finished = True

    def _start(self, chunk: Chunk, events: list[Event]) -> None:
        self._started = True
        self._id = chunk.response_id or ""
        created = seconds(chunk.create_time) if chunk.create_time else None
        events.append(Start(self._id, chunk.model_version or "", created))

    def _candidate(self, candidate: CandidateIn, at: int, data: bytes, events: list[Event]) -> None:
        index = at if candidate.index is None else candidate.index
        lane = self._lanes.get(index)
        if lane is None:
            lane = self._lanes[index] = _Lane(index)
        content = candidate.content
        if content is not None and content.parts:
            for number, part in enumerate(content.parts):
                if part.text is not None:
                    _text(lane, part, part.text, events)
                elif part.function_call is not None:
                    self._call(lane, part, part.function_call, events)
                else:
                    _odd(lane, data, at, number, events)
        if candidate.finish_reason is not None:
            lane.finish = candidate.finish_reason
            lane.finished = True
        if candidate.finish_message is not None:
            lane.detail_message = candidate.finish_message
        if candidate.safety_ratings is not ABSENT and is_given(candidate.safety_ratings):
            lane.detail_ratings = candidate.safety_ratings
        if has_notes(candidate):
            self._notes(lane, candidate, events)

    def _notes(self, lane: _Lane, candidate: CandidateIn, events: list[Event]) -> None:
        if is_given(candidate.logprobs_result):
            steps = decode_logprobs(candidate.logprobs_result)
            if steps is not None:
                events.append(Logprobs("gemini", steps, lane.index))
        self._sources(lane, candidate, events)

    def _sources(self, lane: _Lane, candidate: CandidateIn, events: list[Event]) -> None:
        self._searches = searches(candidate) or self._searches
        found = citations(candidate)
        if found and lane.open != "text":
            _close(lane, events)
            _open(lane, "text", Text(""), events)
        at = lane.next - 1
        events.extend(Delta(at, citation=found_one, candidate=lane.index) for found_one in found)

    def _call(self, lane: _Lane, part: PartIn, call: CallIn, events: list[Event]) -> None:
        if lane.partial is not None or call.will_continue:
            self._call_piece(lane, part, call, events)
            return
        arguments = compact(call.args).decode() if is_given(call.args) else "{}"
        self._tell(lane, call.name or "", call.id or "", arguments, part.thought_signature, events)

    def _call_piece(self, lane: _Lane, part: PartIn, call: CallIn, events: list[Event]) -> None:
        if lane.partial is None:
            lane.partial = PartialCall(call.name or "", call.id or "", part.thought_signature)
        if is_given(call.partial_args):
            try:
                lane.partial.add(_PIECES.decode(call.partial_args))
            except msgspec.DecodeError as error:
                events += self.fail(f"a piece of a function call can't be read: {error}")
                return
        if not call.will_continue:
            self._end_partial(lane, events)

    def _end_partial(self, lane: _Lane, events: list[Event]) -> None:
        whole, lane.partial = lane.partial, None
        if whole is not None:
            arguments = whole.arguments().decode()
            self._tell(lane, whole.name, whole.id, arguments, whole.signature, events)

    def _tell(
        self,
        lane: _Lane,
        name: str,
        given: str,
        arguments: str,
        signed: str | None,
        events: list[Event],
    ) -> None:
        if not given or len(given) > _ID_MAX or given in lane.ids:
            given = self._make_id(lane, name, arguments)
        lane.ids.add(given)
        lane.calls += 1
        signature = _signature(signed)
        _close(lane, events)
        start = PartStart(lane.next, ToolCall(given, name, "", signature=signature), lane.index)
        events += (
            start,
            Delta(lane.next, arguments, candidate=lane.index),
            PartStop(lane.next, lane.index),
        )
        lane.next += 1

    def _make_id(self, lane: _Lane, name: str, arguments: str) -> str:
        # Without an id of the answer the call itself has to tell answers apart.
        seed = self._id or f"{name}\0{arguments}"
        text = f"{seed}\0{lane.index}\0{lane.calls}"
        return "call_" + blake2b(text.encode(), digest_size=12).hexdigest()


def _signature(value: str | None) -> Signature | None:
    return Signature("gemini", value) if value else None


def _open(lane: _Lane, kind: str, part: Part, events: list[Event]) -> None:
    events.append(PartStart(lane.next, part, lane.index))
    lane.next += 1
    lane.open = kind


def _close(lane: _Lane, events: list[Event]) -> None:
    if lane.open:
        events.append(PartStop(lane.next - 1, lane.index))
        lane.open = ""


def _whole(lane: _Lane, part: Part, events: list[Event]) -> None:
    _close(lane, events)
    _open(lane, "", part, events)
    events.append(PartStop(lane.next - 1, lane.index))


def _text(lane: _Lane, part: PartIn, text: str, events: list[Event]) -> None:
    kind = "thought" if part.thought else "text"
    if kind == lane.open and text and not part.thought_signature:  # what there is most of
        events.append(Delta(lane.next - 1, text, None, None, lane.index))
        return
    if part.thought_signature:
        signature = _signature(part.thought_signature)
        _close(lane, events)
        _open(lane, "", Thinking("") if part.thought else Text(""), events)
        at = lane.next - 1
        events += (Delta(at, text, signature, candidate=lane.index), PartStop(at, lane.index))
    elif text:
        if lane.open != kind:
            _close(lane, events)
            _open(lane, kind, Thinking("") if part.thought else Text(""), events)
        events.append(Delta(lane.next - 1, text, candidate=lane.index))


def _odd(lane: _Lane, data: bytes, at: int, number: int, events: list[Event]) -> None:
    """A part that is neither text nor a call: read again, from its raw bytes."""
    candidates = CHUNK_PARTS.decode(data).candidates or []
    content = candidates[at].content
    raw = (content.parts or [])[number] if content is not None else Raw(b"{}")
    fields = OBJECT.decode(raw)
    kind = next((name for name in fields if name not in _NOTES), None)
    if kind is None:
        if "thoughtSignature" in fields:  # a signature on nothing still has to come back
            _text(lane, msgspec.json.decode(raw, type=PartIn), "", events)
        return
    thought = bytes(fields.get("thought", Raw(b"false"))) == b"true"
    if kind in {"inlineData", "fileData"} and not thought:
        media = _media(kind, fields)
        if media is not None:
            _whole(lane, media, events)
            return
    _whole(lane, Opaque("gemini", kind, compact(raw)), events)


def _media(kind: str, fields: dict[str, Raw]) -> Media | None:
    rest = {k: v for k, v in fields.items() if k not in (kind, "thought", "thoughtSignature")}
    extra = compact(ENCODER.encode(rest)) if rest else b""
    signed = fields.get("thoughtSignature")
    try:
        signature = _signature(msgspec.json.decode(signed, type=str | None) if signed else None)
        source: Base64 | FileRef
        if kind == "inlineData":
            blob = _BLOB.decode(fields[kind])
            mime, name = blob.mime_type or "", blob.display_name
            source = Base64(check_base64(blob.data or "", "inlineData.data"))
        else:
            file = _FILE.decode(fields[kind])
            mime, name = file.mime_type or "", file.display_name
            source = FileRef("gemini", file.file_uri or "")
    except (msgspec.DecodeError, Failure):
        return None
    return Media(kind_of(mime), mime, source, name=name, signature=signature, extra=extra)


def seconds(stamp: str) -> int | None:
    """Unix seconds of an RFC 3339 time stamp."""
    try:
        return int(datetime.fromisoformat(stamp).timestamp())
    except ValueError:
        return None
