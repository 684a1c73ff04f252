"""Whole answers and streams: one table of cases, told whole and in chunks; what is lost."""

import json

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from fairlead.canon import (
    Base64,
    Candidate,
    Citation,
    Delta,
    Failure,
    Finish,
    Finished,
    Logprobs,
    Media,
    Opaque,
    PartStart,
    PartStop,
    Problem,
    Refusal,
    Response,
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
from fairlead.wire.codec import Reply
from fairlead.wire.openai_chat import CODEC

REPLY = Reply("m", 1_700_000_000, "req-1")
ANTHROPIC, GEMINI = Signature("anthropic", "sig"), Signature("gemini", "sig")

CASES = [
    ("text", (Text("hi 😀"),), "stop", {"content": "hi 😀"}, "stop"),
    ("several texts", (Text("a"), Text("b")), "stop", {"content": "ab"}, "stop"),
    ("nothing", (), "length", {"content": ""}, "length"),
    ("an empty text", (Text(""),), "length", {"content": ""}, "length"),
    (
        "thought, cut short",
        (Thinking("hm"),),
        "length",
        {"content": "", "reasoning_content": "hm"},
        "length",
    ),
    (
        "sound",
        (Opaque("openai_chat", "audio", b'{"id":"a","data":"","expires_at":1,"transcript":"x"}'),),
        "stop",
        {"content": None, "audio": {"id": "a", "data": "", "expires_at": 1, "transcript": "x"}},
        "stop",
    ),
    ("refusal", (Refusal("no"),), "refusal", {"content": None, "refusal": "no"}, "stop"),
    ("refusal without text", (), "refusal", {"content": "", "refusal": None}, "content_filter"),
    ("filtered", (Text("a"),), "content_filter", {"content": "a"}, "content_filter"),
    ("paused", (Text("a"),), "pause", {"content": "a"}, "stop"),
    ("overflow", (Text("a"),), "context_overflow", {"content": "a"}, "length"),
    ("unknown end", (Text("a"),), "other", {"content": "a"}, "stop"),
    (
        "thought",
        (Thinking("hm"), Text("a")),
        "stop",
        {"content": "a", "reasoning_content": "hm"},
        "stop",
    ),
    (
        "signed thought",
        (Thinking("hm", ANTHROPIC), Text("a")),
        "stop",
        {
            "content": "a",
            "reasoning_content": "hm",
            "reasoning_details": [
                {
                    "type": "reasoning.text",
                    "text": "hm",
                    "signature": "sig",
                    "format": "anthropic-claude-v1",
                    "index": 0,
                }
            ],
        },
        "stop",
    ),
    (
        "call",
        (Text("a"), ToolCall("c", "f", '{"x": 1}')),
        "stop",
        {
            "content": "a",
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
            ],
        },
        "tool_calls",
    ),
    (
        "signed calls, cut short",
        (ToolCall("c", "f", "{}", signature=GEMINI), ToolCall("d", "f", "{")),
        "length",
        {
            "content": None,
            "tool_calls": [
                {
                    "id": "c",
                    "type": "function",
                    "function": {"name": "f", "arguments": "{}"},
                    "extra_content": {"google": {"thought_signature": "sig"}},
                },
                {"id": "d", "type": "function", "function": {"name": "f", "arguments": "{"}},
            ],
        },
        "length",
    ),
    (
        "citation",
        (Text("ab"), Text("cd", citations=(Citation("gemini", b"{}", "https://e.com", "E"),))),
        "stop",
        {
            "content": "abcd",
            "annotations": [
                {
                    "type": "url_citation",
                    "url_citation": {
                        "url": "https://e.com",
                        "title": "E",
                        "start_index": 2,
                        "end_index": 4,
                    },
                }
            ],
        },
        "stop",
    ),
]
TABLE = pytest.mark.parametrize(
    ("parts", "reason", "message", "word"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)


def answer(parts, reason):
    return Response(candidates=(Candidate(0, parts, Finish(reason)),), usage=Usage(3, output=2))


@TABLE
def test_whole(parts, reason, message, word):
    encoded = CODEC.encode_response(answer(parts, reason), REPLY)
    assert encoded.losses == ()
    ChatCompletion.model_validate_json(encoded.body)
    body = json.loads(encoded.body)
    choice = body["choices"][0]
    assert choice["message"] == {"role": "assistant", "refusal": None, **message}
    assert choice["finish_reason"] == word
    assert body["id"] == "chatcmpl-req-1"
    assert body["usage"]["total_tokens"] == 5


def chunks(events, reply=REPLY, extra=b""):
    encoder = CODEC.stream_encoder(reply)
    body = b"".join(encoder.encode(event) for event in events) + encoder.close(extra)
    assert body.endswith(b"data: [DONE]\n\n")
    found = [json.loads(line[6:]) for line in body.split(b"\n\n")[:-2]]
    for chunk in found:
        ChatCompletionChunk.model_validate(chunk)
        assert chunk["id"] == "chatcmpl-req-1"
        assert (chunk["model"], chunk["created"]) == ("m", 1_700_000_000)
    return found


def accumulate(found):
    """A message of deltas, put together as the openai SDK does (lib/streaming/_deltas.py)."""
    message = {}
    for chunk in found:
        for choice in chunk["choices"]:
            grow(message, choice["delta"])
    return message


def grow(whole, more):
    for key, value in more.items():
        if key not in whole or whole[key] is None or key in ("index", "type"):
            whole[key] = value
        elif isinstance(value, str):
            whole[key] += value
        elif isinstance(value, dict):
            grow(whole[key], value)
        elif isinstance(value, list):
            for item in value:
                old = next((i for i in whole[key] if i.get("index") == item.get("index")), None)
                if old is None or "index" not in item:
                    whole[key].append(item)
                else:
                    grow(old, item)


@TABLE
def test_streamed(parts, reason, message, word):
    found = chunks(unfold(answer(parts, reason)))
    whole = accumulate(found)
    for listed in (*whole.get("tool_calls", ()), *whole.get("annotations", ())):
        listed.pop("index")
    assert whole.pop("role") == "assistant"
    assert whole == {"refusal": None, **message}
    assert [c["choices"][0]["finish_reason"] for c in found][-1] == word
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"
    assert sum("role" in chunk["choices"][0]["delta"] for chunk in found) == 1


def test_a_function_is_called_though_an_empty_custom_call_stands_beside_it():
    function = {"name": "f", "arguments": "{}"}
    call = {"id": "c", "function": function, "custom": {"input": "", "name": ""}}
    message = {"tool_calls": [{"type": "function", **call}], "function_call": {"name": ""}}
    choice = {"index": 0, "message": message, "finish_reason": ""}
    candidate = CODEC.decode_response(json.dumps({"choices": [choice]}).encode()).candidates[0]
    assert candidate.parts == (ToolCall("c", "f", "{}"),)
    assert candidate.finish == Finish("tool_calls")


def test_an_answer_without_a_reason_ends_as_its_parts_say():
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    for message, reason in (({"content": "a"}, "stop"), ({"tool_calls": [call]}, "tool_calls")):
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": ""}
        body = json.dumps({"id": "x", "choices": [choice]}).encode()
        assert CODEC.decode_response(body).candidates[0].finish == Finish(reason)


def test_text_streams_as_openai_writes_it():
    events = [
        Start("x", "vendor-model"),
        PartStart(0, Text("")),
        Delta(0, 'a"\n'),
        Delta(0, "b"),
        PartStop(0),
        Finished(Finish("stop")),
        UsageUpdate(Usage(3, output=2)),
    ]
    deltas = [c["choices"][0]["delta"] for c in chunks(events)]
    assert deltas == [
        {"role": "assistant", "content": "", "refusal": None},
        {"content": 'a"\n'},
        {"content": "b"},
        {},
    ]


def test_interleaved_calls_keep_their_numbers():
    events = [
        PartStart(0, ToolCall("c", "f", "")),
        PartStart(1, ToolCall("d", "g", "")),
        Delta(1, '{"'),
        Delta(0, "{}"),
        Delta(1, '"}'),
        Finished(Finish("tool_calls")),
    ]
    whole = accumulate(chunks(events))
    assert [(c["index"], c["id"], c["function"]["arguments"]) for c in whole["tool_calls"]] == [
        (0, "c", "{}"),
        (1, "d", '{""}'),
    ]


def test_candidates_keep_their_index():
    events = [Delta(0, "a", candidate=1), Delta(0, "b"), Finished(Finish("stop"), 1)]
    found = chunks(events)
    assert [c["choices"][0]["index"] for c in found] == [1, 1, 0, 0, 1, 0]
    assert found[-1]["choices"][0]["finish_reason"] == "stop"  # nobody said why it ended


def test_usage_comes_once_and_only_when_asked_for():
    events = [Delta(0, "a"), Finished(Finish("stop")), UsageUpdate(Usage(3, output=2))]
    asked = Reply("m", 1_700_000_000, "req-1", include_usage=True, extra=b'{"cost_usd":"0.1"}')
    found = chunks(events, asked)
    assert [chunk["usage"] for chunk in found[:-1]] == [None] * (len(found) - 1)
    assert found[-1]["choices"] == []
    assert found[-1]["usage"]["prompt_tokens"] == 3
    assert found[-1]["fairlead"] == {"cost_usd": "0.1"}
    assert chunks(events, asked, b'{"cost_usd":"0.2"}')[-1]["fairlead"] == {"cost_usd": "0.2"}
    assert all("usage" not in chunk and "fairlead" not in chunk for chunk in chunks(events))


def test_extra_goes_to_the_top_of_a_whole_answer():
    reply = Reply("m", 1, "r", extra=b'{"cost_usd":"0.1"}')
    body = json.loads(CODEC.encode_response(answer((Text("a"),), "stop"), reply).body)
    assert body["fairlead"] == {"cost_usd": "0.1"}


def test_an_error_in_mid_stream_is_the_end():
    encoder = CODEC.stream_encoder(Reply("m", 1, "r", include_usage=True))
    out = encoder.encode(Delta(0, "a"))
    problem = Problem("overloaded", "The model is overloaded.", hint="Try again.")
    last = encoder.encode(StreamError(problem))
    assert encoder.close() == b""
    assert json.loads(last[6:])["error"] == {
        "message": "The model is overloaded. Try again.",
        "type": "server_error",
        "param": None,
        "code": "server_overloaded",
    }
    decoder = CODEC.stream_decoder()
    events = decoder.feed(out + last) + decoder.close()
    assert isinstance(events[-1], StreamError)
    assert events[-1].problem.kind == "overloaded"


FOREIGN = [
    (Media("image", "image/png", Base64("AAAA")), ("semantic", "image_output")),
    (Opaque("anthropic", "server_tool_use", b"{}"), ("semantic", "anthropic:server_tool_use")),
    (Text("a", citations=(Citation("anthropic", b"{}"),)), ("cosmetic", "citation")),
]


@pytest.mark.parametrize(("part", "loss"), FOREIGN)
def test_what_the_dialect_cannot_say_is_named(part, loss):
    response = answer((part,), "stop")
    whole = CODEC.encode_response(response, REPLY).losses
    encoder = CODEC.stream_encoder(REPLY)
    for event in unfold(response):
        encoder.encode(event)
    assert [(found.kind, found.what) for found in whole] == [loss]
    assert [(found.kind, found.what) for found in encoder.losses] == [loss]


def test_foreign_logprobs_are_named():
    encoder = CODEC.stream_encoder(REPLY)
    assert encoder.encode(Logprobs("gemini", b"[]")) == b""
    assert [loss.what for loss in encoder.losses] == ["logprobs"]


# From the wire


def decoded(*deltas, finish="stop", **fields):
    """The answer of a stream of deltas, and of its whole twin where there is one delta."""
    lines = [
        {"id": "x", "model": "m", "created": 1, "choices": [{"index": 0, "delta": delta}]}
        for delta in deltas
    ]
    lines[-1]["choices"][0]["finish_reason"] = finish
    decoder = CODEC.stream_decoder()
    body = b"".join(b"data: " + json.dumps(line).encode() + b"\n\n" for line in lines)
    events = decoder.feed(body + b"data: [DONE]\n\n") + decoder.close()
    response = fold(events)
    if len(deltas) == 1:
        choice = {"index": 0, "message": deltas[0], "finish_reason": finish}
        twin = {"id": "x", "model": "m", "created": 1, "choices": [choice]}
        assert CODEC.decode_response(json.dumps(twin).encode()) == response
    return response.candidates[0].parts


def call(index, call_id=None, name=None, arguments=None):
    found = {"index": index, "function": {"name": name, "arguments": arguments}}
    return found if call_id is None else {**found, "id": call_id, "type": "function"}


DELTAS = [
    ([{"content": "a"}, {"content": "b"}], (Text("ab"),)),
    ([{"role": "assistant", "content": ""}, {"content": None}], ()),
    (
        [{"reasoning": "a"}, {"reasoning": "b", "content": ""}, {"content": "c"}],
        (Thinking("ab"), Text("c")),
    ),
    ([{"reasoning_content": "a", "content": "b"}], (Thinking("a"), Text("b"))),
    (
        [
            {"tool_calls": [call(0, "c", "f", "")]},
            {"tool_calls": [call(1, "d", "g", "{")]},
            {"tool_calls": [call(0, arguments="{}"), call(1, arguments="}")]},
        ],
        (ToolCall("c", "f", "{}"), ToolCall("d", "g", "{}")),
    ),
    # every call numbered 0, with an id of its own
    (
        [{"tool_calls": [call(0, "c", "f", "{}")]}, {"tool_calls": [call(0, "d", "f", "{}")]}],
        (ToolCall("c", "f", "{}"), ToolCall("d", "f", "{}")),
    ),
    # no ids: they are made, and differ
    (
        [{"tool_calls": [call(0, "", "f", "{}"), call(1, "", "f", "{}")]}],
        (ToolCall("call_x_0_0", "f", "{}"), ToolCall("call_x_0_1", "f", "{}")),
    ),
    # the name comes after the first arguments
    (
        [{"tool_calls": [call(0, "c", None, "{")]}, {"tool_calls": [call(0, "c", "f", "}")]}],
        (ToolCall("c", "f", "{}"),),
    ),
    (
        [{"content": None, "function_call": {"name": "f", "arguments": "{}"}}],
        (ToolCall("call_x_0_0", "f", "{}"),),
    ),
    (
        [
            {
                "reasoning": "a",
                "reasoning_details": [{"type": "reasoning.text", "text": "a", "index": 0}],
            },
            {
                "reasoning": "b",
                "reasoning_details": [{"type": "reasoning.text", "text": "b", "index": 0}],
            },
            {
                "reasoning_details": [
                    {
                        "type": "reasoning.text",
                        "signature": "sig",
                        "format": "anthropic-claude-v1",
                        "index": 0,
                    }
                ]
            },
            {"content": "c"},
        ],
        (Thinking("ab", ANTHROPIC), Text("c")),
    ),
    (
        [
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "a"}]},
                    {"type": "text", "text": "b"},
                ]
            }
        ],
        (Thinking("a"), Text("b")),
    ),
    (
        [{"content": [{"type": "reference", "reference_ids": [1]}]}],
        (Opaque("openai_chat", "reference", b'{"type": "reference", "reference_ids": [1]}'),),
    ),
    (
        [{"content": "a", "images": [{"image_url": {"url": "data:image/png;base64,AAAA"}}]}],
        (Text("a"), Media("image", "image/png", Base64("AAAA"))),
    ),
    ([{"refusal": "n"}, {"refusal": "o"}], (Refusal("no"),)),
]


