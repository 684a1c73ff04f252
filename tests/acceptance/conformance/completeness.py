"""Whether what a client said has arrived: compares two readings and the losses between them."""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.acceptance.conformance.said import Piece, Said, ToolSaid, names_in, strings_in

__all__ = ["Named", "gone"]

Json = Any
_INDEX = re.compile(r"\[(\d+)\]")
_BOUNDARY = (".", "[")


@dataclass(frozen=True)
class Named:
    """A loss as the gateway told it."""

    kind: str
    path: str
    what: str


def gone(source: Said, target: Said, losses: list[Named], fetched: dict[str, str]) -> list[str]:
    """What the source says, the target doesn't, and no loss names; empty when all is well.

    `fetched` maps addresses to the digests of what the gateway found there.
    """
    judge = _Judge(source, target, losses, fetched)
    return [
        *judge.system(),
        *judge.conversation(),
        *judge.calls(),
        *judge.results(),
        *judge.thoughts(),
        *judge.media(),
        *judge.own(),
        *judge.tools(),
        *judge.knobs(),
        *judge.unread(),
    ]


class _Judge:
    def __init__(
        self, source: Said, target: Said, losses: list[Named], fetched: dict[str, str]
    ) -> None:
        self.source, self.target = source, target
        self.losses, self.fetched = losses, fetched

    # ---- losses ---------------------------------------------------------------------------------

    def named(self, path: str, *words: str) -> bool:
        """Whether a loss stands at this path, above or below it, or is called by such a word."""
        return any(
            _touches(loss.path, path) or any(word in loss.what for word in words)
            for loss in self.losses
        )

    def loss(self, *words: str) -> bool:
        """Whether a loss is called by such a word, wherever it stands."""
        return any(word in loss.what for loss in self.losses for word in words)

    # ---- texts ----------------------------------------------------------------------------------

    def system(self) -> list[str]:
        wanted = [p for p in self.source.of("system") if p.text.strip()]
        hay = [p.text for p in self.target.of("system")]
        if self.loss("system_as_user"):
            hay += [p.text for p in self.target.of("user")]
        return [
            f"{piece.path}: system text is gone: {piece.text[:60]!r}"
            for piece in _missing(wanted, hay)
            if not self.named(piece.path, "system_media")
        ]

    def conversation(self) -> list[str]:
        found: list[str] = []
        for kind in ("user", "assistant"):
            wanted = [p for p in self.source.of(kind) if p.text.strip()]
            hay = [p.text for p in self.target.of(kind)]
            found += [
                f"{piece.path}: {kind} text is gone or out of order: {piece.text[:60]!r}"
                for piece in _missing(wanted, hay)
                if not self.named(piece.path)
            ]
        if not found and not self.loss("part_order", "tool_result_media", "system_"):
            found += self.order()
        return found

    def order(self) -> list[str]:
        """Texts, calls and media follow one another as they did."""
        hay = [p for p in self.target.pieces if _speaks(p)]
        at = 0
        for piece in (p for p in self.source.pieces if _speaks(p)):
            here = at
            while here < len(hay) and not self.same(piece, hay[here]):
                here += 1
            if here < len(hay):
                at = here
            elif not self.named(piece.path):
                return [f"{piece.path}: {piece.kind} comes too late or not at all"]
        return []

    def same(self, one: Piece, other: Piece) -> bool:
        if one.kind != other.kind:
            return False
        if one.kind == "media":
            return one.text == other.text or self.fetched.get(one.text) == other.text
        if one.kind == "call":
            return (one.name, one.text) == (other.name, other.text)
        return one.text.strip() in other.text

    def thoughts(self) -> list[str]:
        hay = [p.text for p in self.target.of("thought")]
        wanted = [p for p in self.source.of("thought") if p.text.strip()]
        return [
            f"{piece.path}: a thought is gone: {piece.text[:60]!r}"
            for piece in _missing(wanted, hay)
            if not self.named(piece.path, "thinking", "reasoning")
        ]

    # ---- calls and results ----------------------------------------------------------------------

    def calls(self) -> list[str]:
        made = [(p.name, p.text) for p in self.target.of("call")]
        found: list[str] = []
        at = 0
        for piece in self.source.of("call"):
            try:
                at = made.index((piece.name, piece.text), at) + 1
            except ValueError:
                if not self.named(piece.path, "custom_tool"):
                    found.append(f"{piece.path}: the call {piece.name}({piece.text[:60]}) is gone")
        return found

    def results(self) -> list[str]:
        by_link = {p.link: p for p in self.target.of("result")}
        found: list[str] = []
        for piece in self.source.of("result"):
            other = by_link.get(piece.link)
            if other is None:
                if not self.named(piece.path):
                    found.append(f"{piece.path}: the result of call {piece.link} is gone")
            elif not _same_result(piece.text, other.text) and not self.named(piece.path):
                found.append(
                    f"{piece.path}: a result became another: {piece.text[:50]!r} {other.text[:50]!r}"
                )
            elif piece.name == "error" != other.name and not self.loss("tool_error"):
                found.append(f"{piece.path}: a failed call looks like one that went well")
        return found

    def media(self) -> list[str]:
        there = [p.text for p in self.target.of("media")]
        found: list[str] = []
        for piece in self.source.of("media"):
            wanted = {piece.text, self.fetched.get(piece.text, piece.text)}
            match = next((text for text in there if text in wanted), None)
            if match is not None:
                there.remove(match)
            elif not self.named(piece.path):
                found.append(f"{piece.path}: media of type {piece.name or '?'} are gone")
        return found

    def own(self) -> list[str]:
        return [
            f"{piece.path}: a block of kind {piece.name!r} is gone"
            for piece in self.source.of("own")
            if not self.named(piece.path)
        ]

    # ---- tools ----------------------------------------------------------------------------------

    def tools(self) -> list[str]:
        found: list[str] = []
        by_name = {tool.name: tool for tool in self.target.tools if not tool.own}
        limited = set(self.source.knobs.get("choice", ("", ()))[1])
        for at, tool in enumerate(self.source.tools):
            paths = (tool.path, f"tools[{at}]")
            if tool.own:
                if not any(self.named(path, f"server_tool:{tool.own}") for path in paths):
                    found.append(f"{tool.path}: the tool {tool.own!r} is gone")
                continue
            other = by_name.get(tool.name)
            if other is None:
                # An offer that the choice has cut down says the same with fewer tools.
                if not any(map(self.named, paths)) and not (limited and tool.name not in limited):
                    found.append(f"{tool.path}: the tool {tool.name!r} is gone")
                continue
            found += self.tool(tool, other, paths)
        return found

    def tool(self, tool: ToolSaid, other: ToolSaid, paths: tuple[str, ...]) -> list[str]:
        found = []
        if tool.description.strip() and tool.description.strip() not in other.description:
            found.append(f"{tool.path}: its description is gone")
        lost = names_in(tool.schema) - names_in(other.schema)
        words = " ".join([other.description, *strings_in(other.schema)])
        unsaid = {name for name in lost if name not in words}
        if unsaid and not any(self.named(path, "tool_schema:", "schema:") for path in paths):
            found.append(f"{tool.path}: properties are gone: {sorted(unsaid)}")
        found += [
            f"{tool.path}: its schema's {text[:40]!r} is gone"
            for text in _prose(tool.schema)
            if text not in words and not any(self.named(p, "tool_schema:") for p in paths)
        ][:1]
        return found

    # ---- knobs ----------------------------------------------------------------------------------

    def knobs(self) -> list[str]:
        found: list[str] = []
        for knob, value in self.source.knobs.items():
            check = _KNOBS.get(knob, _plain)
            words = _WORDS.get(knob, (knob,))
            if not check(value, self.target.knobs.get(knob), self) and not self.loss(*words):
                found.append(f"{knob}={value!r:.60} is gone: {self.target.knobs.get(knob)!r:.60}")
        if self.target.marks < self.source.marks and not self.loss("cache"):
            found.append(f"{self.source.marks - self.target.marks} cache breakpoints are gone")
        return found

    def unread(self) -> list[str]:
        return [
            f"{path}: {json.dumps(value)[:60]} is gone"
            for path, value in self.source.unread()
            if not self.named(path, path.rpartition(".")[2].partition("[")[0])
        ]


