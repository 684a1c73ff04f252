"""Copies to another model: after the client's answer, never in its way, within a budget."""

import asyncio
import json
import time
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from tests.unit.engine.test_engine_trip import (
    FLASH,
    GENERATED,
    HAIKU,
    JSON,
    MESSAGE,
    POLICIES,
    Client,
    ask,
    snapshot,
)

from fairlead.engine import shadow as shadow_room
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.shadow import Shadows, beside_the_answer
from fairlead.ledger.memory import MemoryLedger
from fairlead.routing import parse_policies, parse_policy
from fairlead.server.compile import CODECS
from fairlead.upstream.fake import Answer, FakeTransport
from fairlead.upstream.transports import SharedTransport
from fairlead.vault.memory import MemoryVault

POLICY = """
name = "shadowed"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "flash"
[shadow]
to = {to}
share = {share}
usd_per_day = {usd}
in_flight = {in_flight}
"""
FROM_HAIKU = Answer(200, JSON, (json.dumps(MESSAGE).encode(),))
DAY = datetime.now(UTC).timestamp()


class House:
    """An engine with shadows before a fake transport; what goes to Haiku waits for `gate`."""

    def __init__(self, *, share=1.0, usd=5, in_flight=2, to='"haiku"', ready=True, client_from=200):
        text = POLICY.format(share=share, usd=usd, in_flight=in_flight, to=to)
        self.policy = parse_policy(text)
        self.snapshot = snapshot()
        self.snapshot = msgspec.structs.replace(
            self.snapshot, policies=POLICIES | {"shadowed": self.policy}, default_policy="shadowed"
        )
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.client_from = client_from
        self.fake = FakeTransport(handler=self.answer)
        self.ledger, self.vault = MemoryLedger(), MemoryVault()
        self.engine = Engine(SharedTransport(self.fake), self.ledger, self.vault)
        self.shadows = self.engine.shadows = Shadows(self.engine)
        if ready:
            self.shadows.spent({}, datetime.now(UTC).date(), time.monotonic())

    def answer(self, request) -> Answer:
        body = json.loads(request.body)
        self.asked.append(body.get("model", FLASH))
        if body.get("model") == HAIKU:
            return FROM_HAIKU
        return Answer(self.client_from, JSON, (json.dumps(GENERATED).encode(),))

    async def serve(self, body, number=1, dialect="openai_chat", headers=()) -> Client:
        client = Client()
        data = json.dumps(body).encode()
        x = Exchange(f"fl-{number}", CODECS[dialect], self.snapshot, headers, data, at=DAY)
        await self.engine.serve(x, client)
        return client

    async def settled(self) -> None:
        while self.shadows._tasks:  # noqa: ASYNC110 - each turn of the loop is a step of a copy
            await asyncio.sleep(0)


def copied(house: House) -> bool:
    return house.ledger.show("fl-1.shadow") is not None


async def test_a_copy_goes_to_the_other_model_after_the_answer() -> None:
    house = House()
    client = await house.serve(ask())
    assert house.asked == [FLASH], "the client's answer is done before the copy begins"
    assert json.loads(client.body)["choices"][0]["message"]["content"] == "Hi"
    await house.settled()
    assert house.asked == [FLASH, HAIKU]
    record = house.ledger.show("fl-1.shadow")
    assert (record.op, record.outcome, record.model) == ("shadow", "ok", HAIKU)
    assert record.usage.input == 10
    assert record.cost_usd > 0
    assert record.key_id is None, "nobody's key pays for it"
    decision = json.loads(record.decision)
    assert (decision["policy"], decision["reason"]) == ("shadowed", "shadow of fl-1")
    assert decision["features"] == json.loads(house.ledger.show("fl-1").decision)["features"]
    assert b"Hello" not in msgspec.json.encode(record), "nothing of the answer is kept"
    assert house.ledger.show("fl-1").op == "generate"
    assert house.shadows.counts == {"sent": 1}


async def test_the_model_that_answered_is_not_asked_again() -> None:
    house = House(to='["flash", "haiku"]')
    await house.serve(ask())
    await house.settled()
    assert house.asked == [FLASH, HAIKU]


async def test_a_share_is_drawn_by_the_request() -> None:
    house = House(share=0.2)
    for number in range(200):
        await house.serve(ask(), number)
        await house.settled()
    first = {each for each in range(200) if house.ledger.show(f"fl-{each}.shadow") is not None}
    assert 20 <= len(first) <= 60
    again = House(share=0.4)
    for number in range(200):
        await again.serve(ask(), number)
        await again.settled()
    more = {each for each in range(200) if again.ledger.show(f"fl-{each}.shadow") is not None}
    assert first < more, "the same requests, and more of them"


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        (ask(store=True), "openai_chat"),
        (ask(web_search_options={}), "openai_chat"),
        (
            {"model": "auto", "input": "Say hello."},  # the Responses API stores unless told not to
            "openai_responses",
        ),
        (
            {"model": "auto", "max_tokens": 50, "messages": [{"role": "user", "content": "News?"}],
             "tools": [{"type": "web_search_20250305", "name": "web_search"}]},
            "anthropic",
        ),
        (
            {"model": "auto", "max_tokens": 50, "messages": [
                {"role": "user", "content": [
                    {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
                    {"type": "text", "text": "What does it say?"}]}]},
            "anthropic",
        ),
    ],
)  # fmt: skip
async def test_what_has_effects_beside_the_answer_is_not_copied(body, dialect) -> None:
    house = House()
    data = json.dumps(body).encode()
    x = Exchange("fl-1", CODECS[dialect], house.snapshot, (), data, at=DAY)
    assert beside_the_answer(x, x.decoded())
    await house.serve(body, dialect=dialect)
    await house.settled()
    assert not copied(house)


