"""From a GenerateContent request to what is asked.

Google's parser takes camelCase and snake_case names, a lone object where a list is meant, and
enums in any case or as numbers; so does this.
"""

from typing import Any

import msgspec

from fairlead.emulator.answer.ask import Ask, Media, Tool, ToolResult
from fairlead.emulator.faces.face import field, items
from fairlead.emulator.json_value import JsonValue

__all__ = ["ask_of", "candidates_of", "shows_thoughts"]

_MODES = {"1": "auto", "2": "any", "3": "none", "any": "any", "none": "none", "validated": "auto"}


def ask_of(body: dict[str, Any], model: str, default_budget: int | None) -> Ask:
    """What a valid GenerateContent request asks; `default_budget` is the model's own."""
    ask = Ask(model)
    _read_contents(body, ask)
    config = field(body, "generationConfig")
    ask.max_tokens = field(config, "maxOutputTokens")
    ask.stop = tuple(items(field(config, "stopSequences")))
    ask.budget = _budget(field(config, "thinkingConfig"), default_budget)
    _read_format(config, ask)
    for tool in items(field(body, "tools")):
        for one in items(field(tool, "functionDeclarations")):
            schema = field(one, "parametersJsonSchema") or field(one, "parameters")
            ask.tools.append(Tool(str(one.get("name")), schema))
    calling = field(field(body, "toolConfig"), "functionCallingConfig")
    mode = str(field(calling, "mode") or "auto").lower()
    ask.choice = _MODES.get(mode, "auto")
    ask.allowed = tuple(items(field(calling, "allowedFunctionNames")))
    return ask


def candidates_of(body: dict[str, Any]) -> int:
    """How many candidates are wanted."""
    wanted = field(field(body, "generationConfig"), "candidateCount")
    return wanted if isinstance(wanted, int) and wanted > 0 else 1


def shows_thoughts(body: dict[str, Any]) -> bool:
    """Whether thoughts are wanted in the answer. They are counted in any case."""
    config = field(field(body, "generationConfig"), "thinkingConfig")
    return field(config, "includeThoughts") is True


def _budget(thinking: JsonValue, default: int | None) -> int | None:
    budget = field(thinking, "thinkingBudget")
    if isinstance(budget, (int, float)):
        return None if budget < 0 else int(budget)
    return None if field(thinking, "thinkingLevel") is not None else default


def _read_format(config: JsonValue, ask: Ask) -> None:
    schema = field(config, "responseJsonSchema") or field(config, "responseSchema")
    if schema is not None:
        ask.json, ask.schema = "schema", schema
        ask.bare = field(config, "responseMimeType") == "text/x.enum"
    elif field(config, "responseMimeType") == "application/json":
        ask.json = "object"


def _read_contents(body: dict[str, Any], ask: Ask) -> None:
    contents = items(field(body, "contents"))
    ask.turns = len(contents)
    for content in contents:
        if isinstance(content, str):
            ask.text = content
            continue
        user = str(content.get("role") or "user") != "model"
        said: list[str] = []
        if not user:
            ask.results = []  # those since the model's last turn count, whatever follows them
        for part in items(content.get("parts")):
            if isinstance(part, str):
                said.append(part)
                continue
            text = part.get("text")
            if text and user and part.get("thought") is not True:
                said.append(text)
            _read_part(part, ask)
        if said:
            ask.text = "\n".join(said)


def _read_part(part: dict[str, Any], ask: Ask) -> None:
    inline = field(part, "inlineData")
    if inline is not None:
        data = inline.get("data") or ""
        size = len(data) * 3 // 4 - data[-2:].count("=")
        ask.media.append(Media(str(field(inline, "mimeType")), size))
    stored = field(part, "fileData")
    if stored is not None:
        ask.media.append(Media(str(field(stored, "mimeType") or "unknown")))
    result = field(part, "functionResponse")
    if result is not None:
        said = result.get("response")
        text = msgspec.json.encode(said).decode()
        failed = isinstance(said, dict) and set(said) == {"error"}
        ask.results.append(ToolResult(str(result.get("name")), text, failed))
        for inner in items(result.get("parts")):
            _read_part(inner, ask)
