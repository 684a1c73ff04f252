"""What an answer says, as an outsider reads it off the JSON of each dialect.

Finish reasons come in one spelling: `stop`, `length`, `calls`, `filter`, `pause`. Usage is sums
only, by each vendor's own arithmetic.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.conformance.said import arguments, digest

__all__ = ["READERS", "Told", "adds_up"]

Json = Any


@dataclass
class Told:
    """One candidate of an answer, and the usage of all."""

    text: str = ""
    thought: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    finish: str | None = None
    candidates: int = 1
    usage: dict[str, int] | None = None


# ---- OpenAI chat ---------------------------------------------------------------------------------

_CHAT_FINISH = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "calls",
    "function_call": "calls",
    "content_filter": "filter",
}


def _chat(body: Json) -> Told:
    told = Told(candidates=len(body.get("choices") or ()))
    for choice in (body.get("choices") or ())[:1]:
        message = choice["message"]
        content = message.get("content")
        if isinstance(content, list):
            for part in content:
                if part.get("type") == "thinking":
                    told.thought += "".join(inner.get("text", "") for inner in part["thinking"])
                else:
                    told.text += part.get("text", "")
        else:
            told.text = content or ""
        told.text += message.get("refusal") or ""
        told.thought += message.get("reasoning_content") or message.get("reasoning") or ""
        if not told.thought:
            details = message.get("reasoning_details") or ()
            told.thought = "".join(d.get("text") or d.get("summary") or "" for d in details)
        for call in message.get("tool_calls") or ():
            custom = call.get("custom") or {}
            if custom.get("name"):
                told.calls.append((custom["name"], arguments({"input": custom["input"]})))
                told.ids.append(call["id"])
                continue
            function = call["function"]
            if not function.get("name"):
                continue
            told.calls.append((function["name"], arguments(function.get("arguments"))))
            told.ids.append(call["id"])
        legacy = message.get("function_call")
        if legacy and legacy.get("name"):
            told.calls.append((legacy["name"], arguments(legacy["arguments"])))
            told.ids.append("legacy")
        audio = message.get("audio")
        if audio and audio.get("data"):
            told.media.append(digest(audio["data"]))
        told.finish = _finish(_CHAT_FINISH, choice.get("finish_reason") or None, told)
    told.usage = _chat_usage(body.get("usage"))
    return told


def _chat_usage(usage: Json) -> dict[str, int] | None:
    """OpenAI's sums. Some imitators leave thoughts or sound out of the parts, not the total."""
    if not usage:
        return None
    into = usage.get("prompt_tokens_details") or {}
    out = usage.get("completion_tokens_details") or {}
    prompt, completion = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    thinking = out.get("reasoning_tokens") or 0
    beyond = max((usage.get("total_tokens") or 0) - prompt - completion, 0)
    if beyond and beyond == into.get("audio_tokens"):
        prompt += beyond
    else:
        completion, thinking = completion + beyond, max(thinking, beyond)
    cached = (into.get("cached_tokens"), usage.get("prompt_cache_hit_tokens"))
    return {
        "prompt": prompt,
        "completion": completion,
        "total": usage.get("total_tokens") or 0,
        "cached": next((c for c in (*cached, usage.get("num_cached_tokens")) if c is not None), 0),
        "written": into.get("cache_write_tokens") or 0,
        "thinking": thinking,
    }


# ---- Anthropic -----------------------------------------------------------------------------------

_ANTHROPIC_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "calls",
    "refusal": "filter",
    "pause_turn": "pause",
}


def _anthropic(body: Json) -> Told:
    told = Told()
    for block in body.get("content") or ():
        kind = block["type"]
        if kind == "text":
            told.text += block["text"]
        elif kind == "thinking":
            told.thought += block.get("thinking") or ""
        elif kind == "tool_use" and (block.get("caller") or {"type": "direct"})["type"] == "direct":
            told.calls.append((block["name"], arguments(block["input"])))
            told.ids.append(block["id"])
        elif kind != "redacted_thinking":
            told.own.append(kind)
    told.finish = _finish(_ANTHROPIC_FINISH, body.get("stop_reason"), told)
    told.usage = _anthropic_usage(body.get("usage"))
    return told


def _anthropic_usage(usage: Json) -> dict[str, int] | None:
    if not usage:
        return None
    cached = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    prompt = (usage.get("input_tokens") or 0) + cached + written
    completion = usage.get("output_tokens") or 0
    thinking = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    for more in usage.get("iterations") or ():  # a compaction is billed beside the answer
        if more.get("type") == "compaction":
            prompt += more.get("input_tokens") or 0
            prompt += more.get("cache_read_input_tokens") or 0
            prompt += more.get("cache_creation_input_tokens") or 0
            cached += more.get("cache_read_input_tokens") or 0
            written += more.get("cache_creation_input_tokens") or 0
            completion += more.get("output_tokens") or 0
    return {
        "prompt": prompt,
        "completion": completion,
        "total": prompt + completion,
        "cached": cached,
        "written": written,
        "thinking": thinking,
    }


