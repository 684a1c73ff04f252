"""ConverseStream as Anthropic's stream, event by event.

    messageStart      -> message_start
    contentBlockStart -> content_block_start; of text and thoughts there is none: their first
                         delta opens the block
    contentBlockDelta -> content_block_delta
    contentBlockStop  -> content_block_stop
    messageStop       -> (kept: the reason)
    metadata          -> message_delta (reason and usage), message_stop

Redacted thoughts and their signatures come in pieces of base64 and are told whole at the block's
end, as Anthropic tells them whole at its beginning.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from fairlead.canon import Failure, Problem
from fairlead.wire.anthropic.types import Json, dump
from fairlead.wire.bedrock.converse_answer import (
    citation,
    message_id,
    redacted,
    stop_of,
    tool_result,
    usage_of,
)
from fairlead.wire.bedrock.sse import event
from fairlead.wire.bedrock.unframing import Unframing

__all__ = ["ConverseStream"]

_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
_ZERO: Final[Json] = {"input_tokens": 0, "output_tokens": 0}


class ConverseStream(Unframing):
    """One stream. `model` is the name to tell; `request_id` the request's at AWS."""

    __slots__ = ("_model", "_open", "_redacted", "_request_id", "_results", "_stop")

    def __init__(self, model: str, request_id: str) -> None:
        super().__init__()
        self._model = model
        self._request_id = request_id
        self._open: set[int] = set()
        self._results: dict[int, dict[str, Any]] = {}
        self._redacted: dict[int, list[str]] = {}
        self._stop: Json = {"stop_reason": None, "stop_sequence": None}

    def take(self, name: str, payload: bytes) -> bytes:
        """What one event means; events that are new tomorrow are passed over."""
        teller = self._TELLERS.get(name)
        return b"" if teller is None else teller(self, _DECODER.decode(payload))

    def _start(self, said: dict[str, Any]) -> bytes:
        message: Json = {
            "id": message_id(self._request_id),
            "type": "message",
            "role": said.get("role", "assistant"),
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _ZERO,
        }
        return _event("message_start", message=message)

    def _block(self, said: dict[str, Any]) -> bytes:
        start = said.get("start") or {}
        call = start.get("toolUse")
        if call is not None:
            kind = call.get("type") or "tool_use"
            named = {"type": kind, "id": call["toolUseId"], "name": call["name"], "input": {}}
            return self._opened(said["contentBlockIndex"], named)
        result = start.get("toolResult")
        if result is not None:
            self._results[said["contentBlockIndex"]] = {**result, "content": []}
            return b""
        if start:
            names = ", ".join(start)
            raise Failure(
                Problem(
                    "upstream",
                    f"the answer holds a block ({names}) that this dialect cannot tell",
                    charged=True,
                )
            )
        return b""

    def _delta(self, said: dict[str, Any]) -> bytes:
        index, delta = said["contentBlockIndex"], said["delta"]
        for name, reader in self._DELTAS.items():
            if name in delta:
                return reader(self, index, delta[name])
        return b""

    def _text(self, index: int, text: str) -> bytes:
        return self._grown(index, _TEXT, {"type": "text_delta", "text": text})

    def _call(self, index: int, call: dict[str, Any]) -> bytes:
        told = {"type": "input_json_delta", "partial_json": call["input"]}
        return _event("content_block_delta", index=index, delta=told)

    def _thought(self, index: int, thought: dict[str, Any]) -> bytes:
        if "redactedContent" in thought:
            self._redacted.setdefault(index, []).append(redacted(thought["redactedContent"]))
            return b""
        out = b""
        if thought.get("text"):
            told = {"type": "thinking_delta", "thinking": thought["text"]}
            out += self._grown(index, _THINKING, told)
        if thought.get("signature"):
            told = {"type": "signature_delta", "signature": thought["signature"]}
            out += self._grown(index, _THINKING, told)
        return out

    def _result(self, index: int, pieces: list[Any]) -> bytes:
        self._results[index]["content"] += pieces
        return b""

    def _citation(self, index: int, cited: dict[str, Any]) -> bytes:
        told: Json = {"type": "citations_delta", "citation": citation(cited)}
        return self._grown(index, _TEXT, told)

    def _grown(self, index: int, skeleton: Json, delta: Json) -> bytes:
        opened = b"" if index in self._open else self._opened(index, skeleton)
        return opened + _event("content_block_delta", index=index, delta=delta)

    def _opened(self, index: int, block: Json) -> bytes:
        self._open.add(index)
        return _event("content_block_start", index=index, content_block=block)

    def _closed(self, said: dict[str, Any]) -> bytes:
        index = said["contentBlockIndex"]
        pieces = self._redacted.pop(index, None)
        out = b""
        if pieces is not None:
            out = self._opened(index, {"type": "redacted_thinking", "data": "".join(pieces)})
        elif index in self._results:  # of a tool that the model ran at the vendor's
            out = self._opened(index, tool_result(self._results.pop(index)))
        elif index not in self._open:  # a text without a single delta
            out = self._opened(index, _TEXT)
        self._open.discard(index)
        return out + _event("content_block_stop", index=index)

    def _stopped(self, said: dict[str, Any]) -> bytes:
        self._stop = stop_of(said["stopReason"], said.get("additionalModelResponseFields"))
        return b""

    def _metadata(self, said: dict[str, Any]) -> bytes:
        self.done = True
        usage = usage_of(said.get("usage") or {})
        return _event("message_delta", delta=self._stop, usage=usage) + _event("message_stop")

    _TELLERS: ClassVar[dict[str, Callable[["ConverseStream", dict[str, Any]], bytes]]] = {
        "messageStart": _start,
        "contentBlockStart": _block,
        "contentBlockDelta": _delta,
        "contentBlockStop": _closed,
        "messageStop": _stopped,
        "metadata": _metadata,
    }
    _DELTAS: ClassVar[dict[str, Callable[["ConverseStream", int, Any], bytes]]] = {
        "text": _text,
        "toolUse": _call,
        "toolResult": _result,
        "reasoningContent": _thought,
        "citation": _citation,
    }


def _event(name: str, **fields: object) -> bytes:
    return event(name, dump({"type": name, **fields}))


_TEXT: Final[Json] = {"type": "text", "text": ""}
_THINKING: Final[Json] = {"type": "thinking", "thinking": "", "signature": ""}
