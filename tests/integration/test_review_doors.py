"""Methods, packed bodies, and what a refusal tells a client that keeps logs."""

import gzip
import json
import socket

HAIKU = "claude-haiku-4-5-20251001"
ASK = {"model": HAIKU, "messages": [{"role": "user", "content": "hello"}]}
CHAT = "/v1/chat/completions"


def test_each_refusal_has_an_id(gateway) -> None:
    refusals = [
        gateway.request("GET", "/v1/nothing"),
        gateway.request("DELETE", CHAT),
        gateway.chat(ASK, {"origin": "http://elsewhere.example"}),
        gateway.chat(b"{" + b" " * (33 << 20)),
    ]
    assert [reply.status for reply in refusals] == [404, 405, 403, 413]
    ids = {reply.headers["x-fairlead-request-id"] for reply in refusals}
    assert len(ids) == len(refusals)


def test_a_wrong_method_names_the_right_one(gateway) -> None:
    reply = gateway.request("PUT", CHAT, b"{}")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert "it takes POST" in reply.json()["error"]["message"]


def test_head_is_answered_where_get_is(gateway) -> None:
    for path in ("/health", "/ready", "/v1/models"):
        reply = gateway.request("HEAD", path)
        assert (reply.status, reply.body) == (200, b"")
        assert int(reply.headers["content-length"]) > 0
    assert gateway.request("HEAD", CHAT).status == 405


def test_a_packed_body_is_refused_by_its_name(gateway) -> None:
    packed = gzip.compress(json.dumps(ASK).encode())
    reply = gateway.chat(packed, {"content-encoding": "gzip"})
    error = reply.json()["error"]
    assert (reply.status, error["code"]) == (400, "unsupported_content_encoding")
    assert "gzip" in error["message"]
    assert gateway.chat(ASK, {"content-encoding": "identity"}).status == 200


def test_a_body_without_end_is_refused_before_its_end(gateway) -> None:
    client = socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
    host = f"host: 127.0.0.1:{gateway.port}\r\n"
    head = f"POST {CHAT} HTTP/1.1\r\n{host}content-length: {1 << 40}\r\n\r\n"
    with client:
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")
