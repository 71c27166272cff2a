"""What a time line shows of the runs of an integration."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pure_ihub.core.coverage import (
    STATUSES,
    Attempt,
    Claim,
    Expected,
    Flaw,
    Segment,
    claim_of,
    coarsen,
    counted,
    covered,
    segments,
)

MIDNIGHT = datetime(2025, 3, 1)


def at(hour):
    return MIDNIGHT + timedelta(hours=hour)


def run(id_, start, end, state="done", trigger="schedule", ended=None, **kwargs):
    ended_at = at(ended if ended is not None else id_)
    if state in ("pending", "running"):
        ended_at = None
    return Attempt(id_, at(start), at(end), state, trigger, ended_at=ended_at, **kwargs)


def line(runs, start=0, end=12, beginning=0, until=12, now=12, **kwargs):
    """Return the time line as ``(from, to, status)`` in hours."""
    claims = [claim for claim in map(claim_of, runs) if claim]
    known = beginning is not None
    expected = Expected(at(beginning) if known else None, at(until) if known else None, at(now))
    found = segments(claims, at(start), at(end), expected, **kwargs)
    return [(hours(s.start), hours(s.end), s.status) for s in found]


def hours(moment):
    return (moment - MIDNIGHT) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param([], [(0, 12, "hole")], id="nothing was done"),
        pytest.param(
            [run(1, 0, 4), run(2, 4, 8), run(3, 8, 12)],
            [(0, 12, "done")],
            id="neighbours become one",
        ),
        pytest.param(
            [run(1, 0, 4), run(2, 6, 12)],
            [(0, 4, "done"), (4, 6, "hole"), (6, 12, "done")],
            id="a hole between two windows",
        ),
        pytest.param(
            [run(1, 0, 12), run(2, 4, 6, "failed")],
            [(0, 4, "done"), (4, 6, "failed"), (6, 12, "done")],
            id="the latest attempt has failed",
        ),
        pytest.param(
            [run(1, 0, 12, "failed"), run(2, 0, 6), run(3, 6, 12)],
            [(0, 12, "done")],
            id="done since it failed",
        ),
        pytest.param(
            [run(1, 0, 12, "failed"), run(2, 3, 9, trigger="backfill")],
            [(0, 3, "failed"), (3, 9, "done"), (9, 12, "failed")],
            id="done by a backfill, in part",
        ),
        pytest.param(
            [run(1, 0, 12, trigger="manual")],
            [(0, 12, "done")],
            id="done by hand counts",
        ),
        pytest.param(
            [run(9, 0, 12, "failed", ended=2), run(3, 0, 12, ended=8)],
            [(0, 12, "done")],
            id="later means when it ended, not when it was queued",
        ),
        pytest.param(
            [run(1, 0, 12, "cancelled", skipped=True)],
            [(0, 12, "skipped")],
            id="skipped",
        ),
        pytest.param(
            [run(1, 0, 12), run(2, 3, 15, "cancelled", skipped=True)],
            [(0, 12, "done")],
            id="skipped after it was done",
        ),
        pytest.param(
            [run(1, 0, 12, "failed"), run(2, 3, 6, "cancelled", skipped=True)],
            [(0, 3, "failed"), (3, 6, "skipped"), (6, 12, "failed")],
            id="skipped after it had failed",
        ),
        pytest.param(
            [run(1, 0, 12, "cancelled", skipped=True), run(2, 3, 6, "failed")],
            [(0, 3, "skipped"), (3, 6, "failed"), (6, 12, "skipped")],
            id="failed after it was skipped",
        ),
        pytest.param(
            [run(1, 0, 12, "cancelled")],
            [(0, 12, "hole")],
            id="a cancelled run says nothing",
        ),
        pytest.param(
            [run(1, 0, 12, "interrupted")],
            [(0, 12, "failed")],
            id="a run whose process died was not done",
        ),
        pytest.param(
            [run(1, 0, 12, "failed"), run(2, 0, 12, "pending")],
            [(0, 12, "failed")],
            id="that the schedule will try it again does not make it well",
        ),
        pytest.param(
            [run(1, 0, 12, "failed"), run(2, 3, 6, "pending", "manual")],
            [(0, 3, "failed"), (3, 6, "pending"), (6, 12, "failed")],
            id="somebody has asked for it again",
        ),
        pytest.param(
            [run(1, 0, 12, "pending", has_failed=True)],
            [(0, 12, "failed")],
            id="failed and waiting for its retry",
        ),
        pytest.param(
            [run(5, 0, 12), run(1, 2, 4, "running")],
            [(0, 2, "done"), (2, 4, "running"), (4, 12, "done")],
            id="what executes is seen, whatever was before",
        ),
    ],
)
def test_status(runs, expected):
    assert line(runs) == expected
    assert line(reversed(runs)) == expected


def test_what_is_expected_where_no_run_says_anything():
    assert line([], beginning=2, until=5, now=9) == [
        (0, 2, "none"),
        (2, 5, "hole"),
        (5, 9, "pending"),
        (9, 12, "future"),
    ]


def test_nothing_is_expected_of_what_has_never_run():
    assert line([], beginning=None, now=6) == [(0, 6, "none"), (6, 12, "future")]


def test_without_a_schedule_nothing_is_taken_up_by_itself():
    expected = Expected(at(2), at(5), at(9), has_schedule=False)
    assert [s.status for s in segments([], at(0), at(12), expected)] == [
        "none",
        "hole",
        "none",
        "future",
    ]


def test_windows_are_cut_at_the_range():
    assert line([run(1, -5, 3), run(2, 10, 20), run(3, 20, 30)]) == [
        (0, 3, "done"),
        (3, 10, "hole"),
        (10, 12, "done"),
    ]


def test_each_run_is_seen_when_not_merged():
    assert line([run(1, 0, 6), run(2, 6, 12)], merge=False) == [(0, 6, "done"), (6, 12, "done")]


def test_segments_know_their_runs():
    claims = [claim_of(run(1, 0, 6)), claim_of(run(2, 6, 9)), Claim(at(9), at(10), "done")]
    found = segments(claims, at(0), at(12), Expected(None, None, at(10)))
    assert [s.run_ids for s in found] == [(), ()]
    found = segments(claims[:2], at(0), at(9), Expected(None, None, at(10)))
    assert [s.run_ids for s in found] == [(1, 2)]


def test_done_windows_are_what_is_between_the_gaps():
    claims = covered(at(0), at(12), [(at(2), at(3), True), (at(5), at(9), False)])
    found = segments(claims, at(0), at(12), Expected(at(0), at(12), at(12)))
    assert found == [
        Segment(at(0), at(2), "done"),
        Segment(at(2), at(3), "hole"),
        Segment(at(3), at(5), "done"),
        Segment(at(5), at(9), "hole", exact=False),
        Segment(at(9), at(12), "done"),
    ]


def test_the_next_window_does_not_hide_that_it_was_done_before():
    claims = [*covered(at(0), at(6), []), claim_of(run(9, 4, 8, "pending"))]
    found = segments(claims, at(0), at(8), Expected(at(0), at(4), at(8)))
    assert [(s.end, s.status) for s in found] == [(at(6), "done"), (at(8), "pending")]


def test_the_worst_of_many_short_ones_is_shown():
    pieces = [Segment(at(0), at(900), "done")]
    states = ["done", "failed", "done", "hole"] * 25
    pieces += [Segment(at(900 + i), at(901 + i), s) for i, s in enumerate(states)]
    found = coarsen(pieces, 16)
    assert found[0] == pieces[0]
    assert found[1:] == [Segment(at(900), at(1000), "failed", exact=False)]


def test_few_stay_as_they_are():
    pieces = [Segment(at(i), at(i + 1), "done", (i,)) for i in range(16)]
    assert coarsen(pieces, 16) is pieces


# --- Against a model that looks at each moment by itself ---

HOURS = st.integers(-6, 30)
STATES = ("done", "failed", "interrupted", "cancelled", "pending", "running")


@st.composite
def attempts(draw):
    runs = []
    for id_ in range(draw(st.integers(0, 8))):
        start = draw(HOURS)
        state = draw(st.sampled_from(STATES))
        runs.append(
            run(
                id_ + 1,
                start,
                start + draw(st.integers(1, 12)),
                state,
                draw(st.sampled_from(["schedule", "manual", "backfill"])),
                ended=draw(st.integers(0, 5)),
                skipped=state == "cancelled" and draw(st.booleans()),
                has_failed=state == "pending" and draw(st.booleans()),
            )
        )
    return runs


@st.composite
def expectations(draw):
    if draw(st.booleans()):
        return Expected(None, None, at(draw(HOURS)))
    beginning = draw(HOURS)
    until = draw(st.integers(beginning, 30))
    return Expected(at(beginning), at(until), at(draw(HOURS)), draw(st.booleans()))


def model_status(runs, moment, expected):
    """Decide for one moment, one rule after the other."""
    here = [r for r in runs if r.window_from <= moment < r.window_to]
    if any(r.state == "running" for r in here):
        return "running"
    if any(r.state == "pending" and r.trigger != "schedule" and not r.has_failed for r in here):
        return "pending"
    waiting = [r for r in here if r.state == "pending" and r.has_failed]
    if waiting:
        return "failed"
    ended = [r for r in here if r.state in ("done", "failed", "interrupted") or r.skipped]
    ended.sort(key=lambda r: (r.ended_at, r.id))
    worked = [r for r in ended if not r.skipped]
    if worked and (worked[-1].state == "done" or worked[-1] is ended[-1]):
        return "done" if worked[-1].state == "done" else "failed"
    if ended:
        return "skipped"
    if any(r.state == "pending" for r in here):
        return "pending"
    return model_expected(moment, expected)


def model_expected(moment, expected):
    if moment >= expected.now:
        return "future"
    if expected.beginning is None or moment < expected.beginning:
        return "none"
    if moment < expected.until:
        return "hole"
    return "pending" if expected.has_schedule else "none"


def assert_tiled(found, start, end):
    assert found[0].start == start
    assert found[-1].end == end
    assert all(s.start < s.end for s in found)
    assert all(a.end == b.start for a, b in zip(found, found[1:], strict=False))


@given(attempts(), expectations(), st.booleans())
def test_segments_tile_the_range_and_tell_the_truth(runs, expected, merge):
    claims = [claim for claim in map(claim_of, runs) if claim]
    found = segments(claims, at(0), at(24), expected, merge)
    assert_tiled(found, at(0), at(24))
    for hour in range(24):
        moment = at(hour)
        (segment,) = [s for s in found if s.start <= moment < s.end]
        assert segment.status == model_status(runs, moment, expected), moment
    if merge:
        assert all(a.status != b.status for a, b in zip(found, found[1:], strict=False))


@given(
    st.lists(st.tuples(st.integers(1, 50), st.sampled_from(STATUSES)), min_size=1, max_size=300),
    st.integers(4, 40),
)
def test_coarse_segments_tile_too_and_hide_nothing_bad(lengths, limit):
    pieces, start = [], 0
    for length, status in lengths:
        pieces.append(Segment(at(start), at(start + length), status))
        start += length
    found = coarsen(pieces, limit)
    assert_tiled(found, at(0), at(start))
    assert len(found) <= max(limit, 4)
    for segment in found:
        inside = [p for p in pieces if segment.start <= p.start and p.end <= segment.end]
        assert segment.status == min((p.status for p in inside), key=STATUSES.index)
        assert segment.exact == (len(inside) == 1)


def flaw(start, end, count=1):
    return Flaw(at(start), at(end), count)


@pytest.mark.parametrize(
    ("runs", "flaws", "expected"),
    [
        pytest.param(
            [run(1, 0, 12)],
            [flaw(4, 6)],
            [(0, 4, "done"), (4, 6, "incomplete"), (6, 12, "done")],
            id="what is done is incomplete there",
        ),
        pytest.param(
            [run(1, 0, 12)],
            [flaw(6, 8), flaw(2, 9), flaw(9, 10)],
            [(0, 2, "done"), (2, 10, "incomplete"), (10, 12, "done")],
            id="they may overlap, in any order",
        ),
        pytest.param(
            [run(1, 0, 12)],
            [flaw(-5, -2), flaw(-3, 1), flaw(11, 20)],
            [(0, 1, "incomplete"), (1, 11, "done"), (11, 12, "incomplete")],
            id="they may begin before and end after what is seen",
        ),
        pytest.param(
            [run(1, 0, 3, "failed"), run(2, 3, 6, "running"), run(3, 6, 9, "pending", "manual")],
            [flaw(0, 12)],
            [(0, 3, "failed"), (3, 6, "running"), (6, 9, "pending"), (9, 12, "hole")],
            id="what is not done says so, and no less",
        ),
    ],
)
def test_what_is_left_to_be_repaired_is_not_merely_done(runs, flaws, expected):
    assert line(runs, flaws=flaws) == expected


def test_how_many_are_left_to_be_repaired():
    pieces = [
        Segment(at(0), at(4), "incomplete"),
        Segment(at(4), at(8), "failed"),
        Segment(at(8), at(12), "incomplete"),
    ]
    found = counted(pieces, [flaw(0, 2, 3), flaw(1, 5, 4), flaw(6, 8, 9), flaw(11, 13)])
    assert [piece.to_repair for piece in found] == [7, 0, 1]


def test_of_short_ones_taken_together_an_incomplete_one_is_seen():
    pieces = [Segment(at(n), at(n + 1), "incomplete" if n == 500 else "done") for n in range(1000)]
    found = coarsen(pieces, 40)
    assert [p.status for p in found if p.start <= at(500) < p.end] == ["incomplete"]
