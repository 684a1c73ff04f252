"""Tools and the choice among them."""

import re
from typing import Final

from msgspec import Raw

from fairlead.canon import Failure, FunctionTool, Problem, Request, ServerTool, ToolChoice
from fairlead.catalog.model import Model
from fairlead.wire.gemini.schema import encode_parameters, takes_json_schema
from fairlead.wire.losses import Losses

__all__ = ["encode_tool_config", "encode_tools"]

# The servers' 400 says "Must start with a letter or an underscore. Must be alphameric (a-z, A-Z,
# 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64."
# (AstrBot#5416, 2026; gemini-cli#2966); the newest discovery document (aiplatform v1beta1,
# FunctionDeclaration.name) says 128: that holds for models that the catalogue doesn't know yet.
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:\-]*")
_NAME_MAX: Final = 64
_NEW_NAME_MAX: Final = 128
_NO_PARAMETERS: Final = (b'{"type":"OBJECT","properties":{}}', b'{"type":"OBJECT"}', b"{}")


def _check_name(name: str, facts: Model, path: str, seen: set[str]) -> None:
    """Refuse a name that this model doesn't take; another vendor's may."""
    most = _NAME_MAX if facts.known else _NEW_NAME_MAX
    if len(name) > most or _NAME.fullmatch(name) is None:
        hint = f"a letter or _ first, then letters, digits, _ . : - and no more than {most} in all"
        message = f"{facts.id} takes no function named {name[:140]!r}"
        raise Failure(Problem("unsupported", message, path, hint=hint))
    if name in seen:  # "Duplicate function declaration found: ..."
        message = f"{facts.id} takes no two functions of one name, and {name!r} is there twice"
        raise Failure(Problem("unsupported", message, path, hint="give each tool its own name"))
    seen.add(name)


def encode_tools(request: Request, facts: Model, losses: Losses) -> list[object]:
    """`tools`: one object with all function declarations, then each of Gemini's own tools."""
    declarations: list[dict[str, object]] = []
    own: list[object] = []
    seen: set[str] = set()
    for at, tool in enumerate(request.tools):
        path = f"tools[{at}]"
        if isinstance(tool, ServerTool):
            if tool.dialect == "gemini":
                own.append(Raw(tool.raw))
            else:
                why = f"only {tool.dialect} runs the tool {tool.kind!r}"
                add = losses.cosmetic if tool.loads_tools else losses.semantic
                add(path, f"server_tool:{tool.kind}", why)
        else:
            _check_name(tool.name, facts, f"{path}.name", seen)
            declarations.append(_declaration(tool, facts, path, losses))
    return [{"functionDeclarations": declarations}, *own] if declarations else own


def _declaration(tool: FunctionTool, facts: Model, path: str, losses: Losses) -> dict[str, object]:
    wire: dict[str, object] = {"name": tool.name}
    if tool.description is not None:
        wire["description"] = tool.description
    if tool.parameters is not None:
        schema = encode_parameters(tool.parameters, facts, f"{path}.parameters", losses)
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
    names = _functions_of(choice, request)
    if choice.names and not names and choice.mode != "none":
        losses.semantic("tool_choice", "tool_choice", "the tool that it names is not run here")
        return None
    calling: dict[str, object] = {"mode": mode}
    if names and choice.mode != "none":
        calling["allowedFunctionNames"] = names
    return {"functionCallingConfig": calling}


def _functions_of(choice: ToolChoice, request: Request) -> list[str]:
    """Names of functions in a choice. Another name can be that of a tool that a vendor runs."""
    known = {tool.name for tool in request.tools if isinstance(tool, FunctionTool)}
    unknown = next((name for name in choice.names if name not in known), None)
    if unknown is not None and not any(isinstance(t, ServerTool) for t in request.tools):
        raise Failure.invalid(f"names {unknown[:140]!r}, which is no tool here", "tool_choice")
    return [name for name in choice.names if name in known]
