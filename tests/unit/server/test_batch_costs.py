"""What a batch costs is read from its answers as they pass by, and booked once."""

import asyncio
import contextlib
import json
from datetime import date
from decimal import Decimal

import pytest
from tests.unit.server.side_house import CATALOG, DAY, FLASH, HAIKU, SideHouse, whole

from fairlead.canon import Usage
from fairlead.cost.price import PriceTable
from fairlead.engine import batch_results
from fairlead.finance.told import told
from fairlead.upstream.fake import Answer, Pause
from fairlead.upstream.transport import UpstreamReset
from fairlead.vault.vault import LOOPBACK

CLAUDE = {"anthropic_version": "2023-06-01"}
NEWER = "claude-haiku-5-5"
RESULTS = "/v1/messages/batches/msgbatch_1/results"
BOOKED = "anthropic.msgbatch_1"
TODAY = date(2026, 9, 21)
MINI = "gpt-5-mini"


def price(model: str, *usages: Usage) -> Decimal:
    table = PriceTable(CATALOG.resolve(model, TODAY), TODAY)
    charges = [table.charge(usage, batch=True) for usage in usages]
    return sum((charge.total for charge in charges), Decimal(0))


def claude(model: str, read: int, wrote: int, **more: int) -> dict:
    usage = {"input_tokens": read, "output_tokens": wrote, "service_tier": "batch", **more}
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "text", "text": "é\\n"}], "stop_reason": "end_turn", "usage": usage,
    }  # fmt: skip
    return {"custom_id": "a", "result": {"type": "succeeded", "message": message}}


def chat(read: int, wrote: int) -> dict:
    usage = {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}
    message = {"role": "assistant", "content": "x"}
    body = {
        "id": "c", "object": "chat.completion", "created": 1, "model": MINI, "usage": usage,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }  # fmt: skip
    return {"custom_id": "a", "response": {"status_code": 200, "body": body}, "error": None}


def answered(read: int, wrote: int) -> dict:
    usage = {"input_tokens": read, "output_tokens": wrote, "total_tokens": read + wrote}
    body = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": MINI, "usage": usage,
        "status": "completed", "output": [],
    }  # fmt: skip
    return {"custom_id": "b", "response": {"status_code": 200, "body": body}, "error": None}


def gemini(read: int, wrote: int) -> dict:
    usage = {"promptTokenCount": read, "candidatesTokenCount": wrote}
    content = {"role": "model", "parts": [{"text": "x"}]}
    response = {
        "candidates": [{"content": content, "finishReason": "STOP"}],
        "usageMetadata": {**usage, "totalTokenCount": read + wrote}, "modelVersion": FLASH,
    }  # fmt: skip
    return {"response": response}


def lines(*rows: dict) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def pieces(body: bytes, size: int = 7) -> Answer:
    parts = tuple(body[at : at + size] for at in range(0, len(body), size))
    return Answer(200, {"content-type": "application/x-jsonl"}, parts)


async def test_it_is_read_as_it_passes_and_booked_once() -> None:
    house = SideHouse()
    body = lines(
        claude(HAIKU, 10, 5), {"custom_id": "b", "result": {"type": "canceled"}},
        claude(HAIKU, 1000, 50, cache_read_input_tokens=70),
        {"custom_id": "c", "result": {"type": "errored", "error": {"type": "error"}}},
    )  # fmt: skip
    reply = await house.ask("GET", RESULTS, b"", pieces(body), **CLAUDE)
    assert reply.body == body
    assert (reply.record.usage, reply.record.model) == (None, None)
    record = house.ledger.show(BOOKED)
    assert (record.op, record.model, record.outcome) == ("batches", HAIKU, "ok")
    usage = record.usage
    assert (usage.input, usage.output, usage.cache_read) == (1010, 55, 70)
    assert (usage.tier, usage.estimated) == ("batch", False)
    assert record.cost_usd == price(
        HAIKU, Usage(input=10, output=5), Usage(input=1000, output=50, cache_read=70)
    )
    shown = told(record, CATALOG)
    assert shown.receipt is not None
    assert shown.receipt.total == record.cost_usd
    assert {line.tier for line in shown.receipt.lines} == {"batch"}
    before = len(house.ledger.tail(99))
    again = await house.ask("GET", RESULTS, b"", pieces(body), **CLAUDE)
    assert again.body == body
    assert (again.record.usage, again.record.cost_usd) == (None, None)
    assert len(house.ledger.tail(99)) == before + 1


async def test_what_was_booked_and_not_noted_is_not_booked_again() -> None:
    """As after a kill between the two: the records are there, and the note is not."""
    house = SideHouse()
    body = lines(claude(HAIKU, 10, 5), claude(NEWER, 20, 6))
    await house.ask("GET", RESULTS, b"", pieces(body), **CLAUDE)
    ownership = house.plane.engine.stores.ownership
    assert await ownership.delete(LOOPBACK, "anthropic", "booked", "msgbatch_1")
    before = len(house.ledger.tail(99))
    await house.ask("GET", RESULTS, b"", pieces(body), **CLAUDE)
    assert len(house.ledger.tail(99)) == before + 1
    assert await ownership.owns(LOOPBACK, "anthropic", "booked", "msgbatch_1")


