"""The recordings of Bedrock, replayed by the emulator over HTTP and read as the gateway reads them."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.unit.wire.bedrock.recorded_bedrock import RECORDINGS, asked, rows, streamed

from fairlead.canon import StreamError, fold
from fairlead.emulator import EmulatorThread
from fairlead.engine.foreign import opened
from fairlead.upstream.kinds.registry import KINDS
from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.transport import HttpRequest
from fairlead.wire.anthropic import CODEC

HEADERS = (("authorization", "Bearer any"), ("content-type", "application/json"))
APIS = KINDS["bedrock"].apis


class Asking:
    """What `opened` looks at of an exchange."""

    dialect = "anthropic"
    model = None
    model_name = "m"

    def __init__(self, *, stream: bool) -> None:
        self.stream = stream


@pytest.fixture(scope="module")
def emulator():
    pytest.importorskip("botocore")
    rows()
    with EmulatorThread(replay=RECORDINGS, replay_only=True) as running:
        yield running


def replayed() -> list[dict[str, Any]]:
    """Each request once: a request that was recorded twice has its answers in turn."""
    once = {}
    for row in rows():
        direct = urlsplit(row["request"]["url"]).path.startswith("/model/")
        if direct and row["op"] in ("converse", "invoke") and asked(row).get("messages"):
            once.setdefault((row["request"]["url"], json.dumps(asked(row), sort_keys=True)), row)
    return list(once.values())


async def test_every_recorded_answer_is_read_off_the_wire(emulator) -> None:
    transport, seen, tokens = PooledTransport(), 0, 0
    for row in replayed():
        path = urlsplit(row["request"]["url"]).path
        body = json.dumps(asked(row)).encode()
        request = HttpRequest("POST", emulator.url + path, HEADERS, body)
        answer = await transport.send(request)
        assert answer.status == row["response"]["status"], row["id"]
        assert answer.headers["x-fairlead-recording"] == row["id"]
        if answer.status != 200:
            problem = APIS[row["op"]].decode_error(400, answer.headers, await answer.read(10**6))
            assert problem.message
            continue
        streams = "eventstream" in answer.headers["content-type"]
        through = opened(Asking(stream=streams), APIS[row["op"]], answer)
        if answer.headers["content-type"].startswith("application/vnd.amazon"):
            assert through.headers["content-type"] == "text/event-stream"
            decoder, events = CODEC.stream_decoder(), []
            async for chunk in through.chunks():
                events += decoder.feed(chunk)
            events += decoder.close()
            assert not any(isinstance(event, StreamError) for event in events), row["id"]
            told = fold(events)
        else:
            told = CODEC.decode_response(await through.read(10**8))
        await through.aclose()
        assert told.usage is not None
        tokens += told.usage.total
        seen += 1
    await transport.aclose()
    assert seen > 150
    assert tokens > 50_000


async def test_streams_arrive_byte_for_byte(emulator) -> None:
    transport = PooledTransport()
    row = next(row for row in replayed() if row["stream"] and row["response"]["status"] == 200)
    path = urlsplit(row["request"]["url"]).path
    body = json.dumps(asked(row)).encode()
    answer = await transport.send(HttpRequest("POST", emulator.url + path, HEADERS, body))
    assert await answer.read(10**8) == streamed(row)
    await transport.aclose()
