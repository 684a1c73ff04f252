"""Where translations go wrong, lines 25 to 34, 38 and 39: calls, ends, usage, streams, counts."""

import json

import pytest
from tests.contract.translation import (
    CODECS,
    FLASH,
    GPT,
    HAIKU,
    answer,
    data_lines,
    facts,
    say,
    send,
    stream,
)

from fairlead.canon import Folder, StreamError
from fairlead.engine.counting import COUNTINGS
from fairlead.wire.codec import Target

CLIENTS = ("openai_chat", "anthropic", "gemini")
USAGE = {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}


def candidate(*parts, finish="STOP", **more):
    return {
        "candidates": [{"content": {"role": "model", "parts": list(parts)},
                        "finishReason": finish, "index": 0} | more],
        "usageMetadata": USAGE, "modelVersion": "gemini-2.5-flash", "responseId": "r1",
    }  # fmt: skip


def call(name="look", **args):
    return {"functionCall": {"name": name, "args": args}}


def message(*content, stop="end_turn", **usage):
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": list(content), "stop_reason": stop, "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 20} | usage,
    }  # fmt: skip


def sse(*chunks, name=False, end="\n\n"):
    lines = []
    for chunk in chunks:
        head = f"event: {chunk['type']}\n" if name else ""
        lines.append(f"{head}data: {json.dumps(chunk)}{end}")
    return "".join(lines).encode()


def calls_of(body, client):
    """Ids and names of the calls in a client's answer."""
    if client == "openai_chat":
        return [(c["id"], c["function"]["name"])
                for c in body["choices"][0]["message"].get("tool_calls", ())]  # fmt: skip
    if client == "anthropic":
        return [(b["id"], b["name"]) for b in body["content"] if b["type"] == "tool_use"]
    parts = body["candidates"][0]["content"]["parts"]
    return [(p["functionCall"].get("id"), p["functionCall"]["name"])
            for p in parts if "functionCall" in p]  # fmt: skip


def end_of(body, client):
    """Why a client's answer ended."""
    return {
        "openai_chat": lambda: body["choices"][0]["finish_reason"],
        "anthropic": lambda: body["stop_reason"],
        "gemini": lambda: body["candidates"][0]["finishReason"],
    }[client]()


# 25. "Gemini functionCall ids are absent on 2.5, present on newer 3.x: make ids, stable ones"


@pytest.mark.parametrize("client", CLIENTS)
def test_25_calls_without_ids_get_stable_ones_that_differ(client):
    body = candidate(call(at=1), call(at=1), call("find"))
    first = calls_of(answer(body, "gemini", client).body, client)
    assert first == calls_of(answer(body, "gemini", client).body, client)
    assert [name for _, name in first] == ["look", "look", "find"]
    ids = [i for i, _ in first]
    assert len(set(ids)) == 3
    assert all(i and len(i) <= 40 for i in ids)


def test_25_ids_in_a_stream_are_those_of_the_whole_answer():
    body = candidate(call(at=1), call(at=2))
    whole = [i for i, _ in calls_of(answer(body, "gemini").body, "openai_chat")]
    for cut in (1, 7, None):
        chunks = data_lines(stream(sse(body, end="\r\n\r\n"), "gemini", cut=cut))
        deltas = [c["choices"][0]["delta"] for c in chunks if c.get("choices")]
        streamed = [t["id"] for d in deltas for t in d.get("tool_calls", ()) if "id" in t]
        assert streamed == whole


def test_25_ids_of_newer_models_are_kept():
    part = {"functionCall": {"id": "fc_1", "name": "look", "args": {}}}
    assert calls_of(answer(candidate(part), "gemini").body, "openai_chat") == [("fc_1", "look")]


# 26. "Gemini finishReason is STOP also with function calls: derive tool_calls / tool_use"


@pytest.mark.parametrize(
    ("client", "word"), [("openai_chat", "tool_calls"), ("anthropic", "tool_use")]
)
def test_26_an_answer_with_calls_ends_for_them(client, word):
    body = candidate({"text": "I look."}, call())
    assert end_of(answer(body, "gemini", client).body, client) == word
    for cut in (1, None):
        text = stream(sse(body), "gemini", client, cut=cut)
        assert f'"{word}"'.encode() in text


