"""What Vertex AI wants otherwise of the two dialects' bodies."""

import json

import pytest

from fairlead.canon import Failure
from fairlead.wire.vertex.claude import count_body, predict_body
from fairlead.wire.vertex.errors import read_claude, read_gemini
from fairlead.wire.vertex.gemini import adapted

ASK = [{"role": "user", "content": "Hi"}]


def said(body: dict) -> bytes:
    return json.dumps(body).encode()


def test_a_message_loses_its_model_and_gains_its_version() -> None:
    body = said({"model": "claude-haiku-4-5", "max_tokens": 5, "messages": ASK, "stream": True})
    found = predict_body(body, {})
    assert json.loads(found.body) == {
        "max_tokens": 5,
        "messages": ASK,
        "stream": True,
        "anthropic_version": "vertex-2023-10-16",
    }
    assert not found.losses
    newer = predict_body(body, {"anthropic-version": "2026-10-21"})
    assert json.loads(newer.body)["anthropic_version"] == "2026-10-21"


def test_what_stays_is_verbatim() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"\\u00e9  "}],"max_tokens":1.0e2}'
    assert b'[{"role":"user","content":"\\u00e9  "}]' in predict_body(body, {}).body
    assert b'"max_tokens":1.0e2' in predict_body(body, {}).body


@pytest.mark.parametrize(
    ("more", "kind", "what"),
    [
        ({"service_tier": "auto"}, "cosmetic", "service_tier"),
        ({"inference_geo": "us"}, "semantic", "inference_geo"),
        ({"container": "c"}, "semantic", "container"),
        ({"mcp_servers": []}, "semantic", "mcp_servers"),
        ({"tools": [{"type": "code_execution_20250825", "name": "c"}]}, "semantic",
         "server_tool:code_execution_20250825"),
    ],
)  # fmt: skip
def test_what_vertex_does_not_run_is_named(more, kind, what) -> None:
    found = predict_body(said({"model": "m", "max_tokens": 5, "messages": ASK, **more}), {})
    assert [(loss.kind, loss.what) for loss in found.losses] == [(kind, what)]


def test_files_of_anthropics_are_named_where_they_stand() -> None:
    image = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [image]}
    turns = [{"role": "user", "content": [result, {"type": "container_upload", "file_id": "f"}]}]
    losses = predict_body(said({"model": "m", "messages": turns}), {}).losses
    assert [(loss.path, loss.what) for loss in losses] == [
        ("messages[0].content[0].content[0]", "image_file"),
        ("messages[0].content[1]", "block:container_upload"),
    ]


def test_web_search_is_there() -> None:
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    assert not predict_body(said({"model": "m", "messages": ASK, "tools": tools}), {}).losses


def test_a_count_names_the_model_as_vertex_does() -> None:
    found = count_body(said({"model": "a-20251001", "messages": ASK}), lambda name: name + "@")
    assert json.loads(found.body) == {"messages": ASK, "model": "a-20251001@"}


def test_no_object_is_the_clients_fault() -> None:
    for read in (lambda b: predict_body(b, {}), adapted):
        with pytest.raises(Failure):
            read(b"[1]")


# --- Gemini ---------------------------------------------------------------------------------------

CONTENT = {"role": "user", "parts": [{"text": "Hi"}]}


def test_a_body_that_needs_nothing_goes_on_as_it_came() -> None:
    body = b'{"contents": [{"role": "user",  "parts":[{"text":"Hi"}]}]}'
    assert adapted(body).encoded.body is body


@pytest.mark.parametrize("lone", [False, True])
def test_a_content_without_a_role_is_the_users(lone) -> None:
    silent = {"parts": [{"text": "Hi"}]}
    found = adapted(said({"contents": silent if lone else [silent, CONTENT]}))
    contents = json.loads(found.encoded.body)["contents"]
    assert [content["role"] for content in contents] == ["user"] * (1 if lone else 2)


