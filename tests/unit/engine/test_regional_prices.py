"""Where an answer is computed is charged: in the ledger, on the receipt, in estimates and what-ifs.

Configured as an operator would: a file, the environment, a request through the engine.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from fairlead.canon import ANYWHERE, Usage
from fairlead.cost.price import PriceTable
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.finance.plan import parse_mix
from fairlead.finance.told import told
from fairlead.finance.whatif import what_if
from fairlead.ledger.memory import MemoryLedger
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.traffic import traffic
from fairlead.server.compile import CODECS, compile_catalog, compile_snapshot
from fairlead.server.config import ConfigError, Loaded, load
from fairlead.server.estimates import EstimateEngine
from fairlead.upstream.fake import Answer, FakeTransport
from fairlead.upstream.transports import SharedTransport
from fairlead.vault.memory import MemoryVault

AT = datetime(2026, 10, 10, 12, tzinfo=UTC).timestamp()
DAY = datetime.fromtimestamp(AT, UTC).date()
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}
KEYS = {"ANTHROPIC_API_KEY": "k" * 20, "GEMINI_API_KEY": "k" * 20}
HAIKU, OLD, FLASH = "claude-haiku-5-5", "claude-haiku-4-5-20251001", "gemini-2.5-flash"
VERTEX = '[upstreams.gemini]\ndoor = "vertex"\nregion = "{}"\n'
US = '[upstreams.anthropic]\nregion = "us"\n'
TOKENS = {
    "input_tokens": 1_000,
    "cache_read_input_tokens": 500,
    "cache_creation_input_tokens": 200,
    "output_tokens": 300,
}
LIST = Decimal("0.00028")
"""1,000 x 0.10 + 500 x 0.01 + 200 x 0.125 + 300 x 0.50 dollars a million."""


def configured(folder: Path, text: str = "") -> Loaded:
    file = folder / "fairlead.toml"
    overlay = f'[catalog]\noverlay = "{folder}/none.toml"\nlong_tail = false\n'
    file.write_text(text + overlay, encoding="utf-8")
    return load(file, {})


class _Client:
    started = gone = False
    body = b""

    async def respond(self, _status, _headers, body) -> None:
        self.body = body

    async def start(self, *_) -> None:
        self.started = True

    async def write(self, data) -> None:
        self.body += data

    async def finish(self, data=b"") -> None:
        self.body += data


async def trip(loaded: Loaded, dialect: str, body: dict, answer: Answer | None, **more):
    """The record of one request, and what its client got."""
    fake = FakeTransport(*([answer] if answer else []))
    ledger = MemoryLedger()
    kind = more.pop("engine", Engine)
    engine = kind(SharedTransport(fake), ledger, MemoryVault())
    snapshot = compile_snapshot(loaded, KEYS)
    data, client = json.dumps(body).encode(), _Client()
    await engine.serve(Exchange("r", CODECS[dialect], snapshot, (), data, at=AT, **more), client)
    return ledger.show("r"), client


def message(model: str, **usage: object) -> Answer:
    said = {
        "id": "m", "type": "message", "role": "assistant", "model": model, "stop_sequence": None,
        "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn",
        "usage": TOKENS | usage,
    }  # fmt: skip
    return Answer(200, JSON, (json.dumps(said).encode(),))


def ask(model: str, **more: object) -> dict:
    return {
        "model": model,
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Hi"}],
    } | more


def both(record: Record, loaded: Loaded) -> tuple[Decimal | None, Decimal | None]:
    """What the ledger has, and what the receipt made from it says."""
    made = told(record, compile_catalog(loaded)).receipt
    assert made is not None
    return record.cost_usd, made.total


@pytest.mark.parametrize(
    ("asked", "said", "factor"),
    [
        ({}, {}, "1"),
        ({}, {"inference_geo": "global"}, "1"),
        ({}, {"inference_geo": "not_available"}, "1"),
        ({}, {"inference_geo": "us"}, "1.1"),  # the workspace's default
        ({"inference_geo": "us"}, {"inference_geo": "us"}, "1.1"),
        ({"inference_geo": "us"}, {}, "1.1"),  # the answer is silent: as it was asked for
        ({"inference_geo": "us"}, {"inference_geo": "global"}, "1"),  # the answer's word counts
        ({"inference_geo": "global"}, {}, "1"),
        ({}, {"inference_geo": "mars"}, "1"),  # no price is known: the usual one, with a note
    ],
)
async def test_inference_in_the_us_is_a_tenth_dearer(tmp_path, asked, said, factor) -> None:
    loaded = configured(tmp_path)
    record, _ = await trip(loaded, "anthropic", ask(HAIKU, **asked), message(HAIKU, **said))
    assert both(record, loaded) == (LIST * Decimal(factor),) * 2
    receipt = told(record, compile_catalog(loaded)).receipt
    assert {line.region for line in receipt.lines} == {"us" if factor == "1.1" else ""}
    noted = [note for note in receipt.notes if "mars" in note]
    assert bool(noted) == ("mars" in said.values())


async def test_older_models_and_fees_by_the_call_know_no_surcharge(tmp_path) -> None:
    loaded = configured(tmp_path)
    record, _ = await trip(loaded, "anthropic", ask(OLD), message(OLD, inference_geo="us"))
    assert both(record, loaded) == (LIST * 10,) * 2
    searched = message(HAIKU, inference_geo="us", server_tool_use={"web_search_requests": 2})
    record, _ = await trip(loaded, "anthropic", ask(HAIKU), searched)
    assert both(record, loaded) == (LIST * Decimal("1.1") + Decimal("0.02"),) * 2


async def test_a_stream_tells_it_at_its_start_and_another_dialect_s_client_pays_it_too(
    tmp_path,
) -> None:
    loaded = configured(tmp_path)
    start = {
        "type": "message_start",
        "message": {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": HAIKU,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": TOKENS | {"inference_geo": "us"},
        },
    }
    end = {
        "type": "message_delta",
        "usage": {"output_tokens": 300},
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
    }
    events = [start, end, {"type": "message_stop"}]  # fmt: skip
    text = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()
    for dialect in ("anthropic", "openai_chat"):
        answer = Answer(200, SSE, (text,))
        record, _ = await trip(loaded, dialect, ask(HAIKU, stream=True), answer)
        assert both(record, loaded) == (LIST * Decimal("1.1"),) * 2


@pytest.mark.parametrize(
    ("said", "cost", "region"),
    [
        ({}, LIST * Decimal("1.1"), None),
        ({"inference_geo": "us"}, LIST * Decimal("1.1"), "us"),
        ({"inference_geo": "global"}, LIST, ANYWHERE),
    ],
)
async def test_an_upstream_that_is_set_to_the_us(tmp_path, said, cost, region) -> None:
    loaded = configured(tmp_path, US)
    record, _ = await trip(loaded, "anthropic", ask(HAIKU), message(HAIKU, **said))
    assert both(record, loaded) == (cost, cost)
    assert record.usage.region == region
    assert not any(ANYWHERE in note for note in told(record, compile_catalog(loaded)).receipt.notes)


@pytest.mark.parametrize(
    ("region", "factor"), [("global", "1"), ("", "1"), ("europe-west1", "1.1"), ("eu", "1.1")]
)
async def test_vertex_charges_a_tenth_more_everywhere_but_at_its_global_endpoint(
    tmp_path, region, factor
) -> None:
    loaded = configured(tmp_path, VERTEX.format(region))
    said = {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]},
                        "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1_000, "candidatesTokenCount": 100,
                          "totalTokenCount": 1_100}, "modelVersion": FLASH, "responseId": "r",
    }  # fmt: skip
    body = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
    answer = Answer(200, JSON, (json.dumps(said).encode(),))
    record, _ = await trip(loaded, "gemini", body, answer, in_url=(FLASH, False))
    assert both(record, loaded) == (Decimal("0.00055") * Decimal(factor),) * 2
    receipt = told(record, compile_catalog(loaded)).receipt
    assert {line.region for line in receipt.lines} == {"regional" if factor == "1.1" else ""}
    # Its tiers too: priority is 1.8 times the price, and a tenth more there.
    table = PriceTable(compile_catalog(loaded).models[FLASH], DAY)
    assert table.total(Usage(input=1_000_000, tier="priority")) == Decimal("0.54") * Decimal(factor)


def test_before_google_charged_it_a_region_cost_nothing_more(tmp_path) -> None:
    model = compile_catalog(configured(tmp_path, VERTEX.format("eu"))).models[FLASH]
    before = PriceTable(model, datetime(2026, 6, 30, tzinfo=UTC).date())
    assert before.total(Usage(input=1_000_000)) == Decimal("0.30")


@pytest.mark.parametrize(
    ("model", "region", "factor"),
    [("gpt-5.4", "eu", "1.1"), ("gpt-6-luna", "us", "1.1"), ("gpt-5.1", "eu", "1"),
     ("gpt-4o", "eu", "1"), ("gpt-5.4", "global", "1")],
)  # fmt: skip
def test_openai_s_newer_models_cost_more_in_a_region(tmp_path, model, region, factor) -> None:
    text = f'[upstreams.openai]\nregion = "{region}"\n[models."{model}"]\nvendor = "openai"\n'
    catalog = compile_catalog(configured(tmp_path, text + '"price.input" = 2.0\n'))
    table = PriceTable(catalog.resolve(model, DAY), DAY)
    assert table.total(Usage(input=1_000_000)) == 2 * Decimal(factor)


async def test_estimates_and_the_policy_reckon_with_it(tmp_path) -> None:
    costs = []
    for text, asked in (("", {}), (US, {}), ("", {"inference_geo": "us"})):
        record, client = await trip(
            configured(tmp_path, text), "anthropic", ask(HAIKU, **asked), None,
            engine=EstimateEngine, op="estimate",
        )  # fmt: skip
        assert record.outcome == "ok", client.body
        found = {each["model"]: each["cost_usd"] for each in json.loads(client.body)["candidates"]}
        costs.append(Decimal(found[HAIKU]["low"]))
    assert costs[1] == costs[2] == costs[0] * Decimal("1.1") > 0


def test_a_what_if_pays_the_region_of_the_other_upstream(tmp_path) -> None:
    path = tmp_path / "l.db"
    ledger = SqliteLedger(path)
    usage = Usage(input=1_000, output=100)
    record = Record("r", AT, "anthropic", OLD, "ok", 200, model=OLD, usage=usage)
    ledger.add(replace(record, cost_usd=Decimal("0.0015")))
    ledger.close()
    said = []
    for text in ("", VERTEX.format("us-central1")):
        catalog = compile_catalog(configured(tmp_path, text))
        plan = parse_mix(FLASH, catalog, today=lambda: DAY)
        said.append(what_if(traffic(path), plan, catalog).total.expected)
    assert said[1] == (said[0] * Decimal("1.1")).quantize(Decimal("1e-12")) > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[upstreams.anthropic]\nregion = "eu"\n', "known are global, not_available, us"),
        ('[upstreams.gemini]\nregion = "eu"\n', "none of its prices depends on a region"),
        ('[upstreams.gemini]\ndoor = "vertx"\n', "nothing is known of the door 'vertx'"),
    ],
)
def test_a_region_or_a_door_without_prices_is_refused(tmp_path, text, said) -> None:
    with pytest.raises(ConfigError, match=said):
        compile_catalog(configured(tmp_path, text))
