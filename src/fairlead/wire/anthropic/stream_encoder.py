"""Canon's events as this dialect's stream, for a client that speaks it.

Blocks stand one behind the other: one is open at a time, with an index of its own count. Canon may
interleave parts (parallel calls of other dialects), so: a text or a thought that another part
interrupts is closed, and opens again as a new block if more of it comes; a call cannot be opened
twice, so what comes while one is open waits until it stops. Signatures are told at the end of their
block, as the vendor does; usage and the reason to stop in `message_delta`, at the close.
"""

from typing import Final

import msgspec

from fairlead.canon import (
    Delta,
    Deltas,
    Event,
    Finish,
    Finished,
    Loss,
    Part,
    PartStart,
    PartStop,
    Signature,
    Start,
    StreamError,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageUpdate,
)
from fairlead.canon.events import Logprobs
from fairlead.wire.anthropic.blocks_out import own_citations, own_signature, write_answer_part
from fairlead.wire.anthropic.errors import encode_error
from fairlead.wire.anthropic.response import stop_fields
from fairlead.wire.anthropic.types import DIALECT, Json, dump
from fairlead.wire.anthropic.usage import write_usage
from fairlead.wire.codec import Reply
from fairlead.wire.losses import Losses

__all__ = ["Encoder"]

_OPENS: Final = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
)
_CLOSES: Final = b"}}\n\n"
_DELTA: Final = _OPENS + b"%b" + _CLOSES
_STOP: Final = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
_NAMES: Final = {
    Thinking: (b"thinking_delta", b"thinking"),
    ToolCall: (b"input_json_delta", b"partial_json"),
}
_TEXT: Final = (b"text_delta", b"text")


