"""Streams: bytes to events, events to SSE, and a tap for a stream that passes by untouched."""

from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from fairlead.canon import (
    Citation,
    Delta,
    Deltas,
    Event,
    Finished,
    Logprobs,
    Loss,
    Media,
    Opaque,
    Part,
    PartStart,
    PartStop,
    Refusal,
    Signature,
    Start,
    StreamError,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageUpdate,
)
from fairlead.wire.codec import Reply
from fairlead.wire.gemini.assembly import Assembler
from fairlead.wire.gemini.errors import encode_error
from fairlead.wire.gemini.finish import prompt_feedback
from fairlead.wire.gemini.frames import Frames, SseTooLong
from fairlead.wire.gemini.grounding import (
    encode_logprobs,
    encode_metadata,
    foreign_sources,
    queries,
)
from fairlead.wire.gemini.response import (
    encode_answer_part,
    encode_candidate_notes,
    encode_finish,
    encode_names,
)
from fairlead.wire.gemini.signature import own_signature
from fairlead.wire.gemini.types import ABSENT, ENCODER, UsageIn
from fairlead.wire.gemini.usage import decode_usage, encode_usage
from fairlead.wire.losses import Losses

__all__ = ["StreamDecoder", "StreamEncoder", "UsageTap"]

_ENCODE: Final = ENCODER.encode
_BEFORE_TEXT: Final = b'data: {"candidates":[{"content":{"parts":[{"text":'
_AFTER_TEXT: Final = b'%b}],"role":"model"},"index":%d}]%b'


class StreamDecoder:
    """Gemini's bytes in (SSE, a JSON array, a bare error), canonical events out."""

    __slots__ = ("_assembler", "_frames")

    def __init__(self) -> None:
        self._frames = Frames()
        self._assembler = Assembler()

    def feed(self, data: bytes) -> list[Event]:
        """Events that `data` completes."""
        try:
            texts = self._frames.feed(data)
        except SseTooLong as error:
            return self._assembler.fail(str(error))
        if len(texts) == 1:
            return self._assembler.add(texts[0])
        return [event for text in texts for event in self._assembler.add(text)]

    def told(self, data: bytes) -> list[Event]:
        """As `feed`."""
        return self.feed(data)

    def close(self) -> list[Event]:
        """The finishes, held back until now, or a `StreamError` if there are none."""
        events = [event for text in self._frames.close() for event in self._assembler.add(text)]
        return events + self._assembler.finish()


class _Growing:
    """A part of the answer that is being told."""

    __slots__ = ("citations", "held", "part", "signature", "texts")

    def __init__(self, part: Part, *, held: bool) -> None:
        self.part = part
        self.held = held  # said only when it is whole: calls, and what is signed
        self.texts: list[str] = []
        self.signature: Signature | None = None


