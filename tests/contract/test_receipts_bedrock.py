"""Bedrock's recorded answers: their receipts beside a bill worked out plainly from what AWS sent."""

import base64
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.contract.plain_bill import PRICES, amount, count
from tests.unit.wire.bedrock.recorded_bedrock import answered, streamed

from fairlead.canon import Usage, fold
from fairlead.catalog.model import Model, Price
from fairlead.cost.price import PriceTable
from fairlead.cost.receipt import receipt
from fairlead.wire.anthropic import CODEC
from fairlead.wire.bedrock.converse_answer import converse_answer
from fairlead.wire.bedrock.converse_stream import ConverseStream
from fairlead.wire.bedrock.invoke_stream import InvokeStream

eventstream = pytest.importorskip("botocore.eventstream")

DAY = date(2026, 11, 22)
TABLE = PriceTable(
    Model(
        id="m",
        vendor="v",
        prices=tuple(Price(kind, usd, source="fixed", seen=DAY) for kind, usd in PRICES.items()),
    ),
    DAY,
)
PIECE = 61
API = {"converse": "bedrock_converse", "invoke": "anthropic"}
STREAMS: dict[str, Callable[[], Any]] = {
    "converse": lambda: ConverseStream("m", "r"),
    "invoke": InvokeStream,
}


def whole(op: str, row: dict[str, Any]) -> tuple[str, list[Usage | None]]:
    """What AWS sent, as text, and the usage that is read from it."""
    text = row["response"]["body_text"]
    body = text.encode()
    said = converse_answer(body, "m", "r") if op == "converse" else body
    return text, [CODEC.decode_response(said).usage]


def stream(op: str, row: dict[str, Any]) -> tuple[str, list[Usage | None]]:
    """The same of a stream, that is read at once and in pieces."""
    data = streamed(row)
    return _plain(data), [_read(STREAMS[op](), data, size) for size in (len(data), PIECE)]


def _plain(data: bytes) -> str:
    """The events by botocore's own parser, as server-sent ones."""
    buffer = eventstream.EventStreamBuffer()
    buffer.add_data(data)
    said = [json.loads(message.payload or b"{}") for message in buffer]
    told = [
        base64.b64decode(one["bytes"]).decode() if "bytes" in one else json.dumps(one)
        for one in said
    ]
    return "".join(f"data: {one}\n\n" for one in told)


def _read(unframer: Any, data: bytes, size: int) -> Usage | None:
    decoder, events = CODEC.stream_decoder(), []
    for at in range(0, len(data), size):
        events += decoder.feed(unframer.feed(data[at : at + size]))
    events += decoder.feed(unframer.close()) + decoder.close()
    return fold(events).usage


@pytest.mark.parametrize(
    ("op", "streams", "least"),
    [("converse", False, 150), ("converse", True, 20), ("invoke", False, 8), ("invoke", True, 9)],
)
def test_no_recorded_answer_costs_anything_else(op: str, streams: bool, least: int) -> None:
    priced = 0
    for row in answered(op, stream=streams):
        text, usages = (stream if streams else whole)(op, row)
        counted = count(API[op], text)
        assert counted is not None, row["id"]
        for usage in usages:
            assert usage is not None, row["id"]
            assert receipt(usage, TABLE).total == amount(counted), (row["id"], counted, usage)
        priced += 1
    assert priced >= least


def test_the_plain_bill_tells_writes_by_their_time_to_live() -> None:
    details = [{"ttl": "1h", "inputTokens": 7}, {"ttl": "5m", "inputTokens": 3}]
    usage = {"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokens": 5, "totalTokens": 18}
    told = {**usage, "cacheWriteInputTokens": 10, "cacheDetails": details}
    assert count("bedrock_converse", json.dumps({"usage": told})) == {
        "input": 1, "output": 2, "cache_read": 5, "cache_write_5m": 3, "cache_write_1h": 7,
    }  # fmt: skip
    assert count("bedrock_converse", '{"metrics": {}}') is None
