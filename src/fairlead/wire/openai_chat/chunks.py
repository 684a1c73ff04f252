"""Streams to the wire: canonical events to chunks of OpenAI's server-sent events.

What every chunk of a choice has in common is built once; a delta of text then costs one lookup and
one JSON string:

    data: {"id":...,"choices":[{"index":0,"delta":{ | "content":"..." | },"logprobs":null,...}]}

Order, as OpenAI's: a chunk with the role; deltas; a chunk with the finish reason; with
`include_usage` a chunk with empty `choices` and the usage, every other chunk saying `usage: null`
("All other chunks will also include a usage field, but with a null value"); then [DONE]. An error
in mid-stream is an object with `error`, and nothing after it: the openai SDK raises on it, and a
[DONE] would read as a good end.
"""

from typing import Any, Final

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
    PartStart,
    PartStop,
    Refusal,
    Signature,
    StreamError,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageUpdate,
)
from fairlead.canon import Part as CanonPart
from fairlead.wire.codec import Reply
from fairlead.wire.openai.errors import encode_error
from fairlead.wire.openai_chat.response import (
    annotation,
    answer_id,
    call_json,
    finish_word,
    lost,
    second_call,
    text_signature,
    thought_detail,
)
from fairlead.wire.openai_chat.usage import service_tier, write_usage

__all__ = ["ChatStreamEncoder"]

_JSON: Final = msgspec.json.Encoder().encode
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_END: Final = b"\n\n"
DONE: Final = b"data: [DONE]\n\n"


class _Part:
    """A part that is being told: what stands before and behind each of its deltas."""

    __slots__ = ("after", "before", "due", "number", "part", "since", "texts")

    def __init__(self, part: CanonPart, before: bytes, after: bytes, number: int = 0) -> None:
        self.part = part
        self.before = before
        self.after = after
        self.number = number  # of the call, or of the thought
        self.since = 0  # where the text begins, in characters
        self.due = True  # what the skeleton brought with it is said when the part stops
        # A thought's text is kept, because its signature is sent with all of it.
        self.texts: list[str] | None = [] if isinstance(part, Thinking) else None


class _Choice:
    """One choice: its prefix, and what has been said."""

    __slots__ = (
        "at",
        "before",
        "calls",
        "cited",
        "details",
        "finished",
        "length",
        "muted",
        "parts",
        "refused",
        "said",
        "sounded",
    )

    def __init__(self, before: bytes, at: int) -> None:
        self.before = before
        self.at = at
        self.muted: set[int] = set()  # parts that the client cannot be told
        self.parts: dict[int, _Part] = {}
        self.calls = 0
        self.cited = 0
        self.details = 0
        self.length = 0  # of the text, in characters, for citations
        self.refused = False
        self.said = False
        self.sounded = False  # told in audio
        self.finished = False


