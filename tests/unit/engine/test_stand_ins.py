"""A client names a model that has ended: what the one in its place rejects stays here.

In its own dialect a request goes on as it came, and a named model's vendor is the judge of it; but
a client that named `gemini-2.5-flash` cannot know what `gemini-3.5-flash-lite` refuses.
"""

import json
from datetime import date

import pytest
from tests.unit.engine.test_fronts_of_all_dialects import Client

from fairlead.catalog import load, shipped_policies
from fairlead.emulator.authority import check
from fairlead.emulator.rules import check as refusal
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.routing import parse_policies
from fairlead.server.compile import CODECS
from fairlead.upstream.fake import Answer, FakeTransport
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault

BEFORE, AFTER = 1_795_000_000.0, 1_796_083_200.0  # 2026-11-18, 2026-12-01
FLASH, LITE = "gemini-2.5-flash", "gemini-3.5-flash-lite"
HAIKU, HAIKU_5 = "claude-haiku-4-5-20251001", "claude-haiku-5-5"
HI = {"role": "user", "parts": [{"text": "hi"}]}
ENDED = {"lifecycle.ends": date(2026, 12, 1)}
CATALOG = load(
    models={
        HAIKU: {**ENDED, "lifecycle.served_as": HAIKU_5},
        "gpt-old": {"vendor": "openai", **ENDED, "lifecycle.served_as": "gpt-new"},
        "gpt-new": {"vendor": "openai", "thinking.kind": "none", "sampling.accepts": ["seed"]},
    }
)
POLICIES = parse_policies({}, shipped_policies(), CATALOG)
CALL = {"functionCall": {"name": "look", "args": {}}}
TOLD = {"functionResponse": {"name": "look", "response": {"at": 1}}}


async def sent(dialect, body, at=AFTER, name=FLASH):
    """What goes to the vendor, and the names of the losses."""
    upstreams = [
        Upstream.build(k.name, k, Secret("k" * 20), "http://up") for k in VENDORS_OWN.values()
    ]
    snapshot = Snapshot(
        catalog=CATALOG, codecs=CODECS, upstreams={u.vendor: u for u in upstreams},
        policies=POLICIES, default_policy="article-tree", fetch=FetchPolicy(),
    )  # fmt: skip
    fake, ledger = FakeTransport(Answer(500, {}, (b"{}",))), MemoryLedger()
    engine = Engine(SharedTransport(fake), ledger, MemoryVault())
    in_url = (name, False) if dialect == "gemini" else None
    data = json.dumps(body if in_url else {"model": name, **body}).encode()
    x = Exchange("fl-1", CODECS[dialect], snapshot, (), data, at=at, in_url=in_url)
    await engine.serve(x, Client())
    record = ledger.show("fl-1")
    told = fake.requests[0].body
    return data, told, {loss.what for loss in record.losses}, record


@pytest.mark.parametrize(
    ("budget", "level", "lost"),
    [
        (0, "MINIMAL", "thinking_not_off"),
        (1024, "LOW", "thinking_budget"),
        (24_576, "HIGH", "thinking_budget"),
    ],
)
@pytest.mark.parametrize("name", [FLASH, "flash", "models/gemini-2.5-flash"])
async def test_a_thinking_budget_becomes_a_level_of_the_model_in_its_place(
    name, budget, level, lost
) -> None:
    body = {
        "contents": [HI], "safetySettings": [],
        "generationConfig": {"thinkingConfig": {"thinkingBudget": budget}, "maxOutputTokens": 90},
    }  # fmt: skip
    _, told, losses, record = await sent("gemini", body, name=name)
    told = json.loads(told)
    assert record.model == LITE
    assert losses == {lost}
    assert told["generationConfig"] == {
        "thinkingConfig": {"thinkingLevel": level}, "maxOutputTokens": 90,
    }  # fmt: skip
    assert told["safetySettings"] == []
    assert check("gemini", "generate", told) == []
    before, told, losses, record = await sent("gemini", body, BEFORE, name)
    assert (told, losses, record.model) == (before, set(), FLASH)


async def test_what_the_model_in_its_place_takes_goes_on_as_it_was_written() -> None:
    for config in ({"thinkingConfig": {"thinkingBudget": -1}}, {"seed": 3}, {}):
        data, told, losses, _ = await sent("gemini", {"contents": [HI], "generationConfig": config})
        assert (told, losses) == (data, set())
    zero = {"contents": [HI], "generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}
    data, told, losses, _ = await sent("gemini", zero, name=LITE)
    assert (told, losses) == (data, set()), "who names a model is answered by its vendor"


async def test_calls_that_the_ended_model_left_unsigned_are_signed_for_the_next() -> None:
    turns = [HI, {"role": "model", "parts": [CALL]}, {"role": "user", "parts": [TOLD]}]
    tools = [{"functionDeclarations": [{"name": "look"}]}]
    data, told, losses, _ = await sent("gemini", {"contents": turns, "tools": tools})

    def judged(body):
        found = refusal("gemini", "generate", LITE, json.loads(body), tokens=lambda: 9, headers={},
                        issued=lambda *_: True)  # fmt: skip
        return found and found.message

    assert judged(data).startswith("Function call is missing a thought_signature")
    assert judged(told) is None
    assert losses == {"signature_missing"}
    signed = [HI, {"role": "model", "parts": [CALL | {"thoughtSignature": "c2ln"}, CALL]},
              {"role": "user", "parts": [TOLD, TOLD]}]  # fmt: skip
    data, told, losses, _ = await sent("gemini", {"contents": signed, "tools": tools})
    assert (told, losses) == (data, set())


ASKED = {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("dialect", "name", "body", "gone"),
    [
        (
            "anthropic", HAIKU,
            {"max_tokens": 9000, "messages": [ASKED],
             "thinking": {"type": "enabled", "budget_tokens": 2000}},
            {"thinking_budget"},
        ),
        ("openai_chat", "gpt-old", {"messages": [ASKED], "temperature": 0.5}, {"temperature"}),
        ("openai_responses", "gpt-old", {"input": "hi", "temperature": 0.5}, {"temperature"}),
    ],
)  # fmt: skip
async def test_the_same_holds_in_every_dialect(dialect, name, body, gone) -> None:
    data, told, losses, _ = await sent(dialect, body, name=name)
    assert losses == gone
    assert told != data
    data, told, losses, _ = await sent(dialect, body, BEFORE, name)
    assert (told, losses) == (data, set())
