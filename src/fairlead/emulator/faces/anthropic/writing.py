"""From an answer to a Message, whole or as a stream of named events.

Shapes as recorded in 2026: `stop_details`, `caller` and `inference_geo` are there, JSON in a stream
is padded with blanks before its last brace, and a ping follows the first block's start.
"""

from typing import Any

import msgspec
from msgspec import Struct

from fairlead.emulator.answer.ask import Answer, Call
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.http11.reply import Piece

__all__ = ["Drawn", "draw", "events"]

_encode = msgspec.json.Encoder().encode
_STOPS = {
    "end": "end_turn",
    "calls": "tool_use",
    "limit": "max_tokens",
    "sequence": "stop_sequence",
    "refusal": "refusal",
    "blocked": "refusal",
}
_REFUSED = {
    "type": "refusal",
    "category": None,
    "explanation": "This is an emulated refusal: the prompt asked for one.",
}
PER_EVENT = 6
# Blanks before the last brace, as the vendor pads its events.
_PADS = [b" " * n for n in (9, 2, 13, 5, 0, 11, 3, 7)]


class Drawn(Struct, frozen=True):
    """A message ready to be written. `usage` is the vendor's own object."""

    message: dict[str, Any]
    answer: Answer


def draw(
    answer: Answer,
    model: str,
    seed: bytes,
    usage: dict[str, Any],
    thinking: dict[str, Any] | None,
    mark: str = "msg_01",
) -> Drawn:
    """The Message object. `thinking` is its first block, if there is any; `mark` begins its id."""
    content = [] if thinking is None else [thinking]
    if answer.text:
        content.append({"type": "text", "text": "".join(answer.text)})
    for at, call in enumerate(answer.calls):
        content.append(_tool_use(call, seed, at))
    refused = answer.stop in ("refusal", "blocked")
    message = {
        "model": model,
        "id": mark + ident(seed, "message", 22),
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": _STOPS[answer.stop],
        "stop_sequence": answer.sequence,
        "stop_details": _REFUSED if refused else None,
        "usage": usage,
    }
    return Drawn(message, answer)


def _tool_use(call: Call, seed: bytes, at: int) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": "toolu_01" + ident(seed, f"tool {at}", 22),
        "name": call.name,
        "input": call.arguments,
        "caller": {"type": "direct"},
    }


def _event(name: str, data: dict[str, Any], at: int, tokens: int = 0) -> Piece:
    body = _encode(data)
    pad = _PADS[at % len(_PADS)]
    return Piece(b"event: %b\ndata: %b%b}\n\n" % (name.encode(), body[:-1], pad), tokens)


_PING = Piece(b'event: ping\ndata: {"type": "ping"}\n\n')


def events(drawn: Drawn) -> list[Piece]:
    """The stream of a message."""
    message, answer = drawn.message, drawn.answer
    usage = message["usage"]
    empty = {
        **message,
        "content": [],
        "stop_reason": None,
        "stop_details": None,
        "stop_sequence": None,
        "usage": {**_without_details(usage), "output_tokens": min(1, usage["output_tokens"])},
    }
    out = [_event("message_start", {"type": "message_start", "message": empty}, 0)]
    for index, block in enumerate(message["content"]):
        out += _block(block, index, answer)
        if index == 0:
            out.insert(2, _PING)
    delta = {
        "type": "message_delta",
        "delta": {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")},
        "usage": {
            key: value
            for key, value in usage.items()
            if key not in ("cache_creation", "service_tier", "inference_geo")
        },
    }
    out.append(_event("message_delta", delta, 5))
    out.append(_event("message_stop", {"type": "message_stop"}, 3))
    return out


def _without_details(usage: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in usage.items() if key != "output_tokens_details"}


def _block(block: dict[str, Any], index: int, answer: Answer) -> list[Piece]:
    kind, made = block["type"], 0
    if kind == "thinking":
        start: dict[str, Any] = {"type": "thinking", "thinking": "", "signature": ""}
        shown = answer.thinking if block["thinking"] else []
        deltas = _deltas(index, "thinking_delta", "thinking", shown, PER_EVENT)
        signed = {"type": "signature_delta", "signature": block["signature"]}
        deltas.append(_delta(index, signed, answer.thinking_tokens - len(shown)))
    elif kind == "redacted_thinking":  # whole at once
        start, deltas, made = block, [], answer.thinking_tokens
    elif kind == "text":
        start = {"type": "text", "text": ""}
        each = answer.per_event or PER_EVENT
        deltas = _deltas(index, "text_delta", "text", answer.text, each)
    else:
        start = {**block, "input": {}}
        deltas = _input_deltas(index, block, answer)
    return [
        _event(
            "content_block_start",
            {"type": "content_block_start", "index": index, "content_block": start},
            index,
            made,
        ),
        *deltas,
        _event("content_block_stop", {"type": "content_block_stop", "index": index}, index + 1),
    ]


def _delta(index: int, delta: dict[str, Any], tokens: int) -> Piece:
    data = {"type": "content_block_delta", "index": index, "delta": delta}
    return _event("content_block_delta", data, index + tokens + len(delta), tokens)


def _deltas(index: int, kind: str, key: str, made: list[str], each: int) -> list[Piece]:
    """Deltas of `each` tokens, written without building an object for each."""
    front = (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
        b'"delta":{"type":"%b","%b":' % (index, kind.encode(), key.encode())
    )
    out: list[Piece] = []
    for at in range(0, len(made), each):
        some = made[at : at + each]
        text = _encode("".join(some))
        out.append(Piece(front + text + b"}" + _PADS[at % len(_PADS)] + b"}\n\n", len(some)))
    return out


def _input_deltas(index: int, block: dict[str, Any], answer: Answer) -> list[Piece]:
    """A tool's input as pieces of its JSON; the first one is empty, as the vendor's is."""
    text = _encode(block["input"]).decode()
    cut = [text[at : at + 17] for at in range(0, len(text), 17)] if block["input"] else []
    position = index - sum(1 for one in (answer.thinking, answer.text) if one)
    cost = answer.calls[position].tokens
    out = [_delta(index, {"type": "input_json_delta", "partial_json": ""}, 0 if cut else cost)]
    for at, part in enumerate(cut):
        share = cost * (at + 1) // len(cut) - cost * at // len(cut)
        out.append(_delta(index, {"type": "input_json_delta", "partial_json": part}, share))
    return out
