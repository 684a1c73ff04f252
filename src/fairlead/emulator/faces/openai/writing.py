"""From answers to a chat completion, whole or in chunks, as recorded in 2026."""

import base64
from typing import Any

import msgspec
from msgspec import Struct

from fairlead.emulator.answer.ask import Answer, Call
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.faces.openai.custom import input_of
from fairlead.emulator.faces.openai.probabilities import logprobs
from fairlead.emulator.http11.reply import Piece
from fairlead.emulator.json_value import JsonValue

__all__ = ["CREATED", "Form", "chunks", "completion"]

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
PER_ARGUMENTS = 16
# A tenth of a second of silence, 8 kHz, 8 bit, in a WAV.
_SILENCE = base64.b64encode(
    b"RIFF\x44\x03\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00"
    b"\x01\x00\x08\x00data\x20\x03\x00\x00" + b"\x80" * 800
).decode()


class Form(Struct, frozen=True):
    """How the answer is to be written.

    `custom` are the names of custom tools, `legacy` is for `functions`, `likely` how many
    probabilities for each token (None: none at all), `sound` for an answer that is heard, `padded`
    for the noise that hides how long the tokens of a stream are.
    """

    model: str
    seed: bytes
    custom: frozenset[str] = frozenset()
    legacy: bool = False
    likely: int | None = None
    sound: bool = False
    padded: bool = True


def _calls(answer: Answer, form: Form, index: int) -> list[dict[str, Any]]:
    return [
        {"id": "call_" + ident(form.seed, f"call {index} {at}", 24), **_called(call, form)}
        for at, call in enumerate(answer.calls)
    ]


def _called(call: Call, form: Form) -> dict[str, Any]:
    if call.name in form.custom:
        custom = {"name": call.name, "input": input_of(call)}
        return {"type": "custom", "custom": custom}
    function = {"name": call.name, "arguments": _encode(call.arguments).decode()}
    return {"type": "function", "function": function}


def _message(answer: Answer, form: Form, index: int) -> dict[str, Any]:
    text = "".join(answer.text)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": text or None,
        "refusal": None,
        "annotations": [],
    }
    if answer.stop == "refusal":
        message.update(content=None, refusal=text)
    elif form.sound and text:
        heard = {
            "id": "audio_" + ident(form.seed, f"audio {index}", 24, lower=True),
            "data": _SILENCE,
            "expires_at": CREATED + 3600,
            "transcript": text,
        }
        message.update(content=None, audio=heard)
    if answer.calls and form.legacy:
        message["function_call"] = _called(answer.calls[0], form)["function"]
    elif answer.calls:
        message["tool_calls"] = _calls(answer, form, index)
    return message


def _finish(answer: Answer, form: Form) -> str:
    finish = _FINISH[answer.stop]
    return "function_call" if form.legacy and finish == "tool_calls" else finish


def _likely(answer: Answer, tokens: list[str], form: Form) -> dict[str, Any] | None:
    if form.likely is None:
        return None
    found = logprobs(tokens, form.likely)
    refused = answer.stop == "refusal"
    return {"content": None if refused else found, "refusal": found if refused else None}


def completion(answers: list[Answer], form: Form, usage: dict[str, Any]) -> dict[str, Any]:
    """A `chat.completion`."""
    return {
        "id": "chatcmpl-" + ident(form.seed, "completion", 29),
        "object": "chat.completion",
        "created": CREATED,
        "model": form.model,
        "choices": [
            {
                "index": index,
                "message": _message(answer, form, index),
                "logprobs": _likely(answer, answer.text, form),
                "finish_reason": _finish(answer, form),
            }
            for index, answer in enumerate(answers)
        ],
        "usage": usage,
        "service_tier": "default",
        "system_fingerprint": None,
    }