class StreamEncoder:
    """Canonical events in, SSE out: text as it comes, all else when it is whole.

    The last chunk carries finishes and usage. A `StreamError` becomes an `error` object.
    """

    __slots__ = (
        "_cited",
        "_ended",
        "_feedback",
        "_finishes",
        "_losses",
        "_names",
        "_parts",
        "_reply",
        "_tail",
        "_usage",
    )

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._names = encode_names("", None, reply)
        self._tail = self._make_tail()
        self._parts: dict[tuple[int, int], _Growing] = {}
        self._cited: dict[int, list[Citation]] = {}
        self._finishes: dict[int, dict[str, object]] = {}
        self._feedback: Raw | None = None
        self._usage: Usage | None = None
        self._losses = Losses()
        self._ended = False

    @property
    def losses(self) -> list[Loss]:
        """What could not be said so far."""
        return self._losses.found

    @losses.setter
    def losses(self, found: list[Loss]) -> None:
        self._losses.found = found

    def encode(self, event: Event) -> bytes:
        """Bytes for one event (may be empty)."""
        match event:
            case Delta():
                return self._delta(event)
            case PartStart():
                return self._part_start(event)
            case PartStop():
                return self._part_stop(event)
            case UsageUpdate():
                self._usage = event.usage
            case Finished():
                self._finish(event)
            case Start():
                self._names = encode_names(event.id, event.created, self._reply)
                self._tail = self._make_tail()
            case Logprobs():
                return self._logprobs(event)
            case StreamError():
                self._ended = True
                body = encode_error(event.problem, self._reply.request_id)
                return b"data: " + body + b"\r\n\r\n"
        return b""

    def encode_run(self, run: Deltas) -> bytes:
        """Bytes for several deltas of one part."""
        growing = self._parts.get((run.candidate, run.index))
        if growing is None or growing.held:
            return b"".join(map(self.encode, run.each()))
        mark = b',"thought":true' if isinstance(growing.part, Thinking) else b""
        after = _AFTER_TEXT % (mark, run.candidate, self._tail)
        return _BEFORE_TEXT + (after + _BEFORE_TEXT).join(map(_ENCODE, run.texts)) + after

    def close(self, extra: bytes = b"") -> bytes:
        """The last chunk: finishes, usage and `extra`."""
        if self._ended:
            return b""
        self._ended = True
        chunk: dict[str, object] = {}
        if self._finishes:
            chunk["candidates"] = [self._finishes[index] for index in sorted(self._finishes)]
        if self._feedback is not None:
            chunk["promptFeedback"] = self._feedback
        usage: dict[str, object] = {}
        if self._usage is not None:
            usage, lost = encode_usage(self._usage)
            self._losses.found += lost
        if extra or self._reply.extra:
            usage["fairlead"] = Raw(extra or self._reply.extra)
        if usage:
            chunk["usageMetadata"] = usage
        return self._say(chunk)

    def _make_tail(self) -> bytes:
        return b"," + ENCODER.encode(self._names)[1:] + b"\r\n\r\n"

    def _say(self, chunk: dict[str, object]) -> bytes:
        said = ENCODER.encode({**chunk, **self._names})
        if b"\n" in said or b"\r" in said:  # between tokens of raw JSON; SSE ends its lines there
            said = said.translate(None, b"\r\n")
        return b"data: " + said + b"\r\n\r\n"

    def _say_text(self, index: int, text: str, mark: bytes) -> bytes:
        # The hot line: a chunk of plain text costs one encoding of its text and no dict.
        return _BEFORE_TEXT + _ENCODE(text) + _AFTER_TEXT % (mark, index, self._tail)

    def _say_candidate(self, index: int, fields: dict[str, object]) -> bytes:
        return self._say({"candidates": [{**fields, "index": index}]})

    def _part_start(self, event: PartStart) -> bytes:
        part = event.part
        signed = isinstance(part, Text | Thinking) and part.signature is not None
        held = signed or isinstance(part, ToolCall | Media | Opaque)
        self._parts[event.candidate, event.index] = _Growing(part, held=held)
        said = b""
        if isinstance(part, Text):
            for cited in part.citations:
                said += self._cite(cited, event.candidate)
            if part.text and not held:
                said += self._say_text(event.candidate, part.text, b"")
        elif isinstance(part, Thinking) and part.text and not held:
            said += self._say_text(event.candidate, part.text, b',"thought":true')
        return said

    def _delta(self, event: Delta) -> bytes:
        growing = self._parts.get((event.candidate, event.index))
        if growing is None:
            growing = self._parts[event.candidate, event.index] = _Growing(Text(""), held=False)
        said = b"" if event.citation is None else self._cite(event.citation, event.candidate)
        if growing.held:
            growing.texts.append(event.text)
            growing.signature = event.signature or growing.signature
            return said
        part = growing.part
        if event.signature is not None and event.signature.dialect == "gemini":
            signed: Part = Text(event.text, event.signature)
            if isinstance(part, Thinking):
                signed = Thinking(event.text, event.signature)
            return said + self._whole(signed, event.candidate, event.index)
        if isinstance(part, Thinking):
            own_signature(event.signature, "candidates", self._losses)
            mark = b',"thought":true'
        else:
            mark = b""
        return said + self._say_text(event.candidate, event.text, mark) if event.text else said

    def _part_stop(self, event: PartStop) -> bytes:
        growing = self._parts.pop((event.candidate, event.index), None)
        if growing is None or not growing.held:
            return b""
        part, text = growing.part, "".join(growing.texts)
        match part:
            case Text() | Thinking() | Refusal():
                part = replace(part, text=part.text + text)
            case ToolCall():
                part = replace(part, arguments=part.arguments + text)
        if growing.signature is not None and isinstance(part, Text | Thinking | ToolCall):
            part = replace(part, signature=growing.signature)
        return self._whole(part, event.candidate, event.index)

    def _whole(self, part: Part, candidate: int, index: int) -> bytes:
        path = f"candidates[{candidate}].parts[{index}]"
        said = encode_answer_part(part, path, self._losses)
        if said is None:
            return b""
        return self._say_candidate(candidate, {"content": {"parts": [said], "role": "model"}})

    def _cite(self, cited: Citation, candidate: int) -> bytes:
        self._cited.setdefault(candidate, []).append(cited)
        fields = encode_candidate_notes(cited.dialect, encode_metadata(cited), self._losses)
        return self._say_candidate(candidate, fields) if fields else b""

    def _logprobs(self, event: Logprobs) -> bytes:
        if event.dialect != "gemini":
            self._losses.cosmetic("candidates", "logprobs", f"of {event.dialect}'s shape")
            return b""
        return self._say_candidate(event.candidate, {"logprobsResult": encode_logprobs(event.raw)})

    def _finish(self, event: Finished) -> None:
        from_prompt = prompt_feedback(event.finish)
        if from_prompt is not None:
            self._feedback = from_prompt
            return
        path = f"candidates[{event.candidate}]"
        fields = encode_finish(event.finish, path, self._losses)
        sources = foreign_sources(self._cited.get(event.candidate, ()))
        if sources is not None:
            fields["groundingMetadata"] = sources
        empty: dict[str, object] = {"content": {"parts": [], "role": "model"}}
        self._finishes[event.candidate] = {**empty, **fields, "index": event.candidate}


