"""Which tools are called, and with what."""

import re
from typing import Any

import msgspec

from fairlead.emulator.answer.ask import Ask, Call, Tool
from fairlead.emulator.answer.schema_value import value_for
from fairlead.emulator.answer.subjects import subjects
from fairlead.emulator.answer.tokens import count
from fairlead.emulator.answer.written import written_arguments
from fairlead.emulator.json_value import JsonValue

__all__ = ["call_of", "calls_for"]

MOST_CALLS = 8
# What the vendors' own framing of a call costs, beside its JSON: not disclosed, so a small guess
# that only has to be the same each time.
CALL_OVERHEAD = 12
_PLAIN_WISH = re.compile(
    r"\b(?:call|calls|invoke|use (?:the|a|your|both|these|all)(?: \w+){0,3} (?:tool|function)s?|"
    r"(?:tool|function) call)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z0-9]+")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
# Words of a tool's name that say nothing of what it is about.
_EMPTY = {
    "get", "set", "fetch", "find", "current", "the", "tool", "function", "look", "lookup", "up",
    "my", "a", "do", "run", "make", "fn", "func", "for", "of", "to", "by", "in",
}  # fmt: skip


def calls_for(ask: Ask, seed: bytes) -> list[Call]:
    """The calls that a request gets: none, one or several."""
    tools = [t for t in ask.tools if not ask.allowed or t.name in ask.allowed]
    if not tools or ask.choice == "none":
        return []
    forced = ask.choice == "any"
    if ask.results and not forced:
        return []
    lowered = ask.text.lower()
    named = [tool for tool in tools if _is_named(tool.name, lowered)]
    if not named:
        if not forced and not _PLAIN_WISH.search(ask.text):
            return []
        named = tools[:1]
    about = subjects(ask.text) or [""]
    calls: list[Call] = []
    for tool in named:
        written = written_arguments(ask.text, tool.name, tool.schema)
        if written:
            calls.extend(_call(tool, "", seed, at, given) for at, given in enumerate(written))
            continue
        subjects_of = about if _takes_text(tool.schema) else about[:1]
        calls.extend(_call(tool, subject, seed, at) for at, subject in enumerate(subjects_of))
    return calls[: MOST_CALLS if ask.parallel else 1]


def _is_named(name: str, lowered: str) -> bool:
    """The text has the tool's name, or each word of it that says what it is about."""
    if name.lower() in lowered:
        return True
    telling = [part.lower() for part in _PARTS.findall(name) if part.lower() not in _EMPTY]
    if not telling:
        return False
    words = _WORD.findall(lowered[:20_000])
    return all(any(word.startswith(_stem(part)) for word in words) for part in telling)


def _stem(part: str) -> str:
    return part[:-1] if len(part) > 4 and part.endswith("s") else part


def _takes_text(schema: JsonValue) -> bool:
    """Whether a subject could be an argument: the tool takes a free string."""
    if not isinstance(schema, dict):
        return False
    properties = schema.get("properties")
    return isinstance(properties, dict) and any(
        isinstance(one, dict) and "enum" not in one and str(one.get("type", "")).lower() == "string"
        for one in properties.values()
    )


def _call(
    tool: Tool, subject: str, seed: bytes, at: int, given: dict[str, Any] | None = None
) -> Call:
    """A call about a subject, or with the arguments that are given, the rest made."""
    number = int.from_bytes(seed[:6]) + at
    arguments = {} if tool.schema is None else value_for(tool.schema, number, subject)
    if not isinstance(arguments, dict):
        arguments = {}
    return call_of(tool.name, {**arguments, **(given or {})})


def call_of(name: str, arguments: dict[str, Any]) -> Call:
    """A call and what its JSON costs."""
    cost = count(name) + count(msgspec.json.encode(arguments).decode()) + CALL_OVERHEAD
    return Call(name, arguments, cost)
