"""Stream events, and the fold that turns them into the answer they tell.

The one law: `fold(decode_stream(s)) == decode_response(s's unstreamed twin)`. A part is announced
by `PartStart` with its skeleton, grows by `Delta`s, and ends with `PartStop`; parts of different
candidates or indexes may interleave (parallel tool calls in OpenAI's dialect). Usage is cumulative:
the last `UsageUpdate` counts.

Most of a stream is short deltas of one text, and many come in one read. `Deltas` is a run of them:
a decoder may tell it in place of its deltas, and whoever takes it does what it would do for each.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon.content import (
    Citation,
    Dialect,
    Part,
    Refusal,
    Signature,
    Text,
    Thinking,
    ToolCall,
)
from fairlead.canon.errors import Problem
from fairlead.canon.response import Candidate, Finish, Response
from fairlead.canon.usage import Usage

__all__ = [
    "Delta",
    "Deltas",
    "Event",
    "Finished",
    "Folder",
    "Logprobs",
    "PartStart",
    "PartStop",
    "Start",
    "StreamError",
    "UsageUpdate",
    "fold",
    "unfold",
]


class Start(Struct, frozen=True, tag="start"):
    """The answer begins. May be repeated by dialects whose every chunk names id and model."""

    id: str = ""
    model: str = ""
    created: int | None = None


class PartStart(Struct, frozen=True, tag="part_start"):
    """A part begins; `part` is its skeleton (empty text) or, for media and opaque, all of it."""

    index: int
    part: Part
    candidate: int = 0


class Delta(Struct, frozen=True, tag="delta", gc=False):
    """`text` is appended to the part's text, or to its arguments if it is a tool call.

    A `signature` or `citation` is set or appended on the part; `text` is then often empty.
    """

    index: int
    text: str = ""
    signature: Signature | None = None
    citation: Citation | None = None
    candidate: int = 0


class PartStop(Struct, frozen=True, tag="part_stop"):
    """A part is complete."""

    index: int
    candidate: int = 0


class Logprobs(Struct, frozen=True, tag="logprobs"):
    """Log-probabilities for what came before, as the dialect's JSON array of token entries."""

    dialect: Dialect
    raw: bytes
    candidate: int = 0


class Finished(Struct, frozen=True, tag="finished"):
    """A candidate has ended. The stream may still bring usage."""

    finish: Finish
    candidate: int = 0


class UsageUpdate(Struct, frozen=True, tag="usage"):
    """Usage so far, cumulative; the last one counts."""

    usage: Usage


class StreamError(Struct, frozen=True, tag="error"):
    """The vendor reported an error in the middle of the stream; nothing follows."""

    problem: Problem


class Deltas(Struct, frozen=True, tag="deltas", gc=False):
    """Deltas of one part, one behind the other, that bring text and nothing else: none is empty.

    It is no `Event`: only who asks for runs gets them (`wire.codec.StreamDecoder.told`).
    """

    index: int
    texts: Sequence[str]
    candidate: int = 0

    def each(self) -> list[Delta]:
        """The deltas."""
        return [Delta(self.index, text, candidate=self.candidate) for text in self.texts]


Event = Start | PartStart | Delta | PartStop | Logprobs | Finished | UsageUpdate | StreamError


class _Growing:
    """One part under construction: text is collected in a list and joined once."""

    __slots__ = ("citations", "part", "signature", "texts")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.texts: list[str] = []
        self.signature: Signature | None = None
        self.citations: list[Citation] = []

    def build(self) -> Part:
        part = self.part
        more = "".join(self.texts)
        if isinstance(part, Text):
            return Text(
                text=part.text + more,
                signature=self.signature or part.signature,
                citations=part.citations + tuple(self.citations),
                cache=part.cache,
            )
        if isinstance(part, Thinking):
            return Thinking(
                text=part.text + more,
                signature=self.signature or part.signature,
                redacted=part.redacted,
            )
        if isinstance(part, ToolCall):
            signature = self.signature or part.signature
            return replace(part, arguments=part.arguments + more, signature=signature)
        if isinstance(part, Refusal):
            return Refusal(text=part.text + more)
        return part


