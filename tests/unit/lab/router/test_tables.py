"""Figures by bucket as bytes: near, in order, and the same when they are made bytes again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.lab.router.tables import squares_of, weights_of
from fairlead.routing.scorer import ZERO

_SOME = st.lists(st.floats(-50, 50), min_size=1, max_size=40).map(np.array)


@given(_SOME)
def test_weights_are_within_half_a_step_and_nothing_stays_nothing(weights) -> None:
    table = weights_of(np.append(weights, 0.0))
    assert np.abs(table.values[:-1] - weights).max() <= table.step * 0.500001
    assert (table.codes[-1], table.values[-1]) == (ZERO, 0)
    assert (weights_of(table.values).codes == table.codes).all()


@given(_SOME)
def test_squares_are_never_nothing(figures) -> None:
    squares = figures**2 + 1
    table = squares_of(squares)
    assert table.codes.min() >= 1
    assert (np.abs(table.values - squares) <= table.step).all()
    assert (squares_of(table.values).codes == table.codes).all()


def test_a_head_that_learned_nothing_has_a_table_too() -> None:
    table = weights_of(np.zeros(3))
    assert table.codes.tolist() == [ZERO] * 3
    assert table.step == pytest.approx(1.0)
