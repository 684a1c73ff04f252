"""Who goes first where a key's requests of the minute are used up."""

import asyncio
from types import SimpleNamespace

import pytest

from fairlead.canon import Failure
from fairlead.engine.attempts.bulkhead import Bulkhead
from fairlead.engine.attempts.line import Line
from fairlead.engine.attempts.quota import Quota
from fairlead.engine.attempts.room import NotSent, find_room


class Gate(Quota):
    """Lets as many out as it is told, whatever the time."""

    def __init__(self) -> None:
        super().__init__(1, 0)
        self.free = 0

    def wait(self, now: float, tokens: int) -> float:
        return 0.0 if self.free else 0.001


def house(gate: Gate):
    return SimpleNamespace(
        bulkhead=Bulkhead(0, 0), quota=gate, name="m at u", upstream=SimpleNamespace(name="u")
    )


def asking(latency: str | None, seconds: float = 60.0):
    delivery = SimpleNamespace(queue_seconds=seconds)
    return SimpleNamespace(
        snapshot=SimpleNamespace(delivery=delivery), until=None, queued=0.0, latency=latency,
        decision=None, body=b"x",
    )  # fmt: skip


async def through(gate: Gate, deployment, latency: str, name: str, went) -> None:
    loop = asyncio.get_running_loop()
    await find_room(asking(latency), deployment, loop.time, patient=True)
    gate.free -= 1
    went.put_nowait(name)


async def test_the_more_urgent_goes_first_and_equals_as_they_came() -> None:
    gate, went = Gate(), asyncio.Queue()
    deployment = house(gate)
    order = ["batch", "normal", "batch", "interactive", "normal"]
    tasks = []
    for number, latency in enumerate(order):
        tasks.append(
            asyncio.create_task(through(gate, deployment, latency, f"{latency}{number}", went))
        )
        await asyncio.sleep(0)
    told = []
    for _ in order:
        gate.free = 1
        told.append(await went.get())
    await asyncio.gather(*tasks)
    assert told == ["interactive3", "normal1", "normal4", "batch0", "batch2"]


async def test_who_gives_up_calls_the_next() -> None:
    gate, went = Gate(), asyncio.Queue()
    deployment = house(gate)
    first = asyncio.create_task(through(gate, deployment, "interactive", "first", went))
    second = asyncio.create_task(through(gate, deployment, "batch", "second", went))
    await asyncio.sleep(0.005)
    first.cancel()
    gate.free = 1
    await second
    assert (went.get_nowait(), deployment.bulkhead.in_flight) == ("second", 1)


async def test_nobody_waits_in_line_for_longer_than_he_may() -> None:
    gate = Gate()
    deployment = house(gate)
    clock = asyncio.get_running_loop().time
    first = asyncio.create_task(find_room(asking("interactive"), deployment, clock, patient=True))
    await asyncio.sleep(0)
    with pytest.raises(Failure) as raised:
        await find_room(asking("batch", 0.02), deployment, clock, patient=True)
    assert raised.value.problem.kind == "rate_limited"
    gate.free = 1
    await first


async def test_one_with_another_way_does_not_pass_those_that_wait() -> None:
    gate = Gate()
    deployment = house(gate)
    clock = asyncio.get_running_loop().time
    first = asyncio.create_task(find_room(asking("normal"), deployment, clock, patient=True))
    await asyncio.sleep(0)
    gate.free = 1
    with pytest.raises(NotSent):
        await find_room(asking("batch"), deployment, clock, patient=False)
    await find_room(asking("interactive"), deployment, clock, patient=False)
    await first


def test_an_empty_line_lets_everybody_pass() -> None:
    line = Line()
    assert line.lets(2)
    place = line.place(1)
    line.enter(place)
    assert (line.lets(0), line.lets(1), line.is_first(place)) == (True, False, True)
    line.leave(place)
    assert line.lets(2)
