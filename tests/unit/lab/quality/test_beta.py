"""The beta distribution beside exact values and its laws."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.lab.quality.beta import cumulative, middle

SHARES = st.floats(0, 1)
COUNTS = st.floats(0.5, 5000)


@pytest.mark.parametrize(("x", "one", "two"), [(0.3, 2, 5), (0.9, 12, 3), (0.5, 40, 40)])
def test_whole_numbers_are_sums_of_the_binomial(x, one, two) -> None:
    n = one + two - 1
    exact = sum(comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(one, n + 1))
    assert cumulative(x, one, two) == pytest.approx(exact, abs=1e-10)


def test_the_ends_are_where_the_density_says() -> None:
    low, high = middle(0.25, 20)  # Jeffreys' interval for 5 of 20: Beta(5.5, 15.5)

    def mass(end: float, steps: int = 20_000) -> float:
        width = end / steps
        return sum(((n + 0.5) * width) ** 4.5 * (1 - (n + 0.5) * width) ** 14.5
                   for n in range(steps)) * width  # fmt: skip

    assert mass(low) / mass(1) == pytest.approx(0.025, abs=1e-6)
    assert mass(high) / mass(1) == pytest.approx(0.975, abs=1e-6)


@given(SHARES, COUNTS)
def test_the_middle_holds_the_mean_and_lies_within_0_and_1(mean, count) -> None:
    low, high = middle(mean, count)
    assert 0 <= low <= mean <= high <= 1


@given(st.floats(0.05, 0.95), st.floats(5, 500))
def test_more_answers_tell_more(mean, count) -> None:
    few, many = middle(mean, count), middle(mean, count * 4)
    assert many[1] - many[0] < few[1] - few[0]


@given(SHARES, st.floats(1, 200), st.floats(1, 200))
def test_mirrored(x, one, two) -> None:
    assert cumulative(x, one, two) == pytest.approx(1 - cumulative(1 - x, two, one), abs=1e-8)
