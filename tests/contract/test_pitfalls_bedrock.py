"""The lines of the list of pitfalls that Bedrock has its part in, by their numbers."""

import base64
import json
import struct
import zlib

import pytest

from fairlead.upstream.kinds.kind import Opening
from fairlead.upstream.kinds.registry import KINDS
from fairlead.wire.anthropic import CODEC

BEDROCK = KINDS["bedrock"]
FRAMED = {"content-type": "application/vnd.amazon.eventstream"}


def frame(payload, **headers):
    """One message of AWS's event stream."""
    head = b""
    for name, value in headers.items():
        key, raw = b":" + name.replace("_", "-").encode(), value.encode()
        head += bytes([len(key)]) + key + b"\x07" + struct.pack("!H", len(raw)) + raw
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return body + struct.pack("!I", zlib.crc32(body))


def event(name, **data):
    return frame(json.dumps(data).encode(), message_type="event", event_type=name)


def events(api, *frames):
    """What the relay sees of a stream: Anthropic's events."""
    unframer = BEDROCK.apis[api].unframe(Opening("anthropic", "m", FRAMED))
    out = unframer.feed(b"".join(frames)) + unframer.close()
    return [json.loads(line[6:]) for line in out.split(b"\n") if line.startswith(b"data: ")]


# 33. "Bedrock streams: binary frames, text blocks without contentBlockStart, usage after
#     messageStop, random `p` padding; Invoke wraps base64 `bytes`."


def test_33_converse_opens_no_text_and_tells_its_usage_last():
    usage = {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9}
    told = events(
        "converse",
        event("messageStart", role="assistant", p="abcdef"),
        event("contentBlockDelta", contentBlockIndex=0, delta={"text": "Hi"}, p="abc"),
        event("contentBlockStop", contentBlockIndex=0, p="abcdefghijkl"),
        event("messageStop", stopReason="end_turn", p=""),
        event("metadata", usage=usage, metrics={"latencyMs": 5}, p="ab"),
    )
    assert [each["type"] for each in told] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert told[2]["delta"] == {"type": "text_delta", "text": "Hi"}
    assert told[4]["delta"]["stop_reason"] == "end_turn"
    assert told[4]["usage"]["input_tokens"] == 7
    assert told[4]["usage"]["output_tokens"] == 2
    assert '"p"' not in json.dumps(told)


def test_33_an_invoked_streams_events_are_base64_in_json():
    start = {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 7}}}
    wrapped = base64.b64encode(json.dumps(start).encode()).decode()
    told = events("invoke", event("chunk", bytes=wrapped, p="abcdefgh"))
    assert told[0] == start


# 34. "errors in mid-stream: Bedrock exception frames"


@pytest.mark.parametrize("api", ["invoke", "converse"])
def test_34_an_exception_is_a_frame_of_the_stream(api):
    fault = frame(
        b'{"message": "Too many tokens"}',
        message_type="exception",
        exception_type="throttlingException",
    )
    told = events(api, fault)
    assert told[-1]["type"] == "error"
    assert told[-1]["error"]["type"] == "rate_limit_error"
    assert "Too many tokens" in told[-1]["error"]["message"]


# 35. "status alone lies: Bedrock 403 [R]"; 37. "Bedrock's body is only {"message"}, the type is in
#     a header"


def test_35_a_refused_signature_is_the_operators_affair_and_a_bad_request_is_not():
    header = {"x-amzn-errortype": "UnrecognizedClientException"}
    problem = BEDROCK.decode_error(403, header, b'{"message": "The security token is invalid."}')
    assert problem.kind == "upstream_auth"
    long = b'{"message": "Input is too long for requested model."}'
    overflow = BEDROCK.decode_error(400, {"x-amzn-errortype": "ValidationException"}, long)
    assert overflow.kind == "context_length_exceeded"


def test_37_the_type_is_in_a_header():
    body = b'{"message": "no"}'
    quota = {"x-amzn-errortype": "ServiceQuotaExceededException:http://internal.amazon.com/coral/"}
    told = BEDROCK.decode_error(400, quota, body)
    assert (told.kind, told.upstream_code) == ("rate_limited", "ServiceQuotaExceededException")
    assert BEDROCK.decode_error(400, {}, body).kind == "invalid_request"
    back = json.loads(CODEC.encode_error(told, "fl-1"))
    assert back["error"]["type"] == "rate_limit_error"


# 36. "retry hints: Bedrock 424, 408, 429 (ModelNotReady)"


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (424, "ModelErrorException"),
        (408, "ModelTimeoutException"),
        (429, "ModelNotReadyException"),
        (429, "ThrottlingException"),
    ],
)
def test_36_what_may_be_asked_again(status, name):
    told = BEDROCK.decode_error(status, {"x-amzn-errortype": name}, b'{"message": "no"}')
    assert told.retryable


# 39. "count_tokens: Bedrock rejects `us.` profiles and server tools"


def test_39_bedrock_is_not_asked_to_count():
    assert BEDROCK.counting == ()
    assert all(kind.counting == () for kind in BEDROCK.apis.values())
