"""Puts a recorded stream together with no demand on it: vendors send what no SDK expects."""

import json
from collections.abc import Callable
from typing import Any

from tests.acceptance.conformance.streams import Broken, events, gemini

__all__ = ["WHOLE"]

Json = Any


def chat(data: bytes) -> Json:
    """A chat completion out of chunks; those without an index of their own count as the last."""
    whole: Json = {}
    choices: dict[int, Json] = {}
    for _, text in events(data):
        if text == "[DONE]":
            continue
        chunk = json.loads(text)
        if chunk.get("error"):
            raise Broken(f"error: {chunk['error']}")
        whole["usage"] = chunk.get("usage") or _groq(chunk) or whole.get("usage")
        for choice in chunk.get("choices") or ():
            index = choice.get("index") or 0
            known = choices.setdefault(index, {"message": {"tool_calls": []}})
            if choice.get("finish_reason"):
                known["finish_reason"] = choice["finish_reason"]
            _delta(choice.get("delta") or {}, known["message"])
    whole["choices"] = [choices[index] for index in sorted(choices)]
    return whole


def _groq(chunk: Json) -> Json:
    return (chunk.get("x_groq") or {}).get("usage")


def _delta(delta: Json, message: Json) -> None:
    for key in ("content", "reasoning_content", "reasoning", "refusal"):
        value = delta.get(key)
        if isinstance(value, str):
            old = message.get(key)
            if isinstance(old, list):
                old.append({"type": "text", "text": value})
            else:
                message[key] = (old or "") + value
        elif isinstance(value, list):
            old = message.get(key) or []
            message[key] = [{"type": "text", "text": old}] if isinstance(old, str) else old
            message[key] += value
    legacy = delta.get("function_call")
    if legacy:
        known = message.setdefault("function_call", {"name": "", "arguments": ""})
        known["name"] += legacy.get("name") or ""
        known["arguments"] += legacy.get("arguments") or ""
    audio = delta.get("audio")
    if audio and audio.get("data"):
        message.setdefault("audio", {"data": ""})["data"] += audio["data"]
    for call in delta.get("tool_calls") or ():
        _call(call, message["tool_calls"])


def _call(call: Json, calls: list[Json]) -> None:
    index = call.get("index")
    known = next((each for each in calls if each["index"] == index), None)
    function = call.get("function") or {}
    if known is None or (call.get("id") and known["id"] and call["id"] != known["id"]):
        known = {"index": index, "id": call.get("id"), "function": {"name": "", "arguments": ""}}
        calls.append(known)
    known["id"] = known["id"] or call.get("id")
    known["function"]["name"] = known["function"]["name"] or function.get("name") or ""
    known["function"]["arguments"] += function.get("arguments") or ""


def anthropic(data: bytes) -> Json:
    """A message out of its events; usage is cumulative, the last word counts."""
    whole: Json = {"content": []}
    blocks: dict[int, Json] = {}
    for _, text in events(data):
        event = json.loads(text)
        kind = event["type"]
        if kind == "error":
            raise Broken(f"error: {event['error']}")
        if kind == "message_start":
            if "role" in whole:
                raise Broken("two messages in one stream")
            whole = {**event["message"], "content": []}
        elif kind == "content_block_start":
            blocks[event["index"]] = {**event["content_block"], "json": ""}
        elif kind == "content_block_delta":
            _anthropic_delta(event["delta"], blocks[event["index"]])
        elif kind == "message_delta":
            whole.update({k: v for k, v in event["delta"].items() if v is not None})
            told = {k: v for k, v in (event.get("usage") or {}).items() if v is not None}
            whole["usage"] = {**(whole.get("usage") or {}), **told}
    for index in sorted(blocks):
        block = blocks[index]
        if block["json"]:
            block["input"] = block["json"]
        del block["json"]
        whole["content"].append(block)
    return whole


def _anthropic_delta(delta: Json, block: Json) -> None:
    for key, field in (("text", "text"), ("thinking", "thinking"), ("partial_json", "json")):
        if key in delta:
            block[field] = (block.get(field) or "") + delta[key]


def any_gemini(data: bytes) -> Json:
    """An answer out of server-sent events, or out of the JSON array of streams without them."""
    if data.lstrip().startswith(b"["):
        each = json.loads(data)
        data = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in each)
    whole = gemini(data)
    for candidate in whole.get("candidates") or ():
        if "finishReason" not in candidate:
            raise Broken("a candidate has no end")
        content = candidate["content"]
        content["parts"] = _joined(content["parts"])
    return whole


def _joined(parts: list[Json]) -> list[Json]:
    """Calls that came in pieces (`streamFunctionCallArguments`) as whole ones."""
    found: list[Json] = []
    open_: Json = None
    for part in parts:
        call = part.get("functionCall")
        if open_ is not None and call is not None and "name" not in call:
            for piece in call.get("partialArgs") or ():
                key = piece["jsonPath"].removeprefix("$.")
                value = next(v for k, v in piece.items() if k.endswith("Value"))
                old = open_["args"].get(key)
                open_["args"][key] = old + value if isinstance(old, str) else value
            continue
        if call is not None and call.get("willContinue"):
            open_ = {"name": call["name"], "args": {}}
            found.append({**part, "functionCall": open_})
        else:
            found.append(part)
    return found


def responses(data: bytes) -> Json:
    """The response that the last event holds."""
    final: Json = None
    items: list[Json] = []
    for _, text in events(data):
        if text == "[DONE]":
            continue
        event = json.loads(text)
        if event["type"] == "error":
            raise Broken(f"error: {event}")
        if event["type"] == "response.created" and final is not None:
            raise Broken("two responses in one stream")
        if event["type"] == "response.output_item.done":
            items.append(event["item"])
        final = event.get("response") or final
    if final is None:
        raise Broken("no response in it")
    # One recorded `response.completed` holds the last item only.
    return {**final, "output": max(final.get("output") or [], items, key=len)}


WHOLE: dict[str, Callable[[bytes], Json]] = {
    "openai_chat": chat,
    "anthropic": anthropic,
    "gemini": any_gemini,
    "openai_responses": responses,
}
