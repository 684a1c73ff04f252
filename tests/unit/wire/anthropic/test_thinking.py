import pytest
from msgspec.structs import replace
from tests.unit.wire.anthropic.models import HAIKU_45, HAIKU_55, PERMISSIVE, encode, names

from fairlead.canon import (
    FunctionTool,
    Reasoning,
    Request,
    Sampling,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from fairlead.catalog.model import Limits, Model
from fairlead.catalog.model import Thinking as Facts

USER = Turn("user", (Text("hi"),), path="messages[0]")
GET = FunctionTool("get")
OFF = {"type": "disabled"}


def ask(reasoning, facts=HAIKU_45, turns=(USER,), **fields):
    return encode(Request(model="", turns=turns, reasoning=reasoning, **fields), facts)


def budget(tokens):
    return {"type": "enabled", "budget_tokens": tokens}


@pytest.mark.parametrize(
    ("wish", "max_tokens", "thinking", "sent_max", "lost"),
    [
        (Reasoning(effort="low"), None, budget(2_048), 64_000, []),
        (Reasoning(effort="high"), None, budget(16_384), 64_000, []),
        (Reasoning(level="medium"), None, budget(8_192), 64_000, []),
        (Reasoning(effort="none"), None, OFF, 64_000, []),
        (Reasoning(budget=0), 10, OFF, 10, []),
        (Reasoning(budget=5_000), 8_000, budget(5_000), 8_000, []),
        (Reasoning(budget=500), None, budget(1_024), 64_000, ["thinking_budget"]),
        (Reasoning(budget=99_000), None, budget(63_999), 64_000, ["thinking_budget"]),
        (Reasoning(budget=-1), None, budget(8_192), 64_000, ["thinking_adaptive"]),
        (Reasoning(adaptive=True), None, budget(8_192), 64_000, ["thinking_adaptive"]),
        (Reasoning(effort="low", adaptive=True), None, budget(2_048), 64_000, []),
        (Reasoning(effort="high"), 10_000, budget(5_000), 10_000, ["thinking_budget"]),
        (Reasoning(budget=8_000), 8_000, budget(4_000), 8_000, ["thinking_budget"]),
        (Reasoning(budget=8_000), 1_500, budget(1_024), 1_500, ["thinking_budget"]),
        (Reasoning(budget=8_000), 1_024, OFF, 1_024, ["thinking_off:max_tokens"]),
        (Reasoning(effort="max"), 4_000, None, 4_000, ["reasoning_effort"]),
    ],
)
def test_budgets(wish, max_tokens, thinking, sent_max, lost):
    body, losses = ask(wish, max_tokens=max_tokens)
    assert body.get("thinking") == thinking
    assert body["max_tokens"] == sent_max
    assert names(losses) == lost
    assert names(losses, "semantic") == []
    if thinking is not None and thinking != OFF:
        assert 1_024 <= body["thinking"]["budget_tokens"] < body["max_tokens"]


@pytest.mark.parametrize(
    ("wish", "thinking", "effort", "lost"),
    [
        (Reasoning(effort="high"), None, "high", []),
        (Reasoning(effort="minimal"), None, "low", ["reasoning_effort"]),
        (Reasoning(level="medium"), None, "medium", []),
        (Reasoning(effort="none"), OFF, None, []),
        (Reasoning(budget=0), OFF, None, []),
        (Reasoning(budget=-1), {"type": "adaptive"}, None, []),
        (Reasoning(adaptive=True), {"type": "adaptive"}, None, []),
        (Reasoning(effort="max", adaptive=True), {"type": "adaptive"}, "max", []),
        (
            Reasoning(effort="low", visible=False),
            {"type": "adaptive", "display": "omitted"},
            "low",
            [],
        ),
        (Reasoning(budget=4_000), {"type": "adaptive"}, None, ["thinking_budget"]),
    ],
)
def test_adaptive_thinking(wish, thinking, effort, lost):
    body, losses = ask(wish, HAIKU_55)
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort
    assert names(losses) == lost


def test_a_budget_becomes_the_effort_below_it_where_a_table_says():
    table = (("low", 2_000), ("medium", 8_000), ("high", 16_000))
    facts = replace(HAIKU_55, thinking=replace(HAIKU_55.thinking, effort_budgets=table))
    body, losses = ask(Reasoning(budget=9_000), facts)
    assert body["output_config"] == {"effort": "medium"}
    assert names(losses) == ["thinking_budget"]


def test_where_thinking_is_not_the_default_it_is_switched_on():
    facts = replace(HAIKU_55, thinking=replace(HAIKU_55.thinking, default_on=False))
    body, _ = ask(Reasoning(effort="low"), facts)
    assert body["thinking"] == {"type": "adaptive"}
    assert body["output_config"] == {"effort": "low"}


def test_where_it_cannot_be_switched_off_the_least_is_asked_for():
    facts = replace(HAIKU_55, thinking=replace(HAIKU_55.thinking, off=False))
    body, losses = ask(Reasoning(effort="none"), facts)
    assert "thinking" not in body
    assert body["output_config"] == {"effort": "low"}
    assert names(losses) == ["thinking_stays_on"]


def test_a_model_that_does_not_think():
    facts = replace(HAIKU_45, thinking=Facts(kind="none"))
    body, losses = ask(Reasoning(effort="high"), facts)
    assert "thinking" not in body
    assert names(losses) == ["reasoning"]
    assert ask(Reasoning(effort="none"), facts)[1] == ()


def test_a_model_that_takes_efforts_only():
    facts = replace(HAIKU_45, thinking=Facts(kind="effort", levels=("low", "high")))
    body, losses = ask(Reasoning(effort="max"), facts)
    assert body["output_config"] == {"effort": "high"}
    assert "thinking" not in body
    assert names(losses) == ["reasoning_effort"]


def test_an_unknown_model_gets_what_was_asked_for():
    unknown = Model.unknown("claude-new", "anthropic")
    body, _ = ask(Reasoning(budget=20_000), unknown)
    assert body["thinking"] == budget(20_000)
    assert body["max_tokens"] == 28_192
    body, _ = ask(Reasoning(effort="low"), unknown)
    assert (body["thinking"], body["output_config"]) == ({"type": "adaptive"}, {"effort": "low"})


def test_a_known_limit_bounds_the_default():
    facts = replace(HAIKU_45, limits=Limits(max_output=4_096))
    body, _ = ask(Reasoning(effort="high"), facts)
    assert body["max_tokens"] == 4_096
    assert body["thinking"] == budget(4_095)


def test_sampling_gives_way_to_thinking():
    wish = Reasoning(budget=2_000)
    body, losses = ask(wish, sampling=Sampling(temperature=0.5, top_k=5))
    assert "temperature" not in body
    assert "top_k" not in body
    assert names(losses) == ["temperature", "top_k"]
    body, losses = ask(wish, sampling=Sampling(temperature=1.0))
    assert body["temperature"] == 1.0
    assert losses == ()
    body, losses = ask(wish, sampling=Sampling(top_p=0.5))
    assert body["top_p"] == 0.95
    assert names(losses) == ["top_p_clamped"]
    body, losses = ask(wish, sampling=Sampling(top_p=0.97))
    assert losses == ()
    body, losses = ask(Reasoning(budget=0), sampling=Sampling(temperature=0.5))
    assert body["temperature"] == 0.5


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("named", ("get",))])
def test_a_forced_tool_wins_over_a_budget_and_lives_with_adaptive(choice):
    body, losses = ask(Reasoning(effort="low"), tools=(GET,), tool_choice=choice)
    assert body["thinking"] == OFF
    assert body["tool_choice"]["type"] in ("any", "tool")
    assert names(losses) == ["thinking_off:forced_tool"]
    body, losses = ask(Reasoning(effort="low"), HAIKU_55, tools=(GET,), tool_choice=choice)
    assert body["output_config"] == {"effort": "low"}
    assert body["tool_choice"]["type"] in ("any", "tool")
    assert losses == ()


