"""One contract over every upstream: what a client gets does not depend on which door its request
went through, and what the ledger has is what the emulator counted.
"""

import base64
import json
import struct
import zlib

import pytest
from tests.contract.upstream_house import CLAUDE, DOORS, Door, House

from fairlead.emulator import EmulatorThread, FaultRule

FRONTS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic": "/v1/messages",
}
TOOL = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture(scope="module")
def emulator():
    with EmulatorThread(tps={"*": 1500}) as running:
        yield running


@pytest.fixture(scope="module", params=DOORS, ids=lambda door: door.name.replace(" ", "-"))
def house(request, emulator, tmp_path_factory):
    door: Door = request.param
    if "bedrock" in door.name:
        pytest.importorskip("botocore")
    built = House(door, emulator, tmp_path_factory.mktemp("door"))
    yield built
    built.close()


@pytest.fixture(autouse=True)
def clean(emulator, house):
    yield
    emulator.faults.clear()
    house.renew()


def messages(house: House, content: object = "What is a monad?", **more: object) -> dict:
    body = {"model": house.door.model, "max_tokens": 2048}
    return body | {"messages": [{"role": "user", "content": content}], **more}


def sse(body: bytes) -> list[dict]:
    lines = (line for line in body.split(b"\n") if line.startswith(b"data: "))
    return [json.loads(line[6:]) for line in lines if line != b"data: [DONE]"]


def bill(house: House) -> dict[str, int]:
    """The tokens of the emulator's newest request."""
    entry = house.emulator.requests[-1]
    assert entry.vendor == house.door.vendor
    return entry.usage


def assert_booked(house: House) -> None:
    """The ledger has what the emulator counted."""
    said, used = bill(house), house.record().usage
    assert used is not None
    assert not used.estimated
    assert used.input == said["input"]
    assert used.cache_read == said.get("cache_read", 0)
    assert used.cache_write_5m == said.get("cache_write_5m", 0)
    assert used.cache_write_1h == said.get("cache_write_1h", 0)
    assert used.completion_total == said["output"] + said.get("thinking", 0)


def test_text(house) -> None:
    got = house.ask("/v1/messages", messages(house))
    assert got.status == 200, got.body
    answer = got.json()
    assert "emulated" in answer["content"][0]["text"]
    assert answer["stop_reason"] == "end_turn"
    assert house.record().outcome == "ok"
    assert house.record().cost_usd > 0
    assert_booked(house)


