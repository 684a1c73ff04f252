"""The official `openai` SDK, chat completions, against every vendor behind the gateway."""

import json

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from tests.acceptance.sdk import asked
from tests.acceptance.sdk.asked import EVERY, FLASH, HAIKU, MINI, PLAIN, SUCCESSORS, VENDORS

HELLO = [{"role": "user", "content": asked.HELLO}]
BOTH = [{"role": "user", "content": asked.BOTH}]
TOOLS = [
    {"type": "function",
     "function": {"name": name, "description": what, "parameters": asked.CITY, "strict": True}}
    for name, what in asked.TOOLS.items()
]  # fmt: skip


def totals(usage) -> None:
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


@pytest.mark.parametrize("model", EVERY)
def test_an_answer(client, model) -> None:
    done = client.chat.completions.create(model=model, messages=HELLO)
    assert isinstance(done, ChatCompletion)
    assert done.object == "chat.completion"
    assert "emulated" in done.choices[0].message.content.lower()
    assert done.choices[0].finish_reason == "stop"
    assert done.choices[0].message.role == "assistant"
    assert done._request_id
    assert done.model.startswith(model)
    totals(done.usage)


@pytest.mark.parametrize("model", EVERY)
def test_a_stream_says_the_same(client, model) -> None:
    whole = client.chat.completions.create(model=model, messages=HELLO)
    with client.chat.completions.stream(
        model=model, messages=HELLO, stream_options={"include_usage": True}
    ) as events:
        kinds = [event.type for event in events]
        done = events.get_final_completion()
    assert "content.delta" in kinds
    assert kinds.count("content.done") == 1
    assert done.choices[0].message.content == whole.choices[0].message.content
    assert done.choices[0].finish_reason == "stop"
    assert done.usage.model_dump() == whole.usage.model_dump()


@pytest.mark.parametrize("model", VENDORS)
async def test_async(gateway, model) -> None:
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:
        done = await client.chat.completions.create(model=model, messages=HELLO)
        stream = await client.chat.completions.create(model=model, messages=HELLO, stream=True)
        chunks = [chunk async for chunk in stream]
    assert all(isinstance(chunk, ChatCompletionChunk) for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == 1
    told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert told == done.choices[0].message.content


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_of_parallel_tools(client, model, stream) -> None:
    if stream:
        arguments: dict[int, str] = {}
        with client.chat.completions.stream(model=model, messages=BOTH, tools=TOOLS) as events:
            for event in events:
                if event.type == "tool_calls.function.arguments.delta":
                    arguments[event.index] = arguments.get(event.index, "") + event.arguments_delta
            done = events.get_final_completion()
        calls = done.choices[0].message.tool_calls
        assert [arguments[at] for at in range(2)] == [c.function.arguments for c in calls]
        assert [call.function.parsed_arguments["city"] for call in calls] == ["Paris", "Paris"]
    else:
        done = client.chat.completions.create(model=model, messages=BOTH, tools=TOOLS)
        calls = done.choices[0].message.tool_calls
    assert done.choices[0].finish_reason == "tool_calls"
    assert [call.function.name for call in calls] == ["get_weather", "get_time"]
    assert len({call.id for call in calls}) == 2
    assert all(json.loads(call.function.arguments) == {"city": "Paris"} for call in calls)
    history = [
        *BOTH,
        {"role": "assistant", "content": done.choices[0].message.content,
         "tool_calls": [c.model_dump(include={"id", "type", "function"}) for c in calls]},
        {"role": "tool", "tool_call_id": calls[0].id, "content": "sunny and mild"},
        {"role": "tool", "tool_call_id": calls[1].id, "content": "five past two"},
    ]  # fmt: skip
    for call in history[1]["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=history, tools=TOOLS
    )
    answer = raw.parse().choices[0]
    assert answer.finish_reason == "stop"
    assert "sunny and mild" in answer.message.content
    assert "five past two" in answer.message.content
    assert not {"signature_missing", "thinking_dropped"} & set(
        raw.headers.get("x-fairlead-losses", "").split(", ")
    )


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("none", set()),
        ("required", set(asked.TOOLS)),
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


@pytest.mark.parametrize("model", SUCCESSORS)
def test_a_forced_tool_on_a_successor(client, model) -> None:
    done = client.chat.completions.create(
        model=model, messages=HELLO, tools=TOOLS, tool_choice="required"
    )
    assert done.choices[0].message.tool_calls


@pytest.mark.parametrize("model", [HAIKU, MINI])
def test_one_call_at_a_time(client, model) -> None:
    done = client.chat.completions.create(
        model=model, messages=BOTH, tools=TOOLS, parallel_tool_calls=False
    )
    assert len(done.choices[0].message.tool_calls) == 1


@pytest.mark.parametrize("model", EVERY)
def test_structured_output_is_parsed(client, model) -> None:
    done = client.chat.completions.parse(model=model, messages=HELLO, response_format=asked.Harbour)
    assert isinstance(done.choices[0].message.parsed, asked.Harbour)
    with client.chat.completions.stream(
        model=model, messages=HELLO, response_format=asked.Harbour
    ) as events:
        streamed = events.get_final_completion()
    assert streamed.choices[0].message.parsed == done.choices[0].message.parsed


@pytest.mark.parametrize("model", VENDORS)
def test_parsed_tools(client, model) -> None:
    class GetWeather(asked.BaseModel):
        city: str

    done = client.chat.completions.parse(
        model=model,
        messages=[{"role": "user", "content": "Use the GetWeather tool for Rome"}],
        tools=[openai.pydantic_function_tool(GetWeather)],
    )
    assert isinstance(done.choices[0].message.tool_calls[0].function.parsed_arguments, GetWeather)


MEDIA = {
    "image": {"type": "image_url", "image_url": {"url": asked.PNG_URL}},
    "pdf": {"type": "file", "file": {"filename": "a.pdf", "file_data": asked.PDF_URL}},
    "audio": {"type": "input_audio", "input_audio": {"data": asked.WAV_64, "format": "wav"}},
}


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("kind", MEDIA)
def test_media(client, model, kind) -> None:
    content = [{"type": "text", "text": "What is this?"}, MEDIA[kind]]
    asking = {"model": model, "messages": [{"role": "user", "content": content}]}
    if kind != "audio" or model == FLASH:
        done = client.chat.completions.create(**asking)
        assert {"image": "image/png", "pdf": "pdf", "audio": "wav"}[kind] in done.choices[
            0
        ].message.content
        return
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**asking)
    assert "audio" in str(caught.value)


