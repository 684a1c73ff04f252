"""From an answer to a Response object, as recorded in 2026."""

from typing import Any

import msgspec
from msgspec import Struct

from fairlead.emulator.answer.ask import Answer, Call
from fairlead.emulator.faces.face import Put
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.faces.openai.custom import input_of
from fairlead.emulator.faces.openai.probabilities import logprobs
from fairlead.emulator.faces.openai.writing import CREATED
from fairlead.emulator.rules.openai.items import ENCRYPTED, seal_text

__all__ = ["Drawn", "draw", "with_ids"]

Item = dict[str, Any]
LIKELY = "message.output_text.logprobs"
_PREFIXES = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "function_call_output": "fc_",
    "custom_tool_call": "ctc_",
    "custom_tool_call_output": "ctc_",
}
# What a response says of its request, with what stands there without a word.
_ECHOED: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
    "metadata": {},
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
}


class Drawn(Struct, frozen=True):
    """What of an answer becomes a response: the answer, the seed of its ids, the model's name."""

    answer: Answer
    seed: bytes
    model: str
    custom: frozenset[str]
    spaces: dict[str, str]
    effort: str | None
    usage: dict[str, Any]


def draw(put: Put, drawn: Drawn) -> dict[str, Any]:
    """The Response object, complete."""
    body, answer = put.body, drawn.answer
    cut = {"limit": "max_output_tokens", "blocked": "content_filter"}.get(answer.stop)
    echoed = {
        key: default if body.get(key) is None else body[key] for key, default in _ECHOED.items()
    }
    text = body.get("text") or {}
    asked = body.get("reasoning") or {}
    return {
        "id": "resp_" + ident(drawn.seed, "response", 32, lower=True),
        "object": "response",
        "created_at": CREATED,
        "status": "incomplete" if cut else "completed",
        "completed_at": None if cut else CREATED + 1,
        "error": None,
        "incomplete_details": {"reason": cut} if cut else None,
        "model": drawn.model,
        "output": _items(put, drawn),
        **echoed,
        "tools": [_echoed_tool(tool) for tool in echoed["tools"]],
        "reasoning": {"effort": drawn.effort, "summary": asked.get("summary")},
        "service_tier": "default",
        "text": {
            "format": text.get("format") or {"type": "text"},
            "verbosity": text.get("verbosity") or "medium",
        },
        "usage": drawn.usage,
    }


def _echoed_tool(tool: dict[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": True, **tool}


def _items(put: Put, drawn: Drawn) -> list[Item]:
    answer = drawn.answer
    items: list[Item] = []
    if answer.text:
        items.append(_message(put, drawn))
    items += [_call(call, drawn, at) for at, call in enumerate(answer.calls)]
    if answer.thinking:
        items.insert(0, _reasoning(put, drawn, items[0] if items else {}))
    return items


def _reasoning(put: Put, drawn: Drawn, following: Item) -> Item:
    thought = "".join(drawn.answer.thinking)
    shown = (put.body.get("reasoning") or {}).get("summary") is not None
    item: Item = {
        "id": "rs_" + ident(drawn.seed, "reasoning", 32, lower=True),
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": thought}] if shown else [],
    }
    if ENCRYPTED in (put.body.get("include") or ()):
        item["encrypted_content"] = put.seal(seal_text(thought, following))
    return item


def _message(put: Put, drawn: Drawn) -> Item:
    answer = drawn.answer
    text = "".join(answer.text)
    likely = LIKELY in (put.body.get("include") or ())
    part: dict[str, Any] = {
        "type": "output_text",
        "annotations": [],
        "logprobs": logprobs(answer.text, put.body.get("top_logprobs") or 0) if likely else [],
        "text": text,
    }
    if answer.stop == "refusal":
        part = {"type": "refusal", "refusal": text}
    return {
        "id": "msg_" + ident(drawn.seed, "message", 32, lower=True),
        "type": "message",
        "status": "incomplete" if answer.stop == "limit" else "completed",
        "content": [part],
        "role": "assistant",
    }


def _call(call: Call, drawn: Drawn, at: int) -> Item:
    call_id = "call_" + ident(drawn.seed, f"call {at}", 24)
    if call.name in drawn.custom:
        kind, said = "custom_tool_call", {"input": input_of(call)}
    else:
        kind = "function_call"
        said = {"arguments": msgspec.json.encode(call.arguments).decode()}
    space = drawn.spaces.get(call.name)
    return {
        "id": _PREFIXES[kind] + ident(drawn.seed, f"item {at}", 32, lower=True),
        "type": kind,
        "status": "completed",
        **said,
        "call_id": call_id,
        "name": call.name,
        **({} if space is None else {"namespace": space}),
    }


def with_ids(items: list[Item], seed: bytes) -> list[Item]:
    """The items of an input as they are stored: with ids, and messages with parts."""
    return [_stored(item, seed, at) for at, item in enumerate(items)]


def _stored(item: Item, seed: bytes, at: int) -> Item:
    kind = str(item.get("type") or "message")
    named = ident(seed, f"input {at}", 32, lower=True)
    made = {**item, "type": kind, "id": item.get("id") or _PREFIXES.get(kind, "item_") + named}
    if kind == "message":
        content = item.get("content")
        if isinstance(content, str):
            part = "output_text" if item.get("role") == "assistant" else "input_text"
            extra: dict[str, Any] = {"annotations": []} if part == "output_text" else {}
            made["content"] = [{"type": part, "text": content, **extra}]
    if kind != "reasoning":
        made["status"] = item.get("status") or "completed"
    return made
