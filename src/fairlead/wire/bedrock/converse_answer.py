"""Converse's answer as Anthropic's: blocks, stop reason and usage, whole.

Usage is disjoint on both sides: in all 159 recorded answers `totalTokens` is the sum of input,
output, cache read and cache write. Of what was written to the cache `cacheDetails` tells how much
for how long.
"""

import binascii
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from fairlead.canon import Failure, Problem
from fairlead.wire.anthropic.types import Json, dump
from fairlead.wire.bedrock.guardrail import STOP_DETAILS

__all__ = [
    "citation",
    "converse_answer",
    "message_id",
    "redacted",
    "stop_of",
    "tool_result",
    "usage_of",
]

_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
_REFUSED: Final = frozenset({"guardrail_intervened", "content_filtered"})


def converse_answer(body: bytes, model: str, request_id: str) -> bytes:
    """A whole answer, as `POST /v1/messages` would give it.

    Raises:
        Failure: it is no answer of Converse, or holds what Anthropic's dialect has no block for.
    """
    try:
        said = _DECODER.decode(body)
        content = said["output"]["message"]["content"]
        stop = said["stopReason"]
        blocks = [_block(block) for block in content]
        extra = said.get("additionalModelResponseFields") or {}
        return dump(
            {
                "id": message_id(request_id),
                "type": "message",
                "role": "assistant",
                "model": model,
                "content": blocks,
                **stop_of(stop, extra),
                "usage": usage_of(said.get("usage") or {}),
            }
        )
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _unreadable(f"no JSON object: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _unreadable(f"not in Converse's shape ({type(error).__name__})") from error


def _unreadable(what: str) -> Failure:
    return Failure(Problem("upstream", f"the upstream's answer is {what}", charged=True))


def message_id(request_id: str) -> str:
    """An id for an answer that has none: of the request's at AWS, which its support knows."""
    return f"msg_bdrk_{request_id}" if request_id else "msg_bdrk"


def stop_of(word: str, extra: object) -> Json:
    """`stop_reason` and what belongs to it. Words that Anthropic does not have stay as they are."""
    sequence = extra.get("stop_sequence") if isinstance(extra, dict) else None
    if word in _REFUSED:
        details = {**STOP_DETAILS}
        if word == "content_filtered":
            details["explanation"] = "Amazon Bedrock filtered the answer"
        return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}
    return {"stop_reason": word, "stop_sequence": sequence}


def usage_of(usage: dict[str, Any]) -> Json:
    """`usage`, with what was written to the cache by its time to live."""
    told: Json = {
        "input_tokens": usage.get("inputTokens", 0),
        "output_tokens": usage.get("outputTokens", 0),
        "cache_read_input_tokens": usage.get("cacheReadInputTokens", 0),
        "cache_creation_input_tokens": usage.get("cacheWriteInputTokens", 0),
    }
    details = usage.get("cacheDetails")
    if details:
        sums = {"5m": 0, "1h": 0}
        for detail in details:
            sums[detail["ttl"]] = sums.get(detail["ttl"], 0) + detail["inputTokens"]
        told["cache_creation"] = {
            f"ephemeral_{ttl}_input_tokens": count for ttl, count in sums.items()
        }
    return told


def _block(block: dict[str, Any]) -> Json:
    for name, reader in _READERS.items():
        if name in block:
            return reader(block[name])
    names = ", ".join(block) or "no"
    raise Failure(
        Problem(
            "upstream",
            f"the answer holds a block ({names}) that this dialect cannot tell",
            charged=True,
            hint="ask the model for text, or another model",
        )
    )


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _call(call: dict[str, Any]) -> Json:
    kind = call.get("type") or "tool_use"
    return {"type": kind, "id": call["toolUseId"], "name": call["name"], "input": call["input"]}


def tool_result(result: dict[str, Any]) -> Json:
    """What a tool that the model ran at the vendor's gave back."""
    kind = result.get("type") or "tool_result"
    return {"type": kind, "tool_use_id": result["toolUseId"], "content": result.get("content", [])}


def _thought(thought: dict[str, Any]) -> Json:
    if "redactedContent" in thought:
        return {"type": "redacted_thinking", "data": redacted(thought["redactedContent"])}
    text = thought["reasoningText"]
    signature = text.get("signature") or ""
    return {"type": "thinking", "thinking": text.get("text", ""), "signature": signature}


def redacted(blob: str) -> str:
    """Anthropic's `data` of a blob: its bytes are that text (as recorded)."""
    return binascii.a2b_base64(blob).decode("utf-8", "replace")


def _cited(block: dict[str, Any]) -> Json:
    text = "".join(piece.get("text", "") for piece in block.get("content") or ())
    told: Json = {"type": "text", "text": text}
    citations = [citation(cited) for cited in block.get("citations") or ()]
    if citations:
        told["citations"] = citations
    return told


def citation(cited: dict[str, Any]) -> Json:
    """A citation. The location is a union: a document's characters, pages or chunks, a search
    result's blocks, or the web.
    """
    told: Json = {"cited_text": _joined(cited.get("sourceContent") or ())}
    title = cited.get("title")
    location = cited.get("location") or {}
    for name, (kind, fields) in _LOCATIONS.items():
        place = location.get(name)
        if place is not None:
            told["type"] = kind
            told |= {mine: place.get(theirs) for theirs, mine in fields.items()}
            break
    else:
        told |= {"type": "web_search_result_location", "url": cited.get("source", "")}
        told["encrypted_index"] = ""
    told["document_title" if "document_index" in told else "title"] = title
    return told


def _joined(pieces: Iterable[dict[str, Any]]) -> str:
    return "".join(piece.get("text", "") for piece in pieces)


_LOCATIONS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "documentChar": (
        "char_location",
        {"documentIndex": "document_index", "start": "start_char_index", "end": "end_char_index"},
    ),
    "documentPage": (
        "page_location",
        {
            "documentIndex": "document_index",
            "start": "start_page_number",
            "end": "end_page_number",
        },
    ),
    "documentChunk": (
        "content_block_location",
        {
            "documentIndex": "document_index",
            "start": "start_block_index",
            "end": "end_block_index",
        },
    ),
    "searchResultLocation": (
        "search_result_location",
        {
            "searchResultIndex": "search_result_index",
            "start": "start_block_index",
            "end": "end_block_index",
        },
    ),
}
_READERS: Final[dict[str, Callable[[Any], Json]]] = {
    "text": _text,
    "toolUse": _call,
    "reasoningContent": _thought,
    "citationsContent": _cited,
    "toolResult": tool_result,
}
