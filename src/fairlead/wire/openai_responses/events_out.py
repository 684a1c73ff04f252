"""Streams to the wire: canonical events to typed server-sent events.

    response.created, response.in_progress
    for each item    output_item.added ... output_item.done
      message          content_part.added, output_text.delta ..., annotations,
                       output_text.done, content_part.done
      reasoning        reasoning_summary_part.added, reasoning_summary_text.delta ..., .done,
                       reasoning_summary_part.done
      call             function_call_arguments.delta ..., .done
    response.completed | response.incomplete | response.failed, with the whole answer

Every event has an `event:` line and a `sequence_number`, from 0 and rising by one; there is no
[DONE]. What a text's deltas have in common is built once, so that a delta costs one JSON string.

Two rules about items. Texts and refusals side by side are one message; the message ends when
something else begins and its parts have stopped. Calls may interleave: each is an item of its own.
"""

from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    Citation,
    Delta,
    Deltas,
    Event,
    Finish,
    Finished,
    Logprobs,
    Loss,
    Opaque,
    Part,
    PartStart,
    PartStop,
    Problem,
    ProblemKind,
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
from fairlead.wire.openai.errors import encode_error
from fairlead.wire.openai_responses.call_events import start_call, stop_call
from fairlead.wire.openai_responses.envelope import Envelope
from fairlead.wire.openai_responses.finish import write_status
from fairlead.wire.openai_responses.items_out import (
    Ids,
    annotation,
    lost,
    message_part,
)
from fairlead.wire.openai_responses.telling import Item, Json, Telling
from fairlead.wire.openai_responses.telling import Part as Told
from fairlead.wire.openai_responses.thought_events import (
    grow_thought,
    start_thought,
    stop_thought,
)
from fairlead.wire.openai_responses.tools import namespaces_of

__all__ = ["ResponsesStreamEncoder"]

DIALECT: Final = "openai_responses"
_ENCODE: Final = msgspec.json.Encoder().encode
_ERROR: Final = msgspec.json.Decoder(dict[str, Json])

_CODES: Final[dict[ProblemKind, str]] = {
    "rate_limited": "rate_limit_exceeded",
    "invalid_request": "invalid_prompt",
    "unsupported": "invalid_prompt",
    "content_blocked": "invalid_prompt",
    "context_length_exceeded": "context_length_exceeded",
    "billing": "insufficient_quota",
    "overloaded": "server_is_overloaded",
}
"""`response.error.code`: those that the SDK lists, and those that Codex acts upon
(codex-rs/codex-api, sse/responses.rs); all others are `server_error`."""


_LAST: Final = frozenset({"completed", "incomplete", "failed"})
"""Statuses that have a last event of their own."""


