"""A request as counts: what its texts are made of, and what a vendor writes around them.

Theory. A prompt's tokens are nearly a sum. Each class of text has a rate (`text`); each message,
tool, property, call and result has a frame; tools as such bring a fixed prompt of the vendor's, as
do forced tools and an answer's schema. A family's coefficients say what each of these weighs; a
`Shape` says how many of each there are. What is no linear term stays out of it: media are sized
by the vendors' rules (`media`), tools that the vendor runs have a table.
"""

import re
from collections.abc import Callable, Sequence

import msgspec

from fairlead.canon import (
    Base64,
    FunctionTool,
    Media,
    Opaque,
    Part,
    PlainText,
    Reasoning,
    Refusal,
    Request,
    ServerTool,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from fairlead.tokens import schema
from fairlead.tokens.headers import head
from fairlead.tokens.text import CLASSES, WHOLE, classes, length

__all__ = ["ELSEWHERE", "TERMS", "Shape", "elsewhere", "shape", "text_shape"]

_FRAMES = (
    "request",
    "turns",
    "answers",
    "instructions",
    "names",
    "tools",
    "tools_forced",
    "tools_single",
    "tools_thinking",
    "tools_instructed",
    "functions",
    "function_words",
    "function_described",
    "calls",
    "calls_beside",
    "arguments",
    "results",
    "json_marks",
    "thinking",
    "thinking_adaptive",
    "effort",
    "thought_words",
    "old_thought_words",
    "signed",
    "signature_chars",
    "shown_signature_chars",
    "sealed_chars",
    "old_signature_chars",
    "tool_search",
    "tools_found",
    "schema",
    "documents",
    "cited",
    "opaque",
    "task_budget",
)
"""`turns` are all messages, `answers` the assistant's; `instructions` is 1 where there is a system
prompt; `tools*` are 1 where there are functions (and a call is demanded; only one call at a time;
the model thinks; there is a system prompt); `function_words` are tokens of names and descriptions;
`calls_beside` are calls behind the first of a turn; `arguments` the calls' top-level arguments;
`json_marks` are tokens of their JSON and of the results' that are in no key and no string;
`thinking` is 1 where it is switched on with a budget, `thinking_adaptive` where the model decides,
`effort` where nothing but an effort or a level is named; `signed` parts and `signature_chars` are
counted since the user last spoke, `old_*` is before that (vendors drop the thinking of earlier
turns), `shown_*` where the request asks for readable thoughts; `sealed_chars` are what a signature
holds beyond its `ENVELOPE`, wherever a block of one dialect's own holds it; `tool_search` is 1
where the vendor is to search among the request's tools and has found none yet, `tools_found` counts
the items that say what it found, or tools told in mid-conversation; `cited` is 1 where citations
are asked for, `opaque` counts blocks that only one dialect knows, `task_budget` is 1 where
Anthropic's is set."""

TERMS = (
    *CLASSES,
    *_FRAMES,
    *(f"tool_{name}" for name in schema.NAMES),
    *(f"answer_{name}" for name in schema.NAMES),
)
"""Names of a shape's counts, in their order."""

_AT = {name: at for at, name in enumerate(TERMS)}
_TOOL = _AT["tool_properties"]
_ANSWER = _AT["answer_properties"]

ENVELOPE = 900
"""Characters of a sealed item (OpenAI's `encrypted_content`) that hold no thought. The recorded
answers with 0 to 17 reasoning tokens have 908 to 1,188; each further reasoning token has 7."""

_SEALED = re.compile(rb'"(encrypted_content|signature)"\s*:\s*"([^"]*)"')
ELSEWHERE = frozenset({"cachedContent", "previous_response_id", "conversation", "prompt"})
"""Fields that put content before the prompt which only the vendor has: a cached beginning, an
answer or a conversation that it stored, a prompt by id. How long that is, nobody else knows."""

_JSON = ("{", "[")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SEARCH = re.compile(rb'"type"\s*:\s*"tool_search"')
_FOUND = re.compile(rb'"type"\s*:\s*"(tool_search_output|additional_tools)"')
_CITED = re.compile(rb'"citations"\s*:\s*\{\s*"enabled"\s*:\s*true')


class Shape(msgspec.Struct):
    """`counts` in the order of `TERMS`; `media` and `server_tools` as they stand in the request;
    `elsewhere`: the fields of `ELSEWHERE` that are in it.
    """

    counts: list[float]
    media: list[Media]
    server_tools: list[ServerTool]
    elsewhere: tuple[str, ...] = ()

    def of(self, name: str) -> float:
        """One count by its name."""
        return self.counts[_AT[name]]


def text_shape(text: str) -> Shape:
    """The shape of a text alone: no request around it."""
    return Shape([*classes((text,)), *([0.0] * (len(TERMS) - len(CLASSES)))], [], [])


def shape(request: Request) -> Shape:
    """The shape of a whole request."""
    reading = _Reading()
    reading.shown = request.reasoning is not None and request.reasoning.visible is True
    for part in request.instructions:
        reading.part(part)
    since = _last_user(request)
    for at, turn in enumerate(request.turns):
        reading.current = at > since
        before = reading.tally["calls"]
        for part in turn.parts:
            reading.part(part)
        reading.tally["calls_beside"] += max(0.0, reading.tally["calls"] - before - 1)
        reading.tally["answers"] += turn.role == "assistant"
        reading.tally["names"] += turn.name is not None
    tally = reading.tally
    tally["request"] = 1
    tally["turns"] = len(request.turns)
    tally["instructions"] = bool(request.instructions) or any(
        turn.role in {"system", "developer"} for turn in request.turns
    )
    reasoning = request.reasoning
    if reasoning is not None:
        tally[_thinks(reasoning)] = 1
    tally["task_budget"] = any(extra.path.endswith("task_budget") for extra in request.extras)
    _tools(request, reading)
    _searches(request, tally)
    counts = [0.0] * len(TERMS)
    counts[: len(CLASSES)] = classes(reading.texts)
    for name, value in tally.items():
        counts[_AT[name]] = float(value)
    for tool in request.tools:
        if isinstance(tool, FunctionTool) and tool.parameters:
            _put(counts, _TOOL, schema.measure(tool.parameters))
    if request.output is not None and request.output.schema:
        counts[_AT["schema"]] = 1
        _put(counts, _ANSWER, schema.measure(request.output.schema))
    server = [tool for tool in request.tools if isinstance(tool, ServerTool)]
    return Shape(counts, reading.media, server, elsewhere(request))


def elsewhere(request: Request) -> tuple[str, ...]:
    """Which of its fields point at content that only the vendor has (`ELSEWHERE`)."""
    return tuple(extra.path for extra in request.extras if extra.path in ELSEWHERE)


def _thinks(reasoning: Reasoning) -> str:
    """Under which term it counts. An effort alone switches no thinking on with Anthropic, and is no
    part of a prompt with the others.
    """
    if reasoning.adaptive:
        return "thinking_adaptive"
    return "thinking" if reasoning.budget else "effort"


def _put(counts: list[float], at: int, found: Sequence[float]) -> None:
    for offset, value in enumerate(found):
        counts[at + offset] += value


def _last_user(request: Request) -> int:
    """Where the user last spoke: what signatures before it stood for is dropped by the vendor."""
    for at in range(len(request.turns) - 1, -1, -1):
        turn = request.turns[at]
        if turn.role == "user" and not any(isinstance(part, ToolResult) for part in turn.parts):
            return at
    return -1


def _tools(request: Request, reading: "_Reading") -> None:
    tally = reading.tally
    for tool in request.tools:
        if isinstance(tool, FunctionTool):
            tally["functions"] += 1
            tally["function_words"] += length(tool.name)
            if tool.description:
                tally["function_words"] += length(tool.description)
                tally["function_described"] += 1
    if not tally["functions"]:
        return
    choice = request.tool_choice
    tally["tools"] = 1
    tally["tools_forced"] = choice is not None and choice.mode in {"required", "named"}
    tally["tools_single"] = request.parallel_tools is False and not request.legacy_functions
    tally["tools_thinking"] = tally["thinking"] or tally["thinking_adaptive"]
    tally["tools_instructed"] = tally["instructions"]


def _searches(request: Request, tally: dict[str, float]) -> None:
    """OpenAI's search among deferred tools: in the prompt, until it has found some, stands how to
    search (recorded: some 500 tokens), then what it found.
    """
    asked = 0
    for extra in request.extras:
        if extra.path.startswith("tools["):
            asked |= _SEARCH.search(extra.raw) is not None
        elif extra.path.startswith("input["):
            tally["tools_found"] += _FOUND.search(extra.raw) is not None
    tally["tool_search"] = asked and not tally["tools_found"]


class _Reading:
    """Texts to be counted together, frames as they are met."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.tally: dict[str, float] = dict.fromkeys(_FRAMES, 0.0)
        self.media: list[Media] = []
        self.current = False
        self.shown = False

    def part(self, part: Part) -> None:
        signature = getattr(part, "signature", None)
        if signature is not None:
            self.tally["signed"] += self.current
            self.signed(len(signature.value), current=self.current)
        _READ[type(part)](self, part)

    def signed(self, size: int, *, current: bool) -> None:
        """A sealed thought of that many characters."""
        if not current:
            self.tally["old_signature_chars"] += size
            return
        self.tally["shown_signature_chars" if self.shown else "signature_chars"] += size
        self.tally["sealed_chars"] += max(0, size - ENVELOPE)


def _text(reading: _Reading, part: Text | Refusal) -> None:
    reading.texts.append(part.text)


def _thinking(reading: _Reading, part: Thinking) -> None:
    key = "thought_words" if reading.current else "old_thought_words"
    reading.tally[key] += length(part.text)


def _media(reading: _Reading, part: Media) -> None:
    if part.citations:
        reading.tally["cited"] = 1
    if isinstance(part.source, PlainText):
        reading.texts.append(part.source.text)
        reading.tally["documents"] += 1
    elif isinstance(part.source, Base64) and part.mime.startswith("text/"):
        data = part.source.data
        reading.texts.append(head(data, len(data)).decode("utf-8", "replace"))
        reading.tally["documents"] += 1
    else:
        reading.media.append(part)


def _call(reading: _Reading, part: ToolCall) -> None:
    reading.tally["calls"] += 1
    reading.texts.append(part.name)
    try:
        arguments = msgspec.json.decode(part.arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        reading.texts.append(part.arguments)
        return
    reading.tally["arguments"] += len(arguments)
    text = msgspec.json.encode(arguments).decode()
    reading.texts.append(text)
    reading.tally["json_marks"] += _marks(text)


def _result(reading: _Reading, part: ToolResult) -> None:
    reading.tally["results"] += 1
    for inner in part.content:
        reading.part(inner)
        if isinstance(inner, Text) and inner.text.startswith(_JSON) and len(inner.text) <= WHOLE:
            reading.tally["json_marks"] += _marks(inner.text)


def _marks(text: str) -> float:
    """Tokens of a JSON text that are in no key and no string."""
    bare, strings = _STRING.subn('"a"', text)
    return max(0.0, length(bare) - strings)


def _opaque(reading: _Reading, part: Opaque) -> None:
    reading.tally["opaque"] += 1
    if _CITED.search(part.raw):
        reading.tally["cited"] = 1
    raw = part.raw
    for found in _SEALED.finditer(raw):
        reading.signed(len(found[2]), current=True)
    reading.texts.append(_SEALED.sub(b"", raw).decode("utf-8", "replace"))


_READ: dict[type, Callable[..., None]] = {
    Text: _text,
    Refusal: _text,
    Thinking: _thinking,
    Media: _media,
    ToolCall: _call,
    ToolResult: _result,
    Opaque: _opaque,
}
