"""Where translations go wrong, lines 4 to 7, 18 and 21 to 24: limits, sampling, choices, caches."""

import pytest
from tests.contract.translation import (
    FLASH,
    FLASH_3,
    GPT,
    HAIKU,
    HAIKU_5,
    LITE,
    answer,
    facts,
    refused,
    say,
    send,
)

from fairlead.upstream.kinds.registry import KINDS

TOOL = {"type": "function", "function": {"name": "look"}}
OTHER = {"type": "function", "function": {"name": "find"}}
CLAUDE_TOOL = {"name": "look", "input_schema": {"type": "object"}}
EVERY = (HAIKU, HAIKU_5, FLASH, LITE, FLASH_3)


# 4. "->Anthropic: max_tokens is mandatory: the model's own maximum by default, always above the
#    thinking budget"


@pytest.mark.parametrize(("model", "most"), [(HAIKU, 64_000), (HAIKU_5, 128_000)])
def test_04_a_limit_that_nobody_set_is_the_models_own(model, most):
    assert send(say("Hi"), model).body["max_tokens"] == most
    assert send(say("Hi", "gemini"), model, client="gemini").body["max_tokens"] == most


@pytest.mark.parametrize("limit", [1, 1000, 1025, 2000, 4096, 16_384, 64_000])
@pytest.mark.parametrize("effort", ["minimal", "low", "medium", "high", "xhigh", "max"])
def test_04_the_limit_is_always_above_the_thinking_budget(limit, effort):
    sent = send(say("Hi", max_completion_tokens=limit, reasoning_effort=effort))
    assert sent.body["max_tokens"] == limit
    budget = sent.body["thinking"].get("budget_tokens")
    assert budget is None or 1024 <= budget < limit
    if budget is None:
        assert sent.losses == {"thinking_off:max_tokens": "cosmetic"}


# 5. "->Gemini: thinking eats maxOutputTokens; MAX_TOKENS without any part occurs"


def test_05_an_answer_that_thinking_ate_up_is_empty_and_says_why():
    body = {
        "candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": 9, "totalTokenCount": 59, "thoughtsTokenCount": 50,
        },
    }  # fmt: skip
    chat = answer(body, "gemini").body
    assert chat["choices"][0]["message"]["content"] == ""
    assert chat["choices"][0]["finish_reason"] == "length"
    assert chat["usage"]["completion_tokens"] == 50
    claude = answer(body, "gemini", "anthropic").body
    assert (claude["content"], claude["stop_reason"]) == ([], "max_tokens")


# 6. "temperature: OpenAI 0-2, Gemini [0, 2], Anthropic 0-1, and Haiku 4.5 takes temperature or top_p,
#    not both; newer models reject sampling parameters outright"


@pytest.mark.parametrize(
    ("model", "sent", "lost"),
    [
        (HAIKU, {"temperature": 1.0}, {"temperature_clamped", "top_p"}),
        (HAIKU_5, {}, {"temperature", "top_p"}),
        (FLASH, {"temperature": 1.5, "topP": 0.9}, set()),
        (LITE, {}, {"temperature", "top_p"}),
        (FLASH_3, {}, {"temperature", "top_p"}),
    ],
)
def test_06_sampling_is_a_fact_of_the_model(model, sent, lost):
    gone = send(say("Hi", temperature=1.5, top_p=0.9), model)
    knobs = gone.body.get("generationConfig", gone.body)
    assert {k: v for k, v in knobs.items() if k in ("temperature", "top_p", "topP")} == sent
    assert gone.losses == dict.fromkeys(lost, "cosmetic")


@pytest.mark.parametrize("model", EVERY)
def test_06_no_model_is_asked_for_a_temperature_that_it_rejects(model):
    body = say("Hi", "gemini", generationConfig={"temperature": 2.0, "topK": 40})
    sent = send(body, model, client="gemini").body
    heat = sent.get("generationConfig", sent).get("temperature")
    most = facts(model).sampling.temperature_max
    assert heat is None or (most is not None and heat <= most)


# 7. "stop sequences: OpenAI at most 4, Gemini at most 5"


def test_07_too_many_stop_sequences_are_named():
    many = [f"s{n}" for n in range(8)]
    body = say("Hi", "anthropic", stop_sequences=many)
    assert refused(body, FLASH, client="anthropic").param == "stop"
    assert send(body, HAIKU, client="anthropic").body["stop_sequences"] == many
    chat = refused(say("Hi", stop=many[:5]), HAIKU)
    assert (chat.param, chat.code) == ("stop", "array_above_max_length")


# 18. "tool_choice: required <-> any <-> ANY; `parallel_tool_calls=false` <->
#     `disable_parallel_tool_use`; Gemini has none"

