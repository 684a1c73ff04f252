"""The plain OpenAI face, through the official SDK."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

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


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0) as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: EmulatorThread) -> Iterator[openai.OpenAI]:
    url = emulator.url + "/v1"
    with openai.OpenAI(base_url=url, api_key="key", max_retries=0, timeout=10) as made:
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
