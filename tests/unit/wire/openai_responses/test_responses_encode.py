"""Requests of other dialects, on their way to OpenAI through the Responses API."""

import json

import pytest
from msgspec.structs import replace

from fairlead.canon import (
    Base64,
    CacheMark,
    Citation,
    Extra,
    Failure,
    FileRef,
    FunctionTool,
    Media,
    Opaque,
    OutputFormat,
    PlainText,
    Reasoning,
    Request,
    Sampling,
    ServerTool,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
    Url,
)
from fairlead.catalog.model import Model
from fairlead.catalog.model import Sampling as Taken
from fairlead.catalog.model import Thinking as Thinks
from fairlead.emulator.authority import check
from fairlead.wire import anthropic, gemini, openai_chat
from fairlead.wire.codec import Target
from fairlead.wire.openai_responses import CODEC

GPT = Model(
    id="gpt-5",
    vendor="openai",
    thinking=Thinks(kind="effort", effort_budgets=(("low", 1024), ("high", 16384))),
    sampling=Taken(accepts=("temperature",), temperature_max=2),
)
HELLO = Turn("user", (Text("Hi"),), None, "messages[0]")
PNG = "iVBORw0KGgo="


def write(request, facts=GPT):
    encoded = CODEC.encode_request(request, Target(facts.id, facts))
    body = json.loads(encoded.body)
    assert check("openai", "responses", body) == []
    return body, [(loss.kind, loss.what) for loss in encoded.losses]


def ask(*turns, **fields):
    return Request(model="m", turns=turns or (HELLO,), **fields)


def said(*parts):
    return Turn("assistant", parts, None, "messages[1]")


def test_the_plainest_request():
    body, losses = write(ask())
    assert body == {
        "model": "gpt-5",
        "input": [{"type": "message", "role": "user", "content": "Hi"}],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    assert losses == []
    body, _ = write(ask(), replace(GPT, thinking=Thinks(kind="none")))
    assert "include" not in body


CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "text", "text": "Look"},
            {"type": "image_url", "image_url": {"url": "https://a.b/c.png", "detail": "low"}},
        ]},
        {"role": "assistant", "content": "Yes", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "c2", "type": "custom", "custom": {"name": "sh", "input": "ls"}},
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
        {"role": "tool", "tool_call_id": "c2", "content": "2"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
        {"type": "custom", "custom": {"name": "sh", "format": {
            "type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /x/"}}}},
    ],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "verbosity": "low",
    "reasoning_effort": "low",
    "max_completion_tokens": 50,
    "metadata": {"a": "b"},
    "safety_identifier": "u",
    "response_format": {"type": "json_schema", "json_schema": {
        "name": "n", "schema": {"type": "object"}}},
    "stream": True,
}  # fmt: skip


def test_a_chat_request_loses_nothing():
    body, losses = write(openai_chat.CODEC.decode_request(json.dumps(CHAT).encode()))
    assert losses == []
    assert body["input"] == [
        {"type": "message", "role": "system", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "Look"},
            {"type": "input_image", "detail": "low", "image_url": "https://a.b/c.png"},
        ]},
        {"type": "message", "role": "assistant", "content": "Yes"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "sh", "input": "ls"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "2"},
    ]  # fmt: skip
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}
    assert body["tools"] == [
        {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False},
        {"type": "custom", "name": "sh", "format": grammar},
    ]
    assert body["tool_choice"] == {"type": "function", "name": "f"}
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object"}}
    assert body["text"] == {"format": schema, "verbosity": "low"}
    assert (body["reasoning"], body["max_output_tokens"]) == ({"effort": "low"}, 50)
    assert (body["metadata"], body["user"], body["stream"]) == ({"a": "b"}, "u", True)


