"""One table of requests: what each says, and that it survives encoding where nothing is lost."""

import json

import pytest
from msgspec.structs import replace
from openai.types.chat import ChatCompletion
from tests.unit.wire.openai_chat.strategies_chat import MP4, PDF, PNG, WAV

from fairlead.canon import (
    Base64,
    CacheMark,
    Candidate,
    Extra,
    FileRef,
    Finish,
    FunctionTool,
    Media,
    OutputFormat,
    PlainText,
    Reasoning,
    Refusal,
    Response,
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
    Usage,
)
from fairlead.catalog.model import Model
from fairlead.catalog.model import Thinking as Facts
from fairlead.wire.codec import Reply, Target
from fairlead.wire.openai_chat import CODEC
from fairlead.wire.openai_chat.request import DEFAULTS as TABLE

HI = {"role": "user", "content": "hi"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
ASKED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
DONE = {"role": "tool", "tool_call_id": "c1", "content": "done"}
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]


def decode(**fields):
    body = {"model": "m", "messages": [HI], **fields}
    return CODEC.decode_request(json.dumps(body).encode())


def user(*parts):
    return {"messages": [{"role": "user", "content": list(parts)}]}


MESSAGES = [
    ({"role": "system", "content": "be"}, Turn("system", (Text("be"),))),
    ({"role": "developer", "content": "be"}, Turn("developer", (Text("be"),))),
    ({"role": "user", "content": "ü😀", "name": "ann"}, Turn("user", (Text("ü😀"),), "ann")),
    ({"role": "user", "content": ""}, Turn("user", (Text(""),))),
    (
        {"role": "assistant", "content": "yes", "refusal": "no"},
        Turn("assistant", (Text("yes"), Refusal("no"))),
    ),
    (
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        Turn("assistant", (Refusal("no"),)),
    ),
    (
        {"role": "assistant", "content": "4", "reasoning_content": "2+2"},
        Turn("assistant", (Thinking("2+2"), Text("4"))),
    ),
    (
        {"role": "assistant", "content": "4", "reasoning": "2+2"},
        Turn("assistant", (Thinking("2+2"), Text("4"))),
    ),
    (
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "2+2"}]},
                {"type": "text", "text": "4"},
            ],
        },
        Turn("assistant", (Thinking("2+2"), Text("4"))),
    ),
    (
        {
            "role": "assistant",
            "content": "4",
            "reasoning_content": "2+2",
            "reasoning_details": [
                {
                    "type": "reasoning.text",
                    "text": "2+2",
                    "signature": "sig",
                    "format": "anthropic-claude-v1",
                },
                {"type": "reasoning.encrypted", "data": "enc", "format": "openai-responses-v1"},
            ],
        },
        Turn(
            "assistant",
            (
                Thinking("2+2", Signature("anthropic", "sig")),
                Thinking("", Signature("openai_responses", "enc"), redacted=True),
                Text("4"),
            ),
        ),
    ),
    (
        {
            "role": "assistant",
            "content": "4",
            "thinking_blocks": [
                {"type": "thinking", "thinking": "2+2", "signature": "sig"},
                {"type": "redacted_thinking", "data": "enc"},
            ],
        },
        Turn(
            "assistant",
            (
                Thinking("2+2", Signature("anthropic", "sig")),
                Thinking("", Signature("anthropic", "enc"), redacted=True),
                Text("4"),
            ),
        ),
    ),
    (
        {
            "role": "assistant",
            "content": "4",
            "extra_content": {"google": {"thought_signature": "sig"}},
        },
        Turn("assistant", (Text("4", Signature("gemini", "sig")),)),
    ),
    (
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
            ],
        },
        Turn("user", (Text("a", cache=CacheMark("1h")),)),
    ),
]


@pytest.mark.parametrize(("message", "turn"), MESSAGES)
def test_message(message, turn):
    request = decode(messages=[message])
    assert request.without_paths().turns == (turn,)
    assert request.turns[0].path == "messages[0]"
    assert request.extras == ()


