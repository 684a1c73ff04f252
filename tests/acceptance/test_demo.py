"""The main job, as a user runs it: `fairlead demo --json`."""

import json
import subprocess
import sys
from decimal import Decimal

import pytest


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
    assert set(told["alone_usd"]) == {"flash", "haiku"}
    assert told["alone_could_serve"]["haiku"] < told["alone_could_serve"]["flash"]


def test_one_request_is_refused_clearly(told) -> None:
    refused = [r for r in told["results"] if r["error"]]
    assert len(refused) == 1
    assert "video" in refused[0]["error"]
