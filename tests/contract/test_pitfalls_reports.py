"""What users of other gateways report again and again, and what the best-known one gets wrong.

Each test quotes its line of the two lists, in our own words.
"""

import json
import re
from decimal import Decimal

import pytest
from tests.contract.translation import (
    CODECS,
    DIALECTS,
    FLASH,
    FLASH_3,
    GPT,
    HAIKU,
    HAIKU_5,
    LITE,
    PNG,
    answer,
    data_lines,
    say,
    send,
    stream,
)
from tests.contract.trip import events, told, trip

from fairlead.vault.memory import MemoryVault

CLIENTS = ("openai_chat", "anthropic", "gemini")
TOOL = {"type": "function", "function": {"name": "look"}}


def gemini_answer(*parts, usage=None, finish="STOP"):
    return {
        "candidates": [{"content": {"role": "model", "parts": list(parts)},
                        "finishReason": finish, "index": 0}],
        "usageMetadata": usage or {
            "promptTokenCount": 7, "candidatesTokenCount": 1, "totalTokenCount": 8},
        "responseId": "r1", "modelVersion": "gemini-2.5-flash",
    }  # fmt: skip


def claude_answer(*content, stop="end_turn", **usage):
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": list(content), "stop_reason": stop, "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 2} | usage,
    }  # fmt: skip


def sse(*chunks):
    return b"".join(b"data: " + json.dumps(c).encode() + b"\r\n\r\n" for c in chunks)


def call(name="look", **args):
    return {"functionCall": {"name": name, "args": args}}


# ---- users report ------------------------------------------------------------------------------


# "cached tokens billed twice or with the wrong tier"


async def test_cached_tokens_are_billed_once_and_at_their_own_price():
    usage = {
        "input_tokens": 1_000, "cache_read_input_tokens": 1_000_000,
        "cache_creation_input_tokens": 100_000, "output_tokens": 1_000,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 60_000, "ephemeral_1h_input_tokens": 40_000},
    }  # fmt: skip
    body = say("Hi") | {"model": "claude-haiku-4-5"}
    got = await trip(body, told(claude_answer({"type": "text", "text": "x"}, **usage)))
    # 0.001 fresh at 1.00, 1 read at 0.10, 0.06 written at 1.25, 0.04 at 2.00, 0.001 out at 5.00
    wanted = Decimal("0.001") + Decimal("0.1") + Decimal("0.075") + Decimal("0.08")
    assert got.record.cost_usd == wanted + Decimal("0.005")


# "thinking tokens not counted, or billed after being switched off"


async def test_thinking_tokens_are_counted_once():
    usage = {
        "promptTokenCount": 1_000_000, "candidatesTokenCount": 100_000,
        "thoughtsTokenCount": 300_000, "totalTokenCount": 1_400_000,
    }  # fmt: skip
    body = say("Hi") | {"model": FLASH}
    got = await trip(body, told(gemini_answer({"text": "x"}, usage=usage)))
    assert got.record.cost_usd == Decimal("0.30") + Decimal("0.4") * Decimal("2.50")
    assert got.told["usage"]["completion_tokens_details"]["reasoning_tokens"] == 300_000


@pytest.mark.parametrize("effort", ["none"])
async def test_what_is_switched_off_is_asked_to_be_off(effort):
    body = say("Hi", reasoning_effort=effort) | {"model": FLASH}
    got = await trip(body, told(gemini_answer({"text": "x"})))
    sent = json.loads(got.sent[0].body)
    assert sent["generationConfig"]["thinkingConfig"]["thinkingBudget"] == 0


# "tool arguments dropped in /v1/messages -> Gemini streams"


@pytest.mark.parametrize("cut", [1, 9, None])
@pytest.mark.parametrize("client", CLIENTS)
def test_arguments_of_calls_arrive_in_streams(client, cut):
    parts = (call(city="Zürich", days=[1, 2]), call("find", what={"a": None}))
    text = stream(sse(gemini_answer(*parts)), "gemini", client, cut=cut)
    found = {"openai_chat": chat_calls, "anthropic": claude_calls, "gemini": gemini_calls}[client]
    assert found(data_lines(text)) == [
        ("look", {"city": "Zürich", "days": [1, 2]}), ("find", {"what": {"a": None}}),
    ]  # fmt: skip


