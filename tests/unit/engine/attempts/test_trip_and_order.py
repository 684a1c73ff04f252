"""Which way is next, and in which order ways stand."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.canon import Problem
from fairlead.catalog.model import Model
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.attempts.deployment import Deployments
from fairlead.engine.attempts.order import Sessions, ordered
from fairlead.engine.attempts.quota import Quota
from fairlead.engine.attempts.retry import may_be_sent_again
from fairlead.engine.attempts.trip import Trip, elsewhere
from fairlead.server.compile import CODECS
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.vendors import Upstream
from fairlead.wire.bedrock.errors import decode_error as bedrocks
from fairlead.wire.vertex.errors import read_claude, read_gemini

KIND = VENDORS_OWN["anthropic"]
BUSY = Problem("overloaded", "busy", retryable=True, upstream="a", upstream_status=529)
BAD = Problem("unsupported", "no tools here")
DELIVERY = Delivery()


def door(name: str, weight: float = 1.0, **more) -> Upstream:
    return Upstream.build(name, KIND, Secret("k" * 20), f"http://{name}", weight=weight, **more)


def ways(*names: str, models: tuple[str, ...] = ("m",), weights=None, **more):
    deployments = Deployments()
    found = []
    for model in models:
        for number, name in enumerate(names):
            weight = 1.0 if weights is None else weights[number]
            lane = Model(id=model, vendor="anthropic"), door(name, weight, **more)
            found.append((lane, deployments.of(lane, DELIVERY)))
    return found


def labels(found) -> list[str]:
    return [f"{lane[0].id}@{lane[1].label}" for lane, _ in found]


def nobody(_model: str) -> None:
    return None


def test_the_same_model_elsewhere_comes_before_another_model() -> None:
    found = ordered(ways("a", "b", models=("m", "n")), "weighted", 0.0, random.random, nobody)
    assert [lane[0].id for lane, _ in found] == ["m", "m", "n", "n"]


def test_weights_are_shares() -> None:
    draw = random.Random(7).random
    given_ways = ways("a", "b", "c", weights=(6.0, 3.0, 1.0))
    first = Counter(
        labels(ordered(given_ways, "weighted", 0.0, draw, nobody))[0] for _ in range(4000)
    )
    assert first["m@a"] / 4000 == pytest.approx(0.6, abs=0.04)
    assert first["m@b"] / 4000 == pytest.approx(0.3, abs=0.04)


def test_weights_far_apart_use_a_free_quota_first_and_the_paid_key_behind_it() -> None:
    """As docs/delivery.md says it (a free quota first)."""
    free, paid = given_ways = ways("free", "paid", weights=(1e6, 1e-6))
    draw = random.Random(5).random
    for _ in range(1000):
        assert ordered(given_ways, "weighted", 0.0, draw, nobody) == [free, paid]
    free[1].rest_until = 30.0
    assert ordered(given_ways, "weighted", 10.0, draw, nobody) == [paid, free]
    assert ordered(given_ways, "weighted", 30.0, draw, nobody) == [free, paid]
    free[1].quota = Quota(1, 0)
    free[1].quota.take(30.0, 5)
    assert ordered(given_ways, "weighted", 31.0, draw, nobody) == [paid, free]


def test_of_two_the_less_loaded() -> None:
    given_ways = ways("a", "b")
    for _ in range(5):
        given_ways[0][1].bulkhead.enter()
    draw = random.Random(3).random
    for _ in range(50):
        found = ordered(given_ways, "least_outstanding", 0.0, draw, nobody)
        assert labels(found)[0] == "m@b"


def test_the_soonest_first_token_and_a_look_elsewhere_now_and_then() -> None:
    given_ways = ways("a", "b")
    given_ways[0][1].timing.observe(0.9)
    given_ways[1][1].timing.observe(0.2)
    draw = random.Random(3).random
    first = Counter(
        labels(ordered(given_ways, "first_token", 0.0, draw, nobody))[0] for _ in range(2000)
    )
    assert 0 < first["m@a"] < 0.06 * 2000


def test_what_cannot_be_used_now_comes_last() -> None:
    given_ways = ways("a", "b", "c")
    opened, resting = given_ways[0][1], given_ways[1][1]
    for _ in range(5):
        opened.breaker.failed(opened.breaker.enter(0.0), 0.0, "500")
    resting.rest_until = 60.0
    for _ in range(20):
        found = ordered(given_ways, "weighted", 1.0, random.random, nobody)
        assert labels(found) == ["m@c", "m@b", "m@a"]


def test_a_session_keeps_its_deployment_until_it_breaks() -> None:
    given_ways = ways("a", "b", "c")
    for _ in range(20):
        found = ordered(given_ways, "weighted", 0.0, random.random, lambda _: "b")
        assert labels(found)[0] == "m@b"
    broken = given_ways[1][1].breaker
    broken.refused(broken.enter(0.0), 0.0, 401)
    found = ordered(given_ways, "weighted", 0.0, random.random, lambda _: "b")
    assert labels(found)[-1] == "m@b"


def test_sessions_are_bounded_and_the_longest_unused_go() -> None:
    sessions = Sessions()
    for number in range(30_000):
        sessions.keep(number, "m", "a")
    assert sessions.of(29_999, "m") == "a"
    assert sessions.of(0, "m") is None


def test_another_model_only_where_falling_back_is_wanted() -> None:
    trip = Trip(ways("a", "b", models=("m", "n")), fallback=False)
    assert trip.failed(BUSY, again=True)
    assert labels([trip.way]) == ["m@b"]
    assert not trip.failed(BUSY, again=True)
    trip = Trip(ways("a", models=("m", "n")), fallback=False)
    assert trip.failed(BAD, again=False), "what cannot be said to one model goes to the next"


def test_what_had_no_room_gets_its_turn_with_patience() -> None:
    trip = Trip(ways("a", "b"), fallback=True)
    assert trip.put_off()
    assert (labels([trip.way]), trip.patient) == (["m@b"], False)
    assert trip.failed(BUSY, again=False)
    assert (labels([trip.way]), trip.patient) == (["m@a"], True)


def test_what_all_refuse_is_told_once_each() -> None:
    trip = Trip(ways("a", "b"), fallback=True)
    assert trip.failed(BAD, again=False)
    assert not trip.failed(BAD, again=False)
    assert trip.verdict(BAD).message == "no tools here"


def test_a_vendors_word_is_told_rather_than_that_another_was_not_asked() -> None:
    shut = Problem("overloaded", "not asked", retryable=True)
    trip = Trip(ways("a", "b"), fallback=True)
    assert trip.failed(BUSY, again=False)
    assert not trip.shut(shut)
    assert trip.verdict(shut) is BUSY


def test_a_broken_connection_goes_elsewhere_only_where_that_is_wanted() -> None:
    broke = Problem("upstream", "reset", upstream="a")
    assert elsewhere(broke, broken_too=True)
    assert not elsewhere(broke, broken_too=False)
    billed = Problem("upstream", "unreadable", upstream="a", charged=True)
    assert not elsewhere(billed, broken_too=True)
    bad = Problem("invalid_request", "no", upstream="a", upstream_status=400)
    assert not elsewhere(bad, broken_too=True)


@settings(max_examples=100)
@given(data=st.data(), doors=st.integers(1, 4), models=st.integers(1, 3))
def test_no_way_is_tried_twice_before_all_were_and_every_trip_ends(data, doors, models):
    names = [f"d{n}" for n in range(doors)]
    trip = Trip(ways(*names, models=tuple(f"m{n}" for n in range(models))), fallback=True)
    seen, steps = [], 0
    going = True
    while going:
        steps += 1
        assert steps <= 2 * doors * models
        what = "failed" if trip.patient else data.draw(st.sampled_from(["failed", "off", "shut"]))
        if what == "off":
            going = trip.put_off()
            continue
        assert trip.at not in seen
        seen.append(trip.at)
        going = trip.failed(BUSY, again=False) if what == "failed" else trip.shut(BUSY)
    assert sorted(seen) == list(range(doors * models))


def test_a_reload_keeps_what_was_measured_and_forgets_a_refused_key() -> None:
    deployments = Deployments()
    model = Model(id="m", vendor="anthropic")
    first = deployments.of((model, door("a")), DELIVERY)
    first.timing.observe(0.5)
    first.breaker.refused(first.breaker.enter(0.0), 0.0, 401)
    assert deployments.of((model, first.upstream), DELIVERY).breaker.state == "refused"
    again = deployments.of((model, door("a", in_flight=3)), DELIVERY)
    assert again is first
    assert (again.breaker.state, again.timing.mean, again.bulkhead.most) == ("closed", 0.5, 3)


def test_another_key_begins_anew() -> None:
    deployments = Deployments()
    model = Model(id="m", vendor="anthropic")
    first = deployments.of((model, door("a")), DELIVERY)
    other = Upstream.build("a", KIND, Secret("other" * 5), "http://a")
    assert deployments.of((model, other), DELIVERY) is not first


REFUSALS = {
    **{name: codec.decode_error for name, codec in CODECS.items()},
    "bedrock": bedrocks, "vertex": read_gemini, "vertex-claude": read_claude,
}  # fmt: skip


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("vendor", REFUSALS)
def test_another_deployment_is_asked_where_a_key_is_refused(vendor, status) -> None:
    for body in (b"", b"Permission 'aiplatform.endpoints.predict' denied on resource '//x'"):
        problem = REFUSALS[vendor](status, {}, body)
        assert elsewhere(problem, broken_too=False), problem
        assert not may_be_sent_again(problem, None)
