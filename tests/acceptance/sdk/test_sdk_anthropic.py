"""The official `anthropic` SDK against every vendor behind the gateway."""

import json

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import Message
from tests.acceptance.sdk import asked
from tests.acceptance.sdk.asked import (
    EVERY,
    FLASH,
    HAIKU,
    HAIKU_5,
    MINI,
    PLAIN,
    SUCCESSORS,
    VENDORS,
)

HELLO = [{"role": "user", "content": asked.HELLO}]
BOTH = [{"role": "user", "content": asked.BOTH}]
MAX = 4000
TOOLS = [
    {"name": name, "description": what, "input_schema": asked.CITY}
    for name, what in asked.TOOLS.items()
]
ADAPTIVE = {HAIKU_5}


def thinking(model):
    """Thinking in the words that the model's vendor takes, or in the common ones."""
    return {"type": "adaptive"} if model in ADAPTIVE else {"type": "enabled", "budget_tokens": 2000}


@pytest.fixture(scope="module")
def client(gateway):
    with Anthropic(base_url=gateway.url, api_key="any", max_retries=0) as made:
        yield made


def text(message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("model", EVERY)
def test_an_answer(client, model) -> None:
    done = client.messages.create(model=model, max_tokens=MAX, messages=HELLO)
    assert isinstance(done, Message)
    assert "emulated" in text(done).lower()
    assert (done.role, done.stop_reason) == ("assistant", "end_turn")
    assert done._request_id
    assert done.usage.input_tokens > 0
    assert done.usage.output_tokens > 0


@pytest.mark.parametrize("model", EVERY)
def test_a_stream_says_the_same(client, model) -> None:
    whole = client.messages.create(model=model, max_tokens=MAX, messages=HELLO)
    with client.messages.stream(model=model, max_tokens=MAX, messages=HELLO) as stream:
        told = "".join(stream.text_stream)
        done = stream.get_final_message()
        assert stream.request_id
    assert told == text(done) == text(whole)
    assert done.stop_reason == "end_turn"
    assert done.usage.output_tokens == whole.usage.output_tokens
    assert done.usage.input_tokens == whole.usage.input_tokens
    assert all(block.text for block in done.content if block.type == "text")


@pytest.mark.parametrize("model", VENDORS)
async def test_async(gateway, model) -> None:
    async with AsyncAnthropic(base_url=gateway.url, api_key="any", max_retries=0) as client:
        done = await client.messages.create(model=model, max_tokens=MAX, messages=HELLO)
        async with client.messages.stream(model=model, max_tokens=MAX, messages=HELLO) as stream:
            pieces = [piece async for piece in stream.text_stream]
    assert "".join(pieces) == text(done)


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
@pytest.mark.parametrize("place", ["api_key", "auth_token"])
def test_versions_and_places_of_the_key(gateway, model, version, place) -> None:
    headers = {"anthropic-version": version, "anthropic-beta": "some-beta-2026-01-01"}
    with Anthropic(
        base_url=gateway.url, max_retries=0, default_headers=headers, **{place: "any"}
    ) as client:
        done = client.beta.messages.create(model=model, max_tokens=MAX, messages=HELLO)
    assert text(done)


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("thinks", [False, True])
def test_a_loop_of_parallel_tools(client, model, stream, thinks) -> None:
    asking = {"model": model, "max_tokens": MAX, "tools": TOOLS}
    if thinks:
        asking["thinking"] = thinking(model)
    if stream:
        pieces: dict[int, str] = {}
        with client.messages.stream(**asking, messages=BOTH) as events:
            for event in events:
                if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                    pieces[event.index] = pieces.get(event.index, "") + event.delta.partial_json
            done = events.get_final_message()
        calls = [block for block in done.content if block.type == "tool_use"]
        assert [json.loads(piece) for piece in pieces.values()] == [call.input for call in calls]
    else:
        done = client.messages.create(**asking, messages=BOTH)
        calls = [block for block in done.content if block.type == "tool_use"]
    assert done.stop_reason == "tool_use"
    assert [call.name for call in calls] == ["get_weather", "get_time"]
    assert [call.input for call in calls] == [{"city": "Paris"}] * 2
    assert len({call.id for call in calls}) == 2
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": content}
        for call, content in zip(calls, ("sunny and mild", "five past two"), strict=True)
    ]
    history = [
        *BOTH,
        {"role": "assistant", "content": done.content},
        {"role": "user", "content": results},
    ]
    raw = client.messages.with_raw_response.create(**asking, messages=history)
    answer = raw.parse()
    assert answer.stop_reason == "end_turn"
    assert "sunny and mild" in text(answer)
    assert "five past two" in text(answer)
    assert not {"signature_missing", "thinking_dropped"} & set(
        raw.headers.get("x-fairlead-losses", "").split(", ")
    )


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"type": "none"}, set()),
        ({"type": "any"}, set(asked.TOOLS)),
        ({"type": "tool", "name": "get_time"}, {"get_time"}),
    ],
)
def test_tool_choice(client, model, choice, names) -> None:
    done = client.messages.create(
        model=model, max_tokens=MAX, messages=HELLO, tools=TOOLS, tool_choice=choice
    )
    called = {block.name for block in done.content if block.type == "tool_use"}
    assert called <= names
    assert bool(called) == bool(names)


