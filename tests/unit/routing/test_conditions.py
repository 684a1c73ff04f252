"""Compiled questions: what is answered and told, with every form, asked once and again."""

from typing import Any

import msgspec
import pytest

from fairlead.routing import Features, Rule
from fairlead.routing.conditions import Condition, asking

AUDIO: dict[str, Any] = {"modalities": ("text", "audio")}
MATH: dict[str, Any] = {"task": "math", "task_evidence": "says theorem"}

TOLD = [
    ("prompt_tokens", "over", 200_000, {"prompt_tokens": 212_331}, "212,331 tokens > 200,000"),
    ("prompt_tokens", "over", 5, {"prompt_tokens": 5}, "no: 5 tokens <= 5"),
    ("turns", "under", 3, {"turns": 2}, "2 turns < 3"),
    ("turns", "is", 3, {"turns": 2}, "no: 2 turns is not 3"),
    ("max_tokens", "over", 5, {}, "no: max_tokens is not set"),
    ("max_tokens", "under", 5, {"max_tokens": 0}, "0 output tokens < 5"),
    ("stream", "is", True, {"stream": True}, "stream yes is yes"),
    ("stream", "is", True, {}, "no: stream no is not yes"),
    ("task", "is", "math", {"task": "math"}, "task math is math"),
    ("task", "is", "math", MATH, "task math (says theorem) is math"),
    ("task", "any_of", ("chat", "coding"), MATH, "no: task math (says theorem) not among chat, coding"),
    ("latency", "is", "batch", {}, "no: latency normal is not batch"),
    ("budget", "any_of", ("tight",), {"budget": "tight"}, "budget tight among tight"),
    ("modalities", "any_of", ("audio", "video"), AUDIO, "modalities text, audio: among audio, video"),
    ("modalities", "has", "video", AUDIO, "no: modalities text, audio: has no video"),
    ("needs", "has", "json", {"needs": ("n", "json")}, "needs n, json: has json"),
    ("needs", "has", "json", {}, "no: needs : has no json"),
]  # fmt: skip


@pytest.mark.parametrize(("feature", "operator", "wanted", "given", "told"), TOLD)
def test_a_condition_tells_its_answer(
    feature: str, operator: str, wanted: Any, given: dict[str, Any], told: str
) -> None:
    ask = asking(Condition(feature, operator, wanted), "?")
    for _ in range(2):
        step = ask(Features(**given))
        assert (step.question, step.answer) == ("?", not told.startswith("no: "))
        assert step.because == told.removeprefix("no: ")


RULE = Rule(
    "long mathematics?",
    (Condition("prompt_tokens", "over", 1_000), Condition("task", "is", "math")),
    ("flash",),
    "long",
)


def test_a_rule_tells_all_that_holds_or_the_first_that_fails() -> None:
    yes = RULE.ask(Features(prompt_tokens=1_001, **MATH))
    assert yes.answer
    assert yes.because == "1,001 tokens > 1,000; task math (says theorem) is math"
    no = RULE.ask(Features(prompt_tokens=1_001))
    assert (no.answer, no.because) == (False, "task other is not math")
    assert RULE.ask(Features()).because == "0 tokens <= 1,000"
    assert (
        RULE.detail(Features(prompt_tokens=2_000, **MATH)) == "2,000 tokens > 1,000; says theorem"
    )


def test_what_is_compiled_is_no_part_of_a_rules_value() -> None:
    fresh = msgspec.structs.replace(RULE)
    assert RULE.ask(Features()) == fresh.ask(Features())
    unasked = msgspec.structs.replace(RULE)
    assert (RULE, hash(RULE)) == (unasked, hash(unasked))
    assert msgspec.json.encode(RULE) == msgspec.json.encode(unasked)
