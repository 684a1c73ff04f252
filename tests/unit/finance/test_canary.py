"""A canary beside its control: figures, verdicts, limits, and how much more traffic is needed."""

import random

import pytest

from fairlead.finance.canary import METRICS, Comparison, Figure, Trial
from fairlead.finance.sequential import LEAST
from fairlead.routing.rollout import LIMITS, NO_LIMITS, Limits


def compared(
    sessions: int = 400, share: float = 0.3, *, seed: int = 1, **harm: float
) -> Comparison:
    """Sessions of one or two requests; `harm` multiplies the canary's figures."""
    chance = random.Random(seed)
    comparison = Comparison()
    for session in range(sessions):
        canary = chance.random() < share
        of = harm if canary else {}
        for _ in range(1 + session % 2):
            failed = chance.random() < 0.02 * of.get("errors", 1)
            comparison.add(
                Trial(
                    session,
                    canary,
                    failed,
                    None if failed else 0.001 * chance.lognormvariate(0, 0.5) * of.get("cost", 1),
                    200 * chance.lognormvariate(0, 0.3) * of.get("first_token", 1),
                    900 * chance.lognormvariate(0, 0.3) * of.get("latency", 1),
                )
            )
        score = 0.9 * of.get("quality", 1)
        comparison.rate(session, float(chance.random() < score), canary=canary)
        if chance.random() < 0.03 * of.get("signals", 1):
            comparison.signal(session, canary=canary)
    return comparison


def figures(comparison: Comparison, limits: Limits = NO_LIMITS) -> dict[str, Figure]:
    return {each.metric: each for each in comparison.figures(limits)}


def test_each_limit_has_its_metric() -> None:
    assert tuple(metric.limit for metric in METRICS) == LIMITS


@pytest.mark.parametrize(
    ("metric", "harm", "worse"),
    [
        ("cost", 2.0, True),
        ("cost", 0.4, False),
        ("errors", 15.0, True),
        ("first_token", 2.0, True),
        ("first_token", 0.5, False),
        ("latency", 2.0, True),
        ("quality", 0.6, True),
        ("signals", 12.0, True),
    ],
)
def test_what_is_better_and_worse_is_told(metric: str, harm: float, worse: bool) -> None:
    found = figures(compared(**{metric: harm}))
    assert found[metric].verdict == ("worse" if worse else "better")
    assert found[metric].more_sessions is None
    assert {each.verdict for name, each in found.items() if name != metric} == {"unknown"}
    for each in found.values():
        assert each.change is not None
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.change < each.high


def test_arms_alike_are_not_told_apart() -> None:
    found = figures(compared())
    assert {each.verdict for each in found.values()} == {"unknown"}
    assert found["cost"].low < 1 < found["cost"].high
    assert found["errors"].low < 0 < found["errors"].high
    assert found["latency"].control == pytest.approx(900, rel=0.1), "a typical time, in ms"


def test_nothing_is_said_of_a_few_sessions() -> None:
    found = figures(compared(sessions=LEAST, cost=50.0))["cost"]
    assert (found.verdict, found.low, found.high) == ("unknown", None, None)
    assert found.more_sessions is not None
    assert found.canary_sessions + found.more_sessions >= LEAST
    assert figures(Comparison())["cost"].change is None


def test_how_much_more_is_needed_is_about_right() -> None:
    """A difference in sight: with so many more sessions the verdict is there, in most runs."""
    found = []
    for seed in range(12):
        before = figures(compared(300, cost=1.15, seed=seed))["cost"]
        if before.verdict == "unknown" and before.more_sessions is not None:
            more = round(300 * (1 + before.more_sessions / before.canary_sessions) * 1.3)
            found.append(figures(compared(more, cost=1.15, seed=seed))["cost"].verdict)
    assert found
    assert found.count("worse") > len(found) / 2


@pytest.mark.parametrize(
    ("limits", "harm"),
    [
        (Limits(max_cost_ratio=1.3), {"cost": 2.5}),
        (Limits(max_error_increase=0.05), {"errors": 15.0}),
        (Limits(max_first_token_ratio=1.3), {"first_token": 2.0}),
        (Limits(max_latency_ratio=1.3), {"latency": 2.0}),
        (Limits(max_quality_drop=0.05), {"quality": 0.5}),
        (Limits(max_signal_increase=0.05), {"signals": 15.0}),
    ],
)
def test_a_limit_is_broken_only_for_sure(limits: Limits, harm: dict[str, float]) -> None:
    broken = compared(800, **harm).broken(limits)
    assert broken is not None
    assert broken.metric == next(iter(harm))
    ratio = broken.limit.endswith("_ratio")
    assert abs(broken.bound) > broken.allowed
    assert abs(broken.estimate) > abs(broken.bound)
    assert f"({broken.limit} = {broken.allowed:g})" in broken.told()
    assert ("times the control's" in broken.told()) == ratio
    assert compared(800).broken(limits) is None
    assert compared(25, **harm).broken(limits) is None, "too few sessions to say anything"
    assert figures(compared(800, **harm), limits)[broken.metric].broken


def test_a_limit_is_no_wish_for_no_difference() -> None:
    """Twice as dear for sure, and three times is allowed."""
    comparison = compared(800, cost=2.0)
    assert figures(comparison)["cost"].verdict == "worse"
    assert comparison.broken(Limits(max_cost_ratio=3.0)) is None


def test_the_chance_of_a_mistake_is_shared_among_the_limits() -> None:
    """With more limits each has to be surer."""
    one = Limits(max_cost_ratio=1.2)
    all_ = Limits(1.2, 0.9, 9.0, 9.0, 0.9)
    alone = shared = 0
    for sessions in range(120, 1_600, 60):
        comparison = compared(sessions, cost=1.4)
        alone += comparison.broken(one) is not None
        shared += comparison.broken(all_) is not None
    assert 0 < shared < alone


def test_free_answers_and_answers_without_a_price() -> None:
    comparison = Comparison()
    for session in range(200):
        comparison.add(Trial(session, session % 2 == 0, failed=False, cost_usd=0.0))
    found = figures(comparison)["cost"]
    assert (found.control, found.canary, found.change) == (0, 0, None)
    assert (found.verdict, found.more_sessions) == ("unknown", None)
    assert comparison.broken(Limits(max_cost_ratio=2)) is None
