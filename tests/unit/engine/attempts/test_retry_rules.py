"""Whether and when a request is sent again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.canon import Problem
from fairlead.engine.attempts.delivery import RetryRules
from fairlead.engine.attempts.hints import should_retry, waiting
from fairlead.engine.attempts.retry import RetryBudget, may_be_sent_again, wait

RULES = RetryRules(retries=3)


def answer(status: int, **more) -> Problem:
    return Problem("upstream", "said so", retryable=True, upstream_status=status, **more)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_what_vendors_own_sdks_send_again(status: int) -> None:
    assert may_be_sent_again(answer(status), None)
    assert may_be_sent_again(answer(status), said=True)
    assert not may_be_sent_again(answer(status), said=False)
    assert not may_be_sent_again(answer(status, charged=True), None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
@pytest.mark.parametrize("said", [None, True])
def test_what_is_never_sent_again(status: int, said: bool | None) -> None:
    assert not may_be_sent_again(answer(status), said)


def test_a_connection_that_carried_nothing_and_one_that_did() -> None:
    never = Problem("upstream_unreachable", "refused", retryable=True, charged=False)
    assert may_be_sent_again(never, None)
    assert not may_be_sent_again(Problem("upstream", "reset", retryable=False), None)


@settings(max_examples=100)
@given(
    number=st.integers(0, 1000),
    hinted=st.none() | st.floats(0, 100),
    draw=st.floats(0, 1),
)
def test_a_wait_is_within_its_bounds_and_never_before_the_vendors_word(number, hinted, draw):
    seconds = wait(RULES, number, hinted, draw)
    if hinted is None or hinted == 0:
        assert 0 <= seconds <= RULES.most_wait
        assert seconds <= RULES.first_wait * 2 ** min(number, 32)
    elif hinted > RULES.longest_hint:
        assert seconds is None
    else:
        assert hinted <= seconds <= hinted + RULES.first_wait


@settings(max_examples=100)
@given(st.lists(st.booleans(), max_size=400), st.floats(0, 1))
def test_retries_stay_a_share_of_the_requests(moves, share):
    budget = RetryBudget(0.0)
    requests = taken = 0
    for asks in moves:  # all at one moment: time gives nothing back
        if asks:
            taken += budget.take(0.0)
        else:
            budget.request(share)
            requests += 1
    assert taken <= 10 + share * requests


def test_a_quiet_gateway_has_its_reserve_again() -> None:
    budget = RetryBudget(0.0)
    assert all(budget.take(0.0) for _ in range(10))
    assert not budget.take(0.0)
    assert budget.take(1.5)
    assert not budget.take(1.6)


LIMITED = Problem("rate_limited", "slow down", retryable=True, upstream_status=429)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 1970 00:16:50 GMT"}, 10),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e300"}, None),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "1970-01-01T00:16:52Z",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "1970-01-01T00:17:10Z",
                "anthropic-ratelimit-output-tokens-remaining": "800",
                "anthropic-ratelimit-output-tokens-reset": "1970-01-01T00:59:00Z",
            },
            30,
        ),
        ({"anthropic-ratelimit-requests-remaining": "0"}, None),
    ],
)
def test_the_vendors_words_for_waiting(headers, seconds) -> None:
    assert waiting(LIMITED, headers, 1000.0).retry_after == seconds


def test_the_bodys_word_stays_where_no_header_says_more() -> None:
    told = Problem("rate_limited", "slow down", retry_after=3.0)
    assert waiting(told, {}, 0.0).retry_after == 3.0
    assert waiting(told, {"retry-after": "5"}, 0.0).retry_after == 5


def test_x_should_retry() -> None:
    assert should_retry({"x-should-retry": "true"}) is True
    assert should_retry({"x-should-retry": "false"}) is False
    assert should_retry({"x-should-retry": "maybe"}) is None
    assert should_retry({}) is None
