"""The article's tables to the cent, and what vendors' prices add to them."""

import os
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.catalog import load
from fairlead.catalog.model import Limits, Model, Price
from fairlead.catalog.shipped import read
from fairlead.cost.price import PriceTable
from fairlead.cost.scenario import (
    COMBINATIONS,
    Scenario,
    ScenarioError,
    bills,
    monthly,
    parse_scenarios,
)
from fairlead.cost.study import VENDOR, figures_of, study, usual_models
from fairlead.cost.warmth import cold_share

ARTICLE = "article-2025-10"
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
DAY = date(2026, 11, 23)
CATALOG = load()
SCENARIOS = parse_scenarios(read("scenarios.toml"))
SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).resolve().parents[4] / "shared"))
FACTS = SHARED / "facts" / f"{ARTICLE}.toml"
ROWS = {
    FLASH: (FLASH, "plain"),
    HAIKU: (HAIKU, "plain"),
    f"{HAIKU} all input cached": (HAIKU, "cached"),
    f"{HAIKU} all input cached, batched": (HAIKU, "both"),
}


def claimed(name: str, prices: str = ARTICLE, models=(FLASH, HAIKU)):
    found = [figures_of(CATALOG, CATALOG.models[each], prices) for each in models]
    return study(SCENARIOS[name], found, prices, DAY)


def the(found, model, combination):
    return next(b for b in found.bills[model] if b.combination == combination)


def stated() -> list[dict]:
    if not FACTS.is_file():
        pytest.skip(f"../shared is absent: {FACTS}")
    return tomllib.loads(FACTS.read_text("utf-8"), parse_float=Decimal)["scenarios"]


@pytest.mark.parametrize("number", [0, 1])
def test_every_figure_of_the_articles_tables(number) -> None:
    row = stated()[number]
    scenario = SCENARIOS[row["name"]]
    for key in ("requests_per_day", "input_tokens", "output_tokens"):
        assert getattr(scenario, key) == row[key]
    found = claimed(row["name"])
    stated_rows = dict(row["usd_per_month"])
    said = stated_rows.pop("gemini_cheaper_by")  # TOML: what follows a table's header is in it
    for name, figures in stated_rows.items():
        bill = the(found, *ROWS[name])
        for part, value in figures.items():
            assert getattr(bill, part) == value, (name, part)
    for combination, usd, percent in (
        ("plain", "usd", "percent"),
        ("cached", "with_caching_usd", "with_caching_percent"),
    ):
        each = next(d for d in found.differences if d.combination == combination)
        assert (each.cheaper, each.dearer) == (FLASH, HAIKU)
        assert (each.usd, each.percent) == (said[usd], said[percent])


def test_the_articles_totals_without_its_file() -> None:
    chat, coding = claimed("chat"), claimed("coding")
    assert [the(chat, *ROWS[r]).total for r in ROWS] == [465, 1050, 780, 390]
    assert [the(coding, *ROWS[r]).total for r in list(ROWS)[:3]] == [
        Decimal("130.50"), 285, 231,
    ]  # fmt: skip


def test_the_article_knows_of_no_caching_nor_batches_on_gemini() -> None:
    found = claimed("chat")
    assert {b.total for b in found.bills[FLASH]} == {Decimal(465)}
    assert len(found.notes[FLASH]) == 2


def test_nothing_but_the_sources_own_claims() -> None:
    model = figures_of(CATALOG, CATALOG.models[HAIKU], ARTICLE)
    assert {price.source for price in model.prices} == {ARTICLE}
    assert model.limits.min_cacheable is None  # the article does not say
    with pytest.raises(ScenarioError, match="no prices of 'nobody'; known are vendor, "):
        figures_of(CATALOG, model, "nobody")


def test_vendors_prices_show_that_neither_prompt_is_long_enough_for_haikus_cache() -> None:
    found = claimed("chat", VENDOR)
    bill = the(found, HAIKU, "cached")
    assert (bill.too_short, bill.cached, bill.total) == (True, False, 1050)
    assert "below its smallest cacheable size of 4,096" in found.notes[HAIKU][0]
    assert the(found, FLASH, "batched").total == Decimal("232.50")  # Gemini has batches


def test_write_premium_and_time_to_live_at_the_rate() -> None:
    # 300 requests a day: one in 288 s, so 5-minute entries are often cold; the hour's rarely.
    asked = Scenario(name="x", requests_per_day=300, input_tokens=5_000, output_tokens=10)
    found = study(asked, [CATALOG.models[HAIKU]], VENDOR, DAY)
    kept = the(found, HAIKU, "cached").warmth
    # e^-1.0417 of 5-minute writes at 1.25 is more than e^-12.5 (3.7e-6, but one of 9,000 is first)
    # of writes at 2.00.
    assert (kept.write, kept.cold) == ("cache_write_1h", Decimal("0.000111111"))
    lines = {line.kind: line for line in the(found, HAIKU, "cached").lines}
    assert lines["cache_write_1h"].tokens == 9_000 * 5_000 * kept.cold
    assert "cache writes (1h)" in found.notes[HAIKU][0]
    rare = Scenario(name="x", requests_per_day=2, input_tokens=5_000, output_tokens=10)
    plain, cached, *_ = bills(CATALOG.models[HAIKU], rare, DAY)
    assert cached.warmth.cold > Decimal("0.9")
    assert cached.total > plain.total  # told, not hidden: writes cost more than they save