@pytest.mark.parametrize(
    ("client", "word"), [("openai_chat", "length"), ("anthropic", "max_tokens")]
)
def test_26_a_limit_stays_a_limit_beside_calls(client, word):
    body = candidate(call(), finish="MAX_TOKENS")
    assert end_of(answer(body, "gemini", client).body, client) == word


# 27. "Anthropic adds pause_turn, refusal, model_context_window_exceeded; Gemini knows about twenty. An
#     unknown one must not crash"

WORDS_GEMINI = (
    "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST",
    "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY",
    "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "IMAGE_PROHIBITED_CONTENT", "NO_IMAGE",
    "IMAGE_RECITATION", "IMAGE_OTHER", "MISSING_THOUGHT_SIGNATURE", "MODEL_ARMOR",
    "FINISH_REASON_UNSPECIFIED", "A_WORD_OF_TOMORROW",
)  # fmt: skip
WORDS_CLAUDE = (
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "compaction", "refusal",
    "model_context_window_exceeded", "a_word_of_tomorrow",
)  # fmt: skip
KNOWN = {
    "openai_chat": {"stop", "length", "tool_calls", "content_filter"},
    "anthropic": {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal",
                  "model_context_window_exceeded"},
}  # fmt: skip


@pytest.mark.parametrize("word", WORDS_GEMINI)
@pytest.mark.parametrize("client", ["openai_chat", "anthropic"])
def test_27_every_word_of_geminis_has_one_of_the_clients(client, word):
    found = answer(candidate({"text": "x"}, finish=word), "gemini", client)
    assert end_of(found.body, client) in KNOWN[client]


@pytest.mark.parametrize("word", WORDS_CLAUDE)
def test_27_every_word_of_claudes_has_one_of_the_clients(word):
    body = message({"type": "text", "text": "x"}, stop=word)
    assert end_of(answer(body, "anthropic").body, "openai_chat") in KNOWN["openai_chat"]
    assert end_of(answer(body, "anthropic", "gemini").body, "gemini").isupper()


def test_27_a_refusal_says_its_details_to_its_own_clients():
    details = {"type": "refusal", "category": "cyber", "explanation": "no"}
    body = message({"type": "text", "text": ""}, stop="refusal") | {"stop_details": details}
    told = answer(body, "anthropic", "anthropic").body
    assert (told["stop_reason"], told["stop_details"]) == ("refusal", details)
    assert end_of(answer(body, "anthropic").body, "openai_chat") == "content_filter"
    assert end_of(answer(body, "anthropic", "gemini").body, "gemini") == "SAFETY"


# 28. "a blocked prompt has no candidates, only promptFeedback: content_filter / refusal, not a 500"


@pytest.mark.parametrize(
    ("client", "word"),
    [("openai_chat", "content_filter"), ("anthropic", "refusal")],
)
def test_28_a_blocked_prompt_is_an_answer(client, word):
    body = {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
        "modelVersion": "gemini-2.5-flash",
    }
    assert end_of(answer(body, "gemini", client).body, client) == word
    assert word.encode() in stream(sse(body), "gemini", client)
    same = answer(body, "gemini", "gemini").body
    assert same["promptFeedback"] == body["promptFeedback"]
    assert "candidates" not in same


# 29. "usage, Gemini: total = prompt + candidates + thoughts + toolUse; cached is part of prompt.
#     OpenAI: total = prompt + completion, reasoning is part of completion"

FULL = {
    "promptTokenCount": 100, "cachedContentTokenCount": 40, "candidatesTokenCount": 10,
    "thoughtsTokenCount": 25, "toolUsePromptTokenCount": 5, "totalTokenCount": 140,
}  # fmt: skip


def test_29_geminis_usage_adds_up_as_openais():
    usage = answer(candidate({"text": "x"}) | {"usageMetadata": FULL}, "gemini").body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] == 140
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (105, 35)
    assert usage["prompt_tokens_details"]["cached_tokens"] == 40
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 25


