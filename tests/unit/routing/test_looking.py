"""Features that are looked at only where a policy asks for them."""

import pytest
from msgspec import structs

from fairlead.canon import FunctionTool, OutputFormat, Request, Text, ToolResult, Turn
from fairlead.routing import Features, Hints, extract
from fairlead.routing.conditions import FEATURES, Condition, asking
from fairlead.routing.language import LANGUAGES, language_of
from fairlead.routing.looking import LOOKED_AT, OUTSIDE, Outside, asked_of
from fairlead.routing.policy import Canary, Policy
from fairlead.routing.rule import Rule
from fairlead.routing.source_code import CODE, code_of


def ask(text: str) -> Request:
    return Request(model="auto", turns=(Turn("user", (Text(text),)),))


def policy(*features: str, canary: Canary | None = None) -> Policy:
    rules = tuple(Rule("?", (Condition(name, "is", 1),), ("flash",), "") for name in features)
    return Policy("p", "1", ("flash",), rules, ("flash",), canary=canary)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What can I do with the leftovers of this?", "en"),
        ("Wie kann ich das mit dem Schlüssel nicht verlieren?", "de"),
        ("Je ne sais pas si vous avec une question pour le chef.", "fr"),
        ("¿Cómo se hace una paella para los niños?", "es"),
        ("Come si fa la pasta con il pomodoro e che vino serve?", "it"),
        ("如何准备一次面试？", "zh"),
        ("次の文を要約してください。", "ja"),
        ("오늘 날씨가 어때요?", "ko"),
        ("Как дела сегодня?", "ru"),
        ("كيف حالك اليوم؟", "ar"),
        ("Zzyzx", "other"),
        ("", "other"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language
    assert language in LANGUAGES


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("```py\nprint(1)\n```", "python"),
        ("```\nx\n```", "other"),
        ("Look at src/main.rs please", "rust"),
        ("def f(x):\n    return self.y\n", "python"),
        ('#include <stdio.h>\nint main() { printf("a"); }', "c"),
        ("SELECT a FROM t WHERE b = 1", "sql"),
        ("package main\nfunc f() { x := 1 }", "go"),
        ("The train from Rome arrives at nine.", "none"),
        ("", "none"),
    ],
)
def test_code(text: str, kind: str) -> None:
    assert code_of(text) == kind
    assert kind in CODE


def test_what_is_not_asked_for_is_not_looked_at() -> None:
    features = extract(ask("Solve x^2 = 4"))
    assert {getattr(features, name) for name in (*LOOKED_AT, *OUTSIDE)} == {None}


def test_what_is_asked_for_is_looked_at() -> None:
    turns = (
        Turn("user", (Text("hi"),)),
        Turn("assistant", (Text("hello"),)),
        Turn("user", (Text("Solve x^2 = 4 for me, what is the answer to that?"),)),
    )
    request = Request(model="auto", turns=turns, output=OutputFormat("json_schema", "s", b"{}"))
    asked = (*LOOKED_AT, *OUTSIDE)
    features = extract(request, asked=asked, outside=Outside(key="k1", hour=13, team="t"))
    found = {name: getattr(features, name) for name in asked}
    assert found == {
        "language": "en",
        "code": "none",
        "mathematics": True,
        "depth": 1,
        "schema": 2,
        "key": "k1",
        "hour": 13,
        "warm_tokens": None,
        "team": "t",
        "budget_pressure": None,
    }


def test_a_policy_says_what_it_asks_for() -> None:
    assert asked_of(policy("prompt_tokens")) == ()
    assert asked_of(policy("hour", "tools", "depth", "hour")) == ("depth", "hour")
    arms = (policy("code"), policy("key"))
    assert asked_of(policy(canary=Canary("a", "b", 0.5, arms))) == ("code", "key")


@pytest.mark.parametrize("name", [*LOOKED_AT, *OUTSIDE])
def test_what_is_not_known_meets_no_condition(name: str) -> None:
    wanted = {"number": 0, "flag": False, "word": "none"}[FEATURES[name].form]
    step = asking(Condition(name, "is", wanted))(Features())
    assert not step.answer
    assert name in step.because


def test_every_feature_may_be_asked_for() -> None:
    told = {"task_evidence"}  # told with the task
    assert {field.name for field in structs.fields(Features)} - told == set(FEATURES)


LOOP = (
    Turn("user", (Text("go"),)),
    Turn("assistant", (Text("calling"),)),
    Turn("user", (ToolResult("1", (Text("done"),)),)),
)


@pytest.mark.parametrize(
    ("rest", "latency"),
    [
        ({"stream": True}, "interactive"),
        ({}, "normal"),
        ({"stream": True, "tools": ()}, "normal"),
        ({"stream": True, "turns": LOOP[:1]}, "normal"),
        ({"stream": True, "instructions": (Text("long words here " * 3_000),)}, "normal"),
    ],
)
def test_latency_is_inferred(rest: dict[str, object], latency: str) -> None:
    plain = {"model": "auto", "turns": LOOP, "tools": (FunctionTool("f"),)}
    request = Request(**{**plain, **rest})  # type: ignore[arg-type]
    assert extract(request).latency == latency
    assert extract(request, Hints(latency="batch")).latency == "batch"
