"""Tools, the choice among them, and the form of the answer: from canon to the wire.

The same in a request to an upstream and in the answer to a client, which tells them again.
"""

from typing import Any

from msgspec import Raw

from fairlead.canon import FunctionTool, OutputFormat, Tool, ToolChoice

__all__ = ["write_choice", "write_format", "write_tool"]

Json = dict[str, Any]


def write_tool(tool: Tool) -> Json | Raw | None:
    """A tool; None for one that another vendor runs."""
    if not isinstance(tool, FunctionTool):
        return Raw(tool.raw) if tool.dialect == "openai_responses" else None
    out: Json = {"type": "custom" if tool.custom else "function", "name": tool.name}
    if tool.description is not None:
        out["description"] = tool.description
    if not tool.custom:
        # "If you omit `strict`, the default depends on the API: Responses requests will normalize
        # your schema into strict mode [...] which can make previously optional fields mandatory,
        # while Chat Completions requests remain non-strict by default" (OpenAI's guide, Function
        # calling). So what was written for another dialect says that it is not strict.
        out["parameters"] = None if tool.parameters is None else Raw(tool.parameters)
        out["strict"] = bool(tool.strict)
    return out


def write_choice(choice: ToolChoice, tools: tuple[Tool, ...]) -> str | Json:
    """`tool_choice`."""
    custom = {t.name for t in tools if isinstance(t, FunctionTool) and t.custom}

    def named(name: str) -> Json:
        return {"type": "custom" if name in custom else "function", "name": name}

    if not choice.names:
        return "required" if choice.mode == "named" else choice.mode
    if choice.mode == "none":
        return "none"
    if choice.mode == "named" and len(choice.names) == 1:
        return named(choice.names[0])
    mode = "auto" if choice.mode == "auto" else "required"
    return {"type": "allowed_tools", "mode": mode, "tools": [named(n) for n in choice.names]}


def write_format(output: OutputFormat | None) -> Json:
    """`text.format`."""
    if output is None or output.kind == "text":
        return {"type": "text"}
    if output.kind == "json":
        return {"type": "json_object"}
    # OpenAI demands a name; dialects that have none get one here.
    out: Json = {"type": "json_schema", "name": output.name or "answer"}
    # Unlike in the chat dialect a schema is demanded too.
    out["schema"] = Raw(output.schema if output.schema is not None else b'{"type":"object"}')
    if output.description is not None:
        out["description"] = output.description
    if output.strict is not None:
        out["strict"] = output.strict
    return out
