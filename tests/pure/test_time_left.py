"""When a run ends its attempt by itself, before Odoo ends its process."""

import pytest
from pure_ihub.core.time_left import Limit, may_begin, may_go_on


def test_without_a_limit_everything_may():
    assert may_begin([])
    assert may_go_on([], 3600)


@pytest.mark.parametrize(("left", "may"), [(120, True), (31, True), (30, False), (-5, False)])
def test_a_run_begins_while_a_quarter_of_the_time_is_left(left, may):
    assert may_begin([Limit(120, left)]) is may


@pytest.mark.parametrize(
    ("left", "longest", "may"),
    [(7, 1, True), (6, 1, False), (50, 20, True), (40, 20, False), (-1, 0, False)],
)
def test_it_goes_on_while_there_is_time_for_two_pieces(left, longest, may):
    assert may_go_on([Limit(120, left)], longest) is may


def test_each_limit_counts():
    assert not may_begin([Limit(120, 100), Limit(60, 5)])
    assert not may_go_on([Limit(60, 1), Limit(120, 100)], 1)