PARTS = [
    (
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        Media("image", "image/png", Base64(PNG)),
    ),
    (
        {
            "type": "image_url",
            "image_url": {"url": f"data:image/jpeg;base64,{PNG}", "detail": "low"},
        },
        Media("image", "image/png", Base64(PNG), detail="low"),
    ),
    (
        {"type": "image_url", "image_url": "https://e.com/a.png"},
        Media("image", "", Url("https://e.com/a.png")),
    ),
    (
        {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
        Media("audio", "audio/wav", Base64(WAV)),
    ),
    (
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}"}},
        Media("document", "application/pdf", Base64(PDF)),
    ),
    (
        {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}},
        Media("document", "application/pdf", Base64(PDF), name="a.pdf"),
    ),
    (
        {"type": "file", "file": {"file_data": f"data:video/mp4;base64,{MP4}"}},
        Media("video", "video/mp4", Base64(MP4)),
    ),
    (
        {"type": "file", "file": {"file_data": "data:text/plain,na%C3%AFve"}},
        Media("document", "text/plain", PlainText("naïve")),
    ),
    (
        {"type": "file", "file": {"file_data": "data:text/csv;base64,YSxi"}},
        Media("document", "text/csv", Base64("YSxi")),
    ),
    (
        {"type": "file", "file": {"file_id": "file-1"}},
        Media("document", "", FileRef("openai_chat", "file-1")),
    ),
    (
        {"type": "file", "file": {"file_data": "https://e.com/a.pdf"}},
        Media("document", "", Url("https://e.com/a.pdf")),
    ),
    (
        {"type": "video_url", "video_url": {"url": "https://e.com/v.mp4"}},
        Media("video", "", Url("https://e.com/v.mp4")),
    ),
    (
        {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{MP4}"}},
        Media("video", "video/mp4", Base64(MP4)),
    ),
    (
        {"type": "document_url", "document_url": f"data:application/pdf;base64,{PDF}"},
        Media("document", "application/pdf", Base64(PDF)),
    ),
    (
        {"type": "file_url", "file_url": {"url": PDF}},
        Media("document", "application/pdf", Base64(PDF)),
    ),
]


@pytest.mark.parametrize(("part", "media"), PARTS)
def test_media_part(part, media):
    request = decode(**user(part))
    assert request.turns[0].parts == (media,)
    takes = replace(Model.unknown("m", "someone"), modalities_in=(media.kind,))
    encoded = CODEC.encode_request(request, Target("m", takes))
    assert encoded.losses == ()
    assert CODEC.decode_request(encoded.body) == request


def test_a_video_goes_only_where_the_model_is_known_to_take_it():
    """`video_url` is vLLM's and OpenRouter's; OpenAI: "Supported values are: 'text', ..."."""
    video = {"type": "video_url", "video_url": {"url": "https://e.com/v.mp4"}}
    assert losses(decode(**user(video))) == {("semantic", "video_input")}


def test_pictures_in_the_answer_cannot_be_asked_for():
    request = decode(modalities=["text", "image"])
    encoded = CODEC.encode_request(request, target())
    assert json.loads(encoded.body)["modalities"] == ["text"]
    assert [(loss.kind, loss.what) for loss in encoded.losses] == [("semantic", "image_output")]


def target(**facts):
    return Target("m", Model.unknown("m", "someone") if not facts else Model(**facts))


def test_calls_and_results():
    custom = {"id": "c2", "type": "custom", "custom": {"name": "sql", "input": "select"}}
    signed = {**CALL, "extra_content": {"google": {"thought_signature": "sig"}}, "index": 0}
    request = decode(
        messages=[
            HI,
            {"role": "assistant", "content": "", "tool_calls": [signed, custom]},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "r2"}]},
            {**DONE, "name": "f"},
        ]
    )
    assert request.without_paths().turns[1:] == (
        Turn(
            "assistant",
            (
                ToolCall("c1", "f", '{"a": 1}', signature=Signature("gemini", "sig")),
                ToolCall("c2", "sql", "select", custom=True),
            ),
        ),
        Turn("tool", (ToolResult("c2", (Text("r2"),), custom=True),)),
        Turn("tool", (ToolResult("c1", (Text("done"),), name="f"),)),
    )


def test_a_signature_of_a_call_among_the_details():
    detail = {
        "type": "reasoning.encrypted",
        "data": "sig",
        "id": "c1",
        "format": "google-gemini-v1",
    }
    request = decode(messages=[HI, {**ASKED, "reasoning_details": [detail]}, DONE])
    assert request.turns[1].parts == (
        ToolCall("c1", "f", '{"a": 1}', signature=Signature("gemini", "sig")),
    )


def test_legacy_functions():
    request = decode(
        messages=[
            HI,
            {
                "role": "assistant",
                "content": None,
                "function_call": {"name": "f", "arguments": "{}"},
            },
            {"role": "function", "name": "f", "content": "1"},
        ],
        functions=[{"name": "f", "description": "d", "parameters": {"type": "object"}}],
        function_call={"name": "f"},
    )
    assert request.tools == (FunctionTool("f", "d", b'{"type": "object"}'),)
    assert request.tool_choice == ToolChoice("named", ("f",))
    assert request.without_paths().turns[1:] == (
        Turn("assistant", (ToolCall("call_function_1", "f", "{}"),)),
        Turn("tool", (ToolResult("call_function_1", (Text("1"),), name="f"),)),
    )


