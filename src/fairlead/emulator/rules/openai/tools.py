"""Functions and custom tools: their names, their schemas, and the choice among them."""

import re
from collections.abc import Iterator
from typing import Any

from fairlead.emulator.rules.openai.limits import empty, too_long
from fairlead.emulator.rules.openai.request import Request, refuse
from fairlead.emulator.rules.openai.strict_schema import strict_fault
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["answer_format", "choice", "names", "schemas"]

Tool = dict[str, Any]
NAME = re.compile(r"[a-zA-Z0-9_-]+")
PATTERN = "^[a-zA-Z0-9_-]+$"
LONGEST = 64
MOST = 128


def _named(request: Request) -> Iterator[tuple[str, Tool]]:
    """Functions and custom tools with their places."""
    for index, tool in enumerate(request.body.get("tools") or ()):
        kind = tool.get("type")
        if request.chat:
            yield f"tools[{index}].{kind}", tool.get(kind) or {}
        elif kind in ("function", "custom"):
            yield f"tools[{index}]", tool
    for index, function in enumerate(request.body.get("functions") or ()):
        yield f"functions[{index}]", function


def names(request: Request) -> Rejection | None:
    """Not empty and not too many [O]; names of letters, digits, _ and -, at most 64 [S, O]."""
    for key in ("tools", "functions"):
        tools = request.body.get(key)
        if request.chat and tools == []:
            return empty(key)
        if tools and request.chat and len(tools) > MOST:
            return too_long(key, tools, MOST)
    for place, tool in _named(request):
        name, where = tool["name"], f"{place}.name"
        if not name:
            return refuse(
                f"Invalid '{where}': empty string. Expected a string with minimum length 1, but "
                "got an empty string instead.",
                where,
                "empty_string",
            )
        if len(name) > LONGEST:
            return refuse(
                f"Invalid '{where}': string too long. Expected a string with maximum length "
                f"{LONGEST}, but got a string with length {len(name)} instead.",
                where,
                "string_above_max_length",
            )
        if not NAME.fullmatch(name):
            return refuse(
                f"Invalid '{where}': string does not match pattern. Expected a string that matches "
                f"the pattern '{PATTERN}'.",
                where,
                "invalid_value",
            )
    return None


def schemas(request: Request) -> Rejection | None:
    """An object's schema; with `strict` within what strict schemas may hold [O]."""
    for place, tool in _named(request):
        schema = tool.get("parameters")
        if not schema:
            continue
        if tool.get("strict"):
            fault = strict_fault(schema)
        elif schema.get("type", "object") != "object":
            fault = (
                "schema must be a JSON Schema of 'type: \"object\"', got "
                f"'type: \"{schema['type']}\"'."
            )
        else:
            continue
        if fault:
            return refuse(
                f"Invalid schema for function '{tool['name']}': {fault}",
                f"{place}.parameters",
                "invalid_function_parameters",
            )
    return None


def choice(request: Request) -> Rejection | None:
    """A choice only with tools, and of one that is there [O]."""
    body = request.body
    wanted = body.get("tool_choice")
    if request.chat and not body.get("tools"):
        if wanted not in (None, "none", "auto"):
            return refuse(
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are "
                "specified.",
                "tool_choice",
            )
        if body.get("parallel_tool_calls") is not None:
            return refuse(
                "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed "
                "when 'tools' are specified.",
                "parallel_tool_calls",
            )
    if not isinstance(wanted, dict):
        return None
    kind = str(wanted.get("type"))
    if kind not in ("function", "custom"):
        return None
    name = wanted[kind]["name"] if request.chat else wanted["name"]
    known = {tool.get("name") for _, tool in _named(request)}
    spaces = [tool for tool in body.get("tools") or () if tool.get("type") == "namespace"]
    if name in known or spaces:
        return None
    return refuse(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def answer_format(request: Request) -> Rejection | None:
    """A strict schema for the answer; the word JSON in a prompt that asks for an object [O]."""
    body = request.body
    wanted = body.get("response_format") if request.chat else (body.get("text") or {}).get("format")
    if not isinstance(wanted, dict):
        return None
    if wanted["type"] == "json_object":
        return _speaks_of_json(request)
    if wanted["type"] != "json_schema":
        return None
    asked = wanted["json_schema"] if request.chat else wanted
    fault = strict_fault(asked.get("schema")) if asked.get("strict") else None
    if fault is None:
        return None
    words = f"Invalid schema for response_format '{asked['name']}': {fault}"
    if request.chat:
        return refuse(words, "response_format")
    return refuse(words, "text.format.schema", "invalid_json_schema")


def _speaks_of_json(request: Request) -> Rejection | None:
    body = request.body
    said = [body.get("messages"), request.known.items, body.get("instructions")]
    if any("json" in text.lower() for text in _texts(said)):
        return None
    if request.chat:
        return refuse(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of "
            "type 'json_object'.",
            "messages",
        )
    return refuse(
        "Response input messages must contain the word 'json' in some form to use 'text.format' of "
        "type 'json_object'.",
        "input",
    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for key in ("content", "text", "output"):
            yield from _texts(value.get(key))
