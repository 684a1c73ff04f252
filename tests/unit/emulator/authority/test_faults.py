"""Bad bodies, and the sentence that the vendor has for each."""

import time

import pytest

from fairlead.emulator.authority import Fault, check


def message(*content: object) -> dict[str, object]:
    return {
        "model": "claude-haiku-4-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": list(content)}],
    }


PLAIN = message({"type": "text", "text": "hi"})

ANTHROPIC = [
    ({}, "max_tokens: Field required"),
    ([], "Input should be a valid dictionary"),
    (PLAIN | {"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
    (PLAIN | {"max_tokens": True}, "max_tokens: Input should be a valid integer"),
    (PLAIN | {"messages": {}}, "messages: Input should be a valid list"),
    (PLAIN | {"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    (
        PLAIN | {"messages": [{"role": "tool", "content": "x"}]},
        "messages.0.role: Input should be 'user', 'assistant' or 'system'",
    ),
    (PLAIN | {"response_format": {}}, "response_format: Extra inputs are not permitted"),
    (PLAIN | {"mcp_servers": []}, "mcp_servers: Extra inputs are not permitted"),
    (PLAIN | {"system": None}, "system: Input should be a valid list"),
    (PLAIN | {"temperature": "1"}, "temperature: Input should be a valid number"),
    (PLAIN | {"stream": "yes"}, "stream: Input should be a valid boolean"),
    (PLAIN | {"tools": [{"name": "f"}]}, "tools.0.custom.input_schema: Field required"),
    (
        PLAIN | {"tools": [{"name": "f", "input_schema": {}}]},
        "tools.0.custom.input_schema.type: Field required",
    ),
    (PLAIN | {"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
    (PLAIN | {"tool_choice": {"type": "tool"}}, "tool_choice.tool.name: Field required"),
    (
        PLAIN
        | {
            "system": [
                {
                    "type": "text",
                    "text": "x",
                    "cache_control": {"type": "ephemeral", "scope": "global"},
                }
            ]
        },
        "system.0.cache_control.ephemeral.scope: Extra inputs are not permitted",
    ),
    (message({"text": "x"}), "messages.0.content.0.type: Field required"),
    (message("x"), "messages.0.content.0: Input should be a valid dictionary"),
    (
        message({"type": "input_audio", "input_audio": {}}),
        (
            "messages.0.content.0: Input tag 'input_audio' found using 'type' does not match any of "
            "the expected tags: 'bash_code_execution_tool_result', "
        ),
    ),
    (
        message({"type": "tool_use", "id": "toolu_1", "name": "f", "input": "{}"}),
        "messages.0.content.0.tool_use.input: Input should be a valid dictionary",
    ),
    (
        message(
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "audio/wav", "data": "UklGRg=="},
            }
        ),
        (
            "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', "
            "'image/png', 'image/gif' or 'image/webp'"
        ),
    ),
]

TEXT = {"contents": [{"parts": [{"text": "hi"}]}]}

GEMINI = [
    ([], "", 'Invalid JSON payload received. Unknown name "": Root element must be a message.'),
    (
        TEXT | {"messages": []},
        "",
        'Invalid JSON payload received. Unknown name "messages": Cannot find field.',
    ),
    (
        {"contents": [{"foo": 1}]},
        "contents[0]",
        "Invalid JSON payload received. Unknown name \"foo\" at 'contents[0]': Cannot find field.",
    ),
    (
        TEXT | {"generationConfig": {"seed": 3812238859}},
        "generation_config.seed",
        "Invalid value at 'generation_config.seed' (TYPE_INT32), 3812238859",
    ),
    (
        {"contents": "hello"},
        "contents",
        (
            "Invalid value at 'contents' "
            '(type.googleapis.com/google.ai.generativelanguage.v1beta.Content), "hello"'
        ),
    ),
    (
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "?"}}]}]},
        "contents[0].parts[0].inline_data.data",
        (
            "Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), "
            'Base64 decoding failed for "?"'
        ),
    ),
    (
        {"contents": [{"parts": [{"functionResponse": {"name": "f", "response": [1]}}]}]},
        "contents[0].parts[0].function_response.response",
        (
            "Invalid value at 'contents[0].parts[0].function_response.response' "
            "(type.googleapis.com/google.protobuf.Struct), [1]"
        ),
    ),
    (
        TEXT | {"generationConfig": {"responseSchema": {"type": ["string", "null"]}}},
        "generation_config.response_schema",
        (
            'Invalid JSON payload received. Unknown name "type" at '
            "'generation_config.response_schema': Proto field is not repeating, cannot start list."
        ),
    ),
    (
        TEXT
        | {
            "tools": {
                "functionDeclarations": [
                    {"name": "f", "parameters": {"properties": {"a": {}, "b": {"const": 1}}}}
                ]
            }
        },
        "tools[0].function_declarations[0].parameters.properties[1].value",
        (
            'Invalid JSON payload received. Unknown name "const" at '
            "'tools[0].function_declarations[0].parameters.properties[1].value': Cannot find field."
        ),
    ),
    (
        {"contents": [{"role": {"a": 1}, "parts": []}]},
        "contents[0]",
        "Invalid value at 'contents[0]' (role), Starting an object on a scalar field",
    ),
    (
        TEXT | {"generation_config": {"thinking_config": {"thinking_level": "huge"}}},
        "generation_config.thinking_config.thinking_level",
        (
            "Invalid value at 'generation_config.thinking_config.thinking_level' "
            "(type.googleapis.com/google.ai.generativelanguage.v1beta."
            'GenerationConfigThinkingConfig.ThinkingLevel), "huge"'
        ),
    ),
]

