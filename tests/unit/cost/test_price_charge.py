"""The bill: fixed cases for each rule, and laws over all usages and price lists."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields, replace
from tests.unit.cost.bills import charge

from fairlead.canon import Usage
from fairlead.catalog.model import Model, Price
from fairlead.cost.price import BUCKETS, FALLBACKS, PriceTable, dollars

TODAY = date(2026, 11, 22)


def price(kind: str, usd: str, **more) -> Price:
    return Price(kind, Decimal(usd), source=f"list:{kind}", seen=TODAY, **more)


def model(*prices: Price) -> Model:
    return Model(id="m", vendor="v", prices=prices)


FLASH = model(
    price("input", "0.30"),
    price("input_audio", "1.00"),
    price("cache_read", "0.03"),
    price("cache_read_audio", "0.10"),
    price("output", "2.50"),
    price("thinking", "2.50"),
    price("batch_input", "0.15"),
    price("batch_output", "1.25"),
)
HAIKU = model(
    price("input", "1.00"),
    price("output", "5.00"),
    price("cache_read", "0.10"),
    price("cache_write_5m", "1.25"),
    price("cache_write_1h", "2.00"),
    price("batch_input", "0.50"),
    price("batch_output", "2.50"),
)
BANDED = model(
    price("input", "0.10"),
    price("input", "0.50", over_prompt=100_000),
    price("output", "0.50"),
    price("output", "2.50", over_prompt=100_000),
    price("cache_read", "0.01"),
)


def total(usage: Usage, of: Model, at: date = TODAY, *, batch: bool = False) -> Decimal | None:
    found = charge(usage, of, at, batch=batch)
    return None if found is None else found.total


@pytest.mark.parametrize(
    ("of", "usage", "batch", "expected"),
    [
        # The vendors' own arithmetic, by hand.
        (FLASH, Usage(input=1_000_000, output=1_000_000), False, "2.80"),
        (FLASH, Usage(input=1_000_000, output=1_000_000), True, "1.40"),
        (
            FLASH,
            Usage(input=7, input_audio=3, cache_read=11, cache_read_audio=5),
            False,
            "0.00000593",
        ),
        (
            HAIKU,
            Usage(input=1, cache_write_5m=1, cache_write_1h=1, cache_read=1),
            False,
            "0.00000435",
        ),
        # Fallbacks, each in its direction.
        (HAIKU, Usage(input_audio=10), False, "0.00001"),
        (HAIKU, Usage(cache_read_audio=10), False, "0.000001"),
        (HAIKU, Usage(thinking=10), False, "0.00005"),
        (HAIKU, Usage(tool_input=10), False, "0.00001"),
        (BANDED, Usage(cache_write_1h=1), False, None),
        (BANDED, Usage(cache_write_5m=1), False, None),
        (model(price("cache_write_1h", "2")), Usage(cache_write_5m=1), False, "0.000002"),
        (model(price("cache_write_5m", "1")), Usage(cache_write_1h=1), False, None),
        (model(price("input", "1")), Usage(cache_read=4), False, "0.000004"),
        (HAIKU, Usage(output_audio=1), False, None),
        (HAIKU, Usage(output_image=1), False, None),
        # A batch without a batch price of its own is never guessed cheaper ...
        (HAIKU, Usage(cache_read=10), True, "0.000001"),
        (FLASH, Usage(input_audio=10), True, "0.00001"),
        # ... except where the kind is billed as another one.
        (FLASH, Usage(thinking=10), True, "0.0000125"),
        (HAIKU, Usage(thinking=10), True, "0.000025"),
        (
            model(price("thinking", "9"), price("output", "2"), price("batch_output", "1")),
            Usage(thinking=1),
            True,
            "0.000009",
        ),
        # Bands: the edge itself is below; over it every token pays, output too; kinds without a
        # row of their own in the band keep theirs.
        (BANDED, Usage(input=100_000, output=10), False, "0.010005"),
        (BANDED, Usage(input=100_001, output=10), False, "0.0500255"),
        (BANDED, Usage(input=1, cache_read=100_000), False, "0.0010005"),
        (BANDED, Usage(output=10), False, "0.000005"),
        # Fees of server tools are priced or the whole is unpriced.
        (HAIKU, Usage(input=1, server_calls=(("web_search", 0),)), False, "0.000001"),
        (HAIKU, Usage(input=1, server_calls=(("web_search", 1),)), False, None),
        (
            model(price("call_web_search", "10000")),
            Usage(server_calls=(("web_search", 3),)),
            False,
            "0.03",
        ),
        # No prices, no figure; no tokens, no cost; a broken count is no count.
        (model(), Usage(input=1), False, None),
        (model(), Usage(), False, None),
        (HAIKU, Usage(), False, "0"),
        (HAIKU, Usage(input=-1), False, None),
    ],
)
def test_totals(of: Model, usage: Usage, batch: bool, expected: str | None) -> None:
    assert total(usage, of, batch=batch) == (None if expected is None else Decimal(expected))


def test_prices_hold_from_their_first_day_to_the_day_before_their_last() -> None:
    of = model(
        price("input", "1"),
        price("input", "2", valid_from=date(2027, 1, 1)),
        price("output", "1", valid_to=date(2027, 1, 1)),
    )
    usage = Usage(input=1_000_000)
    assert total(usage, of, date(2026, 12, 31)) == 1
    assert total(usage, of, date(2027, 1, 1)) == 2
    assert total(Usage(output=1_000_000), of, date(2026, 12, 31)) == 1
    assert total(Usage(output=1_000_000), of, date(2027, 1, 1)) is None


def test_a_line_names_its_price_and_where_that_stands() -> None:
    found = charge(Usage(input=3, thinking=2), HAIKU, TODAY)
    assert found is not None
    assert [(line.kind, line.tokens, line.billed_as, line.source) for line in found.lines] == [
        ("input", 3, "input", "list:input"),
        ("thinking", 2, "output", "list:output"),
    ]


def test_unpriced_says_which_kinds_lack_a_price() -> None:
    usage = Usage(input=1, output_image=2, cache_write_5m=1, server_calls=(("web_search", 1),))
    table = PriceTable(FLASH, TODAY)
    assert table.unpriced(usage) == ("cache_write_5m", "output_image", "call_web_search")


def test_the_version_follows_the_prices_in_force() -> None:
    assert PriceTable(FLASH, TODAY).version == PriceTable(replace(FLASH, id="other"), TODAY).version
    assert PriceTable(FLASH, TODAY).version != PriceTable(HAIKU, TODAY).version
    assert PriceTable(FLASH, TODAY).version.startswith("2026-11-22-")
    assert PriceTable(model(), TODAY).version == "unpriced"


def test_every_token_count_of_usage_is_a_bucket() -> None:
    counts = {f.name for f in fields(Usage) if f.type is int}
    assert counts == set(BUCKETS)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "unpriced"),
        (Decimal("0.0000005"), "$0.000001"),
        (Decimal("1234.5"), "$1,234.500000"),
        (Decimal("1E-12"), "$0.000000"),
    ],
)
def test_dollars_for_people(amount: Decimal | None, shown: str) -> None:
    assert dollars(amount) == shown


counts = st.integers(0, 10**12)
usages = st.builds(Usage, **dict.fromkeys(BUCKETS, counts))
amounts = st.decimals(0, 10_000, places=7, allow_nan=False, allow_infinity=False)
kinds = st.sampled_from([*BUCKETS, *(f"batch_{b}" for b in BUCKETS)])
rows = st.builds(
    Price, kinds, amounts, st.just("s"), st.just(TODAY), st.sampled_from([0, 0, 1000, 10**6])
)
complete = st.tuples(*(st.builds(price, st.just(b), amounts.map(str)) for b in BUCKETS))
price_lists = st.tuples(complete, st.lists(rows, max_size=12)).map(lambda t: model(*t[0], *t[1]))


@settings(max_examples=150, deadline=None)
@given(usages, price_lists, st.booleans())
def test_lines_sum_to_the_total_and_cover_each_token_once(usage, of, batch) -> None:
    found = charge(usage, of, TODAY, batch=batch)
    assert found is not None
    exact = sum((line.usd_per_million * line.tokens for line in found.lines), Decimal(0)) / 10**6
    assert found.total == sum((line.amount for line in found.lines), Decimal(0)) == exact
    assert sum(line.tokens for line in found.lines) == usage.total
    assert len({line.kind for line in found.lines}) == len(found.lines)
    assert all(line.amount >= 0 and line.tokens > 0 for line in found.lines)


@settings(max_examples=150, deadline=None)
@given(usages, complete.map(lambda rows: model(*rows)), st.sampled_from(BUCKETS), counts)
def test_more_tokens_never_cost_less_within_a_band(usage, of, bucket, more) -> None:
    table = PriceTable(of, TODAY)
    grown = replace(usage, **{bucket: getattr(usage, bucket) + more})
    before, after = table.charge(usage), table.charge(grown)
    assert before is not None
    assert after is not None
    assert after.total >= before.total
    rate = table.usd_per_million(bucket)
    assert rate is not None
    assert after.total - before.total == more * rate / 10**6


@settings(max_examples=150, deadline=None)
@given(usages, st.lists(rows, max_size=8).map(lambda prices: model(*prices)), st.booleans())
def test_a_bill_is_whole_or_there_is_none(usage, of, batch) -> None:
    table = PriceTable(of, TODAY)
    found = table.charge(usage, batch=batch)
    if found is None:
        assert not of.prices or table.unpriced(usage, batch=batch) or not usage.total
    else:
        assert sum(line.tokens for line in found.lines) == usage.total


@settings(max_examples=100, deadline=None)
@given(usages, price_lists)
def test_a_price_is_of_a_kind_that_may_stand_for_the_bucket(usage, of) -> None:
    for batch in (False, True):
        found = charge(usage, of, TODAY, batch=batch)
        assert found is not None
        for line in found.lines:
            assert line.billed_as.removeprefix("batch_") in FALLBACKS[line.kind]


wild_usages = st.builds(
    Usage,
    **dict.fromkeys(BUCKETS, st.sampled_from([0, 0, 0, 1, 999, 10**6, 10**12, -1])),
    server_calls=st.lists(
        st.tuples(st.sampled_from(["web_search", "fetch"]), st.sampled_from([0, 1, 7, -1])),
        max_size=2,
    ).map(tuple),
)
call_rows = st.builds(price, st.just("call_web_search"), amounts.map(str))
wild_prices = st.lists(rows | call_rows, max_size=10).map(lambda prices: model(*prices))


@settings(max_examples=200, deadline=None)
@given(wild_usages | usages, wild_prices | price_lists, st.booleans())
def test_the_quick_total_is_the_bills(usage, of, batch) -> None:
    table = PriceTable(of, TODAY)
    found = table.charge(usage, batch=batch)
    assert table.total(usage, batch=batch) == (None if found is None else found.total)


@settings(max_examples=200, deadline=None)
@given(counts | st.just(-1), counts | st.just(0), wild_prices | price_lists)
def test_the_quick_estimate_is_the_bills(prompt, output, of) -> None:
    table = PriceTable(of, TODAY)
    found = table.charge(Usage(input=prompt, output=output))
    assert table.estimate(prompt, output) == (None if found is None else found.total)
    assert table.estimating(prompt, output) == table.estimate(prompt, output)


def test_prices_of_any_number_of_decimals_are_exact() -> None:
    of = model(price("input", "0.0000000000001"), price("output", "3E+2"))
    usage = Usage(input=3, output=7)
    assert total(usage, of) == Decimal("0.0021") + Decimal("3E-19")
    assert PriceTable(of, TODAY).total(usage) == total(usage, of)
