"""A request as OpenAI's rules read it: valid under the schema."""

from collections.abc import Callable
from typing import Any

import msgspec

from fairlead.emulator.models import Model, OpenAIFacts
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["Known", "Request", "refuse"]

Item = dict[str, Any]


class Known(msgspec.Struct, frozen=True):
    """What the vendor knows beside the request.

    `stored` tells whether there is a response of that id, `file` a file; `opened` opens encrypted
    reasoning (None: it is false, empty: it may be the real vendor's). `tokens` counts the prompt.
    `items` are all items of a Responses request, those of the responses before it first.
    """

    tokens: Callable[[], int]
    stored: Callable[[str], bool]
    file: Callable[[str], bool]
    opened: Callable[[str], bytes | None]
    items: list[Item]


class Request(msgspec.Struct, frozen=True):
    """What is asked, and of which model.

    `op`: `chat`, `responses`, `input_tokens` or `embeddings`.
    """

    op: str
    model: Model
    name: str
    body: dict[str, Any]
    known: Known

    @property
    def facts(self) -> OpenAIFacts:
        """What only OpenAI's models have."""
        return self.model.openai or OpenAIFacts()

    @property
    def chat(self) -> bool:
        """Whether it is a chat completion: the two APIs differ in words and places."""
        return self.op == "chat"

    @property
    def effort(self) -> str | None:
        """The effort asked for; None when nothing is said."""
        if self.chat:
            return self.body.get("reasoning_effort")
        reasoning: dict[str, Any] = self.body.get("reasoning") or {}
        return reasoning.get("effort")

    @property
    def thinks(self) -> bool:
        """Whether the model reasons before it answers this."""
        return (self.effort or self.facts.effort_default or "none") != "none"


def refuse(
    message: str, param: str | None = None, code: str | None = None, status: int = 400
) -> Rejection:
    """OpenAI's error; 400 unless said otherwise."""
    return Rejection(status, "invalid_request_error", message, param=param, code=code)