class _Chunks:
    """The chunks of one stream; mutable."""

    def __init__(self, form: Form, *, shown: bool) -> None:
        self.form = form
        self.shown = shown
        self.out: list[Piece] = []
        self._frame: dict[str, Any] = {
            "id": "chatcmpl-" + ident(form.seed, "completion", 29),
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": form.model,
            "service_tier": "default",
            "system_fingerprint": None,
        }

    def chunk(self, choices: list[dict[str, Any]], tokens: int, **more: JsonValue) -> None:
        frame = {**self._frame, "choices": choices, **more}
        if self.form.padded:
            frame["obfuscation"] = _NOISE[: 2 + (7 * len(self.out)) % 12]
        self.out.append(Piece(b"data: %b\n\n" % _encode(frame), tokens))

    def delta(
        self,
        index: int,
        said: dict[str, Any],
        tokens: int,
        finish: str | None = None,
        likely: dict[str, Any] | None = None,
    ) -> None:
        choice = {"index": index, "delta": said, "logprobs": likely, "finish_reason": finish}
        # With `include_usage` all chunks have the key, null but for the last one's.
        self.chunk([choice], tokens, **({"usage": None} if self.shown else {}))


_NOISE = "kR7vQ2mZx9Lw4T"


def chunks(answers: list[Answer], form: Form, usage: dict[str, Any] | None) -> list[Piece]:
    """`chat.completion.chunk`s and `[DONE]`; `usage` comes in a chunk of its own when wanted."""
    stream = _Chunks(form, shown=usage is not None)
    for index, answer in enumerate(answers):
        _choice(stream, answer, form, index)
    if usage is not None:
        stream.chunk([], 0, usage=usage)
    stream.out.append(Piece(b"data: [DONE]\n\n"))
    return stream.out


def _choice(stream: _Chunks, answer: Answer, form: Form, index: int) -> None:
    silent = bool(answer.calls) and not answer.text
    opening = {"role": "assistant", "content": None if silent else "", "refusal": None}
    stream.delta(index, opening, answer.thinking_tokens)
    if form.sound and answer.text and answer.stop != "refusal":
        heard = _message(answer, form, index)["audio"]
        stream.delta(index, {"audio": {"id": heard["id"], "transcript": heard["transcript"]}}, 0)
        stream.delta(index, {"audio": {"data": heard["data"]}}, len(answer.text))
    else:
        key = "refusal" if answer.stop == "refusal" else "content"
        each = answer.per_event or PER_CHUNK
        for at in range(0, len(answer.text), each):
            some = answer.text[at : at + each]
            likely = _likely(answer, some, form)
            stream.delta(index, {key: "".join(some)}, len(some), likely=likely)
    if form.legacy and answer.calls:
        _legacy_call(stream, answer, form, index)
    else:
        for at, call in enumerate(_calls(answer, form, index)):
            _call(stream, call, (index, at), answer.calls[at].tokens)
    stream.delta(index, {}, 0, _finish(answer, form))


def _call(stream: _Chunks, call: dict[str, Any], place: tuple[int, int], tokens: int) -> None:
    """A call: its name first, then its arguments, or the text of a custom tool, in pieces."""
    index, at = place
    kind = call["type"]
    key = "input" if kind == "custom" else "arguments"
    text = call[kind][key]
    start = {"index": at, "id": call["id"], "type": kind, kind: {**call[kind], key: ""}}
    stream.delta(index, {"tool_calls": [start]}, tokens)
    for cut in range(0, len(text), PER_ARGUMENTS):
        part = {"index": at, kind: {key: text[cut : cut + PER_ARGUMENTS]}}
        stream.delta(index, {"tool_calls": [part]}, 0)


def _legacy_call(stream: _Chunks, answer: Answer, form: Form, index: int) -> None:
    function = _called(answer.calls[0], form)["function"]
    text = function["arguments"]
    stream.delta(index, {"function_call": {**function, "arguments": ""}}, answer.calls[0].tokens)
    for cut in range(0, len(text), PER_ARGUMENTS):
        part = {"arguments": text[cut : cut + PER_ARGUMENTS]}
        stream.delta(index, {"function_call": part}, 0)