# ---- Gemini --------------------------------------------------------------------------------------

_FILTERS = (
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "MODEL_ARMOR",
)
_ERRORS = ("UNEXPECTED_TOOL_CALL", "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE")
_GEMINI_FINISH = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(_FILTERS, "filter"),
    **dict.fromkeys(_ERRORS, "error"),
}
_NUMBERS = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}


def _gemini(body: Json) -> Told:
    candidates = body.get("candidates") or ()
    told = Told(candidates=len(candidates))
    for candidate in candidates[:1]:
        for part in (candidate.get("content") or {}).get("parts") or ():
            _gemini_part(part, told)
        reason = candidate.get("finishReason")
        reason = _NUMBERS.get(reason, "OTHER") if isinstance(reason, int) else reason
        told.finish = _finish(_GEMINI_FINISH, reason, told)
    if not candidates and (body.get("promptFeedback") or {}).get("blockReason"):
        told.finish, told.candidates = "filter", 1
    told.usage = _gemini_usage(body.get("usageMetadata"))
    return told


def _gemini_part(part: Json, told: Told) -> None:
    call = part.get("functionCall")
    data = part.get("inlineData")
    if part.get("text") is not None:
        if part.get("thought"):
            told.thought += part["text"]
        else:
            told.text += part["text"]
    elif call is not None:
        told.calls.append((call.get("name", ""), arguments(call.get("args"))))
        if call.get("id"):
            told.ids.append(call["id"])
    elif data is not None:
        told.media.append(digest(data["data"]))
    elif part.keys() - {"thought", "thoughtSignature"}:
        told.own.append(next(iter(part.keys() - {"thought", "thoughtSignature"})))


def _gemini_usage(usage: Json) -> dict[str, int] | None:
    if not usage or ("promptTokenCount" not in usage and "totalTokenCount" not in usage):
        return None
    thinking = usage.get("thoughtsTokenCount") or 0
    return {
        "prompt": (usage.get("promptTokenCount") or 0)
        + (usage.get("toolUsePromptTokenCount") or 0),
        "completion": (usage.get("candidatesTokenCount") or 0) + thinking,
        "total": usage.get("totalTokenCount") or 0,
        "cached": usage.get("cachedContentTokenCount") or 0,
        "written": 0,
        "thinking": thinking,
    }


# ---- OpenAI responses ----------------------------------------------------------------------------


def _responses(body: Json) -> Told:
    told = Told()
    for item in body.get("output") or ():
        kind = item["type"]
        if kind == "message":
            for part in item["content"]:
                told.text += part.get("text") or part.get("refusal") or ""
        elif kind == "reasoning":
            pieces = [*(item.get("summary") or ()), *(item.get("content") or ())]
            told.thought += "".join(piece.get("text", "") for piece in pieces)
        elif kind == "function_call":
            told.calls.append((item["name"], arguments(item["arguments"])))
            told.ids.append(item["call_id"])
        elif kind == "custom_tool_call":
            told.calls.append((item["name"], arguments({"input": item["input"]})))
            told.ids.append(item["call_id"])
        else:
            told.own.append(kind)
    why = (body.get("incomplete_details") or {}).get("reason")
    if why is not None:
        told.finish = {"max_output_tokens": "length", "content_filter": "filter"}.get(why, "stop")
    elif body.get("status") == "completed":
        told.finish = "calls" if told.calls else "stop"
    usage = body.get("usage")
    if usage:
        told.usage = {
            "prompt": usage["input_tokens"],
            "completion": usage["output_tokens"],
            "total": usage["total_tokens"],
            "cached": (usage.get("input_tokens_details") or {}).get("cached_tokens") or 0,
            "written": (usage.get("input_tokens_details") or {}).get("cache_write_tokens") or 0,
            "thinking": (usage.get("output_tokens_details") or {}).get("reasoning_tokens") or 0,
        }
    return told


def _finish(words: dict[str, str], reason: str | None, told: Told) -> str | None:
    """Calls end an answer whatever word the vendor has for it (Gemini says STOP)."""
    if reason is None:
        return None
    known = words.get(reason, "stop")
    return "calls" if told.calls and known == "stop" else known


READERS: dict[str, Callable[[Json], Told]] = {
    "openai_chat": _chat,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "openai_responses": _responses,
}


def adds_up(usage: dict[str, int]) -> bool:
    """Prompt and completion together are the total; parts are no larger than their whole."""
    return (
        usage["total"] == usage["prompt"] + usage["completion"]
        and usage["cached"] + usage["written"] <= usage["prompt"]
        and usage["thinking"] <= usage["completion"]
    )


def plain(told: Told) -> str:
    """All of it as text, for messages."""
    return json.dumps(told.__dict__, ensure_ascii=False)