class _TapCandidate(Struct, rename="camel"):
    finish_reason: str | int | None = None
    grounding_metadata: Raw = ABSENT


class _TapFeedback(Struct, rename="camel"):
    block_reason: str | int | None = None


class _TapChunk(Struct, rename="camel"):
    candidates: list[_TapCandidate] | None = None
    prompt_feedback: _TapFeedback | None = None
    usage_metadata: UsageIn | None = None


_TAP: Final = msgspec.json.Decoder(_TapChunk)


class UsageTap:
    """Reads usage and finish from bytes that pass by: a stream, or a whole answer.

    `finish` is the vendor's own word. Bytes that can't be read leave both as they were.
    """

    __slots__ = ("_frames", "_searches", "finish", "usage")

    def __init__(self) -> None:
        self._frames: Frames | None = Frames()
        self._searches = 0
        self.usage: Usage | None = None
        self.finish: str | None = None

    def feed(self, data: bytes) -> None:
        """Look at the bytes. Never raises."""
        if self._frames is None:
            return
        try:
            for text in self._frames.feed(data):
                chunk = _TAP.decode(text)
                for candidate in chunk.candidates or ():
                    if candidate.grounding_metadata is not ABSENT:
                        self._searches = queries(candidate.grounding_metadata) or self._searches
                    if candidate.finish_reason is not None:
                        self.finish = str(candidate.finish_reason)
                self.usage = decode_usage(chunk.usage_metadata, self._searches) or self.usage
                feedback = chunk.prompt_feedback
                if feedback is not None and feedback.block_reason is not None:
                    self.finish = str(feedback.block_reason)
        except (msgspec.DecodeError, SseTooLong, RecursionError, UnicodeDecodeError):
            self._frames = None
