"""The official `openai` SDK against the gateway: typed results, sync and async, streamed and not."""

import base64
import json
from contextlib import ExitStack

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from tests.integration.conftest import start_gateway

from fairlead.demo import materials

FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5"
MODELS = [FLASH, HAIKU]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"The {what} in a city",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
    for name, what in (("get_weather", "weather"), ("get_time", "time"))
]
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "boat",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "length_m": {"type": "number"}},
            "required": ["name", "length_m"],
            "additionalProperties": False,
        },
    },
}
HELLO = [{"role": "user", "content": "Say hello to the harbour master."}]


@pytest.fixture(scope="module")
def gateway(emulator, tmp_path_factory):
    """One for which Flash does not end: what this model can do is told here by its name."""
    config = f'[models."{FLASH}"]\n"lifecycle.ends" = 2100-01-01\n'
    with ExitStack() as stack:
        yield start_gateway(stack, tmp_path_factory.mktemp("gateway"), emulator, {}, config)


@pytest.fixture(scope="module")
def client(gateway):
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="x", max_retries=0) as made:
        yield made


@pytest.mark.parametrize("model", [*MODELS, "auto", "gpt-4o-mini"])
def test_an_answer_is_typed(client, model) -> None:
    done = client.chat.completions.create(model=model, messages=HELLO)
    assert isinstance(done, ChatCompletion)
    assert "emulated" in done.choices[0].message.content.lower()
    assert done.choices[0].finish_reason == "stop"
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 0
    ChatCompletion.model_validate(done.model_dump(), strict=False)


@pytest.mark.parametrize("model", [*MODELS, "auto", "gpt-4o-mini"])
def test_a_stream_is_typed_and_says_the_same(client, model) -> None:
    whole = client.chat.completions.create(model=model, messages=HELLO)
    chunks = list(
        client.chat.completions.create(
            model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    assert all(isinstance(chunk, ChatCompletionChunk) for chunk in chunks)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert all(chunk.usage is None for chunk in chunks[:-1])


@pytest.mark.parametrize("model", MODELS)
def test_without_include_usage_no_usage_chunk_comes(client, model) -> None:
    chunks = list(client.chat.completions.create(model=model, messages=HELLO, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


@pytest.mark.parametrize("model", MODELS)
async def test_async(gateway, model) -> None:
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="x", max_retries=0) as client:
        done = await client.chat.completions.create(model=model, messages=HELLO)
        stream = await client.chat.completions.create(model=model, messages=HELLO, stream=True)
        texts = [c.choices[0].delta.content or "" async for c in stream if c.choices]
    assert "".join(texts) == done.choices[0].message.content


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("effort", [None, "low"])
def test_a_loop_with_two_parallel_tools(client, model, stream, effort) -> None:
    ask = [{"role": "user", "content": "Call get_weather and get_time for Paris."}]
    options = {"reasoning_effort": effort} if effort else {}
    if stream:
        with client.chat.completions.stream(
            model=model, messages=ask, tools=TOOLS, **options
        ) as events:
            done = events.get_final_completion()
    else:
        done = client.chat.completions.create(model=model, messages=ask, tools=TOOLS, **options)
    choice = done.choices[0]
    calls = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls"
    assert {c.function.name for c in calls} == {"get_weather", "get_time"}
    assert len({c.id for c in calls}) == 2
    assert all("city" in json.loads(c.function.arguments) for c in calls)
    # As the SDK hands it back; the signed thinking is not in it, the gateway keeps that.
    history = [
        *ask,
        {
            "role": "assistant",
            "content": choice.message.content,
            "tool_calls": [c.model_dump(include={"id", "type", "function"}) for c in calls],
        },
        *({"role": "tool", "tool_call_id": c.id, "content": "sunny, 14:05"} for c in calls),
    ]
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=history, tools=TOOLS, **options
    )
    assert raw.parse().choices[0].finish_reason == "stop"
    assert "thinking" not in raw.headers.get("x-fairlead-losses", "")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("none", set()),
        ("required", {"get_weather", "get_time"}),
        ({"type": "function", "function": {"name": "get_time"}}, {"get_time"}),
    ],
)
def test_tool_choice(client, model, choice, names) -> None:
    done = client.chat.completions.create(
        model=model, messages=HELLO, tools=TOOLS, tool_choice=choice
    )
    called = {c.function.name for c in done.choices[0].message.tool_calls or []}
    assert called <= names
    assert bool(called) == bool(names)


@pytest.mark.parametrize("model", MODELS)
def test_structured_output(client, model) -> None:
    done = client.chat.completions.create(model=model, messages=HELLO, response_format=SCHEMA)
    boat = json.loads(done.choices[0].message.content)
    assert set(boat) == {"name", "length_m"}
    assert isinstance(boat["name"], str)
    assert isinstance(boat["length_m"], int | float)


