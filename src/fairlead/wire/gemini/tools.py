"""Tools and the choice among them."""

import re
from typing import Final

from msgspec import Raw

from fairlead.canon import Failure, FunctionTool, Request, ServerTool
from fairlead.catalog.model import Model
from fairlead.wire.gemini.losses import Losses
from fairlead.wire.gemini.schema import encode_schema, takes_json_schema

__all__ = ["check_name", "encode_tool_config", "encode_tools"]

# "Must start with a letter or an underscore. Must be a-z, A-Z, 0-9, or contain underscores, dots,
# colons and dashes, with a maximum length of 128" (discovery document, FunctionDeclaration.name).
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:\-]{0,127}")
_NO_PARAMETERS: Final = (b'{"type":"OBJECT","properties":{}}', b'{"type":"OBJECT"}', b"{}")


def check_name(name: str, path: str) -> str:
    """`name` if Gemini takes it for a function's name, else a `Failure` at `path`."""
    if _NAME.fullmatch(name) is None:
        hint = "a letter or _ first, then letters, digits, _ . : - and no more than 128 in all"
        raise Failure.invalid(f"Gemini takes no function named {name[:140]!r}", path, hint=hint)
    return name


def encode_tools(request: Request, facts: Model, losses: Losses) -> list[object]:
    """`tools`: one object with all function declarations, then each of Gemini's own tools."""
    declarations: list[dict[str, object]] = []
    own: list[object] = []
    for at, tool in enumerate(request.tools):
        path = f"tools[{at}]"
        if isinstance(tool, ServerTool):
            if tool.dialect == "gemini":
                own.append(Raw(tool.raw))
            else:
                why = f"only {tool.dialect} runs the tool {tool.kind!r}"
                losses.semantic(path, f"server_tool:{tool.kind}", why)
        elif tool.custom:
            why = f"the custom tool {tool.name!r} takes free text; Gemini's functions take objects"
            losses.semantic(path, "custom_tool", why)
        else:
            declarations.append(_declaration(tool, facts, path, losses))
    return [{"functionDeclarations": declarations}, *own] if declarations else own


def _declaration(tool: FunctionTool, facts: Model, path: str, losses: Losses) -> dict[str, object]:
    wire: dict[str, object] = {"name": check_name(tool.name, path)}
    if tool.description is not None:
        wire["description"] = tool.description
    if tool.parameters is not None:
        schema = encode_schema(tool.parameters, facts, f"{path}.parameters", losses)
        # "For function with no parameters, this can be left unset"; an object without properties
        # is refused ("should be non-empty for OBJECT type").
        if takes_json_schema(facts):
            wire["parametersJsonSchema"] = schema
        elif bytes(schema) not in _NO_PARAMETERS:
            wire["parameters"] = schema
    if tool.strict:
        losses.cosmetic(path, "strict", "Gemini has no strict functions")
    if tool.cache is not None:
        losses.cosmetic(path, "cache_breakpoint", "Gemini caches prefixes by itself")
    return wire


def encode_tool_config(
    request: Request, *, declared: bool, losses: Losses
) -> dict[str, object] | None:
    """`toolConfig`; None where the default says the same.

    A config without any declaration is refused ("Function calling config is set without
    function_declarations"), so a choice that demands a call is then a semantic loss.
    """
    if request.parallel_tools is False and declared:
        losses.cosmetic("parallel_tool_calls", "parallel_tool_calls", "Gemini may always make more")
    choice = request.tool_choice
    if choice is None:
        return None
    if not declared:
        if choice.mode in {"required", "named"}:
            losses.semantic("tool_choice", "tool_choice", "there is no function left to be called")
        return None
    # ANY and VALIDATED are the modes that take names (google-genai 3.4, FunctionCallingConfigMode):
    # VALIDATED leaves the model the choice between text and a call.
    modes = {"auto": "AUTO", "none": "NONE", "required": "ANY", "named": "ANY"}
    mode = "VALIDATED" if choice.mode == "auto" and choice.names else modes[choice.mode]
    calling: dict[str, object] = {"mode": mode}
    if choice.names and choice.mode != "none":
        calling["allowedFunctionNames"] = list(choice.names)
    return {"functionCallingConfig": calling}
