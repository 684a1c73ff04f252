import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.canon import Failure
from fairlead.wire.bedrock.converse_request import converse_body
from fairlead.wire.bedrock.invoke import invoke_body

USER = [{"role": "user", "content": "hi"}]


def told(body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    body = {"model": "m", "max_tokens": 9, "messages": USER} | body
    return json.loads(converse_body(json.dumps(body).encode(), headers or {}).body)


def lost(body: dict[str, Any]) -> list[tuple[str, str]]:
    body = {"model": "m", "max_tokens": 9, "messages": USER} | body
    return [(x.kind, x.what) for x in converse_body(json.dumps(body).encode(), {}).losses]


def blocks(*content: dict[str, Any]) -> list[dict[str, Any]]:
    return told({"messages": [{"role": "user", "content": list(content)}]})["messages"][0][
        "content"
    ]


def test_a_plain_request() -> None:
    assert told({"stream": True, "system": "Be brief."}) == {
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 9},
    }


def test_marks_become_cache_points_behind_what_they_mark() -> None:
    mark = {"type": "ephemeral", "ttl": "1h"}
    system = [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]
    tools = [{"name": "t", "input_schema": {"type": "object"}, "cache_control": mark}]
    out = told({"system": system, "tools": tools})
    assert out["system"] == [{"text": "a"}, {"cachePoint": {"type": "default"}}]
    assert out["toolConfig"]["tools"][1] == {"cachePoint": {"type": "default", "ttl": "1h"}}