def test_29_geminis_usage_adds_up_as_anthropics():
    body = candidate({"text": "x"}) | {"usageMetadata": FULL}
    usage = answer(body, "gemini", "anthropic").body["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (65, 40)
    assert usage["output_tokens"] == 35
    assert usage["output_tokens_details"] == {"thinking_tokens": 25}


def test_29_openais_usage_adds_up_as_geminis():
    chat = {
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": "x"}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 35, "total_tokens": 135,
                  "prompt_tokens_details": {"cached_tokens": 40},
                  "completion_tokens_details": {"reasoning_tokens": 25}},
    }  # fmt: skip
    usage = answer(chat, "openai_chat", "gemini").body["usageMetadata"]
    assert usage["promptTokenCount"] == 100
    assert usage["cachedContentTokenCount"] == 40
    assert usage["candidatesTokenCount"] == 10
    assert usage["thoughtsTokenCount"] == 25
    assert usage["totalTokenCount"] == 135


# 30. "usage, Anthropic and Bedrock: input excludes cache reads and writes"

CACHED = {
    "input_tokens": 10, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 50,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
    "output_tokens": 7,
}  # fmt: skip


def test_30_cache_reads_and_writes_are_counted_once():
    body = message({"type": "text", "text": "x"}, **CACHED)
    usage = answer(body, "anthropic").body["usage"]
    assert usage["prompt_tokens"] == 360
    assert usage["prompt_tokens_details"]["cached_tokens"] == 300
    assert usage["prompt_tokens_details"]["cache_write_tokens"] == 50
    assert usage["total_tokens"] == 367
    told = answer(body, "anthropic", "gemini").body["usageMetadata"]
    assert (told["promptTokenCount"], told["cachedContentTokenCount"]) == (360, 300)
    assert told["totalTokenCount"] == 367


# 31. "Anthropic streams: usage in message_delta is cumulative and differs from message_start: the last
#     one counts"

START = {
    "type": "message_start",
    "message": message(input_tokens=10, output_tokens=1) | {"stop_reason": None},
}
TEXT = (
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_stop", "index": 0},
)
DONE = (
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
     "usage": {"input_tokens": 14, "output_tokens": 9}},
    {"type": "message_stop"},
)  # fmt: skip
PING = {"type": "ping"}


def test_31_the_last_usage_counts():
    text = sse(START, PING, *TEXT, *DONE, name=True)
    for cut in (1, 13, None):
        usage = data_lines(stream(text, "anthropic", cut=cut))[-1]["usage"]
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (14, 9)
    tap = CODECS["anthropic"].usage_tap()
    tap.feed(text)
    assert (tap.usage.input, tap.usage.output) == (14, 9)


# 32. "OpenAI ends with [DONE], usage chunk has empty choices; Anthropic has named events and pings;
#     Gemini's SSE has CRLF and no terminator, and without `alt=sse` it streams a JSON array"


def test_32_openais_stream_ends_with_its_usage_and_done():
    text = stream(sse(START, PING, *TEXT, *DONE, name=True), "anthropic")
    assert text.endswith(b"data: [DONE]\n\n")
    chunks = data_lines(text)
    assert chunks[-1]["choices"] == []
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


def test_32_anthropics_stream_has_named_events_in_their_order():
    text = stream(sse(candidate({"text": "Hi"})), "gemini", "anthropic")
    names = [line[7:].decode() for line in text.split(b"\n") if line.startswith(b"event: ")]
    assert names[0] == "message_start"
    assert names[-2:] == ["message_delta", "message_stop"]
    assert [chunk["type"] for chunk in data_lines(text)] == names


def test_32_geminis_stream_has_no_terminator():
    text = stream(sse(START, PING, *TEXT, *DONE, name=True), "anthropic", "gemini")
    assert b"[DONE]" not in text
    assert b"event:" not in text
    assert text.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("cut", [1, 5, 64, None])
@pytest.mark.parametrize("framing", ["sse", "crlf", "array", "array on lines"])
def test_32_geminis_streams_are_read_in_every_framing(framing, cut):
    chunks = [{k: v for k, v in candidate({"text": t}).items() if k != "x"} for t in ("Hé", "llo")]
    texts = {
        "sse": sse(*chunks),
        "crlf": sse(*chunks, end="\r\n\r\n"),
        "array": json.dumps(chunks).encode(),
        "array on lines": ("[" + "\n,\r\n".join(map(json.dumps, chunks)) + "\n]\n").encode(),
    }
    folder = Folder()
    decoder = CODECS["gemini"].stream_decoder()
    data = texts[framing]
    size = cut or len(data)
    for at in range(0, len(data), size):
        for event in decoder.feed(data[at : at + size]):
            folder.add(event)
    for event in decoder.close():
        folder.add(event)
    assert folder.response().candidates[0].parts[0].text == "Héllo"
    assert folder.problem is None


