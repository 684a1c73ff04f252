"""Where translations go wrong, lines 16 and 17: how much to think, said by any client to any model."""

import importlib.util
from pathlib import Path

import pytest
from tests.contract.translation import (
    CODECS,
    FLASH,
    FLASH_3,
    GPT,
    HAIKU,
    HAIKU_5,
    LITE,
    facts,
    say,
    send,
)

from fairlead.catalog.model import Model, Thinking

ROOT = Path(__file__).resolve().parents[2]
EVERY = (HAIKU, HAIKU_5, FLASH, LITE, FLASH_3)
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
NO_THINKER = Model(id="plain", vendor="google", thinking=Thinking(kind="none"))
BY_EFFORT = Model(
    id="o", vendor="openai", thinking=Thinking(kind="effort", levels=("low", "medium", "high"))
)


def chat(**wish):
    return "openai_chat", say("Hi", **wish)


def claude(**wish):
    return "anthropic", say("Hi", "anthropic", **wish)


def gemini(**config):
    return "gemini", say("Hi", "gemini", generationConfig={"thinkingConfig": config})


def thought(body):
    """All that a body says about thinking."""
    config = body.get("generationConfig", {}).get("thinkingConfig", {})
    return {
        **{k: v for k, v in config.items() if k != "includeThoughts"},
        **body.get("thinking", {}),
        **({"effort": e} if (e := body.get("output_config", {}).get("effort")) else {}),
        **({"reasoning_effort": e} if (e := body.get("reasoning_effort")) else {}),
    }


WISHES = {
    **{f"effort {word}": chat(reasoning_effort=word) for word in EFFORTS},
    **{f"level {w}": gemini(thinkingLevel=w.upper()) for w in ("minimal", "low", "medium", "high")},
    **{f"budget {n}": gemini(thinkingBudget=n) for n in (-1, 0, 1, 500, 1024, 2000, 9000, 24_576)},
    "budget_tokens": claude(thinking={"type": "enabled", "budget_tokens": 2000}),
    "disabled": claude(thinking={"type": "disabled"}),
    "adaptive": claude(thinking={"type": "adaptive"}),
    "adaptive, high": claude(thinking={"type": "adaptive"}, output_config={"effort": "high"}),
    "effort alone": claude(output_config={"effort": "max"}),
    "nothing": chat(),
}
OFF = {"effort none", "budget 0", "disabled"}


# 16. "effort: OpenAI none/minimal/.../max; Claude effort low..max or budget_tokens (>= 1,024,
#     < max_tokens); Gemini 2.5 a budget (0..24,576, -1 dynamic); Gemini 3 a level; budget and level
#     together are a 400. Haiku 5.5 rejects budget_tokens"


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("model", EVERY)
def test_16_every_wish_is_said_in_the_words_of_the_model(model, wish):
    client, body = WISHES[wish]
    sent = send(body, model, client=client)
    about, said = facts(model).thinking, thought(sent.body)
    if about.kind == "level":
        assert said.keys() <= {"thinkingLevel"}
        assert said.get("thinkingLevel", about.levels[0]).lower() in about.levels
    elif model == HAIKU_5:
        assert "budget_tokens" not in said
        assert said.get("type") in (None, "adaptive", "disabled")
        assert said.get("effort", "low") in about.levels
    elif model == FLASH:
        assert said.keys() <= {"thinkingBudget"}
        assert -1 <= said.get("thinkingBudget", 0) <= 24_576
    else:
        assert said.get("type") in (None, "enabled", "disabled")
        assert "effort" not in said
        if "budget_tokens" in said:
            assert 1024 <= said["budget_tokens"] < sent.body["max_tokens"]
    assert "semantic" not in sent.losses.values()
    if wish == "nothing":
        assert said == {}


@pytest.mark.parametrize("wish", sorted(OFF))
@pytest.mark.parametrize("model", EVERY)
def test_16_off_means_off(model, wish):
    client, body = WISHES[wish]
    sent = send(body, model, client=client)
    about, said = facts(model).thinking, thought(sent.body)
    if about.kind == "level":  # it cannot be switched off: its least, and that is told
        assert said == {"thinkingLevel": about.levels[0].upper()}
        assert sent.losses == {"thinking_not_off": "cosmetic"}
    else:
        assert said in ({"thinkingBudget": 0}, {"type": "disabled"})
        assert sent.losses == {}


