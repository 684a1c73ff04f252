import json

import pytest

from fairlead.wire.bedrock.guardrail import refused_answer
from fairlead.wire.bedrock.invoke import invoke_body

PLAIN = {"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]}


def test_the_path_says_the_model_and_the_body_the_version() -> None:
    encoded = invoke_body(json.dumps({**PLAIN, "stream": True}).encode(), {})
    assert json.loads(encoded.body) == {
        "max_tokens": 8,
        "messages": PLAIN["messages"],
        "anthropic_version": "bedrock-2023-05-31",
    }
    assert encoded.losses == ()


def test_values_that_stay_are_verbatim() -> None:
    body = b'{"model":"m","messages":[ {"role":"user", "content":"h\\u00e4"}],"temperature":1.0}'
    assert b'[ {"role":"user", "content":"h\\u00e4"}]' in invoke_body(body, {}).body


def test_flags_of_the_header_go_into_the_body_if_bedrock_knows_them() -> None:
    header = {"anthropic-beta": "context-1m-2025-08-07, fast-mode-2026-02-01"}
    body = {**PLAIN, "anthropic_beta": ["interleaved-thinking-2025-05-14"]}
    encoded = invoke_body(json.dumps(body).encode(), header)
    assert json.loads(encoded.body)["anthropic_beta"] == [
        "context-1m-2025-08-07",
        "interleaved-thinking-2025-05-14",
    ]
    assert [loss.what for loss in encoded.losses] == ["beta:fast-mode-2026-02-01"]


@pytest.mark.parametrize(
    ("more", "what", "kind"),
    [
        ({"service_tier": "auto"}, "service_tier", "cosmetic"),
        ({"cache_control": {"type": "ephemeral"}}, "cache_control", "cosmetic"),
        ({"speed": "fast"}, "speed", "cosmetic"),
        ({"inference_geo": "us"}, "inference_geo", "semantic"),
        ({"container": "c"}, "container", "semantic"),
        ({"mcp_servers": []}, "mcp_servers", "semantic"),
        (
            {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
            "server_tool:web_search_20250305",
            "semantic",
        ),
    ],
)
def test_what_bedrock_does_not_take_is_named(more, what, kind) -> None:
    encoded = invoke_body(json.dumps({**PLAIN, **more}).encode(), {})
    assert [(loss.what, loss.kind) for loss in encoded.losses] == [(what, kind)]
    (field,) = more
    assert field == "tools" or field not in json.loads(encoded.body)


def test_sources_that_only_anthropics_own_api_reads_are_named_with_their_place() -> None:
    url = {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}
    file = {"type": "document", "source": {"type": "file", "file_id": "f"}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [url]}
    kept = {"type": "search_result", "source": "https://x", "title": "t", "content": []}
    turns = [{"role": "user", "content": [kept, file, result]}, {"role": "user", "content": "url"}]
    encoded = invoke_body(json.dumps({**PLAIN, "messages": turns}).encode(), {})
    assert [(loss.path, loss.what) for loss in encoded.losses] == [
        ("messages[0].content[1]", "document_file"),
        ("messages[0].content[2].content[0]", "image_url"),
    ]


def test_the_newer_version_is_not_to_be_had_there() -> None:
    encoded = invoke_body(json.dumps(PLAIN).encode(), {"anthropic-version": "2026-10-21"})
    assert [loss.what for loss in encoded.losses] == ["anthropic_version"]
    assert json.loads(encoded.body)["anthropic_version"] == "bedrock-2023-05-31"


@pytest.mark.parametrize("messages", [7, [7], [{"content": [{"type": 3}]}], "file", None])
def test_a_body_that_makes_no_sense_goes_on_for_the_vendor_to_refuse(messages) -> None:
    body = json.dumps({**PLAIN, "messages": messages, "x": "file"}).encode()
    assert json.loads(invoke_body(body, {}).body)["messages"] == messages


def test_an_answer_that_a_guardrail_stopped_is_a_refusal() -> None:
    answer = {
        "content": [],
        "stop_reason": "end_turn",
        "amazon-bedrock-guardrailAction": "INTERVENED",
    }
    told = json.loads(refused_answer(json.dumps(answer).encode()))
    assert told["stop_reason"] == "refusal"
    assert "guardrail" in told["stop_details"]["explanation"]
    answer["amazon-bedrock-guardrailAction"] = "NONE"
    same = json.dumps({**answer, "content": [{"text": '"INTERVENED"'}]}).encode()
    assert refused_answer(same) is same


def test_a_servers_tool_is_left_out_where_losses_are_allowed() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    own = {"name": "a", "input_schema": {"type": "object"}}
    body = {**PLAIN, "tools": [search, own], "tool_choice": {"type": "any"}}
    sent = json.loads(invoke_body(json.dumps(body).encode(), {}).body)
    assert sent["tools"] == [own]
    assert sent["tool_choice"] == {"type": "any"}
    alone = json.loads(invoke_body(json.dumps({**body, "tools": [search]}).encode(), {}).body)
    assert "tools" not in alone
    assert "tool_choice" not in alone
