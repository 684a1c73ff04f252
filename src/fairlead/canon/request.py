"""The canonical request: a union of what the vendors' requests can say."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon.content import CacheMark, Dialect, Part

__all__ = [
    "Effort",
    "Extra",
    "FunctionTool",
    "OutputFormat",
    "Reasoning",
    "Request",
    "Role",
    "Sampling",
    "ServerTool",
    "Tool",
    "ToolChoice",
    "Turn",
]

Role = Literal["system", "developer", "user", "assistant", "tool"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Turn(Struct, frozen=True):
    """One message as the client sent it; encoders merge turns, decoders never do.

    `path` is where it stood in the client's body (`messages[3]`), for errors and losses. It is
    left out of comparisons by the codecs' laws (use `Request.without_paths`).
    """

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    path: str = ""


class FunctionTool(Struct, frozen=True, tag="function"):
    """A function that the client runs. `parameters` is its JSON Schema as it came, or None."""

    name: str
    description: str | None = None
    parameters: bytes | None = None
    strict: bool | None = None
    custom: bool = False
    cache: CacheMark | None = None


class ServerTool(Struct, frozen=True, tag="server"):
    """A tool that the vendor runs (search, code execution, ...): `dialect`'s JSON.

    `loads_tools`: it does nothing but find the request's own tools, which every other vendor is
    offered from the beginning; there it is no loss of content.
    """

    dialect: Dialect
    kind: str
    raw: bytes
    loads_tools: bool = False


Tool = FunctionTool | ServerTool


class ToolChoice(Struct, frozen=True):
    """`named` demands one of `names` (one name in most dialects); `auto` may limit to `names`."""

    mode: Literal["auto", "none", "required", "named"]
    names: tuple[str, ...] = ()


class Sampling(Struct, frozen=True, omit_defaults=True):
    """Sampling knobs; None means that the client did not set it."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: tuple[str, ...] = ()


class OutputFormat(Struct, frozen=True):
    """`json_schema` carries a JSON Schema in `schema`; `json` is any JSON object."""

    kind: Literal["text", "json", "json_schema"]
    name: str | None = None
    schema: bytes | None = None
    description: str | None = None
    strict: bool | None = None


class Reasoning(Struct, frozen=True):
    """How much the model shall think.

    At most one of `effort`, `budget` (tokens; 0 is off, -1 leaves it to the model) and `level` is
    the client's word; `adaptive` is Anthropic's adaptive thinking. `visible` asks for readable
    thoughts in the answer (Gemini's includeThoughts, Anthropic's display); None is the default,
    and `visible_unsaid` tells that in the client's dialect this default shows them.
    """

    effort: Effort | None = None
    budget: int | None = None
    level: str | None = None
    adaptive: bool = False
    visible: bool | None = None
    visible_unsaid: bool = False


class Extra(Struct, frozen=True):
    """A field that canon has no name for: kept for its own dialect, a loss elsewhere.

    `path` is where it stood; `raw` its JSON; `cosmetic` whether dropping it changes no content.
    """

    dialect: Dialect
    path: str
    raw: bytes
    cosmetic: bool = True


class Request(Struct, frozen=True, kw_only=True):
    """One request. `instructions` is the top-level system prompt of dialects that have one;
    OpenAI's system and developer messages are turns and stay where they stood.
    `legacy_functions`: the tools were declared as OpenAI's older `functions`, so that the client
    knows one `function_call` an answer and no `tool_calls`.
    """

    model: str
    turns: tuple[Turn, ...]
    instructions: tuple[Part, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    legacy_functions: bool = False
    sampling: Sampling = Sampling()
    max_tokens: int | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    output: OutputFormat | None = None
    reasoning: Reasoning | None = None
    modalities: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = False
    user: str | None = None
    service_tier: str | None = None
    extras: tuple[Extra, ...] = ()

    def without_paths(self) -> "Request":
        """The same request with each turn's `path` emptied: for comparing across encodings."""
        return replace(self, turns=tuple(replace(turn, path="") for turn in self.turns))
