"""What the engine notes of prompts' beginnings, and when it asks a vendor to cache them."""

import asyncio
import json

import pytest
from msgspec.structs import replace
from tests.contract.trip import DAY, Got, error, told

from fairlead.catalog import load, shipped_policies
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.routing import parse_policy
from fairlead.server.compile import CODECS
from fairlead.tokens.prefix import Prefix
from fairlead.upstream.fake import FakeTransport
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault

HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"
CATALOG = load()
POLICIES = {
    policy.name: policy
    for policy in (parse_policy(t, n, CATALOG) for n, t in shipped_policies().items())
}
LONG = "What the sea has brought is written here. " * 500  # 21 kB, over 5,000 tokens
MARK = {"cache_control": {"type": "ephemeral"}}


def _answer(tokens=6_000, model=HAIKU):
    return told({
        "id": "msg_1", "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "text", "text": "Yes."}], "stop_reason": "end_turn",
        "stop_sequence": None, "usage": {"input_tokens": tokens, "output_tokens": 2},
    })  # fmt: skip


class House:
    """One engine for several requests."""

    def __init__(self, *, asks: bool = False) -> None:
        upstreams = [
            Upstream.build(k.name, k, Secret("k" * 20), "http://up", prompt_caching=asks)
            for k in VENDORS_OWN.values()
        ]
        self.snapshot = Snapshot(
            catalog=CATALOG, codecs=CODECS, upstreams={u.vendor: u for u in upstreams},
            policies=POLICIES, default_policy="article-tree", fetch=FetchPolicy(),
        )  # fmt: skip
        self.fake, self.ledger = FakeTransport(), MemoryLedger()
        self.engine = Engine(SharedTransport(self.fake), self.ledger, MemoryVault(), salt=b"s" * 32)
        self.count = 0

    async def ask(self, turns, *script, at=0.0, key=None, client="anthropic", headers=(), **more):
        """The record of a request, what was sent for it, and what the client got."""
        self.count += 1
        name = f"fl-{self.count}"
        self.fake.add(*(script or (_answer(),)))
        body = {"model": HAIKU, "max_tokens": 9, "messages": turns, **more}
        data = json.dumps(body).encode()
        x = Exchange(name, CODECS[client], self.snapshot, headers, data, at=DAY + at, key_id=key)
        got = Got()
        await self.engine.serve(x, got)
        return self.ledger.show(name), self.fake.requests[-1].body, got


def _said(*texts):
    return [
        {"role": "assistant" if number % 2 else "user", "content": text}
        for number, text in enumerate(texts)
    ]


FIRST = _said(LONG)
SECOND = _said(LONG, "Yes.", "And then?")


async def test_a_relay_stays_as_it_came_and_its_prompt_is_noted():
    house = House()
    for turns in (FIRST, SECOND, SECOND):
        record, sent, got = await house.ask(turns)
        assert sent == json.dumps({"model": HAIKU, "max_tokens": 9, "messages": turns}).encode()
        assert "x-fairlead-prompt-caching" not in got.headers
        assert b"sea" not in record.prefix
    assert Prefix.unpack(record.prefix).turns == (0, 2)


async def test_what_a_model_counted_is_what_is_used_again():
    house = House()
    await house.ask(FIRST, _answer(5_001))
    record, _, _ = await house.ask(SECOND, _answer(5_017), at=10)
    assert (record.reuse_5m, record.reuse_1h) == (5_001, 5_001)


async def test_another_models_count_is_no_measure():
    house = House()
    await house.ask(FIRST, _answer(9_999))
    generated = told({
        "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]},
                        "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 4_000, "candidatesTokenCount": 1},
    })  # fmt: skip
    record, _, _ = await house.ask(SECOND, generated, at=10, model=FLASH)
    assert record.reuse_5m == pytest.approx(3_990, abs=15)


async def test_time_goes_by():
    house = House()
    await house.ask(FIRST)
    seen = [await house.ask(SECOND, at=at, key=None) for at in (301, 301 + 3_601)]
    assert [(r.reuse_5m, r.reuse_1h) for r, _, _ in seen] == [(0, 6_000), (0, 0)]


async def test_keys_are_apart():
    house = House()
    await house.ask(FIRST, key="ann")
    record, _, _ = await house.ask(SECOND, key="ben", at=1)
    assert (record.reuse_5m, record.reuse_1h) == (0, 0)