def test_the_share_of_cold_requests() -> None:
    assert cold_share(300, Decimal(288), Decimal(10**9)) == Decimal("0.367879441")  # 1/e
    assert cold_share(300, Decimal(10_000), Decimal(300_000)) == Decimal("0.000003333")
    assert cold_share(300, Decimal(0), Decimal(0)) == 1


def test_a_reference_of_its_own_for_all_combinations() -> None:
    """Written out plainly: tokens x prices, no code of the room."""
    asked = Scenario(
        name="x", requests_per_day=100, input_tokens=8_000, output_tokens=200, thinking_tokens=50,
        cached_share=Decimal("0.75"), batch_share=Decimal("0.4"),
    )  # fmt: skip
    plain, cached, batched, both = bills(CATALOG.models["gemini-2.5-flash"], asked, DAY)
    requests = 3_000
    out = Decimal("2.50") * 250
    assert plain.total * 10**6 == requests * (Decimal("0.30") * 8_000 + out)
    one_cached = Decimal("0.30") * 2_000 + Decimal("0.03") * 6_000 + out
    assert cached.total * 10**6 == requests * one_cached
    one_batched = Decimal("0.15") * 8_000 + Decimal("1.25") * 250
    half = 1_800 * (Decimal("0.30") * 8_000 + out) + 1_200 * one_batched
    assert batched.total * 10**6 == half
    # Gemini's batches take nothing off cache reads.
    one_both = Decimal("0.15") * 2_000 + Decimal("0.03") * 6_000 + Decimal("1.25") * 250
    assert both.total * 10**6 == 1_800 * one_cached + 1_200 * one_both


@given(
    st.integers(0, 50_000), st.integers(0, 200_000), st.integers(0, 8_000), st.integers(0, 4_000),
    st.decimals(0, 1, places=3), st.decimals(0, 1, places=3), st.sampled_from(usual_models(CATALOG)),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_laws(requests, inside, out, thinking, cached, batch, name) -> None:
    asked = Scenario(
        name="x", requests_per_day=requests, input_tokens=inside, output_tokens=out,
        thinking_tokens=thinking, cached_share=cached, batch_share=batch,
    )  # fmt: skip
    made = bills(CATALOG.models[name], asked, DAY)
    assert [b.combination for b in made] == list(COMBINATIONS)
    for bill in made:
        assert bill.total == sum(line.amount for line in bill.lines) == bill.input + bill.output
        assert all(line.amount >= 0 for line in bill.lines)
        prompt = sum(
            line.tokens for line in bill.lines
            if not line.kind.removeprefix("batch_").startswith(("output", "thinking"))
        )  # fmt: skip
        assert prompt == asked.requests * inside  # every token is billed, and once
    assert made[2].total <= made[0].total  # batches never cost more


def test_unpriced_is_told() -> None:
    nobody = Model(id="nobody", vendor="x")
    assert bills(nobody, SCENARIOS["chat"], DAY) is None
    assert study(SCENARIOS["chat"], [nobody], VENDOR, DAY).unpriced == ("nobody",)


def test_a_band_of_prompt_sizes_counts() -> None:
    prices = (
        Price("input", Decimal(1), "x", DAY), Price("output", Decimal(2), "x", DAY),
        Price("input", Decimal(5), "x", DAY, over_prompt=100),
    )  # fmt: skip
    model = Model(id="m", vendor="x", prices=prices, limits=Limits())
    table = PriceTable(model, DAY)
    for size, price in ((100, 1), (101, 5)):
        asked = Scenario(name="x", requests_per_day=1, input_tokens=size, output_tokens=0, days=1)
        assert monthly(model, table, asked, Decimal(0), Decimal(0)) * 10**6 == size * price


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[[scenarios]]\nname = 'x'", "missing required field `requests_per_day`"),
        ("scenarios = 3", "Expected `array`"),
        ("[[", "scenarios.toml: "),
        (
            "[[scenarios]]\nname='x'\nrequests_per_day=-1\ninput_tokens=1\noutput_tokens=1",
            "requests_per_day is below 0",
        ),
        (
            "[[scenarios]]\nname='x'\nrequests_per_day=1\ninput_tokens=1\noutput_tokens=1\ncached_share=2",
            "cached_share is not between 0 and 1",
        ),
    ],
)
def test_bad_files(text, wrong) -> None:
    with pytest.raises(ScenarioError, match=wrong):
        parse_scenarios(text)
