"""Whole answers, both ways.

Reading goes through `deltas`, so that a whole answer and its stream fold to the same. Writing is
OpenAI's shape, plus the fields that carry what it has no words for, under the names by which
clients of this dialect know them: `reasoning_content` (DeepSeek, vLLM), `reasoning_details` with
signatures (OpenRouter), `extra_content.google.thought_signature` (Google). The openai SDK keeps
unknown fields and sends them back when a message is appended to the history: that is how a tool
loop with signed thoughts goes on through a client that knows nothing of them.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    Candidate,
    Citation,
    Event,
    Failure,
    Finish,
    FinishReason,
    Loss,
    Opaque,
    Problem,
    Refusal,
    Response,
    Signature,
    Start,
    Text,
    Thinking,
    ToolCall,
    UsageUpdate,
    fold,
)
from fairlead.canon import Part as CanonPart
from fairlead.wire.codec import Encoded, Reply
from fairlead.wire.openai.errors import problem_of
from fairlead.wire.openai.parts import loss_of
from fairlead.wire.openai_chat.answers import ChatResponse
from fairlead.wire.openai_chat.deltas import ChoiceReader
from fairlead.wire.openai_chat.messages import FORMATS
from fairlead.wire.openai_chat.plain_answer import write_plain
from fairlead.wire.openai_chat.usage import read_usage, service_tier, write_usage

__all__ = [
    "annotation",
    "answer_id",
    "call_json",
    "decode_response",
    "encode_response",
    "finish_word",
    "lost",
    "second_call",
    "text_signature",
    "thought_detail",
]

_DECODER: Final = msgspec.json.Decoder(ChatResponse)
_ANY: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()
NULL: Final = Raw(b"null")
_FORMAT_OF: Final = {dialect: name for name, dialect in FORMATS.items()}
_WORDS: Final[dict[FinishReason, str]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "pause": "stop",
    "context_overflow": "length",
    "error": "stop",
    "other": "stop",
}
"""OpenAI's clients know five finish reasons (types/chat/chat_completion.py)."""


# From the wire


def decode_response(body: bytes) -> Response:
    """A 2xx answer. Raises `Failure` (kind `upstream`) if it is none."""
    try:
        answer = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Failure(
            Problem(
                "upstream",
                f"The upstream's answer is no chat completion: {error}.",
                retryable=True,
            )
        ) from None
    if answer.error and answer.error != NULL and not answer.choices:
        raise Failure(problem_of(_ANY.decode(answer.error), 200))
    return fold(_events(answer))


def _events(answer: ChatResponse) -> list[Event]:
    answer_id = answer.id or ""
    created = None if answer.created is None else int(answer.created)
    events: list[Event] = [Start(answer_id, answer.model or "", created)]
    try:
        for choice in answer.choices or ():
            reader = ChoiceReader(choice.index, answer_id)
            reader.read(choice, choice.message or choice.delta, events)
            reader.close(events)
    except msgspec.DecodeError as error:
        raise Failure(
            Problem("upstream", f"The upstream's answer is malformed: {error}.", retryable=True)
        ) from None
    if answer.usage is not None:
        events.append(UsageUpdate(read_usage(answer.usage, answer.service_tier)))
    return events


# To the wire


def encode_response(response: Response, reply: Reply) -> Encoded:
    """The answer as OpenAI writes it; `reply.extra` goes in as `fairlead`."""
    id_ = answer_id(reply.request_id)
    tier = None if response.usage is None else service_tier(response.usage)
    plain = write_plain(response, reply, id_, tier)
    if plain is not None:
        return Encoded(plain)
    losses: list[Loss] = []
    body: dict[str, Any] = {
        "id": id_,
        "object": "chat.completion",
        "created": reply.created,
        "model": reply.model,
        "choices": [_choice(candidate, losses) for candidate in response.candidates],
    }
    if reply.request is not None and reply.request.legacy_functions:
        for choice in body["choices"]:
            _as_function_call(choice, losses)
    if response.usage is not None:
        body["usage"] = write_usage(response.usage)
        if tier is not None:
            body["service_tier"] = tier
    if reply.extra:
        body["fairlead"] = Raw(reply.extra)
    return Encoded(_ENCODER.encode(body), tuple(losses))