async def test_what_was_refused_is_no_beginning_and_has_no_figure():
    house = House()
    overloaded = error(
        529, {"type": "error", "error": {"type": "overloaded_error", "message": "-"}}
    )
    record, _, _ = await house.ask(FIRST, overloaded)
    assert (record.reuse_5m, record.reuse_1h) == (None, None)
    assert record.prefix
    record, _, _ = await house.ask(FIRST, at=1)
    assert record.reuse_5m == 0


async def test_of_prompts_sent_at_once_neither_is_the_others_beginning():
    house = House()
    slow = replace(_answer(), wait=0.1)
    one, two = await asyncio.gather(house.ask(FIRST, slow), house.ask(FIRST, slow))
    assert one[0].reuse_5m == two[0].reuse_5m == 0


# --- asking ---------------------------------------------------------------------------------------


async def test_a_conversation_is_asked_for_from_its_second_prompt_on():
    house = House(asks=True)
    _, first, got = await house.ask(FIRST)
    assert b"cache_control" not in first
    assert "x-fairlead-prompt-caching" not in got.headers
    record, second, got = await house.ask(SECOND, at=10)
    turns = json.loads(second)["messages"]
    assert turns == [*SECOND[:2], {"role": "user", "content": [
        {"type": "text", "text": "And then?", **MARK}]}]  # fmt: skip
    assert got.headers["x-fairlead-prompt-caching"] == "conversation"
    assert json.loads(record.decision)["path"][-1]["question"] == "ask for prompt caching"


async def test_after_five_minutes_the_first_prompt_is_a_first_one_again():
    house = House(asks=True)
    await house.ask(FIRST)
    _, sent, _ = await house.ask(SECOND, at=301)
    assert b"cache_control" not in sent


async def test_a_beginning_is_asked_for_up_to_its_end():
    house = House(asks=True)
    await house.ask(_said("one"), system=LONG)
    _, sent, got = await house.ask(_said("two"), system=LONG, at=10)
    assert json.loads(sent)["system"] == [{"type": "text", "text": LONG, **MARK}]
    assert json.loads(sent)["messages"] == _said("two")
    assert got.headers["x-fairlead-prompt-caching"] == "beginning"


async def test_a_translated_prompt_is_asked_for_too():
    house = House(asks=True)
    chat = {"client": "openai_chat"}
    await house.ask(FIRST, **chat)
    _, sent, got = await house.ask(SECOND, at=10, **chat)
    assert json.loads(sent)["messages"][-1]["content"][0]["cache_control"]
    assert got.headers["x-fairlead-prompt-caching"] == "conversation"


async def test_what_another_model_was_sent_is_not_cached_here():
    house = House(asks=True)
    other = "claude-haiku-5-5"
    await house.ask(FIRST, _answer(model=other), model=other)
    _, sent, _ = await house.ask(SECOND, at=10)
    assert b"cache_control" not in sent


async def test_the_clients_own_breakpoints_stay_alone():
    house = House(asks=True)
    marked = [{"role": "user", "content": [{"type": "text", "text": LONG, **MARK}]}]
    await house.ask(FIRST)
    _, sent, got = await house.ask(marked, at=10)
    assert json.loads(sent)["messages"] == marked
    assert "x-fairlead-prompt-caching" not in got.headers


@pytest.mark.parametrize("asks", [False, True])
async def test_the_clients_word_goes_before_the_setting(asks):
    house = House(asks=asks)
    word = ((b"x-fairlead-prompt-caching", b"off" if asks else b"auto"),)
    await house.ask(FIRST, headers=word)
    _, sent, _ = await house.ask(SECOND, at=10, headers=word)
    assert (b"cache_control" in sent) is not asks
    _, sent, _ = await house.ask(
        _said(LONG, "Yes.", "And then?", "Well.", "So?"), at=20,
        fairlead={"prompt_caching": "off" if asks else "auto"},
    )  # fmt: skip
    assert (b"cache_control" in sent) is not asks


async def test_a_word_that_nobody_knows_is_refused():
    house = House()
    await house.ask(FIRST)
    _, _, got = await house.ask(FIRST, headers=((b"x-fairlead-prompt-caching", b"yes"),))
    assert got.status == 400
    assert b"one of auto, off" in got.body


async def test_short_prompts_are_not_asked_for():
    house = House(asks=True)
    short = LONG[:9_000]  # some 2,200 tokens; Haiku 4.5 caches from 4,096 on
    await house.ask(_said(short))
    _, sent, _ = await house.ask(_said(short, "Yes.", "And then?"), at=10)
    assert b"cache_control" not in sent