def test_claudes_own_fields_go_where_aws_puts_them() -> None:
    out = told(
        {
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "top_k": 3,
            "temperature": 0.5,
            "output_config": {"effort": "low"},
            "stop_sequences": ["x"],
        },
        {"anthropic-beta": "context-1m-2025-08-07"},
    )
    assert out["additionalModelRequestFields"] == {
        "anthropic_beta": ["context-1m-2025-08-07"],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "top_k": 3,
        "output_config": {"effort": "low"},
    }
    assert out["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["x"]}
    assert out["additionalModelResponseFieldPaths"] == ["/stop_sequence"]


def test_a_schema_has_a_place_of_its_own() -> None:
    schema = {"type": "object", "properties": {}}
    form = {"format": {"type": "json_schema", "schema": schema}}
    text = told({"output_config": form})["outputConfig"]["textFormat"]
    assert json.loads(text["structure"]["jsonSchema"]["schema"]) == schema


@pytest.mark.parametrize(
    ("choice", "expected", "native"),
    [
        ({"type": "auto"}, {"auto": {}}, None),
        ({"type": "any"}, {"any": {}}, None),
        ({"type": "tool", "name": "t"}, {"tool": {"name": "t"}}, None),
        ({"type": "none"}, None, {"type": "none"}),
        (
            {"type": "auto", "disable_parallel_tool_use": True},
            None,
            {"type": "auto", "disable_parallel_tool_use": True},
        ),
    ],
)
def test_tool_choice(choice, expected, native) -> None:
    tools = [{"name": "t", "input_schema": {"type": "object"}}]
    out = told({"tools": tools, "tool_choice": choice})
    assert out["toolConfig"].get("toolChoice") == expected
    assert out.get("additionalModelRequestFields", {}).get("tool_choice") == native


def test_media_and_documents() -> None:
    data = base64.b64encode(b"%PDF").decode()
    pdf = {"type": "base64", "media_type": "application/pdf", "data": data}
    plain = {"type": "text", "media_type": "text/plain", "data": "words"}
    found = blocks(
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
        {"type": "document", "source": pdf, "title": "A/B  report.pdf", "context": "c"},
        {"type": "document", "source": plain, "citations": {"enabled": True}},
    )
    assert found[0] == {"image": {"format": "png", "source": {"bytes": data}}}
    assert found[1]["document"] == {
        "name": "A B report pdf", "format": "pdf", "source": {"bytes": data}, "context": "c",
    }  # fmt: skip
    assert found[2]["document"] == {
        "name": "document 0-2",
        "format": "txt",
        "source": {"text": "words"},
        "citations": {"enabled": True},
    }


def test_turns_of_tools_and_thoughts() -> None:
    assert blocks(
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "redacted_thinking", "data": "EuQ="},
        {"type": "tool_use", "id": "i", "name": "n", "input": {"a": 1}},
        {"type": "tool_result", "tool_use_id": "i", "content": "12", "is_error": True},
        {"type": "tool_result", "tool_use_id": "i"},
    ) == [
        {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": base64.b64encode(b"EuQ=").decode()}},
        {"toolUse": {"toolUseId": "i", "name": "n", "input": {"a": 1}}},
        {"toolResult": {"toolUseId": "i", "content": [{"text": "12"}], "status": "error"}},
        {"toolResult": {"toolUseId": "i", "content": []}},
    ]


def test_what_converse_cannot_say_is_named() -> None:
    url = {"type": "image", "source": {"type": "url", "url": "https://x"}}
    assert lost({"messages": [{"role": "user", "content": [url]}]}) == [
        ("semantic", "image_source")
    ]
    new = {"type": "of_tomorrow"}
    assert lost({"messages": [{"role": "user", "content": [new]}]}) == [
        ("semantic", "block:of_tomorrow")
    ]
    assert lost({"tools": [{"type": "web_search_20250305"}]}) == [
        ("semantic", "server_tool:web_search_20250305")
    ]
    assert lost({"service_tier": "auto", "metadata": {"user_id": "u"}}) == [
        ("cosmetic", "service_tier"),
        ("cosmetic", "metadata"),
    ]


def test_the_operators_guardrail_stands_in_the_body() -> None:
    headers = {"x-amzn-bedrock-guardrailidentifier": "g1", "x-amzn-bedrock-guardrailversion": "1"}
    assert told({}, headers)["guardrailConfig"] == {
        "guardrailIdentifier": "g1",
        "guardrailVersion": "1",
    }


def test_no_json_is_told() -> None:
    with pytest.raises(Failure, match="no JSON object"):
        converse_body(b"[1", {})


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "text", "ü", "5m"])
NAMES = st.sampled_from(
    ["type", "text", "source", "content", "data", "media_type", "title", "cache_control", "ttl",
     "citations", "enabled", "name", "input_schema", "input", "id", "tool_use_id", "format", "schema",
     "role", "thinking", "signature", "is_error", "context"]
)  # fmt: skip
TYPES = st.sampled_from(
    ["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking",
     "search_result", "base64", "url", "file", "content", "custom", "web_search_20250305", "json_schema",
     "tool", "any", "none", "container_upload"]
)  # fmt: skip
JSONS = st.recursive(
    SCALARS | TYPES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=4)
        | st.builds(lambda kind, rest: {**rest, "type": kind}, TYPES, st.dictionaries(NAMES, inner))
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["messages", "system", "tools", "tool_choice", "output_config", "metadata", "thinking",
     "stop_sequences", "anthropic_beta", "max_tokens", "model", "of_tomorrow"]
)  # fmt: skip


@given(
    st.dictionaries(FIELDS, JSONS | st.lists(st.fixed_dictionaries({"content": JSONS}), max_size=2))
)
def test_no_clients_body_is_too_strange_for_an_answer(body) -> None:
    """What makes no sense goes on for the vendor to refuse, by either API."""
    raw = json.dumps(body).encode()
    for write in (converse_body, invoke_body):
        encoded = write(raw, {"anthropic-beta": ",a,"})
        assert isinstance(json.loads(encoded.body), dict)


def test_what_is_nested_too_deep_is_refused() -> None:
    inner: Any = "x"
    for _ in range(400):
        inner = [{"type": "tool_result", "tool_use_id": "t", "content": inner}]
    body = json.dumps({"messages": [{"role": "user", "content": inner}]}).encode()
    with pytest.raises(Failure, match=r"nested|JSON"):
        converse_body(body, {})
