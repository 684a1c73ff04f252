"""Every deployment is shut, and a breaker lets one in before the request's patience is over."""

import asyncio
import time

import pytest
from tests.unit.engine.attempts.attempt_house import House, error, ok

from fairlead.engine.attempts.breaker import LOOK_AGAIN, Breaker
from fairlead.engine.attempts.delivery import BreakerRules, Delivery, RetryRules


def rules(seconds: float, **more) -> Delivery:
    return Delivery(breaker=BreakerRules(in_a_row=1, open_seconds=seconds, probes=1), **more)


async def test_a_request_waits_for_the_probe_that_is_due_soon() -> None:
    house = House(rules(0.1), {"one": [error(500), ok()]})
    await house.ask()
    client, record = await house.ask()
    assert (client.status, record.outcome, len(house.asked)) == (200, "ok", 2)
    assert record.queue_ms > 0, "its wait is told"
    assert house.engine.attempts.waiting == 0


async def test_what_failed_here_waits_for_what_is_shut_there() -> None:
    house = House(rules(0.1), {"one": [error(500), error(500), ok()], "two": [error(500), ok()]})
    await house.ask()  # both fail, and are shut
    client, _ = await house.ask()
    assert (client.status, len(house.asked)) == (200, 4)


@pytest.mark.parametrize(
    ("delivery", "headers"),
    [
        (rules(60.0), ()),
        (rules(1.0, queue_seconds=0.01), ()),
        (rules(1.0, queue=0), ()),
        (rules(3.0), ((b"x-fairlead-timeout", b"0.5"),)),
    ],
    ids=["late", "no patience", "no queue", "no time"],
)
async def test_a_probe_that_is_too_late_is_not_waited_for(delivery, headers) -> None:
    house = House(delivery, {"one": [error(500), ok()]})
    await house.ask()
    client, _ = await house.ask(headers=headers)
    assert (client.status, len(house.asked)) == (503, 1)
    assert int(client.headers["retry-after"]) >= 1


async def test_a_key_that_was_refused_is_not_waited_for() -> None:
    house = House(rules(0.05), {"one": [error(401), ok()]})
    await house.ask()
    client, _ = await house.ask()
    assert (client.status, len(house.asked)) == (502, 1)


async def test_one_probes_and_the_others_wait_for_it() -> None:
    house = House(rules(0.05), {"one": [error(500), *(ok() for _ in range(20))]})
    await house.ask()
    found = await asyncio.gather(*(house.ask() for _ in range(20)))
    assert {client.status for client, _ in found} == {200}


async def test_no_more_wait_than_the_queue_holds() -> None:
    house = House(rules(0.2, queue=3), {"one": [error(500), *(ok() for _ in range(9))]})
    await house.ask()
    found = await asyncio.gather(*(house.ask() for _ in range(9)))
    assert sorted(client.status for client, _ in found) == [200] * 3 + [503] * 6


async def test_all_waits_together_are_no_longer_than_its_patience() -> None:
    retry = RetryRules(retries=3, first_wait=0.001)
    # 1 s at first, then 2 s, as the probe has failed: together too long
    house = House(
        rules(1.0, queue_seconds=2.8, retry=retry), {"one": [error(500), error(500), ok()]}
    )
    client, record = await house.ask()
    assert (client.status, len(house.asked)) == (503, 2)
    assert record.queue_ms <= 2800


async def test_a_client_that_leaves_in_the_wait_owes_nothing() -> None:
    house = House(rules(2.0), {"one": [error(500), ok()]})
    await house.ask()
    task = asyncio.ensure_future(house.ask())
    while not house.engine.attempts.waiting:  # noqa: ASYNC110 - nothing announces it
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (house.engine.attempts.waiting, len(house.asked)) == (0, 1)
    assert house.engine.attempts.whole.in_flight == 0


def test_when_a_breaker_is_due() -> None:
    breaker = Breaker(BreakerRules(in_a_row=1, open_seconds=10.0))
    now = time.monotonic()
    assert breaker.due(now) == now
    number = breaker.enter(now)
    assert number is not None
    breaker.failed(number, now, "500")
    assert breaker.due(now + 1) == now + 10
    assert breaker.enter(now + 10) is not None
    assert breaker.due(now + 10) == now + 10 + LOOK_AGAIN, "another's probe is on its way"
