"""Streams: each event to the byte's meaning, and what broken ones become."""

import json

import pytest

from fairlead.canon import (
    Candidate,
    Citation,
    Delta,
    Extra,
    Finish,
    Finished,
    FunctionTool,
    Logprobs,
    Media,
    Opaque,
    PartStart,
    PartStop,
    Problem,
    Reasoning,
    Refusal,
    Request,
    Response,
    Sampling,
    Signature,
    Start,
    StreamError,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    Turn,
    Url,
    Usage,
    UsageUpdate,
    fold,
)
from fairlead.wire.codec import Reply
from fairlead.wire.openai_responses import CODEC
from fairlead.wire.openai_responses.left_behind import left_behind

REPLY = Reply("claude-haiku-4-5", 1_700_000_000, "fl-1")
BEGIN = Start("msg_01", "claude", 5)
END = (
    Finished(Finish("tool_calls", "tool_use")),
    UsageUpdate(Usage(input=7, output=3, thinking=2)),
)


def told(*events, reply=REPLY, extra=b""):
    encoder = CODEC.stream_encoder(reply)
    body = b"".join(encoder.encode(event) for event in events) + encoder.close(extra)
    assert body.endswith(b"\n\n")
    found = []
    for chunk in body[:-2].split(b"\n\n"):
        name, data = chunk.split(b"\n")
        event = json.loads(data.removeprefix(b"data: "))
        assert name == b"event: " + event["type"].encode()
        found.append(event)
    assert [event.pop("sequence_number") for event in found] == list(range(len(found)))
    return found, encoder


def kinds(events):
    return [event["type"].removeprefix("response.") for event in events]


