"""The official `openai` SDK, Responses, against every vendor behind the gateway."""

import json

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.responses import Response
from tests.acceptance.sdk import asked
from tests.acceptance.sdk.asked import EVERY, FLASH, HAIKU, MINI, PLAIN, VENDORS

TOOLS = [
    {"type": "function", "name": name, "description": what, "parameters": asked.CITY,
     "strict": True}
    for name, what in asked.TOOLS.items()
]  # fmt: skip


def totals(usage) -> None:
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


@pytest.mark.parametrize("model", EVERY)
def test_an_answer(client, model) -> None:
    done = client.responses.create(model=model, input=asked.HELLO)
    assert isinstance(done, Response)
    assert done.status == "completed"
    assert "emulated" in done.output_text.lower()
    assert done.error is None
    assert done._request_id
    totals(done.usage)


@pytest.mark.parametrize("model", EVERY)
def test_a_stream_says_the_same(client, model) -> None:
    whole = client.responses.create(model=model, input=asked.HELLO)
    with client.responses.stream(model=model, input=asked.HELLO) as events:
        seen = list(events)
        done = events.get_final_response()
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert seen[0].type == "response.created"
    assert seen[-1].type == "response.completed"
    said = "".join(e.delta for e in seen if e.type == "response.output_text.delta")
    assert said == done.output_text == whole.output_text
    assert done.usage.model_dump() == whole.usage.model_dump()


@pytest.mark.parametrize("model", VENDORS)
async def test_async(gateway, model) -> None:
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:
        done = await client.responses.create(model=model, input=asked.HELLO)
        stream = await client.responses.create(model=model, input=asked.HELLO, stream=True)
        said = [e.delta async for e in stream if e.type == "response.output_text.delta"]
    assert "".join(said) == done.output_text


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kept", [False, True])
def test_a_loop_of_parallel_tools(client, model, stream, kept) -> None:
    asking = {"model": model, "input": asked.BOTH, "tools": TOOLS, "store": kept}
    if not kept:
        asking["include"] = ["reasoning.encrypted_content"]
    if stream:
        with client.responses.stream(**asking) as events:
            told: dict[str, str] = {}
            for event in events:
                if event.type == "response.function_call_arguments.delta":
                    told[event.item_id] = told.get(event.item_id, "") + event.delta
            done = events.get_final_response()
        calls = [item for item in done.output if item.type == "function_call"]
        assert [told[call.id] for call in calls] == [call.arguments for call in calls]
        assert [call.parsed_arguments for call in calls] == [{"city": "Paris"}] * 2
    else:
        done = client.responses.create(**asking)
        calls = [item for item in done.output if item.type == "function_call"]
    assert [call.name for call in calls] == ["get_weather", "get_time"]
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Paris"}] * 2
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": output}
        for call, output in zip(calls, ("sunny and mild", "five past two"), strict=True)
    ]
    if kept:
        following = {**asking, "input": results, "previous_response_id": done.id}
    else:
        before = [item.to_dict() for item in done.output]
        for item in before:
            item.pop("parsed_arguments", None)  # the SDK's own
        first = {"role": "user", "content": asked.BOTH}
        following = {**asking, "input": [first, *before, *results]}
    raw = client.responses.with_raw_response.create(**following)
    answer = raw.parse()
    assert answer.status == "completed"
    assert "sunny and mild" in answer.output_text
    assert "five past two" in answer.output_text
    assert not {"signature_missing", "thinking_dropped"} & set(
        raw.headers.get("x-fairlead-losses", "").split(", ")
    )
    if kept:
        items = client.responses.input_items.list(answer.id, order="asc").data
        assert [item.type for item in items][-2:] == ["function_call_output"] * 2
        assert client.responses.retrieve(answer.id).output_text == answer.output_text
        client.responses.delete(answer.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(answer.id)


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("none", set()),
        ("required", set(asked.TOOLS)),
        ({"type": "function", "name": "get_time"}, {"get_time"}),
    ],
)
def test_tool_choice(client, model, choice, names) -> None:
    done = client.responses.create(model=model, input=asked.HELLO, tools=TOOLS, tool_choice=choice)
    called = {item.name for item in done.output if item.type == "function_call"}
    assert called <= names
    assert bool(called) == bool(names)


