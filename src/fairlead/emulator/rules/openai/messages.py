"""The messages of a chat completion: roles, and every call with its result."""

from typing import Any

from fairlead.emulator.rules.openai.limits import empty
from fairlead.emulator.rules.openai.request import Request, refuse
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["contents", "pairing", "roles"]

Message = dict[str, Any]


def roles(request: Request) -> Rejection | None:
    """At least one message; some models take no system messages [R]."""
    messages: list[Message] = request.body["messages"]
    if not messages:
        return empty("messages")
    for index, message in enumerate(messages):
        if message["role"] in request.facts.refused_roles:
            where = f"messages[{index}].role"
            return refuse(
                f"Unsupported value: '{where}' does not support '{message['role']}' with this "
                "model.",
                where,
                "unsupported_value",
            )
    return None


def contents(request: Request) -> Rejection | None:
    """Content may be null only beside calls, a refusal or sound [O]."""
    for index, message in enumerate(request.body["messages"]):
        if message.get("content") is not None:
            continue
        beside = ("tool_calls", "function_call", "refusal", "audio")
        if message["role"] == "assistant" and any(message.get(key) for key in beside):
            continue
        where = f"messages[{index}].content" if message["role"] != "function" else ""
        if where:
            return refuse(
                f"Invalid value for 'content': expected a string, got null. (at {where})",
                f"messages.[{index}].content",
            )
    return None


def pairing(request: Request) -> Rejection | None:
    """Results directly behind the calls that they answer, one for each [O]."""
    messages: list[Message] = request.body["messages"]
    open_calls: list[str] = []
    asked_at = 0
    for index, message in enumerate(messages):
        role = message["role"]
        if role == "tool":
            found = _result(message, open_calls, index)
            if found is not None:
                return found
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            return _unanswered(open_calls, asked_at)
        asked_at = index
        open_calls = [str(call.get("id")) for call in message.get("tool_calls") or ()]
        if role == "assistant" and message.get("tool_calls") == []:
            return empty(f"messages[{index}].tool_calls")
    return _unanswered(open_calls, asked_at) if open_calls else None


def _result(message: Message, open_calls: list[str], index: int) -> Rejection | None:
    if message["tool_call_id"] in open_calls:
        return None
    if open_calls:
        return refuse(
            f"Invalid parameter: 'tool_call_id' of '{message['tool_call_id']}' not found in "
            "'tool_calls' of previous message.",
            f"messages.[{index}].tool_call_id",
        )
    return refuse(
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
        "with 'tool_calls'.",
        f"messages.[{index}].role",
    )


def _unanswered(calls: list[str], index: int) -> Rejection:
    return refuse(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
        + ", ".join(calls),
        f"messages.[{index + 1}].role",
    )
