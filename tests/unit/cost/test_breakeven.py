"""Break-even points in closed form, against the bills themselves."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.catalog import load
from fairlead.catalog.shipped import read
from fairlead.cost.breakeven import break_even, surface, where_cheaper
from fairlead.cost.price import PriceTable
from fairlead.cost.scenario import Scenario, bill, parse_scenarios
from fairlead.cost.study import VENDOR, figures_of, study

ARTICLE = "article-2025-10"
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
DAY = date(2026, 11, 23)
CATALOG = load()
SCENARIOS = parse_scenarios(read("scenarios.toml"))
IDS = sorted(CATALOG.models)
shares = st.decimals(0, 1, places=3)


def even(name: str, prices: str):
    models = [figures_of(CATALOG, CATALOG.models[each], prices) for each in (FLASH, HAIKU)]
    (found,) = study(SCENARIOS[name], models, prices, DAY).break_evens
    return found


def test_by_the_article_haiku_needs_both() -> None:
    found = even("chat", ARTICLE)
    assert (found.model, found.other) == (HAIKU, FLASH)
    assert (found.cached, found.batched) == ((), ())
    # 60 = 135 x and 315 = 390 y, by hand from 465, 525, 780, 390.
    assert found.cached_all_batched == ((Decimal(60) / 135, Decimal(1)),)
    assert found.batched_all_cached == ((Decimal(315) / 390, Decimal(1)),)
    form = found.border
    assert (form.one, form.x, form.y, form.xy) == (585, -270, -525, 135)
    assert found.thinking == 780  # 585 dollars over 300,000 requests at 2.50 a million
    assert found.ratio is None  # dearer on both sides: no ratio helps
    assert not found.never


def test_by_the_vendors_it_never_does_at_these_lengths() -> None:
    assert even("chat", VENDOR).never
    assert even("coding", VENDOR).never


def _pair(one: str, other: str, asked: Scenario):
    tables = tuple(PriceTable(CATALOG.models[each], DAY) for each in (one, other))
    pair = tuple(
        surface(CATALOG.models[each], table, asked)
        for each, table in zip((one, other), tables, strict=True)
    )
    return pair, tables


@given(
    st.sampled_from(IDS), st.sampled_from(IDS), shares, shares,
    st.sampled_from([300, 900, 4_500, 30_000]), st.integers(1, 3_000), st.integers(1, 20_000),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_intervals_say_what_the_bills_say(one, other, x, y, size, out, rate) -> None:
    asked = Scenario(
        name="x", requests_per_day=rate, input_tokens=size, output_tokens=out,
        cached_share=x, batch_share=y,
    )  # fmt: skip
    (a, b), tables = _pair(one, other, asked)
    costs = [
        bill(CATALOG.models[each], table, asked, "both").total
        for each, table in zip((one, other), tables, strict=True)
    ]
    gap = costs[0] - costs[1]
    if abs(gap) < Decimal("1e-6"):
        return  # on the border itself
    for spans, at in ((where_cheaper(a, b, x=x), y), (where_cheaper(a, b, y=y), x)):
        inside = any(low <= at <= high for low, high in spans)
        assert inside == (gap < 0)


def test_a_smallest_cacheable_size_is_an_edge() -> None:
    asked = Scenario(name="x", requests_per_day=10_000, input_tokens=8_192, output_tokens=1)
    (haiku, flash), tables = _pair(HAIKU, FLASH, asked)
    assert (haiku.least, flash.least) == (Decimal("0.5"), Decimal("0.25"))
    assert haiku.at(Decimal("0.49"), Decimal(0)) == haiku.at(Decimal(0), Decimal(0))
    assert haiku.at(Decimal("0.5"), Decimal(0)) < haiku.at(Decimal("0.49"), Decimal(0))
    assert break_even((haiku, flash), tables, asked).border is None  # more than one form


def test_where_only_the_whole_prompt_is_long_enough() -> None:
    asked = Scenario(name="x", requests_per_day=10_000, input_tokens=4_096, output_tokens=1)
    (haiku, flash), _ = _pair(HAIKU, FLASH, asked)
    flash = replace(flash, cached=flash.uncached)  # as if it had no cache
    spans = where_cheaper(haiku, flash, y=Decimal(0))
    assert spans == ((Decimal(1), Decimal(1)),)


def test_a_ratio_at_which_both_cost_the_same() -> None:
    models = []
    for inside, out in (("1.00", "2.00"), ("0.50", "4.00")):
        model = CATALOG.models[FLASH]
        prices = tuple(
            replace(price, usd_per_million=Decimal({"input": inside, "output": out}[price.kind]))
            for price in model.prices
            if price.kind in {"input", "output"}
        )
        models.append(replace(model, prices=prices, features=()))
    asked = Scenario(name="x", requests_per_day=1, input_tokens=4, output_tokens=1)
    tables = tuple(PriceTable(model, DAY) for model in models)
    pair = tuple(surface(m, t, asked) for m, t in zip(models, tables, strict=True))
    found = break_even(pair, tables, asked)
    assert found.ratio == 4  # 4 x 1.00 + 2.00 = 4 x 0.50 + 4.00
    assert found.never  # at the ratio itself neither is cheaper
