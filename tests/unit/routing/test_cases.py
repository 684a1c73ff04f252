"""Cases of a policy: what is read, what passes, and how a mistake is told; those that ship."""

from datetime import date
from importlib import resources
from typing import get_args

import pytest

from fairlead.catalog import load, shipped_policies
from fairlead.routing import (
    Chooser,
    Features,
    Hints,
    Policy,
    PolicyError,
    Task,
    options_for,
    parse_policies,
)
from fairlead.routing.cases import Case, Expect, Outcome, parse_cases, run_case

TODAY = date(2026, 11, 22)
CATALOG = load()
POLICIES = parse_policies({}, shipped_policies(), CATALOG)
GOOD = """
[[cases]]
name = "long"
features = { prompt_tokens = 300_000 }
expect = { model = "flash" }

[[cases]]
name = "as it is sent"
request = { messages = [] }
dialect = "openai_chat"
hints = { latency = "interactive" }
expect = { model = "haiku" }
"""


def unread(_body: bytes, _dialect: str | None, _hints: Hints | None) -> Features:
    raise AssertionError("no request here")


def chooser(policy: Policy) -> Chooser:
    return Chooser(policy, options_for(policy, CATALOG, TODAY, lambda _: True))


def run(case: Case, policy: str = "article-tree") -> Outcome:
    return run_case(case, chooser(POLICIES[policy]), unread)


def test_toml_and_json_are_read() -> None:
    long, sent = parse_cases(GOOD)
    assert long.features == Features(prompt_tokens=300_000)
    assert bytes(sent.request) == b'{"messages":[]}'
    text = '{"cases": [{"name": "a", "features": {}, "expect": {"model": "haiku"}}]}'
    assert parse_cases(text)[0].expect.model == "haiku"


def test_a_request_is_read_as_the_caller_reads_it() -> None:
    heard: list[object] = []

    def read(*asked: object) -> Features:
        heard.append(asked)
        return Features(latency="interactive")

    outcome = run_case(parse_cases(GOOD)[1], chooser(POLICIES["article-tree"]), read)
    assert outcome.passed
    assert heard == [(b'{"messages":[]}', "openai_chat", Hints(latency="interactive"))]


MISTAKES = [
    ("prompt_tokens", "promt_tokens", "c.toml:4: cases[0].features.promt_tokens: unknown; known"),
    (
        'name = "long"',
        'name = "as it is sent"',
        "c.toml:7: cases[1] ('as it is sent'): another case has this name",
    ),
    ("features = { prompt_tokens = 300_000 }", "", "c.toml:2: cases[0] ('long'): give either"),
    ("request =", "features = {}\nrequest =", "cases[1] ('as it is sent'): give either"),
    ("features =", 'dialect = "gemini"\nfeatures =', "belong to a `request`"),
    ('expect = { model = "flash" }', "expect = {}", "expects nothing"),
    (
        'expect = { model = "flash" }',
        'expect = { modle = "flash" }',
        "c.toml:5: cases[0].expect.modle: ",
    ),
    (
        'expect = { model = "flash" }',
        "",
        "c.toml:2: cases[0]: Object missing required field `expect`",
    ),
    ("300_000", "'x'", "c.toml:4: cases[0].features.prompt_tokens: Expected `int`"),
    ("interactive", "soon", "c.toml:11: cases[1].hints.latency: Invalid enum value 'soon'"),
    ("[[cases]]", "[[case]]", "c.toml:2: case: unknown key"),
    ("[[cases]]", "[[cases", "c.toml:2: not valid TOML: "),
    (GOOD, "cases = []", "there are no cases in it"),
    ("features", "featurs", "c.toml:4: cases[0].featurs: unknown key"),
    ("[[cases]]", "x = 1\n[[cases]]", "c.toml:2: x: unknown key"),
    (GOOD, "{", "c.toml:1: not valid JSON: "),
    (GOOD, '{"cases": [\n {"name": "a",\n "nme": 2}]}', "c.toml:3: cases[0].nme: unknown key"),
    (
        GOOD,
        '{"cases": [{"request": ' + "[" * 100_000,
        "c.toml: not valid JSON: it is nested too deeply",
    ),
    ("300_000", "[" * 100_000, "c.toml: not valid TOML: it is nested too deeply"),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_mistake_is_told(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(PolicyError) as raised:
        parse_cases(GOOD.replace(old, new, 1), "c.toml")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        (Expect(model="flash"), "model: expected 'gemini-2.5-flash', got 'claude-haiku"),
        (Expect(model="gpt-9"), "model: expected 'gpt-9'"),
        (Expect(fallbacks=()), "fallbacks: expected (), got ('gemini-2.5-flash',)"),
        (Expect(question="very tight budget?"), "question: expected 'very tight budget?', got"),
        (Expect(task="math"), "task: expected 'math', got 'coding'"),
        (Expect(reason="science"), "reason: expected 'science' in 'article-tree: coding'"),
        (Expect(ruled_out=("flash",)), "ruled_out: expected {'gemini-2.5-flash'}, got set()"),
        (Expect(refused="audio"), "expected a refusal with 'audio', got claude-haiku"),
    ],
)
def test_what_is_not_as_expected_is_told(expect: Expect, wrong: str) -> None:
    outcome = run(Case("x", expect, features=Features(task="coding")))
    assert not outcome.passed
    assert wrong in outcome.wrong[0]


def test_a_refusal_may_be_expected() -> None:
    audio = Features(modalities=("text", "audio"))
    case = Case("x", Expect(refused="no audio"), features=audio, without=("google",))
    assert run(case).passed
    other = run(Case("x", Expect(model="haiku"), features=audio, without=("google",)))
    assert (other.passed, other.model) == (False, None)
    assert "refused: no model can take this request" in other.wrong[0]


SHIPPED = resources.files("fairlead.catalog").joinpath("policies", "cases")


def shipped(policy: str) -> tuple[Case, ...]:
    text = SHIPPED.joinpath(f"{policy}.toml").read_text(encoding="utf-8")
    return parse_cases(text, f"{policy}.toml")


@pytest.mark.parametrize("name", ["article-tree", "article-task", "article-length"])
def test_the_shipped_cases_take_every_path(name: str) -> None:
    """Each question decides in one case, and each is passed by in one; no question in another."""
    policy = POLICIES[name]
    decided: set[str] = set()
    for case in shipped(name):
        if case.features is None:
            continue
        outcome = run(case, name)
        assert outcome.passed, (case.name, outcome.wrong)
        if case.expect.question is not None:
            decided.add(case.expect.question)
    assert decided == {"", *(rule.question for rule in policy.rules)}


def test_the_shipped_cases_name_every_task_that_decides() -> None:
    tasks = {case.features.task for case in shipped("article-task") if case.features}
    assert tasks == set(get_args(Task))
