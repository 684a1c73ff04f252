"""The official `google-genai` SDK against every vendor behind the gateway."""

import asyncio
import json
import time

import httpx2
import pytest
from google import genai
from google.genai import errors, types
from tests.acceptance.sdk import asked
from tests.acceptance.sdk.asked import EVERY, FLASH, HAIKU, MINI, OLDER, PLAIN, VENDORS

TOOLS = [
    types.Tool(
        function_declarations=[
            types.FunctionDeclaration(name=name, description=what, parameters_json_schema=schema)
            for name, what in asked.TOOLS.items()
        ]
    )
    for schema in [{key: asked.CITY[key] for key in ("type", "properties", "required")}]
]


def made(gateway, **options):
    options = {"base_url": gateway.url, **options}
    return genai.Client(api_key="any", http_options=types.HttpOptions(**options))


@pytest.fixture(scope="module")
def client(gateway):
    client = made(gateway)
    yield client
    client.close()


def totals(usage) -> None:
    assert usage.prompt_token_count > 0
    assert usage.candidates_token_count > 0
    assert usage.total_token_count == (
        usage.prompt_token_count
        + usage.candidates_token_count
        + (usage.thoughts_token_count or 0)
        + (usage.tool_use_prompt_token_count or 0)
    )


@pytest.mark.parametrize("model", EVERY)
def test_an_answer(client, model) -> None:
    done = client.models.generate_content(model=model, contents=asked.HELLO)
    assert isinstance(done, types.GenerateContentResponse)
    assert "emulated" in done.text.lower()
    assert done.candidates[0].finish_reason == types.FinishReason.STOP
    assert done.candidates[0].content.role == "model"
    assert done.response_id
    assert done.model_version.startswith(model)
    assert done.sdk_http_response.headers["x-fairlead-request-id"]
    totals(done.usage_metadata)


@pytest.mark.parametrize("model", EVERY)
def test_a_stream_says_the_same(client, model) -> None:
    whole = client.models.generate_content(model=model, contents=asked.HELLO)
    chunks = list(client.models.generate_content_stream(model=model, contents=asked.HELLO))
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    last, usage = chunks[-1].usage_metadata, whole.usage_metadata
    assert last.total_token_count == usage.total_token_count
    assert last.candidates_token_count == usage.candidates_token_count
    assert len({chunk.response_id for chunk in chunks}) == 1


@pytest.mark.parametrize("model", VENDORS)
async def test_async(gateway, model) -> None:
    async with made(gateway).aio as client:
        done = await client.models.generate_content(model=model, contents=asked.HELLO)
        stream = await client.models.generate_content_stream(model=model, contents=asked.HELLO)
        pieces = [chunk.text or "" async for chunk in stream]
    assert "".join(pieces) == done.text


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("version", ["v1beta", "v1", "v1alpha"])
def test_versions(gateway, model, version) -> None:
    client = made(gateway, api_version=version)
    assert client.models.generate_content(model=model, contents=asked.HELLO).text
    client.close()


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("thinks", [False, True])
def test_a_loop_of_parallel_tools(client, model, stream, thinks) -> None:
    config = types.GenerateContentConfig(tools=TOOLS)
    if thinks:
        config.thinking_config = types.ThinkingConfig(include_thoughts=True)
    first = types.UserContent(asked.BOTH)
    asking = {"model": model, "config": config}
    if stream:
        chunks = list(client.models.generate_content_stream(**asking, contents=[first]))
        parts = [
            part
            for chunk in chunks
            if chunk.candidates[0].content
            for part in chunk.candidates[0].content.parts or []
        ]
    else:
        done = client.models.generate_content(**asking, contents=[first])
        parts = done.candidates[0].content.parts
        assert done.candidates[0].finish_reason == types.FinishReason.STOP
    calls = [part.function_call for part in parts if part.function_call]
    assert [call.name for call in calls] == ["get_weather", "get_time"]
    assert [call.args for call in calls] == [{"city": "Paris"}] * 2
    results = [
        types.Part(
            function_response=types.FunctionResponse(
                id=call.id, name=call.name, response={"output": output}
            )
        )
        for call, output in zip(calls, ("sunny and mild", "five past two"), strict=True)
    ]
    answer = client.models.generate_content(
        **asking, contents=[first, types.ModelContent(parts), types.UserContent(results)]
    )
    assert "sunny and mild" in answer.text
    assert "five past two" in answer.text
    losses = answer.sdk_http_response.headers.get("x-fairlead-losses", "")
    assert not {"signature_missing", "thinking_dropped"} & set(losses.split(", "))


