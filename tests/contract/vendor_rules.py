"""What vendors ask of a conversation, checked on the bytes that would be sent to them.

Independent of the encoders: each checker reads the vendor's own JSON and knows the rules from the
vendors' words alone, which are quoted. `issued` is what the vendor has signed, as it stood.
"""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

DUMMY = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="


@dataclass
class Issued:
    """What one vendor has signed so far: the part that each signature came with, as a text."""

    account: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    followers: dict[str, str] = field(default_factory=dict)
    count: int = 0
    placed: bool = True  # whether the client can say where a thought stood


class Refused(AssertionError):
    """The vendor would answer 400."""


def need(holds: object, rule: str, what: object) -> None:
    if not holds:
        raise Refused(f"{rule}: {what}")


# ---- Anthropic -----------------------------------------------------------------------------------

THINKING = ("thinking", "redacted_thinking")


def blocks_of(message: Json) -> list[Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def check_anthropic(body: Json, issued: Issued) -> None:
    messages = body["messages"]
    need(messages and messages[0]["role"] == "user", "first message must be the user's", messages)
    seen: set[str] = set()
    open_calls: list[str] = []
    for message in messages:
        blocks = blocks_of(message)
        need(blocks, "all messages must have non-empty content", message)
        if message["role"] == "user":
            results = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
            first = [b["type"] for b in blocks[: len(results)]]
            need(set(first) <= {"tool_result"}, "tool_result blocks come first", blocks)
            rule = "`tool_use` ids were found without `tool_result` blocks immediately after"
            need(sorted(results) == sorted(open_calls), rule, (open_calls, results))
            open_calls = []
        else:
            need(not open_calls, "`tool_use` without `tool_result` in the next message", message)
            need(blocks[-1]["type"] not in THINKING, "The final block cannot be `thinking`", blocks)
            open_calls = [b["id"] for b in blocks if b["type"] == "tool_use"]
            for id_ in open_calls:
                need(id_ not in seen, "`tool_use` ids must be unique", id_)
                seen.add(id_)
        _check_thoughts(blocks, issued)
    need(not open_calls, "`tool_use` without `tool_result`", open_calls)
    need(messages[-1]["role"] == "user", "does not support assistant message prefill", messages[-1])
    if body.get("thinking", {}).get("type") == "enabled":
        _check_loop(messages)


def _check_thoughts(blocks: list[Json], issued: Issued) -> None:
    for block in blocks:
        if block["type"] == "thinking":
            told = issued.parts.get(block["signature"])
            need(told == block["thinking"], "Invalid `signature` in `thinking` block", block)
        elif block["type"] == "redacted_thinking":
            need(block["data"] in issued.parts, "Invalid `data` in `redacted_thinking`", block)


def _check_loop(messages: list[Json]) -> None:
    """ "When `thinking` is enabled, a final `assistant` message must start with a thinking block
    (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."
    """
    first = None
    for message in reversed(messages):
        blocks = blocks_of(message)
        if message["role"] == "user" and blocks[0]["type"] != "tool_result":
            break
        if message["role"] == "assistant":
            first = blocks
    if first is not None:
        rule = "Expected `thinking` or `redacted_thinking`, but found something else"
        need(first[0]["type"] in THINKING, rule, first)


# ---- Gemini --------------------------------------------------------------------------------------


def signed_as(part: Json) -> str:
    """What of a part a signature vouches for."""
    if "functionCall" in part:
        return f"call {part['functionCall']['name']} {sorted(part['functionCall']['args'].items())}"
    return f"text {part.get('text')}"


def joined(contents: list[Json]) -> list[Json]:
    """Contents of the model's in a row are one turn (Gemini CLI sends one for each call)."""
    turns: list[Json] = []
    for content in contents:
        if turns and content["role"] == "model" == turns[-1]["role"]:
            turns[-1] = {"role": "model", "parts": turns[-1]["parts"] + content["parts"]}
        else:
            turns.append(content)
    return turns


def check_gemini(body: Json, issued: Issued, *, strict: bool) -> None:
    contents = joined(body["contents"])
    need(contents and contents[0]["role"] == "user", "the first turn is the user's", contents)
    calls: list[str] = []
    for at, content in enumerate(contents):
        parts = content["parts"]
        need(content["role"] in ("user", "model"), "Please use a valid role: user, model.", content)
        need(parts, "must include at least one parts field", content)
        results = [p["functionResponse"]["name"] for p in parts if "functionResponse" in p]
        rule = "the number of function response parts is equal to the number of function call parts"
        need(sorted(results) == sorted(calls), rule, (at, calls, results))
        if results:
            need(len(results) == len(parts), "responses stand in a Content of their own", parts)
        calls = [p["functionCall"]["name"] for p in parts if "functionCall" in p]
        need(not calls or content["role"] == "model", "calls are the model's", content)
        _check_signatures(parts, issued, strict=strict)
    need(not calls, "function call turn comes before a function response turn", contents[-1])
    need(contents[-1]["role"] == "user", "the last turn is the user's", contents[-1])


def _check_signatures(parts: list[Json], issued: Issued, *, strict: bool) -> None:
    calls = 0
    for part in parts:
        signature = part.get("thoughtSignature")
        is_call = "functionCall" in part
        if strict and is_call and calls == 0:
            need(signature, "Function call is missing a thought_signature in functionCall", part)
        if signature is not None and not (signature == DUMMY and is_call):
            told = issued.parts.get(signature)
            # Of texts' signatures the vendor says that they should come back, and checks no place.
            valid = told == signed_as(part) if is_call else told is not None
            need(valid, "Thought signature is not valid", (part, told))
        calls += is_call


# ---- OpenAI --------------------------------------------------------------------------------------


def check_chat(body: Json, issued: Issued) -> None:
    del issued  # nothing is signed in this dialect
    open_calls: list[str] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            rule = "messages with role 'tool' must be a response to a preceding message"
            need(message["tool_call_id"] in open_calls, rule, message)
            open_calls.remove(message["tool_call_id"])
            continue
        need(not open_calls, "tool_call_ids did not have response messages", open_calls)
        open_calls = [call["id"] for call in message.get("tool_calls") or []]
        need(len(set(open_calls)) == len(open_calls), "Duplicate value for 'tool_call_id'", message)
        if message["role"] == "assistant":
            told = message.get("content") is not None or open_calls
            need(told, "content is required unless tool_calls is specified", message)
    need(not open_calls, "tool_call_ids did not have response messages", open_calls)


def check_responses(body: Json, issued: Issued) -> None:
    items = body["input"]
    calls = [i["call_id"] for i in items if i.get("type") == "function_call"]
    outputs = [i["call_id"] for i in items if i.get("type") == "function_call_output"]
    need(
        sorted(calls) == sorted(outputs), "No tool output found for function call", (calls, outputs)
    )
    for at, item in enumerate(items):
        if item.get("type") == "function_call_output":
            before = [i.get("call_id") for i in items[:at] if i.get("type") == "function_call"]
            need(item["call_id"] in before, "No tool call found for function call output", item)
        if item.get("type") != "reasoning":
            continue
        sealed = item.get("encrypted_content")
        need(sealed in issued.parts, "Item not found: encrypted content is not ours", item)
        need(issued.parts[sealed] == text_of(item), "reasoning items go back unmodified", item)
        rule = "was provided without its required following item"
        need(at + 1 < len(items), rule, item)
        if issued.placed:
            need(issued.followers[sealed] == follower(items[at + 1]), rule, (item, items[at + 1]))


def text_of(item: Json) -> str:
    return "|".join(piece["text"] for piece in item.get("summary") or [])


def follower(item: Json) -> str:
    """What tells an item behind a reasoning item from others."""
    if item.get("type") == "reasoning":
        return f"reasoning {item.get('encrypted_content')}"
    if item.get("type") == "function_call":
        return f"call {item['call_id']}"
    content = item.get("content")
    if isinstance(content, list):
        content = "".join(piece.get("text", "") for piece in content)
    return f"message {content}"
