"""The official `openai` SDK's Responses API against the gateway, each model behind it."""

import json

import pytest
from openai import OpenAI
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5"
MODELS = [FLASH, HAIKU, "auto", "gpt-4o-mini"]
EVENT = TypeAdapter(ResponseStreamEvent)
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
PATCH = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edits files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch" /.*/s'},
}


@pytest.fixture(scope="module")
def client(gateway):
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="x", max_retries=0) as made:
        yield made


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_is_typed(client, model) -> None:
    done = client.responses.create(
        model=model,
        instructions="Be brief.",
        input="Say hello to the harbour master.",
        metadata={"a": "b"},
        max_output_tokens=500,
    )
    assert isinstance(done, Response)
    assert "emulated" in done.output_text.lower()
    assert (done.status, done.error, done.incomplete_details) == ("completed", None, None)
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens > 0
    assert (done.tools, done.tool_choice, done.parallel_tool_calls) == ([], "auto", True)
    if model != "gpt-4o-mini":  # what the vendor leaves out is left out
        Response.model_validate(done.model_dump(), strict=False)


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_is_numbered_and_says_the_same(client, model) -> None:
    asked = {"model": model, "input": [{"role": "user", "content": "Say hello."}]}
    whole = client.responses.create(**asked)
    events = list(client.responses.create(**asked, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    for event in events if model != "gpt-4o-mini" else ():
        EVENT.validate_python(event.model_dump())
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert text == whole.output_text
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == text
    assert events[-1].response.usage.output_tokens == whole.usage.output_tokens


@pytest.mark.parametrize("model", [FLASH, HAIKU])
def test_the_sdks_own_accumulation_takes_the_stream(client, model) -> None:
    with client.responses.stream(model=model, input="Say hello.") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds[-1] == "response.completed"
    assert "emulated" in final.output_text.lower()


@pytest.mark.parametrize("model", [FLASH, HAIKU, "gpt-4o-mini"])
def test_a_tool_loop_without_state(client, model) -> None:
    history = [{"role": "user", "content": "Weather in Rome?"}]
    asked = {"model": model, "tools": [WEATHER], "store": False}
    asked["include"] = ["reasoning.encrypted_content"] if model != "gpt-4o-mini" else []
    first = client.responses.create(
        input=history, tool_choice={"type": "function", "name": "get_weather"}, **asked
    )
    calls = [item for item in first.output if item.type == "function_call"]
    assert [call.name for call in calls] == ["get_weather"]
    assert json.loads(calls[0].arguments).keys() == {"city"}
    history += [item.model_dump(exclude_none=True) for item in first.output]
    history += [
        {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        for call in calls
    ]
    done = client.responses.create(input=history, **asked)
    assert done.output_text
    assert done.status == "completed"


@pytest.mark.parametrize("model", [FLASH, HAIKU])
@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_that_the_gateway_keeps(client, model, stream) -> None:
    first = client.responses.create(model=model, input="My name is Ada.", stream=stream)
    if stream:
        first = list(first)[-1].response
    again = client.responses.create(
        model=model, input="What is my name?", previous_response_id=first.id
    )
    assert again.previous_response_id == first.id
    said = first.usage.output_tokens - first.usage.output_tokens_details.reasoning_tokens
    assert again.usage.input_tokens > first.usage.input_tokens + said
    kept = client.responses.retrieve(first.id)
    assert kept.output_text == first.output_text


@pytest.mark.parametrize("model", [FLASH, HAIKU])
def test_an_agents_turn_with_a_custom_tool(client, model) -> None:
    """As Codex asks: stateless, streamed, with a custom tool and its grammar."""
    asked = {
        "model": model,
        "instructions": "You are a coding agent.",
        "tools": [WEATHER, PATCH],
        "tool_choice": {"type": "custom", "name": "apply_patch"},
        "parallel_tool_calls": False,
        "reasoning": {"effort": "low", "summary": "auto"},
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "0199",
        "text": {"verbosity": "low"},
        "stream": True,
    }
    history = [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "x"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Edit."}]},
    ]
    events = list(client.responses.create(input=history, **asked))
    final = events[-1].response
    calls = [item for item in final.output if item.type == "custom_tool_call"]
    assert [call.name for call in calls] == ["apply_patch"]
    deltas = [e.delta for e in events if e.type == "response.custom_tool_call_input.delta"]
    assert "".join(deltas) == calls[0].input
    assert not calls[0].input.startswith("{")
    assert any("apply_patch" in str(tool.name) for tool in final.tools)
    for item in final.output:
        said = item.model_dump(exclude_none=True)
        said.pop("id")
        said.pop("status", None)
        history.append(said)
    history += [
        {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "Done."}
        for call in calls
    ]
    done = list(client.responses.create(input=history, **{**asked, "tool_choice": "auto"}))
    assert done[-1].type == "response.completed"


def test_bad_input_is_told_with_its_field(gateway) -> None:
    for body, param in (
        ({"model": HAIKU, "input": [{"type": "function_call_output", "call_id": "x", "output": ""}]},
         "input[0].call_id"),
        ({"model": HAIKU, "input": [{"role": "nobody", "content": "x"}]}, "input[0].role"),
        ({"model": HAIKU, "input": "x", "tools": [{"type": "function"}]}, "tools[0].name"),
        ({"model": HAIKU, "input": "x", "background": True}, "background"),
        ({"model": HAIKU, "input": "x", "temperature": 3}, "temperature"),
        ({"model": HAIKU}, "input"),
    ):  # fmt: skip
        reply = gateway.request("POST", "/v1/responses", json.dumps(body).encode())
        assert reply.status == 400, body
        assert reply.json()["error"]["param"] == param
