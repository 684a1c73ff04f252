"""A vendor's bill is compared with its own traffic: not with an aggregator's, or another cloud's."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.canon import Usage
from fairlead.catalog import load
from fairlead.cli.main import app
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.traffic import traffic
from fairlead.server.config import load as load_config
from fairlead.server.money import billed_elsewhere

CATALOG = load()
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
GPT, HAIKU = "gpt-5.6-luna", "claude-haiku-4-5-20251001"
UPSTREAMS = """
[upstreams.openai]
[upstreams.team]
kind = "openai"
[upstreams.mesh]
kind = "openai_compatible"
base_url = "https://mesh.example/v1"
[upstreams.eu]
kind = "vertex"
"""
PLACES = (
    ("a", "openai", GPT), ("b", "team", GPT), ("c", "mesh", GPT), ("d", "gone", GPT),
    ("e", "anthropic", HAIKU), ("f", "bedrock", HAIKU), ("g", "eu-claude", HAIKU),
    ("h", "mesh", HAIKU),
)  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doors")
    ledger = SqliteLedger(folder / "ledger.db")
    for id_, upstream, model in PLACES:
        ledger.add(
            Record(
                id_, NOON, "openai_chat", model, "ok", 200, model=model, upstream=upstream,
                usage=Usage(input=1000, output=100), cost_usd=Decimal("0.5"),
                price_version=CATALOG.version,
            )
        )  # fmt: skip
    ledger.close()
    config = folder / "fairlead.toml"
    config.write_text(f'[ledger]\npath = "{folder / "ledger.db"}"\n{UPSTREAMS}', encoding="utf-8")
    return config


def ask(config: Path, vendor: str, export: object) -> dict:
    file = config.with_name("export.json")
    file.write_text(json.dumps(export), encoding="utf-8")
    words = ["reconcile", vendor, str(file), "--json", "--config", str(config)]
    return json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)


def test_an_aggregators_answers_stand_on_no_bill_of_openais(config: Path) -> None:
    usage = {"input_tokens": 3000, "output_tokens": 300, "input_cached_tokens": 0, "model": GPT}
    bucket = {"object": "bucket", "start_time": int(NOON) // 86_400 * 86_400,
              "end_time": int(NOON) // 86_400 * 86_400 + 86_400,
              "results": [{"object": "organization.usage.completions.result", **usage}]}  # fmt: skip
    found = ask(config, "openai", {"data": [bucket], "has_more": False})
    (row,) = found["rows"]
    assert (row["status"], row["requests"], Decimal(row["usd_here"])) == (
        "matched",
        3,
        Decimal("1.5"),
    )
    assert (found["elsewhere"], Decimal(found["unexplained_usd"])) == (1, 0)


def test_claude_of_other_clouds_stands_on_no_bill_of_anthropics(config: Path) -> None:
    cost = {"amount": "50", "currency": "USD", "model": HAIKU, "description": "x"}
    bucket = {"starting_at": "2026-11-20T00:00:00Z", "ending_at": "2026-11-21T00:00:00Z",
              "results": [cost]}  # fmt: skip
    found = ask(config, "anthropic", {"data": [bucket], "has_more": False})
    assert (found["rows"][0]["status"], found["rows"][0]["requests"]) == ("matched", 1)
    assert found["elsewhere"] == 3


def test_who_bills_is_told_by_the_kind(config: Path) -> None:
    loaded = load_config(config)
    assert {"mesh", "eu", "eu-claude", "bedrock"} <= billed_elsewhere(loaded, "anthropic")
    assert not {"eu", "eu-claude", "gemini"} & billed_elsewhere(loaded, "google")
    assert not {"openai", "team", "gone"} & billed_elsewhere(loaded, "openai")


def test_traffic_parts_upstreams_in_sums_and_at_edges(config: Path) -> None:
    path = config.with_name("ledger.db")
    for span in ((), (NOON - 1, NOON + 1), (NOON - 90_000, NOON + 90_000)):
        whole = traffic(path, *span)
        assert not any(each.elsewhere for each in whole)
        assert sum(each.requests for each in whole) == len(PLACES)
        parted = traffic(path, *span, elsewhere=("mesh", "team"))
        assert sum(each.requests for each in parted if each.elsewhere) == 3
        assert sum(each.requests for each in parted) == len(PLACES)
