"""Requests and tokens per minute."""

from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.engine.attempts.quota import WINDOW, Quota


@settings(max_examples=100)
@given(
    limit=st.integers(1, 5),
    tokens=st.integers(0, 100),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 60)), max_size=40),
)
def test_in_no_minute_goes_out_more_than_the_limits(limit, tokens, steps):
    quota = Quota(limit, tokens)
    now, sent = 0.0, []
    for seconds, size in steps:
        now += seconds
        wait = quota.wait(now, size)
        if wait > 0:
            # At the moment that it names it may go, and not much sooner.
            assert deepcopy(quota).wait(now + wait + 1e-6, size) == 0
            continue
        quota.take(now, size)
        sent.append((now, size))
    for moment, _ in sent:
        within = [size for at, size in sent if moment <= at < moment + WINDOW - 1e-6]
        assert len(within) <= limit
        if tokens:
            assert sum(within) <= max(tokens, within[0] if len(within) == 1 else 0)


def test_an_answer_corrects_the_estimate() -> None:
    quota = Quota(0, 100)
    taken = quota.take(0.0, 90)
    assert quota.wait(1.0, 50) > 0
    quota.correct(taken, 40)
    assert quota.wait(1.0, 50) == 0
    assert quota.used(1.0) == (1, 40)
    quota.wait(100.0, 0)
    quota.correct(taken, 90)
    assert quota.used(100.0) == (0, 0)


def test_what_is_larger_than_the_limit_waits_for_an_empty_minute() -> None:
    quota = Quota(0, 100)
    assert quota.wait(0.0, 500) == 0
    quota.take(0.0, 500)
    assert quota.wait(1.0, 500) == WINDOW - 1.0


def test_no_limits_no_wait() -> None:
    quota = Quota(0, 0)
    for _ in range(1000):
        assert quota.wait(0.0, 10**9) == 0
        quota.take(0.0, 10**9)
