"""Confidence sequences: looked at after every request, they are wrong as seldom as they say."""

import random
from math import exp, inf, log, sqrt

import pytest
from benchmarks.canary_days import KINDS, Day, alarm
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.finance import sequential
from fairlead.finance.sequential import LEAST, Arm, gap, one_side, sides

ALPHA = 0.05


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_canary_like_its_control_is_seldom_accused(kind: str) -> None:
    """2,000 A/A runs in all, looked at after every request, sessions that go on growing."""
    runs = 500
    days = [Day(kind, seed, sessions=90, share=0.4, growing=2) for seed in range(runs)]
    wrong = sum(alarm(day, ALPHA) is not None for day in days)
    assert wrong <= runs * ALPHA


def test_a_small_arm_does_not_look_cheap_before_it_met_a_dear_request() -> None:
    """Without what it borrows from the other arm, one run in eight says "cheaper" for sure."""
    days = [Day("cost", seed, sessions=900, share=0.05, growing=1) for seed in range(100)]
    assert sum(alarm(day, ALPHA, both=True) is not None for day in days) <= 100 * ALPHA


def test_plain_intervals_would_accuse_every_few() -> None:
    """The runs are such that a test which is not made for it fails: it is the looking that does."""
    days = [Day("latency", seed, sessions=300, share=0.5, growing=1) for seed in range(60)]
    wrong = sum(alarm(day, ALPHA, plainly=True) is not None for day in days)
    assert wrong > 3 * 60 * ALPHA


@pytest.mark.parametrize(
    ("kind", "harm", "allowed"),
    [("cost", 4.0, 1.5), ("errors", 20.0, 0.05), ("latency", 3.0, 1.5), ("like", 1.6, 1.5)],
)
def test_harm_is_found(kind: str, harm: float, allowed: float) -> None:
    days = [
        Day(kind, seed, sessions=2_500, share=0.1, growing=2, harm=harm, allowed=allowed)
        for seed in range(12)
    ]
    found = [alarm(day, ALPHA) for day in days]
    assert all(found), "each time"
    assert sorted(n for n in found if n)[6] < 150, "after few sessions of the canary, mostly"


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.floats(0, 100, allow_subnormal=False)),
        min_size=4,
        max_size=60,
    )
)
@settings(max_examples=100)
def test_sums_give_the_variance_between_sessions(values: list[tuple[int, float]]) -> None:
    arm = Arm()
    by: dict[int, list[float]] = {}
    for session, value in values:
        arm.add(session, value)
        by.setdefault(session, []).append(value)
    n, m = len(values), len(by)
    mean = sum(value for _, value in values) / n
    assert arm.mean == pytest.approx(mean)
    assert (arm.sessions, arm.requests) == (m, n)
    if m < 2:
        assert arm.variance() == inf
        return
    between = sum((sum(each) - mean * len(each)) ** 2 for each in by.values()) * m / (m - 1)
    single = sum((value - mean) ** 2 for _, value in values) * n / (n - 1)
    least = (sequential.STEADIEST * mean) ** 2 * n
    assert arm.variance() * n * n == pytest.approx(max(between, single, least), abs=1e-6)


def test_a_value_may_come_later() -> None:
    """A signal comes after its request, or before it is read: the sums are the same."""
    at_once, later, before = Arm(share=True), Arm(share=True), Arm(share=True)
    for session in range(60):
        bad = session % 7 == 0
        if bad:
            before.correct(session, 1.0)
        for request in range(1 + session % 3):
            at_once.add(session, float(bad and request == 0))
            later.add(session, 0.0)
            before.add(session, 0.0)
        if bad:
            later.correct(session, 1.0)
    for each in (later, before):
        assert (each.mean, each.sessions) == (at_once.mean, at_once.sessions)
        assert each.variance() == pytest.approx(at_once.variance())


def test_sessions_count_and_not_requests() -> None:
    """Ten like requests of a session tell as much as one."""
    one, ten = Arm(), Arm()
    draw = random.Random(5)
    for session in range(200):
        value = exp(draw.gauss(0, 1))
        one.add(session, value)
        for _ in range(10):
            ten.add(session, value)
    assert ten.variance() == pytest.approx(one.variance())


def test_no_error_at_all_is_no_certainty() -> None:
    none, some = Arm(share=True), Arm(share=True)
    for session in range(LEAST):
        none.add(session, 0.0)
        some.add(session, 0.0)
    difference, variance = gap(none, some).at()
    assert difference == 0
    assert sqrt(variance) * sides(15, ALPHA) > 0.1


def test_equal_costs_are_not_taken_to_be_sure_beyond_measure() -> None:
    control, canary = Arm(), Arm()
    for session in range(2_000):
        control.add(session, 0.001)
        canary.add(session, 0.001 * (1 + 1e-12))
    difference, variance = gap(control, canary).at()
    assert difference < one_side(1_000, ALPHA) * sqrt(variance)


def test_boundaries_are_those_of_the_paper() -> None:
    """Theorem 2.2 and Proposition B.1 in their own form, with sigma = 1."""
    rho2 = sequential._RHO2
    for n in (30, 50, 1_000):
        two = sqrt(2 * (n * rho2 + 1) / (n * n * rho2) * log(sqrt(n * rho2 + 1) / ALPHA))
        one = sqrt(2 * (n * rho2 + 1) / (n * n * rho2) * log(1 + sqrt(n * rho2 + 1) / 2 / ALPHA))
        assert sides(n, ALPHA) / sqrt(n) == pytest.approx(two)
        assert one_side(n, ALPHA) / sqrt(n) == pytest.approx(one)
    assert sides(0, ALPHA) == inf


def test_sessions_of_long_ago_do_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequential, "OPEN", 100)
    arm = Arm()
    for session in range(1_000):
        arm.add(session, 1.0)
    assert len(arm._open) <= 100
    assert (arm.sessions, arm.requests) == (1_000, 1_000)