@pytest.mark.parametrize("model", MODELS)
def test_json_mode(client, model) -> None:
    ask = [{"role": "user", "content": "Give me JSON about a boat."}]
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=ask, response_format={"type": "json_object"}
    )
    if model == FLASH:
        assert isinstance(json.loads(raw.parse().choices[0].message.content), dict)
    else:  # Anthropic has no such mode: an instruction stands in, and is named
        assert "json_mode" in raw.headers["x-fairlead-losses"]


PARTS = {
    "image": {"type": "image_url",
              "image_url": {"url": materials.data_url("image/png", materials.png())}},
    "pdf": {"type": "file", "file": {"filename": "a.pdf", "file_data": materials.data_url(
        "application/pdf", materials.pdf(("A line",)))}},
    "audio": {"type": "input_audio", "input_audio": {
        "data": base64.b64encode(materials.wav()).decode(), "format": "wav"}},
    "video": {"type": "file", "file": {"filename": "a.avi", "file_data": materials.data_url(
        "video/x-msvideo", materials.video())}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("model", "kind"),
    [(FLASH, kind) for kind in PARTS] + [(HAIKU, "image"), (HAIKU, "pdf")],
)
def test_media(client, model, kind) -> None:
    content = [{"type": "text", "text": "What is this?"}, PARTS[kind]]
    done = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": content}]
    )
    assert done.choices[0].message.content
    assert done.usage.prompt_tokens > 40


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_media_that_a_named_model_cannot_take(client, kind) -> None:
    content = [{"type": "text", "text": "What is this?"}, PARTS[kind]]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=HAIKU, messages=[{"role": "user", "content": content}])
    assert kind in str(caught.value)


def test_thinking_is_shown_and_counted(client) -> None:
    done = client.chat.completions.create(model=HAIKU, messages=HELLO, reasoning_effort="medium")
    assert done.choices[0].message.model_extra["reasoning_content"]
    google = {"google": {"thinking_config": {"thinking_budget": 2000, "include_thoughts": True}}}
    done = client.chat.completions.create(
        model=FLASH, messages=HELLO, extra_body={"extra_body": google}
    )
    assert done.choices[0].message.model_extra["reasoning_content"]
    assert done.usage.completion_tokens_details.reasoning_tokens > 0
    off = client.chat.completions.create(model=FLASH, messages=HELLO, reasoning_effort="none")
    assert not off.choices[0].message.model_extra.get("reasoning_content")
    assert off.usage.completion_tokens_details.reasoning_tokens == 0


def test_several_candidates(client) -> None:
    done = client.chat.completions.create(model=FLASH, messages=HELLO, n=3)
    assert [choice.index for choice in done.choices] == [0, 1, 2]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=HAIKU, messages=HELLO, n=3)
    assert caught.value.param == "n"


@pytest.mark.parametrize("model", MODELS)
def test_limits_of_length_and_stops(client, model) -> None:
    cut = client.chat.completions.create(model=model, messages=HELLO, max_tokens=5)
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage.completion_tokens <= 5
    whole = client.chat.completions.create(model=model, messages=HELLO).choices[0].message.content
    word = whole.split()[3]
    stopped = client.chat.completions.create(model=model, messages=HELLO, stop=[word])
    assert stopped.choices[0].finish_reason == "stop"
    assert word not in stopped.choices[0].message.content


@pytest.mark.parametrize("model", MODELS)
def test_a_refusal_or_block_is_a_content_filter(client, model) -> None:
    directive = "[emulate: block]" if model == FLASH else "[emulate: refuse]"
    ask = [{"role": "user", "content": f"{directive} something"}]
    done = client.chat.completions.create(model=model, messages=ask)
    assert done.choices[0].finish_reason == "content_filter"


def test_models_are_listed(client) -> None:
    ids = {model.id for model in client.models.list()}
    assert {"auto", FLASH, "claude-haiku-4-5-20251001", "claude-haiku-4-5", "claude-haiku-5-5",
            "gemini-3.5-flash-lite", "gemini-flash"} <= ids  # fmt: skip


def test_errors_have_the_sdks_types(client) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=HELLO)
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model="auto", messages=HELLO, extra_body={"fairlead": {"tusk": "coding"}}
        )
    assert "task" in str(caught.value)


def test_one_model_can_be_asked_for(client) -> None:
    assert client.models.retrieve("auto").owned_by == "fairlead"
    alias = client.models.retrieve("claude-haiku-4-5")
    assert alias.model_extra["alias_of"] == "claude-haiku-4-5-20251001"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nonesuch")


def test_a_policy_that_is_not_there_is_told_also_for_a_named_model(client) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model=HAIKU, messages=HELLO, extra_body={"fairlead": {"policy": "nope"}}
        )
    assert caught.value.param == "fairlead.policy"