# 34. "errors in mid-stream: Gemini bare JSON without `data:`; Anthropic an `error` event"

BROKEN = {
    "gemini": sse(candidate({"text": "Hi"}, finish=None), end="\r\n\r\n")
    + b'{\n  "error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}\n}',
    "anthropic": sse(START, *TEXT[:2], name=True)
    + b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error",'
    b'"message":"Overloaded"}}\n\n',
    "openai_chat": b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}'
    b'\n\ndata: {"error":{"message":"overloaded","type":"server_error","code":503}}\n\n',
}


@pytest.mark.parametrize("cut", [1, 11, None])
@pytest.mark.parametrize("vendor", BROKEN)
def test_34_an_error_in_mid_stream_is_one_and_the_last_event(vendor, cut):
    decoder = CODECS[vendor].stream_decoder()
    data = BROKEN[vendor]
    size = cut or len(data)
    events = [e for at in range(0, len(data), size) for e in decoder.feed(data[at : at + size])]
    events += decoder.close()
    errors = [e for e in events if isinstance(e, StreamError)]
    assert len(errors) == 1
    assert events[-1] is errors[0]
    assert errors[0].problem.kind == "overloaded"
    assert errors[0].problem.retryable


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("vendor", BROKEN)
def test_34_a_client_is_told_in_its_own_words_and_nothing_follows(vendor, client):
    text = stream(BROKEN[vendor], vendor, client)
    chunks = data_lines(text)
    assert "error" in chunks[-1]
    assert b"[DONE]" not in text
    assert b"message_stop" not in text


# 38. "Vertex sometimes returns integer enums (`finishReason: 1`): take both"


@pytest.mark.parametrize(("number", "word"), [(1, "stop"), (2, "length"), (3, "content_filter")])
def test_38_numbers_of_enums_are_read(number, word):
    body = candidate({"text": "x"}, finish=number)
    body["usageMetadata"] = FULL | {
        "promptTokensDetails": [{"modality": 4, "tokenCount": 30}], "trafficType": 1,
    }  # fmt: skip
    told = answer(body, "gemini").body
    assert told["choices"][0]["finish_reason"] == word
    assert told["usage"]["prompt_tokens_details"]["audio_tokens"] == 30
    assert word.encode() in stream(sse(body), "gemini")


# 39. "count_tokens: Bedrock rejects `us.` profiles and server tools; Vertex takes system and tools
#     inline"


@pytest.mark.parametrize(
    ("model", "vendor"), [(HAIKU, "anthropic"), (FLASH, "gemini"), (GPT, "openai_responses")]
)
def test_39_system_and_tools_are_counted_and_nothing_that_a_vendor_refuses(model, vendor):
    body = say(
        "Hi",
        "anthropic",
        system="Be brief.",
        tools=[{"name": "look", "input_schema": {"type": "object"}}],
        stop_sequences=["x"],
        metadata={"user_id": "u"},
    )
    request = CODECS["anthropic"].decode_request(json.dumps(body).encode())
    about = facts(model)
    encoded = CODECS[vendor].encode_request(request, Target(about.id, about))
    asked = json.loads(COUNTINGS[vendor].fit(encoded.body, about.id))
    text = json.dumps(asked)
    assert "Be brief." in text
    assert "look" in text
    assert "Hi" in text
    if vendor == "gemini":
        assert asked.keys() == {"generateContentRequest"}
        assert asked["generateContentRequest"].keys() >= {"model", "contents", "tools"}
    else:
        assert not asked.keys() & {"max_tokens", "max_output_tokens", "stop_sequences", "metadata"}


def test_39_a_server_tool_of_another_vendor_is_not_counted_as_nothing():
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    sent = send(say("Hi", "anthropic", tools=tools), FLASH, client="anthropic")
    assert sent.losses == {"server_tool:web_search_20250305": "semantic"}
