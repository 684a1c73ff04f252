"""Recorded traffic of Bedrock: answers and streams as botocore's own parser reads them, and its
requests, translated to Anthropic's dialect by the emulator's reader, back into Converse.
"""

import json
from typing import Any

import pytest
from tests.unit.wire.bedrock.recorded_bedrock import answered, asked, rows, streamed

from fairlead.canon import Response, StreamError, Text, Thinking, ToolCall, fold
from fairlead.emulator.authority.bedrock import bedrock_faults
from fairlead.emulator.faces.bedrock.converse_reading import messages_body
from fairlead.wire.anthropic import CODEC
from fairlead.wire.bedrock.converse_answer import converse_answer
from fairlead.wire.bedrock.converse_request import converse_body
from fairlead.wire.bedrock.converse_stream import ConverseStream
from fairlead.wire.bedrock.errors import decode_error
from fairlead.wire.bedrock.invoke_stream import InvokeStream

botocore_loaders = pytest.importorskip("botocore.loaders")
botocore_model = pytest.importorskip("botocore.model")
botocore_parsers = pytest.importorskip("botocore.parsers")
botocore_eventstream = pytest.importorskip("botocore.eventstream")


@pytest.fixture(scope="module")
def service() -> Any:
    loaded = botocore_loaders.Loader().load_service_model("bedrock-runtime", "service-2")
    return botocore_model.ServiceModel(loaded, "bedrock-runtime")


def told(answer: Response) -> tuple[str, str, list[tuple[str, Any]]]:
    """Text, thoughts and calls of an answer."""
    parts = answer.candidates[0].parts
    return (
        "".join(part.text for part in parts if isinstance(part, Text)),
        "".join(part.text for part in parts if isinstance(part, Thinking)),
        [(p.name, json.loads(p.arguments or "{}")) for p in parts if isinstance(p, ToolCall)],
    )


def as_botocore(blocks: list[dict[str, Any]]) -> tuple[str, str, list[tuple[str, Any]]]:
    text, thoughts, calls = "", "", []
    for block in blocks:
        text += block.get("text", "")
        cited = block.get("citationsContent", {})
        text += "".join(piece.get("text", "") for piece in cited.get("content", ()))
        thoughts += block.get("reasoningContent", {}).get("reasoningText", {}).get("text", "")
        call = block.get("toolUse")
        if call is not None and call.get("type") in (None, "tool_use"):
            calls.append((call["name"], call["input"]))
    return text, thoughts, calls


def assert_usage(answer: Response, usage: dict[str, Any]) -> None:
    assert answer.usage is not None
    assert answer.usage.input == usage["inputTokens"]
    assert answer.usage.completion_total == usage["outputTokens"]
    assert answer.usage.cache_read == usage.get("cacheReadInputTokens", 0)
    written = answer.usage.cache_write_5m + answer.usage.cache_write_1h
    assert written == usage.get("cacheWriteInputTokens", 0)
    assert answer.usage.total == usage["totalTokens"]


def test_whole_answers_say_what_botocore_reads(service) -> None:
    shape = service.operation_model("Converse").output_shape
    parser = botocore_parsers.RestJSONParser()
    found = answered("converse", stream=False)
    for row in found:
        body = row["response"]["body_text"].encode()
        theirs = parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)
        answer = CODEC.decode_response(converse_answer(body, "m", "r"))
        assert told(answer) == as_botocore(theirs["output"]["message"]["content"])
        assert_usage(answer, theirs["usage"])
        finish = answer.candidates[0].finish
        assert finish is not None
        assert finish.raw == stopped(theirs["stopReason"])
    assert len(found) > 150