def answer_id(request_id: str) -> str:
    """Our request id in the form in which OpenAI's answers have theirs."""
    return request_id if request_id.startswith("chatcmpl-") else f"chatcmpl-{request_id}"


def _choice(candidate: Candidate, losses: list[Loss]) -> dict[str, Any]:
    message = _message(candidate.parts, f"choices[{candidate.index}].message", losses)
    refused = message["refusal"] is not None
    logprobs: dict[str, Any] | None = None
    if candidate.logprobs is not None:
        dialect, raw = candidate.logprobs
        if dialect == "openai_chat":
            of_refusal = refused and message["content"] is None
            logprobs = {
                "content": NULL if of_refusal else Raw(raw),
                "refusal": Raw(raw) if of_refusal else NULL,
            }
        else:
            losses.append(_logprobs_lost(candidate.index))
    word = finish_word(candidate.finish, has_calls="tool_calls" in message, refused=refused)
    return {
        "index": candidate.index,
        "message": message,
        "logprobs": logprobs,
        "finish_reason": word,
    }


def _as_function_call(choice: dict[str, Any], losses: list[Loss]) -> None:
    """A choice for a client that declared `functions`: "The name and arguments of a function that
    should be called" in `function_call`, one a message, and the finish reason `function_call`
    (openai SDK, types/chat/chat_completion_message.py).
    """
    message = choice["message"]
    calls = message.pop("tool_calls", ())
    if not calls:
        return
    message["function_call"] = calls[0]["function"]
    if choice["finish_reason"] == "tool_calls":
        choice["finish_reason"] = "function_call"
    losses.extend(second_call(choice["index"]) for _ in calls[1:])


def second_call(at: int) -> Loss:
    """The loss of a call behind the first, for a client that takes one."""
    why = "a client that declares functions takes one call an answer; tools take several"
    return Loss("semantic", f"choices[{at}].message", "parallel_call", why)


def _logprobs_lost(at: int) -> Loss:
    return Loss(
        "cosmetic",
        f"choices[{at}].logprobs",
        "logprobs",
        "the model's log-probabilities have another shape than OpenAI's",
    )


def finish_word(finish: Finish | None, *, has_calls: bool, refused: bool) -> str:
    """OpenAI's word for why a choice ended."""
    reason: FinishReason = finish.reason if finish is not None else "stop"
    if has_calls and reason in ("stop", "pause", "other"):
        return "tool_calls"
    if refused and reason == "refusal":
        return "stop"  # the refusal says it itself
    return _WORDS[reason]


def _message(parts: tuple[CanonPart, ...], path: str, losses: list[Loss]) -> dict[str, Any]:
    """`message` of a whole answer."""
    if len(parts) == 1:
        part = parts[0]
        if part.__class__ is Text and not part.citations and part.signature is None:
            return {"role": "assistant", "content": part.text, "refusal": None}
    texts: list[str] = []
    refusals: list[str] = []
    thoughts: list[Thinking] = []
    more: dict[str, Any] = {}
    calls: list[dict[str, Any]] = []
    annotations: list[Any] = []
    length = 0
    for part in parts:
        if isinstance(part, Text):
            texts.append(part.text)
            start, length = length, length + len(part.text)
            for citation in part.citations:
                _annotate(citation, start, length, annotations, losses, path)
            if part.signature is not None and part.signature.dialect == "gemini":
                more["extra_content"] = text_signature(part.signature)
        elif isinstance(part, ToolCall):
            calls.append(call_json(part))
        elif isinstance(part, Thinking):
            thoughts.append(part)
        elif isinstance(part, Refusal):
            refusals.append(part.text)
        elif isinstance(part, Opaque) and part.dialect == "openai_chat" and part.kind == "audio":
            more["audio"] = Raw(part.raw)
        else:
            losses.append(lost(part, path))
    # OpenAI's API answers a null without calls with a 400 when the message comes back in a history
    # ("content is required unless `tool_calls` or `function_call` is specified", its reference of
    # assistant messages; seen on the live API in github.com/vercel/ai/pull/14950).
    speechless = calls or refusals or "audio" in more
    content = None if speechless and not any(texts) else "".join(texts)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": content,
        "refusal": "".join(refusals) if refusals else None,
    }
    _think(thoughts, message)
    if annotations:
        message["annotations"] = annotations
    if calls:
        message["tool_calls"] = calls
    message.update(more)
    return message


