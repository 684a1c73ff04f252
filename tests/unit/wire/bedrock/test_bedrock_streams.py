import base64
import json
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.wire.bedrock.recorded_bedrock import answered, streamed

from fairlead.canon import StreamError, Thinking, fold
from fairlead.wire.anthropic import CODEC
from fairlead.wire.bedrock.converse_stream import ConverseStream
from fairlead.wire.bedrock.invoke_stream import InvokeStream


def message(payload: bytes, **headers: str) -> bytes:
    head = b""
    for name, value in headers.items():
        raw = value.encode()
        key = b":" + name.replace("_", "-").encode()
        head += bytes([len(key)]) + key + b"\x07" + struct.pack("!H", len(raw)) + raw
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return body + struct.pack("!I", zlib.crc32(body))


def event(name: str, **data: Any) -> bytes:
    return message(json.dumps(data).encode(), message_type="event", event_type=name)


def chunk(**data: Any) -> bytes:
    return event("chunk", bytes=base64.b64encode(json.dumps(data).encode()).decode())


def exception(name: str, text: str = "no") -> bytes:
    payload = json.dumps({"message": text}).encode()
    return message(payload, message_type="exception", exception_type=name)


def told(unframer: ConverseStream | InvokeStream, *data: bytes) -> list[dict[str, Any]]:
    out = b"".join([*(unframer.feed(piece) for piece in data), unframer.close()])
    return [json.loads(line[6:]) for line in out.split(b"\n") if line.startswith(b"data: ")]


START = event("messageStart", role="assistant")
TEXT = event("contentBlockDelta", contentBlockIndex=0, delta={"text": "hel"})
STOP = event("contentBlockStop", contentBlockIndex=0)
USAGE = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
END = event("messageStop", stopReason="end_turn") + event("metadata", usage=USAGE, metrics={})


def test_a_whole_stream_of_converse() -> None:
    found = told(ConverseStream("m", "r-1"), START + TEXT + STOP + END)
    assert [one["type"] for one in found] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert found[0]["message"]["id"] == "msg_bdrk_r-1"
    assert found[0]["message"]["model"] == "m"
    assert found[4]["usage"]["input_tokens"] == 3


@pytest.mark.parametrize("make", [lambda: ConverseStream("m", "r"), InvokeStream])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("throttlingException", "rate_limit_error"),
        ("serviceUnavailableException", "overloaded_error"),
        ("validationException", "invalid_request_error"),
        ("modelStreamErrorException", "api_error"),
        ("modelTimeoutException", "timeout_error"),
        ("ofTomorrowException", "api_error"),
    ],
)
def test_an_exception_ends_it_in_the_dialects_own_words(make, name, kind) -> None:
    found = told(make(), exception(name, "words") + START, TEXT)
    assert [one["type"] for one in found] == ["error"]
    assert found[0]["error"]["type"] == kind
    assert "words" in found[0]["error"]["message"]


@pytest.mark.parametrize(
    "broken",
    [
        START + TEXT[:-1] + b"\0" + STOP,
        START + TEXT[:-1],
        START + TEXT,
        START + message(b"{", message_type="event", event_type="contentBlockDelta"),
        START + event("contentBlockDelta", contentBlockIndex=0),
        START + event("contentBlockDelta", contentBlockIndex=0, delta=None),
        START + message(b"", message_type="error", error_code="500", error_message="broke"),
        START + event("contentBlockStart", contentBlockIndex=0, start={"image": {"format": "png"}}),
        b"{}",
    ],
    ids=["crc", "cut", "no end", "json", "field", "null", "error", "image", "no stream"],
)
def test_what_is_no_stream_is_an_error_and_nothing_comes_after_it(broken) -> None:
    unframer = ConverseStream("m", "r")
    found = told(unframer, broken)
    assert found[-1]["type"] == "error"
    assert unframer.feed(END) == b""
    assert unframer.close() == b""
    decoder = CODEC.stream_decoder()
    again = ConverseStream("m", "r")
    events = decoder.feed(again.feed(broken) + again.close()) + decoder.close()
    assert isinstance(events[-1], StreamError)


