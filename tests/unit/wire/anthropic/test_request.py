import json

import pytest
from tests.unit.wire.anthropic.cases import REQUESTS, dump
from tests.unit.wire.anthropic.models import PERMISSIVE, encode
from tests.unit.wire.anthropic.plain import plain

from fairlead.canon import Failure, Opaque, Reasoning, Text, ToolCall
from fairlead.wire.anthropic import CODEC
from fairlead.wire.codec import Peek, Target


@pytest.mark.parametrize("name", REQUESTS)
def test_a_case_decodes(name):
    body, canon = REQUESTS[name]
    assert CODEC.decode_request(dump(body)).without_paths() == canon


@pytest.mark.parametrize("name", REQUESTS)
def test_a_case_encodes(name):
    body, _ = REQUESTS[name]
    canon = CODEC.decode_request(dump(body))  # with paths, to which extras refer
    written, losses = encode(canon)
    assert losses == ()
    assert plain(written) == plain(body)


def test_paths_are_the_clients():
    body, _ = REQUESTS["tool loop"]
    assert [turn.path for turn in CODEC.decode_request(dump(body)).turns] == [
        "messages[0]",
        "messages[1]",
        "messages[2]",
    ]


def test_peek_reads_three_fields():
    assert CODEC.peek(b'{"model":"m","stream":true,"max_tokens":5}') == Peek("m", True, 5)
    assert CODEC.peek(b'{"stream":null,"model":"m","messages":[{}]}') == Peek("m")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":1}', "model"),
        (b'{"max_tokens":5}', "model"),
        (b'{"model":"m","max_tokens":"5"}', "max_tokens"),
        (b"[]", None),
        (b"{", None),
        (b"", None),
        (b'{"model":"\xff"}', None),
    ],
)
def test_peek_names_the_field_at_fault(body, param):
    with pytest.raises(Failure) as failure:
        CODEC.peek(body)
    assert failure.value.problem.kind == "invalid_request"
    assert failure.value.problem.param == param


def _messages(content, role="user"):
    return {"messages": [{"role": role, "content": content}]}


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [1]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        (_messages("x", role="tool"), "messages[0].role"),
        (_messages([{"text": "x"}]), "messages[0].content[0].type"),
        (_messages([{"type": "text"}]), "messages[0].content[0].text"),
        (_messages([{"type": "text", "text": 1}]), "messages[0].content[0].text"),
        (_messages([{"type": "image"}]), "messages[0].content[0].source"),
        (
            _messages(
                [
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "!"},
                    }
                ]
            ),
            "messages[0].content[0].source.data",
        ),
        (
            _messages([{"type": "tool_use", "id": "a", "name": "b", "input": []}]),
            "messages[0].content[0].input",
        ),
        (
            _messages(
                [
                    {
                        "type": "tool_result",
                        "tool_use_id": "a",
                        "content": [{"type": "thinking", "thinking": ""}],
                    }
                ]
            ),
            "messages[0].content[0].content[0]",
        ),
        ({"model": None}, "model"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop_sequences": [1]}, "stop_sequences[0]"),
        ({"tools": [{"name": "x"}]}, "tools[0].input_schema"),
        ({"tools": [{"name": "x", "input_schema": True}]}, "tools[0].input_schema"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    ],
)
def test_a_wrong_field_is_named(wire, param):
    body = {"model": "m", "max_tokens": 1, "messages": [], **wire}
    with pytest.raises(Failure) as failure:
        encode(CODEC.decode_request(dump(body)))
    assert failure.value.problem.param == param


def test_nesting_bombs_and_bad_bytes_are_clear_errors():
    deep = b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    surrogate = b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}'
    for body in (deep, surrogate, b'{"model":"m","messages":[{"role":"user","content":"\xff"}]}'):
        with pytest.raises(Failure):
            CODEC.decode_request(body)


def test_a_call_made_by_the_vendors_code_stays_whole():
    call = {
        "type": "tool_use",
        "id": "t",
        "name": "f",
        "input": {},
        "caller": {"type": "code_execution_20260120", "tool_id": "s"},
    }
    direct = {**call, "id": "u", "caller": {"type": "direct"}}
    body = {"model": "m", "messages": [{"role": "assistant", "content": [call, direct]}]}
    parts = CODEC.decode_request(dump(body)).turns[0].parts
    assert parts == (Opaque("anthropic", "tool_use", dump(call)), ToolCall("u", "f", "{}"))


def test_a_document_made_of_blocks_stays_whole():
    block = {"type": "document", "source": {"type": "content", "content": "x"}}
    body = {"model": "m", "messages": [{"role": "user", "content": [block]}]}
    parts = CODEC.decode_request(dump(body)).turns[0].parts
    assert parts == (Opaque("anthropic", "document", dump(block)),)


def test_the_older_output_format_is_read():
    body = {
        "model": "m",
        "messages": [],
        "output_format": {"type": "json_schema", "schema": {"type": "object"}},
    }
    output = CODEC.decode_request(dump(body)).output
    assert output is not None
    assert (output.kind, output.schema) == ("json_schema", b'{"type":"object"}')


def test_an_effort_beside_a_budget_goes_back():
    body = {
        "model": "m",
        "max_tokens": 4000,
        "messages": [{"role": "user", "content": "x"}],
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "output_config": {"effort": "low"},
    }
    canon = CODEC.decode_request(dump(body))
    assert canon.reasoning == Reasoning(budget=2000, visible_unsaid=True)
    assert encode(canon) == (body, ())


def test_the_gateways_hints_never_reach_a_vendor():
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "fairlead": {"task": "t"}}
    assert CODEC.decode_request(dump(body)).extras == ()


def test_arguments_stay_verbatim():
    raw = '{"a" :  1.0, "b":"\\u00e9", "a": 2}'
    body = (
        '{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use",'
        f'"id":"t","name":"f","input":{raw}}}]}},{{"role":"user","content":[{{"type":"tool_result",'
        '"tool_use_id":"t"}]}]}'
    ).encode()
    canon = CODEC.decode_request(body)
    call = canon.turns[0].parts[0]
    assert isinstance(call, ToolCall)
    assert call.arguments == raw

    assert raw.encode() in CODEC.encode_request(canon, Target("m", PERMISSIVE)).body


def test_an_unknown_breakpoint_goes_back_as_it_came():
    control = {"type": "ephemeral", "scope": "global"}
    block = {"type": "text", "text": "x", "cache_control": control}
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [block]}]}
    canon = CODEC.decode_request(dump(body))
    assert canon.turns[0].parts == (Text("x"),)
    written, losses = encode(canon)
    assert json.loads(json.dumps(written["messages"])) == body["messages"]
    assert losses == ()