def _sse(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def _inside(text: str) -> str:
    """A piece of text as it stands inside of a JSON string."""
    return dump(text)[1:-1].decode()


def _one_line(raw: bytes) -> bytes:
    """JSON of the vendor's may be printed over lines, which would end the `data:` field."""
    return msgspec.json.format(raw, indent=-1) if b"\n" in raw or b"\r" in raw else raw


_PartEvent = PartStart | Delta | PartStop


class _Open:
    """The block that is open."""

    __slots__ = ("at", "free", "key", "names", "part", "signature")

    def __init__(self, key: int, at: int, part: Part) -> None:
        self.key = key  # canon's index
        self.at = at  # the index on the wire
        self.part = part
        self.names = _NAMES.get(type(part), _TEXT)
        self.signature = ""
        # A call with free text for arguments: told as `{"input": text}`, as in a whole answer.
        self.free = isinstance(part, ToolCall) and part.custom


class Encoder:
    """One stream. `losses` fills while it runs."""

    __slots__ = (
        "_blank",
        "_finish",
        "_found",
        "_kinds",
        "_next",
        "_open",
        "_reply",
        "_started",
        "_stopped",
        "_usage",
        "_waiting",
    )

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._found = Losses()
        self._open: _Open | None = None
        self._next = 0
        self._blank: int | None = None  # an empty text that is not written yet
        self._kinds: dict[int, Part | None] = {}  # parts that have begun; None: lost whole
        self._waiting: list[_PartEvent] = []
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._started = False
        self._stopped = False

    @property
    def losses(self) -> list[Loss]:
        """What the client could not be told."""
        return self._found.found

    @losses.setter
    def losses(self, value: list[Loss]) -> None:
        self._found.found = value

    def encode(self, event: Event) -> bytes:
        """Bytes for one event."""
        opened = self._open
        if (
            opened is not None
            and isinstance(event, Delta)
            and event.index == opened.key
            and event.text
            and event.signature is None
            and event.citation is None
            and not event.candidate
            and not opened.free
        ):
            return _DELTA % (opened.at, *opened.names, dump(event.text))
        if self._stopped:
            return b""
        if isinstance(event, Start):
            return self._start(event)
        # An error stands alone: it may also end a stream that was the vendor's own so far.
        begun = self._started or isinstance(event, StreamError)
        head = b"" if begun else self._start(Start())
        return head + self._other(event)

    def encode_run(self, run: Deltas) -> bytes:
        """Bytes for several deltas of one part."""
        opened = self._open
        if opened is None or run.index != opened.key or run.candidate or opened.free:
            return b"".join(map(self.encode, run.each()))
        before = _OPENS % (opened.at, *opened.names)
        return before + (_CLOSES + before).join(map(dump, run.texts)) + _CLOSES

    def close(self, extra: bytes = b"") -> bytes:
        """`message_delta` with the reason and all usage, then `message_stop`."""
        if self._stopped:
            return b""
        out = [] if self._started else [self._start(Start())]
        out.append(self._close_block() + self._write_blank())
        out.append(self._flush(at_end=True))
        self._stopped = True
        delta: Json = {
            "type": "message_delta",
            "delta": stop_fields(self._finish, self._found),
            "usage": {"output_tokens": 0},
        }
        if self._usage is not None:
            delta["usage"] = write_usage(self._usage, extra or self._reply.extra)
        out.append(_sse("message_delta", dump(delta)))
        out.append(_sse("message_stop", b'{"type":"message_stop"}'))
        return b"".join(out)

    # ---- events ---------------------------------------------------------------------------------

    def _start(self, start: Start) -> bytes:
        if self._started:
            return b""
        self._started = True
        message: Json = {
            "id": start.id or self._reply.request_id,
            "type": "message",
            "role": "assistant",
            "model": self._reply.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        return _sse("message_start", dump({"type": "message_start", "message": message}))

    def _other(self, event: Event) -> bytes:
        if isinstance(event, PartStart | Delta | PartStop):
            if event.candidate:
                path = f"candidates[{event.candidate}]"
                self._found.semantic(path, "n", "an answer has one candidate here")
                return b""
            return self._part_event(event)
        if isinstance(event, UsageUpdate):
            self._usage = event.usage
        elif isinstance(event, Finished):
            if not event.candidate:
                self._finish = event.finish
        elif isinstance(event, Logprobs):
            self._found.cosmetic("logprobs", "logprobs", "there is no place for them")
        elif isinstance(event, StreamError):
            self._stopped, self._open = True, None
            return _sse("error", encode_error(event.problem, self._reply.request_id))
        return b""

    def _part_event(self, event: _PartEvent) -> bytes:
        opened = self._open
        if opened is not None and opened.key != event.index and isinstance(opened.part, ToolCall):
            self._waiting.append(event)
            return b""
        if isinstance(event, PartStart):
            return self._part_start(event)
        if isinstance(event, PartStop):
            if self._blank == event.index:
                return self._write_blank()
            if opened is None or opened.key != event.index:
                return b""
            return self._close_block() + self._flush()
        return self._delta(event)

    def _part_start(self, event: PartStart) -> bytes:
        out = self._close_block() + self._write_blank()
        part = event.part
        path = f"content[{event.index}]"
        if isinstance(part, Text) and not part.text and not part.citations:
            # Opened by its first words or its stop. One that is there for a foreign signature alone
            # (Gemini 3's last part) never is: clients take the last text block for the answer.
            own_signature(part, self._found, path)
            self._kinds[event.index] = part
            self._blank = event.index if part.signature is None else None
            return out
        if isinstance(part, Text | Thinking | ToolCall) and not self._is_whole(part):
            self._kinds[event.index] = part
            return out + self._open_block(event.index, part, path)
        block = write_answer_part(part, self._found, path)
        if isinstance(block, dict) and block["type"] == "text":  # a refusal is text here
            self._kinds[event.index] = part
            return out + self._open_block(event.index, Text(str(block["text"])), path)
        self._kinds[event.index] = None
        return out if block is None else out + self._whole_block(dump(block))

    @staticmethod
    def _is_whole(part: Part) -> bool:
        return isinstance(part, Thinking) and part.redacted

    def _whole_block(self, raw: bytes) -> bytes:
        at = self._next
        self._next += 1
        return self._block_start(at, raw) + _STOP % at

    @staticmethod
    def _block_start(at: int, raw: bytes) -> bytes:
        data = b'{"type":"content_block_start","index":%d,"content_block":%b}'
        return _sse("content_block_start", data % (at, _one_line(raw)))

    def _write_blank(self) -> bytes:
        """The text block that has begun and said nothing."""
        if self._blank is None:
            return b""
        self._blank = None
        return self._whole_block(b'{"type":"text","text":""}')

    def _open_block(self, key: int, part: Text | Thinking | ToolCall, path: str) -> bytes:
        opened = self._open = _Open(key, self._next, part)
        self._blank = None
        self._next += 1
        opened.signature = own_signature(part, self._found, path)
        if isinstance(part, ToolCall):
            text = part.arguments
            skeleton = msgspec.structs.replace(part, arguments="")
            block = write_answer_part(skeleton, self._found, path)
            if opened.free and isinstance(block, dict):
                text, block["input"] = '{"input":"' + _inside(text), {}
        elif isinstance(part, Thinking):
            text, block = part.text, {"type": "thinking", "thinking": "", "signature": ""}
        else:
            text, block = part.text, {"type": "text", "text": ""}
        out = self._block_start(opened.at, dump(block))
        if text:
            out += _DELTA % (opened.at, *opened.names, dump(text))
        if isinstance(part, Text):
            for raw in own_citations(part, self._found, path):
                out += _DELTA % (opened.at, b"citations_delta", b"citation", _one_line(raw))
        return out

    def _delta(self, event: Delta) -> bytes:
        key = event.index
        out = b""
        if self._open is None or self._open.key != key:
            part = self._kinds.get(key, Text(""))
            if part is None:
                return b""
            if isinstance(part, ToolCall):
                path = f"content[{key}]"
                self._found.semantic(path, "tool_arguments", "more came after the call's end")
                return b""
            if not event.text and event.citation is None and not isinstance(part, Thinking):
                if event.signature is not None:
                    self._blank = None
                    own_signature(
                        Text("", signature=event.signature), self._found, f"content[{key}]"
                    )
                return b""
            more: Text | Thinking = Thinking() if isinstance(part, Thinking) else Text("")
            self._kinds[key] = more
            out = self._close_block() + self._open_block(key, more, f"content[{key}]")
        opened = self._open
        if opened is None:
            return out
        if event.text:
            text = _inside(event.text) if opened.free else event.text
            out += _DELTA % (opened.at, *opened.names, dump(text))
        if event.signature is not None:
            self._sign(opened, event.signature)
        if event.citation is not None:
            cited = Text("", citations=(event.citation,))
            for raw in own_citations(cited, self._found, f"content[{key}]"):
                out += _DELTA % (opened.at, b"citations_delta", b"citation", _one_line(raw))
        return out

    def _sign(self, opened: _Open, signature: Signature) -> None:
        if signature.dialect == DIALECT:
            opened.signature = signature.value
        else:
            path = f"content[{opened.key}]"
            self._found.cosmetic(path, "signature", "another vendor signed this part")

    def _close_block(self) -> bytes:
        opened = self._open
        if opened is None:
            return b""
        self._open = None
        out = b""
        if opened.signature and isinstance(opened.part, Thinking):
            out = _DELTA % (opened.at, b"signature_delta", b"signature", dump(opened.signature))
        if opened.free:
            out = _DELTA % (opened.at, *opened.names, dump('"}'))
        return out + _STOP % opened.at

    def _flush(self, *, at_end: bool = False) -> bytes:
        """What waited for a call to stop; at the end, for calls that never told their stop."""
        out = b""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            out += b"".join([self._part_event(event) for event in waiting])
            if self._waiting:  # another call was opened and has not stopped
                if not at_end:
                    break
                out += self._close_block()
        return out + self._close_block() if at_end else out
