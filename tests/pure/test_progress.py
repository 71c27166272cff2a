"""Whether an attempt got further than those before it."""

import json

from hypothesis import given
from hypothesis import strategies as st
from pure_ihub.core.retry import POINTS_LIMIT, moved_on
from schedule_strategies import bounded


def attempts(*ends):
    """Return for each attempt, of which it is known where it ended, whether it moved on."""
    reached, moved = None, []
    for processed, point in ends:
        has_moved, reached = moved_on(reached, processed, point)
        # It is stored.
        reached = json.loads(json.dumps(reached))
        moved.append(has_moved)
    return moved


def test_without_a_checkpoint_nothing_moves():
    assert attempts((0, None), (0, None)) == [False, False]


def test_more_records_than_ever_before():
    assert attempts((100, None), (200, None), (200, None), (300, None)) == [True, True, False, True]


def test_beginning_at_the_beginning_again_is_no_progress():
    """Each checkpoint differs from the one before it, but all were there already."""
    assert attempts((300, None), (100, None), (200, None), (300, None)) == [True] + [False] * 3


def test_another_resume_point():
    assert attempts((0, "a"), (0, "b"), (0, "b")) == [True, True, False]


def test_going_to_and_fro_between_resume_points():
    assert attempts((0, "a"), (0, "b"), (0, "a"), (0, "b")) == [True, True, False, False]


def test_a_resume_point_counts_where_records_are_counted_per_attempt():
    assert attempts((100, {"page": 1}), (100, {"page": 2})) == [True, True]


def test_the_order_of_keys_is_no_progress():
    assert attempts((0, {"a": 1, "b": 2}), (0, {"b": 2, "a": 1})) == [True, False]


def test_what_looks_like_nothing_is_a_point():
    assert attempts((0, 0), (0, []), (0, ""), (0, False)) == [True] * 4


@bounded()
@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 5)), max_size=200))
def test_there_is_no_endless_progress_among_few_ends(ends):
    assert sum(attempts(*ends)) <= 5 + 6


def test_what_is_remembered_has_a_bound():
    reached = None
    for point in range(POINTS_LIMIT + 50):
        _moved, reached = moved_on(reached, 0, point)
    assert len(json.dumps(reached)) < 30 * POINTS_LIMIT