@pytest.mark.parametrize("model", VENDORS)
def test_functions_that_the_sdk_calls_itself(client, model) -> None:
    called = []

    def get_weather(city: str) -> str:
        """The weather in a city."""
        called.append(city)
        return "sunny and mild"

    chat = client.chats.create(model=model, config=types.GenerateContentConfig(tools=[get_weather]))
    done = chat.send_message("Call get_weather for Paris.")
    assert called == ["Paris"]
    assert "sunny and mild" in done.text


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("mode", "allowed", "names"),
    [
        ("NONE", None, set()),
        ("ANY", None, set(asked.TOOLS)),
        ("ANY", ["get_time"], {"get_time"}),
    ],
)
def test_tool_choice(client, model, mode, allowed, names) -> None:
    choice = types.FunctionCallingConfig(mode=mode, allowed_function_names=allowed)
    config = types.GenerateContentConfig(
        tools=TOOLS, tool_config=types.ToolConfig(function_calling_config=choice)
    )
    done = client.models.generate_content(model=model, contents=asked.HELLO, config=config)
    called = {call.name for call in done.function_calls or []}
    assert called <= names
    assert bool(called) == bool(names)


@pytest.mark.parametrize("model", EVERY)
def test_structured_output_is_parsed(client, model) -> None:
    asking = {"model": model, "contents": asked.HELLO}
    mime = "application/json"
    done = client.models.generate_content(
        **asking,
        config=types.GenerateContentConfig(response_mime_type=mime, response_schema=asked.Harbour),
    )
    assert isinstance(done.parsed, asked.Harbour)
    by_json = client.models.generate_content(
        **asking,
        config=types.GenerateContentConfig(
            response_mime_type=mime, response_json_schema=asked.Harbour.model_json_schema()
        ),
    )
    assert asked.Harbour.model_validate_json(by_json.text)


MEDIA = {
    "image": (asked.PNG, "image/png", "image/png"),
    "pdf": (asked.PDF, "application/pdf", "pdf"),
    "audio": (asked.WAV, "audio/wav", "wav"),
}


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("kind", MEDIA)
def test_media(client, model, kind) -> None:
    data, mime, told = MEDIA[kind]
    contents = [types.Part.from_bytes(data=data, mime_type=mime), "What is this?"]
    if kind != "audio" or model == FLASH:
        done = client.models.generate_content(model=model, contents=contents)
        assert told in done.text
        return
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=model, contents=contents)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    assert "audio" in caught.value.message


@pytest.mark.parametrize("model", EVERY)
def test_thinking_is_shown_and_counted(client, model) -> None:
    thinking = types.ThinkingConfig(include_thoughts=True)
    if model in {FLASH, HAIKU, MINI} - {asked.LITE_3}:
        thinking.thinking_budget = 2000
    else:
        thinking.thinking_level = types.ThinkingLevel.LOW
    config = types.GenerateContentConfig(thinking_config=thinking)
    asking = {"model": model, "contents": asked.HELLO, "config": config}
    done = client.models.generate_content(**asking)
    totals(done.usage_metadata)
    assert done.usage_metadata.thoughts_token_count > 0
    thoughts = [part.text for part in done.candidates[0].content.parts if part.thought]
    if model == MINI:  # OpenAI's chat completions tell how much was thought, not what
        assert not thoughts
        assert "thoughts_visible" in done.sdk_http_response.headers["x-fairlead-losses"]
        return
    assert "".join(thoughts)
    streamed = [
        part.text
        for chunk in client.models.generate_content_stream(**asking)
        for part in (chunk.candidates[0].content.parts or [] if chunk.candidates[0].content else [])
        if part.thought
    ]
    assert "".join(streamed) == "".join(thoughts)


@pytest.mark.parametrize("model", EVERY)
def test_thinking_can_be_off(client, model) -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(thinking_budget=0))
    # Google's newer ones take levels only, OpenAI's is never off: each vendor says so itself.
    if model in {asked.FLASH_3, asked.LITE_3, MINI}:
        with pytest.raises(errors.ClientError) as caught:
            client.models.generate_content(model=model, contents=asked.HELLO, config=config)
        assert caught.value.code == 400
        return
    done = client.models.generate_content(model=model, contents=asked.HELLO, config=config)
    losses = done.sdk_http_response.headers.get("x-fairlead-losses", "")
    assert not done.usage_metadata.thoughts_token_count, losses
    assert not any(part.thought for part in done.candidates[0].content.parts)


@pytest.mark.parametrize("model", VENDORS)
def test_a_system_prompt_is_read(client, model) -> None:
    rule = "Speak as an old sailor would, and be brief. " * 5
    plain = client.models.generate_content(model=model, contents=asked.HELLO)
    ruled = client.models.generate_content(
        model=model, contents=asked.HELLO,
        config=types.GenerateContentConfig(system_instruction=rule),
    )  # fmt: skip
    more = ruled.usage_metadata.prompt_token_count - plain.usage_metadata.prompt_token_count
    assert more >= 30
    assert "old sailor" not in ruled.text


