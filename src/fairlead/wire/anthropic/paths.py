"""Canonical paths in the words of a Messages body.

Encoders don't know the client's dialect: they name a tool's schema `tools[0].parameters` and the
limits `stop` or `n`. Here those become fields of the body that the client sent; turns and their
blocks stand where canon has them.
"""

import re
from typing import Final

from fairlead.canon import Request

__all__ = ["client_path"]

_SCHEMA: Final = re.compile(r"(tools\[\d+\])\.parameters(?=[.\[]|$)")
_SYSTEM: Final = re.compile(r"instructions(?=\[|$)")
_HEAD: Final = re.compile(r"[a-z_]+")
_TOP: Final = {
    "stop": "stop_sequences",
    "response_format": "output_config.format",
    "reasoning_effort": "thinking",
    "user": "metadata.user_id",
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
}


def client_path(path: str, _request: Request) -> str:
    """Where the field at the canonical `path` stands in a Messages client's body. A path that
    names nothing of the kind comes back as it is. Pure; for errors and losses.
    """
    if match := _SCHEMA.match(path):
        return f"{match[1]}.input_schema{path[match.end() :]}"
    if match := _SYSTEM.match(path):
        return f"system{path[match.end() :]}"
    head = _HEAD.match(path)
    if head is None or head[0] not in _TOP:
        return path
    return _TOP[head[0]] + path[head.end() :]
