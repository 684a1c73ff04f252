"""Objectives: who is taken, why the others lost, and that what would flip the choice does."""

from collections import Counter
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.catalog import load, shipped_policies
from fairlead.cost.book import PriceBook
from fairlead.routing import (
    Chooser,
    Decision,
    Features,
    Moment,
    Pace,
    Quality,
    Warm,
    decide,
    options_for,
    parse_policies,
    parse_policy,
    predictor,
)
from fairlead.routing.draw import by_shares, uniform
from fairlead.routing.objective import NAMED, Constraints, Objective
from fairlead.routing.weigh import Rival, weigh

TODAY = date(2026, 11, 22)
CATALOG = load()
FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
POLICIES = parse_policies({}, shipped_policies(), CATALOG)


def rival(name: str, usd: str, ms: float | None = None, quality: float | None = None) -> Rival:
    return Rival(name, (), Decimal(usd), ms, ms, quality)


A, B = rival("a", "0.001", 900, 80), rival("b", "0.002", 300, 90)


@pytest.mark.parametrize(
    ("name", "first", "told"),
    [
        ("cheapest", "a", "a $0.001000 < b $0.002000"),
        ("fastest", "b", "b 300 ms < a 900 ms"),
        ("best", "b", "b 90.0 points < a 80.0 points"),
        ("balanced", "b", "b $0.002000, 300 ms, 90.0 points < a $0.001000, 900 ms, 80.0 points"),
    ],
)
def test_an_objective_takes_its_best(name: str, first: str, told: str) -> None:
    weighed = weigh(NAMED[name], Constraints(), (A, B))
    assert next(each.id for each in weighed.order) == first
    assert weighed.told == told
    assert not weighed.warnings


def test_a_loser_is_told_what_it_lost_by() -> None:
    weighed = weigh(NAMED["cheapest"], Constraints(), (A, B))
    assert weighed.notes == {"b": "dearer: $0.002000 against $0.001000"}
    assert [(flip.model, flip.change) for flip in weighed.flip] == [
        ("b", "cost under $0.001000 (expected $0.002000)")
    ]


def test_unknown_is_not_bad() -> None:
    unknown = rival("c", "0.003")
    weighed = weigh(NAMED["fastest"], Constraints(), (unknown, A))
    assert [each.id for each in weighed.order] == ["c", "a"]
    assert weighed.told == "latency of c is unknown: the policy's order decides"
    weighed = weigh(NAMED["balanced"], Constraints(), (unknown, A))
    assert weighed.order[0].id == "a"
    assert weighed.told.endswith("latency of c is unknown; quality of c is unknown")
    unpriced = Rival("d")
    assert weigh(NAMED["cheapest"], Constraints(), (unpriced, A)).order[0].id == "d"
    assert weigh(NAMED["cheapest"], Constraints(max_usd=Decimal(0)), (unpriced, A)).order[0] == (
        unpriced
    )


@pytest.mark.parametrize(
    ("constraints", "first", "note"),
    [
        (Constraints(max_usd=Decimal("0.0015")), "a", "max_usd 0.0015 (expected $0.002000)"),
        (Constraints(max_first_token_ms=500), "b", "max_first_token_ms 500 (expected 900)"),
        (Constraints(quality_within=1), "b", "quality_within 1 (it is 10.0 points behind"),
        (Constraints(quality_within=10), "a", ""),
    ],
)
def test_constraints_pass_over(constraints: Constraints, first: str, note: str) -> None:
    weighed = weigh(NAMED["cheapest" if first == "b" else "fastest"], constraints, (A, B))
    if constraints.quality_within == 10:
        assert not any("quality_within" in each for each in weighed.notes.values())
        return
    assert weighed.order[0].id == first
    (lost,) = [each for each in weighed.notes.values() if note in each]
    assert weighed.flip[-1].change == f"without {lost}"
    assert weighed.flip[-1].model == weighed.order[1].id