def chat_calls(chunks):
    names, texts = {}, {}
    for chunk in chunks:
        for choice in chunk.get("choices", ()):
            for piece in choice["delta"].get("tool_calls", ()):
                at = piece["index"]
                names[at] = piece["function"].get("name") or names.get(at)
                texts[at] = texts.get(at, "") + piece["function"].get("arguments", "")
    return [(names[at], json.loads(texts[at])) for at in sorted(names)]


def claude_calls(chunks):
    names, texts = {}, {}
    for chunk in chunks:
        if chunk["type"] == "content_block_start" and chunk["content_block"]["type"] == "tool_use":
            names[chunk["index"]] = chunk["content_block"]["name"]
        if chunk["type"] == "content_block_delta" and "partial_json" in chunk["delta"]:
            at = chunk["index"]
            texts[at] = texts.get(at, "") + chunk["delta"]["partial_json"]
    return [(names[at], json.loads(texts[at])) for at in sorted(names)]


def gemini_calls(chunks):
    return [
        (p["functionCall"]["name"], p["functionCall"]["args"])
        for chunk in chunks
        for candidate in chunk.get("candidates", ())
        for p in candidate["content"]["parts"]
        if "functionCall" in p
    ]


# The line: "malformed thinking blocks that break Claude Code"

THOUGHTS = (
    {"text": "Hm. ", "thought": True}, {"text": "So.", "thought": True},
    {"text": "Hello", "thoughtSignature": "c2ln"}, call(),
)  # fmt: skip


@pytest.mark.parametrize("cut", [1, None])
def test_thinking_blocks_are_whole_and_in_order(cut):
    text = stream(sse(gemini_answer(*THOUGHTS)), "gemini", "anthropic", cut=cut)
    chunks = data_lines(text)
    kinds = [c["content_block"]["type"] for c in chunks if c["type"] == "content_block_start"]
    assert kinds == ["thinking", "text", "tool_use"]
    opened = [c["index"] for c in chunks if c["type"] == "content_block_start"]
    closed = [c["index"] for c in chunks if c["type"] == "content_block_stop"]
    assert opened == closed == [0, 1, 2]
    first = next(c for c in chunks if c["type"] == "content_block_start")["content_block"]
    assert first.keys() == {"type", "thinking", "signature"}
    whole = answer(gemini_answer(*THOUGHTS), "gemini", "anthropic").body["content"]
    assert whole[0] == {"type": "thinking", "thinking": "Hm. So.", "signature": ""}


# The line: "thought signatures lost, leaked, or hidden in tool-call ids so that a switch breaks the conversation"


@pytest.mark.parametrize("client", CLIENTS)
def test_signatures_are_never_in_ids_or_texts(client):
    signed = call() | {"thoughtSignature": "c2VjcmV0LXNpZ25hdHVyZQ=="}
    body = gemini_answer({"text": "I look."}, signed)
    for text in (
        json.dumps(answer(body, "gemini", client).body).encode(),
        stream(sse(body), "gemini", client),
    ):
        if client == "anthropic":
            assert b"c2VjcmV0" not in text
        for found in re.findall(rb'"id": ?"([^"]*)"', text):
            assert b"c2VjcmV0" not in found
            assert len(found) <= 64


