"""The same lines for OpenAI's Responses dialect, in front and behind."""

import json

import pytest
from tests.contract.translation import (
    FLASH,
    FLASH_3,
    GPT,
    HAIKU,
    HAIKU_5,
    LITE,
    PNG,
    facts,
    refused,
    say,
    send,
)

from fairlead.catalog.model import Model, Thinking

FRONT = "openai_responses"
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def ask(text="Hi", **more):
    return say(text, FRONT, **more)


def behind(body, client="anthropic", known=None):
    """A client's body to a model behind the Responses API."""
    return send(body, GPT, client=client, to=FRONT, known=known)


# 1 to 3: turns


def test_01_instructions_and_developer_messages_are_the_system_prompt():
    body = ask(instructions="Be brief.")
    body["input"] = [
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]
    claude = send(body, HAIKU, client=FRONT)
    assert [b["text"] for b in claude.body["system"]] == ["Be brief.", "Be kind."]
    flash = send(body, FLASH, client=FRONT)
    assert len(flash.body["systemInstruction"]["parts"]) == 2
    assert claude.losses == flash.losses == {}


def looped(*ids):
    body = ask(tools=[TOOL])
    body["input"] = [
        {"role": "user", "content": "Hi"},
        *({"type": "function_call", "call_id": i, "name": "look", "arguments": "{}"} for i in ids),
        *({"type": "function_call_output", "call_id": i, "output": i.upper()} for i in ids),
        {"role": "user", "content": "And?"},
    ]
    return body


@pytest.mark.parametrize("model", [HAIKU, HAIKU_5])
def test_10_results_of_a_step_stand_in_one_turn(model):
    messages = send(looped("c1", "c2"), model, client=FRONT).body["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "user"]
    assert [b["type"] for b in messages[2]["content"]] == ["tool_result", "tool_result", "text"]


@pytest.mark.parametrize("model", [FLASH, LITE, FLASH_3])
def test_11_results_have_the_names_of_their_calls(model):
    contents = send(looped("c1", "c2"), model, client=FRONT).body["contents"]
    found = [p["functionResponse"] for p in contents[2]["parts"]]
    assert [(r["id"], r["name"], r["response"]) for r in found] == [
        ("c1", "look", {"output": "C1"}), ("c2", "look", {"output": "C2"}),
    ]  # fmt: skip


# 16: reasoning


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("model", [HAIKU, HAIKU_5, FLASH, LITE, FLASH_3])
def test_16_an_effort_means_what_it_means_in_chat(model, effort):
    mine = send(ask(reasoning={"effort": effort}), model, client=FRONT)
    chat = send(say("Hi", reasoning_effort=effort), model)
    for field in ("thinking", "output_config"):
        assert mine.body.get(field) == chat.body.get(field)
    config = "generationConfig"
    assert mine.body.get(config) == chat.body.get(config)
    assert mine.losses == chat.losses


TABLE = (("low", 1024), ("medium", 8192), ("high", 24_576))
KNOWN = Model(
    id="o", vendor="openai",
    thinking=Thinking(kind="effort", levels=("low", "medium", "high"), effort_budgets=TABLE),
)  # fmt: skip


@pytest.mark.parametrize(
    ("budget", "effort"), [(500, "low"), (1024, "low"), (8000, "low"), (9000, "medium")]
)
def test_16_a_budget_is_the_most_that_the_client_pays_for(budget, effort):
    body = say("Hi", "gemini", generationConfig={"thinkingConfig": {"thinkingBudget": budget}})
    sent = behind(body, "gemini", KNOWN)
    assert sent.body["reasoning"]["effort"] == effort
    assert sent.losses == {"thinking_budget": "cosmetic"}


@pytest.mark.parametrize("effort", EFFORTS)
def test_16_a_model_with_fewer_efforts_gets_the_nearest(effort):
    sent = behind(say("Hi", reasoning_effort=effort), "openai_chat", KNOWN)
    assert sent.body["reasoning"]["effort"] in KNOWN.thinking.levels


# 18: choices


@pytest.mark.parametrize(
    ("choice", "claude", "gemini"),
    [
        ("auto", {"type": "auto"}, {"mode": "AUTO"}),
        ("none", {"type": "none"}, {"mode": "NONE"}),
        ("required", {"type": "any"}, {"mode": "ANY"}),
        (
            {"type": "function", "name": "look"},
            {"type": "tool", "name": "look"},
            {"mode": "ANY", "allowedFunctionNames": ["look"]},
        ),
    ],
)
def test_18_a_choice_means_the_same_everywhere(choice, claude, gemini):
    body = ask(tools=[TOOL], tool_choice=choice)
    assert send(body, HAIKU, client=FRONT).body["tool_choice"] == claude
    config = send(body, FLASH, client=FRONT).body["toolConfig"]
    assert config["functionCallingConfig"] == gemini
    there = say("Hi", "anthropic", tool_choice=claude)
    there["tools"] = [{"name": "look", "input_schema": {"type": "object"}}]
    assert behind(there).body["tool_choice"] == choice


# 19: media


def test_19_media_in_results():
    body = looped("c1")
    body["input"][2]["output"] = [
        {"type": "input_text", "text": "see"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
    ]
    blocks = send(body, HAIKU, client=FRONT).body["messages"][2]["content"][0]["content"]
    assert [b["type"] for b in blocks] == ["text", "image"]
    claude = say("Hi", "anthropic")
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    claude["messages"] += [
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "c1", "name": "look", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [
            {"type": "image", "source": source}]}]},
    ]  # fmt: skip
    sent = behind(claude)
    assert PNG in json.dumps(next(i for i in sent.body["input"] if "output" in i)["output"])
    assert sent.losses == {}


