"""A small day predicted and then really run: what `make whatif` does with more sessions."""

from pathlib import Path

import pytest
from benchmarks.whatif_truth import CASES, Truth, truths

SESSIONS, SEED = 24, 5
NAMES = ("flash to haiku, nothing tried", "haiku again")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Truth]:
    cases = [case for case in CASES if case.name in NAMES]
    folder: Path = tmp_path_factory.mktemp("days")
    return {truth.case.name: truth for truth in truths(folder, cases, SESSIONS, SEED)}


def test_another_model_with_its_cache_costs_what_was_predicted(found) -> None:
    truth = found["flash to haiku, nothing tried"]
    assert truth.requests > 100
    assert truth.truth > 2 * truth.was  # far from what was paid, so that copying it would be seen
    assert abs(truth.error) < 0.03
    assert truth.inside


def test_the_same_day_again_costs_the_same(found) -> None:
    truth = found["haiku again"]
    assert truth.predicted == truth.low == truth.high == truth.was == truth.truth
