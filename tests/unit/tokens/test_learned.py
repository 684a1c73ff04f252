"""What true counts teach."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.tokens.estimate import TokenEstimate
from fairlead.tokens.learned import KEPT, Learned, Ratios

COUNTS = st.integers(-5, 10**9)


def test_nothing_learned_changes_nothing() -> None:
    learned = Learned()
    assert learned.ratio == 1
    assert learned.apply(123, 300) == (123, 300)
    estimate = TokenEstimate(10, 8, 12, "f", "fit")
    assert learned.correct(estimate, 10) == estimate


def test_agreement_is_believed_slowly() -> None:
    learned = Learned()
    learned.observe(100, 150)
    assert 1.05 < learned.ratio < 1.25
    for _ in range(60):
        learned.observe(100, 150)
    assert learned.ratio == pytest.approx(1.5, abs=0.06)
    corrected = learned.correct(TokenEstimate(160, 90, 230, "f", "fit"), 100)
    assert corrected.tokens == pytest.approx(147, abs=4)
    assert 110 < corrected.low < corrected.tokens < corrected.high < 190
    assert corrected.how == "fit+learned"
    narrower = learned.correct(TokenEstimate(160, 90, 230, "f", "fit"), 100, coverage=80)
    assert corrected.low < narrower.low < narrower.high < corrected.high


def test_what_is_not_in_the_request_is_not_corrected() -> None:
    learned = Learned()
    for _ in range(60):
        learned.observe(100, 150)
    estimate = TokenEstimate(160, 90, 230, "f", "fit+elsewhere")
    assert learned.correct(estimate, 100) == estimate


def test_a_motley_route_moves_no_estimate() -> None:
    learned = Learned()
    for _ in range(30):
        learned.observe(100, 300)
        learned.observe(100, 40)
    for estimate in (TokenEstimate(100, 95, 105, "f", "fit"), TokenEstimate(9, 4, 15, "f", "fit")):
        assert learned.correct(estimate, 100) == estimate
    assert learned.spread > 0.8


def test_a_route_that_is_like_itself_grows_sure() -> None:
    learned = Learned()
    spreads = []
    for _ in range(40):
        learned.observe(100, 200)
        spreads.append(learned.spread)
    assert spreads[-1] < 0.15 < spreads[0]
    assert learned.apply(100, 199)[1] < 350
    assert Learned().apply(100, 199) == (100, 199)


def test_opinions_far_apart_widen_the_interval() -> None:
    learned = Learned()
    for _ in range(40):
        learned.observe(100, 100)
    near = learned.correct(TokenEstimate(110, 73, 154, "f", "fit"), 100)
    far = learned.correct(TokenEstimate(300, 200, 420, "f", "fit"), 100)
    assert far.high / far.low > near.high / near.low


def test_what_was_is_forgotten() -> None:
    learned = Learned()
    for _ in range(100):
        learned.observe(100, 200)
    for _ in range(100):
        learned.observe(100, 100)
    assert learned.ratio == pytest.approx(1.0, abs=0.02)


def test_one_odd_answer_is_bounded() -> None:
    learned = Learned()
    learned.observe(10, 10_000_000)
    assert learned.ratio < 1.7


@given(st.lists(st.tuples(COUNTS, COUNTS), max_size=50))
@settings(max_examples=100, deadline=None)
def test_the_ratio_stays_in_bounds(seen: list[tuple[int, int]]) -> None:
    learned = Learned()
    for estimated, true in seen:
        learned.observe(estimated, true)
    assert 0.25 <= learned.ratio <= 4


def test_keys_are_apart_and_bounded() -> None:
    ratios = Ratios()
    for _ in range(20):
        ratios.observe(("route", "claude-4.5"), 100, 200)
        ratios.observe(("route", "gemini-3"), 100, 50)
    claude, gemini = ratios.of(("route", "claude-4.5")), ratios.of(("route", "gemini-3"))
    assert claude is not None
    assert gemini is not None
    assert claude.ratio > 1.5 > 0.7 > gemini.ratio
    assert ratios.of("nobody") is None
    for key in range(KEPT + 10):
        ratios.observe(key, 1, 1)
    assert ratios.of(("route", "claude-4.5")) is None
    assert ratios.of(KEPT) is not None
