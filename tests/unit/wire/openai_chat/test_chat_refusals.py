"""Requests that are refused: the field at fault, and what is said."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.canon import Failure
from fairlead.wire.openai_chat import CODEC

HI = {"role": "user", "content": "hi"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ASKED = {"role": "assistant", "tool_calls": [CALL]}
DONE = {"role": "tool", "tool_call_id": "c1", "content": "done"}
TOOL = {"type": "function", "function": {"name": "f"}}


def refusal(body):
    with pytest.raises(Failure) as caught:
        CODEC.decode_request(body)
    assert caught.value.problem.kind == "invalid_request"
    assert len(caught.value.problem.message) < 400
    return caught.value.problem


FIELDS = [
    ({"model": None}, "model", "expected a string, but got null"),
    ({"model": 5}, "model", "Invalid type for 'model': expected a string, but got an integer"),
    ({"model": ""}, "model", "must provide a model"),
    ({"messages": []}, "messages", "empty array"),
    ({"messages": "hi"}, "messages", "expected an array, but got a string"),
    ({"messages": [5]}, "messages[0]", "expected an object, but got an integer"),
    ({"temperature": 2.1}, "temperature", "decimal above maximum value. Expected a value <= 2"),
    ({"temperature": -1}, "temperature", "below minimum value"),
    ({"temperature": "1"}, "temperature", "expected a number, but got a string"),
    ({"top_p": 1.1}, "top_p", "<= 1"),
    ({"n": 0}, "n", "integer below minimum value. Expected a value >= 1, but got 0"),
    ({"n": 129}, "n", "<= 128"),
    ({"n": 1.5}, "n", "expected an integer, but got a number"),
    ({"n": True}, "n", "expected an integer, but got a boolean"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "<= 20"),
    ({"top_logprobs": 2}, "top_logprobs", "only allowed when 'logprobs'"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "maximum length 4"),
    ({"stop": [""]}, "stop", "empty string"),
    ({"stop": [1]}, "stop[0]", "expected a string"),
    ({"max_tokens": 0}, "max_tokens", ">= 1"),
    ({"max_tokens": 10**9}, "max_tokens", "<= 10000000"),
    ({"max_completion_tokens": 10**30}, "max_completion_tokens", "above maximum"),
    ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens", "at the same time"),
    ({"frequency_penalty": 3}, "frequency_penalty", "<= 2"),
    ({"seed": 2**70}, "seed", "above maximum"),
    ({"stream_options": {"include_usage": True}}, "stream_options", "only allowed when 'stream'"),
    ({"response_format": {"type": "xml"}}, "response_format.type", "'xml'"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "Missing"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": [1]}}},
        "response_format.json_schema.schema",
        "expected an object",
    ),
    # reasoning
    ({"reasoning_effort": "extreme"}, "reasoning_effort", "Supported values are: 'none'"),
    (
        {"reasoning_effort": "low", "thinking": {"type": "enabled", "budget_tokens": 2048}},
        "thinking",
        "contradict",
    ),
    (
        {"reasoning_effort": "low", "reasoning": {"effort": "high"}},
        "reasoning.effort",
        "contradict",
    ),
    (
        {"reasoning_effort": "low", "thinking": {"type": "disabled"}},
        "thinking",
        "contradict",
    ),
    (
        {"google": {"thinking_config": {"thinking_budget": 1, "thinking_level": "low"}}},
        "google.thinking_config.thinking_level",
        "contradict",
    ),
    ({"thinking": {"type": "on"}}, "thinking.type", "'on'"),
    ({"thinking": {"type": "enabled", "budget_tokens": 0}}, "thinking.budget_tokens", "between 1"),
    ({"reasoning": {"effort": "low", "max_tokens": 5}}, "reasoning.max_tokens", "contradict"),
    # tools
    ({"tools": [{"type": "function"}]}, "tools[0].function", "Missing"),
    ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name", "Missing"),
    (
        {"tools": [TOOL, {"type": "function", "function": {"name": 5}}]},
        "tools[1].function.name",
        "expected a string",
    ),
    (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": "x"}}]},
        "tools[0].function.parameters",
        "JSON Schema",
    ),
    (
        {"tools": [{"type": "function", "function": {"name": ""}}]},
        "tools[0].function.name",
        "empty",
    ),
    ({"tool_choice": "required"}, "tool_choice", "only allowed when 'tools'"),
    ({"tools": [TOOL], "tool_choice": "sometimes"}, "tool_choice", "'sometimes'"),
    (
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}},
        "tool_choice",
        "'g' is not among the 'tools'",
    ),
    ({"tools": [TOOL], "functions": [{"name": "f"}]}, "functions", "together"),
]

MESSAGES = [
    ([{"content": "hi"}], "messages[0].role", "Missing"),
    ([{"role": "wizard", "content": "hi"}], "messages[0].role", "'wizard'"),
    ([{"role": "user"}], "messages[0].content", "got null"),
    ([HI, {"role": "assistant"}], "messages[1].content", "got null"),
    (
        [HI, {"role": "assistant", "content": None, "refusal": None, "audio": None}],
        "messages[1].content",
        "got null",
    ),
    ([{"role": "user", "content": 5}], "messages[0].content", "a string or an array"),
    (
        [{"role": "user", "content": "x", "tool_calls": [CALL]}],
        "messages[0].tool_calls",
        "assistant",
    ),
    ([{"role": "user", "content": [{"text": "x"}]}], "messages[0].content[0].type", "Missing"),
    ([{"role": "user", "content": [{"type": "text"}]}], "messages[0].content[0].text", "Missing"),
    (
        [HI, {"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "smell"}]}],
        "messages[1].content[1].type",
        "'smell'",
    ),
    (
        [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
        "messages[0].content[0].type",
        "Supported values are: 'text'",
    ),
    (
        [
            {
                "role": "user",
                "content": [{"type": "text", "text": "x", "cache_control": {"ttl": "2h"}}],
            }
        ],
        "messages[0].content[0].cache_control.ttl",
        "'5m', '1h'",
    ),
    ([DONE], "messages[0].role", "must be a response to a preceding message"),
    ([HI, ASKED], "messages[1].tool_calls", "did not have response messages: c1"),
    ([HI, ASKED, HI, DONE], "messages[1].tool_calls", "c1"),
    ([HI, ASKED, DONE, DONE], "messages[3].tool_call_id", "already"),
    (
        [HI, ASKED, {**DONE, "tool_call_id": "c9"}],
        "messages[2].tool_call_id",
        "'c9' is not the id of a call in 'messages[1].tool_calls'",
    ),
    ([HI, ASKED, {"role": "tool", "content": "x"}], "messages[2].tool_call_id", "Missing"),
    (
        [HI, {"role": "assistant", "tool_calls": [CALL, CALL]}],
        "messages[1].tool_calls[1].id",
        "Duplicate",
    ),
    (
        [HI, {"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]}],
        "messages[1].tool_calls[0].function",
        "Missing",
    ),
    ([{"role": "function", "name": "f", "content": "1"}], "messages[0].name", "function_call"),
]

ARGUMENTS = [
    ({"city": "Paris"}, "expected a string, but got an object"),
    (None, "expected a string, but got null"),
    (5, "expected a string, but got an integer"),
    ("{\ud800", "lone surrogate"),
]

URL = "messages[0].content[1].image_url.url"
PICTURES = [
    ("ftp://e.com/a.png", URL, "expected a data: URL or a http(s) URL"),
    ("data:image/png;base64,!!!!", URL, "is not base64"),
    ("data:image/png;base64,aGVsbG8gd29ybGQ=", URL, "is not an image"),
    ("data:image/png;base64,", URL, "is empty"),
    ("data:image/png", URL, "is not a data URL"),
    (5, URL, "expected a string"),
]


@pytest.mark.parametrize(("fields", "param", "says"), FIELDS)
def test_field_at_fault(fields, param, says):
    body = {"model": "m", "messages": [HI], **fields}
    problem = refusal(json.dumps(body).encode())
    assert problem.param == param
    assert says in problem.message


@pytest.mark.parametrize(("messages", "param", "says"), MESSAGES)
def test_message_at_fault(messages, param, says):
    problem = refusal(json.dumps({"model": "m", "messages": messages}).encode())
    assert problem.param == param
    assert says in problem.message


@pytest.mark.parametrize(("value", "says"), ARGUMENTS)
def test_arguments_at_fault(value, says):
    bad = {"id": "c2", "type": "function", "function": {"name": "f", "arguments": value}}
    asked = {"role": "assistant", "tool_calls": [CALL, bad]}
    body = {"model": "m", "messages": [HI, asked, DONE, {**DONE, "tool_call_id": "c2"}]}
    problem = refusal(json.dumps(body).encode())
    assert problem.param == "messages[1].tool_calls[1].function.arguments"
    assert says in problem.message


@pytest.mark.parametrize("value", [0, -1, 10_000_001, 1.5, "5"])
@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_the_limit_is_called_as_it_was_sent(field, value):
    problem = refusal(json.dumps({"model": "m", "messages": [HI], field: value}).encode())
    assert problem.param == field
    assert f"'{field}'" in problem.message


@pytest.mark.parametrize(("url", "param", "says"), PICTURES)
def test_picture_at_fault(url, param, says):
    picture = {"type": "image_url", "image_url": {"url": url}}
    content = [{"type": "text", "text": "x"}, picture]
    body = {"model": "m", "messages": [{"role": "user", "content": content}]}
    problem = refusal(json.dumps(body).encode())
    assert problem.param == param
    assert says in problem.message


@pytest.mark.parametrize(
    ("part", "param", "says"),
    [
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "midi"}},
            "messages[0].content[0].input_audio.format",
            "unknown audio format 'midi'",
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "iVBORw0KGgo=", "format": "wav"}},
            "messages[0].content[0].input_audio.data",
            "is not a sound: its bytes are image/png",
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk="}},
            "messages[0].content[0].file.file_data",
            "is not a PDF",
        ),
        (
            {"type": "file", "file": {"file_data": "x", "file_id": "y"}},
            "messages[0].content[0].file",
            "not both",
        ),
        ({"type": "file", "file": {}}, "messages[0].content[0].file.file_data", "Missing"),
        ({"type": "video_url"}, "messages[0].content[0].video_url", "Missing"),
    ],
)
def test_media_at_fault(part, param, says):
    body = {"model": "m", "messages": [{"role": "user", "content": [part]}]}
    problem = refusal(json.dumps(body).encode())
    assert problem.param == param
    assert says in problem.message


MSG = b'"messages":[{"role":"user","content":"hi"}]'
BODIES = [
    (b"", "it ends too early, at line 1, column 1 (offset 0)"),
    (b"   ", "it ends too early"),
    (b"hello", "at line 1, column 1 (offset 0)"),
    (b"[]", "expected an object, but got an array"),
    (b'"x"', "expected an object, but got a string"),
    (b'{"model":"m",\n' + MSG, "it ends too early, at line 2, column 44"),
    (b'{"model":"m",\n' + MSG[:-4], "it ends too early, at line 2, column 40"),
    (b'{"model":"m",\n  oops}', "at line 2, column 3 (offset 16)"),
    (b'{"model":"m",' + MSG + b",}", "column"),
    (b'{"model":"m",' + MSG + b"} x", "extra data"),
    (b'{"model":"m","temperature":NaN,' + MSG + b"}", "at line 1, column 28"),
    (b'{"model":"m","temperature":1e999,' + MSG + b"}", "out of range"),
    (b'{"model":"m\xff",' + MSG + b"}", "not valid UTF-8: byte 0xff at line 1, column 12"),
    (b'{"model":"m","metadata":"\xff",' + MSG + b"}", "not valid UTF-8"),
    (b"\xff\xfe{\x00}\x00", "UTF-8"),
    (b'{"model":"m",' + MSG + b',"metadata":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "too deeply"),
    (b'{"model":"m","messages":' + b"[" * 50_000, "expected an object"),
    (b'{"model":"m",' + MSG + b',"n":' + b"9" * 100_000 + b"}", "out of range"),
]


@pytest.mark.parametrize(("body", "says"), BODIES)
def test_body_that_is_no_request(body, says):
    begun = time.process_time()
    problem = refusal(body)
    assert says.lower() in problem.message.lower()
    assert time.process_time() - begun < 10  # no stopwatch: what hangs takes hours


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (
            b'{"model":"m","messages":[{"role":"user","content":"a\\ud800b"}]}',
            "messages[0].content",
        ),
        (b'{"model":"m","metadata":{"a":["\\uDC00"]},' + MSG + b"}", "metadata.a[0]"),
        (b'{"model":"m","metadata":{"\\ud800":1},' + MSG + b"}", "metadata.?"),
        (
            b'{"model":"m","tools":[{"type":"function","function":{"name":"f","parameters":'
            b'{"description":"\\ud83d"}}}],' + MSG + b"}",
            "tools[0].function.parameters.description",
        ),
    ],
)
def test_lone_surrogate(body, param):
    problem = refusal(body)
    assert problem.param == param
    assert "lone surrogate" in problem.message


def test_a_pair_of_surrogates_is_a_character():
    body = b'{"model":"m","messages":[{"role":"user","content":"\\ud83d\\ude00"}]}'
    assert CODEC.decode_request(body).turns[0].parts[0].text == "😀"


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=80)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["role", "content", "type", "text", "tool_calls", "image_url", "x"]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps({"model": "m", "messages": value}).encode())
)
def test_whatever_comes_is_a_request_or_a_failure(body):
    for read in (CODEC.decode_request, CODEC.peek):
        try:
            read(body)
        except Failure as failure:
            CODEC.encode_error(failure.problem, "r")


def test_a_picture_of_32_mib_is_read_in_bounded_time():
    data = "iVBORw0KGgoAAAAA" * (2 << 20)
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    body = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": [picture]}], "odd": 1}
    ).encode()
    begun = time.process_time()
    CODEC.decode_request(body)
    assert time.process_time() - begun < 60  # no stopwatch: what hangs takes hours
