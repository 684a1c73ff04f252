"""From a Messages request to what is asked."""

from typing import Any

import msgspec

from fairlead.emulator.answer.ask import Ask, Media, Tool, ToolResult
from fairlead.emulator.json_value import JsonValue

__all__ = ["ask_of"]


def ask_of(body: dict[str, Any], model: str, *, thinks: bool = False) -> Ask:
    """What a valid Messages request asks; `thinks`: the model thinks without a word about it."""
    ask = Ask(model, prelude=True)
    ask.max_tokens = body.get("max_tokens")
    ask.stop = tuple(body.get("stop_sequences") or ())
    _read_messages(body.get("messages") or [], ask)
    ask.tools = [
        Tool(tool["name"], tool.get("input_schema"))
        for tool in body.get("tools") or ()
        if isinstance(tool, dict) and "input_schema" in tool
    ]
    _read_choice(body.get("tool_choice"), ask)
    _read_format(body, ask)
    thinking = body.get("thinking") or ({"type": "adaptive"} if thinks else None)
    ask.budget = _budget(thinking)
    return ask


def _budget(thinking: JsonValue) -> int | None:
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind == "enabled":
        budget = thinking.get("budget_tokens")
        return budget if isinstance(budget, int) else None
    return None if kind == "adaptive" else 0


def _read_choice(choice: JsonValue, ask: Ask) -> None:
    if not isinstance(choice, dict):
        return
    kind = choice.get("type", "auto")
    ask.choice = "any" if kind == "tool" else kind
    if kind == "tool":
        ask.allowed = (str(choice.get("name")),)
    ask.parallel = not choice.get("disable_parallel_tool_use")


def _read_format(body: dict[str, Any], ask: Ask) -> None:
    config = body.get("output_config")
    wanted = config.get("format") if isinstance(config, dict) else None
    wanted = wanted or body.get("output_format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        ask.json, ask.schema = "schema", wanted.get("schema")


def _read_messages(messages: list[Any], ask: Ask) -> None:
    names: dict[str, str] = {}
    ask.turns = len(messages)
    for message in messages:
        content = message.get("content")
        user = message.get("role") == "user"
        if isinstance(content, str):
            blocks: list[Any] = [{"type": "text", "text": content}]
        else:
            blocks = content if isinstance(content, list) else []
        said: list[str] = []
        if user:
            ask.results = []
        for block in blocks:
            kind = block.get("type")
            if kind == "text" and user:
                said.append(block.get("text", ""))
            elif kind == "tool_use":
                names[str(block.get("id"))] = str(block.get("name"))
            elif kind == "tool_result":
                ask.results.append(_result(block, names, ask))
            elif kind in ("image", "document"):
                ask.media.append(_media(block))
        if said:
            ask.text = "\n".join(said)


def _result(block: dict[str, Any], names: dict[str, str], ask: Ask) -> ToolResult:
    content = block.get("content")
    texts: list[str] = []
    for one in [content] if isinstance(content, str) else content or ():
        if isinstance(one, str):
            texts.append(one)
        elif one.get("type") == "text":
            texts.append(one.get("text", ""))
        elif one.get("type") in ("image", "document"):
            ask.media.append(_media(one))
        else:
            texts.append(msgspec.json.encode(one).decode())
    name = names.get(str(block.get("tool_use_id")), "unknown")
    return ToolResult(name, " ".join(texts), bool(block.get("is_error")))


_URL_MIME = {"image": "image/*", "document": "application/pdf"}


def _media(block: dict[str, Any]) -> Media:
    source = block.get("source")
    if not isinstance(source, dict):
        return Media(str(block.get("type")))
    kind = source.get("type")
    data = source.get("data")
    mime = source.get("media_type") or _URL_MIME.get(str(block.get("type")), "unknown")
    if kind == "base64" and isinstance(data, str):
        return Media(mime, len(data) * 3 // 4 - data[-2:].count("="))
    if kind == "text" and isinstance(data, str):
        return Media(mime, len(data.encode("utf-8", "surrogatepass")))
    return Media(mime)
