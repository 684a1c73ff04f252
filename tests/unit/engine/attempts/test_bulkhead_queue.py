"""Room for so many, a short queue, and who goes first."""

import asyncio

import pytest

from fairlead.engine.attempts.bulkhead import PRIORITIES, Bulkhead, Shed

INTERACTIVE, NORMAL, BATCH = (PRIORITIES[name] for name in ("interactive", "normal", "batch"))


async def waiting(bulkhead: Bulkhead, priority: int, log: list, name: str) -> asyncio.Task:
    async def wait() -> None:
        try:
            await bulkhead.wait(priority, 30)
            log.append(name)
        except Shed:
            log.append(f"{name} shed")

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_the_more_urgent_goes_first_and_equals_in_their_order() -> None:
    bulkhead, log = Bulkhead(1, 10), []
    assert bulkhead.enter()
    named = (("b", BATCH), ("n1", NORMAL), ("i", INTERACTIVE), ("n2", NORMAL))
    tasks = [await waiting(bulkhead, priority, log, name) for name, priority in named]
    for _ in tasks:
        bulkhead.leave()
        await asyncio.sleep(0.01)
    assert log == ["i", "n1", "n2", "b"]
    assert (bulkhead.in_flight, bulkhead.waiting) == (1, 0)


async def test_a_full_queue_sends_the_least_urgent_away() -> None:
    bulkhead, log = Bulkhead(1, 2), []
    assert bulkhead.enter()
    tasks = [await waiting(bulkhead, BATCH, log, f"b{n}") for n in (1, 2)]
    with pytest.raises(Shed):
        await bulkhead.wait(BATCH, 30)
    tasks.append(await waiting(bulkhead, INTERACTIVE, log, "i"))
    await asyncio.sleep(0)
    assert log == ["b2 shed"]
    assert bulkhead.shed == 2
    for _ in range(2):
        bulkhead.leave()
        await asyncio.sleep(0.01)
    assert log == ["b2 shed", "i", "b1"]
    await asyncio.gather(*tasks)


async def test_nobody_waits_for_ever() -> None:
    bulkhead = Bulkhead(1, 2)
    assert bulkhead.enter()
    with pytest.raises(Shed):
        await bulkhead.wait(NORMAL, 0.01)
    assert (bulkhead.waiting, bulkhead.in_flight) == (0, 1)


async def test_who_leaves_the_queue_takes_no_room_with_him() -> None:
    bulkhead, log = Bulkhead(1, 2), []
    assert bulkhead.enter()
    task = await waiting(bulkhead, NORMAL, log, "n")
    bulkhead.leave()  # gives it the room, and at the same moment it is cancelled
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (bulkhead.in_flight, bulkhead.waiting) == (0, 0)
    assert bulkhead.enter()


async def test_without_a_bound_it_only_counts() -> None:
    bulkhead = Bulkhead(0, 0)
    assert all(bulkhead.enter() for _ in range(1000))
    assert bulkhead.in_flight == 1000


async def test_more_room_lets_more_in() -> None:
    bulkhead, log = Bulkhead(1, 5), []
    assert bulkhead.enter()
    await waiting(bulkhead, NORMAL, log, "n")
    bulkhead.resize(2, 5)
    await asyncio.sleep(0.01)
    assert log == ["n"]