async def test_a_conversation_goes_to_another_model_and_back_with_its_signatures():
    vault = MemoryVault()
    ask = say("Hi", "anthropic", tools=[{"name": "look", "input_schema": {"type": "object"}}])
    signed = call() | {"thoughtSignature": "c2ln"}
    got = await trip(
        ask | {"model": "gemini-3.8-flash"}, told(gemini_answer(signed)), client="anthropic",
        vault=vault,
    )  # fmt: skip
    used = next(b for b in got.told["content"] if b["type"] == "tool_use")
    ask["messages"] += [
        {"role": "assistant", "content": got.told["content"]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": used["id"], "content": "x"}]},
    ]  # fmt: skip
    there = await trip(
        ask | {"model": "claude-haiku-4-5"}, told(claude_answer({"type": "text", "text": "ok"})),
        client="anthropic", vault=vault,
    )  # fmt: skip
    assert there.status == 200
    assert b"c2ln" not in there.sent[0].body
    back = await trip(
        ask | {"model": "gemini-3.8-flash"}, told(gemini_answer({"text": "ok"})),
        client="anthropic", vault=vault,
    )  # fmt: skip
    assert json.loads(back.sent[0].body)["contents"][1]["parts"][0]["thoughtSignature"] == "c2ln"


# "internal metadata sent upstream"


@pytest.mark.parametrize("model", ["claude-haiku-4-5", FLASH, "gpt-9"])
@pytest.mark.parametrize("client", ["openai_chat", "anthropic"])
async def test_hints_and_names_of_the_gateway_never_leave_it(client, model):
    body = say("Hi", client, fairlead={"allow_loss": True}) | {"model": model}
    reply = {
        "claude-haiku-4-5": claude_answer({"type": "text", "text": "x"}),
        FLASH: gemini_answer({"text": "x"}),
        "gpt-9": {"id": "c", "model": "m", "created": 1, "object": "chat.completion", "choices": [
            {"index": 0, "finish_reason": "stop",
             "message": {"role": "assistant", "content": "x"}}]},
    }[model]  # fmt: skip
    got = await trip(body, told(reply), client=client)
    assert got.status == 200, got.body
    request = got.sent[0]
    assert b"fairlead" not in request.body.lower()
    assert not [name for name, _ in request.headers if "fairlead" in name.lower()]


# "text duplicated after a fallback in mid-stream": test_pitfalls_errors, line 34


# ---- LiteLLM 1.109.1 ---------------------------------------------------------------------------


# The line: "Gemini front: `parameters_json_schema` ignored, so tools arrive without parameters"


@pytest.mark.parametrize("key", ["parameters_json_schema", "parametersJsonSchema"])
@pytest.mark.parametrize("model", [HAIKU, GPT, FLASH])
def test_parameters_arrive_however_they_are_spelled(model, key):
    schema = {"type": "object", "properties": {"at": {"type": "string"}}}
    tools = [{"function_declarations": [{"name": "look", key: schema}]}]
    sent = send(say("Hi", "gemini", tools=tools), model, client="gemini")
    assert '"at"' in json.dumps(sent.body["tools"])


# "`includeThoughts` ignored"


@pytest.mark.parametrize("shown", [True, False])
def test_include_thoughts_is_heard(shown):
    body = say("Hi", "gemini", generationConfig={
        "thinkingConfig": {"includeThoughts": shown, "thinkingBudget": 2000}})  # fmt: skip
    display = {True: "summarized", False: "omitted"}[shown]
    assert send(body, HAIKU, client="gemini").body["thinking"]["display"] == display
    same = send(body, FLASH, client="gemini").body["generationConfig"]["thinkingConfig"]
    assert same["includeThoughts"] is shown


# "thoughts of the history sent on as plain assistant text"


@pytest.mark.parametrize("model", [HAIKU, HAIKU_5, GPT])
def test_thoughts_of_the_history_are_never_said_aloud(model):
    body = say("Hi", "gemini")
    body["contents"] += [
        {"role": "model", "parts": [{"text": "SECRET", "thought": True}, {"text": "Hello"}]},
        {"role": "user", "parts": [{"text": "And?"}]},
    ]
    sent = send(body, model, client="gemini")
    message = sent.body["messages"][1]
    assert message["content"] == "Hello"
    assert "SECRET" not in json.dumps(message.get("content"))
    if model != GPT:
        assert sent.losses == {"thinking_dropped": "cosmetic"}


# "cached tokens lost from usage"


@pytest.mark.parametrize("vendor", ["anthropic", "openai_chat"])
def test_cached_tokens_reach_a_gemini_client(vendor):
    body = claude_answer({"type": "text", "text": "x"}, cache_read_input_tokens=40)
    if vendor == "openai_chat":
        body = {"id": "c", "model": "m", "created": 1, "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x"}}],
            "usage": {"prompt_tokens": 50, "completion_tokens": 2, "total_tokens": 52,
                      "prompt_tokens_details": {"cached_tokens": 40}}}  # fmt: skip
    usage = answer(body, vendor, "gemini").body["usageMetadata"]
    assert (usage["promptTokenCount"], usage["cachedContentTokenCount"]) == (50, 40)


# "a lone object for `tools` dropped"


@pytest.mark.parametrize("model", [HAIKU, GPT, FLASH])
def test_a_lone_object_for_tools_is_a_list_of_one(model):
    tools = {"functionDeclarations": {"name": "look"}}
    sent = send(say("Hi", "gemini", tools=tools), model, client="gemini")
    assert "look" in json.dumps(sent.body["tools"])


# "`cachedContent` dropped": test_pitfalls_knobs, line 22
# "Audio, video and plain text sent to Claude as a base64 `document`": test_pitfalls_schemas, line 19


# "a text document vanishes from a user turn or a tool result on the way to Gemini"


