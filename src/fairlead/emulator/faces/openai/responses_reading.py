"""From a Responses request to what is asked. The items are whole: those of responses before too."""

from collections.abc import Iterator
from typing import Any

from fairlead.emulator.answer.ask import Ask, Tool, ToolResult
from fairlead.emulator.faces.openai.custom import FREE_TEXT
from fairlead.emulator.faces.openai.efforts import budget_of
from fairlead.emulator.faces.openai.reading import media_of
from fairlead.emulator.json_value import JsonValue

__all__ = ["ask_of_items", "custom_names", "namespaces"]

_MEDIA = {"input_image", "input_file", "input_audio"}
_TEXTS = {"input_text", "output_text", "text", "refusal"}


def ask_of_items(body: dict[str, Any], items: list[dict[str, Any]], model: str) -> Ask:
    """What a request asks, with all of its items."""
    ask = Ask(model)
    ask.max_tokens = body.get("max_output_tokens")
    ask.budget = budget_of(model, (body.get("reasoning") or {}).get("effort"))
    ask.parallel = body.get("parallel_tool_calls") is not False
    ask.tools = list(_tools(body.get("tools") or ()))
    _read_choice(body.get("tool_choice"), ask)
    wanted = (body.get("text") or {}).get("format")
    if isinstance(wanted, dict) and wanted["type"] == "json_object":
        ask.json = "object"
    elif isinstance(wanted, dict) and wanted["type"] == "json_schema":
        ask.json, ask.schema = "schema", wanted.get("schema")
    _read_items(items, ask)
    return ask


def custom_names(body: dict[str, Any]) -> frozenset[str]:
    """The names of the custom tools."""
    return frozenset(
        name for kind, name, _ in _offered(body.get("tools") or ()) if kind == "custom"
    )


def namespaces(body: dict[str, Any]) -> dict[str, str]:
    """The namespace of each tool that is in one: its calls name it."""
    return {
        tool["name"]: space["name"]
        for space in body.get("tools") or ()
        if space.get("type") == "namespace"
        for tool in space["tools"]
        if "name" in tool
    }


def _offered(tools: Any) -> Iterator[tuple[str, str, JsonValue]]:  # noqa: ANN401 - a list of tools
    for tool in tools:
        kind = str(tool.get("type"))
        if kind == "namespace":
            yield from _offered(tool["tools"])
        elif kind in ("function", "custom"):
            yield kind, tool["name"], tool.get("parameters")


def _tools(tools: Any) -> Iterator[Tool]:  # noqa: ANN401 - a list of tools
    for kind, name, schema in _offered(tools):
        yield Tool(name, FREE_TEXT if kind == "custom" else schema)


def _read_choice(choice: JsonValue, ask: Ask) -> None:
    if isinstance(choice, str):
        ask.choice = {"required": "any", "none": "none"}.get(choice, "auto")
    elif isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        ask.choice = "any" if choice.get("mode") == "required" else "auto"
        ask.allowed = tuple(str(tool.get("name")) for tool in choice.get("tools") or ())
    elif isinstance(choice, dict) and "name" in choice:
        ask.choice = "any"
        ask.allowed = (str(choice["name"]),)


def _read_items(items: list[dict[str, Any]], ask: Ask) -> None:
    names: dict[str, str] = {}
    ask.turns = len(items)
    for item in items:
        kind = str(item.get("type") or "message")
        if kind == "message":
            said = _texts(item.get("content"), ask)
            if item.get("role") == "user":
                ask.text, ask.results = said, []
            elif item.get("role") == "assistant":
                ask.results = []
        elif kind in ("function_call", "custom_tool_call"):
            if names.get(str(item.get("call_id"))) is None and ask.results:
                ask.results = []
            names[str(item.get("call_id"))] = str(item.get("name"))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            name = names.get(str(item.get("call_id")), "unknown")
            ask.results.append(ToolResult(name, _texts(item.get("output"), ask)))


def _texts(content: JsonValue, ask: Ask) -> str:
    if isinstance(content, str):
        return content
    said: list[str] = []
    for part in content if isinstance(content, list) else ():
        if part.get("type") in _TEXTS:
            said.append(str(part.get("text", "")))
        elif part.get("type") in _MEDIA:
            ask.media.append(media_of(part))
    return "\n".join(said)
