"""The official Anthropic SDK against the emulator: typed results, whole and streamed."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import jsonschema_rs
import pytest

from fairlead.emulator import EmulatorThread

HAIKU = "claude-haiku-4-5"
WEATHER: Any = {
    "name": "get_weather",
    "description": "Weather of a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
        "required": ["city"],
    },
}
TIME: Any = {"name": "get_time", "input_schema": {"type": "object", "properties": {}}}


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0) as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: EmulatorThread) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=emulator.url, api_key="some-key", max_retries=0, timeout=30
    ) as made:
        yield made


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {
        "model": HAIKU,
        "max_tokens": 4000,
        "messages": [{"role": "user", "content": text}],
    } | more


def streamed(client: anthropic.Anthropic, request: dict[str, Any]) -> Any:
    with client.messages.stream(**request) as stream:
        return stream.get_final_message()


def same(one: Any, other: Any) -> None:
    leave = {"parsed_output"}
    assert [b.model_dump(exclude=leave) for b in one.content] == [
        b.model_dump(exclude=leave) for b in other.content
    ]
    assert one.stop_reason == other.stop_reason
    assert one.stop_sequence == other.stop_sequence
    assert one.usage.output_tokens == other.usage.output_tokens
    assert one.usage.input_tokens == other.usage.input_tokens


def test_text_says_that_it_is_emulated(client: anthropic.Anthropic):
    raw = client.messages.with_raw_response.create(**ask("Why is the sky blue?"))
    assert raw.headers["x-fairlead-emulated"] == "true"
    assert raw.headers["request-id"].startswith("req_")
    message = raw.parse()
    text = message.content[0].text
    assert "emulated" in text
    assert HAIKU in text
    assert "Why is the sky blue?" in text
    assert message.model == "claude-haiku-4-5-20251001"
    assert message.stop_reason == "end_turn"


@pytest.mark.parametrize(
    "request_",
    [
        ask("Say hello"),
        ask("Say hello", stop_sequences=["no model"]),
        ask("Say hello", max_tokens=7),
        ask("What is the weather in Paris and Berlin?", tools=[WEATHER]),
        ask("Now call it", tools=[TIME], tool_choice={"type": "any"}),
        ask("Think", thinking={"type": "enabled", "budget_tokens": 1024}),
        ask("[emulate: refuse]"),
        ask("[emulate: block]"),
        ask("Write [emulate: words=2000 pieces=200]"),
    ],
    ids=["text", "stop", "limit", "tools", "no arguments", "thinking", "refuse", "block", "long"],
)
def test_a_stream_folds_to_the_same_message(client: anthropic.Anthropic, request_: dict[str, Any]):
    same(client.messages.create(**request_), streamed(client, request_))


def test_the_same_request_gets_the_same_bytes(client: anthropic.Anthropic):
    request = ask("What is the weather in Paris?", tools=[WEATHER])
    first = client.messages.with_raw_response.create(**request)
    again = client.messages.with_raw_response.create(**request)
    assert first.http_response.content == again.http_response.content
    assert first.headers["request-id"] != again.headers["request-id"]


def test_stop_sequence(client: anthropic.Anthropic):
    message = client.messages.create(**ask("Say hello", stop_sequences=["zzz", "; no"]))
    assert message.stop_reason == "stop_sequence"
    assert message.stop_sequence == "; no"
    assert message.content[0].text.endswith(HAIKU)


def test_max_tokens(client: anthropic.Anthropic):
    message = client.messages.create(**ask("Say hello", max_tokens=7))
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 7


def test_two_cities_make_two_parallel_calls(client: anthropic.Anthropic):
    message = client.messages.create(
        **ask("What is the weather in Paris and Berlin?", tools=[WEATHER, TIME])
    )
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [call.input["city"] for call in calls] == ["Paris", "Berlin"]
    assert len({call.id for call in calls}) == 2
    assert message.stop_reason == "tool_use"
    for call in calls:
        assert jsonschema_rs.is_valid(WEATHER["input_schema"], call.input)


def test_parallel_calls_can_be_switched_off(client: anthropic.Anthropic):
    message = client.messages.create(
        **ask(
            "What is the weather in Paris and Berlin?",
            tools=[WEATHER],
            tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        )
    )
    assert [block.type for block in message.content].count("tool_use") == 1


def test_no_tool_is_called_when_nobody_asks(client: anthropic.Anthropic):
    message = client.messages.create(**ask("Write a poem", tools=[WEATHER]))
    assert [block.type for block in message.content] == ["text"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_loop_with_thinking_ends_in_text(client: anthropic.Anthropic, *, stream: bool):
    request = ask(
        "Weather in Paris and Berlin, please",
        tools=[WEATHER],
        thinking={"type": "enabled", "budget_tokens": 1024},
    )
    message = streamed(client, request) if stream else client.messages.create(**request)
    assert message.content[0].type == "thinking"
    calls = [block for block in message.content if block.type == "tool_use"]
    history = [block.model_dump(exclude={"parsed_output"}) for block in message.content]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": f"{21 + at} degrees"}
        for at, call in enumerate(calls)
    ]
    messages = [
        *request["messages"],
        {"role": "assistant", "content": history},
        {"role": "user", "content": results},
    ]
    answer = client.messages.create(**{**request, "messages": messages})
    text = answer.content[-1].text
    assert answer.stop_reason == "end_turn"
    assert "21 degrees" in text
    assert "22 degrees" in text
    history[0]["thinking"] += " changed"
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking` block"):
        client.messages.create(**{**request, "messages": messages})


def test_json_under_a_schema(client: anthropic.Anthropic):
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["name", "size"],
        "additionalProperties": False,
    }
    message = client.messages.create(
        **ask(
            "Describe Rome",
            output_config={"format": {"type": "json_schema", "schema": schema}},
        )
    )
    assert jsonschema_rs.is_valid(schema, json.loads(message.content[0].text))


def test_thinking_counts_and_off_means_none(client: anthropic.Anthropic):
    on = client.messages.create(**ask("Hi", thinking={"type": "enabled", "budget_tokens": 1024}))
    off = client.messages.create(**ask("Hi", thinking={"type": "disabled"}))
    assert on.usage.output_tokens_details.thinking_tokens > 0
    assert on.usage.output_tokens > on.usage.output_tokens_details.thinking_tokens
    assert [block.type for block in off.content] == ["text"]


def test_count_tokens_equals_the_usage(client: anthropic.Anthropic):
    request = ask("How many tokens is this?", tools=[WEATHER], system="Be brief.")
    counted = client.messages.count_tokens(
        **{key: value for key, value in request.items() if key != "max_tokens"}
    )
    assert counted.input_tokens == client.messages.create(**request).usage.input_tokens


def test_prompt_cache_is_written_then_read(client: anthropic.Anthropic):
    system = [
        {"type": "text", "text": "Rules. " * 6000, "cache_control": {"type": "ephemeral"}},
    ]
    first = client.messages.create(**ask("Question one?", system=system)).usage
    second = client.messages.create(**ask("Question two?", system=system)).usage
    assert first.cache_creation_input_tokens > 4096
    assert first.cache_read_input_tokens == 0
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens
    assert second.cache_creation_input_tokens == 0
    assert first.cache_creation.ephemeral_5m_input_tokens == first.cache_creation_input_tokens


def test_refusal(client: anthropic.Anthropic):
    message = client.messages.create(**ask("[emulate: refuse]"))
    assert message.stop_reason == "refusal"
    assert message.stop_details.type == "refusal"


def test_the_bill_agrees_with_the_usage(emulator: EmulatorThread, client: anthropic.Anthropic):
    emulator.reset()
    usages = [client.messages.create(**ask(f"Question {n}")).usage for n in range(3)]
    streamed(client, ask("Question 4", thinking={"type": "enabled", "budget_tokens": 1024}))
    with pytest.raises(anthropic.BadRequestError):
        client.messages.create(**ask("x", max_tokens=10**6))
    bill = emulator.bill()
    line = bill["lines"][0]
    assert line["requests"] == 5
    assert line["errors"] == 1
    assert line["key"] != "some-key"
    assert bill["total"]["usage"]["input"] > sum(usage.input_tokens for usage in usages)
    assert [entry.status for entry in emulator.requests] == [200, 200, 200, 200, 400]
    assert emulator.requests[0].usage["output"] == usages[0].output_tokens


def test_models(client: anthropic.Anthropic):
    assert "claude-haiku-4-5-20251001" in [model.id for model in client.models.list()]
    assert client.models.retrieve(HAIKU).id == "claude-haiku-4-5-20251001"
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("claude-none")


def test_refusals_are_the_vendors(emulator: EmulatorThread, client: anthropic.Anthropic):
    with pytest.raises(anthropic.NotFoundError, match="model: claude-none"):
        client.messages.create(**ask("x", model="claude-none"))
    with pytest.raises(anthropic.BadRequestError) as found:
        client.messages.create(**ask("x", max_tokens=64_001))
    assert found.value.body["error"]["type"] == "invalid_request_error"
    assert found.value.request_id == found.value.body["request_id"]
    other = anthropic.Anthropic(base_url=emulator.url, api_key="bad-key", max_retries=0)
    with other, pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
        other.messages.create(**ask("x"))
    bearer = anthropic.Anthropic(base_url=emulator.url, auth_token="token", max_retries=0)
    with bearer:
        assert bearer.messages.create(**ask("x")).stop_reason == "end_turn"


def test_the_version_is_demanded(emulator: EmulatorThread):
    for version, said in ((anthropic.Omit(), "header is required"), ("2020-01-01", "not a valid")):
        client = anthropic.Anthropic(
            base_url=emulator.url,
            api_key="k",
            max_retries=0,
            default_headers={"anthropic-version": version},
        )
        with client, pytest.raises(anthropic.BadRequestError, match=said):
            client.messages.create(**ask("x"))


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("429 retry_after=7 times=1", anthropic.RateLimitError),
        ("529 times=1", anthropic.APIStatusError),
        ("500 times=1", anthropic.InternalServerError),
    ],
)
def test_statuses_by_rule(
    emulator: EmulatorThread, client: anthropic.Anthropic, rule: str, error: type[Exception]
):
    emulator.faults.replace([])
    emulator.faults.add(rule)
    with pytest.raises(error) as found:
        client.messages.create(**ask("x"))
    assert found.value.status_code == int(rule[:3])
    assert found.value.response.headers.get("retry-after") == ("7" if "429" in rule else None)
    assert client.messages.create(**ask("x")).stop_reason == "end_turn"


def test_an_error_in_mid_stream(emulator: EmulatorThread, client: anthropic.Anthropic):
    emulator.faults.replace([])
    emulator.faults.add("stream_error after=1500 times=1")
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        streamed(client, ask("[emulate: words=500]"))


@pytest.mark.parametrize("stream", [False, True])
def test_adaptive_thinking_is_shown_only_when_asked(client: anthropic.Anthropic, *, stream: bool):
    for display, shown in ((None, False), ("omitted", False), ("summarized", True)):
        thinking: dict[str, Any] = {"type": "adaptive"}
        if display is not None:
            thinking["display"] = display
        request = ask("Hi", model="claude-haiku-5-5", thinking=thinking)
        message = streamed(client, request) if stream else client.messages.create(**request)
        assert bool(message.content[0].thinking) is shown
        assert message.content[0].signature
        assert message.usage.output_tokens_details.thinking_tokens > 0
