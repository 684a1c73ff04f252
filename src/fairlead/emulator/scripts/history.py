"""A conversation as a script looks at it, read from any dialect's request.

The requests are in order by the time they get here, or were looked at lightly (OpenAI's): what has
another shape is passed over.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from fairlead.emulator.faces.face import field, items
from fairlead.emulator.json_value import JsonValue

__all__ = ["Event", "History", "Offered", "history_of"]


class Offered(Struct, frozen=True):
    """A tool that the request offers; `schema` is that of its arguments, where it states one."""

    name: str
    schema: JsonValue = None


class Event(Struct, frozen=True):
    """Something that happened: the user spoke, the model called the tool `text`, a result came, or
    the model said something and called nothing.
    """

    kind: Literal["user", "call", "result", "said"]
    text: str
    ident: str = ""


class History(Struct):
    """A conversation so far."""

    system: list[str] = []
    events: list[Event] = []
    tools: list[Offered] = []


def history_of(body: dict[str, Any]) -> History:
    """Read a request. The dialects are told apart by the field that holds the conversation."""
    history = History()
    if "contents" in body:
        _gemini(body, history)
    elif "input" in body:
        _responses(body, history)
    else:
        _messages(body, history)
    return history


def _dicts(value: JsonValue) -> Iterator[dict[str, Any]]:
    for one in items(value):
        if isinstance(one, dict):
            yield one


def _texts(content: JsonValue) -> list[str]:
    """The texts of a content: a string, or parts that have a `text`."""
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in _dicts(content) if isinstance(part.get("text"), str)]


def _result_text(content: JsonValue) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(_texts(content)) or msgspec.json.encode(content).decode()


# A custom tool takes a text; scripts call it with that text as `input`.
_FREE_TEXT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}

# -- Anthropic and OpenAI chat: `messages` ---------------------------------------------------------


def _messages(body: dict[str, Any], history: History) -> None:
    history.system += _texts(body.get("system"))
    for message in _dicts(body.get("messages")):
        read = _ROLES.get(str(message.get("role")))
        if read is not None:
            read(message, history)
    for tool in _dicts(body.get("tools")):
        inner = tool.get("function") or tool.get("custom") or tool
        if isinstance(inner, dict) and isinstance(inner.get("name"), str):
            schema = inner.get("input_schema") or inner.get("parameters")
            free = inner is tool.get("custom")
            history.tools.append(Offered(inner["name"], _FREE_TEXT if free else schema))


def _system(message: dict[str, Any], history: History) -> None:
    history.system += _texts(message.get("content"))


def _user(message: dict[str, Any], history: History) -> None:
    content = message.get("content")
    for part in _dicts(content):
        if part.get("type") == "tool_result":
            text = _result_text(part.get("content"))
            history.events.append(Event("result", text, str(part.get("tool_use_id"))))
    if said := _texts(content):
        history.events.append(Event("user", "\n".join(said)))


def _assistant(message: dict[str, Any], history: History) -> None:
    before = len(history.events)
    for part in _dicts(message.get("content")):
        if part.get("type") == "tool_use":
            history.events.append(Event("call", str(part.get("name")), str(part.get("id"))))
    for call in _dicts(message.get("tool_calls")):
        inner = call.get("function") or call.get("custom") or {}
        history.events.append(Event("call", str(inner.get("name")), str(call.get("id"))))
    if len(history.events) == before:
        history.events.append(Event("said", "\n".join(_texts(message.get("content")))))


def _tool(message: dict[str, Any], history: History) -> None:
    text = _result_text(message.get("content"))
    history.events.append(Event("result", text, str(message.get("tool_call_id"))))


_ROLES: dict[str, Callable[[dict[str, Any], History], None]] = {
    "system": _system,
    "developer": _system,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool,
}

# -- OpenAI responses: `input` ---------------------------------------------------------------------


def _responses(body: dict[str, Any], history: History) -> None:
    history.system += _texts(body.get("instructions"))
    given = body["input"]
    if isinstance(given, str):
        history.events.append(Event("user", given))
    for item in _dicts(given) if isinstance(given, list) else ():
        kind = str(item.get("type") or "message")
        if kind == "message":
            read = _ROLES.get(str(item.get("role")))
            if read is not None:
                read(item, history)
        elif kind.endswith("_call_output"):
            text = _result_text(item.get("output"))
            history.events.append(Event("result", text, str(item.get("call_id"))))
        elif kind.endswith("_call") and "call_id" in item:
            name = str(item.get("name") or kind.removesuffix("_call"))
            history.events.append(Event("call", name, str(item["call_id"])))
    _offer(body.get("tools"), history)


def _offer(tools: JsonValue, history: History) -> None:
    for tool in _dicts(tools):
        if tool.get("type") == "namespace":
            _offer(tool.get("tools"), history)
            continue
        title = str(tool.get("name") or tool.get("type"))
        schema = _FREE_TEXT if tool.get("type") == "custom" else tool.get("parameters")
        history.tools.append(Offered(title, schema))


# -- Gemini: `contents` ----------------------------------------------------------------------------


def _gemini(body: dict[str, Any], history: History) -> None:
    history.system += _texts(items(field(field(body, "systemInstruction"), "parts")))
    for content in items(body["contents"]):
        _content({"parts": [content]} if isinstance(content, str) else content, history)
    for tool in _dicts(field(body, "tools")):
        for one in _dicts(field(tool, "functionDeclarations")):
            schema = field(one, "parametersJsonSchema") or field(one, "parameters")
            history.tools.append(Offered(str(one.get("name")), schema))


def _content(content: dict[str, Any], history: History) -> None:
    spoken: list[str] = []
    before = len(history.events)
    for part in items(content.get("parts")):
        if isinstance(part, str):
            spoken.append(part)
            continue
        call, result = field(part, "functionCall"), field(part, "functionResponse")
        if isinstance(call, dict):
            history.events.append(Event("call", str(call.get("name")), str(call.get("id") or "")))
        elif isinstance(result, dict):
            history.events.append(
                Event("result", _response(result.get("response")), str(result.get("id") or ""))
            )
        elif isinstance(part.get("text"), str) and part.get("thought") is not True:
            spoken.append(part["text"])
    model = str(content.get("role") or "user") == "model"
    if not model and spoken:
        history.events.append(Event("user", "\n".join(spoken)))
    elif model and len(history.events) == before:
        history.events.append(Event("said", "\n".join(spoken)))


def _response(value: JsonValue) -> str:
    """A function's response: an object, whose texts count as they are and not as JSON."""
    if not isinstance(value, dict):
        return _result_text(value)
    return "\n".join(
        one if isinstance(one, str) else msgspec.json.encode(one).decode() for one in value.values()
    )
