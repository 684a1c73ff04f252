"""What can be told of an answer without another model: is it whole, does it keep its schema, are
its calls valid, does its code parse.

Each check says yes, no, or that it has nothing to say; it is asked only for what it can prove:

    complete   not cut off, not refused, not empty
    schema     where JSON was asked for: it parses, and is valid under the schema asked for
    tools      calls of tools that were offered, with arguments valid under their schemas; and a
               call where one was demanded
    code       blocks that say they are Python, JSON or TOML parse. Other languages have no parser
               here, and brackets that match prove nothing: they are not judged

A schema that cannot be checked (see `schema_check`) gives no verdict. Reasons name places and kinds
of faults, never what the answer says: they go into the ledger.
"""

import ast
import re
import textwrap
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import (
    Candidate,
    FunctionTool,
    Refusal,
    Request,
    Response,
    Text,
    Thinking,
    ToolCall,
)
from fairlead.routing.schema_check import schema_of

__all__ = ["CHECKS", "Verdict", "judge", "possible", "same_answer"]

MOST_CODE: Final = 8 * 1024
"""Characters of code in one answer that are parsed: some 2 ms, and at worst 14."""
MOST_JSON: Final = 512 * 1024
MOST_FENCED: Final = 64 * 1024
"""Characters in which blocks of code are looked for: at worst some 50 ms."""
_FENCE: Final = re.compile(
    r"^(?P<mark>```+|~~~+)[ \t]*(?P<language>[\w+#.-]*)(?P<rest>[^\n]*)$", re.MULTILINE
)
_CUT: Final = frozenset({"length", "context_overflow"})
_DECLINED: Final = frozenset({"refusal", "content_filter", "error"})
_TOO_MUCH: Final = (RecursionError, MemoryError)


class Verdict(Struct, frozen=True, omit_defaults=True):
    """What one check says of an answer. `passed` None: it has nothing to say, and `why` not."""

    check: str
    passed: bool | None
    why: str = ""


def judge(names: Sequence[str], request: Request, response: Response) -> tuple[Verdict, ...]:
    """The verdicts of the checks of these names, in their order."""
    return tuple([_judged(name, request, response) for name in names])


def possible(name: str, request: Request, task: str = "") -> bool:
    """Whether a check can prove anything about answers to this request."""
    return _POSSIBLE[name](request, task)


def same_answer(answers: Sequence[Response]) -> bool | None:
    """Whether several answers to one request say the same: equal JSON, else equal words. None where
    they cannot be compared: they call tools, or hold more than text.
    """
    said = [_comparable(each) for each in answers]
    if any(each is None for each in said):
        return None
    return all(each == said[0] for each in said[1:])


def _comparable(answer: Response) -> object:
    """An answer's one text, without what makes no difference; None where there is none."""
    if len(answer.candidates) != 1:
        return None
    parts = [part for part in answer.candidates[0].parts if not isinstance(part, Thinking)]
    if not parts or not all(isinstance(part, Text) for part in parts):
        return None
    text = _text(answer.candidates[0])
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return " ".join(text.casefold().split()).rstrip(".!?。")


def _judged(name: str, request: Request, response: Response) -> Verdict:
    """The worst of what a check says of the candidates: a fault counts before all else."""
    said = None
    candidates = response.candidates or (Candidate(),)
    for number, candidate in enumerate(candidates):
        fault = CHECKS[name](request, candidate)
        if fault:
            where = f"answer {number}: " if len(candidates) > 1 else ""
            return Verdict(name, passed=False, why=where + fault)
        if fault is not None:
            said = True
    return Verdict(name, passed=said)


# --- one candidate: what is wrong with it, "" if nothing is, None where nothing is to say ------


def _complete(_request: Request, candidate: Candidate) -> str | None:
    finish = candidate.finish
    if finish is None:
        return "it has no end"
    if finish.reason in _CUT:
        return f"cut off ({finish.reason})"
    if finish.reason in _DECLINED or any(isinstance(part, Refusal) for part in candidate.parts):
        return f"declined ({finish.reason})"
    if all(
        isinstance(part, Thinking) or (isinstance(part, Text) and not part.text.strip())
        for part in candidate.parts
    ):
        return "empty"
    return ""


