"""The main job, as a user runs it: `fairlead demo --json`."""

import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest

from fairlead.emulator import EmulatorThread


@pytest.fixture(scope="module")
def told() -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", "demo", "--json"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout)


def test_every_answer_is_as_expected(told) -> None:
    assert told["ok"]
    assert told["emulated"]
    assert told["requests"] == len(told["results"]) >= 40
    assert [r["case"] for r in told["results"] if r["fault"]] == []
    assert told["seconds"] < 120


def test_both_models_are_used_and_each_has_a_reason(told) -> None:
    assert {r["model"] for r in told["results"] if not r["error"]} == {
        r["expected"] for r in told["results"] if not r["error"]
    }
    assert len({r["model"] for r in told["results"] if r["model"]}) == 2
    assert all(r["route"] for r in told["results"] if not r["error"])
    assert all(r["emulated"] for r in told["results"] if not r["error"])


def test_the_long_document_is_long(told) -> None:
    long = next(r for r in told["results"] if r["case"].startswith("document"))
    assert long["input_tokens"] > 200_000
    assert "200,000" in long["route"]


def test_the_sums_add_up(told) -> None:
    costs = [Decimal(r["cost_usd"]) for r in told["results"] if r["cost_usd"] is not None]
    assert sum(costs) == Decimal(told["spent_usd"]) > 0
    flash, haiku = told["alone"]["flash"], told["alone"]["haiku"]
    assert haiku["served"] < flash["served"] < told["requests"]
    assert Decimal(haiku["routed"]) < Decimal(flash["routed"]) == Decimal(told["spent_usd"])


def test_one_request_is_refused_clearly(told) -> None:
    refused = [r for r in told["results"] if r["error"]]
    assert len(refused) == 1
    assert "video" in refused[0]["error"]


def test_live_asks_first_and_sends_small_prompts_only(emulator_as_vendors) -> None:
    command = [sys.executable, "-m", "fairlead", "demo", "--live"]
    declined = subprocess.run(
        command, input="n\n", env=emulator_as_vendors, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert declined.returncode == 1
    assert "an estimate" in declined.stdout
    assert "nothing was sent" in declined.stderr
    done = subprocess.run(
        [*command, "--yes", "--json"], env=emulator_as_vendors, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert 5 <= told["requests"] <= 12
    assert max(r["input_tokens"] or 0 for r in told["results"]) < 2000


def test_live_without_keys_says_which_are_missing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", "demo", "--live", "--yes"],
        env={k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "GEMINI_API_KEY, ANTHROPIC_API_KEY" in done.stderr.replace("\n", " ")


@pytest.fixture
def emulator_as_vendors():
    """The real code path of --live, with somebody on loopback in place of the vendors."""
    with EmulatorThread() as emulator:
        yield os.environ | {
            "FAIRLEAD_GEMINI_BASE_URL": emulator.url,
            "FAIRLEAD_ANTHROPIC_BASE_URL": emulator.url,
            "GEMINI_API_KEY": "live-key",
            "ANTHROPIC_API_KEY": "live-key",
        }