@pytest.mark.parametrize(
    ("field", "tier"),
    [("serviceTier", "flex"), ("service_tier", "PRIORITY"), ("serviceTier", "standard")],
)
def test_a_tier_is_asked_for_by_a_header(field, tier) -> None:
    found = adapted(said({"contents": [CONTENT], field: tier}))
    assert json.loads(found.encoded.body) == {"contents": [CONTENT]}
    assert found.tier == ("" if tier == "standard" else tier.lower())


def test_a_count_takes_the_requests_fields_beside_one_another() -> None:
    inner = {"model": "models/m", "contents": [CONTENT], "systemInstruction": CONTENT}
    found = adapted(said({"generateContentRequest": inner}))
    expected = {"contents": [CONTENT], "systemInstruction": CONTENT}
    assert json.loads(found.encoded.body) == expected


@pytest.mark.parametrize(
    ("more", "kind", "what"),
    [
        ({"store": True}, "cosmetic", "store"),
        ({"cachedContent": "cachedContents/abc"}, "semantic", "cached_content"),
        ({"tools": {"file_search": {}}}, "semantic", "server_tool:fileSearch"),
        ({"tools": [{"mcpServers": [{"name": "m"}]}]}, "semantic", "server_tool:mcpServers"),
    ],
)
def test_what_only_the_gemini_api_has_is_named(more, kind, what) -> None:
    found = adapted(said({"contents": [CONTENT], **more}))
    assert [(loss.kind, loss.what) for loss in found.encoded.losses] == [(kind, what)]


def test_a_file_of_the_gemini_api_is_named() -> None:
    uri = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    part = {"fileData": {"fileUri": uri, "mimeType": "image/png"}}
    found = adapted(said({"contents": [{"role": "user", "parts": [part]}]}))
    assert [loss.what for loss in found.encoded.losses] == ["file_uri"]


def test_vertexs_own_cached_contents_and_files_go_on() -> None:
    part = {"fileData": {"fileUri": "gs://bucket/a.png", "mimeType": "image/png"}}
    cached = "projects/p/locations/l/cachedContents/1"
    body = said({"contents": [{"role": "user", "parts": [part]}], "cachedContent": cached})
    found = adapted(body)
    assert found.encoded.body is body
    assert not found.encoded.losses


# --- refusals -------------------------------------------------------------------------------------


def google(code: int, message: str, status: str) -> bytes:
    return said({"error": {"code": code, "message": message, "status": status}})


def test_a_quota_of_claudes_is_read_in_an_array_too() -> None:
    body = google(429, "Quota exceeded for base model", status="RESOURCE_EXHAUSTED")
    for told in (body, b"[" + body + b"]"):
        problem = read_claude(429, {}, told)
        assert problem.kind == "rate_limited"
        assert problem.retryable


def test_anthropics_own_shape_is_read_as_anthropics() -> None:
    inner = {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8 maximum"}
    problem = read_claude(400, {}, said({"type": "error", "error": inner}))
    assert problem.kind == "context_length_exceeded"


@pytest.mark.parametrize(
    ("message", "status", "hint"),
    [
        ("Permission 'aiplatform.endpoints.predict' denied on resource", 403, "aiplatform.user"),
        ("Project `1` is not allowed to use Publisher Model `x`", 400, "Model Garden"),
        ("reason: SERVICE_DISABLED", 403, "enable the Vertex AI API"),
    ],
)
def test_what_an_account_lacks_is_told(message, status, hint) -> None:
    word = "FAILED_PRECONDITION" if status == 400 else "PERMISSION_DENIED"
    problem = read_gemini(status, {}, google(status, message, status=word))
    assert problem.kind == "upstream_auth"
    assert problem.remedy is None  # neither another key nor money mends it
    assert not problem.retryable
    assert hint in (problem.hint or "")


def test_words_of_an_account_that_a_client_may_have_sent_say_nothing_of_ours() -> None:
    quoted = 'Invalid JSON payload received. Unknown name "SERVICE_DISABLED": Cannot find field.'
    body = google(400, quoted, status="INVALID_ARGUMENT")
    for read in (read_gemini, read_claude):
        assert read(400, {}, body).kind == "invalid_request"
