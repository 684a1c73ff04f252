"""Custom tools: what is called with a text instead of JSON arguments."""

from typing import Any

import msgspec

from fairlead.emulator.answer.ask import Call

__all__ = ["FREE_TEXT", "input_of"]

FREE_TEXT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
"""What stands for a custom tool's schema, so that it can be called like any other."""


def input_of(call: Call) -> str:
    """The text that a custom tool is called with."""
    given: Any = call.arguments.get("input", call.arguments)
    return given if isinstance(given, str) else msgspec.json.encode(given).decode()