async def test_the_responses_api_is_copied_where_nothing_is_stored() -> None:
    house = House()
    body = {"model": "auto", "input": "Say hello.", "store": False}
    await house.serve(body, dialect="openai_responses")
    await house.settled()
    assert copied(house)


async def test_a_request_that_failed_is_not_copied() -> None:
    house = House(client_from=400)
    await house.serve(ask())
    await house.settled()
    assert house.asked == [FLASH]


async def test_hard_limits_hold_for_copies() -> None:
    house = House()
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    body = {"model": "auto", "messages": [{"role": "user", "content": [sound]}]}
    await house.serve(body)
    await house.settled()
    assert house.shadows.counts["limits"] == 1


async def test_the_budget_holds_at_worst() -> None:
    """What a copy may cost is set aside: 1,000 tokens of Haiku's output cost half a cent."""
    house = House(usd=0.012, in_flight=8)
    for number in range(5):
        await house.serve(ask(max_tokens=1_000), number)
    assert house.shadows.counts["budget"] == 3, "two at worst, before any is settled"
    await house.settled()
    await house.serve(ask(max_tokens=1_000), 6)
    await house.settled()
    assert house.shadows.counts["sent"] == 3, "they cost less, so there is room again"
    house.shadows.spent(
        {"shadowed": Decimal("0.0119")}, datetime.now(UTC).date(), time.monotonic() + 60
    )
    await house.serve(ask(max_tokens=1_000), 7)
    assert house.shadows.counts["budget"] == 4, "other processes spend from it too"


async def test_nothing_is_copied_before_it_is_known_what_was_spent() -> None:
    house = House(ready=False)
    await house.serve(ask())
    assert house.shadows.counts == {"not ready": 1}


async def test_few_run_at_once_some_wait_the_rest_is_dropped(monkeypatch) -> None:
    monkeypatch.setattr(shadow_room, "WAITING", 3)
    house = House(in_flight=1)
    hold = asyncio.Event()
    real = house.shadows._engine._attempt

    async def held(*words) -> None:
        await hold.wait()
        await real(*words)

    monkeypatch.setattr(house.shadows._engine, "_attempt", held)
    for number in range(6):
        await house.serve(ask(), number)  # is answered although copies hang
    await asyncio.sleep(0)
    assert house.shadows._running["shadowed"] == 1
    assert house.shadows.counts["queue full"] == 2
    hold.set()
    await house.settled()
    assert house.shadows.counts["sent"] == 4
    assert house.asked.count(HAIKU) == 4


async def test_a_copy_that_is_stopped_leaves_its_record(monkeypatch) -> None:
    house = House()

    async def hangs(*_words) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(house.shadows._engine, "_attempt", hangs)
    await house.serve(ask())
    await asyncio.sleep(0)
    await house.shadows.close()
    assert house.ledger.show("fl-1.shadow").outcome == "client_gone"


async def test_copies_count_in_their_key_s_quota_and_are_dropped_where_it_is_used_up() -> None:
    house = House()
    haiku = house.snapshot.lanes_of(house.snapshot.catalog.models[HAIKU])[0][1]
    bounded = msgspec.structs.replace(haiku, requests_per_minute=2)
    upstreams = {**house.snapshot.upstreams, "anthropic": bounded}
    house.snapshot = msgspec.structs.replace(house.snapshot, upstreams=upstreams, lanes={}, days=[])
    for number in range(4):
        await house.serve(ask(), number)
        await house.settled()
    assert house.asked.count(HAIKU) == 2
    assert house.shadows.counts == {"sent": 2, "no room": 2}
    client = await house.serve(ask(HAIKU), 9)
    assert client.status == 429, "the quota that is left is the clients'"
    assert house.shadows._purses["shadowed"].aside == 0


async def test_what_goes_wrong_with_copies_is_not_the_clients(monkeypatch) -> None:
    house = House()

    def broken(*_words) -> None:
        raise RuntimeError

    monkeypatch.setattr(shadow_room, "_lane", broken)
    client = await house.serve(ask())
    assert client.status == 200
    assert house.shadows.counts == {"internal": 1}


async def test_a_canary_answers_for_what_its_arm_has_no_model_for() -> None:
    """Else a policy that refuses half of the requests would look well."""
    house = House()
    bird = """name = "bird"
version = "1"
[canary]
base = "always:flash"
policy = "always:haiku"
share = 0.999
"""
    policy = parse_policies({"bird.toml": bird}, {})["bird"]
    house.snapshot = msgspec.structs.replace(
        house.snapshot, policies={"bird": policy}, default_policy="bird"
    )
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    body = {"model": "auto", "messages": [{"role": "user", "content": [sound]}]}
    client = await house.serve(body)
    assert client.status == 400
    record = house.ledger.show("fl-1")
    assert (record.policy, record.outcome) == ("bird", "refused")
    decision = json.loads(record.decision)
    assert decision["path"][0]["answer"] is True
    assert decision["moment"]["session"]
    assert decision["ranked"] == []


async def test_policies_without_a_shadow_copy_nothing() -> None:
    house = House()
    await house.serve(ask() | {"fairlead": {"policy": "always:flash"}})
    await house.settled()
    assert house.asked == [FLASH]
