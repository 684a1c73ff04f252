"""Deltas: what one choice says, as canonical events.

A whole message is one large delta, so whole and streamed answers are read by the same rules and
fold to the same. Two rules order the parts:

- Within one delta: thoughts, text, refusal, pictures, calls, citations.
- Text, thoughts and refusals follow each other: one closes when another kind opens. Calls are kept
  apart by their index and may interleave; they close with the choice.

Thoughts arrive as plain text (`reasoning_content`, or `reasoning`), as OpenRouter's
`reasoning_details`, or as both, saying the same twice; then the details count, since they carry
the signatures. A detail that only signs what came before as plain text adds no text.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import (
    Base64,
    Citation,
    Delta,
    Event,
    Failure,
    Finish,
    Finished,
    FinishReason,
    Logprobs,
    Media,
    Opaque,
    PartStart,
    PartStop,
    Refusal,
    Signature,
    Text,
    Thinking,
    ToolCall,
    Url,
)
from fairlead.canon import Part as CanonPart
from fairlead.wire import media
from fairlead.wire.openai_chat.answers import (
    Annotation,
    AudioOut,
    CallOut,
    ChoiceIn,
    DeltaIn,
    ExtraContentOut,
    ImageOut,
    ToolCallOut,
)
from fairlead.wire.openai_chat.messages import FORMATS, google_signature
from fairlead.wire.openai_chat.types import ReasoningDetail

__all__ = ["ChoiceReader"]

FINISHES: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "model_length": "context_overflow",  # Mistral
    "error": "error",
}
_SKELETONS: Final[dict[str, CanonPart]] = {
    "text": Text(""),
    "thinking": Thinking(""),
    "refusal": Refusal(""),
}


class _Piece(Struct, frozen=True, gc=False):
    """An item of Mistral's `content` list."""

    type: str = ""
    text: str | None = None
    thinking: "list[_Piece] | str | None" = None


_PIECE: Final = msgspec.json.Decoder(_Piece)
_ANNOTATION: Final = msgspec.json.Decoder(Annotation)
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])


class _Call:
    """A call that is being told. It is announced when its name is known."""

    __slots__ = ("custom", "id", "index", "signature", "waiting")

    def __init__(self) -> None:
        self.index: int | None = None
        self.id = ""
        self.custom = False
        self.signature: Signature | None = None
        self.waiting = ""


