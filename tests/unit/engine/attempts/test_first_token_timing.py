"""The percentile of first tokens, with attempts that were given up before theirs."""

import random

import pytest

from fairlead.engine.attempts.timing import ENOUGH, Timing


def observed(*seconds: float) -> Timing:
    timing = Timing()
    for each in seconds:
        timing.observe(each)
    return timing


def test_without_any_given_up_it_is_the_plain_percentile() -> None:
    timing = observed(*range(100, 0, -1))
    assert timing.percentile(0.95) == 96
    assert timing.percentile(0.5) == 51
    assert timing.percentile(0.99) == 100


def test_too_few_are_no_percentile() -> None:
    timing = observed(*[1.0] * (ENOUGH - 1))
    timing.given_up(9.0)
    assert timing.percentile(0.9) is None, "what was given up is no first token"
    timing.observe(1.0)
    assert timing.percentile(0.9) == 1.0


def test_those_given_up_count_as_later_than_that() -> None:
    timing = observed(*[1.0] * 90)
    for _ in range(10):
        timing.given_up(2.0)
    assert timing.percentile(0.85) == 1.0
    assert timing.percentile(0.95) == 2.0, "it is later than the longest that was waited"
    timing.observe(8.0)
    assert timing.percentile(0.95) == 8.0


def test_those_given_up_early_say_nothing() -> None:
    timing = observed(*range(1, 101))
    for _ in range(50):
        timing.given_up(0.5)
    assert timing.percentile(0.95) == 96


def test_the_mean_takes_what_is_later_than_itself() -> None:
    timing = observed(1.0)
    timing.given_up(0.2)
    assert timing.mean == 1.0
    timing.given_up(17.0)
    assert timing.mean == 2.0
    nothing = Timing()
    nothing.given_up(5.0)
    assert nothing.mean is None


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("told", "least", "most"), [(True, 0.03, 0.08), (False, 0.15, 1.0)])
def test_the_share_of_hedged_requests_stays(seed, told, least, most) -> None:
    """2,000 hedged streams, the second deployment quick: one in twenty is late to the end.
    Where those that lost are left out instead, the share runs away.
    """
    draw = random.Random(seed)
    timing, hedged, late_ones = Timing(), 0, 2_000
    for number in range(2 * late_ones):
        first = draw.lognormvariate(-1.0, 0.8)
        late = timing.percentile(0.95)
        if late is None or first <= late:
            timing.observe(first)
            continue
        hedged += number >= late_ones
        other = late + draw.lognormvariate(-2.5, 0.3)
        if first <= other:
            timing.observe(first)
        elif told:
            timing.given_up(other)
    assert least < hedged / late_ones < most


def test_a_deployment_that_became_slow_is_measured_again() -> None:
    """All are late now, and each is given up for a quicker one: the percentile rises to what they
    take, so that hedging ends where all are alike.
    """
    timing = observed(*[0.1] * 200)
    for _ in range(400):
        late = timing.percentile(0.95)
        if late + 0.1 < 3.0:
            timing.given_up(late + 0.1)
        else:
            timing.observe(3.0)
    assert timing.percentile(0.95) == 3.0
    for _ in range(200):
        timing.observe(0.1)
    assert timing.percentile(0.95) == 0.1, "and it comes down when they are quick"
