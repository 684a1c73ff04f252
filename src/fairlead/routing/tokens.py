"""How many tokens a prompt has, estimated from its characters.

No tokenizer is at hand (Anthropic publishes none, Gemini's is large), and none may cost time on the
request path. What is at hand is the text, and two observations about subword tokenizers:

- Within one class of characters tokens per character are nearly constant: English letters make
  long tokens, digits and punctuation short ones, CJK about one token a character; each word and
  each line costs something beside. So a text is counted by class, with operations that run in C
  over the whole string (`bytes.translate`, `bytes.count`, `str.encode`), each class at its rate.
- A text is like its parts: of a long one, evenly spaced windows are counted and scaled up.

The rates are fitted to the larger tokenizer of the two families (Claude's), on recorded requests
with the vendors' own counts; `high` adds the error's tail, so that real counts rarely exceed it.
`docs/policies.md` has the measured errors. Media are sized by their headers, else by bytes.
"""

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

__all__ = ["Estimate", "estimate", "estimate_all", "estimate_text", "text_tokens"]

LETTER = 0.157
DIGIT = 0.96
WORD = 0.40
NEWLINE = 1.0
PUNCTUATION = 0.68
# Beyond ASCII by the bytes that UTF-8 needs: Latin and Cyrillic two, CJK and most scripts three,
# emoji four.
TWO_BYTES = 0.50
THREE_BYTES = 1.10
FOUR_BYTES = 2.50

# A message's frame, a request's, a tool's. What Claude adds once when there are tools or a schema
# is no part of the best estimate: it is a fact of the model (`Model.tool_overhead_tokens`).
TURN = 3.5
REQUEST = 4
TOOLS_ONCE = 505
PER_TOOL = 3
CALL = 24
SCHEMA_ONCE = 115

SIGNATURE_HIGH = 30
"""Tokens per 100 characters of a thought signature, at most (recorded: 23)."""
HIGH_FACTOR = 1.35
HIGH_ADDED = 64

WINDOW = 2_048
WINDOWS = 16
WHOLE = WINDOW * WINDOWS
"""Texts up to this many characters are counted whole."""

_SPACES = b" \t\n\r\x0b\x0c"


def _class_of(byte: int) -> int:
    """One byte for each class: a letter, a digit, a space, or a mark for all else."""
    if chr(byte).isalpha() and byte < 128:
        return ord("a")
    if chr(byte).isdigit() and byte < 128:
        return ord("0")
    return ord(" ") if byte in _SPACES else ord(".")


_CLASSES = bytes([_class_of(byte) for byte in range(256)])
_SPACED = bytes([32 if byte in _SPACES else 97 for byte in range(256)])
"""Every byte to a space or a letter: a word begins where a letter stands behind a space."""


class Estimate(NamedTuple):
    """Tokens of a prompt, and what its media weigh (None: it has none)."""

    best: int
    high: int
    sizes: Sizes | None = None


def text_tokens(text: str) -> float:
    """Tokens of a text, by its characters' classes."""
    size = len(text)
    if size <= WHOLE:
        return _by_class(text)
    step = (size - WINDOW) // (WINDOWS - 1)
    sample = "".join([text[at : at + WINDOW] for at in range(0, step * WINDOWS, step)])
    return _by_class(sample) * (size / len(sample))


def _by_class(text: str) -> float:
    size = len(text)
    if text.isascii():
        plain = text.encode()
        beyond = 0.0
    else:
        plain = text.encode("ascii", "ignore")
        others = size - len(plain)
        # A lone surrogate cannot be encoded; it counts as a character of three bytes.
        each = (len(text.encode("utf-8", "surrogatepass")) - len(plain)) / others
        beyond = others * _rate(each)
        size = len(plain)
    classes = plain.translate(_CLASSES)
    digits, marks = classes.count(b"0"), classes.count(b".")
    letters = size - digits - marks - classes.count(b" ")
    words = (b" " + classes).translate(_SPACED).count(b" a")
    return (
        beyond
        + letters * LETTER
        + digits * DIGIT
        + marks * PUNCTUATION
        + words * WORD
        + plain.count(b"\n") * NEWLINE
    )


def _rate(each: float) -> float:
    """Tokens per character that takes `each` bytes on average, between the three known rates."""
    if each <= 3:
        return TWO_BYTES + (each - 2) * (THREE_BYTES - TWO_BYTES)
    return THREE_BYTES + (each - 3) * (FOUR_BYTES - THREE_BYTES)


def estimate(request: Request) -> Bounds:
    """Prompt tokens of a whole request: texts, tools, schemas, media."""
    best, high, _ = estimate_all(request)
    return Bounds(best, high)


def estimate_text(text: str) -> tuple[int, int]:
    """Best and high estimate of a request that is nothing but one user's one text."""
    plain = REQUEST + TURN + text_tokens(text)
    return int(plain), int(plain * HIGH_FACTOR) + HIGH_ADDED


def estimate_all(request: Request) -> Estimate:
    """Prompt tokens and the sizes of media, in one walk over the parts."""
    counts = _Counts()
    texts = counts.texts
    for part in request.instructions:
        counts.part(part)
    for turn in request.turns:
        for part in turn.parts:
            if type(part) is Text and part.signature is None and len(part.text) <= WHOLE:
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
        if len(text) > WHOLE:
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