# ---- comparisons ---------------------------------------------------------------------------------


def _touches(loss: str, path: str) -> bool:
    if not loss or not path:
        return False
    short, long = sorted((loss, path), key=len)
    return long == short or (long.startswith(short) and long[len(short)] in _BOUNDARY)


def _speaks(piece: Piece) -> bool:
    kinds = {"user", "assistant", "call", "media"}
    return piece.kind in kinds and not piece.inside and bool(piece.text.strip())


def _missing(wanted: list[Piece], hay: list[str]) -> list[Piece]:
    """The texts that can't be found in order."""
    lost: list[Piece] = []
    at, offset = 0, 0
    for piece in wanted:
        text = piece.text.strip()
        here, start = at, offset
        while here < len(hay):
            found = hay[here].find(text, start)
            if found >= 0:
                at, offset = here, found + len(text)
                break
            here, start = here + 1, 0
        else:
            lost.append(piece)
    return lost


def _same_result(one: str, other: str) -> bool:
    if one.strip() in other or other.strip() == one.strip():
        return True
    try:
        mine, theirs = json.loads(one), json.loads(other)
    except ValueError:
        return False
    return bool(mine == theirs or {"output": mine} == theirs or mine == {"output": theirs})


def _prose(schema: Json) -> list[str]:
    """Texts of a schema that tell the model something: descriptions and values of enums."""
    found: list[str] = []
    if isinstance(schema, dict):
        description = schema.get("description")
        if isinstance(description, str):
            found.append(description.strip())
        values = schema.get("enum")
        if isinstance(values, list):
            found += [value for value in values if isinstance(value, str)]
        for inner in schema.values():
            found += _prose(inner)
    elif isinstance(schema, list):
        for inner in schema:
            found += _prose(inner)
    return found


