"""Canonical paths in the words of a `generateContent` body.

Encoders don't know the client's dialect: they name a part of a turn `contents[2].content[1]`, a
tool `tools[0]` and a knob `max_tokens`. Here those become fields of the body that the client sent.
"""

import re
from typing import Final

from fairlead.canon import FunctionTool, Request, ServerTool

__all__ = ["client_path"]

_PART: Final = re.compile(r"(contents\[\d+\])\.content\[(\d+)\]")
_SYSTEM: Final = re.compile(r"(?:instructions|system)\[(\d+)\]")
_TOOL: Final = re.compile(r"tools\[(\d+)\]")
_HEAD: Final = re.compile(r"[a-z_]+")
_CONFIG: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "stop": "stopSequences",
    "max_tokens": "maxOutputTokens",
    "n": "candidateCount",
    "logprobs": "responseLogprobs",
    "response_format": "responseJsonSchema",
    "modalities": "responseModalities",
    "reasoning_effort": "thinkingConfig",
    "thinking": "thinkingConfig",
}
_TOP: Final = {
    "messages": "contents",
    "service_tier": "serviceTier",
    "tool_choice": "toolConfig.functionCallingConfig",
    "system": "systemInstruction",
    "instructions": "systemInstruction",
}


def client_path(path: str, request: Request) -> str:
    """Where the field at the canonical `path` stands in a Gemini client's body. A path that names
    nothing of the kind comes back as it is. Pure; for errors and losses.
    """
    if match := _PART.match(path):
        rest = path[match.end() :]
        if rest.startswith(".content"):  # within a tool's result
            rest = ".functionResponse"
        return f"{match[1]}.parts[{match[2]}]{rest}"
    if match := _SYSTEM.match(path):
        return f"systemInstruction.parts[{match[1]}]{path[match.end() :]}"
    if match := _TOOL.match(path):
        return _tool(int(match[1]), path[match.end() :], request) or path
    head = _HEAD.match(path)
    if head is None:
        return path
    rest = path[head.end() :]
    if head[0] in _CONFIG:
        below = rest.removeprefix(".schema") if head[0] == "response_format" else rest
        return f"generationConfig.{_CONFIG[head[0]]}{below}"
    if head[0] in _TOP and rest[:1] in ("", "."):
        return _TOP[head[0]] + rest
    return path


def _tool(at: int, rest: str, request: Request) -> str | None:
    """Declarations are counted through: which of several `tools` held them is not known."""
    if at >= len(request.tools) or rest.startswith(".functionDeclarations["):
        return None  # the latter is the client's own path already
    tool = request.tools[at]
    if isinstance(tool, ServerTool):
        return f"tools.{tool.kind}{rest}"
    before = sum(isinstance(other, FunctionTool) for other in request.tools[:at])
    return f"tools.functionDeclarations[{before}]{rest}"
