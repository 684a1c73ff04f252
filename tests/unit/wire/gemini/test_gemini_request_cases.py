"""One table for both directions: a canonical request and the body that says it."""

import json

import pytest
from tests.unit.wire.gemini.recorded import BUDGET, LEVEL, target

from fairlead.canon import (
    Base64,
    Extra,
    Failure,
    FileRef,
    FunctionTool,
    Media,
    Opaque,
    OutputFormat,
    Reasoning,
    Request,
    Sampling,
    ServerTool,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    Url,
)
from fairlead.emulator import authority
from fairlead.wire.gemini import CODEC

HELLO = Turn("user", (Text("hello"),))
HELLO_WIRE = {"role": "user", "parts": [{"text": "hello"}]}
CALL = ToolCall("c1", "add", '{"a":1}', signature=Signature("gemini", "sig="))
CALL_WIRE = {
    "functionCall": {"id": "c1", "name": "add", "args": {"a": 1}},
    "thoughtSignature": "sig=",
}
ADD = FunctionTool("add", "Adds", b'{"type":"object","properties":{"a":{"type":"integer"}}}')
ADD_WIRE = {
    "name": "add",
    "description": "Adds",
    "parametersJsonSchema": {"type": "object", "properties": {"a": {"type": "integer"}}},
}
PNG = "iVBORw0KGgo="


def ask(*turns: Turn, **more) -> Request:
    return Request(model="", turns=turns or (HELLO,), **more)


def config(**fields) -> dict:
    return {"contents": [HELLO_WIRE], "generationConfig": fields}


