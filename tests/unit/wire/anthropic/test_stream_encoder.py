import json

import pytest
from tests.unit.wire.anthropic.cases import PNG, RESPONSES
from tests.unit.wire.anthropic.models import names

from fairlead.canon import (
    Base64,
    Citation,
    Delta,
    Finish,
    Finished,
    Logprobs,
    Media,
    Opaque,
    PartStart,
    PartStop,
    Problem,
    Refusal,
    Signature,
    Start,
    StreamError,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageUpdate,
    fold,
    unfold,
)
from fairlead.wire.anthropic import CODEC
from fairlead.wire.codec import Reply

REPLY = Reply("claude", 0, "req_1")


def encode(*events, extra=b""):
    encoder = CODEC.stream_encoder(REPLY)
    data = b"".join([encoder.encode(event) for event in events]) + encoder.close(extra)
    return data, encoder.losses


def told(data: bytes) -> list[dict]:
    """The events of a stream; each must be named as its data says."""
    out = []
    for piece in data.decode().split("\n\n")[:-1]:
        name, _, payload = piece.partition("\ndata: ")
        event = json.loads(payload)
        assert name == f"event: {event['type']}"
        out.append(event)
    return out


def check_order(events: list[dict]) -> None:
    """One block is open at a time, indexes count up, and the frame is whole."""
    assert events[0]["type"] == "message_start"
    assert [e["type"] for e in events[-2:]] == ["message_delta", "message_stop"]
    current, following = None, 0
    for event in events[1:-2]:
        if event["type"] == "content_block_start":
            assert current is None
            assert event["index"] == following
            current, following = event["index"], following + 1
        else:
            assert event["index"] == current
            if event["type"] == "content_block_stop":
                current = None
    assert current is None


def decoded(data: bytes):
    decoder = CODEC.stream_decoder()
    return fold(decoder.feed(data) + decoder.close())


@pytest.mark.parametrize("name", RESPONSES)
def test_a_case_survives_the_round_trip(name):
    _, canon = RESPONSES[name]
    data, losses = encode(*unfold(canon))
    check_order(told(data))
    assert losses == []
    assert decoded(data).candidates == canon.candidates
    assert decoded(data).usage == canon.usage


def test_a_stream_as_the_vendor_would_tell_it():
    data, _ = encode(
        Start("msg_1"),
        PartStart(0, Text("")),
        Delta(0, 'a"\n'),
        PartStop(0),
        Finished(Finish("stop")),
        UsageUpdate(Usage(input=1, output=2, thinking_known=False)),
        extra=b'{"cost":1}',
    )
    events = told(data)
    assert [event["type"] for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[0]["message"]["model"] == "claude"
    assert events[2]["delta"] == {"type": "text_delta", "text": 'a"\n'}
    assert events[4]["delta"]["stop_reason"] == "end_turn"
    assert events[4]["usage"]["output_tokens"] == 2
    assert events[4]["usage"]["fairlead"] == {"cost": 1}


def test_interleaved_calls_stand_one_behind_the_other():
    data, losses = encode(
        Start("x"),
        PartStart(0, Text("")),
        Delta(0, "a"),
        PartStart(1, ToolCall("c1", "f", "")),
        PartStart(2, ToolCall("c2", "g", "")),
        Delta(1, '{"x"'),
        Delta(2, '{"y"'),
        Delta(1, ":1}"),
        Delta(2, ":2}"),
        PartStop(1),
        PartStop(2),
        Finished(Finish("tool_calls")),
    )
    check_order(told(data))
    assert losses == []
    assert decoded(data).candidates[0].parts == (
        Text("a"),
        ToolCall("c1", "f", '{"x":1}'),
        ToolCall("c2", "g", '{"y":2}'),
    )


def test_calls_that_never_tell_their_stop_are_told_at_the_end():
    data, losses = encode(
        PartStart(0, ToolCall("c1", "f", "")),
        PartStart(1, ToolCall("c2", "g", "")),
        PartStart(2, ToolCall("c3", "h", "")),
        Delta(0, "{}"),
        Delta(2, '{"z":3}'),
        Delta(1, '{"y":2}'),
    )
    check_order(told(data))
    assert losses == []
    assert decoded(data).candidates[0].parts == (
        ToolCall("c1", "f", "{}"),
        ToolCall("c2", "g", '{"y":2}'),
        ToolCall("c3", "h", '{"z":3}'),
    )


def test_an_interrupted_text_goes_on_in_a_new_block():
    data, _ = encode(
        PartStart(0, Text("")),
        Delta(0, "a"),
        PartStart(1, Thinking()),
        Delta(1, "hm"),
        Delta(0, "b"),
        Delta(5, "c"),
    )
    check_order(told(data))
    assert decoded(data).candidates[0].parts == (Text("a"), Thinking("hm"), Text("b"), Text("c"))


def test_signatures_end_their_block_and_foreign_ones_never_leave():
    data, losses = encode(
        PartStart(0, Thinking("", Signature("anthropic", "mine"))),
        Delta(0, "t"),
        PartStop(0),
        PartStart(1, Thinking()),
        Delta(1, "u", signature=Signature("gemini", "secret")),
        PartStop(1),
        PartStart(2, Text("", Signature("gemini", "secret"))),
        PartStop(2),
    )
    assert b"secret" not in data
    kinds = [event["delta"]["type"] for event in told(data) if event["type"].endswith("k_delta")]
    assert kinds == ["thinking_delta", "signature_delta", "thinking_delta"]
    assert names(tuple(losses)) == ["signature", "signature"]


def test_what_has_no_place_is_named():
    data, losses = encode(
        PartStart(0, Media("image", "image/png", Base64(PNG))),
        PartStop(0),
        PartStart(1, Opaque("gemini", "executableCode", b"{}")),
        PartStop(1),
        PartStart(2, Refusal("")),
        Delta(2, "no"),
        Delta(2, citation=Citation("gemini", b"{}")),
        PartStop(2),
        Logprobs("openai_chat", b"[]"),
        PartStart(0, Text("second"), candidate=1),
        Finished(Finish("content_filter", "SAFETY")),
    )
    check_order(told(data))
    assert names(tuple(losses)) == [
        "image_output",
        "block:executableCode",
        "citations",
        "logprobs",
        "n",
    ]
    assert decoded(data).candidates[0].parts == (Text("no"),)
    assert decoded(data).candidates[0].finish == Finish("refusal", "refusal")


def test_a_block_printed_over_lines_stays_one_event():
    raw = b'{\n "type": "web_search_tool_result",\r\n "content": ["a\\nb"]\n}'
    data, _ = encode(PartStart(0, Opaque("anthropic", "web_search_tool_result", raw)), PartStop(0))
    assert told(data)[1]["content_block"] == json.loads(raw)


def test_an_error_ends_the_stream():
    encoder = CODEC.stream_encoder(REPLY)
    encoder.encode(Start())
    data = encoder.encode(StreamError(Problem("overloaded", "busy")))
    assert told(data) == [
        {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "busy"},
            "request_id": "req_1",
        }
    ]
    assert encoder.encode(Delta(0, "x")) == b""
    assert encoder.close() == b""