@pytest.mark.parametrize(("deltas", "parts"), DELTAS)
def test_deltas(deltas, parts):
    assert decoded(*deltas) == parts


def test_pieces_of_sound_are_joined():
    (part,) = decoded(
        {"audio": {"id": "a", "transcript": "h"}},
        {"audio": {"data": "AAAA"}},
        {"audio": {"transcript": "i", "expires_at": 5}},
    )
    assert msgspec.json.decode(part.raw) == {
        "id": "a",
        "data": "AAAA",
        "transcript": "hi",
        "expires_at": 5,
    }


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", "upstream", "ended before the answer did"),
        (b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n', "upstream", "ended before"),
        (b"data: {oops}\n\n", "upstream", "malformed"),
        (b'data: {"choices":5}\n\n', "upstream", "malformed"),
        (b'data: {"error":{"message":"m","code":429}}\n\n', "rate_limited", "m"),
        (
            b'event: error\ndata: {"error":{"message":"m","type":"server_error"}}\n\n',
            "upstream",
            "m",
        ),
        (
            b'{"error":{"message":"m","code":"context_length_exceeded"}}',
            "context_length_exceeded",
            "m",
        ),
    ],
)
def test_streams_that_break(body, kind, says):
    decoder = CODEC.stream_decoder()
    events = decoder.feed(body) + decoder.close()
    assert isinstance(events[-1], StreamError)
    assert events[-1].problem.kind == kind
    assert says in events[-1].problem.message
    assert decoder.feed(b"data: [DONE]\n\n") + decoder.close() == []


