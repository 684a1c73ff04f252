"""Decayed quantiles: what was measured lately, and what is not known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.pace import HALF_LIFE, Decayed, Paces


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=200), st.floats(0.05, 0.95))
def test_a_quantile_is_right_within_its_bucket(values: list[float], share: float) -> None:
    seen = Decayed()
    for value in values:
        seen.add(value, 5.0)
    told = seen.quantile(share)
    assert told is not None
    ordered = sorted(values)
    below = sum(value <= told * 1.03 for value in ordered)
    above = sum(value >= told / 1.03 for value in ordered)
    assert below >= share * len(values) - 1e-6
    assert above >= (1 - share) * len(values) - 1e-6


def test_what_is_long_ago_fades() -> None:
    seen = Decayed()
    for _ in range(100):
        seen.add(1_000, 0.0)
    assert seen.weight(0.0) == pytest.approx(100)
    assert seen.weight(HALF_LIFE) == pytest.approx(50)
    for _ in range(10):
        seen.add(100, 5 * HALF_LIFE)  # the hundred are worth three by now
    told = seen.quantile(0.5)
    assert told == pytest.approx(100, rel=0.03)
    assert seen.weight(5 * HALF_LIFE) == pytest.approx(10 + 100 / 32)


def test_months_change_nothing_but_the_weights() -> None:
    seen, draw = Decayed(), random.Random(4)
    for hour in range(5_000):
        seen.add(draw.uniform(90, 110), hour * 3_600.0)
    assert seen.quantile(0.5) == pytest.approx(100, rel=0.12)
    assert seen.weight(5_000 * 3_600.0) < 2
    assert len(seen._buckets) < 10
    assert seen.mean() == pytest.approx(100, rel=0.12)


def test_nothing_is_known_without_answers() -> None:
    paces = Paces()
    assert paces.of("a", 0.0) is None
    assert Decayed().quantile(0.5) is None
    assert Decayed().mean() is None
    paces.observe("a", 0.0, first_token_ms=200, last_ms=1_200, output_tokens=101)
    assert paces.of("a", 0.1) is None, "one answer is too few"


def test_a_pace_is_told_and_forgotten() -> None:
    paces = Paces()
    for second in range(5):
        paces.observe("a", second, first_token_ms=200, last_ms=1_200, output_tokens=101)
    told = paces.of("a", 5.0)
    assert told is not None
    assert told.first_token_ms == pytest.approx(200, rel=0.03)
    assert told.tokens_per_second == pytest.approx(100, rel=0.03)
    assert told.output_tokens == 101
    assert paces.of("a", 5.0 + 10 * HALF_LIFE) is None


def test_an_answer_in_one_piece_tells_its_length_only() -> None:
    paces = Paces(most=1)
    for _ in range(3):
        paces.observe("a", 0.0, first_token_ms=None, last_ms=900, output_tokens=50)
        paces.observe("b", 0.0, first_token_ms=1, last_ms=2, output_tokens=50)
    assert paces.of("a", 0.0) is None
    assert paces.of("b", 0.0) is None, "no more models than the bound"
    for _ in range(3):
        paces.observe("a", 1.0, first_token_ms=100, last_ms=100, output_tokens=5)
    told = paces.of("a", 1.5)
    assert told is not None
    assert told.tokens_per_second is None