class _Open:
    """One candidate under construction."""

    __slots__ = ("finish", "logprobs", "parts")

    def __init__(self) -> None:
        self.parts: dict[int, _Growing] = {}
        self.finish: Finish | None = None
        self.logprobs: tuple[Dialect, list[bytes]] | None = None

    def build(self, index: int) -> Candidate:
        logprobs = None
        if self.logprobs is not None:
            dialect, pieces = self.logprobs
            inner = b",".join(p.strip()[1:-1] for p in pieces if p.strip() != b"[]")
            logprobs = (dialect, b"[" + inner + b"]")
        parts = tuple(self.parts[key].build() for key in sorted(self.parts))
        return Candidate(index=index, parts=parts, finish=self.finish, logprobs=logprobs)


class Folder:
    """Folds events one by one; `response()` may be read at any time (an abandoned stream)."""

    __slots__ = ("_at", "_candidates", "_grows", "_of", "_start", "problem", "usage")

    def __init__(self) -> None:
        self._start: Start | None = None
        self._candidates: dict[int, _Open] = {}
        # The part that grew last, which is nearly always the one that grows now.
        self._grows: _Growing | None = None
        self._of = self._at = 0
        self.usage: Usage | None = None
        self.problem: Problem | None = None

    def add(self, event: "Event | Deltas") -> None:
        """Take one event, or a run of deltas, in. One for a part never announced opens a text."""
        if event.__class__ is Delta:
            part = self._grows
            if part is None or event.index != self._at or event.candidate != self._of:
                part = self._part(event.candidate, event.index)
            if event.text:
                part.texts.append(event.text)
            if event.signature is not None:
                part.signature = event.signature
            if event.citation is not None:
                part.citations.append(event.citation)
            return
        match event:
            case Deltas():
                self._part(event.candidate, event.index).texts.extend(event.texts)
            case PartStart():
                self._candidate(event.candidate).parts[event.index] = _Growing(event.part)
                self._grows = None
            case PartStop():
                pass
            case UsageUpdate():
                self.usage = event.usage
            case Finished():
                self._candidate(event.candidate).finish = event.finish
            case Start():
                self._start = self._start or event
            case Logprobs():
                candidate = self._candidate(event.candidate)
                if candidate.logprobs is None:
                    candidate.logprobs = (event.dialect, [])
                candidate.logprobs[1].append(event.raw)
            case StreamError():
                self.problem = event.problem

    def response(self) -> Response:
        """The answer as far as it was told."""
        start = self._start or Start()
        return Response(
            id=start.id,
            model=start.model,
            created=start.created,
            candidates=tuple(c.build(i) for i, c in sorted(self._candidates.items())),
            usage=self.usage,
        )

    def _candidate(self, index: int) -> _Open:
        found = self._candidates.get(index)
        if found is None:
            found = self._candidates[index] = _Open()
        return found

    def _part(self, candidate: int, index: int) -> _Growing:
        parts = self._candidate(candidate).parts
        found = parts.get(index)
        if found is None:
            found = parts[index] = _Growing(Text(""))
        self._grows, self._of, self._at = found, candidate, index
        return found


def fold(events: "list[Event] | tuple[Event, ...]") -> Response:
    """The answer that a stream of events tells."""
    folder = Folder()
    for event in events:
        folder.add(event)
    return folder.response()


def unfold(response: Response) -> list[Event]:
    """A plainest stream that folds to `response`: each part whole, in order."""
    events: list[Event] = [Start(response.id, response.model, response.created)]
    for candidate in response.candidates:
        at = candidate.index
        for index, part in enumerate(candidate.parts):
            events.extend(_unfold_part(part, index, at))
        if candidate.logprobs is not None:
            events.append(Logprobs(candidate.logprobs[0], candidate.logprobs[1], at))
        if candidate.finish is not None:
            events.append(Finished(candidate.finish, at))
    if response.usage is not None:
        events.append(UsageUpdate(response.usage))
    return events


def _unfold_part(part: Part, index: int, candidate: int) -> list[Event]:
    match part:
        case Text():
            skeleton: Part = Text("", part.signature, part.citations, part.cache)
            text = part.text
        case Thinking():
            skeleton, text = Thinking("", part.signature, part.redacted), part.text
        case ToolCall():
            skeleton, text = replace(part, arguments=""), part.arguments
        case Refusal():
            skeleton, text = Refusal(""), part.text
        case _:
            skeleton, text = part, ""
    events: list[Event] = [PartStart(index, skeleton, candidate)]
    if text:
        events.append(Delta(index, text, candidate=candidate))
    events.append(PartStop(index, candidate))
    return events
