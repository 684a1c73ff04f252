"""Anthropic's message as Converse tells it, whole and as events. Shapes as recorded: of text and
thoughts no start is told, metrics and usage come last.
"""

import base64
from typing import Any

import msgspec
from msgspec import Struct

from fairlead.emulator.faces.bedrock.frames import event
from fairlead.emulator.http11.reply import Piece

__all__ = ["Told", "converse", "converse_pieces"]

Body = dict[str, Any]
_TWO_LINES = 2


class Told(Struct, frozen=True):
    """What Converse adds to a message. `fields` are the model's own that were asked for."""

    latency_ms: int
    fields: Body


def converse(message: Body, told: Told) -> Body:
    """A whole answer."""
    out: Body = {
        "metrics": {"latencyMs": told.latency_ms},
        "output": {
            "message": {
                "content": [_block(block) for block in message["content"]],
                "role": "assistant",
            }
        },
        "stopReason": _stop(message["stop_reason"]),
        "usage": _usage(message["usage"]),
    }
    if told.fields:
        out["additionalModelResponseFields"] = told.fields
    return out


def _block(block: Body) -> Body:
    kind = block["type"]
    if kind == "text":
        return {"text": block["text"]}
    if kind == "tool_use":
        named = {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}
        return {"toolUse": named}
    if kind == "redacted_thinking":
        return {"reasoningContent": {"redactedContent": _blob(block["data"])}}
    text = {"text": block["thinking"], "signature": block["signature"]}
    return {"reasoningContent": {"reasoningText": text}}


def _stop(word: str) -> str:
    """Converse has no word for a refusal (botocore: StopReason)."""
    return "content_filtered" if word == "refusal" else word


def _blob(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _usage(usage: Body) -> Body:
    made, fresh = usage["output_tokens"], usage["input_tokens"]
    read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    out: Body = {
        "inputTokens": fresh,
        "outputTokens": made,
        "totalTokens": fresh + made + read + written,
        "cacheReadInputTokens": read,
        "cacheReadInputTokenCount": read,
        "cacheWriteInputTokens": written,
        "cacheWriteInputTokenCount": written,
        "serverToolUsage": {},
    }
    creation = usage.get("cache_creation") or {}
    details = [
        {"ttl": ttl, "inputTokens": count}
        for ttl in ("5m", "1h")
        if (count := creation.get(f"ephemeral_{ttl}_input_tokens"))
    ]
    return out | ({"cacheDetails": details} if details else {})


def converse_pieces(pieces: list[Piece], message: Body, told: Told) -> list[Piece]:
    """The stream, made of the pieces of Anthropic's."""
    out = [Piece(event("messageStart", {"role": "assistant"}))]
    for piece in pieces:
        lines = piece.data.split(b"\n", _TWO_LINES)
        data = msgspec.json.decode(lines[1].removeprefix(b"data: "))
        out += _events(data, piece.tokens)
    stop: Body = {"stopReason": _stop(message["stop_reason"])}
    if told.fields:
        stop["additionalModelResponseFields"] = told.fields
    out.append(Piece(event("messageStop", stop)))
    metrics = {"latencyMs": told.latency_ms}
    out.append(Piece(event("metadata", {"usage": _usage(message["usage"]), "metrics": metrics})))
    return out


def _events(data: Body, tokens: int) -> list[Piece]:
    kind = data["type"]
    at = {"contentBlockIndex": data.get("index", 0)}
    if kind == "content_block_start":
        block = data["content_block"]
        if block["type"] == "tool_use":
            start = {"toolUse": {"toolUseId": block["id"], "name": block["name"]}}
            return [Piece(event("contentBlockStart", {**at, "start": start}), tokens)]
        if block["type"] == "redacted_thinking":
            delta = {"reasoningContent": {"redactedContent": _blob(block["data"])}}
            return [Piece(event("contentBlockDelta", {**at, "delta": delta}), tokens)]
    if kind == "content_block_delta":
        told = _delta(data["delta"])
        return [Piece(event("contentBlockDelta", {**at, "delta": told}), tokens)]
    if kind == "content_block_stop":
        return [Piece(event("contentBlockStop", at), tokens)]
    return []


def _delta(delta: Body) -> Body:
    kind = delta["type"]
    if kind == "text_delta":
        return {"text": delta["text"]}
    if kind == "input_json_delta":
        return {"toolUse": {"input": delta["partial_json"]}}
    if kind == "signature_delta":
        return {"reasoningContent": {"signature": delta["signature"]}}
    return {"reasoningContent": {"text": delta["thinking"]}}