def test_where_nobody_keeps_the_constraints_all_compete_and_it_is_told() -> None:
    weighed = weigh(NAMED["cheapest"], Constraints(max_usd=Decimal("0.0001")), (B, A))
    assert weighed.order[0].id == "a"
    (warning,) = weighed.warnings
    assert "no candidate keeps the policy's constraints: b: max_usd 0.0001" in warning


figures = st.builds(
    rival,
    st.just("x"),
    st.decimals("0.000001", "10", places=6).map(str),
    st.floats(10, 1e5),
    st.floats(0, 100),
)


@given(
    first=figures,
    second=figures,
    cost=st.floats(0.1, 3),
    latency=st.sampled_from([0, 0.5, 2]),
    quality=st.sampled_from([0, 1, 2]),
)
def test_what_is_told_to_flip_the_choice_does(
    first: Rival, second: Rival, cost: float, latency: float, quality: float
) -> None:
    first, second = replace(first, id="a"), replace(second, id="b")
    objective = Objective("weights", cost, latency, quality)
    weighed = weigh(objective, Constraints(), (first, second))
    best, other = weighed.order
    factor = 0.999
    for flip in weighed.flip:
        bound = float(flip.change.split("(")[0].rstrip().split(" ")[2].strip("$").replace(",", ""))
        if flip.change.startswith("cost"):
            assume(bound > 1e-5)  # told with six places
            changed = replace(other, cost_usd=Decimal(str(bound - 1e-6)) * Decimal("0.9"))
        elif flip.change.startswith("time"):
            assume(bound > 10)
            changed = replace(other, latency_ms=(bound - 1) * factor)
        else:
            changed = replace(other, quality=bound + 0.1)
        again = weigh(objective, Constraints(), (best, changed))
        assert again.order[0].id == other.id, (flip, weighed.told)


def test_shares_are_drawn_by_their_weights_and_stay() -> None:
    drawn = Counter(by_shares(n, "p", [("a", 3), ("b", 1), ("c", 0)])[0] for n in range(4_000))
    assert drawn["c"] == 0
    assert drawn["a"] / 4_000 == pytest.approx(0.75, abs=0.03)
    moved = [
        n
        for n in range(4_000)
        if by_shares(n, "p", [("a", 3), ("b", 1)])[0] != by_shares(n, "p", [("a", 3), ("b", 2)])[0]
    ]
    assert len(moved) / 4_000 == pytest.approx(0.4 - 0.25, abs=0.03)
    assert all(by_shares(n, "p", [("a", 3), ("b", 2)])[0] == "b" for n in moved)
    assert 0 <= uniform(5, "x") < 1
    assert uniform(5, "x") != uniform(5, "y")


def test_without_a_session_the_greatest_share_is_taken() -> None:
    objective = Objective("weighted", shares=(("a", 1.0), ("b", 2.0)))
    weighed = weigh(objective, Constraints(), (A, B))
    assert weighed.order[0].id == "b"
    assert "no session" in weighed.told


def chooser(name: str) -> Chooser:
    policy, book = POLICIES[name], PriceBook()
    options = options_for(policy, CATALOG, TODAY, lambda _: True)
    return Chooser(policy, options, lambda model: predictor(book.table(model, TODAY)))


MOMENT = Moment(
    session=77,
    pace={FLASH: Pace(400, 150.0, 300, 9), HAIKU: Pace(700, 90.0, 300, 9)},
    quality={FLASH: Quality(70, 65, 75), HAIKU: Quality(80, 75, 85)},
)