CHOICES = [
    # chat, Anthropic, Gemini
    ("auto", {"type": "auto"}, {"mode": "AUTO"}),
    ("none", {"type": "none"}, {"mode": "NONE"}),
    ("required", {"type": "any"}, {"mode": "ANY"}),
    (
        {"type": "function", "function": {"name": "look"}},
        {"type": "tool", "name": "look"},
        {"mode": "ANY", "allowedFunctionNames": ["look"]},
    ),
]


def body_with(choice, dialect):
    if dialect == "openai_chat":
        return say("Hi", tools=[TOOL, OTHER], tool_choice=choice)
    if dialect == "anthropic":
        tools = [CLAUDE_TOOL, CLAUDE_TOOL | {"name": "find"}]
        return say("Hi", "anthropic", tools=tools, tool_choice=choice)
    tools = [{"functionDeclarations": [{"name": "look"}, {"name": "find"}]}]
    return say("Hi", "gemini", tools=tools, toolConfig={"functionCallingConfig": choice})


@pytest.mark.parametrize("row", CHOICES, ids=lambda row: str(row[0])[:20])
@pytest.mark.parametrize("client", [0, 1, 2], ids=["chat", "anthropic", "gemini"])
def test_18_a_choice_means_the_same_everywhere(row, client):
    dialect = ("openai_chat", "anthropic", "gemini")[client]
    body = body_with(row[client], dialect)
    assert send(body, GPT, client=dialect).body["tool_choice"] == row[0]
    assert send(body, HAIKU, client=dialect).body["tool_choice"] == row[1]
    config = send(body, FLASH, client=dialect).body["toolConfig"]["functionCallingConfig"]
    assert config == row[2]


def test_18_one_call_at_a_time():
    chat = say("Hi", tools=[TOOL], parallel_tool_calls=False)
    assert send(chat, HAIKU).body["tool_choice"] == {
        "type": "auto", "disable_parallel_tool_use": True,
    }  # fmt: skip
    assert send(chat, FLASH).losses == {"parallel_tool_calls": "cosmetic"}
    claude = say(
        "Hi", "anthropic", tools=[CLAUDE_TOOL],
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
    )  # fmt: skip
    assert send(claude, GPT, client="anthropic").body["parallel_tool_calls"] is False


# 21. "n, logprobs, seed: none in Anthropic; candidateCount unsupported on recent Flash models"


@pytest.mark.parametrize("model", [HAIKU, HAIKU_5, LITE, FLASH_3])
def test_21_several_answers_are_a_refusal_where_the_model_gives_one(model):
    problem = refused(say("Hi", n=2), model)
    assert (problem.kind, problem.param) == ("unsupported", "n")
    assert send(say("Hi", n=1), model).losses == {}


def test_21_several_answers_where_the_model_gives_them():
    assert send(say("Hi", n=2), FLASH).body["generationConfig"]["candidateCount"] == 2


def test_21_seed_and_logprobs_are_named():
    body = say("Hi", seed=7, logprobs=True, top_logprobs=3)
    sent = send(body, HAIKU)
    assert sent.losses == {"seed": "cosmetic", "logprobs": "cosmetic"}
    assert not {"seed", "logprobs", "top_logprobs"} & sent.body.keys()
    assert send(body, FLASH).losses == {"logprobs": "cosmetic"}


# 22. "cache: Anthropic has 4 breakpoints, 5 min or 1 h; Gemini `cachedContents` and implicit caching;
#     OpenAI prompt_cache_options"


def marked(dialect, **more):
    part = {"type": "text", "text": "long", **more}
    return say("Hi", dialect) | {"messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    ("chat", "claude"),
    [
        ({"mode": "explicit"}, {"type": "ephemeral"}),
        ({"mode": "explicit", "ttl": "12h"}, {"type": "ephemeral", "ttl": "1h"}),
    ],
)
def test_22_a_breakpoint_of_openai_is_one_of_anthropic_and_back(chat, claude):
    there = send(marked("openai_chat", prompt_cache_breakpoint=chat), HAIKU)
    assert there.body["messages"][0]["content"][0]["cache_control"] == claude
    assert there.losses == {}
    takes = facts(GPT)
    takes = type(takes)(id=GPT, vendor="openai", features=("cache_breakpoints",))
    back = send(marked("anthropic", cache_control=claude), GPT, client="anthropic", known=takes)
    assert back.body["messages"][0]["content"][0]["prompt_cache_breakpoint"] == chat
    assert back.losses == {}


@pytest.mark.parametrize("model", [GPT, FLASH, LITE])
def test_22_elsewhere_a_breakpoint_is_a_cosmetic_loss_and_is_not_sent(model):
    sent = send(marked("anthropic", cache_control={"type": "ephemeral"}), model, client="anthropic")
    assert sent.losses in ({"cache_control": "cosmetic"}, {"cache_breakpoint": "cosmetic"})
    assert "cache" not in str(sent.body)