# 20, 21: prefill, knobs


@pytest.mark.parametrize("model", [HAIKU_5, LITE])
def test_20_a_prefill_is_named_where_the_model_rejects_it(model):
    body = ask()
    body["input"] = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "The answer is"},
    ]
    assert send(body, model, client=FRONT).losses == {"prefill": "semantic"}


def test_21_knobs_that_the_dialect_has_not_are_named():
    body = say("Hi", seed=1, stop=["x"], frequency_penalty=0.5)
    sent = behind(body, "openai_chat")
    assert sent.losses == dict.fromkeys(("seed", "stop", "frequency_penalty"), "cosmetic")
    assert not {"seed", "stop", "frequency_penalty"} & sent.body.keys()


# 23: tiers


@pytest.mark.parametrize(
    ("tier", "chat", "claude", "gemini"),
    [
        ("auto", None, None, None),
        ("default", "default", "standard_only", "standard"),
        ("flex", "flex", None, "flex"),
        ("priority", "priority", "auto", "priority"),
    ],
)
def test_23_tiers(tier, chat, claude, gemini):
    body = ask(service_tier=tier)
    assert send(body, HAIKU, client=FRONT).body.get("service_tier") in (claude, "auto")
    assert send(body, FLASH, client=FRONT).body.get("serviceTier") == gemini
    assert send(body, GPT, client=FRONT).body.get("service_tier") in (chat, tier)
    for client, field, word in (
        ("gemini", "serviceTier", "standard"), ("anthropic", "service_tier", "standard_only"),
    ):  # fmt: skip
        assert behind(say("Hi", client, **{field: word}), client).body["service_tier"] == "default"


# What only OpenAI keeps


@pytest.mark.parametrize("model", [HAIKU, FLASH])
@pytest.mark.parametrize(
    "tool",
    [
        {"type": "web_search"}, {"type": "file_search", "vector_store_ids": ["v"]},
        {"type": "code_interpreter", "container": {"type": "auto"}}, {"type": "image_generation"},
        {"type": "mcp", "server_label": "x", "server_url": "https://e.example"},
        {"type": "a_tool_of_tomorrow"},
    ],
    ids=lambda tool: tool["type"],
)  # fmt: skip
def test_tools_that_openai_runs_are_named(tool, model):
    sent = send(ask(tools=[tool, TOOL]), model, client=FRONT)
    assert sent.losses == {f"server_tool:{tool['type']}": "semantic"}
    assert "look" in json.dumps(sent.body["tools"])


def test_a_file_of_openais_is_named_and_a_bad_role_refused():
    body = ask()
    body["input"] = [{"role": "user", "content": [{"type": "input_file", "file_id": "file_1"}]}]
    assert "file_reference" in send(body, HAIKU, client=FRONT).losses
    body["input"] = [{"role": "nobody", "content": "x"}]
    assert refused(body, HAIKU, client=FRONT).param == "input[0].role"


def test_the_limit_of_the_answer_arrives():
    assert send(ask(max_output_tokens=50), HAIKU, client=FRONT).body["max_tokens"] == 50
    config = send(ask(max_output_tokens=50), FLASH, client=FRONT).body["generationConfig"]
    assert config["maxOutputTokens"] == 50
    assert facts(HAIKU).limits.max_output == 64_000