@pytest.mark.parametrize(
    ("name", "first"),
    [("cheapest", FLASH), ("fastest", FLASH), ("best", HAIKU), ("balanced", FLASH)],
)
def test_a_shipped_objective_decides_by_the_moment(name: str, first: str) -> None:
    features = Features(prompt_tokens=1_000, prompt_tokens_high=1_200, task="coding")
    decision = chooser(name).decide(features, MOMENT)
    assert decision.ranked[0] == first
    assert decision.path[-1].question.startswith(f"{name} of ")
    assert decision.moment == MOMENT
    assert decision.flip
    best = decision.candidates[0]
    assert best.prompt_tokens is not None
    assert best.output_tokens == 300
    assert best.latency_ms is not None
    assert decision.reason.isascii()
    assert len(decision.reason) <= 120


@pytest.mark.parametrize("name", sorted(POLICIES))
@pytest.mark.parametrize("moment", [Moment(), MOMENT, replace(MOMENT, session=3)])
def test_a_stored_decision_is_made_again(name: str, moment: Moment) -> None:
    features = Features(prompt_tokens=90, prompt_tokens_high=150, task="math", turns=3)
    ours = chooser(name)
    made = ours.decide(features, moment)
    read = msgspec.json.decode(made.stored(), type=Decision)
    assert read == made
    assert ours.decide(read.features, read.moment or Moment()) == made


def test_a_canary_gives_its_share_of_the_sessions() -> None:
    ours = chooser("canary")
    features = Features(prompt_tokens=90, prompt_tokens_high=150, task="coding")
    seen = Counter(ours.decide(features, Moment(session=n)).path[0].answer for n in range(2_000))
    assert seen[True] / 2_000 == pytest.approx(0.05, abs=0.015)
    base = ours.decide(features, Moment(session=0))
    assert base.policy == "canary"
    assert base.reason.startswith("canary: ")
    assert ours.decide(features).path[0].because == "no session to draw from"


def test_a_warm_cache_is_worth_more_than_a_lower_price() -> None:
    features = Features(prompt_tokens=60_000, prompt_tokens_high=66_000, max_tokens=300, turns=9)
    ours = chooser("cheapest")
    assert ours.decide(features).ranked[0] == FLASH
    warm = Moment(
        held=HAIKU,
        further=5,
        warm={HAIKU: Warm(59_000, 250, 1, 60_000), FLASH: Warm(0)},
    )
    decision = ours.decide(features, warm)
    assert decision.ranked[0] == HAIKU
    flash = next(each for each in decision.candidates if each.model == FLASH)
    assert flash.switch_usd is not None
    assert flash.switch_usd > 0
    assert "dearer" in flash.why


def test_fallbacks_come_directly_behind() -> None:
    text = """
name = "own"
version = "1"
candidates = ["flash", "gpt-5-mini", "haiku"]
otherwise = "flash"
[fallbacks]
flash = "haiku"
"""
    policy = parse_policy(text, "own", CATALOG)
    options = options_for(policy, CATALOG, TODAY, lambda _: True)
    decision = decide(Features(), policy, options)
    assert decision.ranked == (FLASH, HAIKU, "gpt-5-mini")
    audio = Features(modalities=("text", "audio"))
    assert decide(audio, policy, options).ranked[0] == FLASH


@pytest.mark.parametrize(
    ("warm", "usd"),
    [
        (None, "0.0510"),
        (Warm(0), "0.0510"),
        (Warm(40_000, sure=1), "0.0150"),  # 40,000 at a tenth of the price
        (Warm(40_000, sure=0.5), "0.0330"),
        (Warm(90_000, sure=1), "0.0060"),  # no more than the prompt
        (Warm(0, writes=50_000), "0.0635"),  # all of it at 1.25 x
        (Warm(40_000, sure=1, writes=50_000), "0.0175"),
    ],
)
def test_what_is_warm_costs_a_cache_read(warm: Warm | None, usd: str) -> None:
    table = PriceBook().table(CATALOG.models[HAIKU], TODAY)
    said = predictor(table)(Features(prompt_tokens=50_000, max_tokens=200), None, warm)
    assert said.prompt_tokens == 50_000
    assert said.cost_usd == Decimal(usd)
