from datetime import date
from decimal import Decimal

import pytest

from fairlead.canon import Usage
from fairlead.catalog.model import Limits, Model, Price
from fairlead.cost.predict import Expected, expected_output, predict, what_if, worst_case
from fairlead.cost.price import PriceTable

TODAY = date(2026, 11, 22)


def table(limit: int | None = 1000, **prices: str) -> PriceTable:
    rows = tuple(Price(k, Decimal(v), "s", TODAY) for k, v in prices.items())
    return PriceTable(
        Model(id="m", vendor="v", prices=rows, limits=Limits(max_output=limit)), TODAY
    )


HAIKU = table(input="1", output="5", cache_read="0.1", cache_write_5m="1.25", cache_write_1h="2")


@pytest.mark.parametrize(
    ("limit", "max_tokens", "expected"),
    [(None, None, 500), (1000, None, 500), (1000, 20, 20), (64, 2000, 64), (None, 0, 0)],
)
def test_output_is_bounded_by_client_and_model(limit, max_tokens, expected) -> None:
    model = Model(id="m", vendor="v", limits=Limits(max_output=limit))
    assert expected_output(model, max_tokens) == expected


@pytest.mark.parametrize(
    ("expected", "total"),
    [
        (Expected(prompt=1000, output=100), "0.0015"),
        (Expected(prompt=1000, output=100, cached=400), "0.00114"),
        (Expected(prompt=1000, output=0, audio=1000, cached=5000), "0.001"),
        (Expected(prompt=10, output=0, cached=50), "0.000001"),
    ],
)
def test_prediction(expected: Expected, total: str) -> None:
    charge = predict(HAIKU, expected)
    assert charge is not None
    assert charge.total == Decimal(total)


def test_an_unpriced_model_predicts_nothing() -> None:
    assert predict(table(), Expected(10, 10)) is None
    assert worst_case(table(), 10) is None
    assert what_if(table(), Usage(input=1)) is None


def test_worst_case_takes_the_dearest_prompt_and_the_longest_output() -> None:
    charge = worst_case(HAIKU, 1000)
    assert charge is not None
    assert charge.total == Decimal("0.007")
    bounded = worst_case(HAIKU, 1000, max_tokens=10)
    assert bounded is not None
    assert bounded.total == Decimal("0.00205")


def test_no_bound_on_the_output_means_no_worst_case() -> None:
    assert worst_case(table(None, input="1", output="5"), 1000) is None


def test_worst_case_is_never_below_what_the_same_tokens_cost() -> None:
    charge = worst_case(HAIKU, 1000, max_tokens=50)
    assert charge is not None
    for kind in ("input", "cache_read", "cache_write_5m", "cache_write_1h", "input_audio"):
        real = HAIKU.charge(Usage(**{kind: 1000}, thinking=20, output=30))
        assert real is not None
        assert real.total <= charge.total


def test_what_if_takes_all_prompt_tokens_as_fresh() -> None:
    usage = Usage(
        input=10, cache_read=20, cache_write_5m=30, cache_write_1h=40, thinking=5, output=5
    )
    charge = what_if(HAIKU, usage)
    assert charge is not None
    assert charge.total == Decimal("0.00015")
    gemini = what_if(table(input="0.3", output="2.5"), usage)
    assert gemini is not None
    assert gemini.total == Decimal("0.000055")