@pytest.mark.parametrize("model", [HAIKU, MINI])
def test_one_call_at_a_time(client, model) -> None:
    done = client.responses.create(
        model=model, input=asked.BOTH, tools=TOOLS, parallel_tool_calls=False
    )
    assert len([item for item in done.output if item.type == "function_call"]) == 1


@pytest.mark.parametrize("model", EVERY)
def test_structured_output_is_parsed(client, model) -> None:
    done = client.responses.parse(model=model, input=asked.HELLO, text_format=asked.Harbour)
    assert isinstance(done.output_parsed, asked.Harbour)
    with client.responses.stream(
        model=model, input=asked.HELLO, text_format=asked.Harbour
    ) as events:
        assert events.get_final_response().output_parsed == done.output_parsed


@pytest.mark.parametrize("model", VENDORS)
def test_a_custom_tool(client, model) -> None:
    tool = {"type": "custom", "name": "run_code", "description": "Runs Python"}
    ask = "Use the run_code tool with 'print(1)'."
    done = client.responses.create(model=model, input=ask, tools=[tool])
    (call,) = [item for item in done.output if item.type == "custom_tool_call"]
    assert call.input
    result = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "it said 1"}
    more = client.responses.create(
        model=model, input=[result], tools=[tool], previous_response_id=done.id
    )
    assert "it said 1" in more.output_text


MEDIA = {
    "image": {"type": "input_image", "image_url": asked.PNG_URL, "detail": "auto"},
    "pdf": {"type": "input_file", "filename": "a.pdf", "file_data": asked.PDF_URL},
}


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("kind", MEDIA)
def test_media(client, model, kind) -> None:
    content = [{"type": "input_text", "text": "What is this?"}, MEDIA[kind]]
    done = client.responses.create(model=model, input=[{"role": "user", "content": content}])
    assert {"image": "image/png", "pdf": "pdf"}[kind] in done.output_text


@pytest.mark.parametrize("model", EVERY)
def test_reasoning_is_shown_counted_and_off(client, model) -> None:
    reasoning = {"effort": "medium", "summary": "auto"}
    done = client.responses.create(model=model, input=asked.HELLO, reasoning=reasoning)
    totals(done.usage)
    assert 0 < done.usage.output_tokens_details.reasoning_tokens < done.usage.output_tokens
    (item,) = [item for item in done.output if item.type == "reasoning"]
    assert item.summary[0].text
    with client.responses.stream(model=model, input=asked.HELLO, reasoning=reasoning) as events:
        deltas = [e.delta for e in events if e.type == "response.reasoning_summary_text.delta"]
    assert "".join(deltas) == "".join(part.text for part in item.summary)
    least = "minimal" if model == MINI else "none"
    raw = client.responses.with_raw_response.create(
        model=model, input=asked.HELLO, reasoning={"effort": least}
    )
    spent = raw.parse().usage.output_tokens_details.reasoning_tokens
    losses = raw.headers.get("x-fairlead-losses", "")
    assert not spent or model == MINI or "thinking_not_off" in losses


@pytest.mark.parametrize("model", VENDORS)
def test_a_conversation_goes_on(client, model) -> None:
    first = client.responses.create(
        model=model, input=asked.HELLO, instructions="Speak as an old sailor would. " * 5
    )
    plain = client.responses.create(model=model, input=asked.HELLO)
    assert first.usage.input_tokens >= plain.usage.input_tokens + 25
    assert "old sailor" not in first.output_text
    more = client.responses.create(
        model=model, input="And to the pilot.", previous_response_id=first.id
    )
    assert more.previous_response_id == first.id
    assert "pilot" in more.output_text
    other = VENDORS[VENDORS.index(model) - 1]
    last = client.responses.create(
        model=other, input="And to the cook.", previous_response_id=more.id
    )
    assert "cook" in last.output_text


