"""The doors of all dialects at a real gateway: keys, lists of models, errors in their own shape."""

import json
import time
from urllib.parse import quote

import anthropic
import pytest
from google import genai

from fairlead.limits.keys import KeyStore

ASK = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 300},
    "/v1/messages": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 300},
}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"


def ask(gateway, path, body, headers=None):
    return gateway.request("POST", path, json.dumps(body).encode(), headers)


@pytest.mark.parametrize("model", [FLASH, HAIKU, "auto", "gpt-4o-mini"])
@pytest.mark.parametrize("prefix", ["", "/anthropic"])
def test_messages(gateway, model, prefix) -> None:
    reply = ask(gateway, f"{prefix}/v1/messages?beta=true", {**ASK["/v1/messages"], "model": model})
    assert reply.status == 200, reply.body
    message = reply.json()
    assert message["type"] == "message"
    assert message["content"][0]["text"]
    assert message["usage"]["output_tokens"] > 0
    assert gateway.record(reply.headers["x-fairlead-request-id"]).dialect == "anthropic"


@pytest.mark.parametrize("model", [FLASH, HAIKU, "auto", "gpt-4o-mini"])
@pytest.mark.parametrize("version", ["v1beta", "v1", "v1alpha", "gemini/v1beta"])
def test_generate_content(gateway, model, version) -> None:
    reply = ask(gateway, f"/{version}/models/{model}:generateContent", GEMINI)
    assert reply.status == 200, reply.body
    parts = reply.json()["candidates"][0]["content"]["parts"]
    assert parts[-1]["text"]
    assert reply.json()["usageMetadata"]["totalTokenCount"] > 0


@pytest.mark.parametrize("model", [FLASH, HAIKU])
def test_stream_generate_content_in_both_framings(gateway, model) -> None:
    url = f"/v1beta/models/{model}:streamGenerateContent"
    array = ask(gateway, url, GEMINI)
    events = ask(gateway, url + "?alt=sse", GEMINI)
    assert array.headers["content-type"].startswith("application/json")
    assert events.headers["content-type"].startswith("text/event-stream")
    chunks = [
        json.loads(line[6:]) for line in events.body.splitlines() if line.startswith(b"data: ")
    ]

    def told(of):
        parts = [p for c in of for p in c["candidates"][0].get("content", {}).get("parts", [])]
        return "".join(part["text"] for part in parts if not part.get("thought"))

    assert told(array.json()) == told(chunks) != ""


def test_lists_of_models_have_the_clients_own_shape(gateway) -> None:
    openai = gateway.request("GET", "/v1/models").json()
    assert openai["object"] == "list"
    version = {"anthropic-version": "2023-06-01"}
    theirs = gateway.request("GET", "/v1/models", headers=version).json()
    assert {m["type"] for m in theirs["data"]} == {"model"}
    google = gateway.request("GET", "/v1beta/models?pageSize=1000").json()
    names = [m["id"] for m in openai["data"]]
    assert [m["id"] for m in theirs["data"]] == names
    assert [m["name"] for m in google["models"]] == [f"models/{name}" for name in names]
    one = gateway.request("GET", "/v1beta/models/gemini-flash").json()
    assert one["inputTokenLimit"] == 1_048_576
    assert gateway.request("GET", f"/v1/models/{HAIKU}", headers=version).json()["id"] == HAIKU
    lost = gateway.request("GET", "/v1beta/models/nonsense")
    assert lost.status == 404
    assert lost.json()["error"]["status"] == "NOT_FOUND"


def test_the_sdks_page_through_the_list(gateway) -> None:
    names = [m["id"] for m in gateway.request("GET", "/v1/models").json()["data"]]
    with anthropic.Anthropic(base_url=gateway.url, api_key="any") as client:
        assert [m.id for m in client.models.list(limit=2)] == names
        assert client.models.retrieve("auto").id == "auto"
    client = genai.Client(api_key="any", http_options={"base_url": gateway.url})
    found = [m.name for m in client.models.list(config={"page_size": 2})]
    client.close()
    assert found == [f"models/{name}" for name in names]


@pytest.mark.parametrize(
    ("method", "path", "shape"),
    [
        ("POST", "/v1/messages", lambda e: (e["type"], e["error"]["type"])),
        ("POST", f"/v1beta/models/{FLASH}:generateContent",
         lambda e: (e["error"]["code"], e["error"]["status"])),
    ],
)  # fmt: skip
def test_malformed_requests_are_told_in_the_clients_words(gateway, method, path, shape) -> None:
    reply = gateway.request(method, path, b'{"model": ')
    assert reply.status == 400
    assert shape(reply.json()) in {("error", "invalid_request_error"), (400, "INVALID_ARGUMENT")}


def test_a_wrong_path_is_told_in_the_clients_words(gateway) -> None:
    reply = gateway.request("POST", "/v1/nothing", b"{}", {"anthropic-version": "2023-06-01"})
    assert (reply.status, reply.json()["type"]) == (404, "error")
    reply = gateway.request("POST", "/v1beta/nothing?key=1", b"{}")
    assert (reply.status, reply.json()["error"]["status"]) == (404, "NOT_FOUND")
    reply = gateway.request("DELETE", "/anthropic/v1/messages")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_a_virtual_key_opens_wherever_the_sdk_puts_it(start) -> None:
    gateway = start()
    _, secret = KeyStore(gateway.database).create("me")
    body = {**ASK["/v1/messages"], "model": HAIKU}
    deadline = time.monotonic() + 60
    while ask(gateway, "/v1/messages", body).status != 401:  # a new key is seen within a second
        assert time.monotonic() < deadline
        time.sleep(0.05)
    places = [
        ("/v1/messages", {"x-api-key": secret}),
        ("/v1/messages", {"authorization": f"Bearer {secret}"}),
        ("/v1/messages", {"authorization": "Bearer of-a-proxy", "x-api-key": secret}),
        (f"/v1/messages?key={quote(secret)}", {}),
        ("/v1/messages", {"x-goog-api-key": secret}),
    ]
    for path, headers in places:
        assert ask(gateway, path, body, headers).status == 200, headers
    for headers in ({}, {"x-api-key": "fl-wrong"}, {"x-goog-api-key": ""}):
        reply = ask(gateway, "/v1/messages", body, headers)
        assert reply.status == 401
        assert reply.json()["error"]["type"] == "authentication_error"
    url = f"/v1beta/models/{FLASH}:generateContent"
    assert ask(gateway, f"{url}?key={secret}", GEMINI).status == 200
    refused = ask(gateway, url, GEMINI)
    assert refused.status == 401
    assert refused.json()["error"]["status"] == "UNAUTHENTICATED"
    assert secret not in gateway.log.read_text()