@pytest.mark.parametrize("model", VENDORS)
def test_a_picture_that_is_none_names_its_place(client, model) -> None:
    url = "data:image/png;base64,bm8gcGljdHVyZQ=="
    content = [
        {"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": url}}
    ]  # fmt: skip
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert caught.value.status_code == 400
    if model != MINI:
        assert "messages[0].content[1]" in (caught.value.param or "")


@pytest.mark.parametrize("model", EVERY)
def test_thinking_is_counted_and_can_be_off(client, model) -> None:
    done = client.chat.completions.create(model=model, messages=HELLO, reasoning_effort="medium")
    totals(done.usage)
    spent = done.usage.completion_tokens_details.reasoning_tokens
    assert 0 < spent < done.usage.completion_tokens
    least = "minimal" if model == MINI else "none"
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=HELLO, reasoning_effort=least
    )
    off = raw.parse()
    losses = raw.headers.get("x-fairlead-losses", "")
    details = off.usage.completion_tokens_details
    if model == MINI:  # it cannot stop
        assert details.reasoning_tokens < spent
    else:
        assert not details or not details.reasoning_tokens or "thinking_not_off" in losses
    assert "reasoning_content" not in (off.choices[0].message.model_extra or {})


@pytest.mark.parametrize("model", [HAIKU, FLASH])
def test_thinking_is_shown(client, model) -> None:
    extra = {"google": {"thinking_config": {"thinking_budget": 2000, "include_thoughts": True}}}
    asking = {"model": model, "messages": HELLO, "extra_body": {"extra_body": extra}}
    done = client.chat.completions.create(**asking)
    shown = done.choices[0].message.model_extra["reasoning_content"]
    assert shown
    chunks = client.chat.completions.create(**asking, stream=True)
    deltas = [c.choices[0].delta for c in chunks]
    assert "".join((d.model_extra or {}).get("reasoning_content") or "" for d in deltas) == shown


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_system_prompt_is_read(client, model, role) -> None:
    plain = client.chat.completions.create(model=model, messages=HELLO)
    rule = {"role": role, "content": "Speak as an old sailor would, and be brief. " * 5}
    ruled = client.chat.completions.create(model=model, messages=[rule, *HELLO])
    assert ruled.usage.prompt_tokens >= plain.usage.prompt_tokens + 30
    assert "old sailor" not in ruled.choices[0].message.content


