"""Vendors that think and sign: what they answer, in their own JSON, from a plan of words.

A plan is a list of `think`, `sealed` (a thought without readable text), `text` and `call`. What a
vendor has signed stays in its `Issued`, each signature with the part that it came in.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.contract.vendor_rules import (
    Issued,
    Json,
    check_anthropic,
    check_chat,
    check_gemini,
    check_responses,
    follower,
    signed_as,
    text_of,
)


@dataclass
class Answer:
    """One answer: its bytes, and its parts in the vendor's own JSON."""

    dialect: str
    body: bytes
    parts: list[Json]


class Vendor:
    """One model of a vendor. Models of one vendor take each other's signatures (`issued`)."""

    def __init__(self, name: str, dialect: str, model: str, issued: Issued) -> None:
        self.name = name
        self.dialect = dialect
        self.model = model
        self.issued = issued

    def next(self) -> int:
        """A number that the vendor gives once."""
        self.issued.count += 1
        return self.issued.count

    def seal(self) -> str:
        """A signature: base64, so that it is found in any JSON as it is."""
        return base64.b64encode(self._words().encode()).decode()

    def _words(self) -> str:
        return f"{self.dialect} signed number {self.next():05d} for {self.issued.account}"

    def check(self, body: Json) -> None:
        """The vendor's 400, as an AssertionError."""
        CHECKS[self.name](body, self.issued)

    def answer(self, plan: list[str], words: str, *, thinks: bool) -> Answer:
        """Answer as planned, with thoughts only if the request lets it think."""
        plan = [step for step in plan if thinks or step not in ("think", "sealed")]
        if "call" in plan:  # models call last, and think before they say or call something
            plan = plan[: len(plan) - plan[::-1].index("call")]
        if not plan or plan[-1] in ("think", "sealed"):
            plan = [*plan, "text"]
        if thinks and plan[0] not in ("think", "sealed"):
            plan = ["think", *plan]  # as Claude always does, where it thinks at all
        return ANSWERS[self.dialect](self, plan, words)


def _anthropic(vendor: Vendor, plan: list[str], words: str) -> Answer:
    blocks: list[Json] = []
    for step in plan:
        number = vendor.next()
        if step == "think":
            thought, seal = f"thinking of {number}", vendor.seal()
            vendor.issued.parts[seal] = thought
            blocks.append({"type": "thinking", "thinking": thought, "signature": seal})
        elif step == "sealed":
            seal = vendor.seal()
            vendor.issued.parts[seal] = ""
            blocks.append({"type": "redacted_thinking", "data": seal})
        elif step == "text":
            if not blocks or blocks[-1]["type"] != "text":
                blocks.append({"type": "text", "text": words})
        else:
            call = {
                "type": "tool_use",
                "id": f"toolu_{number}",
                "name": "look",
                "input": {"n": number},
            }
            blocks.append(call)
    calls = any(block["type"] == "tool_use" for block in blocks)
    body = {
        "id": f"msg_{vendor.next()}", "type": "message", "role": "assistant", "model": vendor.model,
        "content": blocks, "stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 10},
    }  # fmt: skip
    return Answer(vendor.dialect, json.dumps(body).encode(), blocks)


