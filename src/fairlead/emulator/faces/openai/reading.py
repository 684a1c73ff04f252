"""From a chat completion request to what is asked, and light checks of it."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fairlead.emulator.answer.ask import Ask, Media, Tool, ToolResult
from fairlead.emulator.faces.face import Trouble
from fairlead.emulator.json_value import JsonValue

__all__ = ["ask_of", "trouble_of"]

_EMPTY = "Invalid 'messages': empty array. Expected an array with minimum length 1."


class _Function(Struct):
    name: str


class _Tool(Struct):
    type: str
    function: _Function | None = None


class _Called(Struct):
    id: str
    function: _Function | None = None


class _Message(Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[_Called] | None = None
    tool_call_id: str | None = None


class _Request(Struct):
    model: Annotated[str, Meta(min_length=1)]
    messages: list[_Message]
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=0)] | None = None
    stop: str | list[str] | None = None
    tools: list[_Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    reasoning_effort: str | None = None
    stream_options: dict[str, Any] | None = None
    stream: bool | None = None
    n: int | None = None


def trouble_of(body: JsonValue) -> Trouble | None:
    """What is plainly wrong with a request: the types of what is read here, and no more."""
    try:
        request = msgspec.convert(body, _Request)
    except msgspec.ValidationError as error:
        return Trouble(400, f"Invalid request: {error}")
    return None if request.messages else Trouble(400, _EMPTY)


def ask_of(body: dict[str, Any], model: str) -> Ask:
    """What a request asks."""
    ask = Ask(model)
    most = body.get("max_completion_tokens")
    ask.max_tokens = body.get("max_tokens") if most is None else most
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