@pytest.mark.parametrize("model", PLAIN)
def test_stop_sequences_and_limits(client, model) -> None:
    whole = client.models.generate_content(model=model, contents=asked.HELLO).text
    word = whole.split()[3]
    done = client.models.generate_content(
        model=model, contents=asked.HELLO,
        config=types.GenerateContentConfig(stop_sequences=[word, "never"], temperature=0.5),
    )  # fmt: skip
    assert whole.startswith(done.text)
    assert word not in done.text
    assert done.candidates[0].finish_reason == types.FinishReason.STOP
    config = types.GenerateContentConfig(max_output_tokens=5)
    if model not in {OLDER, asked.LITE_3}:
        config.thinking_config = types.ThinkingConfig(thinking_budget=0)
    cut = client.models.generate_content(model=model, contents=asked.HELLO, config=config)
    assert cut.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    assert 0 < cut.usage_metadata.candidates_token_count <= 5


@pytest.mark.parametrize("model", EVERY)
def test_tokens_are_counted(client, model) -> None:
    few = client.models.count_tokens(model=model, contents=asked.HELLO)
    many = client.models.count_tokens(model=model, contents=[asked.HELLO, "Be brief. " * 20])
    assert many.total_tokens > few.total_tokens + 40
    done = client.models.generate_content(model=model, contents=asked.HELLO)
    assert done.usage_metadata.prompt_token_count == few.total_tokens


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("status", "kind", "told", "word"),
    [
        (401, errors.ServerError, 502, "UNAVAILABLE"),
        (404, errors.ClientError, 404, "NOT_FOUND"),
        (413, errors.ClientError, 413, "INVALID_ARGUMENT"),
        (429, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (500, errors.ServerError, 502, "INTERNAL"),
        (503, errors.ServerError, 503, "UNAVAILABLE"),
        (504, errors.ServerError, 504, "DEADLINE_EXCEEDED"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_a_vendor(client, gateway, model, status, kind, told, word, stream) -> None:
    gateway.fault(action="status", status=status)
    models = client.models
    ask = models.generate_content_stream if stream else models.generate_content
    with pytest.raises(kind) as caught:
        list(ask(model=model, contents=asked.HELLO))
    own = (model, status) == (FLASH, 500)
    assert (caught.value.code, caught.value.status) == (500 if own else told, word)
    assert caught.value.message


@pytest.mark.parametrize("model", VENDORS)
def test_a_limit_of_the_vendor(gateway, model) -> None:
    gateway.fault(action="status", status=429, retry_after=1, times=1)
    retries = types.HttpRetryOptions(attempts=2, initial_delay=0.01, jitter=0)
    client = made(gateway, retry_options=retries)
    assert client.models.generate_content(model=model, contents=asked.HELLO).text
    client.close()
    gateway.fault(action="status", status=429, retry_after=48)
    client = made(gateway)
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=model, contents=asked.HELLO)
    client.close()
    told = caught.value.details["error"]["details"]
    assert [d["retryDelay"] for d in told if "RetryInfo" in d["@type"]] == ["48s"]
    assert caught.value.response.headers["retry-after"] == "48"


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"contents": 5}, "contents"),
        ({"contents": [{"role": "pirate", "parts": [{"text": "x"}]}]}, "contents[0].role"),
        ({"generationConfig": {"temperature": "hot"}}, "generationConfig.temperature"),
        ({"tools": [{"functionDeclarations": [{"name": 5}]}]}, "tools[0].functionDeclarations[0]"),
    ],
)
def test_a_bad_field_is_named(gateway, model, body, path) -> None:
    client = made(gateway, extra_body=body)
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=model, contents=asked.HELLO)
    client.close()
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    if model != FLASH:  # there the vendor names it
        assert path in json.dumps(caught.value.details)


def test_a_model_that_is_not_there(client) -> None:
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="no-such-model", contents=asked.HELLO)
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


@pytest.mark.parametrize("model", VENDORS)
def test_a_client_that_waits_no_longer(gateway, model) -> None:
    gateway.fault(action="stall", seconds=20)
    since = time.time()

    def leave(seconds: float) -> None:
        client = made(gateway, timeout=int(seconds * 1000))
        with pytest.raises(httpx2.TimeoutException):
            client.models.generate_content(model=model, contents=asked.HELLO)
        client.close()

    assert gateway.left(leave, asked_model=model, outcome="client_gone", since=since)


@pytest.mark.parametrize("model", VENDORS)
def test_a_task_that_is_cancelled(gateway, model) -> None:
    gateway.fault(action="stall", seconds=20)
    since = time.time()

    async def cancelled(seconds: float) -> None:
        async with made(gateway).aio as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(seconds):
                    await client.models.generate_content(model=model, contents=asked.HELLO)

    def leave(seconds: float) -> None:
        asyncio.run(cancelled(seconds))

    assert gateway.left(leave, asked_model=model, outcome="client_gone", since=since)


@pytest.mark.parametrize("model", [FLASH, HAIKU])
def test_a_model_that_declines(client, model) -> None:
    directive = "[emulate: block]" if model == FLASH else "[emulate: refuse]"
    done = client.models.generate_content(model=model, contents=f"{directive} something")
    if model == FLASH:
        assert done.prompt_feedback.block_reason
    else:
        assert done.candidates[0].finish_reason in {
            types.FinishReason.SAFETY, types.FinishReason.PROHIBITED_CONTENT,
        }  # fmt: skip
