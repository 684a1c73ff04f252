"""From a chat completion request to what is asked. The request is in order by then."""

from collections.abc import Iterator
from typing import Any

from fairlead.emulator.answer.ask import Ask, Media, Tool, ToolResult
from fairlead.emulator.faces.openai.custom import FREE_TEXT
from fairlead.emulator.faces.openai.efforts import budget_of
from fairlead.emulator.json_value import JsonValue

__all__ = ["ask_of", "media_of"]


def ask_of(body: dict[str, Any], model: str) -> Ask:
    """What a request asks."""
    ask = Ask(model)
    most = body.get("max_completion_tokens")
    ask.max_tokens = body.get("max_tokens") if most is None else most
    stop = body.get("stop") or ()
    ask.stop = (stop,) if isinstance(stop, str) else tuple(stop)
    ask.budget = budget_of(model, body.get("reasoning_effort"))
    legacy = not body.get("tools") and bool(body.get("functions"))
    ask.parallel = body.get("parallel_tool_calls") is not False and not legacy
    ask.tools = list(_tools(body))
    _read_choice(body.get("function_call") if legacy else body.get("tool_choice"), ask)
    _read_format(body.get("response_format"), ask)
    _read_messages(body["messages"], ask)
    return ask


def _tools(body: dict[str, Any]) -> Iterator[Tool]:
    for tool in body.get("tools") or ():
        if tool["type"] == "custom":
            yield Tool(tool["custom"]["name"], FREE_TEXT)
        else:
            yield Tool(tool["function"]["name"], tool["function"].get("parameters"))
    for function in body.get("functions") or ():
        yield Tool(function["name"], function.get("parameters"))


def _read_choice(choice: JsonValue, ask: Ask) -> None:
    if isinstance(choice, str):
        ask.choice = {"required": "any", "none": "none"}.get(choice, "auto")
        return
    if not isinstance(choice, dict):
        return
    allowed = choice.get("allowed_tools")
    if isinstance(allowed, dict):
        ask.choice = "any" if allowed.get("mode") == "required" else "auto"
        listed = [tool.get(tool.get("type")) or tool for tool in allowed.get("tools") or ()]
        ask.allowed = tuple(str(one.get("name")) for one in listed)
        return
    named = choice.get("function") or choice.get("custom") or choice
    ask.choice = "any"
    ask.allowed = (str(named.get("name")),)


def _read_format(wanted: JsonValue, ask: Ask) -> None:
    if not isinstance(wanted, dict):
        return
    if wanted.get("type") == "json_object":
        ask.json = "object"
    elif wanted.get("type") == "json_schema" and isinstance(wanted.get("json_schema"), dict):
        ask.json, ask.schema = "schema", wanted["json_schema"].get("schema")


def _read_messages(messages: list[dict[str, Any]], ask: Ask) -> None:
    names: dict[str, str] = {}
    ask.turns = len(messages)
    for message in messages:
        role = message["role"]
        said = _texts(message.get("content"), ask)
        if role == "user":
            ask.text = said or ask.text  # and results before it, since the last answer, still count
        elif role == "assistant":
            ask.results = []
            for call in message.get("tool_calls") or ():
                inner = call.get("function") or call.get("custom") or {}
                names[str(call.get("id"))] = str(inner.get("name"))
        elif role == "tool":
            name = names.get(str(message.get("tool_call_id")), "unknown")
            ask.results.append(ToolResult(name, said))
        elif role == "function":
            ask.results.append(ToolResult(str(message.get("name")), said))


def _texts(content: JsonValue, ask: Ask) -> str:
    if isinstance(content, str):
        return content
    said: list[str] = []
    for part in content if isinstance(content, list) else ():
        if part.get("type") == "text":
            said.append(str(part.get("text", "")))
        elif part.get("type") in _DEFAULT_MIMES:
            ask.media.append(media_of(part))
    return "\n".join(said)


_DEFAULT_MIMES = {
    "image_url": "image/*",
    "input_image": "image/*",
    "input_audio": "audio/*",
    "file": "application/pdf",
    "input_file": "application/pdf",
}


def media_of(part: dict[str, Any]) -> Media:
    """A picture, a sound or a file of either API: by its data URL, or by reference."""
    kind = str(part["type"])
    mime = _DEFAULT_MIMES[kind]
    inner = part.get("image_url") or part.get("file") or part.get("input_audio") or part
    if kind == "input_audio" and isinstance(inner, dict):
        return Media(f"audio/{inner.get('format', '*')}", _size(str(inner.get("data", ""))))
    data = inner if isinstance(inner, str) else inner.get("url") or inner.get("file_data")
    if not isinstance(data, str) or not data.startswith("data:"):
        return Media(mime)
    head, _, encoded = data.partition(",")
    return Media(head.removeprefix("data:").partition(";")[0] or mime, _size(encoded))


def _size(encoded: str) -> int:
    return len(encoded) * 3 // 4 - encoded[-2:].count("=")
