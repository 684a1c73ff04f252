"""One more attempt elsewhere when the first token is late."""

import asyncio
from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.unit.engine.attempts.attempt_house import (
    EVENTS,
    GONE,
    Client,
    House,
    decision_of,
    error,
    streamed,
)

from fairlead.canon import Failure, Problem
from fairlead.engine.attempts.delivery import Delivery, HedgeRules, RetryRules
from fairlead.engine.attempts.hedge import HOUR, HedgeBudget
from fairlead.upstream.fake import Pause

RULES = Delivery(hedge=HedgeRules(on=True, percentile=0.95, least_wait=0.02, share=1.0))
LATE = streamed(Pause(20.0), *EVENTS)


def house(one, two, delivery: Delivery = RULES) -> House:
    """Both are known to be quick, and `one` is asked first."""
    found = House(delivery, {"one": one, "two": two})
    for name in ("one", "two"):
        lane = next(lane for lane in found.snapshot.lanes_of(found.model) if lane[1].name == name)
        deployment = found.engine.attempts.deployments.of(lane, delivery)
        for _ in range(30):
            deployment.timing.observe(0.01)
    return found


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
async def test_the_second_answers_and_the_first_is_cancelled_and_booked(dialect) -> None:
    at = house([LATE], [streamed()])
    client, record = await at.ask(dialect=dialect, stream=True)
    assert at.asked == ["one", "two"]
    assert (client.status, record.outcome, record.upstream) == (200, "ok", "two")
    assert client.body.count(b"Hello.") == 1
    assert client.headers["x-fairlead-upstream"] == "two"
    assert "late" in client.headers["x-fairlead-route"]
    lost = at.extra()
    assert (lost.op, lost.upstream, lost.usage.estimated) == ("attempt", "one", True)
    assert lost.cost_usd > 0
    assert [each.outcome for each in decision_of(record).tried] == ["late", "ok"]
    assert at.in_flight() == 0


async def test_the_one_that_lost_counts_as_later_than_that() -> None:
    """Else only what was quick would be remembered, and ever more would be hedged."""
    at = house([LATE] * 4, [streamed()] * 4)
    for _ in range(4):
        await at.ask(stream=True)
    lane = at.snapshot.lanes_of(at.model)[0]
    timing = at.engine.attempts.deployments.of(lane, RULES).timing
    assert at.asked == ["one", "two"] * 4
    assert timing.percentile(0.8) == 0.01
    assert timing.percentile(0.95) >= 0.02, "four of 34 were later than when they were hedged"


async def test_the_first_may_still_win_and_the_second_is_booked() -> None:
    at = house([streamed(Pause(0.1), *EVENTS)], [LATE])
    client, record = await at.ask(stream=True)
    assert at.asked == ["one", "two"]
    assert (client.status, record.upstream) == (200, "one")
    assert (at.extra().upstream, at.extra().op) == ("two", "attempt")
    assert at.in_flight() == 0


async def test_what_comes_in_time_is_not_hedged() -> None:
    at = house([streamed()], [])
    client, _ = await at.ask(stream=True)
    assert (client.status, at.asked) == (200, ["one"])
    assert at.extra() is None


async def test_a_second_that_fails_changes_nothing() -> None:
    at = house([streamed(Pause(0.2), *EVENTS)], [error(529)])
    client, record = await at.ask(stream=True)
    assert (client.status, record.upstream) == (200, "one")
    assert at.extra() is None, "a refusal is not billed"


async def test_when_both_fail_the_loop_goes_on() -> None:
    at = house([streamed(Pause(0.1), GONE)], [error(529), streamed()])
    retry = RetryRules(retries=1, first_wait=0.01)
    at.snapshot_with(Delivery(hedge=RULES.hedge, after_break=True, retry=retry))
    client, record = await at.ask(stream=True)
    assert (client.status, record.upstream) == (200, "two")


