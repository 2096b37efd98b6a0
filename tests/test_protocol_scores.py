"""The scores of a rule that cannot agree with its record to the last digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.protocols.scores import score, share

moves = st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=30)


@given(moves)
def test_a_reading_that_is_right_takes_all_away(moved):
    before = list(range(len(moved)))
    predictions = [b + m for b, m in zip(before, moved, strict=True)]
    found = score("right", moved, predictions, before)
    assert found.right == found.moved == sum(m != 0 for m in moved)
    assert found.share in (1.0, None)
    assert found.slope is None or found.slope == pytest.approx(1.0)


@given(moves)
def test_a_reading_that_never_moves_takes_nothing_away(moved):
    found = score("still", moved, [5] * len(moved), [5] * len(moved))
    assert found.right == 0
    assert found.share in (0.0, None)
    assert found.slope is None


def test_steps_to_which_a_reading_does_not_apply_are_left_out():
    found = score("half", [1, -2, 4, -4], [None, None, 6, -4], [0, 0, 0, 0])
    assert (found.steps, found.moved, found.right) == (2, 2, 2)
    assert found.early is None
    assert found.late == found.share == 1 - 4 / 32
    assert found.error == pytest.approx(1.0 / 4.0)
    assert found.level == 1 - 4 / 32


def test_a_share_falls_below_nothing_where_a_reading_is_worse_than_no_move():
    assert share([1, -1], [2, -2]) == -3.0
    assert share([0, 0], [1, 1]) is None