class ChoiceReader:
    """Reads one choice's deltas. `answer_id` makes ids for calls that have none."""

    __slots__ = (
        "_answer_id",
        "_at",
        "_audio",
        "_calls",
        "_finished",
        "_kind",
        "_made",
        "_next",
        "_open",
        "_plain",
        "_refused",
        "_text",
        "_thought",
    )

    def __init__(self, at: int, answer_id: str) -> None:
        self._at = at
        self._answer_id = answer_id
        self._next = 0
        self._kind = ""  # of the open part: text, thinking, refusal
        self._open = 0
        self._plain = False  # the open thought came as plain text
        self._thought: int | None = None  # the number of the detail that is open
        self._text: int | None = None  # the last text part
        self._calls: dict[int, _Call] = {}
        self._made = 0
        self._audio: list[AudioOut] = []
        self._refused = False
        self._finished = False

    def read(self, choice: ChoiceIn, delta: DeltaIn | None, events: list[Event]) -> None:
        """Append the events of one chunk's (or the whole answer's) choice."""
        if delta is not None:
            self._read(delta, events)
            if delta.tool_calls or delta.function_call is not None:
                self._tool_calls(delta, events)
            if delta.annotations:
                self._annotations(delta.annotations, events)
            if delta.extra_content is not None:
                self._sign_text(delta.extra_content, events)
        if choice.logprobs is not None:
            logprobs = bytes(choice.logprobs.content)
            if logprobs in (b"", b"null"):
                logprobs = bytes(choice.logprobs.refusal)
            if logprobs not in (b"", b"null"):
                events.append(Logprobs("openai_chat", logprobs, self._at))
        if choice.finish_reason and not self._finished:
            self._finish(choice, events)

    def _read(self, delta: DeltaIn, events: list[Event]) -> None:
        plain = delta.reasoning_content or delta.reasoning
        if delta.reasoning_details:
            self._details(delta.reasoning_details, plain, events)
        elif plain:
            self._grow("thinking", plain, events, plain=True)
        content = delta.content
        if isinstance(content, str):
            if content:
                self._grow("text", content, events)
        elif content:
            self._pieces(content, events)
        if delta.refusal:
            self._refused = True
            self._grow("refusal", delta.refusal, events)
        if delta.images:
            self._images(delta.images, events)
        if delta.audio is not None and delta.audio != _NO_AUDIO:
            self._audio.append(delta.audio)

    # Text, thoughts, refusals

    def _grow(self, kind: str, text: str, events: list[Event], *, plain: bool = False) -> None:
        if self._kind != kind:
            self._start(kind, _SKELETONS[kind], events)
            self._plain = plain
        if text:
            events.append(Delta(self._open, text, candidate=self._at))

    def _start(self, kind: str, skeleton: CanonPart, events: list[Event]) -> None:
        self._stop(events)
        self._kind, self._open = kind, self._take()
        self._plain, self._thought = False, None
        if kind == "text":
            self._text = self._open
        events.append(PartStart(self._open, skeleton, self._at))

    def _stop(self, events: list[Event]) -> None:
        if self._kind:
            events.append(PartStop(self._open, self._at))
            self._kind = ""

    def _whole(self, part: CanonPart, events: list[Event]) -> None:
        self._stop(events)
        index = self._take()
        events.append(PartStart(index, part, self._at))
        events.append(PartStop(index, self._at))

    def _take(self) -> int:
        index = self._next
        self._next += 1
        return index

    def _pieces(self, content: list[Raw], events: list[Event]) -> None:
        for raw in content:
            piece = _PIECE.decode(raw)
            if piece.type == "text":
                self._grow("text", piece.text or "", events)
            elif piece.type == "thinking":
                inner = piece.thinking or ""
                text = inner if isinstance(inner, str) else "".join(p.text or "" for p in inner)
                self._grow("thinking", text, events, plain=True)
            else:
                self._whole(Opaque("openai_chat", piece.type, bytes(raw)), events)

    def _details(
        self, details: Sequence[ReasoningDetail], plain: str | None, events: list[Event]
    ) -> None:
        if plain and not any(d.text or d.summary or d.type not in _TEXTS for d in details):
            self._grow("thinking", plain, events, plain=True)
        for detail in details:
            dialect = FORMATS.get(detail.format or "", "openai_chat")
            if detail.type not in _TEXTS:
                if detail.data:
                    signature = Signature(dialect, detail.data)
                    self._whole(Thinking("", signature, redacted=True), events)
                continue
            text = detail.text or detail.summary or ""
            value = detail.signature
            signed = self._kind == "thinking" and self._plain and value
            if not signed and (text or value):
                if self._kind != "thinking" or self._thought != detail.index or self._plain:
                    self._start("thinking", _SKELETONS["thinking"], events)
                    self._thought = detail.index
                if text:
                    events.append(Delta(self._open, text, candidate=self._at))
            if value:
                signature = Signature(dialect, value)
                events.append(Delta(self._open, signature=signature, candidate=self._at))
                self._stop(events)  # a signature ends its thought

    # Calls

    def _tool_calls(self, delta: DeltaIn, events: list[Event]) -> None:
        for position, piece in enumerate(delta.tool_calls or ()):
            key = position if piece.index is None else piece.index
            call = self._calls.get(key)
            if call is None or _begins(piece, call):
                call = self._calls[key] = self._call(piece)
            inner = piece.custom if piece.type == "custom" or call.custom else piece.function
            self._tell(call, piece.extra_content, inner or _NO_CALL, events)
        if delta.function_call is not None:
            call = self._calls.get(_LEGACY)
            if call is None:
                call = self._calls[_LEGACY] = self._call(_NO_PIECE)
            self._tell(call, None, delta.function_call, events)

    def _call(self, piece: ToolCallOut) -> _Call:
        call = _Call()
        call.id = piece.id or f"call_{self._answer_id}_{self._at}_{self._made}"
        # Snowflake writes out every field: a function's call has an empty `custom` beside it.
        call.custom = piece.type == "custom" or (
            piece.custom is not None and piece.function is None
        )
        self._made += 1
        return call

    def _tell(
        self, call: _Call, extra: ExtraContentOut | None, piece: CallOut, events: list[Event]
    ) -> None:
        signature = google_signature(extra)
        if call.index is None:
            call.signature = signature or call.signature
            call.waiting += piece.arguments or piece.input or ""
            if piece.name:
                self._announce(call, piece.name, events)
            return
        text = piece.arguments or piece.input or ""
        if text or signature is not None:
            events.append(Delta(call.index, text, signature, candidate=self._at))

    def _announce(self, call: _Call, name: str, events: list[Event]) -> None:
        self._stop(events)
        call.index = self._take()
        part = ToolCall(call.id, name, "", call.custom, call.signature)
        events.append(PartStart(call.index, part, self._at))
        if call.waiting:
            events.append(Delta(call.index, call.waiting, candidate=self._at))

    # What goes with the text

    def _annotations(self, annotations: Sequence[Raw], events: list[Event]) -> None:
        at = self._last_text(events)
        for raw in annotations:
            found = _ANNOTATION.decode(raw).url_citation
            url, title = (None, None) if found is None else (found.url, found.title)
            citation = Citation("openai_chat", _unnumbered(raw), url, title)
            events.append(Delta(at, citation=citation, candidate=self._at))

    def _sign_text(self, extra: ExtraContentOut, events: list[Event]) -> None:
        signature = google_signature(extra)
        if signature is not None:
            at = self._last_text(events)
            events.append(Delta(at, signature=signature, candidate=self._at))

    def _last_text(self, events: list[Event]) -> int:
        if self._text is None:
            self._start("text", _SKELETONS["text"], events)
        return self._text or 0

    def _images(self, images: Sequence[ImageOut], events: list[Event]) -> None:
        for image in images:
            if image.image_url is None or not image.image_url.url:
                continue
            url = image.image_url.url
            try:
                mime, data = media.parse_data_url(url, "images")
                part = Media("image", mime, Base64(data))
            except Failure:
                part = Media("image", "", Url(url))
            self._whole(part, events)

    # The end

    def close(self, events: list[Event]) -> None:
        """The answer is at its end. A choice that gave no reason for its own (Snowflake's is "")
        has ended as its parts say.
        """
        if not self._finished:
            self._finished = True
            self._close_parts(events)
            reason: FinishReason = "refusal" if self._refused else "stop"
            called = any(call.index is not None for call in self._calls.values())
            assumed = Finish("tool_calls" if called else reason)
            events.append(Finished(assumed, self._at))

    def _close_parts(self, events: list[Event]) -> None:
        self._stop(events)
        for call in self._calls.values():
            if call.index is None and call.waiting:
                self._announce(call, "", events)
            if call.index is not None:
                events.append(PartStop(call.index, self._at))
        if self._audio:
            self._whole(Opaque("openai_chat", "audio", _join_audio(self._audio)), events)

    def _finish(self, choice: ChoiceIn, events: list[Event]) -> None:
        self._finished = True
        self._close_parts(events)
        raw = choice.finish_reason or ""
        reason = FINISHES.get(raw, "other")
        if self._refused and reason == "stop":
            reason = "refusal"
        sequence = choice.stop_reason if isinstance(choice.stop_reason, str) else None
        events.append(Finished(Finish(reason, raw, sequence), self._at))


