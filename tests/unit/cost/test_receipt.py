"""Receipts: what they show beyond a charge, and the laws that every one of them keeps."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.canon import Usage
from fairlead.catalog.model import Model, Price
from fairlead.cost.price import BUCKETS, PriceTable
from fairlead.cost.receipt import foreign, receipt, total

DAY = date(2026, 11, 22)


def price(kind: str, usd: str, **more) -> Price:
    return Price(kind, Decimal(usd), source=f"list:{kind}", seen=DAY, **more)


def table(*prices: Price, name: str = "m") -> PriceTable:
    return PriceTable(Model(id=name, vendor="v", prices=prices), DAY)


FULL = table(
    price("input", "1"),
    price("input", "2", over_prompt=100_000),
    price("input_audio", "3"),
    price("cache_read", "0.10"),
    price("cache_read_audio", "0.30"),
    price("cache_write_5m", "1.25"),
    price("cache_write_1h", "2"),
    price("output", "5"),
    price("output", "10", over_prompt=100_000),
    price("output_audio", "20"),
    price("output_image", "30"),
    price("batch_input", "0.50"),
    price("batch_output", "2.50"),
    price("input", "1.5", tier="priority"),
    price("output", "7.5", tier="priority"),
    price("input", "1.1", region="us"),
    price("call_web_search", "10000"),
    price("cache_storage", "0.50"),
)
OTHER = table(price("input", "5"), price("output", "25"), name="big")


def others(name: str) -> PriceTable | None:
    return OTHER if name == "big" else None


def test_a_line_says_what_how_many_at_which_price_and_where_it_stands():
    made = receipt(
        Usage(input=100_001, output=2, thinking=3, server_calls=(("web_search", 2),)), FULL
    )
    assert [(n.kind, n.count, n.unit, n.over_prompt, n.billed_as, n.tier) for n in made.lines] == [
        ("input", 100_001, "tokens", 100_000, "input", "standard"),
        ("output", 2, "tokens", 100_000, "output", "standard"),
        ("thinking", 3, "tokens", 100_000, "output", "standard"),
        ("call_web_search", 2, "calls", 0, "call_web_search", "standard"),
    ]
    assert made.lines[0].source == "list:input"
    assert made.total == Decimal("0.200002") + Decimal("0.00005") + Decimal("0.02")
    assert made.rounded() == Decimal("0.22")
    assert (made.currency, made.model, made.at, made.unpriced) == ("USD", "m", DAY, ())


@pytest.mark.parametrize(
    ("usage", "more", "expected", "tier"),
    [
        (Usage(input=10), {}, "0.00001", "standard"),
        (Usage(input=10, tier="priority"), {}, "0.000015", "priority"),
        (Usage(input=10, tier="batch"), {}, "0.000005", "batch"),
        (Usage(input=10), {"batch": True}, "0.000005", "batch"),
        (Usage(input=10), {"region": "us"}, "0.000011", "standard"),
        (Usage(input=10, tier="flex"), {}, "0.00001", "standard"),
    ],
)
def test_tiers_and_regions_have_prices_of_their_own(usage, more, expected, tier):
    made = receipt(usage, FULL, **more)
    assert made.total == Decimal(expected)
    assert made.lines[0].tier == tier


def test_the_fast_total_takes_the_tiers_prices_too():
    assert FULL.total(Usage(input=10, tier="priority")) == Decimal("0.000015")
    assert FULL.total(Usage(input=10, tier="batch")) == Decimal("0.000005")
    assert FULL.total(Usage(input=10, tier="standard")) == Decimal("0.00001")


def test_a_fee_by_the_answer_is_paid_once_however_often_the_tool_was_used():
    by_answer = table(price("input", "1"), price("prompt_web_search", "35000"))
    made = receipt(Usage(server_calls=(("web_search", 3),)), by_answer)
    assert made.total == Decimal("0.035")
    assert (made.lines[0].count, made.lines[0].unit) == (1, "answers")


def test_tokens_of_another_model_are_paid_at_its_prices():
    told = (("advisor_message:big:input", 100), ("advisor_message:big:output", 10))
    usage = Usage(input=10, server_calls=told)
    made = receipt(usage, FULL, others=others)
    assert made.total == Decimal("0.00001") + Decimal("0.0005") + Decimal("0.00025")
    assert {line.model for line in made.lines} == {"m", "big"}
    assert total(usage, FULL, others) == made.total
    assert foreign(usage)[1]["big"] == Usage(input=100, output=10, thinking_known=False)


def test_what_has_no_price_is_shown_and_leaves_no_total():
    made = receipt(Usage(input=10, output_image=1, server_calls=(("maps", 1),)), OTHER)
    assert made.total is None
    assert made.unpriced == ("output_image", "call_maps")
    assert [line.amount for line in made.lines] == [Decimal("0.00005"), None, None]
    assert any("output_image, call_maps" in note for note in made.notes)
    unknown = receipt(Usage(input=1, server_calls=(("a:b:input", 1),)), FULL, others=others)
    assert unknown.total is None
    assert any("tokens of b" in note for note in unknown.notes)


def test_a_part_that_is_shown_stays_in_the_band_of_the_whole_prompt():
    sized = table(price("input", "1"), price("input", "2", over_prompt=10))
    made = receipt(Usage(input=6, cache_write_1h=5), sized)
    assert made.lines[0].amount == Decimal("0.000012")


def test_estimates_and_what_is_not_disclosed_are_noted():
    notes = receipt(Usage(input=1, estimated=True, thinking_known=False), FULL).notes
    assert any("estimates" in note for note in notes)
    assert any("not disclosed" in note for note in notes)
    assert any("'flex'" in note for note in receipt(Usage(tier="flex"), FULL).notes)
    assert receipt(Usage(), table()).total is None


counts = st.integers(0, 300_000)
usages = st.builds(
    Usage,
    **dict.fromkeys(BUCKETS, counts),
    server_calls=st.sampled_from(
        [(), (("web_search", 3),), (("advisor_message:big:input", 7),), (("x:big:output", 2),)]
    ),
    tier=st.sampled_from([None, "standard", "priority"]),
)


@given(usages)
def test_the_lines_are_the_total_and_none_is_negative(usage):
    made = receipt(usage, FULL, others=others)
    assert made.total == sum((line.amount for line in made.lines), Decimal(0))
    assert all(line.amount >= 0 for line in made.lines)
    assert made.total == total(usage, FULL, others)
    for line in made.lines:
        assert line.amount * 1_000_000 == line.count * line.usd_per_million


@given(usages, st.sampled_from(BUCKETS), st.integers(0, 200_000))
def test_more_tokens_of_any_kind_never_cost_less(usage, bucket, more):
    dearer = replace(usage, **{bucket: getattr(usage, bucket) + more})
    assert receipt(dearer, FULL, others=others).total >= receipt(usage, FULL, others=others).total


@given(usages)
def test_a_batch_is_never_dearer(usage):
    usage = replace(usage, tier=None)
    once = receipt(usage, FULL, others=others).total
    assert receipt(usage, FULL, batch=True, others=others).total <= once


@pytest.mark.parametrize(
    ("hours", "amount"), [(5_000_000, "2.5"), (-2_000_000, "-1"), (1, "0.0000005")]
)
def test_storage_is_a_line_of_token_hours_and_may_be_taken_back(hours: int, amount: str) -> None:
    usage = Usage(server_calls=(("cache_storage", hours),))
    (line,) = receipt(usage, FULL).lines
    assert (line.kind, line.count, line.unit) == ("cache_storage", hours, "token-hours")
    assert line.amount == FULL.total(usage) == Decimal(amount)
    assert line.source == "list:cache_storage"


def test_storage_without_a_price_is_unpriced() -> None:
    made = receipt(Usage(input=5, server_calls=(("cache_storage", 7),)), OTHER)
    assert (made.total, made.unpriced) == (None, ("cache_storage",))
    assert [(n.kind, n.count, n.unit) for n in made.lines] == [
        ("input", 5, "tokens"), ("cache_storage", 7, "token-hours"),
    ]  # fmt: skip