CASES = {
    "text": (ask(), {"contents": [HELLO_WIRE]}),
    "instructions": (
        ask(instructions=(Text("be kind"), Text("be brief"))),
        {
            "contents": [HELLO_WIRE],
            "systemInstruction": {"parts": [{"text": "be kind"}, {"text": "be brief"}]},
        },
    ),
    "a tool loop with parallel calls": (
        ask(
            HELLO,
            Turn("assistant", (Text("let me see"), CALL, ToolCall("c2", "add", "{}"))),
            Turn(
                "tool",
                (
                    ToolResult("c1", (Text("2"),), name="add"),
                    ToolResult("c2", (Text('{"sum":3}'),), name="add", json=True),
                ),
            ),
            Turn("assistant", (Text("done", Signature("gemini", "s2")),)),
            Turn("user", (Text("thanks"),)),
            tools=(ADD,),
        ),
        {
            "contents": [
                HELLO_WIRE,
                {
                    "role": "model",
                    "parts": [
                        {"text": "let me see"},
                        CALL_WIRE,
                        {"functionCall": {"id": "c2", "name": "add", "args": {}}},
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {
                            "functionResponse": {
                                "id": "c1",
                                "name": "add",
                                "response": {"output": "2"},
                            }
                        },
                        {"functionResponse": {"id": "c2", "name": "add", "response": {"sum": 3}}},
                    ],
                },
                {"role": "model", "parts": [{"text": "done", "thoughtSignature": "s2"}]},
                {"role": "user", "parts": [{"text": "thanks"}]},
            ],
            "tools": [{"functionDeclarations": [ADD_WIRE]}],
        },
    ),
    "an error of a tool": (
        ask(
            HELLO,
            Turn("assistant", (CALL,)),
            Turn("tool", (ToolResult("c1", (Text("no"),), name="add", is_error=True),)),
        ),
        {
            "contents": [
                HELLO_WIRE,
                {"role": "model", "parts": [CALL_WIRE]},
                {
                    "role": "user",
                    "parts": [
                        {
                            "functionResponse": {
                                "id": "c1",
                                "name": "add",
                                "response": {"error": "no"},
                            }
                        }
                    ],
                },
            ]
        },
    ),
    "an image in a tool result": (
        ask(
            HELLO,
            Turn("assistant", (CALL,)),
            Turn(
                "tool",
                (
                    ToolResult(
                        "c1",
                        (Text("see"), Media("image", "image/png", Base64(PNG))),
                        name="add",
                    ),
                ),
            ),
        ),
        {
            "contents": [
                HELLO_WIRE,
                {"role": "model", "parts": [CALL_WIRE]},
                {
                    "role": "user",
                    "parts": [
                        {
                            "functionResponse": {
                                "id": "c1",
                                "name": "add",
                                "response": {"output": "see"},
                                "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}],
                            }
                        }
                    ],
                },
            ]
        },
    ),
    "media": (
        ask(
            Turn(
                "user",
                (
                    Text("compare"),
                    Media("image", "image/png", Base64(PNG)),
                    Media("audio", "audio/wav", Base64("UklGRg==")),
                    Media(
                        "video",
                        "video/mp4",
                        FileRef("gemini", "gs://bucket/film.mp4"),
                        extra=b'{"videoMetadata":{"fps":2}}',
                    ),
                    Media("document", "application/pdf", Base64("JVBERi0=")),
                    Media("document", "text/plain", Base64("aGk=")),
                    Media("image", "image/png", Url("https://example.com/a.png")),
                ),
            )
        ),
        {
            "contents": [
                {
                    "role": "user",
                    "parts": [
                        {"text": "compare"},
                        {"inlineData": {"mimeType": "image/png", "data": PNG}},
                        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
                        {
                            "fileData": {
                                "mimeType": "video/mp4",
                                "fileUri": "gs://bucket/film.mp4",
                            },
                            "videoMetadata": {"fps": 2},
                        },
                        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
                        {"inlineData": {"mimeType": "text/plain", "data": "aGk="}},
                        {
                            "fileData": {
                                "mimeType": "image/png",
                                "fileUri": "https://example.com/a.png",
                            }
                        },
                    ],
                }
            ]
        },
    ),
    "thoughts and code of its own": (
        ask(
            HELLO,
            Turn(
                "assistant",
                (
                    Thinking("hm", Signature("gemini", "t1")),
                    Opaque("gemini", "executableCode", b'{"executableCode":{"code":"1"}}'),
                    Text("", Signature("gemini", "t2")),
                ),
            ),
            HELLO,
        ),
        {
            "contents": [
                HELLO_WIRE,
                {
                    "role": "model",
                    "parts": [
                        {"text": "hm", "thought": True, "thoughtSignature": "t1"},
                        {"executableCode": {"code": "1"}},
                        {"text": "", "thoughtSignature": "t2"},
                    ],
                },
                HELLO_WIRE,
            ]
        },
    ),
    "tools of its own": (
        ask(tools=(ADD, ServerTool("gemini", "googleSearch", b'{"googleSearch":{}}'))),
        {
            "contents": [HELLO_WIRE],
            "tools": [{"functionDeclarations": [ADD_WIRE]}, {"googleSearch": {}}],
        },
    ),
    **{
        f"tool choice {name}": (
            ask(tools=(ADD,), tool_choice=choice),
            {
                "contents": [HELLO_WIRE],
                "tools": [{"functionDeclarations": [ADD_WIRE]}],
                "toolConfig": {"functionCallingConfig": wire},
            },
        )
        for name, choice, wire in (
            ("auto", ToolChoice("auto"), {"mode": "AUTO"}),
            ("none", ToolChoice("none"), {"mode": "NONE"}),
            ("required", ToolChoice("required"), {"mode": "ANY"}),
            (
                "named",
                ToolChoice("named", ("add",)),
                {"mode": "ANY", "allowedFunctionNames": ["add"]},
            ),
            (
                "some of them",
                ToolChoice("auto", ("add",)),
                {"mode": "VALIDATED", "allowedFunctionNames": ["add"]},
            ),
        )
    },
    "sampling": (
        ask(
            sampling=Sampling(
                temperature=0.5,
                top_p=0.9,
                top_k=40,
                seed=7,
                frequency_penalty=0.1,
                presence_penalty=0.2,
                stop=("END",),
            ),
            max_tokens=100,
            n=2,
            logprobs=True,
            top_logprobs=3,
        ),
        config(
            temperature=0.5,
            topP=0.9,
            topK=40,
            seed=7,
            frequencyPenalty=0.1,
            presencePenalty=0.2,
            stopSequences=["END"],
            maxOutputTokens=100,
            candidateCount=2,
            responseLogprobs=True,
            logprobs=3,
        ),
    ),
    "json": (ask(output=OutputFormat("json")), config(responseMimeType="application/json")),
    "json schema": (
        ask(output=OutputFormat("json_schema", schema=b'{"type":"object"}')),
        config(responseMimeType="application/json", responseJsonSchema={"type": "object"}),
    ),
    "modalities": (ask(modalities=("text", "image")), config(responseModalities=["TEXT", "IMAGE"])),
    "a thinking budget": (
        ask(reasoning=Reasoning(budget=512, visible=True)),
        config(thinkingConfig={"thinkingBudget": 512, "includeThoughts": True}),
    ),
    "no thinking": (
        ask(reasoning=Reasoning(budget=0)),
        config(thinkingConfig={"thinkingBudget": 0}),
    ),
    "dynamic thinking": (
        ask(reasoning=Reasoning(budget=-1)),
        config(thinkingConfig={"thinkingBudget": -1}),
    ),
    "extras": (
        ask(
            service_tier="flex",
            extras=(
                Extra("gemini", "generationConfig.mediaResolution", b'"MEDIA_RESOLUTION_LOW"'),
                Extra(
                    "gemini",
                    "safetySettings",
                    b'[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]',
                ),
                Extra("gemini", "cachedContent", b'"cachedContents/1"', cosmetic=False),
            ),
        ),
        {
            "contents": [HELLO_WIRE],
            "serviceTier": "flex",
            "generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_LOW"},
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "cachedContent": "cachedContents/1",
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_is_encoded(name):
    request, wire = CASES[name]
    encoded = CODEC.encode_request(request, target())
    assert json.loads(encoded.body) == wire
    assert encoded.losses == ()
    vendor = "vertex_gemini" if name == "a tier" else "gemini"
    assert authority.check(vendor, "generate", wire) == []


@pytest.mark.parametrize("name", CASES)
def test_is_decoded(name):
    request, wire = CASES[name]
    assert (
        CODEC.decode_request(json.dumps(wire, separators=(",", ":")).encode()).without_paths()
        == request
    )


LENIENT = {
    "snake case": (
        {
            "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
            "generation_config": {"max_output_tokens": 5, "stop_sequences": ["x"]},
            "system_instruction": {"parts": [{"text": "be kind"}]},
        },
        ask(instructions=(Text("be kind"),), max_tokens=5, sampling=Sampling(stop=("x",))),
    ),
    "lone objects": (
        {
            "contents": {"parts": {"text": "hello"}},
            "tools": {"function_declarations": {"name": "f"}},
            "systemInstruction": {"parts": {"text": "s"}},
        },
        ask(instructions=(Text("s"),), tools=(FunctionTool("f"),)),
    ),
    "nulls": (
        {
            "contents": [{"role": None, "parts": [{"text": "hello", "thought": None}]}],
            "tools": None,
            "generationConfig": {"temperature": None, "thinkingConfig": None},
        },
        ask(),
    ),
    "enums in lower case and as numbers, numbers as strings": (
        {
            "contents": [HELLO_WIRE],
            "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": 6}}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "any"}},
            "generationConfig": {"maxOutputTokens": "7", "responseModalities": [1], "seed": 1.0},
        },
        ask(
            tools=(FunctionTool("f", None, b'{"type":"object"}'),),
            tool_choice=ToolChoice("required"),
            max_tokens=7,
            modalities=("text",),
            sampling=Sampling(seed=1),
        ),
    ),
    "the other base64 alphabet": (
        {"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": "-_-_-w"}}]}]},
        ask(Turn("user", (Media("image", "image/png", Base64("+/+/+w==")),))),
    ),
    "calls and results without ids": (
        {
            "contents": [
                HELLO_WIRE,
                {
                    "role": "model",
                    "parts": [
                        {"functionCall": {"name": "f", "args": {"x": 1}}},
                        {"functionCall": {"name": "f", "args": {"x": 2}}},
                    ],
                },
                {
                    "role": "function",
                    "parts": [
                        {"functionResponse": {"name": "f", "response": {"output": "one"}}},
                        {"functionResponse": {"name": "f", "response": {"output": "two"}}},
                    ],
                },
            ]
        },
        ask(
            HELLO,
            Turn(
                "assistant",
                (ToolCall("call_1_0", "f", '{"x": 1}'), ToolCall("call_1_1", "f", '{"x": 2}')),
            ),
            Turn(
                "tool",
                (
                    ToolResult("call_1_0", (Text("one"),), name="f"),
                    ToolResult("call_1_1", (Text("two"),), name="f"),
                ),
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", LENIENT)
def test_is_read_as_the_servers_read_it(name):
    wire, request = LENIENT[name]
    assert CODEC.decode_request(json.dumps(wire).encode()).without_paths() == request


BAD = {
    b"[": (None, "no JSON object"),
    b"[1]": (None, "the body is no JSON object"),
    b"{}": ("contents", "not specified"),
    b'{"contents":[{"parts":[{"text":1}]}]}': ("contents[0].parts[0].text", "string"),
    b'{"contents":[{"parts":[3]}]}': ("contents[0].parts[0]", "no JSON object"),
    b'{"contents":[{"role":"system","parts":[]}]}': ("contents[0].role", "valid role"),
    b'{"contents":[{"parts":[{"inlineData":{"data":"a*b"}}]}]}': (
        "contents[0].parts[0].inlineData.data",
        "base64",
    ),
    b'{"contents":[{"parts":[{"functionCall":{"name":"f","args":"x"}}]}]}': (
        "contents[0].parts[0].functionCall.args",
        "no JSON object",
    ),
    b'{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"topK":"many"}}': (
        "generationConfig.topK",
        "number",
    ),
    b'{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"maxOutputTokens":1.5}}': (
        "generationConfig.maxOutputTokens",
        "whole",
    ),
    b'{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{}]}]}': (
        "tools[0].functionDeclarations[0].name",
        "name",
    ),
    b'{"contents":[{"parts":[{"text":"\\ud800"}]}]}': ("contents[0].parts[0].text", "surrogate"),
    b'{"contents":[{"parts":[{"text":"\xff"}]}]}': (None, ""),
    b'{"contents":' + b"[" * 100_000: (None, ""),
}


@pytest.mark.parametrize("body", BAD, ids=lambda body: body[:40])
def test_bad_input_is_refused_with_its_path(body):
    param, words = BAD[body]
    with pytest.raises(Failure) as caught:
        CODEC.decode_request(body)
    assert caught.value.problem.kind == "invalid_request"
    assert words in caught.value.problem.message
    if param is not None:
        assert caught.value.problem.param == param


def test_peek_reads_no_more_than_it_needs():
    body = b'{"contents":[{"parts":[]}],"generation_config":{"max_output_tokens":9}}'
    peeked = CODEC.peek(body)
    assert (peeked.model, peeked.stream, peeked.max_tokens) == ("", False, 9)
    with pytest.raises(Failure):
        CODEC.peek(b"nonsense")


def test_levels_go_to_models_that_take_them():
    request = ask(reasoning=Reasoning(level="low"))
    encoded = CODEC.encode_request(request, target(LEVEL))
    assert json.loads(encoded.body)["generationConfig"] == {
        "thinkingConfig": {"thinkingLevel": "LOW"}
    }
    assert CODEC.decode_request(encoded.body).reasoning == Reasoning(level="low")
    older = CODEC.encode_request(request, target(BUDGET))
    assert json.loads(older.body)["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 1024}
