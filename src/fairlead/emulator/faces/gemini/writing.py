"""From answers to a GenerateContentResponse, whole or in chunks.

As recorded: `finishReason` is STOP for function calls too; a 2.5 model's calls carry no id, a 3.x
model's do; only the first of parallel calls is signed; a 3.x model signs its text as well, in a
stream on an empty text part at the end; a chunk repeats the usage as far as it is known.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from fairlead.emulator.answer.ask import Answer
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.http11.reply import Piece

__all__ = ["Draft", "array_pieces", "chunks", "sse_pieces", "whole"]

_encode = msgspec.json.Encoder().encode
_FINISH = {
    "end": "STOP",
    "calls": "STOP",
    "limit": "MAX_TOKENS",
    "sequence": "STOP",
    "refusal": "SAFETY",
}
_CATEGORIES = (
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
)
PER_CHUNK = 24


class Draft(Struct, frozen=True):
    """All that a response is written from. `numbered`: calls carry ids, and text is signed.
    `tier` goes into the usage, `stamp` into each object.
    """

    answers: list[Answer]
    model: str
    seed: bytes
    prompt: dict[str, Any]
    show_thoughts: bool
    numbered: bool
    signatures: list[str]
    prompt_tokens: int = 0
    tier: Mapping[str, str] = {}
    stamp: Mapping[str, str] = {}

    @property
    def blocked(self) -> bool:
        """Whether the prompt itself is blocked."""
        return self.answers[0].stop == "blocked"


def usage_of(draft: Draft, spoken: int, thought: int) -> dict[str, Any]:
    """`usageMetadata` when so many tokens are made: the total is the sum of all kinds."""
    usage = dict(draft.prompt)
    if spoken:
        usage["candidatesTokenCount"] = spoken
    usage["totalTokenCount"] = draft.prompt_tokens + spoken + thought
    if thought:
        usage["thoughtsTokenCount"] = thought
    usage.update(draft.tier)
    return usage


def _frame(draft: Draft, candidates: list[dict[str, Any]], usage: dict[str, Any]) -> dict[str, Any]:
    return {
        "candidates": candidates,
        "usageMetadata": usage,
        "modelVersion": draft.model,
        **draft.stamp,
        "responseId": ident(draft.seed, "response", 23),
    }


def _blocked(draft: Draft) -> dict[str, Any]:
    """A blocked prompt has no candidates at all."""
    ratings = [{"category": name, "probability": "NEGLIGIBLE"} for name in _CATEGORIES]
    ratings[-1] = {"category": _CATEGORIES[-1], "probability": "HIGH"}
    return {
        "promptFeedback": {"blockReason": "SAFETY", "safetyRatings": ratings},
        "usageMetadata": usage_of(draft, 0, 0),
        "modelVersion": draft.model,
        **draft.stamp,
        "responseId": ident(draft.seed, "response", 23),
    }


def _calls(draft: Draft, index: int) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for at, call in enumerate(draft.answers[index].calls):
        said: dict[str, Any] = {"name": call.name, "args": call.arguments}
        if draft.numbered:
            said["id"] = ident(draft.seed, f"call {index} {at}", 8, lower=True)
        part: dict[str, Any] = {"functionCall": said}
        if at == 0 and draft.signatures[index]:
            part["thoughtSignature"] = draft.signatures[index]
        parts.append(part)
    return parts


def _finish(answer: Answer, index: int) -> dict[str, Any]:
    end: dict[str, Any] = {"finishReason": _FINISH[answer.stop], "index": index}
    if answer.calls:
        end["finishMessage"] = "Model generated function call(s)."
    if answer.stop == "refusal":
        end["safetyRatings"] = [
            {"category": _CATEGORIES[-1], "probability": "HIGH", "blocked": True}
        ]
    return end


def whole(draft: Draft) -> dict[str, Any]:
    """The response as one object."""
    if draft.blocked:
        return _blocked(draft)
    candidates = []
    for index, answer in enumerate(draft.answers):
        parts: list[dict[str, Any]] = []
        if answer.thinking and draft.show_thoughts:
            parts.append({"text": "".join(answer.thinking), "thought": True})
        if answer.text and answer.stop != "refusal":
            part: dict[str, Any] = {"text": "".join(answer.text)}
            if draft.numbered and not answer.calls and draft.signatures[index]:
                part["thoughtSignature"] = draft.signatures[index]
            parts.append(part)
        parts += _calls(draft, index)
        content: dict[str, Any] = {"parts": parts, "role": "model"} if parts else {"role": "model"}
        end = _finish(answer, index)
        candidates.append(end if answer.stop == "refusal" else {"content": content, **end})
    spoken = sum(_spoken(answer) for answer in draft.answers)
    thought = sum(answer.thinking_tokens for answer in draft.answers)
    return _frame(draft, candidates, usage_of(draft, spoken, thought))


def _spoken(answer: Answer) -> int:
    return 0 if answer.stop == "refusal" else answer.spoken_tokens


def chunks(draft: Draft) -> list[tuple[dict[str, Any], int]]:
    """The response in chunks, each with the tokens that it brings."""
    if draft.blocked:
        return [(_blocked(draft), 0)]
    out: list[tuple[dict[str, Any], int]] = []
    spoken = thought = 0
    for index, answer in enumerate(draft.answers):
        silent = 0
        thoughts = _cut(answer.thinking, PER_CHUNK)
        if draft.show_thoughts:
            for some in thoughts:
                thought += len(some)
                part = {"text": "".join(some), "thought": True}
                out.append((_chunk(draft, [part], index, spoken, thought), len(some)))
        else:
            silent = answer.thinking_tokens
            thought += silent
        if answer.stop != "refusal":
            for some in _cut(answer.text, answer.per_event or PER_CHUNK):
                spoken += len(some)
                part = {"text": "".join(some)}
                out.append((_chunk(draft, [part], index, spoken, thought), len(some) + silent))
                silent = 0
        calls = _calls(draft, index)
        cost = sum(call.tokens for call in answer.calls)
        spoken += cost
        if calls and draft.numbered:
            out.append((_chunk(draft, calls, index, spoken, thought), cost + silent))
            calls, cost, silent = [], 0, 0
        out.append(_last(draft, index, calls, (spoken, thought, cost + silent)))
    return out


def _last(
    draft: Draft, index: int, calls: list[dict[str, Any]], made: tuple[int, int, int]
) -> tuple[dict[str, Any], int]:
    """The chunk with the finish reason: a 2.5 model's calls, or an empty part."""
    answer = draft.answers[index]
    spoken, thought, fresh = made
    parts = calls
    if not parts and answer.spoken_tokens and answer.stop != "refusal":
        parts = [{"text": ""}]
        if draft.numbered and not answer.calls and draft.signatures[index]:
            parts[0]["thoughtSignature"] = draft.signatures[index]
    chunk = _chunk(draft, parts, index, spoken, thought)
    candidate = {**chunk["candidates"][0], **_finish(answer, index)}
    if not parts:
        del candidate["content"]
    chunk["candidates"][0] = candidate
    return chunk, fresh


def _cut(made: list[str], each: int) -> list[list[str]]:
    return [made[at : at + each] for at in range(0, len(made), each)]


def _chunk(
    draft: Draft, parts: list[dict[str, Any]], index: int, spoken: int, thought: int
) -> dict[str, Any]:
    candidate = {"content": {"parts": parts, "role": "model"}, "index": index}
    return _frame(draft, [candidate], usage_of(draft, spoken, thought))


def sse_pieces(draft: Draft) -> list[Piece]:
    """Server-sent events with CRLF, and nothing at the end to say that it is the end."""
    return [Piece(b"data: %b\r\n\r\n" % _encode(one), made) for one, made in chunks(draft)]


def array_pieces(draft: Draft) -> list[Piece]:
    """A JSON array of the chunks, laid out as the vendor does without `alt=sse`."""
    out: list[Piece] = []
    for at, (one, made) in enumerate(chunks(draft)):
        front = b",\r\n" if at else b"["
        out.append(Piece(front + msgspec.json.format(_encode(one), indent=2) + b"\n", made))
    out.append(Piece(b"]"))
    return out
