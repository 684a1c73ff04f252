"""`previous_response_id` on the gateway's own store, through OpenAI's SDK, whichever model answers."""

import json
import time

import openai
import pytest

from fairlead.limits.keys import KeyStore

FLASH, HAIKU, GPT = "gemini-2.5-flash", "claude-haiku-4-5-20251001", "gpt-4o-mini"


@pytest.fixture
def client(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as made:
        yield made


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("second", [FLASH, HAIKU, GPT])
@pytest.mark.parametrize("first", [FLASH, HAIKU, GPT])
def test_a_conversation_goes_on_whichever_model_answers(client, gateway, first, second, stream):
    one = say(client, stream, model=first, input="My name is Ada. [emulate: words=5]")
    two = say(client, stream, model=second, input="What is my name?", previous_response_id=one.id)
    assert two.status == "completed"
    # A vendor of the client's dialect got the conversation whole, so its own bytes name none.
    assert two.previous_response_id == (one.id if second != GPT or first == GPT else None)
    asked = gateway.emulator.requests[-1]
    assert asked.usage["input"] > 8, "the vendor got the conversation"
    three = say(client, stream, model=first, input="And?", previous_response_id=two.id)
    assert "Turns: 5" in three.output_text or first != FLASH, three.output_text
    assert client.responses.retrieve(three.id).output_text == three.output_text


def say(client, stream, **asked):
    if not stream:
        return client.responses.create(**asked)
    with client.responses.stream(**asked) as events:
        for _ in events:
            pass
        return events.get_final_response()


def test_a_tool_loop_is_left_with_the_gateway(client) -> None:
    tool = {
        "type": "function", "name": "weather", "strict": False,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }  # fmt: skip
    ask = {"tools": [tool], "tool_choice": "required"}
    one = client.responses.create(
        model=FLASH, input="Use the weather tool for Rome and Paris.", **ask
    )
    calls = [item for item in one.output if item.type == "function_call"]
    assert calls
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        for call in calls
    ]
    two = client.responses.create(
        model=HAIKU, input=results, previous_response_id=one.id, tools=[tool]
    )
    assert "sunny" in two.output_text
    listed = client.responses.input_items.list(two.id)
    assert [item.type for item in listed] == ["function_call_output"] * len(calls)


def test_stored_answers_are_read_listed_and_deleted(client, gateway) -> None:
    one = client.responses.create(model=HAIKU, input="First. [emulate: words=5]")
    two = client.responses.create(model=HAIKU, input="Second.", previous_response_id=one.id)
    (item,) = client.responses.input_items.list(two.id).data
    assert item.content[0].text == "Second."
    client.responses.delete(one.id)
    with pytest.raises(openai.NotFoundError, match="not found"):
        client.responses.retrieve(one.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.delete(one.id)
    with pytest.raises(openai.BadRequestError, match=one.id) as refused:
        client.responses.create(model=HAIKU, input="Third.", previous_response_id=two.id)
    assert refused.value.param == "previous_response_id"
    assert refused.value.code == "previous_response_not_found"


@pytest.mark.parametrize("model", [FLASH, GPT])
def test_what_is_not_to_be_stored_is_not(client, model) -> None:
    one = client.responses.create(model=model, input="Hi.", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(one.id)
    with pytest.raises(openai.BadRequestError, match="not found"):
        client.responses.create(model=FLASH, input="And?", previous_response_id=one.id)


def test_what_the_vendor_stored_too_is_deleted_there(client, gateway) -> None:
    one = client.responses.create(model=GPT, input="Hi.")
    straight = openai.OpenAI(
        base_url=f"{gateway.emulator.url}/v1", api_key="emulated-openai-key", max_retries=0
    )
    with straight:
        assert straight.responses.retrieve(one.id).id == one.id
        client.responses.delete(one.id)
        with pytest.raises(openai.NotFoundError):
            straight.responses.retrieve(one.id)


def test_pages_of_items(gateway, client) -> None:
    items = [{"role": "user", "content": f"Number {n}."} for n in range(5)]
    one = client.responses.create(model=FLASH, input=items)
    texts = [i.content[0].text for i in client.responses.input_items.list(one.id, limit=2)]
    assert texts == [f"Number {n}." for n in reversed(range(5))]
    texts = [
        i.content[0].text for i in client.responses.input_items.list(one.id, limit=3, order="asc")
    ]
    assert texts == [f"Number {n}." for n in range(5)]
    bad = gateway.request("GET", f"/v1/responses/{one.id}/input_items?limit=0")
    assert (bad.status, bad.json()["error"]["param"]) == (400, "limit")


def test_one_key_never_sees_anothers_conversations(start) -> None:
    gateway = start()
    store = KeyStore(gateway.database)
    (_, mine), (_, theirs) = store.create("mine"), store.create("theirs")

    def ask(key, **body):
        data = json.dumps({"model": HAIKU, "input": "Hi.", **body}).encode()
        return gateway.request("POST", "/v1/responses", data, {"authorization": f"Bearer {key}"})

    deadline = time.monotonic() + 60
    while gateway.request("GET", "/v1/models").status != 401:  # new keys are seen within a second
        assert time.monotonic() < deadline
        time.sleep(0.05)
    one = ask(mine).json()
    assert ask(mine, previous_response_id=one["id"]).status == 200
    stolen = ask(theirs, previous_response_id=one["id"])
    assert stolen.status == 400
    assert stolen.json()["error"]["code"] == "previous_response_not_found"
    for method in ("GET", "DELETE"):
        reply = gateway.request(
            method, f"/v1/responses/{one['id']}", None, {"authorization": f"Bearer {theirs}"}
        )
        assert reply.status == 404
    kept = gateway.request(
        "GET", f"/v1/responses/{one['id']}", None, {"authorization": f"Bearer {mine}"}
    )
    assert kept.json() == one
