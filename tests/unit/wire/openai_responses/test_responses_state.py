"""Conversations that the client leaves with the gateway."""

import json

import pytest

from fairlead.canon import Failure, Text
from fairlead.wire.codec import Reply
from fairlead.wire.openai_responses import CODEC
from fairlead.wire.openai_responses.state import (
    STATE,
    expand,
    input_items,
    previous_id,
    wants_store,
)


def test_what_a_request_says_of_its_past():
    assert previous_id(b'{"previous_response_id":"resp_1"}') == "resp_1"
    assert previous_id(b'{"previous_response_id":null}') is None
    assert previous_id(b"{}") is None
    with pytest.raises(Failure) as refused:
        previous_id(b'{"previous_response_id":5}')
    assert refused.value.problem.param == "previous_response_id"


@pytest.mark.parametrize(("body", "wanted"), [(b"{}", True), (b'{"store":null}', True),
                                              (b'{"store":true}', True), (b'{"store":false}', False)])  # fmt: skip
def test_answers_are_kept_unless_the_client_says_no(body, wanted):
    assert wants_store(body) is wanted


def test_the_items_of_a_request_are_as_they_came():
    assert input_items(b'{"input": [ {"a": 1},  {"b":2}]}') == (b'{"a": 1}', b'{"b":2}')
    (item,) = input_items(b'{"input": "Hi"}')
    content = [{"type": "input_text", "text": "Hi"}]
    assert json.loads(item) == {"type": "message", "role": "user", "content": content}
    assert input_items(b"{}") == ()


def test_history_comes_before_the_input_and_the_rest_stays():
    body = (
        b'{"model":"m", "temperature": 1.50,"previous_response_id":"resp_1","input":"Hi","x":{ }}'
    )
    whole = expand(body, (b'{"role":"user","content":"a"}', b'{"type":"reasoning","id":"rs_1"}'))
    assert b'"temperature":1.50' in whole
    assert b'"x":{ }' in whole
    told = json.loads(whole)
    assert "previous_response_id" not in told
    assert [item.get("type") for item in told["input"]] == [None, "reasoning", "message"]
    assert told["input"][0] == {"role": "user", "content": "a"}


def test_a_reference_to_what_stands_there_goes():
    body = b'{"input":[{"type":"item_reference","id":"msg_1"},{"id":"msg_2"},{"id":"msg_9"},{"role":"user","content":"x"}]}'
    history = (b'{"type":"message","id":"msg_1"}', b'{"type":"message","id":"msg_2"}')
    told = json.loads(expand(body, history))
    assert [item.get("id") for item in told["input"]] == ["msg_1", "msg_2", "msg_9", None]


def test_instructions_are_not_carried_over():
    told = json.loads(expand(b'{"input":"b"}', (b'{"role":"user","content":"a"}',)))
    assert "instructions" not in told


def test_a_conversation_goes_on_from_an_answer_of_ours():
    answer = CODEC.encode_response(
        CODEC.decode_response(
            b'{"id":"r","output":[{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}]}'
        ),
        Reply("m", 1, "fl-1"),
    ).body
    first = b'{"model":"m","input":"Hi"}'
    second = b'{"model":"m","previous_response_id":"resp_fl-1","input":[{"type":"function_call_output","call_id":"c1","output":"ok"}]}'
    assert previous_id(second) == json.loads(answer)["id"]
    whole = expand(
        second,
        (
            *input_items(first),
            *(json.dumps(item).encode() for item in json.loads(answer)["output"]),
        ),
    )
    request = CODEC.decode_request(whole)
    assert [turn.role for turn in request.turns] == ["user", "assistant", "tool"]
    assert request.turns[0].parts == (Text("Hi"),)
    assert request.extras == ()


def test_the_codec_offers_it():
    assert CODEC.state is STATE
    tap = CODEC.usage_tap()
    assert STATE.final(tap) == b""
    tap.feed(b'{"id":"r",')
    tap.feed(b'"output":[]}')
    assert STATE.final(tap) == b'{"id":"r","output":[]}'
