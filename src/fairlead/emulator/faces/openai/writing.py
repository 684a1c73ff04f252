"""From answers to a chat completion, whole or in chunks."""

from typing import Any

import msgspec

from fairlead.emulator.answer.ask import Answer
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.http11.reply import Piece
from fairlead.emulator.json_value import JsonValue

__all__ = ["chunks", "completion"]

_encode = msgspec.json.Encoder().encode
_FINISH = {
    "end": "stop",
    "calls": "tool_calls",
    "limit": "length",
    "sequence": "stop",
    "refusal": "stop",
    "blocked": "content_filter",
}
# A fixed second, 2026-01-01: an answer depends on its request alone.
CREATED = 1_767_225_600
PER_CHUNK = 2


def _calls(answer: Answer, seed: bytes, index: int) -> list[dict[str, Any]]:
    return [
        {
            "id": "call_" + ident(seed, f"call {index} {at}", 24),
            "type": "function",
            "function": {
                "name": call.name,
                "arguments": _encode(call.arguments).decode(),
            },
        }
        for at, call in enumerate(answer.calls)
    ]


def completion(
    answers: list[Answer], model: str, seed: bytes, usage: dict[str, Any]
) -> dict[str, Any]:
    """A `chat.completion`."""
    choices = []
    for index, answer in enumerate(answers):
        text = "".join(answer.text)
        message: dict[str, Any] = {
            "role": "assistant",
            "content": text or None,
            "refusal": None,
            "annotations": [],
        }
        if answer.stop == "refusal":
            message.update(content=None, refusal=text)
        if answer.calls:
            message["tool_calls"] = _calls(answer, seed, index)
        choices.append(
            {
                "index": index,
                "message": message,
                "logprobs": None,
                "finish_reason": _FINISH[answer.stop],
            }
        )
    return {
        "id": "chatcmpl-" + ident(seed, "completion", 29),
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": choices,
        "usage": usage,
        "service_tier": "default",
    }


def chunks(
    answers: list[Answer],
    model: str,
    seed: bytes,
    usage: dict[str, Any] | None,
) -> list[Piece]:
    """`chat.completion.chunk`s and `[DONE]`; `usage` comes in a chunk of its own when wanted."""
    frame: dict[str, Any] = {
        "id": "chatcmpl-" + ident(seed, "completion", 29),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": model,
        "service_tier": "default",
    }

    def piece(choices: list[dict[str, Any]], tokens: int, **more: JsonValue) -> Piece:
        return Piece(b"data: %b\n\n" % _encode({**frame, "choices": choices, **more}), tokens)

    def delta(index: int, said: dict[str, Any], tokens: int, finish: str | None = None) -> Piece:
        choice = {"index": index, "delta": said, "logprobs": None, "finish_reason": finish}
        return piece([choice], tokens) if usage is None else piece([choice], tokens, usage=None)

    out: list[Piece] = []
    for index, answer in enumerate(answers):
        out.append(delta(index, {"role": "assistant", "content": "", "refusal": None}, 0))
        out[-1] = Piece(out[-1].data, answer.thinking_tokens)
        key = "refusal" if answer.stop == "refusal" else "content"
        each = answer.per_event or PER_CHUNK
        for at in range(0, len(answer.text), each):
            some = answer.text[at : at + each]
            out.append(delta(index, {key: "".join(some)}, len(some)))
        for at, call in enumerate(_calls(answer, seed, index)):
            text = call["function"]["arguments"]
            start = {**call, "index": at, "function": {**call["function"], "arguments": ""}}
            out.append(delta(index, {"tool_calls": [start]}, answer.calls[at].tokens))
            for cut in range(0, len(text), 16):
                some_text = {"index": at, "function": {"arguments": text[cut : cut + 16]}}
                out.append(delta(index, {"tool_calls": [some_text]}, 0))
        out.append(delta(index, {}, 0, _FINISH[answer.stop]))
    if usage is not None:
        out.append(piece([], 0, usage=usage))
    out.append(Piece(b"data: [DONE]\n\n"))
    return out