_TEXTS: Final = frozenset({"reasoning.text", "reasoning.summary", ""})
_NO_CALL: Final = CallOut()
_NO_AUDIO: Final = AudioOut("", "", "", 0)  # Snowflake writes out every field, empty
_NO_PIECE: Final = ToolCallOut()
_LEGACY: Final = -1


def _unnumbered(raw: Raw) -> bytes:
    """An annotation without the index that streams give it, for the SDK's accumulator."""
    if b'"index"' not in bytes(raw):
        return bytes(raw)
    fields = _FIELDS.decode(raw)
    if fields.pop("index", None) is None:
        return bytes(raw)
    return msgspec.json.encode(fields)


def _begins(piece: ToolCallOut, call: _Call) -> bool:
    """Whether a piece with a known index is another call: some vendors number all calls 0."""
    function = piece.function or piece.custom
    if call.index is None or function is None or not function.name:
        return False
    return piece.index is None or bool(piece.id and piece.id != call.id)


def _join_audio(pieces: list[AudioOut]) -> bytes:
    whole: dict[str, Any] = {
        "id": next((piece.id for piece in pieces if piece.id), ""),
        "data": "".join(piece.data or "" for piece in pieces),
        "expires_at": next((p.expires_at for p in reversed(pieces) if p.expires_at), 0),
        "transcript": "".join(piece.transcript or "" for piece in pieces),
    }
    return msgspec.json.encode(whole)