def test_an_empty_stream_is_whole():
    data, _ = encode()
    check_order(told(data))


FOREIGN = Signature("gemini", "c2ln")


@pytest.mark.parametrize(
    "signed",
    [
        [PartStart(1, Text("", signature=FOREIGN)), PartStop(1)],
        [PartStart(1, Text("")), Delta(1, signature=FOREIGN), PartStop(1)],
    ],
)
def test_a_part_that_is_there_for_a_foreign_signature_is_no_block(signed):
    """Gemini 3 ends its streams with one; clients take the last text block for the answer."""
    data, losses = encode(Start("a"), PartStart(0, Text("Hi.")), PartStop(0), *signed)
    events = told(data)
    check_order(events)
    starts = [event for event in events if event["type"] == "content_block_start"]
    assert [event["index"] for event in starts] == [0]
    assert [loss.what for loss in losses] == ["signature"]


def test_an_empty_text_of_no_signature_stays_and_one_may_find_words_later():
    data, _ = encode(
        Start("a"),
        PartStart(0, Text("")),
        PartStop(0),
        PartStart(1, Text("")),
        Delta(1, text="Late."),
        PartStop(1),
        PartStart(2, Text("")),
    )
    events = told(data)
    check_order(events)
    kinds = [event["type"] for event in events]
    assert kinds.count("content_block_start") == 3
    assert [e["delta"]["text"] for e in events if e["type"] == "content_block_delta"] == ["Late."]


def test_a_call_with_free_text_streams_as_the_object_that_a_whole_answer_has():
    call = ToolCall("c1", "sql", "", custom=True)
    events = [PartStart(0, call), Delta(0, 'SELECT "a"'), Delta(0, "\nFROM b"), PartStop(0)]
    encoder = CODEC.stream_encoder(Reply("m", 0, "r"))
    data = b"".join(encoder.encode(event) for event in events) + encoder.close()
    pieces = [
        json.loads(line[5:])["delta"]["partial_json"]
        for line in data.splitlines()
        if b"partial_json" in line
    ]
    assert json.loads("".join(pieces)) == {"input": 'SELECT "a"\nFROM b'}
    assert b'"input":{}' in data
    assert [loss.what for loss in encoder.losses] == ["custom_tool:sql"]