async def test_a_second_that_broke_is_not_asked_again() -> None:
    """It may be at work on it still."""
    at = house([streamed(Pause(0.1), GONE)], [GONE, streamed()])
    at.snapshot_with(Delivery(hedge=RULES.hedge, after_break=True))
    client, record = await at.ask(stream=True)
    assert (client.status, at.asked) == (502, ["one", "two"])
    assert [each.upstream for each in decision_of(record).tried] == ["two", "one"]


async def test_what_has_failed_is_no_second() -> None:
    at = house([GONE, streamed()], [streamed(Pause(0.2), *EVENTS)])
    at.snapshot_with(Delivery(hedge=RULES.hedge, after_break=True))
    client, record = await at.ask(stream=True)
    assert (client.status, record.upstream, at.asked) == (200, "two", ["one", "two"])


async def test_a_second_that_was_never_sent_costs_nothing(monkeypatch) -> None:
    at = house([streamed(Pause(0.1), *EVENTS)], [])
    attempt = at.engine._attempt

    async def refusing(x, lane, client) -> None:
        if lane[1].name == "two":
            raise Failure(Problem("unsupported", "it cannot be said there"))
        await attempt(x, lane, client)

    monkeypatch.setattr(at.engine, "_attempt", refusing)
    client, record = await at.ask(stream=True)
    assert (client.status, record.upstream) == (200, "one")
    assert at.extra() is None


@pytest.mark.parametrize("wait", [0.0, 0.1])
async def test_the_receipt_has_what_both_cost(wait) -> None:
    """Whether the second wins or the first does."""
    slow = streamed(Pause(wait), *EVENTS[:3], Pause(0.1), *EVENTS[3:])
    at = house(*(([slow], [LATE]) if wait else ([LATE], [slow])))
    client, record = await at.ask(stream=True, stream_options={"include_usage": True})
    assert f'"cost_usd":"{record.cost_usd + at.extra().cost_usd}"' in client.body.decode()


async def test_what_breaks_early_is_mended_unseen_when_the_second_has_won() -> None:
    at = house([LATE], [streamed(*EVENTS[:3], GONE)])
    third = House(RULES, {"three": [streamed()]})
    at.script.update(third.script)
    upstreams = {**at.snapshot.upstreams, **third.snapshot.upstreams}
    delivery = Delivery(hedge=RULES.hedge, hold_back=5.0)
    at.snapshot = replace(at.snapshot, upstreams=upstreams, lanes={}, delivery=delivery)
    client, record = await at.ask(stream=True)
    assert (at.asked, record.outcome) == (["one", "two", "three"], "ok")
    assert client.body.count(b"Hello.") == 1
    assert b'"error"' not in client.body


async def test_a_client_that_leaves_leaves_neither_behind() -> None:
    at = house([LATE], [LATE])
    client = Client()
    task = asyncio.create_task(at.ask(client, stream=True))
    while len(at.asked) < 2:  # noqa: ASYNC110 - the script has no event to wait for
        await asyncio.sleep(0.005)
    client.gone = True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert at.in_flight() == 0
    assert at.ledger.show("fl-1").outcome == "client_gone"
    assert at.ledger.show("fl-1").usage.estimated
    assert at.extra().upstream == "two"


async def test_no_share_no_hedge() -> None:
    rules = Delivery(hedge=HedgeRules(on=True, least_wait=0.01, share=0.0, usd_per_hour=1.0))
    at = house([streamed(Pause(0.1), *EVENTS)] * 3, [LATE], rules)
    for _ in range(3):
        await at.ask(stream=True)
    assert at.asked.count("two") == 1, "the one that is there at the start"


def test_the_money_of_an_hour_bounds_it() -> None:
    budget = HedgeBudget()
    for _ in range(10):
        budget.request(1.0)
    assert budget.take(0.0, 1.0)
    budget.spent(0.0, Decimal("1.5"))
    budget.spent(0.0, None)
    assert not budget.take(10.0, 1.0)
    assert budget.take(10.0, 2.0)
    assert budget.take(HOUR + 0.1, 1.0)