@pytest.mark.parametrize("model", [HAIKU, MINI])
def test_one_call_at_a_time(client, model) -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    done = client.messages.create(
        model=model, max_tokens=MAX, messages=BOTH, tools=TOOLS, tool_choice=choice
    )
    assert len([block for block in done.content if block.type == "tool_use"]) == 1


@pytest.mark.parametrize("model", EVERY)
def test_structured_output_is_parsed(client, model) -> None:
    asking = {"model": model, "max_tokens": MAX, "messages": HELLO}
    done = client.messages.parse(**asking, output_format=asked.Harbour)
    assert isinstance(done.parsed_output, asked.Harbour)
    schema = anthropic.transform_schema(asked.Harbour)
    config = {"format": {"type": "json_schema", "schema": schema}}
    plain = client.messages.create(**asking, output_config=config)
    assert asked.Harbour.model_validate_json(text(plain)) == done.parsed_output
    with client.messages.stream(**asking, output_format=asked.Harbour) as stream:
        assert stream.get_final_message().parsed_output == done.parsed_output


SOURCES = {
    "image": {"type": "image",
              "source": {"type": "base64", "media_type": "image/png", "data": asked.PNG_64}},
    "document": {"type": "document",
                 "source": {"type": "base64", "media_type": "application/pdf",
                            "data": asked.PDF_64}},
}  # fmt: skip


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("in_result", [False, True])
def test_media(client, model, kind, in_result) -> None:
    if in_result:
        call = {"type": "tool_use", "id": "toolu_1", "name": "get_time", "input": {"city": "Rome"}}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [SOURCES[kind]]}
        messages = [
            *BOTH,
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result, {"type": "text", "text": "What is this?"}]},
        ]
    else:
        content = [{"type": "text", "text": "What is this?"}, SOURCES[kind]]
        messages = [{"role": "user", "content": content}]
    done = client.messages.create(
        model=model, max_tokens=MAX, messages=messages, tools=TOOLS,
        tool_choice={"type": "none"},
    )  # fmt: skip
    plain = client.messages.create(model=model, max_tokens=MAX, messages=HELLO)
    assert done.usage.input_tokens > plain.usage.input_tokens
    assert {"image": "image/png", "document": "pdf"}[kind] in text(done)


