"""How many tokens a prompt has, estimated on the request path.

Texts are counted by `tokens.quick`, from their characters' classes: no vocabulary may cost time
here. (`tokens.estimate` is the precise way, with a family's tokenizer and an interval.) The rates
are those of the larger tokenizer of the two families (Claude's); `high` adds the error's tail, so
that real counts rarely exceed it. `docs/policies.md` has the measured errors. Media are sized by
their headers, else by bytes.
"""

from collections.abc import Sequence
from typing import NamedTuple

from fairlead.canon import (
    Media,
    Opaque,
    Part,
    PlainText,
    Refusal,
    Request,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from fairlead.routing.media import Bounds, Sizes, measure
from fairlead.tokens.quick import WHOLE, text_tokens

__all__ = ["WHOLE", "Estimate", "estimate", "estimate_all", "estimate_texts", "text_tokens"]

# A message's frame, a request's, a tool's. What Claude adds once when there are tools or a schema
# is no part of the best estimate: it is a fact of the model (`Model.tool_overhead_tokens`).
TURN = 3.5
REQUEST = 4
TOOLS_ONCE = 505
PER_TOOL = 3
CALL = 24
SCHEMA_ONCE = 115

JOINED = 32 * 1024
"""Texts up to this many characters are counted together; of longer ones a copy would cost more."""

SIGNATURE_HIGH = 30
"""Tokens per 100 characters of a thought signature, at most (recorded: 23)."""
HIGH_FACTOR = 1.35
HIGH_ADDED = 64


class Estimate(NamedTuple):
    """Tokens of a prompt, and what its media weigh (None: it has none)."""

    best: int
    high: int
    sizes: Sizes | None = None


def estimate(request: Request) -> Bounds:
    """Prompt tokens of a whole request: texts, tools, schemas, media."""
    best, high, _ = estimate_all(request)
    return Bounds(best, high)


def estimate_texts(texts: Sequence[str], turns: int, size: int = 0) -> tuple[int, int]:
    """Best and high estimate of a request that is nothing but texts, in so many turns. `size` is
    the whole request's in bytes (0: unknown), of which the texts have no more characters.
    """
    short = 0 < size <= JOINED
    plain = REQUEST + TURN * turns + (text_tokens("".join(texts)) if short else _tokens(texts))
    return int(plain), int(plain * HIGH_FACTOR) + HIGH_ADDED


def _tokens(texts: Sequence[str]) -> float:
    """Tokens of texts, of which the long ones are counted by themselves."""
    if len(texts) == 1:
        return text_tokens(texts[0])
    if sum(map(len, texts)) <= JOINED:
        return text_tokens("".join(texts))
    short = [text for text in texts if len(text) <= JOINED]
    longer = sum([text_tokens(text) for text in texts if len(text) > JOINED])
    return longer + text_tokens("".join(short))


def estimate_all(request: Request) -> Estimate:
    """Prompt tokens and the sizes of media, in one walk over the parts."""
    counts = _Counts()
    texts = counts.texts
    for part in request.instructions:
        counts.part(part)
    for turn in request.turns:
        for part in turn.parts:
            if type(part) is Text and part.signature is None and len(part.text) <= JOINED:
                texts.append(part.text)
            else:
                counts.part(part)
    text = REQUEST + TURN * len(request.turns)
    once = 0
    for tool in request.tools:
        counts.tool(tool)
    if request.tools:
        once += TOOLS_ONCE
        text += PER_TOOL * len(request.tools)
    if request.output is not None and request.output.schema:
        once += SCHEMA_ONCE
        counts.raw(request.output.schema)
    text += counts.text + text_tokens(texts[0] if len(texts) == 1 else "".join(texts))
    high = int(text * HIGH_FACTOR) + HIGH_ADDED + once + counts.high
    return Estimate(int(text) + counts.best, high, counts.sizes)


class _Counts:
    """Texts to be counted in one go (long ones are counted at once), media with their bounds."""

    __slots__ = ("best", "high", "sizes", "text", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.text = 0.0
        self.best = 0
        self.high = 0
        self.sizes: Sizes | None = None

    def part(self, part: Part) -> None:
        if isinstance(part, Text | ToolCall) and part.signature is not None:
            # Gemini's signatures carry the thoughts of the turn and are counted while it lasts.
            self.high += len(part.signature.value) * SIGNATURE_HIGH // 100
        if isinstance(part, Text | Thinking | Refusal):
            self.add(part.text)
        elif isinstance(part, ToolCall):
            self.add(part.arguments)
            self.text += CALL
        elif isinstance(part, ToolResult):
            for inner in part.content:
                self.part(inner)
            self.text += CALL
        elif isinstance(part, Media):
            if isinstance(part.source, PlainText):
                self.add(part.source.text)
            else:
                best, high, pages = measure(part)
                self.best += best
                self.high += high
                if self.sizes is None:
                    self.sizes = Sizes()
                self.sizes.add(part, pages)
        elif isinstance(part, Opaque):
            self.raw(part.raw)

    def add(self, text: str) -> None:
        if len(text) > JOINED:
            self.text += text_tokens(text)
        else:
            self.texts.append(text)

    def raw(self, json: bytes) -> None:
        self.add(json.decode("utf-8", "replace"))

    def tool(self, tool: Tool) -> None:
        if isinstance(tool, ServerTool):
            self.raw(tool.raw)
            return
        self.add(tool.name)
        if tool.description:
            self.add(tool.description)
        if tool.parameters:
            self.raw(tool.parameters)