def test_streams_say_what_botocore_reads(service) -> None:
    shape = service.operation_model("ConverseStream").output_shape.members["stream"]
    parser = botocore_parsers.EventStreamJSONParser()
    found = answered("converse", stream=True)
    for row in found:
        data = streamed(row)
        buffer = botocore_eventstream.EventStreamBuffer()
        buffer.add_data(data)
        blocks: dict[int, dict[str, Any]] = {}
        usage = stop = None
        for message in buffer:
            event = parser.parse(message.to_response_dict(), shape)
            start = event.get("contentBlockStart")
            if start is not None and "toolUse" in start["start"]:
                blocks[start["contentBlockIndex"]] = {
                    "toolUse": {**start["start"]["toolUse"], "input": ""}
                }
            delta = event.get("contentBlockDelta")
            if delta is not None:
                grow(blocks.setdefault(delta["contentBlockIndex"], {}), delta["delta"])
            usage = event.get("metadata", {}).get("usage", usage)
            stop = event.get("messageStop", {}).get("stopReason", stop)
        for block in blocks.values():
            if "toolUse" in block:
                block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
        unframer, decoder = ConverseStream("m", "r"), CODEC.stream_decoder()
        events = decoder.feed(unframer.feed(data) + unframer.close()) + decoder.close()
        assert not any(isinstance(event, StreamError) for event in events)
        answer = fold(events)
        assert told(answer) == as_botocore([blocks[key] for key in sorted(blocks)])
        assert usage is not None
        assert_usage(answer, usage)
        assert answer.candidates[0].finish.raw == stopped(stop)
    assert len(found) > 20


def stopped(word: str | None) -> str | None:
    return "refusal" if word in {"guardrail_intervened", "content_filtered"} else word


def grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    if "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    thought = delta.get("reasoningContent", {}).get("text")
    if thought is not None:
        inner = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
        inner["text"] += thought


def test_invoked_streams_are_anthropics_own_bytes() -> None:
    found = answered("invoke", stream=True)
    for row in found:
        data = streamed(row)
        unframer, decoder = InvokeStream(), CODEC.stream_decoder()
        events = decoder.feed(unframer.feed(data) + unframer.close()) + decoder.close()
        assert not any(isinstance(event, StreamError) for event in events)
        assert fold(events).usage is not None
    assert len(found) >= 9


def test_a_stream_that_was_cut_off_is_an_error_wherever_it_ends() -> None:
    data = streamed(answered("converse", stream=True)[0])
    for size in range(0, len(data) - 1, 97):
        unframer, decoder = ConverseStream("m", "r"), CODEC.stream_decoder()
        events = decoder.feed(unframer.feed(data[:size]) + unframer.close()) + decoder.close()
        assert isinstance(events[-1], StreamError), size


def test_requests_of_converse_come_back_as_they_were(service) -> None:
    """From Converse to Anthropic's dialect and back: botocore takes each, and what it says stays."""
    seen = 0
    for row in rows():
        said = asked(row)
        if row["op"] != "converse" or not said or row["response"]["status"] != 200:
            continue
        body = messages_body(said) if not list(bedrock_faults("Converse", said)) else ""
        if isinstance(body, str):  # a block that Claude does not take (video, a prompt's variable)
            continue
        encoded = converse_body(json.dumps({**body, "model": "m"}).encode(), {})
        again = json.loads(encoded.body)
        assert list(bedrock_faults("Converse", again)) == [], row["id"]
        assert [turn["role"] for turn in again["messages"]] == [t["role"] for t in said["messages"]]
        assert texts(again) == texts(said), row["id"]
        assert named(again) == named(said)
        for key, value in said.get("inferenceConfig", {}).items():
            assert again["inferenceConfig"].get(key, []) == value
        seen += 1
    assert seen > 150


def texts(body: dict[str, Any]) -> list[str]:
    blocks = [block for turn in body["messages"] for block in turn["content"]]
    return [text for block in blocks if (text := plain(block)) is not None]


def plain(block: dict[str, Any]) -> str | None:
    """A block's text, also one that a guardrail looks at or that cites."""
    if "guardContent" in block:
        return block["guardContent"]["text"]["text"]
    if "citationsContent" in block:
        return "".join(piece["text"] for piece in block["citationsContent"].get("content", ()))
    return block.get("text")


def named(body: dict[str, Any]) -> list[str]:
    return [
        tool["toolSpec"]["name"]
        for tool in body.get("toolConfig", {}).get("tools", ())
        if "toolSpec" in tool
    ]


def test_recorded_refusals_are_understood() -> None:
    kinds = set()
    for row in rows():
        if row["response"]["status"] != 200:
            problem = decode_error(400, {}, row["response"]["body_text"].encode())
            assert problem.message
            assert not problem.retryable
            kinds.add(problem.kind)
    assert kinds == {"invalid_request", "model_not_found", "context_length_exceeded"}