@pytest.mark.parametrize("model", VENDORS)
def test_a_picture_that_is_none_names_its_place(client, model) -> None:
    broken = {"type": "base64", "media_type": "image/png", "data": "bm8gcGljdHVyZQ=="}
    content = [{"type": "text", "text": "What?"}, {"type": "image", "source": broken}]
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(
            model=model, max_tokens=MAX, messages=[{"role": "user", "content": content}]
        )
    if model == FLASH:  # elsewhere the vendor says it
        assert "messages[0].content[1]" in str(caught.value)


@pytest.mark.parametrize("model", EVERY)
def test_thinking_is_shown_and_counted(client, model) -> None:
    asking = {"model": model, "max_tokens": MAX, "messages": HELLO}
    raw = client.messages.with_raw_response.create(
        **asking, thinking={**thinking(model), "display": "summarized"}
    )
    done = raw.parse()
    (first, *_) = done.content
    if model == MINI:  # OpenAI's chat completions tell how much was thought, not what
        assert first.type == "text"
        assert "thoughts_visible" in raw.headers["x-fairlead-losses"]
        assert done.usage.output_tokens_details.thinking_tokens > 0
        return
    assert first.type == "thinking"
    assert first.thinking
    assert done.usage.output_tokens_details.thinking_tokens > 0
    with client.messages.stream(
        **asking, thinking={**thinking(model), "display": "summarized"}
    ) as stream:
        shown = [event.thinking for event in stream if event.type == "thinking"]
        final = stream.get_final_message()
    assert "".join(shown) == final.content[0].thinking == first.thinking
    off = client.messages.create(**asking, thinking={"type": "disabled"})
    assert all(block.type == "text" for block in off.content)


@pytest.mark.parametrize("model", SUCCESSORS)
def test_effort(client, model) -> None:
    asking = {"model": model, "max_tokens": MAX, "messages": HELLO}
    done = client.messages.create(
        **asking, thinking={"type": "adaptive"}, output_config={"effort": "low"}
    )
    assert text(done)


@pytest.mark.parametrize("model", VENDORS)
def test_a_system_prompt_is_read(client, model) -> None:
    asking = {"model": model, "max_tokens": MAX, "messages": HELLO}
    rule = "Speak as an old sailor would, and be brief. " * 5
    plain = client.messages.create(**asking)
    ruled = client.messages.create(**asking, system=rule)
    parts = client.messages.create(
        **asking,
        system=[{"type": "text", "text": rule, "cache_control": {"type": "ephemeral"}}],
    )
    assert ruled.usage.input_tokens >= plain.usage.input_tokens + 30
    assert text(ruled) == text(parts)
    assert "old sailor" not in text(ruled)


@pytest.mark.parametrize("model", PLAIN)
def test_stop_sequences(client, model) -> None:
    asking = {"model": model, "max_tokens": MAX, "messages": HELLO}
    whole = text(client.messages.create(**asking))
    word = whole.split()[3]
    done = client.messages.create(**asking, stop_sequences=[word, "never"])
    assert whole.startswith(text(done))
    assert word not in text(done)
    if model == HAIKU:
        assert (done.stop_reason, done.stop_sequence) == ("stop_sequence", word)


@pytest.mark.parametrize("model", PLAIN)
def test_a_limit_cuts(client, model) -> None:
    done = client.messages.create(model=model, max_tokens=5, messages=HELLO)
    assert done.stop_reason == "max_tokens"
    assert 0 < done.usage.output_tokens <= 5


@pytest.mark.parametrize("model", EVERY)
def test_tokens_are_counted(client, model) -> None:
    few = client.messages.count_tokens(model=model, messages=HELLO)
    many = client.messages.count_tokens(
        model=model, messages=HELLO, system="Be brief. " * 20, tools=TOOLS
    )
    assert many.input_tokens > few.input_tokens + 40
    done = client.messages.create(model=model, max_tokens=MAX, messages=HELLO)
    assert done.usage.input_tokens == few.input_tokens
    assert few._request_id


