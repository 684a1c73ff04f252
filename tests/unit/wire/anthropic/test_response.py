import json

import pytest
from tests.unit.wire.anthropic.cases import PNG, RESPONSES, dump
from tests.unit.wire.anthropic.models import names

from fairlead.canon import (
    Base64,
    Candidate,
    Citation,
    Failure,
    Finish,
    Media,
    Opaque,
    Refusal,
    Response,
    Signature,
    Text,
    Thinking,
    ToolCall,
    Usage,
)
from fairlead.wire.anthropic import CODEC
from fairlead.wire.anthropic.usage import write_usage
from fairlead.wire.codec import Reply

REPLY = Reply("claude", 0, "req_1", extra=b'{"cost":"0.1"}')


def encode(*parts, finish=None, **fields):
    candidate = Candidate(parts=parts, finish=finish or Finish("stop"))
    encoded = CODEC.encode_response(Response(candidates=(candidate,), **fields), REPLY)
    return json.loads(encoded.body), encoded.losses


@pytest.mark.parametrize("name", RESPONSES)
def test_a_case_decodes(name):
    body, canon = RESPONSES[name]
    assert CODEC.decode_response(dump(body)) == canon


@pytest.mark.parametrize("name", RESPONSES)
def test_a_case_encodes(name):
    body, canon = RESPONSES[name]
    encoded = CODEC.encode_response(canon, Reply("m", 0, "r"))
    assert encoded.losses == ()
    written = json.loads(encoded.body)
    assert CODEC.decode_response(encoded.body) == canon
    assert {key: value for key, value in written.items() if key != "usage"} == {
        key: value for key, value in body.items() if key != "usage"
    }


def test_an_unknown_reason_does_not_crash():
    body = RESPONSES["text"][0] | {"stop_reason": "bored", "stop_details": {"x": 1}}
    finish = CODEC.decode_response(dump(body)).candidates[0].finish
    assert finish == Finish("other", "bored", None, b'{"x":1}')
    written, losses = encode(finish=finish)
    assert written["stop_reason"] == "end_turn"
    assert names(losses) == ["finish:bored"]


def test_details_of_a_refusal_pass():
    detail = {"type": "refusal", "category": "bio", "explanation": None}
    body = RESPONSES["text"][0] | {"stop_reason": "refusal", "stop_details": detail, "content": []}
    canon = CODEC.decode_response(dump(body))
    written = json.loads(CODEC.encode_response(canon, REPLY).body)
    assert written["stop_details"] == detail
    assert written["content"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"content":"x"}',
        b'{"content":[{"type":"text"}]}',
        b'{"content":[],"usage":{"input_tokens":"many"}}',
        b'{"content":[' + b"[" * 100_000,
    ],
)
def test_what_is_no_answer_is_the_vendors_fault(body):
    with pytest.raises(Failure) as failure:
        CODEC.decode_response(body)
    assert failure.value.problem.kind == "upstream"
    assert failure.value.problem.retryable


def test_cache_writes_without_a_split_are_for_five_minutes():
    body = RESPONSES["text"][0] | {
        "usage": {"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 9}
    }
    assert CODEC.decode_response(dump(body)).usage == Usage(
        input=1, output=2, cache_write_5m=9, thinking_known=False
    )


def test_what_a_compaction_cost_is_counted():
    work = {"input_tokens": 229, "output_tokens": 5}
    summary = {"type": "compaction", "input_tokens": 100, "output_tokens": 131}
    summary["cache_creation_input_tokens"] = 55_096
    advice = {"type": "advisor_message", "model": "claude-x", "input_tokens": 9}
    usage = {**work, "iterations": [summary, advice, {"type": "message", **work}]}
    body = RESPONSES["text"][0] | {"usage": usage}
    assert CODEC.decode_response(dump(body)).usage == Usage(
        input=329,
        output=136,
        cache_write_5m=55_096,
        thinking_known=False,
        server_calls=(("advisor_message:claude-x:input", 9),),
    )


def test_a_foreign_answer_names_what_it_loses():
    body, losses = encode(
        Thinking("hm", Signature("gemini", "secret")),
        Text("a", Signature("gemini", "secret"), (Citation("gemini", b"{}"),)),
        Refusal("no"),
        ToolCall("call|1", "f", '{"a":'),
        Media("image", "image/png", Base64(PNG)),
        Opaque("gemini", "executableCode", b"{}"),
        finish=Finish("tool_calls", "STOP"),
        usage=Usage(
            input=1, input_audio=2, tool_input=3, output=4, thinking=5, thinking_known=True
        ),
    )
    assert "secret" not in str(body)
    assert [block["type"] for block in body["content"]] == ["thinking", "text", "text", "tool_use"]
    assert names(losses, "semantic") == [
        "tool_arguments",
        "image_output",
        "block:executableCode",
    ]
    assert set(names(losses, "cosmetic")) == {"signature", "citations"}
    assert body["stop_reason"] == "tool_use"
    assert body["usage"]["input_tokens"] == 6
    assert body["usage"]["output_tokens"] == 9
    assert body["usage"]["fairlead"] == {"cost": "0.1"}
    assert body["id"] == "req_1"


def test_a_second_candidate_has_no_place():
    candidates = (Candidate(0, (Text("a"),)), Candidate(1, (Text("b"),)))
    encoded = CODEC.encode_response(Response(candidates=candidates), REPLY)
    assert names(encoded.losses) == ["n"]


@pytest.mark.parametrize(
    ("tier", "told"),
    [
        ("priority", {"service_tier": "priority"}),
        ("default", {"service_tier": "standard"}),
        ("flex", {}),
        ("fast", {"speed": "fast"}),
    ],
)
def test_only_the_vendors_own_tiers_stand_in_an_answer(tier, told):
    wire = write_usage(Usage(input=1, output=1, tier=tier))
    assert {key: wire[key] for key in ("service_tier", "speed") if key in wire} == told


def test_both_counters_of_server_tools_are_there_once_one_is():
    wire = write_usage(Usage(server_calls=(("web_search", 2),)))
    assert wire["server_tool_use"] == {"web_search_requests": 2, "web_fetch_requests": 0}
    assert "server_tool_use" not in write_usage(Usage(server_calls=(("advisor:x", 1),)))