def test_a_thought_a_text_and_parallel_calls():
    events, encoder = told(
        BEGIN,
        PartStart(0, Thinking("")),
        Delta(0, "hm"),
        Delta(0, signature=Signature("anthropic", "sig")),
        PartStop(0),
        PartStart(1, Text("")),
        Delta(1, "a"),
        Delta(1, "b"),
        PartStop(1),
        PartStart(2, ToolCall("t1", "f", "")),
        PartStart(3, ToolCall("t2", "g", "")),
        Delta(3, '{"b":1}'),
        Delta(2, "{}"),
        PartStop(2),
        PartStop(3),
        *END,
    )
    assert kinds(events) == [
        *("created", "in_progress"),
        *("output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"),
        *("reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"),
        *("output_item.added", "content_part.added", "output_text.delta", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done"),
        *("output_item.added", "output_item.added"),
        *("function_call_arguments.delta", "function_call_arguments.delta"),
        *("function_call_arguments.done", "output_item.done"),
        *("function_call_arguments.done", "output_item.done"),
        "completed",
    ]
    assert events[0]["response"]["status"] == "in_progress"
    assert events[0]["response"]["id"] == "resp_fl-1"
    assert events[3] == {
        "type": "response.reasoning_summary_part.added",
        "item_id": "rs_fl-1_0",
        "output_index": 0,
        "summary_index": 0,
        "part": {"type": "summary_text", "text": ""},
    }
    assert events[10] == {
        "type": "response.output_text.delta",
        "item_id": "msg_fl-1_1",
        "output_index": 1,
        "content_index": 0,
        "delta": "a",
        "logprobs": [],
    }
    assert events[17] == {
        "type": "response.function_call_arguments.delta",
        "item_id": "fc_fl-1_3",
        "output_index": 3,
        "delta": '{"b":1}',
    }
    final = events[-1]["response"]
    assert final["output"] == [e["item"] for e in sorted(
        (e for e in events if e["type"].endswith("item.done")), key=lambda e: e["output_index"]
    )]  # fmt: skip
    thought = {"type": "summary_text", "text": "hm"}
    assert final["output"][0] == {"id": "rs_fl-1_0", "type": "reasoning", "summary": [thought]}
    assert b"sig" not in encoder.final  # another vendor's proof is nowhere in it
    assert final["output"][3]["arguments"] == '{"b":1}'
    assert final["usage"] == {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 12,
    }
    assert json.loads(encoder.final) == final
    assert encoder.losses == []


def test_a_custom_call_a_refusal_and_an_opaque_item():
    search = Opaque("openai_responses", "web_search_call", b'{\n"type":"web_search_call","id":"w"}')
    events, _ = told(
        BEGIN,
        PartStart(0, search),
        PartStop(0),
        PartStart(1, Refusal("")),
        Delta(1, "no"),
        PartStop(1),
        PartStart(2, ToolCall("c1", "sh", "l", custom=True)),
        Delta(2, "s"),
        PartStop(2),
        Finished(Finish("refusal", "refusal")),
    )
    assert kinds(events)[2:] == [
        *("output_item.added", "output_item.done"),
        *("output_item.added", "content_part.added", "refusal.delta", "refusal.done"),
        *("content_part.done", "output_item.done"),
        *("output_item.added", "custom_tool_call_input.delta", "custom_tool_call_input.delta"),
        *("custom_tool_call_input.done", "output_item.done", "completed"),
    ]
    assert events[-3]["input"] == "ls"
    assert events[-2]["item"] == {
        "id": "ctc_fl-1_2",
        "type": "custom_tool_call",
        "status": "completed",
        "input": "ls",
        "call_id": "c1",
        "name": "sh",
    }


def test_a_citation_is_an_annotation_where_it_has_an_address():
    cited = Citation("anthropic", b"{}", "https://a.b", "A")
    events, encoder = told(
        BEGIN,
        PartStart(0, Text("")),
        Delta(0, "hello"),
        Delta(0, citation=cited),
        Delta(0, citation=Citation("gemini", b"{}")),
        PartStop(0),
    )
    note = {
        "type": "url_citation",
        "url": "https://a.b",
        "title": "A",
        "start_index": 0,
        "end_index": 5,
    }
    (added,) = (e for e in events if e["type"].endswith("annotation.added"))
    assert (added["annotation"], added["annotation_index"]) == (note, 0)
    assert events[-1]["response"]["output"][0]["content"][0]["annotations"] == [note]
    assert [loss.what for loss in encoder.losses] == ["citation"]


def test_texts_side_by_side_are_one_message():
    events, _ = told(
        PartStart(0, Text("a")), PartStop(0), PartStart(1, Text("b")), PartStop(1), *END
    )
    (item,) = events[-1]["response"]["output"]
    assert [part["text"] for part in item["content"]] == ["a", "b"]
    assert [e["content_index"] for e in events if e["type"].endswith("text.done")] == [0, 1]


def test_a_part_that_nobody_announced_is_text():
    events, _ = told(Delta(0, "x"))
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "x"


def test_what_was_cut_off_is_incomplete():
    cut = Finished(Finish("length", "max_tokens"))
    events, _ = told(BEGIN, PartStart(0, Text("")), Delta(0, "he"), cut)
    assert kinds(events)[-1] == "incomplete"
    final = events[-1]["response"]
    assert (final["status"], final["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )
    assert final["output"][0]["status"] == "incomplete"
    events, _ = told(BEGIN, PartStart(0, ToolCall("c", "f", "{")), cut)
    assert events[-1]["response"]["output"][0]["status"] == "incomplete"


CODES = {
    "rate_limited": "rate_limit_exceeded",
    "overloaded": "server_is_overloaded",
    "context_length_exceeded": "context_length_exceeded",
    "upstream": "server_error",
}


@pytest.mark.parametrize("kind", CODES)
def test_an_error_in_mid_stream_is_a_failed_answer(kind):
    problem = StreamError(Problem(kind, "it broke", hint="try later"))
    events, encoder = told(BEGIN, PartStart(0, Text("")), Delta(0, "he"), problem, Delta(0, "x"))
    assert kinds(events)[-2:] == ["error", "failed"]
    assert events[-2]["message"] == events[-2]["error"]["message"] == "it broke. try later"
    final = events[-1]["response"]
    assert final["status"] == "failed"
    assert final["error"] == {"code": CODES[kind], "message": "it broke. try later"}
    assert final["output"][0]["content"][0]["text"] == "he"
    assert json.loads(encoder.final) == final
    decoder = CODEC.stream_decoder()
    body = b"data: " + json.dumps(events[-1]).encode() + b"\n\n"
    (broken,) = [e for e in decoder.feed(body) if isinstance(e, StreamError)]
    assert broken.problem.message == "it broke. try later"


def test_a_fresh_encoder_tells_an_error_too():
    events, _ = told(StreamError(Problem("upstream", "gone")))
    assert [event["type"] for event in events] == ["error", "response.failed"]


def test_an_empty_text_is_no_part_of_its_own():
    sign = Delta(1, "", Signature("gemini", "c2ln"))
    begin = (BEGIN, PartStart(0, Text("")), Delta(0, "he"), PartStop(0))
    events, _ = told(*begin, PartStart(1, Text("")), sign, PartStop(1))
    (item,) = events[-1]["response"]["output"]
    assert [part["text"] for part in item["content"]] == ["he"]
    assert kinds(events).count("content_part.added") == 1
    parts = (Text("he"), Text("", Signature("gemini", "c2ln")))
    whole = CODEC.encode_response(Response(candidates=(Candidate(parts=parts),)), REPLY)
    assert [p["text"] for p in json.loads(whole.body)["output"][0]["content"]] == ["he"]
    events, _ = told(BEGIN, PartStart(0, Text("")), PartStop(0))
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == ""


def test_the_answer_tells_the_request_again():
    space = b'{"type":"namespace","name":"n","description":"",\n"tools":[{"type":"function","name":"g"}]}'
    asked = Request(
        model="auto",
        turns=(Turn("user", (Text("x"),), None, "input"),),
        instructions=(Text("Be brief."),),
        tools=(FunctionTool("g"), FunctionTool("f", "d", b'{\n"type":"object"}', strict=True)),
        tool_choice=ToolChoice("named", ("f",)),
        parallel_tools=False,
        sampling=Sampling(0.5),
        max_tokens=99,
        reasoning=Reasoning(effort="low", visible=True),
        user="u",
        extras=(
            Extra("openai_responses", "tools[0]", space),
            Extra("openai_responses", "metadata", b'{"a":"b"}'),
            Extra("openai_responses", "text.verbosity", b'"low"'),
        ),
    )
    reply = Reply("m", 5, "fl-1", request=asked, previous_response_id="resp_0")
    events, _ = told(
        PartStart(0, ToolCall("c", "g", "{}")), PartStop(0), reply=reply, extra=b'{"cost_usd":"1"}'
    )
    final = events[-1]["response"]
    assert final["tools"] == [
        json.loads(space),
        {
            "type": "function",
            "name": "f",
            "description": "d",
            "parameters": {"type": "object"},
            "strict": True,
        },
    ]
    assert final["tool_choice"] == {"type": "function", "name": "f"}
    assert final["output"][0]["namespace"] == "n"
    assert final["fairlead"] == {"cost_usd": "1"}
    assert {
        "instructions": "Be brief.",
        "max_output_tokens": 99,
        "metadata": {"a": "b"},
        "model": "m",
        "parallel_tool_calls": False,
        "previous_response_id": "resp_0",
        "reasoning": {"effort": "low", "summary": "auto"},
        "temperature": 0.5,
        "text": {"format": {"type": "text"}, "verbosity": "low"},
        "user": "u",
    }.items() <= final.items()
    whole = CODEC.encode_response(fold([PartStart(0, ToolCall("c", "g", "{}"))]), reply)
    assert json.loads(whole.body)["output"] == final["output"]


def test_what_cannot_be_said_is_named():
    picture = Media("image", "image/png", Url("https://a.b"))
    _, encoder = told(
        PartStart(0, picture),
        PartStart(1, Opaque("anthropic", "server_tool_use", b"{}")),
        PartStart(0, Text("b"), candidate=1),
        Delta(0, "c", candidate=1),
        Logprobs("openai_chat", b"[]"),
    )
    assert [(loss.kind, loss.what) for loss in encoder.losses] == [
        ("semantic", "image_output"),
        ("semantic", "anthropic:server_tool_use"),
        ("semantic", "n"),
        ("cosmetic", "logprobs"),
    ]


# From the wire


def stream(*events):
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def decoded(body):
    decoder = CODEC.stream_decoder()
    return decoder.feed(body) + decoder.close()


DONE = {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}}


def test_what_no_delta_told_is_told_when_it_is_done():
    call = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "f", "arguments": ""}
    text = {"type": "output_text", "text": "whole", "annotations": []}
    events = decoded(
        stream(
            {"type": "response.output_item.added", "output_index": 0, "item": call},
            {
                "type": "response.output_item.done",
                "output_index": 0,
                "item": call | {"arguments": "{}"},
            },
            {
                "type": "response.output_text.delta",
                "output_index": 1,
                "content_index": 0,
                "delta": "wh",
            },
            {
                "type": "response.content_part.done",
                "output_index": 1,
                "content_index": 0,
                "part": text,
            },
            DONE,
        )
    )
    (candidate,) = fold(events).candidates
    assert candidate.parts == (ToolCall("c1", "f", "{}"), Text("whole"))
    assert candidate.finish == Finish("tool_calls", "completed")


BROKEN = {
    "error event": stream({"type": "error", "code": "rate_limit_exceeded", "message": "slow"}),
    "error object": stream({"error": {"code": "rate_limit_exceeded", "message": "slow"}}),
    "error in an event": stream(
        {"type": "error", "error": {"code": "rate_limit_exceeded", "message": "slow"}}
    ),
    "failed": stream(
        {
            "type": "response.failed",
            "response": {
                "status": "failed",
                "error": {"code": "rate_limit_exceeded", "message": "slow"},
            },
        }
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_error_is_a_problem(name):
    events = decoded(BROKEN[name])
    assert isinstance(events[-1], StreamError)
    assert (events[-1].problem.kind, events[-1].problem.message) == ("rate_limited", "slow")
    assert events[-1].problem.retryable


def test_a_stream_without_its_last_event_was_cut_off():
    events = decoded(stream({"type": "response.created", "response": {"id": "r"}}))
    assert isinstance(events[-1], StreamError)
    assert events[-1].problem.retryable


def test_unknown_events_and_a_done_are_passed_over():
    events = decoded(
        stream({"type": "response.invented", "output_index": 3}, DONE) + b"data: [DONE]\n\n"
    )
    assert [type(event) for event in events] == [Start, Finished]


LEFT = {
    '{"input":[{"type":"reasoning","summary":[]}]}': True,
    '{"input":[{"type":"reasoning","id":"rs_fl-1_0","summary":[]}]}': True,
    '{"input":[{"type": "reasoning","summary":[],"encrypted_content":null}]}': True,
    '{"input":[{"type":"reasoning","summary":[],"encrypted_content":"gAAA"}]}': False,
    '{"input":[{"type":"reasoning","id":"rs_0af","summary":[]}]}': False,
    '{"input":"my \\"reasoning\\" \\"summary\\""}': False,
    "{": False,
}


@pytest.mark.parametrize("body", LEFT)
def test_what_a_translated_answer_left_behind_is_seen(body):
    assert left_behind(body.encode()) is LEFT[body]
