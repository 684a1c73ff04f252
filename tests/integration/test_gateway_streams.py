"""Streams that take their time: broken ones, and clients that leave."""

import json
import socket
import time

import pytest

from fairlead.emulator import EmulatorSettings, EmulatorThread

HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"


@pytest.fixture(scope="module")
def emulator():
    """One that speaks at a pace, so that a stream is on its way when something happens to it."""
    with EmulatorThread(EmulatorSettings(port=0, tps={"*": 400})) as running_emulator:
        yield running_emulator


@pytest.mark.parametrize("action", ["reset", "close", "malformed_event", "stream_error"])
@pytest.mark.parametrize("model", [HAIKU, FLASH])
def test_a_stream_that_breaks_ends_with_an_error_event(gateway, model, action) -> None:
    gateway.fault(action=action, after=900)
    long = [{"role": "user", "content": "[emulate: words=200] Tell me a story."}]
    reply = gateway.chat({"model": model, "messages": long, "stream": True})
    assert reply.status == 200
    lines = [line for line in reply.body.decode().split("\n\n") if line]
    errors = [json.loads(line[6:]) for line in lines if '"error"' in line]
    assert len(errors) == 1
    assert errors[0]["error"]["message"]
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert record.outcome == "stream_broken"
    assert record.usage is not None
    assert record.cost_usd is not None
    assert record.usage.estimated or model == HAIKU or record.usage.output > 0


def test_a_client_that_leaves_is_recorded_and_the_vendor_is_told(gateway, emulator) -> None:
    body = json.dumps({
        "model": HAIKU, "stream": True,
        "messages": [{"role": "user", "content": "[emulate: words=2000] Tell me a story."}],
    }).encode()  # fmt: skip
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{gateway.port}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gateway.port)) as client:
        client.sendall(head.encode() + body)
        assert b"200" in client.recv(100)
    record = gateway.newest(outcome="client_gone")
    assert record.stream
    assert record.usage is not None
    assert record.cost_usd is not None
    deadline = time.monotonic() + 30
    while not any(entry.outcome == "abandoned" for entry in emulator.requests):
        assert time.monotonic() < deadline, "the upstream request was not cancelled"
        time.sleep(0.02)