def _gemini(vendor: Vendor, plan: list[str], words: str) -> Answer:
    parts: list[Json] = []
    called = False
    for step in plan:
        number = vendor.next()
        if step == "think":
            parts.append({"text": f"thinking of {number}", "thought": True})
        elif step == "text":
            if not parts or "text" not in parts[-1] or parts[-1].get("thought"):
                parts.append({"text": words})
        elif step == "sealed":  # a signature on nothing, as at the end of an answer
            if parts and "text" in parts[-1] and not parts[-1].get("thought"):
                parts.append({"text": "", "thoughtSignature": vendor.seal()})
        else:
            call: Json = {"functionCall": {"name": "look", "args": {"n": number}}}
            if vendor.model.startswith("gemini-3"):
                call["functionCall"]["id"] = f"fc{number}"
            if not called:  # only the first of parallel calls is signed
                call["thoughtSignature"] = vendor.seal()
            called = True
            parts.append(call)
    last = parts[-1]
    if not called and "thoughtSignature" not in last and not last.get("thought"):
        last["thoughtSignature"] = vendor.seal()
    for part in parts:
        if seal := part.get("thoughtSignature"):
            vendor.issued.parts[seal] = signed_as(part)
    body = {
        "candidates": [
            {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
        "modelVersion": vendor.model, "responseId": f"r{vendor.next()}",
    }  # fmt: skip
    return Answer(vendor.dialect, json.dumps(body).encode(), parts)


def _chat(vendor: Vendor, plan: list[str], words: str) -> Answer:
    message: Json = {"role": "assistant", "content": words if "text" in plan else None}
    calls = [
        {
            "id": f"call_{vendor.next()}", "type": "function",
            "function": {"name": "look", "arguments": json.dumps({"n": number})},
        }
        for number, step in enumerate(plan) if step == "call"
    ]  # fmt: skip
    if calls:
        message["tool_calls"] = calls
    elif message["content"] is None:
        message["content"] = words
    body = {
        "id": f"chatcmpl-{vendor.next()}", "object": "chat.completion", "created": 1,
        "model": vendor.model,
        "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }  # fmt: skip
    return Answer(vendor.dialect, json.dumps(body).encode(), [message])


def _responses(vendor: Vendor, plan: list[str], words: str) -> Answer:
    items: list[Json] = []
    for step in plan:
        number = vendor.next()
        if step in ("think", "sealed"):
            told = [{"type": "summary_text", "text": f"thinking of {number}"}]
            item: Json = {
                "type": "reasoning", "id": f"rs_{number}",
                "summary": told if step == "think" else [], "encrypted_content": vendor.seal(),
            }  # fmt: skip
        elif step == "text":
            if items and items[-1]["type"] == "message":
                continue
            piece = {"type": "output_text", "text": words, "annotations": []}
            item = {
                "type": "message", "id": f"msg_{number}", "role": "assistant",
                "status": "completed", "content": [piece],
            }  # fmt: skip
        else:
            item = {
                "type": "function_call", "id": f"fc_{number}", "call_id": f"call_r{number}",
                "name": "look", "arguments": json.dumps({"n": number}), "status": "completed",
            }  # fmt: skip
        items.append(item)
    for at, item in enumerate(items):
        if item["type"] == "reasoning":
            vendor.issued.parts[item["encrypted_content"]] = text_of(item)
            vendor.issued.followers[item["encrypted_content"]] = follower(items[at + 1])
    body = {
        "id": f"resp_{vendor.next()}", "object": "response", "created_at": 1, "status": "completed",
        "model": vendor.model, "output": items, "error": None, "incomplete_details": None,
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    }  # fmt: skip
    return Answer(vendor.dialect, json.dumps(body).encode(), items)


ANSWERS: dict[str, Callable[[Vendor, list[str], str], Answer]] = {
    "anthropic": _anthropic,
    "gemini": _gemini,
    "openai_chat": _chat,
    "openai_responses": _responses,
}

CHECKS: dict[str, Callable[[Json, Issued], None]] = {
    "claude": check_anthropic,
    "flash": lambda body, issued: check_gemini(body, issued, strict=False),
    "flash3": lambda body, issued: check_gemini(body, issued, strict=True),
    "gpt": check_chat,
    "o": check_responses,
}

VENDORS: dict[str, tuple[str, str]] = {
    "claude": ("anthropic", "claude-haiku-4-5-20251001"),
    "flash": ("gemini", "gemini-2.5-flash"),
    "flash3": ("gemini", "gemini-3.8-flash"),
    "gpt": ("openai_chat", "gpt-of-the-users-own"),
    "o": ("openai_responses", "gpt-of-the-users-own"),
}
"""Name: dialect and model."""
