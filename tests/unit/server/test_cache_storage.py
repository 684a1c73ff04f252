"""Keeping a cached content costs its tokens times its hours, booked once whatever happens to it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.unit.server.side_house import CATALOG, DAY, FLASH, SideHouse, whole

from fairlead.canon import Failure, Problem, Usage
from fairlead.engine.cache_storage import KEPT
from fairlead.finance.told import told
from fairlead.vault.vault import LOOPBACK

MADE = datetime.fromtimestamp(DAY, UTC)
PATH, NAME = "/v1beta/cachedContents", "cachedContents/abc"
BOOKED = "gemini.cachedContents.abc"
ASKED = {"model": f"models/{FLASH}", "contents": [], "ttl": "3600s"}


def page(hours: float, tokens: int | None = 10_000, *, at: float = 0.0) -> dict:
    """It ends `hours` after it was made; `at` is when it was changed, in hours."""

    def moment(after: float) -> str:
        return (MADE + timedelta(hours=after)).isoformat().replace("+00:00", "Z")

    return {
        "name": NAME, "model": f"models/{FLASH}", "createTime": moment(0),
        "updateTime": moment(at), "expireTime": moment(hours),
        "usageMetadata": {} if tokens is None else {"totalTokenCount": tokens},
    }  # fmt: skip


async def made(house: SideHouse, hours: float = 1.0, **more) -> dict:
    reply = await house.ask("POST", PATH, ASKED, whole(page(hours, **more)))
    assert reply.status == 200
    assert reply.json() == page(hours, **more)
    return reply


async def moved(house: SideHouse, hours: float, at: float = 0.25) -> None:
    path = f"{PATH}/abc?updateMask=ttl"
    await house.ask("PATCH", path, {"ttl": "1s"}, whole(page(hours, at=at)))


def storage(house: SideHouse) -> list[int]:
    """Token-hours of each record, in the order in which they were booked."""
    records = [one for one in house.ledger.tail(99)[::-1] if one.usage is not None]
    return [count for one in records for _, count in one.usage.server_calls]


async def test_making_one_books_its_tokens_and_its_hours() -> None:
    house = SideHouse()
    reply = await made(house)
    assert (reply.record.op, reply.record.usage) == ("caches", None)
    record = house.ledger.show(BOOKED)
    assert (record.op, record.model, record.outcome) == ("caches", FLASH, "ok")
    assert record.usage == Usage(input=10_000, server_calls=(("cache_storage", 10_000),))
    assert record.cost_usd == Decimal("0.003") + Decimal("0.01")
    shown = told(record, CATALOG).receipt
    assert shown.total == record.cost_usd
    assert [(n.kind, n.count, n.unit) for n in shown.lines] == [
        ("input", 10_000, "tokens"), ("cache_storage", 10_000, "token-hours"),
    ]  # fmt: skip


async def test_a_begun_token_hour_counts_whole() -> None:
    house = SideHouse()
    await made(house, 5 / 60, tokens=4097)
    assert storage(house) == [342]  # 341.4


@pytest.mark.parametrize(
    ("ends", "steps"),
    [
        ([3.0], [10_000, 20_000]),  # longer
        ([0.5], [10_000, -5_000]),  # shorter
        ([1.0], [10_000]),  # as it was
        ([3.0, 0.5, 3.0, 3.0], [10_000, 20_000, -25_000, 25_000]),
    ],
)
async def test_moving_its_end_books_the_difference(ends, steps) -> None:
    house = SideHouse()
    await made(house)
    for hours in ends:
        await moved(house, hours)
    assert storage(house) == steps
    last = next(one for one in house.ledger.tail(99) if one.usage is not None)
    assert last.cost_usd == told(last, CATALOG).receipt.total
    inputs = [one.usage.input for one in house.ledger.tail(99) if one.usage is not None]
    assert sum(inputs) == 10_000


async def test_looking_at_it_deleting_it_and_its_end_book_nothing() -> None:
    house = SideHouse()
    await made(house)
    await house.ask("GET", f"{PATH}/abc", b"", whole(page(1.0)))
    await house.ask("GET", PATH, b"", whole({"cachedContents": [page(1.0)]}))
    await house.ask("DELETE", f"{PATH}/abc", b"", whole({}))
    assert storage(house) == [10_000]


async def test_a_look_books_what_another_way_has_changed() -> None:
    """The owner moved its end at the vendor, or a process died before it had booked."""
    house = SideHouse()
    await made(house)
    await house.ask("GET", f"{PATH}/abc", b"", whole(page(2.0)))
    assert storage(house) == [10_000, 10_000]


async def test_a_record_that_a_kill_took_is_booked_with_the_next_step() -> None:
    house = SideHouse()
    ownership = house.plane.engine.stores.ownership
    for note in (f"{NAME} 0 0", f"{NAME} 1 10000"):  # noted, and never on disk
        await ownership.once(LOOPBACK, "gemini", KEPT, note)
    await moved(house, 3.0)
    assert storage(house) == [10_000, 20_000]
    assert house.ledger.show(BOOKED).usage.input == 10_000


async def test_what_was_made_elsewhere_is_booked_from_its_change_on() -> None:
    house = SideHouse()
    await house.ask("GET", f"{PATH}/abc", b"", whole(page(1.0)))
    assert storage(house) == []
    await moved(house, 2.25, at=0.25)
    await moved(house, 3.25, at=0.5)
    assert storage(house) == [20_000, 10_000]
    inputs = [one.usage.input for one in house.ledger.tail(99) if one.usage is not None]
    assert sum(inputs) == 0


async def test_one_whose_size_nobody_tells_is_unpriced() -> None:
    house = SideHouse()
    reply = await made(house, tokens=None)
    assert (reply.record.usage, reply.record.cost_usd) == (Usage(estimated=True), None)


async def test_keys_have_accounts_of_their_own() -> None:
    house = SideHouse(keys=True)
    await house.ask("POST", PATH, ASKED, whole(page(1.0)), key="ann")
    refused = await house.ask("PATCH", f"{PATH}/abc", {"ttl": "9s"}, key="ben")
    assert refused.status == 404
    await house.ask("PATCH", f"{PATH}/abc", {"ttl": "9s"}, whole(page(2.0)), key="ann")
    assert storage(house) == [10_000, 10_000]
    assert house.ledger.show(BOOKED).key_id == "ann"


async def test_notes_that_cannot_be_read_keep_nobody_from_the_answer(monkeypatch) -> None:
    house = SideHouse()
    ownership = house.plane.engine.stores.ownership
    own = ownership.ids

    async def broken(*_args) -> list[str]:
        raise Failure(Problem("overloaded", "the file of owners cannot be read"))

    monkeypatch.setattr(ownership, "ids", broken)
    await made(house)
    assert storage(house) == [10_000]
    path = f"{PATH}/abc?updateMask=ttl"
    reply = await house.ask("PATCH", path, {"ttl": "1s"}, whole(page(2.0, at=0.25)))
    assert (reply.status, storage(house)) == (200, [10_000])
    monkeypatch.setattr(ownership, "ids", own)
    await house.ask("GET", f"{PATH}/abc", b"", whole(page(2.0)))
    assert storage(house) == [10_000, 10_000]
