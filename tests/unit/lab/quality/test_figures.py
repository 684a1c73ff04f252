"""Figures of quality: the laws of shrinkage, and what guards against comparing the unlike."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.lab.quality.evidence import Answer, LabResult
from fairlead.lab.quality.figures import ALL, GOOD, Figure, Known, Rates, figures, posterior
from fairlead.routing.signals import SIGNALS

A, B, C = "gemini-2.5-flash", "claude-haiku-4-5-20251001", "gpt-x"
KNOWN = st.builds(Known, st.floats(0, 1), st.floats(0.1, 1000))
ANSWERS = st.lists(
    st.builds(
        Answer,
        st.sampled_from([A, B]),
        st.sampled_from(["math", "chat", None]),
        st.floats(0.1, 1),
        st.none() | st.floats(0, 1),
        st.sampled_from(["", "schema", "retry", "cut_off"]),
    ),
    min_size=1,
    max_size=60,
)


def of(found: tuple[Figure, ...], model: str, task: str = "math") -> Figure | None:
    return next((each for each in found if (each.model, each.task) == (model, task)), None)


def rated(model: str, good: int, bad: int, task: str = "math", **facts) -> list[Answer]:
    return [Answer(model, task, rating=1.0, **facts)] * good + (
        [Answer(model, task, rating=0.0, **facts)] * bad
    )


# --- laws -----------------------------------------------------------------------------------------


@given(KNOWN, st.lists(KNOWN, max_size=4))
def test_a_figure_lies_between_the_data_and_what_is_known_more_broadly(own, broader) -> None:
    found = posterior(own, broader)
    means = [each.mean for each in (own, *broader)]
    assert min(means) - 1e-12 <= found.mean <= max(means) + 1e-12
    assert found.worth == pytest.approx(sum(each.worth for each in (own, *broader)))


@given(KNOWN, st.lists(KNOWN, max_size=4))
def test_with_many_answers_it_goes_to_the_data(own, broader) -> None:
    many = replace(own, worth=1e9)
    assert posterior(many, broader).mean == pytest.approx(own.mean, abs=1e-4)
    assert posterior(None, []) is None


@given(ANSWERS, st.randoms())
def test_the_order_of_answers_makes_no_difference(answers, chance: random.Random) -> None:
    answers = answers * 3
    shuffled = list(answers)
    chance.shuffle(shuffled)
    assert figures(answers) == figures(shuffled)


@given(ANSWERS, st.integers(0, 59), st.floats(0, 1))
def test_a_better_rating_never_lowers_its_models_figure(answers, place, better) -> None:
    answers = answers * 8
    place %= len(answers)
    one = answers[place]
    low, high = sorted((one.rating or 0.0, better))
    before, after = list(answers), list(answers)
    before[place], after[place] = replace(one, rating=low), replace(one, rating=high)
    worse, improved = figures(before), figures(after)
    for task in (one.task or ALL, ALL):
        was, became = of(worse, one.model, task), of(improved, one.model, task)
        if was is not None:
            assert became.score >= was.score - 1e-9


@given(ANSWERS)
def test_figures_lie_in_their_intervals_within_0_and_100(answers) -> None:
    for each in figures(answers * 5, [LabResult(A, "math", 0.3)] * 9, {"chat": {A: 0.9, B: 0.2}}):
        assert 0 <= each.low <= each.score <= each.high <= 100


def test_with_many_ratings_a_figure_is_their_mean() -> None:
    found = figures(rated(A, 9000, 1000) + rated(B, 4000, 6000))
    assert of(found, A).score == pytest.approx(90, abs=0.5)
    assert of(found, B).score == pytest.approx(40, abs=0.5)


# --- what is compared -----------------------------------------------------------------------------


def test_a_model_that_nobody_rated_is_no_worse_for_it() -> None:
    silent = [Answer(B, "math")] * 1000
    found = figures(rated(A, 60, 40) + [Answer(A, "math")] * 900 + silent)
    # Silence says of B what it says of A: some six of ten were right.
    assert of(found, B).score == pytest.approx(of(found, A).score, abs=6)
    assert of(found, B).score < 100 * GOOD - 10


def test_signals_alone_tell_models_apart() -> None:
    broken = [Answer(B, "math", signal="schema")] * 300
    found = figures([Answer(A, "math")] * 1000 + [Answer(B, "math")] * 700 + broken)
    assert of(found, A).score - of(found, B).score > 10
    assert "not drawn by lot" in of(found, A).note


def test_only_one_model_tried_is_no_comparison() -> None:
    found = figures(rated(A, 10, 190), published={"math": {A: 0.78, B: 0.73}})
    assert of(found, A).score > of(found, B).score, "A's ratings say nothing of A against B"
    assert "only gemini-2.5-flash has 20" in of(found, A).note
    assert of(found, B).note == ""
    few = figures(rated(A, 5, 5) + rated(B, 5, 5))
    assert few == ()


def test_answers_drawn_by_lot_push_the_others_aside() -> None:
    biased = rated(A, 0, 500)  # A was given what is hard
    drawn = rated(A, 90, 10, drawn="h") + rated(B, 50, 50, drawn="h")
    without, with_lot = figures(biased + rated(B, 100, 0)), figures(biased + drawn)
    assert of(without, A).score < of(without, B).score
    assert of(with_lot, A).score > of(with_lot, B).score
    assert (of(with_lot, A).lot, of(with_lot, A).note) == (True, "")
    assert of(with_lot, A).answers == 100


def test_lots_of_different_policies_are_not_thrown_together() -> None:
    found = figures(rated(A, 90, 10, drawn="h") + rated(B, 50, 50, drawn="g"))
    assert of(found, A).lot is False


def test_sources_stand_in_their_order_and_are_bounded() -> None:
    lab = [LabResult(A, "math", 1.0)] * 500 + [LabResult(B, "math", 0.0)] * 500
    found = figures(
        rated(A, 100, 0) + rated(B, 100, 0) + rated(A, 50, 0, "chat") + rated(B, 50, 0, "chat"),
        lab,
        {"math": {A: 0.5, B: 0.5}},
    )
    sources = of(found, B).sources
    assert [each.name for each in sources] == [
        "own answers", "other tasks", "laboratory", "published",
    ]  # fmt: skip
    assert [each.worth for each in sources] == [100, 2, 20, 2]
    assert of(found, A).score > of(found, B).score
    assert of(found, B).shrunk_to < sources[0].score


def test_a_source_is_moved_to_the_level_of_what_stands_before_it() -> None:
    lab = [LabResult(A, "math", 1.0)] * 80 + [LabResult(B, "math", 0.8)] * 80
    found = figures([], lab, {"math": {A: 0.30, B: 0.20}})
    published = {each.model: each.sources[-1].score for each in found if each.task == "math"}
    assert published[A] - published[B] == pytest.approx(10)
    assert published[A] > 80, "54 % of a hard benchmark is no verdict of 54"


def test_a_model_without_figures_is_unknown() -> None:
    found = figures([], [], {"math": {A: 0.8, B: 0.7}})
    assert {(each.model, each.task) for each in found} == {(A, "math"), (B, "math")}
    assert of(found, C) is None
    assert figures([]) == ()


def test_old_answers_count_less() -> None:
    old = [replace(one, weight=0.01) for one in rated(A, 0, 1000)]
    found = figures([*old, *rated(A, 100, 0), *rated(B, 100, 0)])
    assert of(found, A).score > 85


def test_within_a_stratum_ratings_shrink_from_level_to_level() -> None:
    assert Rates([]).of("", A, "math") == GOOD
    assert Rates([]).of("retry", A, "math") == pytest.approx(GOOD * (1 - SIGNALS["retry"].weight))
    few = Rates(rated(A, 0, 5))
    assert few.of("", A, "math") < few.of("", B, "math") < few.of("", A, "chat") < GOOD