def test_redacted_thoughts_come_whole_at_their_end() -> None:
    pieces = [base64.b64encode(text).decode() for text in (b"EuQ", b"Fs=")]
    deltas = [
        event("contentBlockDelta", contentBlockIndex=0, delta={"reasoningContent": {"redactedContent": p}})
        for p in pieces
    ]  # fmt: skip
    decoder, unframer = CODEC.stream_decoder(), ConverseStream("m", "r")
    stream = unframer.feed(b"".join([START, *deltas, STOP, END])) + unframer.close()
    (part,) = fold(decoder.feed(stream) + decoder.close()).candidates[0].parts
    assert isinstance(part, Thinking)
    assert part.redacted
    assert part.signature is not None
    assert part.signature.value == "EuQFs="


@pytest.mark.parametrize("reason", ["guardrail_intervened", "content_filtered"])
def test_a_stream_that_a_guardrail_stopped_is_a_refusal(reason) -> None:
    end = event("messageStop", stopReason=reason) + event("metadata", usage=USAGE, metrics={})
    found = told(ConverseStream("m", "r"), START + TEXT + STOP + end)
    delta = next(one["delta"] for one in found if one["type"] == "message_delta")
    assert delta["stop_reason"] == "refusal"
    assert delta["stop_details"]["type"] == "refusal"


def test_an_invoked_stream_that_a_guardrail_stopped_is_a_refusal() -> None:
    mark = {"amazon-bedrock-guardrailAction": "INTERVENED"}
    found = told(
        InvokeStream(),
        chunk(type="message_start", message={}),
        chunk(type="message_delta", delta={"stop_reason": "end_turn"}, usage={}, **mark),
        chunk(type="message_stop"),
    )
    assert found[1]["delta"]["stop_reason"] == "refusal"


def test_the_sequence_that_stopped_it_is_told() -> None:
    fields = {"stop_sequence": "END"}
    end = event("messageStop", stopReason="stop_sequence", additionalModelResponseFields=fields)
    found = told(
        ConverseStream("m", "r"), START + TEXT + STOP + end + event("metadata", usage=USAGE)
    )
    delta = next(one["delta"] for one in found if one["type"] == "message_delta")
    assert delta == {"stop_reason": "stop_sequence", "stop_sequence": "END"}


def test_what_was_written_to_the_cache_is_told_by_its_time_to_live() -> None:
    usage = {
        **USAGE,
        "cacheReadInputTokens": 7,
        "cacheWriteInputTokens": 30,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 10}, {"ttl": "1h", "inputTokens": 20}],
    }
    end = event("messageStop", stopReason="end_turn") + event("metadata", usage=usage)
    decoder, unframer = CODEC.stream_decoder(), ConverseStream("m", "r")
    answer = fold(decoder.feed(unframer.feed(START + TEXT + STOP + end)) + decoder.close())
    assert answer.usage is not None
    assert answer.usage.cache_read == 7
    assert (answer.usage.cache_write_5m, answer.usage.cache_write_1h) == (10, 20)


def test_events_of_tomorrow_are_passed_over() -> None:
    new = event("somethingNew", a=1)
    delta = event("contentBlockDelta", contentBlockIndex=0, delta={"new": 1})
    found = told(ConverseStream("m", "r"), START + new + TEXT + delta + STOP + END)
    assert found[-1]["type"] == "message_stop"


@given(st.data())
def test_any_cut_gives_the_same_events(data) -> None:
    op = data.draw(st.sampled_from(["converse", "invoke"]))
    stream = streamed(data.draw(st.sampled_from(answered(op, stream=True))))
    make = (lambda: ConverseStream("m", "r")) if op == "converse" else InvokeStream
    one = make()
    whole = one.feed(stream) + one.close()
    size = data.draw(st.integers(1, 997))
    cut = make()
    parts = [cut.feed(stream[at : at + size]) for at in range(0, len(stream), size)]
    assert b"".join(parts) + cut.close() == whole