ERRORS = [
    (401, anthropic.InternalServerError, 502),
    (403, anthropic.InternalServerError, 502),
    (404, anthropic.NotFoundError, 404),
    (413, anthropic.RequestTooLargeError, 413),
    (429, anthropic.RateLimitError, 429),
    (500, anthropic.InternalServerError, 502),
    (503, anthropic.ServiceUnavailableError, 503),
    (504, anthropic.DeadlineExceededError, 504),
]


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(("status", "kind", "told"), ERRORS)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_a_vendor(client, gateway, model, status, kind, told, stream) -> None:
    gateway.fault(action="status", status=status)
    with pytest.raises(kind) as caught:
        client.messages.create(model=model, max_tokens=MAX, messages=HELLO, stream=stream)
    assert caught.value.status_code == (500 if (model, status) == (HAIKU, 500) else told)
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["message"]
    assert caught.value.request_id


def test_an_overload_in_its_own_words(client, gateway) -> None:
    gateway.fault(action="status", status=529)
    with pytest.raises(anthropic.OverloadedError) as caught:
        client.messages.create(model=HAIKU, max_tokens=MAX, messages=HELLO)
    assert caught.value.status_code == 529


@pytest.mark.parametrize("model", VENDORS)
def test_a_limit_of_the_vendor_is_waited_for(gateway, model) -> None:
    gateway.fault(action="status", status=429, retry_after=1, times=1)
    with Anthropic(base_url=gateway.url, api_key="any", max_retries=1) as client:
        raw = client.messages.with_raw_response.create(model=model, max_tokens=MAX, messages=HELLO)
        assert raw.retries_taken == 1
        gateway.fault(action="status", status=429, retry_after=7)
        with pytest.raises(anthropic.RateLimitError) as caught:
            client.with_options(max_retries=0).messages.create(
                model=model, max_tokens=MAX, messages=HELLO
            )
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("model", VENDORS)
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "pirate", "content": "x"}]}, "messages[0].role"),
        ({"messages": HELLO, "stop_sequences": 5}, "stop_sequences"),
        ({"messages": HELLO, "tools": [{"name": "x"}]}, "tools[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]},
         "messages[0].content[0]"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named(client, model, fields, path) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**{"model": model, "max_tokens": MAX, **fields})
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    if model != HAIKU:  # there the vendor names it
        assert path in caught.value.body["error"]["message"]


def test_a_model_that_is_not_there(client) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.messages.create(model="no-such-model", max_tokens=MAX, messages=HELLO)
    assert caught.value.body["error"]["type"] == "not_found_error"


@pytest.mark.parametrize("model", VENDORS)
def test_a_client_that_waits_no_longer(client, gateway, model) -> None:
    gateway.fault(action="stall", seconds=20)

    def leave(seconds: float) -> None:
        patient = client.with_options(timeout=seconds)
        with pytest.raises(anthropic.APITimeoutError):
            patient.messages.create(model=model, max_tokens=MAX, messages=HELLO)

    assert gateway.left(leave, asked_model=model, outcome="client_gone")


@pytest.mark.parametrize("model", VENDORS)
def test_a_raw_answer_has_its_headers(client, gateway, model) -> None:
    raw = client.messages.with_raw_response.create(model=model, max_tokens=MAX, messages=HELLO)
    assert raw.request_id == raw.headers["request-id"] == raw.parse()._request_id
    record = gateway.record(raw.headers["x-fairlead-request-id"])
    assert (record.dialect, record.outcome) == ("anthropic", "ok")


@pytest.mark.parametrize("model", [FLASH, HAIKU])
def test_a_model_that_declines(client, model) -> None:
    directive = "[emulate: block]" if model == FLASH else "[emulate: refuse]"
    ask = [{"role": "user", "content": f"{directive} something"}]
    done = client.messages.create(model=model, max_tokens=MAX, messages=ask)
    assert done.stop_reason == "refusal"
