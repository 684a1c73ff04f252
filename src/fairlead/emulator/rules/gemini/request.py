"""A generateContent request as the rules read it: valid under the schema, in either spelling."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from fairlead.emulator.authority.google_json import field, listed
from fairlead.emulator.models import Model

__all__ = ["DATA", "Content", "Issued", "Request", "contents_of"]

Issued = Callable[[str, str], bool]
"""Whether the emulator issued this thought signature for a part of this kind."""

DATA = (
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
    "audioTranscription",
)


class Content(NamedTuple):
    """One content: `contents[{number}]`."""

    number: int
    role: str
    parts: list[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The values of its parts that hold `kind`."""
        return [value for part in self.parts if (value := field(part, kind)) is not None]


class Request(msgspec.Struct, frozen=True):
    """What is asked, of which model, and how large it is; as `Request` of Anthropic's rules."""

    op: str
    model: Model
    body: dict[str, Any]
    tokens: int
    issued: Issued
    contents: list[Content]

    @property
    def config(self) -> dict[str, Any]:
        """The generation configuration."""
        return field(self.body, "generationConfig") or {}

    @property
    def declarations(self) -> list[tuple[str, dict[str, Any]]]:
        """Function declarations, each with its path."""
        return [
            (f"tools[{number}].function_declarations[{index}]", declaration)
            for number, tool in enumerate(listed(self.body, "tools"))
            for index, declaration in enumerate(listed(tool, "functionDeclarations"))
        ]


def contents_of(body: dict[str, Any]) -> list[Content]:
    """The contents, a missing role being the user's."""
    return [
        Content(number, content.get("role") or "user", listed(content, "parts"))
        for number, content in enumerate(listed(body, "contents"))
    ]
