"""OpenAI's Responses API, through the official SDK."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from fairlead.emulator import EmulatorThread

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS: Any = [
    {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True},
    {"type": "custom", "name": "run_code"},
]
ENCRYPTED: Any = ["reasoning.encrypted_content"]
ASKED = "Weather in Paris and Rome, and run code"


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


def ask(text: Any, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-5-mini", "input": text} | more


def sent_back(response: Any) -> list[dict[str, Any]]:
    """The items of a response and a result for each of its calls, as an agent sends them."""
    items = [item.model_dump(exclude_none=True) for item in response.output]
    for item in items:
        item.pop("parsed_arguments", None)
    results = [
        {"type": f"{item['type']}_output", "call_id": item["call_id"], "output": "21 degrees"}
        for item in items
        if "call_id" in item
    ]
    return [*items, *results]


def test_text(client: openai.OpenAI):
    response = client.responses.create(**ask("Hello"))
    assert "emulated" in response.output_text
    assert response.status == "completed"
    assert [item.type for item in response.output] == ["reasoning", "message"]
    usage = response.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    assert 0 < usage.output_tokens_details.reasoning_tokens < usage.output_tokens


def test_a_stream_says_the_same(client: openai.OpenAI):
    request = ask(ASKED, tools=TOOLS, store=False, include=ENCRYPTED, reasoning={"summary": "auto"})
    whole = client.responses.create(**request)
    with client.responses.stream(**request) as stream:
        events = list(stream)
        folded = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    for kind in (
        "response.reasoning_summary_text.delta",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.done",
    ):
        assert kind in kinds
    assert [item.model_dump() for item in folded.output] != []
    assert sent_back(folded) == sent_back(whole)
    assert folded.usage == whole.usage


def test_the_events_of_a_text(client: openai.OpenAI):
    with client.responses.create(**ask("Hello", model="gpt-4.1"), stream=True) as stream:
        events = list(stream)
    kinds = list(dict.fromkeys(event.type for event in events))
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    said = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert said == events[-1].response.output_text


def test_a_loop_of_tools_without_a_store(client: openai.OpenAI):
    request = ask(ASKED, tools=TOOLS, store=False, include=ENCRYPTED)
    first = client.responses.create(**request)
    kinds = [item.type for item in first.output]
    assert kinds == ["reasoning", *["function_call"] * 2, *["custom_tool_call"] * 2]
    history = [{"role": "user", "content": ASKED}, *sent_back(first)]
    second = client.responses.create(**request | {"input": history})
    assert "21 degrees" in second.output_text


def test_reasoning_comes_back_whole_and_before_its_item(client: openai.OpenAI):
    request = ask(ASKED, tools=TOOLS, store=False, include=ENCRYPTED)
    thought, one, two, *rest = sent_back(client.responses.create(**request))
    user = {"role": "user", "content": ASKED}

    def error(items: list[Any]) -> tuple[Any, ...]:
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.create(**request | {"input": items})
        return caught.value.code, caught.value.param, caught.value.message

    spoiled = {**thought, "encrypted_content": thought["encrypted_content"][:-8] + "AAAAAAA="}
    code, _, _ = error([user, spoiled, one, two, *rest])
    assert code == "invalid_encrypted_content"
    for wrong in ([user, thought, two, one, *rest], [user, thought, user, one, two, *rest]):
        _, param, message = error(wrong)
        assert param == "input"
        assert "without its required following item" in message


def test_a_tool_in_a_namespace_is_called_by_both_names(client: openai.OpenAI):
    tools: Any = [{"type": "namespace", "name": "sky", "description": "", "tools": TOOLS[:1]}]
    call = client.responses.create(**ask("Weather in Rome", tools=tools)).output[-1]
    assert (call.name, call.namespace) == ("get_weather", "sky")


def test_conversations_are_stored(client: openai.OpenAI):
    first = client.responses.create(**ask(ASKED, tools=TOOLS))
    results: Any = [item for item in sent_back(first) if item["type"].endswith("_output")]
    more: Any = {"previous_response_id": first.id, "tools": TOOLS}
    with pytest.raises(openai.BadRequestError, match="No tool output found"):
        client.responses.create(**ask("So?", **more))
    second = client.responses.create(**ask(results, **more))
    assert "21 degrees" in second.output_text
    assert second.previous_response_id == first.id
    assert second.usage.input_tokens > first.usage.input_tokens
    assert client.responses.retrieve(second.id) == second
    newest = [item.type for item in client.responses.input_items.list(second.id)]
    oldest = [item.type for item in client.responses.input_items.list(second.id, order="asc")]
    assert newest == oldest[::-1]
    assert oldest[0] == "message"
    assert len(oldest) == 1 + len(first.output) + len(results)
    with client.responses.retrieve(second.id, stream=True, starting_after=1) as stream:
        assert next(iter(stream)).sequence_number == 2
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError, match=first.id):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**ask("So?", previous_response_id=first.id))
    assert caught.value.code == "previous_response_not_found"


def test_what_is_not_stored_or_of_another_key_is_not_found(
    emulator: EmulatorThread, client: openai.OpenAI
):
    loose = client.responses.create(**ask("Hello", store=False))
    kept = client.responses.create(**ask("Hello"))
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(loose.id)
    with (
        openai.OpenAI(base_url=emulator.url + "/v1", api_key="other", max_retries=0) as other,
        pytest.raises(openai.NotFoundError),
    ):
        other.responses.retrieve(kept.id)


def test_an_answer_of_a_schema_is_parsed(client: openai.OpenAI):
    made = client.responses.parse(**ask("Rome", text_format=City))
    assert isinstance(made.output_parsed, City)


def test_refusals_limits_and_filters(client: openai.OpenAI):
    refused = client.responses.create(**ask("[emulate: refuse]")).output[-1]
    assert refused.content[0].type == "refusal"
    cut = client.responses.create(**ask("Hello", max_output_tokens=60))
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    with client.responses.create(**ask("Hello", max_output_tokens=60), stream=True) as stream:
        assert list(stream)[-1].type == "response.incomplete"
    blocked = client.responses.create(**ask("[emulate: block]"))
    assert blocked.incomplete_details.reason == "content_filter"


def test_the_background_is_done_at_the_first_look(client: openai.OpenAI):
    begun = client.responses.create(**ask("Hello", background=True))
    assert (begun.status, begun.output) == ("queued", [])
    assert client.responses.retrieve(begun.id).status == "completed"
    assert client.responses.cancel(begun.id).status == "completed"
    plain = client.responses.create(**ask("Hello"))
    with pytest.raises(openai.BadRequestError, match="synchronous"):
        client.responses.cancel(plain.id)


def test_input_tokens(client: openai.OpenAI):
    counted = client.responses.input_tokens.count(**ask("Hello"))
    assert counted.input_tokens == client.responses.create(**ask("Hello")).usage.input_tokens


def test_faults_reach_it(client: openai.OpenAI):
    header = {"x-emulate-fault": "stream_error after=1500 message=oops"}
    with (
        client.responses.create(**ask("Hello"), stream=True, extra_headers=header) as stream,
        pytest.raises(openai.APIError, match="oops"),
    ):
        list(stream)
    with pytest.raises(openai.RateLimitError) as caught:
        client.responses.create(**ask("x", extra_headers={"x-emulate-fault": "429 retry_after=2"}))
    assert caught.value.response.headers["retry-after"] == "2"


async def test_it_is_the_same_asynchronously(emulator: EmulatorThread, client: openai.OpenAI):
    other = openai.AsyncOpenAI(base_url=emulator.url + "/v1", api_key="key", max_retries=0)
    async with other:
        answer = await other.responses.create(**ask("Hello", store=False))
    assert answer == client.responses.create(**ask("Hello", store=False))
