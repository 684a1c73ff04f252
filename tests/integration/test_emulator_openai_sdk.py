"""OpenAI's chat completions, through the official SDK."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from fairlead.emulator import EmulatorThread

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


class City(BaseModel):
    name: str
    people: int


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0) as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: EmulatorThread) -> Iterator[openai.OpenAI]:
    url = emulator.url + "/v1"
    with openai.OpenAI(base_url=url, api_key="key", max_retries=0, timeout=30) as made:
        yield made


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-5-mini", "messages": [{"role": "user", "content": text}]} | more


def test_text(client: openai.OpenAI):
    answer = client.chat.completions.create(**ask("Hello"))
    assert "emulated" in answer.choices[0].message.content
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_a_stream_says_the_same(client: openai.OpenAI):
    request = ask("Weather in Paris and Rome", tools=[TOOL])
    whole = client.chat.completions.create(**request)
    with client.chat.completions.stream(
        **request, stream_options={"include_usage": True}
    ) as stream:
        folded = stream.get_final_completion()
    assert folded.choices[0].finish_reason == "tool_calls"
    assert [c.function.arguments for c in folded.choices[0].message.tool_calls] == [
        c.function.arguments for c in whole.choices[0].message.tool_calls
    ]
    assert folded.usage == whole.usage


def test_models_are_told_apart_by_the_key(client: openai.OpenAI):
    assert "gpt-5-mini" in [model.id for model in client.models.list()]


def test_errors(emulator: EmulatorThread, client: openai.OpenAI):
    with pytest.raises(openai.BadRequestError, match="empty array"):
        client.chat.completions.create(model="gpt-5-mini", messages=[])
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(**ask("x", extra_headers={"x-emulate-fault": "429"}))
    other = openai.OpenAI(base_url=emulator.url + "/v1", api_key="bad", max_retries=0)
    with other, pytest.raises(openai.AuthenticationError):
        other.chat.completions.create(**ask("x"))


def test_reasoning_is_counted_and_can_be_switched_off(client: openai.OpenAI):
    thought = client.chat.completions.create(**ask("Hello")).usage
    assert thought.completion_tokens_details.reasoning_tokens > 0
    calm = client.chat.completions.create(**ask("Hello", model="gpt-5.4")).usage
    assert calm.completion_tokens_details.reasoning_tokens == 0


def test_an_answer_of_a_schema_is_parsed(client: openai.OpenAI):
    made = client.chat.completions.parse(**ask("Rome", response_format=City))
    assert isinstance(made.choices[0].message.parsed, City)
    tools = [openai.pydantic_function_tool(City)]
    called = client.chat.completions.parse(**ask("Call City", tools=tools))
    (call,) = called.choices[0].message.tool_calls
    assert isinstance(call.function.parsed_arguments, City)


def test_refusals_limits_and_filters(client: openai.OpenAI):
    refused = client.chat.completions.create(**ask("[emulate: refuse]")).choices[0]
    assert refused.message.content is None
    assert "refusal" in refused.message.refusal
    cut = client.chat.completions.create(**ask("Hello", max_completion_tokens=50)).choices[0]
    assert cut.finish_reason == "length"
    blocked = client.chat.completions.create(**ask("[emulate: block]")).choices[0]
    assert blocked.finish_reason == "content_filter"


def test_candidates_probabilities_and_stop(client: openai.OpenAI):
    more = {"model": "gpt-4.1", "n": 3, "logprobs": True, "top_logprobs": 2, "stop": "no model"}
    made = client.chat.completions.create(**ask("Hello", **more))
    assert [choice.index for choice in made.choices] == [0, 1, 2]
    for choice in made.choices:
        assert "no model" not in choice.message.content
        tokens = choice.logprobs.content
        assert "".join(one.token for one in tokens) == choice.message.content
        assert all(len(one.top_logprobs) == 2 for one in tokens)


def test_custom_tools_and_legacy_functions(client: openai.OpenAI):
    custom: Any = {"type": "custom", "custom": {"name": "run_code"}}
    request = ask("Call run_code", tools=[custom])
    (call,) = client.chat.completions.create(**request).choices[0].message.tool_calls
    assert (call.type, call.custom.name) == ("custom", "run_code")
    said = ""
    for chunk in client.chat.completions.create(**request, stream=True):
        for part in chunk.choices[0].delta.tool_calls or ():
            said += part.model_extra["custom"]["input"]
    assert said == call.custom.input
    functions: Any = [TOOL["function"]]
    old = client.chat.completions.create(**ask("Weather in Paris and Rome", functions=functions))
    assert old.choices[0].finish_reason == "function_call"
    assert old.choices[0].message.function_call.name == "get_weather"


def test_usage_comes_last_and_only_when_it_is_asked_for(client: openai.OpenAI):
    plain = list(client.chat.completions.create(**ask("Hello"), stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in plain)
    more: Any = {"stream": True, "stream_options": {"include_usage": True}}
    full = list(client.chat.completions.create(**ask("Hello"), **more))
    assert full[-1].choices == []
    assert full[-1].usage.total_tokens > 0
    assert all(chunk.usage is None for chunk in full[:-1])


def test_sound_is_answered_with_sound(client: openai.OpenAI):
    more: Any = {
        "model": "gpt-4o-audio-preview",
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "wav"},
    }
    message = client.chat.completions.create(**ask("Hello", **more)).choices[0].message
    assert message.content is None
    assert "emulated" in message.audio.transcript


def test_a_long_prefix_is_read_from_the_cache(client: openai.OpenAI):
    system = {"role": "system", "content": "A rule of the house. " * 1000}
    request = ask("Hello")
    request["messages"] = [system, *request["messages"]]
    first = client.chat.completions.create(**request).usage.prompt_tokens_details.cached_tokens
    second = client.chat.completions.create(**request).usage.prompt_tokens_details.cached_tokens
    assert first == 0
    assert second >= 1024
    assert second % 128 == 0


async def test_it_is_the_same_asynchronously(emulator: EmulatorThread, client: openai.OpenAI):
    other = openai.AsyncOpenAI(base_url=emulator.url + "/v1", api_key="key", max_retries=0)
    async with other:
        answer = await other.chat.completions.create(**ask("Hello"))
    assert answer == client.chat.completions.create(**ask("Hello"))