def _schema(request: Request, candidate: Candidate) -> str | None:
    output = request.output
    if output is None or output.kind == "text" or _calls(candidate):
        return None
    text = _text(candidate)
    if len(text) > MOST_JSON:
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        return f"no JSON: {_told(error)}"
    if output.kind == "json" or not output.schema:
        return "" if isinstance(value, dict) else "no JSON object"
    schema = schema_of(output.schema)
    fault = None if schema is None else schema.fault(value)
    return f"schema: {fault}" if fault else fault


def _tools(request: Request, candidate: Candidate) -> str | None:
    calls = _calls(candidate)
    choice = request.tool_choice
    if not calls:
        demanded = choice is not None and choice.mode in {"required", "named"}
        return "no tool is called, though a call was demanded" if demanded else None
    offered = {tool.name: tool for tool in request.tools if isinstance(tool, FunctionTool)}
    faults = [_call(call, offered) for call in calls]
    found = [fault for fault in faults if fault]
    if found:
        return found[0]
    return None if None in faults else ""


def _call(call: ToolCall, offered: Mapping[str, FunctionTool]) -> str | None:
    tool = offered.get(call.name)
    if tool is None:
        return "a tool is called that was not offered"
    if call.custom or tool.custom:
        return ""
    try:
        value = msgspec.json.decode(call.arguments or "{}")
    except (msgspec.DecodeError, RecursionError) as error:
        return f"{tool.name}: arguments are no JSON: {_told(error)}"
    if not isinstance(value, dict):
        return f"{tool.name}: arguments are no object"
    if tool.parameters is None:
        return ""
    schema = schema_of(tool.parameters)
    fault = None if schema is None else schema.fault(value)
    return f"{tool.name}: {fault}" if fault else fault


def _code(_request: Request, candidate: Candidate) -> str | None:
    judged, left = False, MOST_CODE
    for language, body in _blocks(_text(candidate)):
        parse = _PARSERS.get(language)
        left -= len(body)
        if parse is None or left < 0:
            continue
        try:
            judged = parse(body) or judged
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            return f"{language} does not parse{'' if line is None else f' (line {line})'}"
        except _TOO_MUCH:
            continue
    return "" if judged else None


CHECKS: Final[dict[str, Callable[[Request, Candidate], str | None]]] = {
    "complete": _complete,
    "schema": _schema,
    "tools": _tools,
    "code": _code,
}
"""The checks by name."""

_POSSIBLE: Final[dict[str, Callable[[Request, str], bool]]] = {
    "complete": lambda _, __: True,
    "schema": lambda request, _: request.output is not None and request.output.kind != "text",
    "tools": lambda request, _: any(isinstance(tool, FunctionTool) for tool in request.tools),
    "code": lambda _, task: task == "coding",
}


def _text(candidate: Candidate) -> str:
    return "".join([part.text for part in candidate.parts if isinstance(part, Text)])


def _calls(candidate: Candidate) -> list[ToolCall]:
    return [part for part in candidate.parts if isinstance(part, ToolCall)]


def _told(error: Exception) -> str:
    """Where a JSON text goes wrong, without a word of it."""
    found = re.search(r"byte \d+", str(error))
    return found.group(0) if found else type(error).__name__


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Fenced blocks with the language that they say they are in. Lines are looked at once: one
    expression for a whole block would look for the end of each that has none in all that follows.
    """
    fences = list(_FENCE.finditer(text[:MOST_FENCED]))
    ends: list[int | None] = [None] * len(fences)
    last: dict[str, int] = {}
    for number in range(len(fences) - 1, -1, -1):
        fence = fences[number]
        ends[number] = last.get(fence["mark"])
        if not (fence["language"] or fence["rest"]):
            last[fence["mark"]] = number
    number = 0
    while number < len(fences):
        end = ends[number]
        if end is None:  # it is never closed
            number += 1
            continue
        fence = fences[number]
        yield fence["language"].lower(), text[fence.end() + 1 : fences[end].start()]
        number = end + 1


def _python(body: str) -> bool:
    """Sessions with prompts and notebooks' commands are no Python and not judged."""
    source = textwrap.dedent(body)
    if re.search(r"^\s*(>>>|\.\.\. |[%!]\w)", source, re.MULTILINE):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an escape that Python will refuse one day
        ast.parse(source)
    return True


def _json(body: str) -> bool:
    msgspec.json.decode(body)
    return True


def _toml(body: str) -> bool:
    tomllib.loads(body)
    return True


_PARSERS: Final[dict[str, Callable[[str], bool]]] = {
    "python": _python,
    "py": _python,
    "python3": _python,
    "json": _json,
    "toml": _toml,
}
