"""Tools: names, schemas, and which one must be used."""

import re

from fairlead.emulator.rules.anthropic.output_schema import is_json_schema, subset_fault
from fairlead.emulator.rules.anthropic.request import Request

__all__ = ["choice", "names", "schemas"]

NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
IDENT = re.compile(r"[a-zA-Z0-9_-]+")
PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
COMBINATORS = {"oneOf", "allOf", "anyOf"}


def names(request: Request) -> str | None:
    """Letters, digits, _ and -, each name once [O]."""
    seen: set[str] = set()
    for index, tool in enumerate(request.body.get("tools") or ()):
        name = tool.get("name")
        if name is None:
            continue
        if not NAME.fullmatch(name):
            return (
                f"tools.{index}.{tool.get('type') or 'custom'}.name: String should match pattern "
                "'^[a-zA-Z0-9_-]{1,128}$'"
            )
        if name in seen:
            return "tools: Tool names must be unique."
        seen.add(name)
    for block in request.blocks():
        if block.kind == "tool_use" and not IDENT.fullmatch(block.body["id"]):
            return f"{block.path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
    return None


def schemas(request: Request) -> str | None:
    """JSON Schema of an object, without alternatives at the top [O]; strict ones, a subset [D]."""
    for index, tool in enumerate(request.body.get("tools") or ()):
        schema = tool.get("input_schema")
        if schema is None:
            continue
        path = f"tools.{index}.custom"
        if COMBINATORS & schema.keys():
            return (
                f"{path}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the "
                "top level"
            )
        if not all(PROPERTY.fullmatch(key) for key in schema.get("properties") or {}):
            return (
                f"{path}.input_schema.properties: Property keys should match pattern "
                "'^[a-zA-Z0-9_.-]{1,64}$'"
            )
        if not is_json_schema(schema):
            return (
                f"{path}.input_schema: JSON schema is invalid. It must match JSON Schema draft "
                "2020-12 (https://json-schema.org/draft/2020-12). Learn more about tool use at "
                "https://docs.claude.com/en/docs/tool-use."
            )
        if tool.get("strict") and (fault := subset_fault(schema)):
            return f"{path}: {fault}"
    return None


def choice(request: Request) -> str | None:
    """A choice needs tools, and a named tool must be among them [O]."""
    wanted = request.body.get("tool_choice")
    tools = request.body.get("tools") or ()
    if not wanted or wanted["type"] == "none":
        return None
    if not tools:
        return "tool_choice may only be specified while providing tools."
    if wanted["type"] == "tool" and wanted["name"] not in {tool.get("name") for tool in tools}:
        return f"Tool '{wanted['name']}' not found in provided tools"
    return None