class ChatStreamEncoder:
    """Canonical events in, chunks out. `losses` names what the dialect could not say."""

    def __init__(self, reply: Reply) -> None:
        self.losses: list[Loss] = []
        self._include_usage = reply.include_usage
        self._legacy = reply.request is not None and reply.request.legacy_functions
        self._extra = reply.extra
        head = {
            "id": answer_id(reply.request_id),
            "object": "chat.completion.chunk",
            "created": reply.created,
            "model": reply.model,
        }
        self._head = b"data: " + _JSON(head)[:-1]
        self._tail = b',"usage":null}' + _END if reply.include_usage else b"}" + _END
        self._after = b'},"logprobs":null,"finish_reason":null}]' + self._tail
        self._choices: dict[int, _Choice] = {}
        self._usage: Usage | None = None
        self._over = False

    def encode(self, event: Event) -> bytes:
        """Bytes for one event, empty for those that say nothing in this dialect."""
        if event.__class__ is Delta:
            choice = self._choices.get(event.candidate)
            if choice is not None and event.signature is None and event.citation is None:
                told = choice.parts.get(event.index)
                if told is not None and told.texts is None:
                    if told.part.__class__ is Text:
                        choice.length += len(event.text)
                    return told.before + _JSON(event.text) + told.after
            return self._delta(event)
        match event:
            case PartStart():
                return self._start(event)
            case Finished():
                return self._finish(event.finish, event.candidate)
            case UsageUpdate():
                self._usage = event.usage
            case Logprobs():
                return self._logprobs(event)
            case PartStop():
                choice = self._choice(event.candidate)
                told = choice.parts.get(event.index)
                return b"" if told is None else self._due(choice, told)
            case StreamError():
                self._over = True
                return b"data: " + encode_error(event.problem, "") + _END
        return b""

    def encode_run(self, run: Deltas) -> bytes:
        """Bytes for several deltas of one part."""
        choice = self._choices.get(run.candidate)
        told = None if choice is None else choice.parts.get(run.index)
        if choice is None or told is None:
            return b"".join(map(self.encode, run.each()))
        if told.texts is not None:
            told.texts.extend(run.texts)
        elif told.part.__class__ is Text:
            choice.length += sum(map(len, run.texts))
        between = told.after + told.before
        return told.before + between.join(map(_JSON, run.texts)) + told.after

    def close(self, extra: bytes = b"") -> bytes:
        """The usage chunk, if it was asked for, and [DONE]; nothing behind an error."""
        if self._over:
            return b""
        self._over = True
        # Some vendors end an answer without a word; clients wait for one.
        out = b"".join(
            self._finish(None, at) for at, choice in self._choices.items() if not choice.finished
        )
        if not self._include_usage:
            return out + DONE
        told: dict[str, Any] = {"choices": [], "usage": None}
        if self._usage is not None:
            told["usage"] = write_usage(self._usage)
            if (tier := service_tier(self._usage)) is not None:
                told["service_tier"] = tier
        if extra or self._extra:
            told["fairlead"] = Raw(extra or self._extra)
        return out + self._head + b"," + _JSON(told)[1:] + _END + DONE

    # Chunks

    def _choice(self, at: int) -> _Choice:
        choice = self._choices.get(at)
        if choice is None:
            before = self._head + b',"choices":[{"index":%d,"delta":{' % at
            choice = self._choices[at] = _Choice(before, at)
        return choice

    def _role(self, choice: _Choice, content: bytes) -> bytes:
        """The chunk with the role, once, before the first delta."""
        if choice.said:
            return b""
        choice.said = True
        fields = b'"role":"assistant","content":' + content + b',"refusal":null'
        return choice.before + fields + self._after

    def _fields(self, choice: _Choice, fields: dict[str, Any]) -> bytes:
        return choice.before + _JSON(fields)[1:-1] + self._after

    # Parts

    def _start(self, event: PartStart) -> bytes:
        choice = self._choice(event.candidate)
        part = event.part
        match part:
            case Text():
                told = _Part(part, choice.before + b'"content":', self._after)
                told.since = choice.length
                text = part.text
            case Refusal():
                choice.refused = True
                told = _Part(part, choice.before + b'"refusal":', self._after)
                text = part.text
            case Thinking():
                told = _Part(
                    part, choice.before + b'"reasoning_content":', self._after, choice.details
                )
                choice.details += 1
                return self._start_thought(choice, event.index, told, part)
            case ToolCall():
                return self._start_call(choice, event.index, part)
            case _:
                return self._start_other(choice, part, event.candidate)
        choice.parts[event.index] = told
        out = self._role(choice, b'""' if isinstance(part, Text) else b"null")
        if text:
            choice.length += len(text)
            out += told.before + _JSON(text) + told.after
        return out

    def _due(self, choice: _Choice, told: _Part) -> bytes:
        """Signature and citations that a part brought from its start, said at its end."""
        if not told.due:
            return b""
        told.due = False
        part = told.part
        if isinstance(part, Thinking) and part.signature is not None:
            return self._sign_thought(choice, told, part.signature)
        if not isinstance(part, Text):
            return b""
        out = b"" if part.signature is None else self._sign_text(choice, part.signature)
        for citation in part.citations:
            out += self._cite(choice, told, citation)
        return out

    def _start_thought(self, choice: _Choice, index: int, told: _Part, part: Thinking) -> bytes:
        choice.parts[index] = told
        out = self._role(choice, b"null")
        if part.text:
            out += self._think(told, part.text)
        return out

    def _start_call(self, choice: _Choice, index: int, part: ToolCall) -> bytes:
        number = choice.calls
        choice.calls += 1
        if self._legacy:
            return self._start_legacy(choice, index, part, number)
        field = b'"custom":{"input":' if part.custom else b'"function":{"arguments":'
        before = choice.before + b'"tool_calls":[{"index":%d,' % number + field
        choice.parts[index] = _Part(part, before, b"}}]" + self._after, number)
        return self._role(choice, b"null") + self._fields(
            choice, {"tool_calls": [call_json(part, number)]}
        )

    def _start_legacy(self, choice: _Choice, index: int, part: ToolCall, number: int) -> bytes:
        """A call for a client that declared `functions`: the first, in `function_call`."""
        if number:
            self.losses.append(second_call(choice.at))
            choice.muted.add(index)
            return b""
        before = choice.before + b'"function_call":{"arguments":'
        choice.parts[index] = _Part(part, before, b"}" + self._after, number)
        told = {"name": part.name, "arguments": part.arguments}
        return self._role(choice, b"null") + self._fields(choice, {"function_call": told})

    def _start_other(self, choice: _Choice, part: CanonPart, at: int) -> bytes:
        if isinstance(part, Opaque) and part.dialect == "openai_chat" and part.kind == "audio":
            choice.sounded = True
            return self._role(choice, b"null") + self._fields(choice, {"audio": Raw(part.raw)})
        self.losses.append(lost(part, f"choices[{at}].delta"))
        return b""

    # Deltas

    def _delta(self, event: Delta) -> bytes:
        choice = self._choice(event.candidate)
        out = b""
        told = choice.parts.get(event.index)
        if event.index in choice.muted:
            return b""
        if told is None:  # canon's rule: a part that was never announced is text
            out = self._start(PartStart(event.index, Text(""), event.candidate))
            told = choice.parts[event.index]
        if event.text:
            if told.texts is not None:
                out += self._think(told, event.text)
            else:
                if isinstance(told.part, Text):
                    choice.length += len(event.text)
                out += told.before + _JSON(event.text) + told.after
        if event.signature is not None:
            out += self._sign(choice, told, event.signature)
        if event.citation is not None:
            out += self._cite(choice, told, event.citation)
        return out

    def _think(self, told: _Part, text: str) -> bytes:
        if told.texts is not None:
            told.texts.append(text)
        return told.before + _JSON(text) + told.after

    def _sign(self, choice: _Choice, told: _Part, signature: Signature) -> bytes:
        if isinstance(told.part, Thinking):
            return self._sign_thought(choice, told, signature)
        if signature.dialect != "gemini":
            return b""
        if isinstance(told.part, ToolCall):
            if self._legacy:
                return b""  # the vault keeps it
            signed = {"index": told.number, "extra_content": text_signature(signature)}
            return self._fields(choice, {"tool_calls": [signed]})
        return self._sign_text(choice, signature)

    def _sign_text(self, choice: _Choice, signature: Signature) -> bytes:
        if signature.dialect != "gemini":
            return b""
        fields = {"extra_content": text_signature(signature)}
        return self._role(choice, b'""') + self._fields(choice, fields)

    def _sign_thought(self, choice: _Choice, told: _Part, signature: Signature) -> bytes:
        told.due = False
        part = told.part
        redacted = isinstance(part, Thinking) and part.redacted
        text = "".join(told.texts or ())
        detail = thought_detail(Thinking("", signature, redacted), told.number, text)
        return self._fields(choice, {"reasoning_details": [detail]})

    def _cite(self, choice: _Choice, told: _Part, citation: Citation) -> bytes:
        found = annotation(citation, told.since, choice.length)
        if found is None:
            why = "OpenAI's annotations cite web addresses only"
            self.losses.append(Loss("cosmetic", "choices[].delta.annotations", "citation", why))
            return b""
        # The official SDK's accumulator demands an index of every object in a list ("Expected list
        # delta entry to have an `index` key": openai 3.54, lib/streaming/_deltas.py).
        fields = _FIELDS(found) if isinstance(found, Raw) else found
        found = {"index": choice.cited, **fields}
        choice.cited += 1
        return self._role(choice, b'""') + self._fields(choice, {"annotations": [found]})

    def _logprobs(self, event: Logprobs) -> bytes:
        if event.dialect != "openai_chat":
            why = "the model's log-probabilities have another shape than OpenAI's"
            self.losses.append(Loss("cosmetic", "choices[].logprobs", "logprobs", why))
            return b""
        choice = self._choice(event.candidate)
        refusal = choice.refused and not choice.length
        lists = {
            "content": None if refusal else Raw(event.raw),
            "refusal": Raw(event.raw) if refusal else None,
        }
        behind = b'},"logprobs":' + _JSON(lists) + b',"finish_reason":null}]' + self._tail
        return self._role(choice, b"null") + choice.before + behind

    def _finish(self, finish: Finish | None, at: int) -> bytes:
        choice = self._choice(at)
        choice.finished = True
        word = finish_word(finish, has_calls=choice.calls > 0, refused=choice.refused)
        if self._legacy and word == "tool_calls":
            word = "function_call"
        behind = b'},"logprobs":null,"finish_reason":"' + word.encode() + b'"}]' + self._tail
        due = b"".join(self._due(choice, told) for told in choice.parts.values())
        return due + self._wordless(choice) + choice.before + behind

    def _wordless(self, choice: _Choice) -> bytes:
        """Content of an answer that had nothing to say: an empty text, as in a whole answer."""
        if not choice.said:
            return self._role(choice, b'""')
        told = choice.parts.values()
        if all(isinstance(part.part, Thinking) for part in told) and not choice.sounded:
            return self._fields(choice, {"content": ""})
        return b""
