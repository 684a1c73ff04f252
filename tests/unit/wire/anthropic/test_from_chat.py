"""Recorded chat requests on their way to this vendor: taken, or refused with named losses."""

import json
from datetime import date

import pytest
from tests.unit.wire.anthropic.recorded import accepted_chats

from fairlead.canon import Failure, Loss
from fairlead.catalog import Model, load
from fairlead.emulator import rules
from fairlead.wire.anthropic import CODEC
from fairlead.wire.codec import Target
from fairlead.wire.openai_chat import CODEC as CHAT

MODELS = ("claude-haiku-4-5", "claude-haiku-5-5")
WHEN = date(2026, 11, 20)


@pytest.fixture(params=MODELS)
def facts(request) -> Model:
    return load().resolve(request.param, WHEN)


def vendor_refuses(model: str, body: bytes) -> object:
    return rules.check(
        "anthropic",
        "messages",
        model,
        json.loads(body),
        tokens=lambda: 100,
        issued=lambda _, __: True,
        headers={"anthropic-version": "2023-06-01"},
    )


def test_every_recorded_chat_is_taken_or_refused_by_name(facts):
    taken = named = unsupported = 0
    for row in accepted_chats():
        try:
            canon = CHAT.decode_request(json.dumps(row["request"]["body"]).encode())
        except Failure:
            continue  # the chat dialect's own affair, and its own tests'
        if canon.n is not None and canon.n > 1:
            with pytest.raises(Failure) as refused:
                CODEC.encode_request(canon, Target(facts.id, facts))
            assert (refused.value.problem.kind, refused.value.problem.param) == ("unsupported", "n")
            unsupported += 1
            continue
        encoded = CODEC.encode_request(canon, Target(facts.id, facts))
        assert vendor_refuses(facts.id, encoded.body) is None, row["id"]
        semantic = [loss for loss in encoded.losses if loss.kind == "semantic"]
        assert all(_said(loss) for loss in encoded.losses), row["id"]
        named += bool(semantic)
        taken += not semantic
    assert taken / (taken + named + unsupported) > 0.94


def _said(loss: Loss) -> bool:
    return bool(loss.what and loss.why and loss.path)


CHAT_BODY = {
    "model": "auto",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Weather in Rome and Oslo?"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": f"call_{n}",
                    "type": "function",
                    "function": {"name": "weather", "arguments": f'{{"city": "{city}"}}'},
                }
                for n, city in enumerate(("Rome", "Oslo"))
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "snow"},
        {"role": "tool", "tool_call_id": "call_0", "content": "sun"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
            },
        }
    ],
    "reasoning_effort": "low",
    "temperature": 0.2,
    "stream": True,
}


def test_a_tool_loop_from_chat(facts):
    canon = CHAT.decode_request(json.dumps(CHAT_BODY).encode())
    encoded = CODEC.encode_request(canon, Target(facts.id, facts))
    assert vendor_refuses(facts.id, encoded.body) is None
    body = json.loads(encoded.body)
    assert body["system"] == "Be brief."
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert [block["content"] for block in body["messages"][2]["content"]] == ["snow", "sun"]
    assert b'"input":{"city": "Rome"}' in encoded.body
    assert body["stream"] is True
    lost = {loss.what for loss in encoded.losses}
    if facts.thinking.kind == "budget":  # the loop was begun by another vendor's model
        assert lost == {"thinking_off:tool_loop"}
        assert body["temperature"] == 0.2
    else:
        assert lost == {"temperature"}
        assert body["output_config"] == {"effort": "low"}
