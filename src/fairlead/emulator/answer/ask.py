"""A request as far as an answer depends on it, in no vendor's words."""

from typing import Any, Literal

from msgspec import Struct

from fairlead.emulator.json_value import JsonValue

__all__ = ["Answer", "Ask", "Call", "Cue", "Media", "Stop", "Tool", "ToolResult"]

Stop = Literal["end", "calls", "limit", "sequence", "refusal", "blocked"]


class Tool(Struct, frozen=True):
    """A function that may be called. `schema` is its JSON Schema (None: takes nothing)."""

    name: str
    schema: JsonValue = None


class Media(Struct, frozen=True):
    """A part that is no text. `size` is bytes; None where it is only referred to."""

    mime: str
    size: int | None = None


class ToolResult(Struct, frozen=True):
    """The answer to a call, as the last turn gives it."""

    name: str
    text: str
    error: bool = False


class Ask(Struct):
    """What is asked. `choice` is `auto`, `any` or `none`; `allowed` narrows the tools.

    `json`: no JSON, any object, or one valid under `schema` (`bare`: a string without its quotes).
    `budget`: most thinking tokens; None is dynamic, 0 is off. `max_tokens` bounds thinking and
    output together. `prelude`: the vendor's models say a word before they call tools.
    """

    model: str
    text: str = ""
    turns: int = 0
    media: list[Media] = []
    results: list[ToolResult] = []
    tools: list[Tool] = []
    choice: str = "auto"
    allowed: tuple[str, ...] = ()
    parallel: bool = True
    json: Literal["off", "object", "schema"] = "off"
    schema: JsonValue = None
    bare: bool = False
    budget: int | None = 0
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    prelude: bool = False


class Call(Struct, frozen=True):
    """A call of a tool; `tokens` is what its JSON costs."""

    name: str
    arguments: dict[str, Any]
    tokens: int


class Answer(Struct):
    """What is answered: thinking and text in pieces of one token each, then calls.

    `sequence` is the stop sequence that ended it. `per_event` is how many tokens of text go into
    one event of a stream, where the prompt has a wish for that; 0 leaves it to the face.
    """

    thinking: list[str] = []
    text: list[str] = []
    calls: list[Call] = []
    stop: Stop = "end"
    sequence: str | None = None
    per_event: int = 0
    redacted: bool = False

    @property
    def thinking_tokens(self) -> int:
        """Tokens of thinking."""
        return len(self.thinking)

    @property
    def spoken_tokens(self) -> int:
        """Tokens of text and calls."""
        return len(self.text) + sum(call.tokens for call in self.calls)


class Cue(Struct, frozen=True):
    """What a script has the model do now. `think` None leaves the thinking to the emulator; what is
    thought appears only where the request has thinking on.
    """

    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    say: str = ""
    think: str | None = None