def test_22_four_breakpoints_and_no_more():
    parts = [
        {"type": "text", "text": f"t{n}", "cache_control": {"type": "ephemeral"}} for n in range(6)
    ]
    sent = send({"model": "m", "messages": [{"role": "user", "content": parts}]}, HAIKU)
    kept = [b["text"] for b in sent.body["messages"][0]["content"] if "cache_control" in b]
    assert kept == ["t0", "t3", "t4", "t5"]
    assert sent.losses == {"cache_control": "cosmetic"}


def test_22_cached_contents_of_gemini_are_content_elsewhere():
    body = say("Hi", "gemini", cachedContent="cachedContents/1")
    assert send(body, FLASH, client="gemini").body["cachedContent"] == "cachedContents/1"
    for model in (HAIKU, GPT):
        assert "semantic" in send(body, model, client="gemini").losses.values()


def test_22_knobs_of_openais_cache_are_named():
    sent = send(say("Hi", prompt_cache_key="k", prompt_cache_options={"mode": "implicit"}), HAIKU)
    assert sent.losses == {"prompt_cache_key": "cosmetic", "prompt_cache_options": "cosmetic"}


# 23. "tiers: OpenAI auto/default/flex/scale/priority; Gemini standard/flex/priority; Anthropic
#     auto/standard_only"

TIERS = [
    # client, its word, chat, Anthropic, Gemini
    ("openai_chat", "auto", None, None, None),
    ("openai_chat", "default", "default", "standard_only", "standard"),
    ("openai_chat", "flex", "flex", "!", "flex"),
    ("openai_chat", "scale", "scale", "!", "!"),
    ("openai_chat", "priority", "priority", "auto", "priority"),
    ("anthropic", "auto", "auto", "auto", None),
    ("anthropic", "standard_only", "default", "standard_only", "standard"),
    ("gemini", "standard", "default", "standard_only", "standard"),
    ("gemini", "flex", "flex", "!", "flex"),
    ("gemini", "priority", "priority", "auto", "priority"),
    ("gemini", "SERVICE_TIER_UNSPECIFIED", None, None, None),
]


@pytest.mark.parametrize("row", TIERS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_23_a_tier_is_the_nearest_of_the_target_or_a_named_loss(row):
    client, word, *wanted = row
    field = "serviceTier" if client == "gemini" else "service_tier"
    body = say("Hi", client, **{field: word})
    for model, want in zip((GPT, HAIKU, FLASH), wanted, strict=True):
        sent = send(body, model, client=client)
        found = sent.body.get("service_tier", sent.body.get("serviceTier"))
        assert found == (None if want == "!" else want)
        lost = [name for name in sent.losses if name.startswith("service_tier")]
        assert bool(lost) is (want == "!")


# 24. "API version 2026-10-21: temperature/top_p/top_k are a 400 even at their defaults, and so are
#     documents in assistant turns. 2023-06-01 still takes them on older models"


def test_24_models_behind_are_asked_under_the_version_that_takes_what_is_sent():
    versions = dict(KINDS["anthropic"].headers)
    assert versions["anthropic-version"] == "2023-06-01"
    assert send(say("Hi", temperature=0.5), HAIKU).body["temperature"] == 0.5


@pytest.mark.parametrize("knob", [{"temperature": 1}, {"top_p": 1}, {"top_k": 0}])
def test_24_defaults_of_sampling_are_not_sent_to_the_newest(knob):
    sent = send(say("Hi", "anthropic", **knob), HAIKU_5, client="anthropic")
    assert not knob.keys() & sent.body.keys()
    assert sent.losses == dict.fromkeys(knob, "cosmetic")


@pytest.mark.parametrize("model", [HAIKU, HAIKU_5])
def test_24_a_document_in_an_assistants_turn_is_a_named_loss(model):
    body = say("Hi", "gemini")
    body["contents"] += [
        {"role": "model", "parts": [
            {"text": "Here"}, {"inlineData": {"mimeType": "text/plain", "data": "aGk="}}]},
        {"role": "user", "parts": [{"text": "Thanks"}]},
    ]  # fmt: skip
    sent = send(body, model, client="gemini")
    assert sent.losses == {"assistant_media": "semantic"}
    assert sent.body["messages"][1] == {"role": "assistant", "content": "Here"}


def test_21_a_knob_that_openai_has_not_is_named():
    sent = send(say("Hi", "gemini", generationConfig={"topK": 64}), GPT, client="gemini")
    assert sent.losses == {"top_k": "cosmetic"}
    assert "top_k" not in sent.body