def _plain(value: Json, other: Json, _judge: _Judge) -> bool:
    return bool(value == other)


def _tier(value: Json, other: Json, _judge: _Judge) -> bool:
    return other in _TIERS.get(value, (value,))


def _strict(value: Json, other: Json, judge: _Judge) -> bool:
    """Every strict tool that has arrived is strict there."""
    offered = {tool.name for tool in judge.target.tools}
    return bool(value & offered <= (other or set()))


def _anything(_value: Json, _other: Json, _judge: _Judge) -> bool:
    return True


def _choice(value: Json, other: Json, judge: _Judge) -> bool:
    if value == other:
        return True
    mode, names = value
    offered = {tool.name for tool in judge.target.tools if not tool.own}
    if mode == "auto" and (not names or offered <= set(names)):
        return other is None or other[0] == "auto"
    if mode == "none":
        return not judge.target.tools
    if not judge.source.tools:
        return True
    return mode == "named" and other == ("required", ()) and offered <= set(names)


def _output(value: Json, other: Json, judge: _Judge) -> bool:
    if isinstance(value, str) or isinstance(other, str) or other is None:
        return bool(value == other)
    words = " ".join([*strings_in(other), *(p.text for p in judge.target.of("system"))])
    return all(name in words for name in names_in(value))


def _limit(value: Json, other: Json, _judge: _Judge) -> bool:
    return bool(value == other)


def _thinking(value: Json, other: Json, _judge: _Judge) -> bool:
    return other is not None or _is_off(value)


def _is_off(value: Json) -> bool:
    """Whether it says that the model shall not think, or nothing of how much."""
    text = json.dumps(value)
    words = ('"none"', "disabled", "false", 'Budget": 0', "null", '{"context": "auto"}')
    return any(word in text for word in words)


# What stands for a tier elsewhere: OpenAI's, Anthropic's and Gemini's words.
_TIERS = {
    "auto": (None, "auto"),
    "default": ("standard_only", "standard", "default"),
    "standard": ("standard_only", "standard", "default"),
    "standard_only": ("standard_only", "standard", "default"),
    "priority": ("auto", "priority"),
    "flex": ("flex",),
}
_KNOBS = {
    "choice": _choice,
    "output": _output,
    "stream": _anything,
    "strict": _strict,
    "max_tokens": _limit,
    "thinking": _thinking,
    "tier": _tier,
}
_WORDS = {
    "choice": ("tool_choice", "forced_tool", "server_tool:", "custom_tool"),
    "output": ("json", "response", "schema"),
    "thinking": ("thinking", "reasoning", "thoughts", "context"),
    "tier": ("service_tier",),
    "parallel": ("parallel",),
    "modalities": ("_output", "modalities"),
    "strict": ("strict", "tool_schema:"),
    "top_logprobs": ("logprobs",),
}