async def test_the_receipt_of_a_fetch_says_where_the_cost_is() -> None:
    house = SideHouse()
    body = lines(claude(HAIKU, 10, 5))
    reply = await house.ask("GET", RESULTS, b"", pieces(body), **CLAUDE)
    assert any("UPSTREAM.ID" in note for note in told(reply.record, CATALOG).notes)


async def test_models_have_a_record_each() -> None:
    house = SideHouse()
    rows = (claude(HAIKU, 10, 5), claude(NEWER, 20, 6), claude("nobody-knows", 3, 4))
    reply = await house.ask("GET", RESULTS, b"", pieces(lines(*rows)), **CLAUDE)
    assert reply.record.usage is None
    first, second, third = (house.ledger.show(f"{BOOKED}{end}") for end in ("", "-2", "-3"))
    assert [one.model for one in (first, second, third)] == [HAIKU, NEWER, "nobody-knows"]
    assert first.cost_usd == price(HAIKU, Usage(input=10, output=5))
    assert second.cost_usd == price(NEWER, Usage(input=20, output=6))
    assert (third.cost_usd, third.usage.input) == (None, 3)
    assert (second.op, second.upstream, second.outcome) == ("batches", "anthropic", "ok")


async def test_each_answer_has_the_band_of_its_own_prompt() -> None:
    rows = [claude(NEWER, read, 10) for read in (60_000, 60_000, 150_000)]
    house = SideHouse()
    await house.ask("GET", RESULTS, b"", pieces(lines(*rows), 1000), **CLAUDE)
    records = [house.ledger.show(BOOKED), house.ledger.show(f"{BOOKED}-2")]
    small, large = Usage(input=60_000, output=10), Usage(input=150_000, output=10)
    assert [one.cost_usd for one in records] == [price(NEWER, small, small), price(NEWER, large)]
    assert large.prompt_total > 100_000 > small.prompt_total
    for record in records:
        assert told(record, CATALOG).receipt.total == record.cost_usd


async def test_what_breaks_off_is_not_booked_and_the_next_fetch_is() -> None:
    house = SideHouse()
    body = lines(claude(HAIKU, 10, 5), claude(HAIKU, 20, 5))
    broken = Answer(
        200,
        {"content-length": str(len(body))},
        (body[:50], body[50:-5], UpstreamReset("gone", sent=True)),
    )
    reply = await house.ask("GET", RESULTS, b"", broken, **CLAUDE)
    assert (reply.record.outcome, house.ledger.show(BOOKED)) == ("stream_broken", None)
    await house.ask("GET", RESULTS, b"", pieces(body), **CLAUDE)
    assert house.ledger.show(BOOKED).usage.input == 30


async def test_whose_client_leaves_is_not_booked() -> None:
    house = SideHouse()
    body = lines(claude(HAIKU, 10, 5), claude(HAIKU, 20, 5))
    waiting = Answer(200, {}, (body[:50], Pause(30.0), body[50:]))
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(house.ask("GET", RESULTS, b"", waiting, leave=True, **CLAUDE), 30)
    (record,) = house.ledger.tail(1)
    assert (record.outcome, house.ledger.show(BOOKED)) == ("client_gone", None)
    await house.ask("GET", RESULTS, b"", pieces(body), **CLAUDE)
    assert house.ledger.show(BOOKED).usage.input == 30


async def test_two_at_once_book_it_once() -> None:
    house = SideHouse()
    body = lines(claude(HAIKU, 10, 5), claude(HAIKU, 20, 5))
    await asyncio.gather(
        *(house.ask("GET", RESULTS, b"", pieces(body), **CLAUDE) for _ in range(2))
    )
    told_ = [one.usage.input for one in house.ledger.tail(9) if one.usage is not None]
    assert told_ == [30]


async def test_a_line_that_is_too_long_or_unreadable_is_told(monkeypatch) -> None:
    monkeypatch.setattr(batch_results.Lines.__init__, "__defaults__", (2000,))
    body = lines(claude(HAIKU, 10, 5)) + b'{"x": "' + b"y" * 3000 + b'"}\n'
    house = SideHouse()
    reply = await house.ask("GET", RESULTS, b"", pieces(body), **CLAUDE)
    assert reply.body == body
    usage = house.ledger.show(BOOKED).usage
    assert (usage.input, usage.estimated) == (10, True)
    house = SideHouse()
    reply = await house.ask("GET", RESULTS, b"", pieces(b"[1]\nno json\n"), **CLAUDE)
    record = house.ledger.show(BOOKED)
    assert reply.body == b"[1]\nno json\n"
    assert (record.usage, record.cost_usd) == (Usage(estimated=True, tier="batch"), None)