def test_a_prefill_wins_over_thinking():
    turns = (USER, Turn("assistant", (Text("{"),), path="messages[1]"))
    body, losses = ask(Reasoning(effort="low"), turns=turns)
    assert body["thinking"] == OFF
    assert names(losses) == ["thinking_off:prefill"]


MINE = Thinking("t", Signature("anthropic", "s"))
THEIRS = Thinking("t", Signature("gemini", "g"))
CALL = ToolCall("a", "get", "{}")
AGAIN = ToolCall("b", "get", "{}")
RESULT = Turn("tool", (ToolResult("a"),), path="messages[2]")
RESULT_AGAIN = Turn("tool", (ToolResult("b"),), path="messages[4]")


def said(*parts):
    return Turn("assistant", parts, path="messages[1]")


@pytest.mark.parametrize(
    ("turns", "on"),
    [
        ((USER, said(MINE, CALL), RESULT), True),
        ((USER, said(CALL), RESULT), False),
        ((USER, said(THEIRS, CALL), RESULT), False),
        ((USER, said(Text("a"), MINE, CALL), RESULT), False),
        ((USER, said(MINE, CALL), RESULT, said(AGAIN), RESULT_AGAIN), True),
        ((USER, said(CALL), RESULT, said(MINE, AGAIN), RESULT_AGAIN), False),
        ((USER, said(CALL), RESULT, said(Text("done")), USER), True),
        ((USER, said(CALL), RESULT, said(Text("x")), USER, said(MINE, AGAIN), RESULT_AGAIN), True),
    ],
)
def test_an_unsigned_tool_loop_switches_a_budget_off(turns, on):
    body, losses = ask(Reasoning(effort="low"), turns=turns, tools=(GET,))
    assert (body["thinking"] != OFF) is on
    assert ("thinking_off:tool_loop" in names(losses)) is not on


def test_adaptive_thinking_lives_with_an_unsigned_loop():
    body, losses = ask(Reasoning(effort="low"), HAIKU_55, (USER, said(CALL), RESULT), tools=(GET,))
    assert body["output_config"] == {"effort": "low"}
    assert losses == ()


def test_display_is_asked_for_only_with_thinking():
    body, _ = ask(Reasoning(budget=2_000, visible=True))
    assert body["thinking"]["display"] == "summarized"
    assert ask(Reasoning(budget=0, visible=True))[0]["thinking"] == OFF
    assert PERMISSIVE.thinking.kind == "unknown"