# What protobuf's JSON reading takes beyond the document's types.
LENIENT = [
    {"contents": {"role": None, "parts": {"text": "hi"}}},
    TEXT | {"generation_config": {"max_output_tokens": "5", "top_k": 3, "seed": 5.0}},
    TEXT | {"toolConfig": {"functionCallingConfig": {"mode": "any"}}},
    TEXT | {"generationConfig": {"responseSchema": {"type": 6}}},
    {"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": "-_8"}}]}]},
]


@pytest.mark.parametrize(("body", "sentence"), ANTHROPIC)
def test_anthropic_says_what_is_wrong(body, sentence):
    assert check("anthropic", "messages", body)[0].message.startswith(sentence)


@pytest.mark.parametrize(("body", "path", "sentence"), GEMINI)
def test_google_says_what_is_wrong_and_where(body, path, sentence):
    assert check("gemini", "generate", body) == [Fault(path, sentence)]


@pytest.mark.parametrize("body", LENIENT)
def test_google_reads_json_as_protobuf_does(body):
    assert check("gemini", "generate", body) == []


def test_the_beta_operation_takes_beta_fields():
    assert check("anthropic", "messages_beta", PLAIN | {"mcp_servers": []}) == []


def test_vertex_and_the_gemini_api_know_different_fields():
    labelled = TEXT | {"labels": {"a": "b"}}
    assert check("vertex_gemini", "generate", labelled) == []
    assert "labels" in check("gemini", "generate", labelled)[0].message


def test_count_tokens_takes_no_max_tokens():
    faults = check("anthropic", "count_tokens", PLAIN)
    assert faults == [Fault("max_tokens", "max_tokens: Extra inputs are not permitted")]


def test_an_unknown_operation_is_the_callers_mistake():
    with pytest.raises(KeyError):
        check("anthropic", "complete", {})


@pytest.mark.parametrize("depth", [200, 900])
def test_nesting_bombs_end(depth):
    schema: dict[str, object] = {}
    for _ in range(depth):
        schema = {"items": schema}
    check("gemini", "generate", TEXT | {"generationConfig": {"responseSchema": schema}})
    content: object = "x"
    for _ in range(depth):
        content = [{"type": "tool_result", "tool_use_id": "a", "content": content}]
    assert check(
        "anthropic", "messages", PLAIN | {"messages": [{"role": "user", "content": content}]}
    )


def test_a_large_body_is_checked_in_bounded_time():
    blocks = [{"type": "text", "text": "x" * 40}] * 20_000
    good = message(*blocks)
    bad = message(*blocks, {"type": "text"})
    check("anthropic", "messages", PLAIN)  # compiled
    begun = time.process_time()
    assert check("anthropic", "messages", good) == []
    assert time.process_time() - begun < 60  # no stopwatch: what hangs takes hours
    begun = time.process_time()
    assert check("anthropic", "messages", bad)[0].path == "messages.0.content.20000.text.text"
    assert time.process_time() - begun < 60  # no stopwatch: what hangs takes hours