def test_a_stream_without_done_is_whole_when_its_choices_have_ended():
    decoder = CODEC.stream_decoder()
    body = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}'
    events = decoder.feed(body) + decoder.close()
    assert fold(events).candidates[0].parts == (Text("a"),)
    assert not any(isinstance(event, StreamError) for event in events)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>", "upstream"),
        (b"[" * 50_000, "upstream"),
        (b'{"choices":[{"message":{"content":[5]}}]}', "upstream"),
        (b'{"error":{"message":"x","code":429}}', "rate_limited"),
    ],
)
def test_answers_that_are_none(body, kind):
    with pytest.raises(Failure) as caught:
        CODEC.decode_response(body)
    assert caught.value.problem.kind == kind


@TABLE
@pytest.mark.parametrize("streamed", [False, True])
def test_a_client_that_sends_the_message_back_keeps_the_signatures(
    parts, reason, message, word, streamed
):
    response = answer(parts, reason)
    if streamed:
        back = accumulate(chunks(unfold(response)))
    else:
        back = json.loads(CODEC.encode_response(response, REPLY).body)["choices"][0]["message"]
    if not parts:
        return  # nothing was said: there is no message to send back
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "r"}
        for call in back.get("tool_calls", ())
    ]
    body = {"model": "m", "messages": [{"role": "user", "content": "q"}, back, *results]}
    turn = CODEC.decode_request(json.dumps(body).encode()).turns[1]
    signed = [part for part in parts if getattr(part, "signature", None)]
    assert [part for part in turn.parts if getattr(part, "signature", None)] == signed
    assert [p for p in turn.parts if isinstance(p, ToolCall)] == [
        p for p in parts if isinstance(p, ToolCall)
    ]