def test_a_text_document_reaches_gemini():
    source = {"type": "text", "media_type": "text/plain", "data": "WORDS"}
    body = say("Hi", "anthropic")
    body["messages"][0]["content"] = [{"type": "document", "source": source}]
    sent = send(body, FLASH, client="anthropic")
    assert sent.body["contents"][0]["parts"][0]["inlineData"]["data"] == "V09SRFM="


# "Parallel calls of one function get one made-up id and collapse; two identical calls collapse into one"


@pytest.mark.parametrize("model", [HAIKU, GPT, FLASH, LITE])
def test_parallel_calls_of_one_function_stay_apart(model):
    body = say("Hi", "gemini", tools=[{"functionDeclarations": [{"name": "look"}]}])
    body["contents"] += [
        {"role": "model", "parts": [call(at=1), call(at=1)]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "look", "response": {"output": n}}} for n in "ab"]},
    ]  # fmt: skip
    sent = send(body, model, client="gemini").body
    if "messages" in sent:
        text = json.dumps(sent["messages"])
        ids = set(re.findall(r'"(?:id|tool_use_id|tool_call_id)": "([^"]+)"', text))
        assert len(ids) == 2
    else:
        assert len(sent["contents"][1]["parts"]) == len(sent["contents"][2]["parts"]) == 2
    assert '"a"' in json.dumps(sent)
    assert '"b"' in json.dumps(sent)


# "Server tools dropped silently, sometimes leaving `tool_choice` behind without tools"