@pytest.mark.parametrize("model", PLAIN)
def test_a_limit_cuts(client, model) -> None:
    asking = {"model": model, "input": asked.HELLO, "max_output_tokens": 16}
    if model != asked.OLDER:
        asking["reasoning"] = {"effort": "none"}
    done = client.responses.create(**asking)
    assert done.status == "incomplete"
    assert done.incomplete_details.reason == "max_output_tokens"
    assert done.usage.output_tokens <= 16


@pytest.mark.parametrize("model", VENDORS)
def test_tokens_are_counted(client, model) -> None:
    few = client.responses.input_tokens.count(model=model, input=asked.HELLO)
    many = client.responses.input_tokens.count(
        model=model, input=asked.HELLO, instructions="Be brief. " * 20, tools=TOOLS
    )
    assert few.object == "response.input_tokens"
    assert many.input_tokens > few.input_tokens + 40
    done = client.responses.create(model=model, input=asked.HELLO)
    assert done.usage.input_tokens == few.input_tokens


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (401, openai.InternalServerError, 502),
        (404, openai.NotFoundError, 404),
        (413, openai.APIStatusError, 413),
        (429, openai.RateLimitError, 429),
        (500, openai.InternalServerError, 502),
        (503, openai.InternalServerError, 503),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_a_vendor(client, gateway, model, status, kind, told, stream) -> None:
    gateway.fault(action="status", status=status)
    with pytest.raises(kind) as caught:
        client.responses.create(model=model, input=asked.HELLO, stream=stream)
    assert caught.value.status_code == (500 if (model, status) == (MINI, 500) else told)
    assert caught.value.body["message"]
    assert caught.value.request_id


@pytest.mark.parametrize("model", VENDORS)
def test_a_limit_of_the_vendor_is_waited_for(gateway, model) -> None:
    gateway.fault(action="status", status=429, retry_after=1, times=1)
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=1) as client:
        raw = client.responses.with_raw_response.create(model=model, input=asked.HELLO)
    assert raw.retries_taken == 1


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": 5}, "input"),
        ({"input": [{"role": "pirate", "content": "x"}]}, "input[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_picture"}]}]},
         "input[0].content[0]"),
        ({"input": "x", "temperature": "hot"}, "temperature"),
        ({"input": "x", "reasoning": {"effort": "enormous"}}, "reasoning.effort"),
        ({"input": "x", "tools": [{"type": "function"}]}, "tools[0]"),
        ({"input": [{"type": "function_call_output", "call_id": "x", "output": "y"}]},
         "input[0]"),
        ({"input": "x", "previous_response_id": "resp_never"}, "previous_response_id"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named(client, model, fields, param) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model=model, **fields)
    if model != MINI:  # there the vendor names it
        assert (caught.value.param or "").startswith(param), caught.value
    assert caught.value.type == "invalid_request_error"


def test_a_model_that_is_not_there(client) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(model="no-such-model", input=asked.HELLO)
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("model", VENDORS)
def test_a_client_that_waits_no_longer(client, gateway, model) -> None:
    gateway.fault(action="stall", seconds=20)

    def leave(seconds: float) -> None:
        with pytest.raises(openai.APITimeoutError):
            client.with_options(timeout=seconds).responses.create(model=model, input=asked.HELLO)

    assert gateway.left(leave, asked_model=model, outcome="client_gone")


@pytest.mark.parametrize("model", VENDORS)
def test_a_raw_answer_has_its_headers(client, gateway, model) -> None:
    raw = client.responses.with_raw_response.create(model=model, input=asked.HELLO)
    assert raw.request_id == raw.headers["x-request-id"] == raw.parse()._request_id
    record = gateway.record(raw.headers["x-fairlead-request-id"])
    assert (record.dialect, record.outcome) == ("openai_responses", "ok")


@pytest.mark.parametrize("model", [FLASH, HAIKU])
def test_a_model_that_declines(client, model) -> None:
    directive = "[emulate: block]" if model == FLASH else "[emulate: refuse]"
    done = client.responses.create(model=model, input=f"{directive} something")
    refused = any(
        p.type == "refusal" for i in done.output if i.type == "message" for p in i.content
    )
    filtered = done.incomplete_details and done.incomplete_details.reason == "content_filter"
    assert refused or filtered