def _think(thoughts: list[Thinking], message: dict[str, Any]) -> None:
    if not thoughts:
        return
    text = "".join(thought.text for thought in thoughts)
    if text:
        message["reasoning_content"] = text
    if len(thoughts) > 1 or thoughts[0].signature is not None:
        message["reasoning_details"] = [
            thought_detail(thought, at, thought.text) for at, thought in enumerate(thoughts)
        ]


def thought_detail(thought: Thinking, at: int, text: str) -> dict[str, Any]:
    """A thought as OpenRouter's reasoning detail."""
    signature = thought.signature
    detail: dict[str, Any]
    if thought.redacted:
        data = signature.value if signature is not None else ""
        detail = {"type": "reasoning.encrypted", "data": data}
    else:
        detail = {"type": "reasoning.text", "text": text}
        if signature is not None:
            detail["signature"] = signature.value
    if signature is not None and (name := _FORMAT_OF.get(signature.dialect)):
        detail["format"] = name
    detail["index"] = at
    return detail


def call_json(call: ToolCall, index: int | None = None) -> dict[str, Any]:
    """A call as OpenAI writes it; `index` is its number in a stream."""
    out: dict[str, Any] = {} if index is None else {"index": index}
    out["id"] = call.id
    if call.custom:
        out["type"] = "custom"
        out["custom"] = {"name": call.name, "input": call.arguments}
    else:
        out["type"] = "function"
        out["function"] = {"name": call.name, "arguments": call.arguments}
    if call.signature is not None and call.signature.dialect == "gemini":
        out["extra_content"] = text_signature(call.signature)
    return out


def text_signature(signature: Signature) -> dict[str, Any]:
    """Google's `extra_content` (Gemini API, "OpenAI compatibility")."""
    return {"google": {"thought_signature": signature.value}}


def _annotate(
    citation: Citation, start: int, end: int, out: list[Any], losses: list[Loss], path: str
) -> None:
    found = annotation(citation, start, end)
    if found is not None:
        out.append(found)
        return
    why = "OpenAI's annotations cite web addresses only"
    losses.append(Loss("cosmetic", f"{path}.annotations", "citation", why))


def annotation(citation: Citation, start: int, end: int) -> Any | None:  # noqa: ANN401  # JSON
    """A citation as a `url_citation` of the text between `start` and `end`, if it has a URL."""
    if citation.dialect == "openai_chat":
        return Raw(citation.raw)
    if citation.url is None:
        return None
    return {
        "type": "url_citation",
        "url_citation": {
            "url": citation.url,
            "title": citation.title or "",
            "start_index": start,
            "end_index": end,
        },
    }


def lost(part: CanonPart, path: str) -> Loss:
    """The loss of a part of an answer that the chat dialect cannot say."""
    return loss_of(part, path, "an answer in OpenAI's chat dialect cannot hold", _NOUN)


_NOUN: Final = {
    "image": "an image",
    "audio": "a sound",
    "video": "a video",
    "document": "a document",
}
