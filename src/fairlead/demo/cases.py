"""The demo's requests: real input, and what is expected of each answer.

`expect` is the family that the policy must choose (`flash`, `haiku`), or `error` where no model can
take the request. `check` looks at the answer and returns what is wrong with it, or nothing.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fairlead.demo import materials

__all__ = ["Answer", "Case", "cases", "small_cases"]

Messages = list[dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    """What a case's check may look at. `error` is the error's message where there was one."""

    text: str = ""
    tool_calls: tuple[tuple[str, str, str], ...] = ()
    error: str | None = None
    usage_total: int | None = None


Check = Callable[[Answer], str]


def _has_text(answer: Answer) -> str:
    return "" if answer.text.strip() else "no text came"


@dataclass(frozen=True)
class Case:
    """One request, and its follow-up where it is a tool loop (`results` by function name)."""

    name: str
    expect: str
    messages: Messages
    check: Check = _has_text
    stream: bool = False
    model: str = "auto"
    hints: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)


def _user(text: str | list[dict[str, Any]]) -> Messages:
    return [{"role": "user", "content": text}]


REVIEWED = (
    "bisect.py", "heapq.py", "textwrap.py", "fnmatch.py", "colorsys.py", "shlex.py", "sched.py",
    "queue.py", "string.py", "contextlib.py",
)  # fmt: skip
MATHS = (
    "Solve the integral of x^2 * exp(-x) from 0 to infinity and show each step of the calculation.",
    "Prove that the square root of 2 is irrational.",
    "How many ways are there to arrange the letters of MISSISSIPPI? Give the combinatorics.",
    "计算方程 x^2 - 5x + 6 = 0 的根，并证明你的答案。",
)
SCIENCE = (
    "Explain in physics terms why the sky is blue: derive the wavelength dependence of scattering.",
    "In chemistry, why is the water molecule bent? Discuss electron pairs and bond angles.",
    "How does the quantum tunnelling of protons matter for nuclear fusion in the sun?",
)
CHATS = (
    (
        "Hi! Who are you?",
        "I am a helpful assistant.",
        "Nice. What shall we have for dinner tonight?",
    ),
    ("My name is Ada.", "Nice to meet you, Ada!", "Can you tell me what my name is?"),
    ("你好！", "你好，有什么可以帮你？", "今天晚上适合散步吗？"),
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "The local time in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
RECIPE = {
    "type": "json_schema",
    "json_schema": {
        "name": "recipe",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "minutes": {"type": "integer"},
                "ingredients": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["title", "minutes", "ingredients"],
            "additionalProperties": False,
        },
    },
}


def _is_recipe(answer: Answer) -> str:
    try:
        value = json.loads(answer.text)
    except ValueError:
        return f"no JSON: {answer.text[:60]!r}"
    kinds = {"title": str, "minutes": int, "ingredients": list}
    wrong = [key for key, kind in kinds.items() if not isinstance(value.get(key), kind)]
    return f"not valid under the schema: {wrong}" if wrong or len(value) != len(kinds) else ""


def _two_calls(answer: Answer) -> str:
    names = {name for _, name, _ in answer.tool_calls}
    ids = {call_id for call_id, _, _ in answer.tool_calls}
    if names != {"get_weather", "get_time"} or len(ids) != len(answer.tool_calls):
        return f"two parallel calls were expected, came {answer.tool_calls}"
    bad = [args for _, _, args in answer.tool_calls if "city" not in json.loads(args)]
    return f"arguments without a city: {bad}" if bad else ""


def _refused_by_both(answer: Answer) -> str:
    told = answer.error or ""
    missing = [word for word in ("video", "max_tokens") if word not in told]
    return f"the error does not name {missing}: {told[:120]}" if missing else ""


def _with_usage(answer: Answer) -> str:
    return _has_text(answer) or ("" if answer.usage_total else "no usage chunk came")


def _coding() -> list[Case]:
    ask = "Review this Python module: name one bug or weak spot and show the fix."
    usage = {"stream_options": {"include_usage": True}}
    return [
        Case(
            f"review {name}",
            "haiku",
            _user(f"{ask}\n\n```python\n{materials.source(name)}\n```"),
            stream=number % 3 == 0,
            options=usage if number % 3 == 0 else {},
            check=_with_usage if number % 3 == 0 else _has_text,
        )
        for number, name in enumerate(REVIEWED)
    ]


def _questions() -> list[Case]:
    rows = [Case(f"maths {n}", "flash", _user(q)) for n, q in enumerate(MATHS, 1)]
    rows += [
        Case("maths, thinking", "flash", _user(MATHS[1]), options={"reasoning_effort": "low"}),
        Case("maths, thinking off", "flash", _user(MATHS[0]), options={"reasoning_effort": "none"}),
    ]
    rows += [
        Case(f"science {n}", "flash", _user(q), stream=n == 1) for n, q in enumerate(SCIENCE, 1)
    ]
    for number, (first, reply, then) in enumerate(CHATS, 1):
        messages: Messages = [
            {"role": "system", "content": "You are a friendly companion."},
            {"role": "user", "content": first},
            {"role": "assistant", "content": reply},
            {"role": "user", "content": then},
        ]
        rows.append(Case(f"chat with history {number}", "haiku", messages, stream=number == 2))
    return rows


def _tools() -> list[Case]:
    ask = _user("What is the weather and the time in Paris? Call get_weather and get_time.")
    results = {"get_weather": "sunny, 24 degrees", "get_time": "14:05"}
    tools = {"tools": [WEATHER, CLOCK]}
    return [
        Case("tool loop", "haiku", ask, _two_calls, options=tools, results=results),
        Case("tool loop, thinking", "haiku", ask, _two_calls, results=results,
             options={**tools, "reasoning_effort": "low"}),
        Case("tool loop, Flash by name", "flash", ask, _two_calls, model="gemini-flash",
             options=tools, results=results),
        Case("tool loop, streamed", "haiku", ask, _two_calls, stream=True, options=tools,
             results=results),
    ]  # fmt: skip


def _media() -> list[Case]:
    image = {"url": materials.data_url("image/png", materials.png())}
    sound = {"data": base64.b64encode(materials.wav()).decode(), "format": "wav"}
    page = materials.pdf(("Invoice 17", "Two lamps, 42.50 euros", "Payable within 14 days"))
    film = {"file_data": materials.data_url("video/x-msvideo", materials.video()),
            "filename": "film.avi"}  # fmt: skip

    def part(text: str, kind: str, value: dict[str, str]) -> Messages:
        return _user([{"type": "text", "text": text}, {"type": kind, kind: value}])

    paper = {"file_data": materials.data_url("application/pdf", page), "filename": "invoice.pdf"}
    return [
        Case("PNG", "haiku", part("What does this picture show?", "image_url", image)),
        Case("WAV", "flash", part("What do you hear?", "input_audio", sound)),
        Case("PDF", "haiku", part("What is this invoice about?", "file", paper)),
        Case("video", "flash", part("What happens in this film?", "file", film)),
        Case("no model can take it", "error",
             part("Describe this film at great length.", "file", film), _refused_by_both,
             options={"max_tokens": 100_000}),
    ]  # fmt: skip


def _other() -> list[Case]:
    recipe = _user("Invent a simple recipe for a soup.")
    wish = _user("Suggest a name for a sailing boat.")
    return [
        Case("JSON schema", "haiku", recipe, _is_recipe, options={"response_format": RECIPE}),
        Case("JSON schema, Flash by name", "flash", recipe, _is_recipe, model="gemini-flash",
             options={"response_format": RECIPE}),
        Case("JSON schema, streamed", "haiku", recipe, _is_recipe, stream=True,
             options={"response_format": RECIPE}),
        Case("interactive", "haiku", wish, stream=True, hints={"latency": "interactive"}),
        Case("tight budget", "flash", wish, hints={"budget": "tight"}),
        Case("task stated: automation", "haiku", wish,
             hints={"task": "automation", "policy": "article-task"}),
        Case("policy by length", "haiku", wish, hints={"policy": "article-length"}),
        Case("Haiku by alias", "haiku", wish, model="claude-haiku-4-5"),
        Case("stop sequence and limits", "haiku", wish,
             options={"stop": ["\n\n"], "temperature": 0.2, "max_tokens": 64}),
    ]  # fmt: skip


def small_cases() -> list[Case]:
    """The cases with small prompts, for a run against the real vendors."""
    return [*_questions()[:4], *_tools()[:1], *_media()[:1], *_other()[:2]]


def cases() -> list[Case]:
    """All of them, the long document in the middle."""
    text = materials.document(1_100_000)
    ask = "Which modules in this collection deal with dates, and how do they relate?"
    long = [Case("document of 200,000+ tokens", "flash", _user(f"{ask}\n{text}"))]
    return [*_coding(), *_questions(), *long, *_tools(), *_media(), *_other()]