SEARCH = {
    "anthropic": [{"type": "web_search_20250305", "name": "web_search"}],
    "gemini": [{"googleSearch": {}}],
    "openai_responses": [{"type": "web_search"}],
}
FORCED = {
    "anthropic": {"tool_choice": {"type": "tool", "name": "web_search"}},
    "gemini": {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
    "openai_responses": {"tool_choice": {"type": "web_search"}},
}
FUNCTION = {
    "anthropic": {"name": "look", "input_schema": {"type": "object"}},
    "gemini": {"functionDeclarations": [{"name": "look"}]},
    "openai_responses": {"type": "function", "name": "look", "parameters": {}, "strict": False},
}
OWN = {HAIKU: "anthropic", FLASH: "gemini", GPT: "openai_chat"}


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a function"])
@pytest.mark.parametrize("forced", [False, True], ids=["", "forced"])
@pytest.mark.parametrize("model", [HAIKU, FLASH, GPT])
@pytest.mark.parametrize("client", SEARCH)
def test_server_tools_are_named_and_leave_no_choice_behind(client, model, forced, beside):
    tools = [*SEARCH[client], *([FUNCTION[client]] if beside else [])]
    body = say("Hi", client, tools=tools, **(FORCED[client] if forced else {}))
    if client == OWN[model] and not (client == "gemini" and forced):
        assert send(body, model, client=client).losses == {}
        return
    if client == OWN[model]:
        return
    sent = send(body, model, client=client)
    assert [n for n, kind in sent.losses.items() if kind == "semantic" and "server_tool" in n]
    offered = json.dumps(sent.body.get("tools", []))
    assert "search" not in offered
    assert "googleSearch" not in offered
    assert ("tools" in sent.body) is beside
    choice = json.dumps([sent.body.get("tool_choice"), sent.body.get("toolConfig")])
    assert "search" not in choice
    if not beside:
        assert choice == "[null, null]"


# The line: "Two assistant turns in a row with tool calls: a 500"


@pytest.mark.parametrize("model", [HAIKU, HAIKU_5, FLASH, LITE, GPT])
def test_two_turns_with_calls_in_a_row(model):
    body = say("Hi", "anthropic")
    use = [{"type": "tool_use", "id": f"c{n}", "name": "look", "input": {}} for n in (1, 2)]
    body["messages"] += [
        {"role": "assistant", "content": [use[0]]},
        {"role": "assistant", "content": [use[1]]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": f"c{n}", "content": "x"} for n in (1, 2)]},
    ]  # fmt: skip
    sent = send(body, model, client="anthropic")
    assert "semantic" not in sent.losses.values()
    assert json.dumps(sent.body).count('"c1"') == json.dumps(sent.body).count('"c2"') == 2


# "Reasoning effort to Claude: budget at or above max_tokens, forced tool with thinking, thinking
#  switched on in a tool loop whose history has no thinking block": test_pitfalls_reasoning


# "Legacy `functions` dropped"

LEGACY = {
    "functions": [{"name": "look", "parameters": {"type": "object", "properties": {}}}],
    "function_call": {"name": "look"},
}


@pytest.mark.parametrize("model", [HAIKU, FLASH])
def test_legacy_functions_are_tools(model):
    sent = send(say("Hi", **LEGACY), model).body
    assert "look" in json.dumps(sent["tools"])
    choice = sent.get("tool_choice") or sent["toolConfig"]["functionCallingConfig"]
    assert "look" in json.dumps(choice)


def test_legacy_clients_ask_for_one_call_at_a_time():
    assert send(say("Hi", **LEGACY)).body["tool_choice"]["disable_parallel_tool_use"] is True


USE = {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": 1}}
ANSWERS = {
    "anthropic": claude_answer({"type": "text", "text": "I look."}, USE, stop="tool_use"),
    "gemini": gemini_answer({"text": "I look."}, call(at=1)),
}


@pytest.mark.parametrize("vendor", ANSWERS)
def test_a_legacy_client_gets_a_function_call_back(vendor):
    request = CODECS["openai_chat"].decode_request(json.dumps(say("Hi", **LEGACY)).encode())
    got = answer(ANSWERS[vendor], vendor, request=request)
    choice = got.body["choices"][0]
    assert choice["finish_reason"] == "function_call"
    assert "tool_calls" not in choice["message"]
    assert choice["message"]["content"] == "I look."
    assert choice["message"]["function_call"]["name"] == "look"
    assert json.loads(choice["message"]["function_call"]["arguments"]) == {"at": 1}
    assert got.losses == {}


@pytest.mark.parametrize("cut", [1, None])
def test_a_legacy_client_gets_a_function_call_in_streams(cut):
    request = CODECS["openai_chat"].decode_request(json.dumps(say("Hi", **LEGACY)).encode())
    text = stream(sse(ANSWERS["gemini"]), "gemini", request=request, cut=cut)
    deltas = [c["choices"][0] for c in data_lines(text) if c["choices"]]
    told_ = [d["delta"]["function_call"] for d in deltas if "function_call" in d["delta"]]
    assert told_[0]["name"] == "look"
    assert json.loads("".join(t["arguments"] for t in told_)) == {"at": 1}
    assert b"tool_calls" not in text
    assert deltas[-1]["finish_reason"] == "function_call"


async def test_a_second_call_for_a_legacy_client_is_named():
    body = say("Hi", **LEGACY) | {"model": FLASH}
    got = await trip(body, told(gemini_answer(call(at=1), call(at=2))))
    assert got.told["choices"][0]["message"]["function_call"]["arguments"] == '{"at":1}'
    assert "parallel_call" in got.headers["x-fairlead-losses"]
    streamed = await trip(
        body | {"stream": True}, events(sse(gemini_answer(call(at=1), call(at=2))))
    )
    assert streamed.body.count(b'"look"') == 1
    assert b'"at\\":2' not in streamed.body


# "OpenAI-only knobs forwarded to Anthropic"

OPENAI_ONLY = {
    "logit_bias": {"1": 5}, "presence_penalty": 0.5, "frequency_penalty": 0.5, "seed": 1,
    "store": True, "verbosity": "low", "prediction": {"type": "content", "content": "x"},
    "prompt_cache_key": "k", "metadata": {"a": "b"}, "logprobs": True, "top_logprobs": 2,
}  # fmt: skip


@pytest.mark.parametrize("knob", OPENAI_ONLY)
@pytest.mark.parametrize("model", [HAIKU, HAIKU_5, FLASH, LITE])
def test_knobs_of_openais_alone_stay_here_and_are_named(model, knob):
    more = {"logprobs": True} if knob == "top_logprobs" else {}
    sent = send(say("Hi", **{knob: OPENAI_ONLY[knob]}, **more), model)
    assert knob not in sent.body
    if not (knob == "seed" and model in (FLASH, LITE)):
        assert sent.losses
        assert set(sent.losses.values()) == {"cosmetic"}


# "`n` dropped to both vendors": test_pitfalls_knobs, line 21


# "A single allowed forced function becomes `any`"


@pytest.mark.parametrize("client", ["openai_chat", "gemini"])
def test_a_single_allowed_function_is_forced_by_name(client):
    if client == "openai_chat":
        other = {"type": "function", "function": {"name": "find"}}
        only = {"type": "function", "function": {"name": "look"}}
        body = say(
            "Hi",
            tools=[TOOL, other],
            tool_choice={
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [only]},
            },
        )
    else:
        body = say("Hi", "gemini",
                   tools=[{"functionDeclarations": [{"name": "look"}, {"name": "find"}]}],
                   toolConfig={"functionCallingConfig": {
                       "mode": "ANY", "allowedFunctionNames": ["look"]}})  # fmt: skip
    sent = send(body, HAIKU, client=client)
    assert sent.body["tool_choice"] == {"type": "tool", "name": "look"}
    assert len(sent.body["tools"]) == 2


# "an image placed before its tool_result": test_pitfalls_turns, line 10
# "a recursive answer schema dropped": test_pitfalls_schemas, line 9


# "thought signatures hidden in tool-call ids of more than 64 characters"


@pytest.mark.parametrize("length", [41, 64, 200, 1000])
def test_long_ids_come_out_short_and_match_their_results(length):
    long = "c" * length
    part = {"functionCall": {"id": long, "name": "look", "args": {}}}
    found = answer(gemini_answer(part), "gemini").body["choices"][0]["message"]["tool_calls"][0]
    assert len(found["id"]) <= 40
    body = say("Hi", tools=[TOOL])
    body["messages"] += [
        {"role": "assistant", "content": None, "tool_calls": [found]},
        {"role": "tool", "tool_call_id": found["id"], "content": "x"},
    ]
    for model in (HAIKU, FLASH, FLASH_3):
        assert json.dumps(send(body, model).body).count(found["id"]) == 2


# ---- the Responses front -------------------------------------------------------------------------

RESPONSES = pytest.mark.skipif("openai_responses" not in DIALECTS, reason="not built yet")


# The line: "no `event:` lines and a `[DONE]`; `sequence_number` missing or running backwards"


@RESPONSES
@pytest.mark.parametrize("cut", [1, None])
def test_responses_streams_have_named_events_and_numbers_that_count(cut):
    parts = ({"text": "Hm.", "thought": True}, {"text": "Hello"}, call(at=1))
    text = stream(sse(gemini_answer(*parts)), "gemini", "openai_responses", cut=cut)
    names = [line[7:].decode() for line in text.split(b"\n") if line.startswith(b"event: ")]
    chunks = data_lines(text)
    assert [c["type"] for c in chunks] == names
    assert [c["sequence_number"] for c in chunks] == list(range(len(chunks)))
    assert b"[DONE]" not in text
    assert names[0] == "response.created"
    assert names[-1] == "response.completed"


# "reasoning items without `summary`"


@RESPONSES
def test_reasoning_items_have_a_summary():
    parts = ({"text": "Hm.", "thought": True}, {"text": "Hello"})
    body = answer(gemini_answer(*parts), "gemini", "openai_responses").body
    item = next(item for item in body["output"] if item["type"] == "reasoning")
    assert item["summary"] == [{"type": "summary_text", "text": "Hm."}]


# "`conversation` dropped even towards OpenAI; `previous_response_id` ignored or a 500"


@RESPONSES
@pytest.mark.parametrize("model", [HAIKU, FLASH])
def test_what_openai_keeps_for_a_client_is_never_dropped_silently(model):
    for field in ({"conversation": "conv_1"}, {"previous_response_id": "resp_1"}):
        sent = send(say("Hi", "openai_responses", **field), model, client="openai_responses")
        assert sent.losses == dict.fromkeys(field, "semantic")


# 15. "OpenAI Responses: reasoning items need encrypted_content and the item that followed them"


@RESPONSES
@pytest.mark.parametrize("model", [HAIKU, FLASH, GPT])
def test_15_encrypted_reasoning_of_openais_goes_to_nobody_else(model):
    body = say("Hi", "openai_responses")
    body["input"] = [
        {"role": "user", "content": "Hi"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "U0VDUkVU"},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "x"},
    ]
    sent = send(body, model, client="openai_responses")
    assert "U0VDUkVU" not in json.dumps(sent.body)
    assert "semantic" not in sent.losses.values()
    same = send(body, GPT, client="openai_responses", to="openai_responses")
    items = same.body["input"]
    at = next(n for n, item in enumerate(items) if item.get("type") == "reasoning")
    assert items[at]["encrypted_content"] == "U0VDUkVU"
    assert items[at + 1]["type"] == "function_call"


def test_pictures_have_their_bytes():
    assert PNG.startswith("iVBOR")
