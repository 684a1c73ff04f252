"""From a chat completion request to what is asked, and light checks of it."""

from typing import Any

from fairlead.emulator.answer.ask import Ask, Media, Tool, ToolResult
from fairlead.emulator.faces.face import Trouble
from fairlead.emulator.json_value import JsonValue

__all__ = ["ask_of", "trouble_of"]

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def trouble_of(body: dict[str, Any]) -> Trouble | None:
    """What is plainly wrong with a request."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        return Trouble(400, "you must provide a model parameter")
    messages = body.get("messages")
    if not isinstance(messages, list):
        return Trouble(400, "Missing required parameter: 'messages'.")
    if not messages:
        return Trouble(
            400, "Invalid 'messages': empty array. Expected an array with minimum length 1."
        )
    for at, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            return Trouble(400, f"Invalid value for 'messages[{at}].role': {role!r}.")
    return None


def ask_of(body: dict[str, Any], model: str) -> Ask:
    """What a request asks."""
    ask = Ask(model)
    ask.max_tokens = body.get("max_completion_tokens") or body.get("max_tokens")
    stop = body.get("stop") or ()
    ask.stop = (stop,) if isinstance(stop, str) else tuple(stop)
    effort = body.get("reasoning_effort")
    ask.budget = 0 if effort in (None, "none") else None
    ask.parallel = body.get("parallel_tool_calls") is not False
    for tool in body.get("tools") or ():
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict):
            ask.tools.append(Tool(str(function.get("name")), function.get("parameters")))
    _read_choice(body.get("tool_choice"), ask)
    _read_format(body.get("response_format"), ask)
    _read_messages(body["messages"], ask)
    return ask


def _read_choice(choice: JsonValue, ask: Ask) -> None:
    if isinstance(choice, str):
        ask.choice = {"required": "any", "none": "none"}.get(choice, "auto")
    elif isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        ask.choice = "any"
        ask.allowed = (str(choice["function"].get("name")),)


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
        content = message.get("content")
        said = _texts(content, ask)
        if message["role"] == "user":
            ask.text, ask.results = said, []
        elif message["role"] == "assistant":
            ask.results = []
            for call in message.get("tool_calls") or ():
                function = call.get("function") or {}
                names[str(call.get("id"))] = str(function.get("name"))
        elif message["role"] == "tool":
            name = names.get(str(message.get("tool_call_id")), "unknown")
            ask.results.append(ToolResult(name, said))


def _texts(content: JsonValue, ask: Ask) -> str:
    if isinstance(content, str):
        return content
    said: list[str] = []
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict):
            continue
        if part.get("type") == "text":
            said.append(str(part.get("text", "")))
        elif "type" in part:
            ask.media.append(Media(str(part["type"])))
    return "\n".join(said)
