"""Canonical paths come back as fields of the body that a Gemini client sent."""

import json

import pytest

from fairlead.wire.gemini.inbound import decode_request
from fairlead.wire.gemini.paths import client_path

BODY = {
    "contents": [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}],
    "tools": [
        {"functionDeclarations": [{"name": "f"}]},
        {"googleSearch": {}},
        {"functionDeclarations": [{"name": "g", "parameters": {"type": "OBJECT"}}]},
    ],
}
REQUEST = decode_request(json.dumps(BODY).encode())


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("contents[0].content[1]", "contents[0].parts[1]"),
        ("contents[2].content[0].content[1]", "contents[2].parts[0].functionResponse"),
        ("contents[0]", "contents[0]"),
        ("instructions[0]", "systemInstruction.parts[0]"),
        ("tools[0].name", "tools.functionDeclarations[0].name"),
        ("tools[1].parameters.x", "tools.functionDeclarations[1].parameters.x"),
        ("tools[0].functionDeclarations[0].response", "tools[0].functionDeclarations[0].response"),
        ("tools[2]", "tools.googleSearch"),
        ("tools[9]", "tools[9]"),
        ("max_tokens", "generationConfig.maxOutputTokens"),
        ("response_format", "generationConfig.responseJsonSchema"),
        ("response_format.schema.a", "generationConfig.responseJsonSchema.a"),
        ("messages", "contents"),
        ("tool_choice", "toolConfig.functionCallingConfig"),
        ("cachedContent", "cachedContent"),
        ("", ""),
    ],
)
def test_a_path_is_told_in_the_clients_words(path, told):
    assert client_path(path, REQUEST) == told


@pytest.mark.parametrize("name", ["response", "responseJsonSchema"])
def test_what_a_function_gives_back_is_no_content(name):
    declaration = {"name": "f", "parameters": {"type": "OBJECT"}, name: {"type": "STRING"}}
    body = {**BODY, "tools": [{"functionDeclarations": [declaration]}]}
    (extra,) = decode_request(json.dumps(body).encode()).extras
    assert (extra.path, extra.cosmetic) == (f"tools[0].functionDeclarations[0].{name}", True)
