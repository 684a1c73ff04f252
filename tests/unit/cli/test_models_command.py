"""`fairlead models`: every fact with its source, and who says otherwise."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairlead.canon import Failure
from fairlead.cli import models
from fairlead.cli.models import app
from fairlead.cli.output import WholeConsole

FLASH = "gemini-2.5-flash"


@pytest.fixture(autouse=True)
def nothing_of_mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FAIRLEAD_CONFIG", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def told(*words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--on", "2026-11-23"])
    assert result.exit_code == 0, result.output
    return result.stdout


def document(*words: str) -> dict[str, Any]:
    return json.loads(told(*words, "--json"))  # type: ignore[no-any-return]


def test_models_are_listed_with_the_prices_of_today() -> None:
    rows = {row["model"]: row for row in document("list")["models"]}
    assert (rows[FLASH]["input"], rows[FLASH]["ends"]) == ("0.30", "2026-12-01")
    assert rows[FLASH]["successor"] == "gemini-3.5-flash-lite"
    assert rows["claude-haiku-5-5"]["ends"] is None
    assert FLASH in told("list")


def test_a_day_that_is_none_is_told_in_the_words_of_every_command() -> None:
    with pytest.raises(Failure, match="'yesterday' is no day"):
        CliRunner().invoke(app, ["list", "--on", "yesterday"], catch_exceptions=False)


def test_a_fee_is_not_said_to_be_for_tokens() -> None:
    facts = document("show", FLASH, "--facts")["facts"]
    (unit,) = {f["unit"] for f in facts if f["key"] == "price.prompt_web_search"}
    assert unit == "US dollars per million answers"
    said = " ".join(told("show", FLASH).split())
    assert "prompt_web_search, a million answers 35000" in said
    assert "cache_storage, an hour 1" in said


def test_facts_carry_source_date_scope_and_the_rule() -> None:
    facts = document("show", FLASH, "--facts")["facts"]
    (fact,) = [f for f in facts if f["key"] == "limits.max_output" and not scope(f)["upstream"]]
    assert (fact["value"], fact["unit"], fact["source"]) == (65_536, "tokens", "litellm-1.109.1")
    assert (fact["seen"], fact["in_force"]) == ("2026-11-22", True)
    assert fact["rule"] == "catalogue over article"
    (other,) = fact["disputed_by"]
    assert (other["source"], other["value"]) == ("article-2025-10", 8_192)
    tiers = {scope(f)["tier"]: f["value"] for f in facts if f["key"] == "price.input"}
    assert tiers == {"": "0.30", "flex": "0.15", "priority": "0.54"}


def test_facts_in_a_narrow_terminal_keep_days_and_figures_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(models, "console", lambda: WholeConsole(width=80, highlight=False))
    table = told("show", FLASH, "--facts").split("Facts")[1].split("disagreement:")[0]
    assert max(map(len, table.splitlines())) <= 80
    words = table.split()
    assert words.count("2026-11-22") > 40
    assert {"feature.batches", "65,536", "104,857,600", "(upstream"} <= set(words)
    assert "in force" not in table


def scope(fact: dict[str, Any]) -> dict[str, Any]:
    return fact["applies_to"]  # type: ignore[no-any-return]


def test_disagreements_are_told_in_sentences() -> None:
    text = told("show", FLASH, "--facts")
    assert "limits.max_output: article-2025-10 says 8,192, litellm-1.109.1 says 65,536" in text
    assert "feature.prompt_cache: article-2025-10 says no, litellm-1.109.1 says yes" in text
    assert "newer (2026-11-22) over older (2026-11-01)" in text


def test_what_nobody_discloses_is_shown_as_such() -> None:
    shown = document("show", FLASH, "--facts")
    assert {"benchmark.osworld", "info.first_token_latency"} <= set(shown["not_disclosed"])
    assert "benchmark.osworld" not in {fact["key"] for fact in shown["facts"]}
    assert "not disclosed: " in told("show", FLASH, "--facts")


def test_an_announced_price_is_told_and_not_yet_in_force() -> None:
    shown = document("show", "gemini-3.8-flash", "--facts")
    assert shown["input"] == "0.75"
    assert any(
        "price of input changes from 0.75 to 1.5 on 2027-01-01" in sentence
        for sentence in shown["price_changes"]
    )
    held = {
        (f["value"], f["in_force"])
        for f in shown["facts"]
        if f["key"] == "price.input" and not scope(f)["tier"]
    }
    assert held == {("0.75", True), ("1.50", False)}


def test_a_family_shows_the_member_that_serves() -> None:
    shown = document("show", "haiku")
    assert (shown["asked"], shown["model"]) == ("haiku", "claude-haiku-4-5-20251001")


def test_an_upstream_that_nobody_knows_is_refused() -> None:
    result = CliRunner().invoke(app, ["show", FLASH, "--upstream", "nope"])
    assert isinstance(result.exception, Failure)
    problem = result.exception.problem
    assert "'nope'" in problem.message
    assert problem.hint is not None
    assert {"vertex", "google"} <= set(problem.hint.removeprefix("known are ").split(", "))


def test_the_hint_for_a_name_that_nobody_knows_names_the_command() -> None:
    result = CliRunner().invoke(app, ["show", "qqqq"])
    assert isinstance(result.exception, Failure)
    assert "fairlead models list" in (result.exception.problem.hint or "")


def test_an_upstreams_own_figures() -> None:
    shown = document("show", FLASH, "--upstream", "vertex")
    assert shown["max_output"] == 65_535
    regional = [p for p in shown["prices"] if p["region"] == "regional" and p["kind"] == "input"]
    assert {p["tier"]: p["usd_per_million"] for p in regional} == {
        "": "0.3300",
        "flex": "0.1650",
        "priority": "0.5940",
    }