@pytest.mark.parametrize(
    ("budget", "level", "effort", "chat_effort"),
    [
        (500, "LOW", "low", "low"),
        (1024, "LOW", "low", "low"),
        (8000, "LOW", "low", "low"),
        (8192, "MEDIUM", "medium", "medium"),
        (20_000, "MEDIUM", "high", "medium"),
        (24_576, "HIGH", "high", "high"),
    ],
)
def test_16_a_budget_is_the_most_that_the_client_pays_for(budget, level, effort, chat_effort):
    client, body = gemini(thinkingBudget=budget)
    assert thought(send(body, FLASH_3, client=client).body) == {"thinkingLevel": level}
    assert thought(send(body, HAIKU_5, client=client).body).get("effort") == effort
    table = (("low", 1024), ("medium", 8192), ("high", 24_576))
    own = Model(id="o", vendor="openai", thinking=Thinking(kind="effort", effort_budgets=table))
    sent = send(body, client=client, known=own)
    assert thought(sent.body) == {"reasoning_effort": chat_effort}
    assert sent.losses == {"thinking_budget": "cosmetic"}


@pytest.mark.parametrize("wish", WISHES)
def test_16_a_model_that_does_not_think_is_not_asked_to(wish):
    client, body = WISHES[wish]
    for vendor in ("google", "anthropic", "openai"):
        known = Model(id="plain", vendor=vendor, thinking=Thinking(kind="none"))
        sent = send(body, client=client, known=known)
        assert thought(sent.body) in ({}, {"thinkingConfig": {}})
        if wish not in OFF | {"nothing", "adaptive", "budget -1"}:
            assert sent.losses


@pytest.mark.parametrize("effort", EFFORTS)
def test_16_a_model_with_fewer_efforts_gets_the_nearest(effort):
    client, body = chat(reasoning_effort=effort)
    sent = send(body, client=client, known=BY_EFFORT)
    told = thought(sent.body)["reasoning_effort"]
    assert told in BY_EFFORT.thinking.levels
    assert (told != effort) is bool(sent.losses)


def test_16_a_model_that_nobody_knows_gets_what_was_said():
    assert thought(send(say("Hi", reasoning_effort="xhigh"), GPT).body) == {
        "reasoning_effort": "xhigh"
    }


def test_16_budget_and_level_together_are_a_400():
    client, body = gemini(thinkingBudget=5, thinkingLevel="LOW")
    with pytest.raises(Exception, match="cannot both be set"):
        CODECS[client].decode_request(str(body).replace("'", '"').encode())


# 17. "with `thinking: enabled` a forced tool_choice is rejected; some 5.x models take no forced tool"

TOOLS = [{"type": "function", "function": {"name": "look"}}]


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "look"}}])
def test_17_a_forced_tool_wins_over_a_budget(choice):
    body = say("Hi", tools=TOOLS, tool_choice=choice, reasoning_effort="high")
    sent = send(body, HAIKU)
    assert sent.body["tool_choice"]["type"] in ("any", "tool")
    assert sent.body["thinking"] == {"type": "disabled"}
    assert sent.losses == {"thinking_off:forced_tool": "cosmetic"}
    adaptive = send(body, HAIKU_5)
    assert adaptive.body["tool_choice"]["type"] in ("any", "tool")
    assert thought(adaptive.body) == {"effort": "high"}


def test_17_a_model_that_cannot_be_forced_is_a_named_loss():
    free = Model(
        id="fable", vendor="anthropic", features=("tools",), thinking=Thinking(kind="adaptive")
    )
    sent = send(say("Hi", tools=TOOLS, tool_choice="required"), known=free)
    assert sent.losses == {"forced_tool": "semantic"}
    assert sent.body["tool_choice"] == {"type": "auto"}


@pytest.mark.parametrize(("model", "thinks"), [(HAIKU, False), (HAIKU_5, True)])
def test_17_thinking_is_not_switched_on_in_a_loop_that_began_without(model, thinks):
    body = say("Hi", tools=TOOLS, reasoning_effort="medium")
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    body["messages"] += [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "x"},
    ]
    sent = send(body, model)
    assert (thought(sent.body) != {"type": "disabled"}) is thinks
    assert sent.losses == ({} if thinks else {"thinking_off:tool_loop": "cosmetic"})


def test_17_a_loop_that_began_with_signed_thinking_goes_on_thinking():
    body = say("Hi", "anthropic", thinking={"type": "enabled", "budget_tokens": 2000})
    body["tools"] = [{"name": "look", "input_schema": {"type": "object"}}]
    body["messages"] += [
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "tool_use", "id": "c1", "name": "look", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1"}]},
    ]  # fmt: skip
    sent = send(body, HAIKU, client="anthropic")
    assert thought(sent.body) == {"type": "enabled", "budget_tokens": 2000}
    assert sent.losses == {}


# The page


def test_the_page_about_reasoning_is_up_to_date():
    spec = importlib.util.spec_from_file_location("page", ROOT / "scripts" / "reasoning.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = (ROOT / "docs" / "reasoning.md").read_text("utf-8")
    assert written == script.page(), "run `make docs`"
