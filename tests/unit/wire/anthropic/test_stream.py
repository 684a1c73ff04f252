import json

import pytest
from tests.unit.wire.anthropic.cases import CITED, SEARCH_RESULT, dump
from tests.unit.wire.anthropic.streams import START, STOP, TEXT, WHOLE, delta, end, sse, stop

from fairlead.canon import (
    Citation,
    Delta,
    Finish,
    Finished,
    Opaque,
    PartStart,
    PartStop,
    Signature,
    Start,
    StreamError,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageUpdate,
    fold,
)
from fairlead.wire.anthropic import CODEC


def decode(data: bytes, size: int | None = None):
    decoder = CODEC.stream_decoder()
    events = []
    for at in range(0, len(data), size or len(data) or 1):
        events += decoder.feed(data[at : at + (size or len(data))])
    return events + decoder.close()


def test_every_kind_of_block():
    answer = fold(decode(WHOLE))
    search = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"q": "x"}}
    assert answer.candidates[0].parts == (
        Thinking("I think", Signature("anthropic", "sig==")),
        Thinking("", Signature("anthropic", "abc"), redacted=True),
        Opaque("anthropic", "server_tool_use", dump(search)),
        Opaque("anthropic", "web_search_tool_result", json.dumps(SEARCH_RESULT).encode()),
        Text(
            "hey ü",
            citations=(Citation("anthropic", json.dumps(CITED).encode(), "https://a.b", "A"),),
        ),
        ToolCall("t1", "f", '{"a": 1}'),
        ToolCall("t2", "g", "{}"),
        Opaque("anthropic", "compaction", b'{"type":"compaction","content":"all told"}'),
    )
    assert answer.candidates[0].finish == Finish("tool_calls", "tool_use")
    assert answer.usage == Usage(input=10, output=5, cache_read=3, thinking_known=False)
    assert (answer.id, answer.model) == ("msg_1", "m")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_cut_tells_the_same_events(newline):
    data = WHOLE.replace(b"\n", newline.encode())
    whole = decode(WHOLE)
    for size in (1, 2, 3, 7, 64, 1000):
        assert fold(decode(data, size)) == fold(whole)
    for cut in range(0, len(data), 1 if newline == "\n" else 17):
        decoder = CODEC.stream_decoder()
        events = decoder.feed(data[:cut]) + decoder.feed(data[cut:]) + decoder.close()
        assert events == whole


def test_text_comes_delta_by_delta():
    decoder = CODEC.stream_decoder()
    assert decoder.feed(sse(START)) == [
        Start("msg_1", "m"),
        UsageUpdate(Usage(input=9, output=1, thinking_known=False)),
    ]
    assert decoder.feed(sse(*TEXT)) == [PartStart(0, Text("")), Delta(0, "he")]
    assert decoder.feed(sse(stop(0))) == [PartStop(0)]
    assert decoder.feed(sse(end("max_tokens"), STOP)) == [
        UsageUpdate(Usage(input=9, output=5, thinking_known=False)),
        Finished(Finish("length", "max_tokens")),
    ]
    assert decoder.close() == []


def problem(data: bytes):
    events = decode(data)
    assert isinstance(events[-1], StreamError)
    assert sum(isinstance(event, StreamError) for event in events) == 1
    return events[-1].problem


@pytest.mark.parametrize("data", [b"", sse(START), sse(START, *TEXT), sse(START, end())])
def test_a_stream_that_ends_early_is_an_error(data):
    found = problem(data)
    assert found.kind == "upstream"
    assert "ended before message_stop" in found.message
    assert found.retryable


@pytest.mark.parametrize(
    "data",
    [
        sse(START) + b"event: content_block_delta\ndata: {\n\n",
        sse(START) + b'data: {"type":"content_block_start","index":0}\n\n',
        sse(START) + b'data: {"type":"content_block_delta","index":"x"}\n\n',
        sse(START) + b'data: {"type":"\xff"}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
        b"<html>502 Bad Gateway</html>\n\n",
        sse(STOP),
    ],
)
def test_a_malformed_stream_is_an_error_and_no_exception(data):
    assert problem(data).kind == "upstream"


def test_an_error_event_ends_the_stream():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    data = sse(START, *TEXT, error, delta(0, type="text_delta", text="never"))
    found = problem(data)
    assert (found.kind, found.message) == ("overloaded", "Overloaded")
    assert fold(decode(data)).candidates[0].parts == (Text("he"),)


def test_an_error_in_place_of_a_stream():
    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}'
    assert problem(body).kind == "rate_limited"


def test_what_follows_the_end_is_not_heard():
    decoder = CODEC.stream_decoder()
    decoder.feed(sse(START, *TEXT, stop(0), end(), STOP))
    assert decoder.feed(sse(*TEXT)) == []
    assert decoder.close() == []


def test_the_last_event_may_lack_its_blank_line():
    data = sse(START, *TEXT, stop(0), end(), STOP).rstrip(b"\n")
    assert not any(isinstance(event, StreamError) for event in decode(data))


def test_the_split_of_cache_writes_outlives_the_delta():
    usage = {
        "input_tokens": 1,
        "output_tokens": 1,
        "cache_creation_input_tokens": 9,
        "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 7},
        "service_tier": "standard",
    }
    opening = {"type": "message_start", "message": {"usage": usage}}
    data = sse(opening, end(output_tokens=8, cache_creation_input_tokens=9), STOP)
    assert fold(decode(data)).usage == Usage(
        input=1,
        output=8,
        cache_write_5m=2,
        cache_write_1h=7,
        thinking_known=False,
        tier="standard",
    )
