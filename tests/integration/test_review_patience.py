"""Clients that take their time, leave no place, or meet a gateway that stops."""

import json
import signal
import socket
import sqlite3
import time

import pytest

from fairlead.emulator import EmulatorSettings, EmulatorThread

HAIKU = "claude-haiku-4-5-20251001"
ASK = {"model": HAIKU, "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def emulator():
    """One that takes long enough to be interrupted."""
    with EmulatorThread(
        EmulatorSettings(port=0, ttft={"claude-*": 30.0}, tps={"gemini-*": 50})
    ) as e:
        yield e


def send(port: int, body: dict | bytes, *, length: int | None = None) -> socket.socket:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
    client.sendall(f"{head}content-length: {length or len(data)}\r\n\r\n".encode() + data)
    return client


def rest(client: socket.socket) -> bytes:
    found = b""
    with client:
        while data := client.recv(65536):
            found += data
    return found


def test_a_request_has_to_arrive_in_time(start) -> None:
    gateway = start(env={"FAIRLEAD_SERVER_RECEIVE_SECONDS": "0.5"})
    body = send(gateway.port, b"{", length=100)
    head = socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
    head.sendall(b"POST /v1/chat/comp")
    idle = socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
    for answer in (rest(body), rest(head)):
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        assert b"0.5 s" in json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"].encode()
    assert rest(idle) == b""


def test_an_answer_may_take_longer_than_a_request(start) -> None:
    gateway = start(env={"FAIRLEAD_SERVER_RECEIVE_SECONDS": "2"})
    ask = {"model": "gemini-2.5-flash", "reasoning_effort": "none",
           "messages": [{"role": "user", "content": "[emulate: words=120] Tell a story."}]}  # fmt: skip
    began = time.monotonic()
    assert gateway.chat(ask).status == 200
    assert time.monotonic() - began > 2


def test_a_head_without_end_is_cut_off(gateway) -> None:
    client = socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
    client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nx-a: ")
    with pytest.raises(OSError, match=r"reset|pipe"):
        client.sendall(b"a" * 100_000_000)
    client.close()
    assert gateway.request("GET", "/health").status == 200


def test_what_is_no_http_is_told_so_in_json(gateway) -> None:
    client = socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
    client.sendall(b"\x16\x03\x01 not http\r\n\r\n")
    answer = rest(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["type"] == "invalid_request_error"


def test_what_the_drain_cuts_off_is_told_and_recorded(start) -> None:
    gateway = start(env={"FAIRLEAD_SERVER_DRAIN_SECONDS": "1"})
    story = [{"role": "user", "content": "[emulate: words=2000] Tell a story."}]
    flash = {"model": "gemini-2.5-flash", "reasoning_effort": "none", "messages": story}
    hanging = [send(gateway.port, ASK), send(gateway.port, {**ASK, "stream": True})]
    unsent = send(gateway.port, b"{", length=100)
    stream = send(gateway.port, {**flash, "stream": True})
    assert stream.recv(12) == b"HTTP/1.1 200"
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.process.wait(timeout=25) == 0  # a drain is 30 s by default
    for client in (*hanging, unsent):
        answer = rest(client)
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert b"Fairlead is stopping" in answer
    assert b'"error":{"message":"Fairlead is stopping' in rest(stream)
    with sqlite3.connect(gateway.database) as db:
        rows = sorted(db.execute("select outcome, status, error_kind from records"))
    assert rows == [
        ("stream_broken", 200, "overloaded"),
        ("upstream_error", 503, "overloaded"),
        ("upstream_error", 503, "overloaded"),
    ]
    assert "Traceback" not in gateway.log.read_text()
