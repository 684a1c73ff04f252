"""What OpenAI refuses: status, sentence, `param` and `code`, through the desk."""

import json
from typing import Any

import pytest

from fairlead.emulator.desk import Desk
from fairlead.emulator.http11.request import Request
from fairlead.emulator.settings import EmulatorSettings

USER = {"role": "user", "content": "Hello"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = SCHEMA | {"additionalProperties": False}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def function(**more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", **more}}


def post(path: str, body: dict[str, Any]):
    raw = json.dumps(body).encode()
    headers = {"authorization": "Bearer k"}
    reply = Desk(EmulatorSettings()).handle(Request("POST", path, headers, raw)).reply
    return reply.status, json.loads(reply.whole())


CHAT = [
    ({}, 200, "", None, None),
    ({"model": "gpt-4.1", "temperature": 0.2, "max_tokens": 9, "stop": "x"}, 200, "", None, None),
    ({"model": "gpt-5.4", "temperature": 0.2}, 200, "", None, None),
    ({"model": "gpt-5.4", "temperature": 0.2, "reasoning_effort": "low"}, 400,
     "Only the default (1)", "temperature", "unsupported_value"),
    ({"model": "gpt-5.5", "temperature": 0.2}, 400, "Only the default", "temperature",
     "unsupported_value"),
    ({"model": "gpt-5.4", "reasoning_effort": "low", "tools": [function()]}, 400,
     "Please use /v1/responses instead", "reasoning_effort", None),
    ({"temperature": 1, "top_p": 1, "presence_penalty": 0}, 200, "", None, None),
    ({"logprobs": True}, 400, "'logprobs' is not supported", "logprobs", "unsupported_parameter"),
    ({"stop": ["x"]}, 400, "'stop' is not supported", "stop", "unsupported_parameter"),
    ({"max_tokens": 9}, 400, "Use 'max_completion_tokens' instead.", "max_tokens",
     "unsupported_parameter"),
    ({"max_completion_tokens": 10**6}, 400, "max_tokens is too large: 1000000",
     "max_completion_tokens", "invalid_value"),
    ({"model": "gpt-4.1", "stop": list("abcde")}, 400, "maximum length 4", "stop",
     "array_above_max_length"),
    ({"model": "gpt-4.1", "temperature": 3}, 400, "Expected a value <= 2, but got 3", "temperature",
     "decimal_above_max_value"),
    ({"model": "gpt-4.1", "reasoning_effort": "low"}, 400,
     "Unrecognized request argument supplied: reasoning_effort", None, None),
    ({"model": "gpt-4.1", "top_logprobs": 2}, 400, "only allowed when 'logprobs'", "top_logprobs",
     None),
    ({"model": "gpt-5-pro"}, 404, "not a chat model", "model", None),
    ({"model": None}, 400, "Invalid type for 'model'", "model", "invalid_type"),
    ({"messages": []}, 400, "empty array", "messages", "empty_array"),
    ({"messages": [{"role": "user", "content": None}]}, 400, "expected one of a string",
     "messages[0].content", "invalid_type"),
    ({"messages": [{"role": "assistant", "content": None}]}, 400, "got null",
     "messages.[0].content", None),
    ({"messages": [{"role": "bot", "content": "x"}]}, 400, "Supported values are: 'developer', ",
     "messages[0].role", "invalid_value"),
    ({"messages": [USER, CALLED]}, 400, "did not have response messages: c1",
     "messages.[2].role", None),
    ({"messages": [USER, CALLED, USER]}, 400, "did not have response messages: c1",
     "messages.[2].role", None),
    ({"messages": [USER, {"role": "tool", "tool_call_id": "c1", "content": "1"}]}, 400,
     "must be a response to a preceeding message with 'tool_calls'", "messages.[1].role", None),
    ({"messages": [USER, CALLED, {"role": "tool", "tool_call_id": "c2", "content": "1"}]}, 400,
     "'c2' not found", "messages.[2].tool_call_id", None),
    ({"messages": [USER, CALLED, {"role": "tool", "tool_call_id": "c1", "content": "1"}]}, 200, "",
     None, None),
    ({"messages": [{"role": "user", "content": [PICTURE]}]}, 400, "unsupported image", None,
     "invalid_image_format"),
    ({"model": "gpt-3.5-turbo", "messages": [{"role": "user", "content": [PICTURE]}]}, 400,
     "only supported by certain models", "messages.[0].content.[0].type", None),
    ({"tools": []}, 400, "empty array", "tools", "empty_array"),
    ({"tools": [function()] * 129}, 400, "maximum length 128", "tools", "array_above_max_length"),
    ({"tools": [function(name="a b")]}, 400, "does not match pattern", "tools[0].function.name",
     "invalid_value"),
    ({"tools": [function(name="a" * 65)]}, 400, "maximum length 64", "tools[0].function.name",
     "string_above_max_length"),
    ({"tools": [function(parameters={"type": "string"})]}, 400, "got 'type: \"string\"'",
     "tools[0].function.parameters", "invalid_function_parameters"),
    ({"tools": [function(parameters=SCHEMA)]}, 200, "", None, None),
    ({"tools": [function(parameters=SCHEMA, strict=True)]}, 400, "'additionalProperties'",
     "tools[0].function.parameters", "invalid_function_parameters"),
    ({"tools": [function(parameters=CLOSED, strict=True)]}, 200, "", None, None),
    ({"tools": [function(parameters=CLOSED | {"required": []}, strict=True)]}, 400, "Missing 'a'",
     "tools[0].function.parameters", "invalid_function_parameters"),
    ({"tool_choice": "required"}, 400, "only allowed when 'tools'", "tool_choice", None),
    ({"parallel_tool_calls": False}, 400, "only allowed when 'tools'", "parallel_tool_calls", None),
    ({"tools": [function()], "tool_choice": function(name="g")}, 400, "'g' not found",
     "tool_choice", None),
    ({"response_format": {"type": "json_object"}}, 400, "must contain the word 'json'", "messages",
     None),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA,
                                                                 "strict": True}}},
     400, "Invalid schema for response_format 'n'", "response_format", None),
    ({"top_k": 3}, 400, "Unrecognized request argument supplied: top_k", None, None),
    ({"stream_options": {"foo": 1}}, 400, "Unknown parameter: 'stream_options.foo'.",
     "stream_options.foo", "unknown_parameter"),
    ({"messages": [{"role": "user", "content": "word " * 600_000}]}, 400, "maximum context length",
     "messages", "context_length_exceeded"),
]  # fmt: skip

REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}
FUNCTION_CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "1"}
RESPONSES = [
    ({}, 200, "", None, None),
    ({"client_metadata": {"a": "b"}, "input": [USER | {"id": "msg_1"}]}, 200, "", None, None),
    ({"temperature": 0.2}, 400, "Unsupported parameter: 'temperature'", "temperature", None),
    ({"reasoning": {"effort": "none"}}, 400, "'none' is not supported with the 'gpt-5-mini' model",
     "reasoning.effort", "unsupported_value"),
    ({"model": "gpt-4.1", "reasoning": {"effort": "low"}}, 400, "'reasoning.effort' is not",
     "reasoning.effort", "unsupported_parameter"),
    ({"model": "gpt-4.1", "include": ["reasoning.encrypted_content"]}, 400,
     "Encrypted content is not supported", "include", None),
    ({"max_output_tokens": 3}, 400, "Expected a value >= 16", "max_output_tokens",
     "integer_below_min_value"),
    ({"messages": []}, 400, "Unknown parameter: 'messages'.", "messages", "unknown_parameter"),
    ({"input": None}, 400, "Invalid type for 'input'", "input", "invalid_type"),
    ({"input": [FUNCTION_CALL]}, 400, "No tool output found for function call c.", "input", None),
    ({"input": [OUTPUT]}, 400, "No tool call found for function call output with call_id c.",
     "input", None),
    ({"input": [FUNCTION_CALL, OUTPUT]}, 200, "", None, None),
    ({"input": [USER, REASONING]}, 400, "without its required following item", "input", None),
    ({"input": [USER, REASONING, USER]}, 400, "without its required following item", "input", None),
    ({"input": [USER, REASONING, FUNCTION_CALL, OUTPUT]}, 400, "required following item", "input",
     None),
    ({"input": [USER, REASONING, FUNCTION_CALL | {"id": "fc_1"}, OUTPUT]}, 200, "", None, None),
    ({"input": [USER, REASONING, FUNCTION_CALL, OUTPUT], "store": False}, 200, "", None, None),
    ({"input": [USER, REASONING | {"encrypted_content": "bm9uc2Vuc2U="}, FUNCTION_CALL, OUTPUT]},
     400, "could not be verified", None, "invalid_encrypted_content"),
    ({"input": [{"type": "item_reference", "id": "rs_9"}]}, 404, "Item with id 'rs_9' not found",
     "input", None),
    ({"input": [FUNCTION_CALL | {"id": "x"}, OUTPUT | {"id": "x"}]}, 400, "Duplicate item", "input",
     None),
    ({"previous_response_id": "resp_9"}, 400, "'resp_9' not found", "previous_response_id",
     "previous_response_not_found"),
    ({"conversation": "conv_9"}, 404, "'conv_9' not found", None, None),
    ({"text": {"format": {"type": "json_schema", "name": "n", "strict": True, "schema": SCHEMA}}},
     400, "Invalid schema", "text.format.schema", "invalid_json_schema"),
    ({"text": {"format": {"type": "json_object"}}}, 400, "must contain the word 'json'", "input",
     None),
    ({"text": {"format": {"type": "json_object"}}, "instructions": "JSON!"}, 200, "", None, None),
    ({"model": "gpt-4o-audio-preview"}, 400, "cannot be used with the Responses API", "model",
     None),
    ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-9"}]}]}, 404,
     "'file-9' not found", None, None),
]  # fmt: skip