def test_a_stream_says_what_the_whole_answer_says(house) -> None:
    whole = house.ask("/v1/messages", messages(house)).json()
    got = house.ask("/v1/messages", messages(house, stream=True))
    assert got.status == 200
    assert got.headers["content-type"].startswith("text/event-stream")
    events = sse(got.body)
    texts = [e["delta"]["text"] for e in events if e.get("delta", {}).get("type") == "text_delta"]
    assert "".join(texts) == whole["content"][0]["text"]
    assert events[-1]["type"] == "message_stop"
    assert_booked(house)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_chat(house, stream) -> None:
    body = {
        "model": house.door.model,
        "messages": [{"role": "user", "content": "What is a monad?"}],
        "stream": stream,
    }
    got = house.ask("/v1/chat/completions", body)
    assert got.status == 200, got.body
    if stream:
        told = [c["delta"].get("content") or "" for e in sse(got.body) for c in e["choices"]]
        assert "emulated" in "".join(told)
        assert got.body.endswith(b"data: [DONE]\n\n")
    else:
        assert "emulated" in got.json()["choices"][0]["message"]["content"]
    assert_booked(house)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_tool_is_called_and_its_result_goes_back(house, stream) -> None:
    tools = [{"name": "weather", "description": "of a city", "input_schema": TOOL}]
    ask = messages(house, tools=tools, tool_choice={"type": "any"}, stream=stream)
    got = house.ask("/v1/messages", ask)
    assert got.status == 200, got.body
    if stream:
        events = sse(got.body)
        starts = [e["content_block"] for e in events if e["type"] == "content_block_start"]
        call = next(block for block in starts if block["type"] == "tool_use")
        pieces = [e["delta"].get("partial_json", "") for e in events if "delta" in e]
        call = {**call, "input": json.loads("".join(pieces))}
    else:
        call = next(block for block in got.json()["content"] if block["type"] == "tool_use")
        assert got.json()["stop_reason"] == "tool_use"
    assert set(call["input"]) == {"city"}
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "12 degrees"}
    turns = [
        *ask["messages"],
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    again = house.ask("/v1/messages", {**ask, "messages": turns, "tool_choice": {"type": "auto"}})
    assert again.status == 200, again.body
    assert_booked(house)


def test_an_image_goes_through(house) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    got = house.ask("/v1/messages", messages(house, content))
    assert got.status == 200, got.body
    assert_booked(house)


def test_an_image_over_the_doors_limit_is_refused_with_it(house) -> None:
    """The catalogue's limit is the vendor's, which tells of it; only Claude's doors state one."""
    most = house.limit("image_base64_bytes")
    assert (most is None) == (house.door.model != CLAUDE)
    if most is None:
        return
    data = base64.b64encode(PNG + bytes(most // 4 * 3 + 3 - len(PNG))).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    got = house.ask("/v1/messages", messages(house, [{"type": "image", "source": source}]))
    assert got.status == 400, got.body
    assert f"{most + 4} bytes > {most} bytes" in got.json()["error"]["message"]


def test_a_prompt_that_is_marked_is_cached(house) -> None:
    """By the marks where the vendor wants them, by itself elsewhere."""
    long = "A long and tiresome preamble about nothing. " * 1500
    system = [{"type": "text", "text": long, "cache_control": {"type": "ephemeral"}}]
    for _ in range(2):
        got = house.ask("/v1/messages", messages(house, system=system))
        assert got.status == 200, got.body
        assert_booked(house)
    assert bill(house)["cache_read"] > 4096


def test_thinking_is_told_as_the_vendor_tells_it_and_goes_back(house) -> None:
    ask = messages(house, thinking={"type": "enabled", "budget_tokens": 1024})
    got = house.ask("/v1/messages", ask)
    assert got.status == 200, got.body
    blocks = got.json()["content"]
    thoughts = [block for block in blocks if block["type"] == "thinking"]
    assert len(thoughts) == (house.door.thoughts != "untold")
    assert all(bool(one["signature"]) is (house.door.thoughts == "signed") for one in thoughts)
    assert bill(house)["thinking"] > 0
    assert_booked(house)
    turns = [
        *ask["messages"],
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": "And then?"},
    ]
    again = house.ask("/v1/messages", {**ask, "messages": turns})
    assert again.status == 200, again.body
    assert_booked(house)


@pytest.mark.parametrize("front", FRONTS)
def test_what_the_vendor_refuses_is_told_in_the_clients_dialect(house, front) -> None:
    """A forbidden temperature: each vendor has its own words."""
    said = {"openai_responses": {"input": "hi"}}.get(
        front, {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 2048}
    )
    house.emulator.faults.add(FaultRule(action="status", status=400, vendor=house.door.vendor))
    got = house.ask(FRONTS[front], {"model": house.door.model, **said})
    assert 400 <= got.status < 500, got.body
    error = got.json()["error"]
    assert error["message"]
    if front == "anthropic":
        assert got.json()["type"] == "error"
        assert error["type"] == "invalid_request_error"


def test_a_busy_vendor_is_told_as_one_and_costs_nothing(house) -> None:
    house.emulator.faults.add(
        FaultRule(action="status", status=429, vendor=house.door.vendor, retry_after=7)
    )
    got = house.ask("/v1/messages", messages(house))
    assert got.status == 429
    assert got.json()["error"]["type"] == "rate_limit_error"
    assert not house.record().cost_usd


def test_a_refused_account_is_the_operators_affair(house) -> None:
    house.emulator.faults.add(FaultRule(action="status", status=403, vendor=house.door.vendor))
    got = house.ask("/v1/messages", messages(house))
    assert got.status in {502, 503}
    assert got.json()["error"]["type"] in {"api_error", "overloaded_error"}
    assert house.record().error_kind == "upstream_auth"


def test_an_error_in_mid_stream_ends_it_with_the_dialects_own(house) -> None:
    rule = FaultRule(action="stream_error", after=900, vendor=house.door.vendor)
    house.emulator.faults.add(rule)
    for _ in range(20):  # what comes all at once is an error before the first byte, and no stream
        got = house.ask("/v1/messages", messages(house, stream=True))
        if got.status == 200:
            break
        house.renew()
    assert got.status == 200
    events = sse(got.body)
    assert events[-1]["type"] == "error"
    assert events[-1]["error"]["type"]
    assert house.record().outcome == "stream_broken"


def test_a_stream_that_is_cut_off_is_no_answer(house) -> None:
    rule = FaultRule(action="close", after=700, vendor=house.door.vendor)
    house.emulator.faults.add(rule)
    got = house.ask("/v1/messages", messages(house, stream=True))
    assert house.record().outcome != "ok"
    assert b"message_stop" not in got.body


def test_a_client_that_leaves_is_accounted_for(house) -> None:
    # Silence after some of it: on a busy machine all of it may be there when the client leaves.
    rule = FaultRule(action="stall", after=1200, seconds=60, vendor=house.door.vendor)
    house.emulator.faults.add(rule)
    got = house.ask("/v1/messages", messages(house, stream=True), stay=1)
    assert got.gone
    record = house.record()
    assert record.outcome == "client_gone"
    assert record.usage is not None


def test_tokens_are_counted(house) -> None:
    body = {"model": house.door.model, "messages": [{"role": "user", "content": "hi"}]}
    got = house.ask("/v1/messages/count_tokens", body)
    assert got.status == 200, got.body
    assert got.json()["input_tokens"] > 0


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x10\x80\xf0" * 8 for _ in range(8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PNG = _png()