@pytest.mark.parametrize("key", [None, "ann"])
async def test_openais_output_file_is_known_by_its_batch(key) -> None:
    house = SideHouse(keys=key is not None)
    body = lines(chat(10, 5), answered(20, 6))
    if key is not None:
        await house.ask("POST", "/v1/batches", b"{}", whole({"id": "batch_1"}), key=key)
    else:  # of a file that nobody knows nothing is read
        reply = await house.ask("GET", "/v1/files/file-out/content", b"", pieces(body), key=key)
        assert (reply.body, reply.record.usage) == (body, None)
    page = {"id": "batch_1", "output_file_id": "file-out", "error_file_id": "file-err"}
    await house.ask("GET", "/v1/batches/batch_1", b"", whole(page), key=key)
    reply = await house.ask("GET", "/v1/files/file-out/content", b"", pieces(body), key=key)
    record = house.ledger.show("openai.file-out")
    assert (reply.body, record.op, record.model) == (body, "files", MINI)
    assert (record.usage.input, record.usage.output, record.usage.tier) == (30, 11, "batch")
    assert record.cost_usd is None  # this catalogue has no prices of OpenAI's
    reply = await house.ask("GET", "/v1/files/file-out/content", b"", pieces(body), key=key)
    assert reply.record.usage is None
    assert len([one for one in house.ledger.tail(99) if one.usage is not None]) == 1


def status(**said) -> dict:
    usage = {
        "input_tokens": 1000, "input_tokens_details": {"cached_tokens": 200}, "total_tokens": 1500,
        "output_tokens": 500, "output_tokens_details": {"reasoning_tokens": 100},
    }  # fmt: skip
    return {
        "id": "batch_1", "object": "batch", "status": "completed", "model": MINI,
        "endpoint": "/v1/chat/completions", "output_file_id": "file-out", "usage": usage, **said,
    }  # fmt: skip


async def test_a_batch_that_says_what_it_used_is_booked_without_its_results() -> None:
    house = SideHouse()
    page = status()
    reply = await house.ask("GET", "/v1/batches/batch_1", b"", whole(page))
    assert reply.json() == page
    record = house.ledger.show("openai.file-out")
    assert (record.op, record.model, record.upstream) == ("batches", MINI, "openai")
    assert record.usage == Usage(input=800, cache_read=200, output=400, thinking=100, tier="batch")
    before = len(house.ledger.tail(99))
    await house.ask("GET", "/v1/batches/batch_1", b"", whole(page))
    body = lines(chat(10, 5))
    await house.ask("GET", "/v1/files/file-out/content", b"", pieces(body))
    assert len(house.ledger.tail(99)) == before + 2


@pytest.mark.parametrize(
    "said",
    [
        {"status": "in_progress"},
        {"usage": None},
        {"model": None},
        {"endpoint": "/v1/responses"},  # a search would be a fee
        {"model": NEWER},  # whose prices depend on the size of each prompt
        {"usage": "a lot"},
    ],
)
async def test_a_status_that_says_too_little_books_nothing(said) -> None:
    house = SideHouse()
    await house.ask("GET", "/v1/batches/batch_1", b"", whole(status(**said)))
    assert house.ledger.show("openai.file-out") is None


async def test_embeddings_in_a_batch() -> None:
    model = "text-embedding-3-small"
    body = {"object": "list", "model": model, "usage": {"prompt_tokens": 9, "total_tokens": 9},
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]}  # fmt: skip
    house = SideHouse()
    page = {"id": "batch_1", "output_file_id": "file-out"}
    await house.ask("GET", "/v1/batches/batch_1", b"", whole(page))
    line = {"custom_id": "a", "response": {"status_code": 200, "body": body}}
    await house.ask("GET", "/v1/files/file-out/content", b"", pieces(lines(line)))
    record = house.ledger.show("openai.file-out")
    assert (record.model, record.usage.input) == (model, 9)


async def test_geminis_answers_in_the_batch_and_in_a_file() -> None:
    house = SideHouse()
    going = {"name": "batches/b", "metadata": {"output": {"inlinedResponses": {}}}}
    reply = await house.ask("GET", "/v1beta/batches/b", b"", whole(going))
    assert reply.record.usage is None
    inlined = {"inlinedResponses": {"inlinedResponses": [gemini(10, 5), {"error": {"code": 3}}]}}
    ended = {"name": "batches/b", "done": True, "metadata": {"output": inlined}}
    reply = await house.ask("GET", "/v1beta/batches/b", b"", whole(ended))
    assert reply.body == json.dumps(ended).encode()
    record = house.ledger.show("gemini.batches.b")
    assert (record.op, record.model) == ("batches", FLASH)
    assert record.cost_usd == price(FLASH, Usage(input=10, output=5))
    reply = await house.ask("GET", "/v1beta/batches/b", b"", whole(ended))
    assert reply.record.usage is None
    written = {"name": "batches/c", "done": True, "response": {"responsesFile": "files/out"}}
    await house.ask("GET", "/v1beta/batches/c", b"", whole(written))
    body = lines({"key": "a", **gemini(30, 7)})
    path = "/v1beta/files/out:download?alt=media"
    reply = await house.ask("GET", path, b"", pieces(body))
    record = house.ledger.show("gemini.files.out")
    assert (reply.body, record.op) == (body, "files")
    assert record.cost_usd == price(FLASH, Usage(input=30, output=7))
    assert record.at == DAY
