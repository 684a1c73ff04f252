"""Canonical paths come back as fields of the body that the client sent."""

import json
import operator
import re

import pytest

from fairlead.wire.openai_chat.paths import client_path
from fairlead.wire.openai_chat.request import decode_request

CALL = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
BODY = {
    "model": "m",
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {
            "role": "assistant",
            "reasoning_content": "hm",
            "content": [{"type": "text", "text": "c"}],
            "tool_calls": [
                {"id": "1", **CALL},
                {"id": "2", "type": "custom", "custom": {"name": "g", "input": "x"}},
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "d"}]},
        {"role": "tool", "tool_call_id": "2", "content": "e"},
        {"role": "assistant", "content": "c", "refusal": "no"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "d",
                "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
            },
        },
        {"type": "custom", "custom": {"name": "g"}},
        {"type": "web_search"},
    ],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "n", "schema": {"type": "object", "properties": {}}},
    },
}
CASES = [
    ("tools[0].name", "tools[0].function.name"),
    ("tools[0].parameters", "tools[0].function.parameters"),
    (
        "tools[0].parameters.properties.a.type",
        "tools[0].function.parameters.properties.a.type",
    ),
    ("tools[1].name", "tools[1].custom.name"),
    ("tools[0]", "tools[0]"),
    ("tools[2]", "tools[2]"),
    ("response_format", "response_format"),
    ("response_format.schema", "response_format.json_schema.schema"),
    ("response_format.schema.type", "response_format.json_schema.schema.type"),
    ("messages[0].content[1]", "messages[0].content[1]"),
    ("messages[1].content[1]", "messages[1].content[0]"),
    ("messages[1].content[2]", "messages[1].tool_calls[0].function.arguments"),
    ("messages[1].content[3]", "messages[1].tool_calls[1].custom.input"),
    ("messages[2].content[0]", "messages[2].content"),
    ("messages[2].content[0].content[0]", "messages[2].content[0]"),
    ("messages[3]", "messages[3]"),
    ("messages[4].content[1]", "messages[4].refusal"),
    ("max_tokens", "max_tokens"),
]


@pytest.mark.parametrize(("path", "said"), CASES)
def test_a_path_is_said_in_the_clients_words(path, said):
    request = decode_request(json.dumps(BODY).encode())
    assert client_path(path, request) == said


@pytest.mark.parametrize("said", [said for _, said in CASES if said != "max_tokens"])
def test_the_field_is_in_the_body(said):
    found = BODY
    for name, at in re.findall(r"([^.\[\]]+)|\[(\d+)\]", said):
        found = operator.getitem(found, int(at) if at else name)
    assert found is not None


@pytest.mark.parametrize(
    "path", ["tools[9].name", "messages[9].content[0]", "messages[0].content[9]", "tools[x]", ""]
)
def test_what_is_not_there_stays(path):
    assert client_path(path, decode_request(json.dumps(BODY).encode())) == path


def test_a_thought_is_reported_at_its_message():
    request = decode_request(json.dumps(BODY).encode())
    assert client_path("messages[1].content[0]", request) == "messages[1]"
