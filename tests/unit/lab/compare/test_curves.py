from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fairlead.catalog import load
from fairlead.catalog.model import Model, Price
from fairlead.lab.compare.build import compare
from fairlead.lab.compare.curve import curves

DAY = date(2026, 11, 23)
money = st.decimals("0.01", "20", places=2)


def model(name: str, prompt: Decimal, output: Decimal) -> Model:
    rows = (Price("input", prompt, "s", DAY), Price("output", output, "s", DAY))
    return Model(id=name, vendor="v", prices=rows)


@given(money, money, money, money)
def test_at_a_break_even_both_cost_the_same_and_its_sides_are_right(a, b, c, d) -> None:
    found = curves((model("one", a, b), model("two", c, d)), DAY)
    by_model = {curve.model: curve for curve in found.curves}
    for meet in found.break_evens:
        above, below = by_model[meet.above[0]], by_model[meet.below[0]]
        assert abs(above.at(meet.ratio) - below.at(meet.ratio)) < Decimal("1e-20")
        assert above.at(meet.ratio * 2) < below.at(meet.ratio * 2)
        assert below.at(meet.ratio / 2) < above.at(meet.ratio / 2)
    if not found.break_evens:
        dear, cheap = sorted(found.curves, key=lambda curve: -curve.at(Decimal(1)))
        ratios = (Decimal("0.001"), Decimal(1), Decimal(1000))
        assert all(cheap.at(ratio) <= dear.at(ratio) for ratio in ratios)


def test_an_unpriced_model_has_no_curve() -> None:
    assert curves((Model(id="m", vendor="v"),), DAY).curves == ()


def test_of_more_than_two_models_only_forms_that_wait_alike_are_listed() -> None:
    report = compare(load(), ["flash", "haiku-4.5", "haiku-5.5", "gemini-3.8-flash"], DAY)
    found = report.curves
    listed = found.listed()
    assert 0 < len(listed) < len(found.break_evens)
    assert all(("batched" in m.above[1]) == ("batched" in m.below[1]) for m in listed)
    two = compare(load(), ["flash", "haiku-4.5"], DAY).curves
    assert two.listed() == two.break_evens