FIELDS = [
    ({"stop": "a"}, "sampling", Sampling(stop=("a",))),
    ({"stop": None}, "sampling", Sampling()),
    ({"temperature": 0, "top_k": 3}, "sampling", Sampling(temperature=0.0, top_k=3.0)),
    ({"max_tokens": 5}, "max_tokens", 5),
    ({"max_completion_tokens": 5}, "max_tokens", 5),
    ({"max_completion_tokens": 5, "max_tokens": 5}, "max_tokens", 5),
    ({"stream": True, "stream_options": {"include_usage": True}}, "include_usage", True),
    ({"stream": True, "stream_options": None}, "include_usage", False),
    ({"safety_identifier": "s"}, "user", "s"),
    ({"response_format": {"type": "json_object"}}, "output", OutputFormat("json")),
    (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": {"a": 1.0}, "strict": True},
            }
        },
        "output",
        OutputFormat("json_schema", "n", b'{"a": 1.0}', strict=True),
    ),
    ({"tools": TOOLS, "tool_choice": "any"}, "tool_choice", ToolChoice("required")),
    (
        {
            "tools": TOOLS,
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [TOOLS[0]]},
            },
        },
        "tool_choice",
        ToolChoice("auto", ("f",)),
    ),
    ({"tools": [{"function": {"name": "f"}}]}, "tools", (FunctionTool("f"),)),
    (
        {"tools": [{"type": "openrouter:web_search", "parameters": {}}]},
        "tools",
        (
            ServerTool(
                "openai_chat",
                "openrouter:web_search",
                b'{"type": "openrouter:web_search", "parameters": {}}',
            ),
        ),
    ),
    ({"fairlead": {"task": "coding"}}, "extras", ()),
    ({"metadata": None}, "extras", ()),
    ({"metadata": {"a": "b"}}, "extras", (Extra("openai_chat", "metadata", b'{"a": "b"}'),)),
    (
        {"web_search_options": {}},
        "extras",
        (Extra("openai_chat", "web_search_options", b"{}", False),),
    ),
    ({"temprature": 1}, "extras", (Extra("openai_chat", "temprature", b"1"),)),
    (
        {"messages": [{**HI, "prefix": True}]},
        "extras",
        (Extra("openai_chat", "messages[0].prefix", b"true"),),
    ),
    (
        {"messages": [{"role": "assistant", "content": "x", "audio": {"id": "a"}}]},
        "extras",
        (Extra("openai_chat", "messages[0].audio", b'{"id": "a"}', False),),
    ),
    (
        {"google": {"cached_content": "c", "thinking_config": {"thinking_budget": 5, "x": 1}}},
        "extras",
        (
            Extra("openai_chat", "google.cached_content", b'"c"', False),
            Extra("openai_chat", "google.thinking_config.x", b"1"),
        ),
    ),
    (
        {"tools": [{"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}}]},
        "extras",
        (Extra("openai_chat", "tools[0].custom.format", b'{"type": "text"}', False),),
    ),
]


@pytest.mark.parametrize(("fields", "name", "value"), FIELDS)
def test_field(fields, name, value):
    request = decode(**fields)
    assert getattr(request, name) == value


def test_unknown_fields_leave_the_rest_as_it_was_written():
    body = (
        b'{"model":"m","messages":[{"role":"user","content":"hi","odd":[1]}],"tools":'
        b'[{"type":"function","x":1,"function":{"name":"f","parameters":{ "a" :  1.50 }}}]}'
    )
    request = CODEC.decode_request(body)
    assert request.tools == (FunctionTool("f", parameters=b'{ "a" :  1.50 }'),)
    assert {extra.path: extra.raw for extra in request.extras} == {
        "messages[0].odd": b"[1]",
        "tools[0].x": b"1",
    }


REASONING = [
    ({"reasoning_effort": "low"}, Reasoning(effort="low")),
    ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Reasoning(budget=2048)),
    ({"thinking": {"type": "enabled"}}, Reasoning(budget=-1)),
    ({"thinking": {"type": "disabled"}}, Reasoning(budget=0)),
    ({"thinking": {"type": "adaptive"}}, Reasoning(adaptive=True)),
    ({"thinking": {}}, None),
    (
        {"extra_body": {"google": {"thinking_config": {"thinking_budget": 0}}}},
        Reasoning(budget=0),
    ),
    (
        {"google": {"thinking_config": {"thinking_level": "LOW", "include_thoughts": True}}},
        Reasoning(level="low", visible=True),
    ),
    ({"reasoning": {"effort": "high", "exclude": True}}, Reasoning(effort="high", visible=False)),
    ({"reasoning": {"max_tokens": 2000}}, Reasoning(budget=2000)),
    ({"reasoning": {"enabled": True}}, Reasoning(effort="medium")),
    ({"reasoning": {"enabled": False}}, Reasoning(effort="none")),
    ({"enable_thinking": False}, Reasoning(budget=0)),
    ({"enable_thinking": True, "thinking_budget": 9}, Reasoning(budget=9)),
    # several that say the same, or complete each other
    ({"reasoning_effort": "low", "reasoning": {"effort": "low"}}, Reasoning(effort="low")),
    ({"reasoning_effort": "low", "thinking": {"type": "enabled"}}, Reasoning(effort="low")),
    ({"reasoning_effort": "none", "thinking": {"type": "disabled"}}, Reasoning(effort="none")),
    (
        {"reasoning_effort": "high", "thinking": {"type": "adaptive"}},
        Reasoning(effort="high", adaptive=True),
    ),
    (
        {
            "reasoning_effort": "high",
            "google": {"thinking_config": {"include_thoughts": True}},
        },
        Reasoning(effort="high", visible=True),
    ),
]


@pytest.mark.parametrize(("fields", "wish"), REASONING)
def test_reasoning(fields, wish):
    assert decode(**fields).reasoning == wish


def test_peek_skips_what_it_does_not_need():
    peek = CODEC.peek(
        b'{"messages":[{"anything":1}],"model":"m","max_tokens":7,"stream":true,"temperature":"x"}'
    )
    assert (peek.model, peek.stream, peek.max_tokens) == ("m", True, 7)
    assert CODEC.peek(b'{"model":"m","max_completion_tokens":8,"max_tokens":7}').max_tokens == 8


DEFAULTS = [
    ("frequency_penalty", "0", "0.5"),
    ("frequency_penalty", "-0.0", "-0.5"),
    ("presence_penalty", "0.0", "1"),
    ("logit_bias", "{ }", '{"1": 5}'),
    ("n", "1", "2"),
    ("logprobs", "false", "true"),
    ("store", "false", "true"),
    ("store", " false ", "0"),
    ("metadata", "{}", '{"a": "b"}'),
    ("metadata", "{}", "[]"),
    ("parallel_tool_calls", "true", "false"),
    ("service_tier", '"auto"', '"flex"'),
    ("verbosity", '"medium"', '"low"'),
]


@pytest.mark.parametrize(("field", "default", "other"), DEFAULTS)
def test_a_field_at_its_default_says_nothing(field, default, other):
    def read(value):
        body = '{"model":"m","messages":[{"role":"user","content":"hi"}],"%s":%s}'
        return CODEC.decode_request((body % (field, value)).encode())

    assert read(default) == decode()
    assert read(other) != decode()


def test_every_default_is_tested():
    assert {field for field, _, _ in DEFAULTS} == set(TABLE)


@pytest.mark.parametrize(
    ("content", "sent"),
    [((), ""), ((Thinking("hm"),), ""), ((ToolCall("c1", "f", "{}"),), None)],
)
def test_content_is_null_beside_calls_only(content, sent):
    request = type(decode())(model="m", turns=(Turn("assistant", content),))
    message = json.loads(CODEC.encode_request(request, target()).body)["messages"][0]
    assert message["content"] == sent


@pytest.mark.parametrize(
    "parts", [(), (Text(""),), (Thinking("hm"),), (Refusal("no"),), (ToolCall("c1", "f", "{}"),)]
)
def test_an_answer_may_come_back_in_a_history(parts):
    answer = Response(candidates=(Candidate(0, parts, Finish("length")),), usage=Usage(3))
    body = CODEC.encode_response(answer, Reply("m", 1, "r")).body
    message = ChatCompletion.model_validate_json(body).choices[0].message
    results = [DONE] if message.tool_calls else []
    request = decode(messages=[HI, message.model_dump(), *results, HI])
    assert request.turns[1].parts == (parts or (Text(""),))


def test_sound_of_an_earlier_answer_stands_for_content():
    message = {"role": "assistant", "content": None, "audio": {"id": "a"}}
    request = decode(messages=[HI, message, HI])
    assert request.turns[1].parts == ()
    assert request.extras == (Extra("openai_chat", "messages[1].audio", b'{"id": "a"}', False),)


# Losses


def losses(request, **facts):
    return {
        (loss.kind, loss.what) for loss in CODEC.encode_request(request, target(**facts)).losses
    }


def test_knobs_that_the_model_does_not_take_are_named():
    request = decode(temperature=1.5, top_k=4, seed=1, stop=["a", "b"], reasoning_effort="low")
    assert losses(request, id="x", vendor="v") == {
        ("cosmetic", knob) for knob in ("temperature", "top_k", "seed", "stop")
    }


def test_content_that_the_dialect_cannot_say_is_a_semantic_loss():
    foreign = Media("image", "image/png", FileRef("anthropic", "file_1"))
    tool = ServerTool("anthropic", "web_search", b"{}")
    request = decode()
    request = type(request)(model="m", turns=(Turn("user", (foreign,)),), tools=(tool,))
    assert losses(request) == {
        ("semantic", "file_reference"),
        ("semantic", "server_tool:web_search"),
    }


def test_small_things_that_are_lost_are_named():
    turns = (
        Turn(
            "assistant",
            (
                ToolCall("c1", "f", "{}", signature=Signature("gemini", "s")),
                Thinking("t", Signature("anthropic", "s")),
            ),
        ),
        Turn("user", (Media("image", "image/png", Url("https://e.com/a"), name="a"),)),
    )
    assert losses(type(decode())(model="m", turns=turns)) == {
        ("cosmetic", what)
        for what in (
            "thought_signature",
            "thinking_dropped",
            "part_order",
            "media_type",
            "media_name",
        )
    }


def test_media_of_results_follow_behind_all_results_of_the_step():
    """OpenAI: tool messages hold text only; and nothing may stand between them."""
    image = Media("image", "image/png", Url("https://e.com/a"))
    calls = (ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "{}"))
    turns = (
        Turn("assistant", calls),
        Turn("tool", (ToolResult("c1", (Text("r"), image), name="f"),)),
        Turn("tool", (ToolResult("c2", (Text("s"),)),)),
        Turn("assistant", (Text("done"),)),
    )
    request = type(decode())(model="m", turns=turns)
    encoded = CODEC.encode_request(request, target())
    messages = json.loads(encoded.body)["messages"]
    assert [m["role"] for m in messages] == ["assistant", "tool", "tool", "user", "assistant"]
    assert messages[1]["content"] == "r"
    assert [part["type"] for part in messages[3]["content"]] == ["text", "image_url"]
    assert "f" in messages[3]["content"][0]["text"]
    assert [loss.what for loss in encoded.losses] == ["media_type", "tool_result_media"]