def test_claudes_tool_loop():
    loop = {
        "model": "m",
        "max_tokens": 100,
        "system": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "content": [
                    {"type": "text", "text": "no"},
                    {"type": "image", "source": {"type": "url", "url": "https://a.b/c"}},
                ]},
                {"type": "text", "text": "go on"},
            ]},
        ],
    }  # fmt: skip
    body, losses = write(anthropic.CODEC.decode_request(json.dumps(loop).encode()))
    assert body["instructions"] == "a\n\nb"
    assert [item["type"] for item in body["input"]] == [
        *("message", "function_call", "function_call_output", "message")
    ]
    assert body["input"][2]["output"] == [
        {"type": "input_text", "text": "no"},
        {"type": "input_image", "detail": "auto", "image_url": "https://a.b/c"},
    ]
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert sorted(losses) == [
        ("cosmetic", "thinking_budget"),
        ("cosmetic", "thinking_dropped"),
        ("cosmetic", "tool_error"),
    ]


def test_geminis_parallel_calls():
    turns = {
        "contents": [
            {"role": "user", "parts": [{"text": "x"}]},
            {"role": "model", "parts": [
                {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
                {"functionCall": {"name": "f", "args": {"a": 2}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "f", "response": {"output": "1"}}},
                {"functionResponse": {"name": "f", "response": {"output": "2"}}},
            ]},
        ]
    }  # fmt: skip
    body, losses = write(gemini.CODEC.decode_request(json.dumps(turns).encode()))
    calls = [item for item in body["input"] if item["type"] == "function_call"]
    outputs = [item for item in body["input"] if item["type"] == "function_call_output"]
    assert len({call["call_id"] for call in calls}) == 2
    assert [o["call_id"] for o in outputs] == [c["call_id"] for c in calls]
    assert losses == [("cosmetic", "thought_signature")]


def test_reasoning_goes_back_whole_before_what_it_led_to():
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
    own = Thinking("", Signature("openai_responses", json.dumps(item)), redacted=True)
    bare = Thinking("hm", Signature("openai_responses", "gBBB"))
    call, result = ToolCall("c", "f", "{}"), Turn("tool", (ToolResult("c"),))
    body, losses = write(ask(HELLO, said(own, bare, call), result))
    assert body["input"][1] == item
    summary = [{"type": "summary_text", "text": "hm"}]
    assert body["input"][2] == {
        "type": "reasoning",
        "summary": summary,
        "encrypted_content": "gBBB",
    }
    assert body["input"][3]["type"] == "function_call"
    assert losses == []
    body, losses = write(ask(HELLO, said(Text("a"), own), HELLO))
    assert [item["type"] for item in body["input"]] == ["message"] * 3
    assert losses == [("cosmetic", "thinking_dropped")]


def test_a_long_call_id_is_the_same_digest_in_both_places():
    long = "x" * 65
    body, _ = write(ask(HELLO, said(ToolCall(long, "f", "")), Turn("tool", (ToolResult(long),))))
    call, output = body["input"][1:]
    assert call["call_id"] == output["call_id"] != long
    assert len(call["call_id"]) <= 64
    assert call["arguments"] == "{}"


PARTS = {
    "audio": (Media("audio", "audio/wav", Base64("AAAA")), ("semantic", "audio_input")),
    "video": (Media("video", "", Url("https://a.b")), ("semantic", "video_input")),
    "another's file": (
        Media("document", "", FileRef("gemini", "f")),
        ("semantic", "file_reference"),
    ),
    "opaque": (Opaque("gemini", "executableCode", b"{}"), ("semantic", "gemini:executableCode")),
    "title": (
        Media("document", "text/plain", PlainText("x"), title="t"),
        ("cosmetic", "document_title"),
    ),
    "breakpoint": (Text("x", cache=CacheMark()), ("cosmetic", "cache_breakpoint")),
    "citation": (
        Text("x", citations=(Citation("anthropic", b"{}"),)),
        ("cosmetic", "citation"),
    ),
    "address with a type": (
        Media("image", "image/png", Url("https://a.b")),
        ("cosmetic", "media_type"),
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_lost_is_named(name):
    part, loss = PARTS[name]
    request = ask(Turn("user", (Text("well"), part), None, "messages[0]"))
    encoded = CODEC.encode_request(request, Target("gpt-5", GPT))
    assert [(found.kind, found.what) for found in encoded.losses] == [loss]
    assert encoded.losses[0].path == "messages[0].content[1]"


FIELDS = {
    "stop": (ask(sampling=Sampling(stop=("x",))), ("cosmetic", "stop")),
    "seed": (ask(sampling=Sampling(seed=1)), ("cosmetic", "seed")),
    "top_p": (ask(sampling=Sampling(top_p=0.5)), ("cosmetic", "top_p")),
    "temperature": (ask(sampling=Sampling(temperature=3)), ("cosmetic", "temperature")),
    "least": (ask(max_tokens=5), ("cosmetic", "max_tokens")),
    "tier": (ask(service_tier="x"), ("cosmetic", "service_tier:x")),
    "sound": (ask(modalities=("text", "audio")), ("semantic", "audio_output")),
    "server tool": (
        ask(tools=(ServerTool("gemini", "googleSearch", b"{}"),)),
        ("semantic", "server_tool:googleSearch"),
    ),
    "instructions": (
        ask(instructions=(Media("image", "image/png", Base64(PNG)),)),
        ("semantic", "system_image"),
    ),
    "assistant's picture": (
        ask(HELLO, said(Text("x"), Media("image", "image/png", Base64(PNG)))),
        ("semantic", "assistant_media"),
    ),
    "name": (ask(Turn("user", (Text("x"),), "Bob")), ("cosmetic", "name")),
    "extra": (ask(extras=(Extra("gemini", "cachedContent", b'"x"', cosmetic=False),)),
              ("semantic", "cachedContent")),
    "level": (ask(reasoning=Reasoning(level="high")), ("cosmetic", "thinking_level")),
    "adaptive": (ask(reasoning=Reasoning(adaptive=True)), ("cosmetic", "adaptive_thinking")),
    "budget": (ask(reasoning=Reasoning(budget=-1)), ("cosmetic", "thinking_budget")),
    "cached tool": (
        ask(tools=(FunctionTool("f", parameters=b"{}", cache=CacheMark()),)),
        ("cosmetic", "cache_breakpoint"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_that_is_lost_is_named(name):
    request, loss = FIELDS[name]
    _, losses = write(request)
    assert losses == [loss]


def test_breakpoints_where_the_model_takes_them():
    facts = replace(GPT, features=("cache_breakpoints",))
    marked = Text("x", cache=CacheMark()), Text("y", cache=CacheMark("1h"))
    body, losses = write(ask(Turn("user", marked)), facts)
    assert [part["prompt_cache_breakpoint"] for part in body["input"][0]["content"]] == [
        {"mode": "explicit"},
        {"mode": "explicit", "ttl": "12h"},
    ]
    assert losses == []
    again = CODEC.decode_request(json.dumps(body).encode())
    assert again.turns[0].parts == marked


def test_files_without_a_name_get_one():
    files = (
        Media("document", "application/pdf", Base64("JVBERi0=")),
        Media("document", "text/plain", PlainText("hi")),
        Media("document", "application/x", Base64("AAAA")),
    )
    body, losses = write(ask(Turn("user", files)))
    names = [part["filename"] for part in body["input"][0]["content"]]
    assert names == ["document.pdf", "document.txt", "document"]
    assert body["input"][0]["content"][1]["file_data"] == "data:text/plain;base64,aGk="
    assert losses == []


def test_several_answers_are_refused():
    with pytest.raises(Failure) as refused:
        write(ask(n=2))
    assert (refused.value.problem.kind, refused.value.problem.param) == ("unsupported", "n")


@pytest.mark.parametrize("wish", [Reasoning(visible=True), Reasoning(visible_unsaid=True)])
def test_plain_json_and_visible_thoughts(wish: Reasoning):
    body, losses = write(
        ask(Turn("system", (Text("In JSON."),)), output=OutputFormat("json"), reasoning=wish)
    )
    assert body["text"] == {"format": {"type": "json_object"}}
    assert body["reasoning"] == {"summary": "auto"}
    assert losses == []
