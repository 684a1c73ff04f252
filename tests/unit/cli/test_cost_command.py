"""`fairlead cost`, as a user types it."""

import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from fairlead.canon import FairleadError
from fairlead.cli.chart import chart
from fairlead.cli.cost import cents
from fairlead.cli.main import app
from fairlead.cost.scenario import MOST
from fairlead.cost.sentences import amount

RUN = CliRunner()
ARTICLE = ["--prices", "article-2025-10"]
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # no configuration of the developer's own
    monkeypatch.delenv("FAIRLEAD_CONFIG", raising=False)


def ask(*words: str) -> dict:
    result = RUN.invoke(app, ["cost", *words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def totals(answer: dict) -> dict[tuple[str, str], str]:
    return {(row["model"], row["combination"]): row["total"] for row in answer["models"]}


def test_the_articles_chat_as_decimal_strings() -> None:
    answer = ask("scenario", "chat", *ARTICLE)
    found = totals(answer)
    assert (found[FLASH, "plain"], found[HAIKU, "plain"]) == ("465.00", "1050.00")
    assert (found[HAIKU, "cached"], found[HAIKU, "both"]) == ("780.00", "390.00")
    assert len(found) == 8  # the article speaks of two models
    first = answer["differences"][0]
    assert (first["usd"], first["percent"]) == ("585.00", "55.7")
    (even,) = answer["break_even"]
    assert even["cached_share_all_batched"] == [["0.444444", "1.000000"]]
    assert even["batch_share_all_cached"] == [["0.807692", "1.000000"]]
    assert "above a cached share of 44.4 % and a batch share of 80.8 %" in even["said"][0]


def test_the_articles_coding() -> None:
    found = totals(ask("scenario", "coding assistant", *ARTICLE))
    assert [found[FLASH, "plain"], found[HAIKU, "plain"], found[HAIKU, "cached"]] == [
        "130.50", "285.00", "231.00",
    ]  # fmt: skip


def test_for_people() -> None:
    result = RUN.invoke(app, ["cost", "scenario", "chat", *ARTICLE], catch_exceptions=False)
    assert result.exit_code == 0
    for words in ("1,050.00", "55.7 %", "batch share > (585.00 - 270.00 x", "A = gemini-2.5-flash"):
        assert words in result.output


def test_vendors_prices_say_what_the_article_left_out() -> None:
    notes = ask("scenario", "coding")["notes"]
    assert "below its smallest cacheable size of 4,096" in " ".join(notes[HAIKU])
    assert any("cache writes (" in note for note in notes["claude-haiku-5-5"])


def test_a_workload_of_ones_own() -> None:
    answer = ask(
        "estimate", "--requests-per-day", "1000", "--input", "20000", "--output", "300",
        "--thinking", "100", "--cached-share", "0.9", "--batch-share", "0.25", "--model", "haiku-4.5",
        "--on", "2026-11-23",
    )  # fmt: skip
    (plain, cached, batched, both) = answer["models"]
    assert {row["model"] for row in answer["models"]} == {HAIKU}
    # 30,000 requests: 600 M tokens in, 12 M out.
    assert plain["total"] == "660.00"
    assert batched["total"] == "577.50"  # a quarter of it at half the price
    assert float(both["total"]) < float(cached["total"]) < 660
    assert {line["kind"] for line in both["lines"]} >= {
        "cache_read",
        "batch_cache_read",
        "thinking",
    }
    assert answer["break_even"] == []


def test_a_price_of_a_day_to_come() -> None:
    now, then = (
        totals(ask("scenario", "chat", "--model", "gemini-3.8-flash", "--on", day))
        for day in ("2026-12-31", "2027-01-01")
    )
    key = ("gemini-3.8-flash", "plain")
    assert float(then[key]) == 2 * float(now[key])


@pytest.mark.parametrize(
    ("value", "exact", "rounded"),
    [("465", "465.00", "465.00"), ("92.625", "92.625", "92.63"), ("0.0000015", "0.000002", "0.00"),
     ("1234.5", "1234.50", "1,234.50"), ("-0.125", "-0.125", "-0.13"), ("0", "0.00", "0.00")],
)  # fmt: skip
def test_amounts_are_rounded_half_up(value, exact, rounded) -> None:
    assert (amount(Decimal(value)), cents(Decimal(value))) == (exact, rounded)


def test_a_workload_of_nothing_costs_nothing() -> None:
    answer = ask("estimate", "--requests-per-day", "0", "--input", "0", "--output", "0")
    assert {row["total"] for row in answer["models"]} == {"0.00"}
    assert all(each["never"] for each in answer["break_even"])


def test_the_largest_workload_has_a_cost() -> None:
    most = str(MOST)
    words = ["--requests-per-day", most, "--input", most, "--output", most, "--thinking", most]
    answer = ask("estimate", *words, "--model", "haiku-4.5", "--on", "2026-11-23")
    # 30 x 10^18 tokens in at a dollar a million, twice as many out at five.
    assert answer["models"][0]["total"] == "330000000000000.00"
    shown = RUN.invoke(app, ["cost", "estimate", *words, "--model", "haiku-4.5"])
    assert shown.exit_code == 0


def test_that_a_model_thinks_unasked_is_told() -> None:
    notes = ask("scenario", "chat", "--model", "gemini-2.5-flash", "--on", "2026-11-23")["notes"]
    assert any("thinks unless told not to" in note for note in notes[FLASH])


def test_the_list() -> None:
    assert [row["name"] for row in ask("scenario", "list")] == ["chat", "coding"]
    assert "coding" in RUN.invoke(app, ["cost", "scenario", "list"]).output


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["scenario", "nothing"], "there are: chat, coding"),
        (["scenario", "chat", "--prices", "nobody"], "known are vendor"),
        (["scenario", "chat", "--model", "claude-opus-99"], "has prices of 'vendor'"),
        (["estimate", "--requests-per-day", "-1", "--input", "1", "--output", "1"], "below 0"),
        (["scenario", "chat", "--prefixes", "0"], "prefixes is below 1"),
        (["scenario", "chat", "--on", "yesterday"], "'yesterday' is no day"),
        (
            ["estimate", "--requests-per-day", "5", "--input", str(10**30), "--output", "1"],
            "input_tokens is above 1,000,000,000",
        ),
    ],
)
def test_what_is_wrong_is_told(words, wrong) -> None:
    with pytest.raises(FairleadError, match=wrong):
        RUN.invoke(app, ["cost", *words], catch_exceptions=False)


@pytest.mark.parametrize(
    "words",
    [["--cached-share", "1.5"], ["--batch-share", "many"], ["--cached-share", "NaN"]],
)
def test_wrong_options(words) -> None:
    result = RUN.invoke(app, ["cost", "scenario", "chat", *words])
    assert result.exit_code == 2
    assert words[0] in result.output


def test_the_chart_draws_each_curve() -> None:
    drawn = chart({"one": [10.0, 0.0], "two": [5.0, 5.0]}, left="l", right="r", width=11, height=5)
    lines = drawn.splitlines()
    assert lines[0] == "      $10.00 |AA"
    assert lines[2] == " " * 13 + "|BBBB***BBBB"
    assert lines[-2:] == ["           A = one", "           B = two"]
    assert chart({"flat": [0.0]}, left="", right="", width=3, height=2).count("A") == 4