def test_thoughts_that_another_vendor_signed_stay_here():
    thoughts = (Thinking("a", Signature("anthropic", "s")), Thinking("b"), Text("c"))
    request = type(decode())(model="m", turns=(Turn("assistant", thoughts),))
    encoded = CODEC.encode_request(request, target())
    assert json.loads(encoded.body)["messages"] == [
        {"role": "assistant", "content": "c", "reasoning_content": "b"}
    ]
    assert [loss.what for loss in encoded.losses] == ["thinking_dropped"]


def test_thoughts_in_plain_text_stay_here_where_the_vendor_takes_none_back():
    thoughts = (Thinking("b"), Text("c"))
    request = type(decode())(model="m", turns=(Turn("assistant", thoughts),))
    facts = target(id="m", vendor="openai", thinking=Facts(plain_back=False))
    encoded = CODEC.encode_request(request, facts)
    assert json.loads(encoded.body)["messages"] == [{"role": "assistant", "content": "c"}]
    assert [loss.what for loss in encoded.losses] == ["thinking_dropped"]


def test_instructions_come_first_and_results_before_the_rest():
    turns = (Turn("user", (Text("next"), ToolResult("c1", (Text("r"),), is_error=True))),)
    request = type(decode())(model="m", instructions=(Text("be"),), turns=turns)
    encoded = CODEC.encode_request(request, target())
    assert json.loads(encoded.body)["messages"] == [
        {"role": "system", "content": "be"},
        {"role": "tool", "tool_call_id": "c1", "content": "r"},
        {"role": "user", "content": "next"},
    ]
    assert [loss.what for loss in encoded.losses] == ["tool_error"]


def test_a_budget_becomes_the_nearest_effort_below():
    facts = Facts("effort", effort_budgets=(("low", 1024), ("medium", 8192), ("high", 24576)))
    request = decode(reasoning={"max_tokens": 10000})
    encoded = CODEC.encode_request(request, target(id="x", vendor="v", thinking=facts))
    assert json.loads(encoded.body)["reasoning_effort"] == "medium"
    assert [loss.what for loss in encoded.losses] == ["thinking_budget"]
