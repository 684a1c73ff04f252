"""Bad input: a clear error in OpenAI's shape with the path of the field, and a ledger record."""

import base64
import json

import pytest

USER = {"role": "user", "content": "hi"}


def body(**fields) -> bytes:
    return json.dumps({"model": "auto", "messages": [USER], **fields}).encode()


def content(*parts) -> bytes:
    return body(messages=[{"role": "user", "content": list(parts)}])


def image(url: str) -> dict:
    return {"type": "image_url", "image_url": {"url": url}}


NOT_AN_IMAGE = "data:image/png;base64," + base64.b64encode(b"plain words" * 9).decode()

CASES: dict[str, tuple[bytes, int, str | None, str]] = {
    "malformed JSON": (b'{"model": "auto", "messages": [', 400, None, "JSON"),
    "empty body": (b"", 400, None, "JSON"),
    "not an object": (b"[1]", 400, None, "object"),
    "invalid UTF-8": (b'{"model":"auto","messages":[{"role":"user","content":"\xff\xfe"}]}',
                      400, None, "UTF-8"),
    "lone surrogate": (b'{"model":"auto","messages":[{"role":"user","content":"\\ud800"}]}',
                       400, None, "surrogate"),
    "nesting bomb": (b'{"model":"auto","messages":' + b"[" * 200_000, 400, None, ""),
    "nesting bomb in a tool": (
        body(tools=[{"type": "function", "function": {"name": "f", "parameters": "X"}}]).replace(
            b'"X"', b'{"a":' * 50_000 + b"1" + b"}" * 50_000), 400, None, ""),
    "no model": (b'{"messages":[{"role":"user","content":"hi"}]}', 400, "model", "model"),
    "model of a wrong type": (body(model=3), 400, "model", ""),
    "unknown model": (body(model="nonesuch-9"), 404, "model", "nonesuch-9"),
    "no messages": (body(messages=[]), 400, "messages", ""),
    "messages of a wrong type": (body(messages={"a": 1}), 400, "messages", ""),
    "unknown role": (body(messages=[{"role": "wizard", "content": "hi"}]), 400,
                     "messages[0].role", "wizard"),
    "content of a wrong type": (body(messages=[{"role": "user", "content": 7}]), 400,
                                "messages[0].content", ""),
    "unknown part": (content({"type": "smell", "smell": "x"}), 400,
                     "messages[0].content[0].type", "smell"),
    "temperature too high": (body(temperature=3), 400, "temperature", "2"),
    "temperature of a wrong type": (body(temperature="hot"), 400, "temperature", ""),
    "absurd max_tokens": (body(max_tokens=10**12), 400, "max_tokens", ""),
    "negative max_tokens": (body(max_tokens=-1), 400, "max_tokens", ""),
    "an image that is none": (content(image(NOT_AN_IMAGE)), 400,
                              "messages[0].content[0].image_url.url", "image"),
    "base64 that is none": (content(image("data:image/png;base64,@@@@")), 400,
                            "messages[0].content[0].image_url.url", "base64"),
    "loopback URL": (content(image("http://127.0.0.1:1/a.png")), 400,
                     "messages[0].content[0]", "loopback"),
    "loopback by name": (content(image("http://localhost/a.png")), 400,
                         "messages[0].content[0]", "name"),
    "loopback in decimal": (content(image("http://2130706433/a.png")), 400,
                            "messages[0].content[0]", ""),
    "metadata URL": (content(image("http://169.254.169.254/latest/meta-data")), 400,
                     "messages[0].content[0]", "link-local"),
    "private URL": (content(image("https://192.168.1.1/a.png")), 400,
                    "messages[0].content[0]", "private"),
    "IPv6 loopback URL": (content(image("http://[::1]/a.png")), 400,
                          "messages[0].content[0]", ""),
    "file URL": (content(image("file:///etc/passwd")), 400, None, ""),
    "result without a call": (
        body(messages=[USER, {"role": "tool", "tool_call_id": "c", "content": "x"}]), 400,
        "messages[1]", "tool"),
    "unknown hint": (body(fairlead={"tusk": 1}), 400, "fairlead.tusk", "task"),
    "unknown policy": (body(fairlead={"policy": "nonesuch"}), 400, "fairlead.policy",
                       "article-tree"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_is_answered_with_the_path_of_the_field(gateway, name: str) -> None:
    data, status, param, word = CASES[name]
    reply = gateway.chat(data)
    error = reply.json()["error"]
    assert reply.status == status, error
    assert set(error) >= {"message", "type", "param", "code"}
    assert error["message"]
    assert word.lower() in error["message"].lower()
    if param is not None:
        assert (error["param"] or "").startswith(param), error
    assert "Traceback" not in error["message"]
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert record.status == status
    assert record.outcome in {"client_error", "refused"}
    assert record.usage is None
    assert record.cost_usd is None


def test_an_unreachable_image_url_is_named(gateway) -> None:
    # Gemini needs the bytes, so the gateway would fetch it; the name can't be resolved.
    reply = gateway.chat(
        json.dumps({
            "model": "gemini-2.5-flash",
            "messages": [{"role": "user", "content": [image("https://fairlead.invalid/a.png")]}],
        }).encode()
    )  # fmt: skip
    error = reply.json()["error"]
    assert reply.status == 400
    assert error["param"].startswith("messages[0].content[0]")
    assert "fairlead.invalid" in error["message"]


def test_a_body_over_the_limit(start) -> None:
    gateway = start(env={"FAIRLEAD_SERVER_MAX_BODY_BYTES": "2000"})
    reply = gateway.chat(body(messages=[{"role": "user", "content": "x" * 3000}]))
    assert reply.status == 413
    assert "2000" in reply.json()["error"]["message"]
    assert gateway.chat(body()).status == 200


def test_no_such_route(gateway) -> None:
    reply = gateway.request("POST", "/v1/chat/completion")
    assert reply.status == 404
    assert "/v1/chat/completions" in reply.json()["error"]["message"]
    assert "docs/reference.md" in gateway.request("GET", "/x").json()["error"]["message"]
    assert gateway.request("GET", "/v1/chat/completions").status == 405


def test_the_gateway_lives_on(gateway) -> None:
    assert gateway.chat(body()).status == 200
    assert "Traceback" not in gateway.log.read_text()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": 3}}}]},
         "tools[0].function.parameters"),
        ({"messages": [USER, {"role": "assistant", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "x"}]},
         "messages[1].tool_calls[0].function.arguments"),
    ],
)  # fmt: skip
def test_an_encoders_fault_is_told_where_the_client_wrote_it(gateway, fields, param) -> None:
    reply = gateway.chat(body(**fields))
    error = reply.json()["error"]
    assert reply.status == 400, error
    assert error["param"].startswith(param), error