class ResponsesStreamEncoder:
    """Canonical events in, server-sent events out. `losses` names what could not be said.

    `final` is the whole answer as JSON once the stream is over, b"" before.
    """

    def __init__(self, reply: Reply) -> None:
        self.losses: list[Loss] = []
        self.final = b""
        self._envelope = Envelope(reply)
        self._telling = telling = Telling(Ids(reply.request_id))
        self._tell, self._say, self._grow = telling.tell, telling.say, telling.grow
        self._namespaces = namespaces_of(reply.request)
        self._items = telling.items
        self._parts: dict[int, Told] = {}
        self._message: Item | None = None
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._logprobs: list[bytes] = []
        self._refused = False
        self._several = False
        self._blank: dict[int, bool] = {}  # texts without a word so far, and whether signed
        self._over = False

    def encode(self, event: Event) -> bytes:
        """Bytes for one event, empty for those that say nothing in this dialect."""
        if self._over:
            return b""
        if event.__class__ is Delta:
            told = self._parts.get(event.index)
            if (
                told is not None
                and event.candidate == 0
                and event.signature is None
                and event.citation is None
                and not told.held
                and told.before
            ):
                told.texts.append(event.text)
                return self._grow(told, event.text)
        if isinstance(event, StreamError):
            return self._fail(event.problem)
        if getattr(event, "candidate", 0):
            self._name_several()
            return b""
        return self._begun() + self._event(event)

    def encode_run(self, run: Deltas) -> bytes:
        """Bytes for several deltas of one part."""
        return b"".join(map(self.encode, run.each()))

    def close(self, extra: bytes = b"") -> bytes:
        """The last events; nothing behind an error."""
        if self._over:
            return b""
        out = self._begun()
        out += b"".join(self._stop_blank(index) for index in list(self._blank))
        out += self._end_items()
        self._over = True
        if self._logprobs:
            self._add_logprobs()
        status, incomplete = write_status(self._finish, refused=self._refused)
        error = None
        if status == "failed":
            error = {"code": "server_error", "message": "The model's answer broke off."}
        self.final = self._envelope.write(
            status,
            [item.raw for item in self._items],
            self._usage,
            incomplete=incomplete,
            error=error,
            extra=extra,
        )
        name = status if status in _LAST else "incomplete"
        return out + self._tell(f"response.{name}", {"response": Raw(self.final)})

    # Events

    def _event(self, event: Event) -> bytes:
        match event:
            case PartStart():
                return self._start(event.index, event.part)
            case Delta():
                return self._delta(event)
            case PartStop():
                told = self._parts.get(event.index)
                return self._stop_blank(event.index) if told is None else self._stop(told)
            case Finished():
                self._finish = event.finish
            case UsageUpdate():
                self._usage = event.usage
            case Logprobs():
                self._note_logprobs(event)
            case Start() | StreamError():
                pass
        return b""

    def _begun(self) -> bytes:
        if self._telling.number:
            return b""
        raw = Raw(self._envelope.write("in_progress", []))
        created = self._tell("response.created", {"response": raw})
        return created + self._tell("response.in_progress", {"response": raw})

    def _fail(self, problem: Problem) -> bytes:
        self._over = True
        told = _ERROR.decode(encode_error(problem, ""))["error"]
        # Two events, as OpenAI's own server sends them, also where the stream so far was the
        # vendor's. `error` in both of its shapes, the documented one and the nested one that comes
        # (openai-dotnet#881): the SDK raises for an object `error` and for nothing else
        # (`_streaming.py`). Codex passes over it ("unhandled responses event",
        # codex-rs/codex-api/src/sse/responses.rs) and knows `response.failed`.
        out = self._end_items(cut=True)
        flat = {"code": told["code"], "message": told["message"], "param": told["param"]}
        out += self._tell("error", flat | {"error": told})
        error = {"code": _CODES.get(problem.kind, "server_error"), "message": told["message"]}
        raws = [item.raw for item in self._items]
        self.final = self._envelope.write("failed", raws, self._usage, error=error)
        return out + self._tell("response.failed", {"response": Raw(self.final)})

    def _name_several(self) -> None:
        if not self._several:
            self._several = True
            why = "a response has one answer, not several"
            self.losses.append(Loss("semantic", "output", "n", why))

    def _note_logprobs(self, event: Logprobs) -> None:
        if event.dialect == DIALECT:
            self._logprobs.append(event.raw)
            return
        why = "the model's log-probabilities have another shape than OpenAI's"
        self.losses.append(Loss("cosmetic", "output", "logprobs", why))

    # Parts begin

    def _start(self, index: int, part: Part) -> bytes:
        if isinstance(part, Text) and not part.text and not part.citations:
            # Told with its first words, or when it stops. Gemini signs an empty part at the end of
            # a stream: told, the SDK would parse its text as JSON (`responses.parse`) and fail.
            self._blank[index] = part.signature is not None
            return b""
        if isinstance(part, Text | Refusal):
            return self._start_text(index, part)
        out = self._leave_message()
        if isinstance(part, Thinking):
            self._parts[index], begun = start_thought(self._telling, part)
            return out + begun
        if isinstance(part, ToolCall):
            namespace = self._namespaces.get(part.name)
            self._parts[index], begun = start_call(self._telling, part, namespace)
            return out + begun
        if isinstance(part, Opaque) and part.dialect == DIALECT:
            item = self._telling.item("")
            item.raw, item.done = Raw(part.raw), True
            return out + self._telling.added(item, item.raw) + self._telling.done(item)
        self.losses.append(lost(part, f"output[{len(self._items)}]"))
        return out

    def _start_text(self, index: int, part: Text | Refusal) -> bytes:
        out = b""
        item = self._message
        if item is None:
            item = self._message = self._telling.item("msg")
            out = self._telling.added(item, item.message("in_progress", []))
        told = Told(part, item, len(item.parts))
        item.parts.append(told)
        item.open += 1
        self._parts[index] = told
        kind = "response.output_text.delta"
        skeleton: Text | Refusal = Text("")
        if isinstance(part, Refusal):
            self._refused, kind, skeleton = True, "response.refusal.delta", Refusal("")
        out += self._tell(
            "response.content_part.added",
            {
                "item_id": item.id,
                "output_index": item.at,
                "content_index": told.within,
                "part": message_part(skeleton, ()),
            },
        )
        place = b',"item_id":%b,"output_index":%d,"content_index":%d,"delta":' % (
            _ENCODE(item.id),
            item.at,
            told.within,
        )
        told.frame(kind, place, b',"logprobs":[]}\n\n' if isinstance(part, Text) else b"}\n\n")
        if isinstance(part, Text):
            for citation in part.citations:
                out += self._cite(told, citation)
        return out + self._say(told, part.text)

    # Parts grow

    def _delta(self, event: Delta) -> bytes:
        out = b""
        told = self._parts.get(event.index)
        if told is None:  # canon's rule: a part that was never announced is text
            if event.index in self._blank and not event.text and event.citation is None:
                self._blank[event.index] |= event.signature is not None
                return b""
            self._blank.pop(event.index, None)
            out = self._start_text(event.index, Text(""))
            told = self._parts[event.index]
        if event.text:
            thought = isinstance(told.part, Thinking)
            out += (
                grow_thought(self._telling, told, event.text)
                if thought
                else self._say(told, event.text)
            )
        if event.signature is not None:
            self._sign(told, event.signature)
        if event.citation is not None:
            out += self._cite(told, event.citation)
        return out

    def _sign(self, told: Told, signature: Signature) -> None:
        if isinstance(told.part, Thinking):
            told.part = msgspec.structs.replace(told.part, signature=signature)

    def _cite(self, told: Told, citation: Citation) -> bytes:
        found = annotation(citation, 0, sum(map(len, told.texts)))
        if found is None:
            why = "OpenAI's annotations cite web addresses only"
            path = f"output[{told.item.at}].annotations"
            self.losses.append(Loss("cosmetic", path, "citation", why))
            return b""
        told.notes.append(found)
        return self._tell(
            "response.output_text.annotation.added",
            {
                "item_id": told.item.id,
                "output_index": told.item.at,
                "content_index": told.within,
                "annotation_index": len(told.notes) - 1,
                "annotation": found,
            },
        )

    # Parts end

    def _stop_blank(self, index: int) -> bytes:
        """A text that stayed empty: nothing, if it was there for its signature only."""
        if self._blank.pop(index, True):
            return b""
        return self._start_text(index, Text("")) + self._stop(self._parts[index])

    def _stop(self, told: Told, *, cut: bool = False) -> bytes:
        if told.stopped:
            return b""
        told.stopped = True
        part = told.part
        if isinstance(part, Text | Refusal):
            return self._stop_text(told, part)
        if isinstance(part, Thinking):
            return stop_thought(self._telling, told, part)
        if isinstance(part, ToolCall):
            namespace = self._namespaces.get(part.name)
            return stop_call(self._telling, told, part, namespace, cut=cut)
        return b""

    def _stop_text(self, told: Told, part: Text | Refusal) -> bytes:
        item, text = told.item, "".join(told.texts)
        place = {"item_id": item.id, "output_index": item.at, "content_index": told.within}
        if isinstance(part, Refusal):
            told.part = Refusal(text)
            out = self._tell("response.refusal.done", place | {"refusal": text})
        else:
            told.part = Text(text)
            logprobs = self._take_logprobs()
            done = place | {"text": text, "logprobs": logprobs}
            out = self._tell("response.output_text.done", done)
        whole = message_part(told.part, told.notes, [] if isinstance(part, Refusal) else logprobs)
        told.whole = whole
        out += self._tell("response.content_part.done", place | {"part": whole})
        item.open -= 1
        if not item.open and item is not self._message:
            out += self._end_message(item)
        return out

    def _add_logprobs(self) -> None:
        """What came behind its text is told in the whole answer, as OpenAI may do (recorded)."""
        parts = [told for item in self._items for told in item.parts]
        texts = [told.whole for told in parts if isinstance(told.part, Text)]
        if texts:
            texts[0]["logprobs"] = self._take_logprobs()
            return
        why = "log-probabilities of an answer without text"
        self.losses.append(Loss("cosmetic", "output", "logprobs", why))

    def _take_logprobs(self) -> object:
        if not self._logprobs:
            return []
        inner = b",".join(raw.strip()[1:-1] for raw in self._logprobs)
        self._logprobs.clear()
        return Raw(b"[" + inner + b"]")

    def _leave_message(self) -> bytes:
        """Something else begins: the message is over, or will be when its parts have stopped."""
        item, self._message = self._message, None
        return self._end_message(item) if item is not None and not item.open else b""

    def _end_message(self, item: Item, status: str = "completed") -> bytes:
        item.done = True
        item.raw = item.message(status, [told.whole for told in item.parts])
        return self._telling.done(item)

    def _end_items(self, *, cut: bool = False) -> bytes:
        """Whatever is open ends; the last item of an answer that was cut off is incomplete."""
        status, _ = write_status(self._finish, refused=self._refused)
        cut = cut or status == "incomplete"
        out = b""
        last = self._items[-1] if self._items else None
        for item in self._items:
            for told in item.parts:
                out += self._stop(told, cut=cut and item is last)
            if not item.done:
                out += self._end_message(
                    item, "incomplete" if cut and item is last else "completed"
                )
        self._message = None
        return out
