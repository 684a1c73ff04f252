"""What was given up before there was a connection is no vendor's to bill."""

import asyncio

import pytest
from tests.unit.engine.attempts.attempt_house import Client, House, streamed
from tests.unit.engine.attempts.test_hedged_requests import RULES, house

from fairlead.engine.attempts.delivery import Delivery
from fairlead.upstream.dial import Dialer
from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.transport import Timeouts
from fairlead.upstream.transports import SharedTransport


class Nowhere:
    """A dialer whose connections never come; `dialled` is set when one was asked for."""

    def __init__(self) -> None:
        self.dialled = asyncio.Event()

    async def __call__(self, factory, host, port):
        self.dialled.set()
        await asyncio.Event().wait()


class Mute:
    """A transport to an upstream that takes requests and never answers."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def send(self, request):
        self.asked.set()
        await asyncio.Event().wait()


class Doors:
    """`names` are reached by a real transport with that dialer, the others are scripted."""

    def __init__(self, at: House, dialer: Dialer, *names: str) -> None:
        self._scripted = at.engine.transports
        self._real, self._names = PooledTransport(dialer=dialer), names
        at.engine.transports = self

    def of(self, upstream):
        return self._real if upstream.name in self._names else self._scripted.of(upstream)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_before_there_is_a_connection_owes_nothing(stream) -> None:
    at, nowhere = House(Delivery(), {"one": []}), Nowhere()
    Doors(at, nowhere, "one")
    client = Client()
    asking = asyncio.ensure_future(at.ask(client, stream=stream))
    await nowhere.dialled.wait()
    client.gone = True
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    record = at.ledger.show("fl-1")
    assert (record.outcome, record.status) == ("client_gone", 499)
    assert (record.usage, record.cost_usd) == (None, None)
    assert at.in_flight() == 0


async def test_one_that_was_sent_may_be_billed() -> None:
    at, mute = House(Delivery(), {"one": []}), Mute()
    at.engine.transports = SharedTransport(mute)
    asking = asyncio.ensure_future(at.ask(stream=True))
    await mute.asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert at.ledger.show("fl-1").cost_usd > 0


async def test_a_hedge_whose_first_never_connected_books_nothing_for_it() -> None:
    at = house([], [streamed()], RULES)
    Doors(at, Nowhere(), "one")
    client, record = await at.ask(stream=True)
    assert (client.status, record.upstream) == (200, "two")
    assert at.ledger.show("fl-1.1") is None
    assert at.engine.attempts.hedging._budget._sum == 0


async def test_a_first_token_that_waited_for_a_connection_goes_elsewhere_for_nothing() -> None:
    delivery = Delivery(after_break=False)
    at = House(delivery, {"one": [], "two": [streamed()]}, timeouts=Timeouts(first_token=0.5))
    Doors(at, Nowhere(), "one")
    client, record = await at.ask(stream=True)
    assert (client.status, record.upstream) == (200, "two")
    assert at.ledger.show("fl-1.1") is None


async def test_a_requests_time_that_ends_while_it_has_no_connection_is_its_time() -> None:
    at = House(Delivery(), {"one": []})
    Doors(at, Nowhere(), "one")
    client, record = await at.ask(headers=[(b"x-fairlead-timeout", b"0.05")])
    assert (client.status, record.error_kind) == (504, "upstream_timeout")
    assert b"x-fairlead-timeout" in client.body
    assert (record.usage, record.cost_usd) == (None, None)