EMBEDDINGS = [
    ({}, 200, "", None, None),
    ({"input": []}, 400, "empty array", "input", "empty_array"),
    ({"input": ["a", ""]}, 400, "cannot be an empty string", "input", None),
    ({"input": ["a"] * 2049}, 400, "maximum length 2048", "input", "array_above_max_length"),
    ({"input": "word " * 9000}, 400, "maximum context length is 8192", None, None),
    ({"dimensions": 9999}, 400, "at most 1536", "dimensions", None),
    ({"model": "text-embedding-ada-002", "dimensions": 8}, 400, "not support specifying", None,
     None),
    ({"model": "gpt-5"}, 403, "not allowed to generate embeddings", "model", None),
    ({"model": "no-such"}, 404, "does not exist", None, "model_not_found"),
]  # fmt: skip

BASES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": "gpt-5-mini", "messages": [USER]},
    "/v1/responses": {"model": "gpt-5-mini", "input": "Hello"},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "Hello"},
}
CASES = [
    (path, *case)
    for path, cases in zip(BASES, (CHAT, RESPONSES, EMBEDDINGS), strict=True)
    for case in cases
]


@pytest.mark.parametrize(("path", "changes", "status", "said", "param", "code"), CASES)
def test_refusals(path, changes, status, said, param, code):
    found, answer = post(path, BASES[path] | changes)
    assert found == status, answer
    if status == 200:
        assert "error" not in answer or answer["error"] is None
        return
    error = answer["error"]
    assert said in error["message"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


def test_a_missing_model_is_said_in_each_apis_words():
    assert post("/v1/chat/completions", {"messages": [USER]})[1]["error"]["message"] == (
        "you must provide a model parameter"
    )
    error = post("/v1/responses", {"input": "x"})[1]["error"]
    assert error["param"] == "model"


def test_something_to_answer_is_needed():
    status, answer = post("/v1/responses", {"model": "gpt-5-mini"})
    assert status == 400
    assert 'One of "input"' in answer["error"]["message"]