@pytest.mark.parametrize("model", PLAIN)
def test_stop_sequences(client, model) -> None:
    whole = client.chat.completions.create(model=model, messages=HELLO).choices[0].message.content
    word = whole.split()[3]
    done = client.chat.completions.create(model=model, messages=HELLO, stop=[word, "never"])
    assert done.choices[0].finish_reason == "stop"
    assert whole.startswith(done.choices[0].message.content)
    assert word not in done.choices[0].message.content


@pytest.mark.parametrize("model", PLAIN)
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts(client, model, name) -> None:
    done = client.chat.completions.create(
        model=model, messages=HELLO, reasoning_effort="none" if model != asked.OLDER else openai.omit,
        **{name: 5},
    )  # fmt: skip
    assert done.choices[0].finish_reason == "length"
    assert 0 < done.usage.completion_tokens <= 5


@pytest.mark.parametrize("model", VENDORS)
def test_a_raw_answer_has_its_headers(client, gateway, model) -> None:
    raw = client.chat.completions.with_raw_response.create(model=model, messages=HELLO)
    done = raw.parse()
    assert raw.status_code == 200
    assert raw.request_id == done._request_id == raw.headers["x-request-id"]
    record = gateway.record(raw.headers["x-fairlead-request-id"])
    assert record.usage.output + (record.usage.thinking or 0) == done.usage.completion_tokens
    with client.chat.completions.with_streaming_response.create(
        model=model, messages=HELLO, stream=True
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"


ERRORS = [
    (401, openai.AuthenticationError),
    (403, openai.PermissionDeniedError),
    (404, openai.NotFoundError),
    (413, openai.APIStatusError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
    (503, openai.InternalServerError),
]


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(("status", "kind"), ERRORS)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_a_vendor(client, gateway, model, status, kind, stream) -> None:
    gateway.fault(action="status", status=status)
    if status in {401, 403}:  # of the operator's key: nothing that the client could mend
        kind = openai.InternalServerError
    with pytest.raises(kind) as caught:
        client.chat.completions.create(model=model, messages=HELLO, stream=stream)
    verbatim = model == MINI and status == 500
    told = {401: 502, 403: 502, 500: 502}.get(status, status)
    assert caught.value.status_code == (status if verbatim else told)
    assert caught.value.body["message"]
    assert caught.value.request_id
    assert "Traceback" not in caught.value.message


@pytest.mark.parametrize("model", VENDORS)
def test_a_limit_of_the_vendor_is_waited_for(gateway, model) -> None:
    gateway.fault(action="status", status=429, retry_after=1, times=1)
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=1) as client:
        raw = client.chat.completions.with_raw_response.create(model=model, messages=HELLO)
    assert raw.retries_taken == 1
    gateway.fault(action="status", status=429, retry_after=7)
    with (
        OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client,
        pytest.raises(openai.RateLimitError) as caught,
    ):
        client.chat.completions.create(model=model, messages=HELLO)
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "pirate", "content": "x"}]}, "messages[0].role"),
        ({"messages": HELLO, "temperature": "hot"}, "temperature"),
        ({"messages": HELLO, "tools": [{"type": "function"}]}, "tools[0].function"),
        ({"messages": [*HELLO, {"role": "tool", "tool_call_id": "x", "content": "y"}]},
         "messages[1]"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named(client, model, fields, param) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, **fields)
    if model != MINI:  # there the vendor names it
        assert (caught.value.param or "").startswith(param), caught.value
    assert caught.value.type == "invalid_request_error"


def test_a_model_that_is_not_there(client) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=HELLO)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize("model", VENDORS)
def test_a_client_that_waits_no_longer(client, gateway, model) -> None:
    gateway.fault(action="stall", seconds=20)

    def leave(seconds: float) -> None:
        patient = client.with_options(timeout=seconds)
        with pytest.raises(openai.APITimeoutError):
            patient.chat.completions.create(model=model, messages=HELLO)

    assert gateway.left(leave, asked_model=model, outcome="client_gone")


@pytest.mark.parametrize("model", [FLASH, HAIKU])
def test_a_model_that_declines(client, model) -> None:
    directive = "[emulate: block]" if model == FLASH else "[emulate: refuse]"
    ask = [{"role": "user", "content": f"{directive} something"}]
    done = client.chat.completions.create(model=model, messages=ask)
    assert done.choices[0].finish_reason == "content_filter"
