"""The status of every moment of a time line: done, failed, skipped, still to come.

All moments are naive UTC, and all spans are half open, as windows are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

# The worst first: one bar for many spans says what needs attention.
STATUSES = ("failed", "hole", "skipped", "running", "pending", "done", "future", "none")
# Older than any run that is known to have ended, and above what is merely next.
_DONE_SOME_TIME: "Rank" = (1, datetime.min, 0)
_ENDED = {"done": "done", "failed": "failed", "interrupted": "failed"}


Rank = tuple[int, datetime, int]


class Attempt(NamedTuple):
    """A run, as far as coverage is concerned."""

    id: int
    window_from: datetime
    window_to: datetime
    state: str
    trigger: str = "schedule"
    skipped: bool = False
    ended_at: datetime | None = None
    has_failed: bool = False


class Claim(NamedTuple):
    """A status of a span, as a run says; of all claims on a moment, that of the highest rank holds.

    A claim without a status only says that the span holds more than can be shown.
    """

    start: datetime
    end: datetime
    status: str | None
    rank: Rank | tuple[()] = ()
    run_id: int | None = None
    exact: bool = True


class Segment(NamedTuple):
    """A span of one status; ``run_ids`` is empty where they must be looked up by the span."""

    start: datetime
    end: datetime
    status: str
    run_ids: tuple[int, ...] = ()
    exact: bool = True


@dataclass(frozen=True)
class Expected:
    """The expectation of what is covered, for where no run says anything.

    :param datetime beginning: where the data begin; None: nothing is expected
    :param datetime until: up to where all should be covered: where the next window begins
    :param datetime now: what is later is still to come
    :param bool has_schedule: whether what is between ``until`` and ``now`` is taken up by itself
    """

    beginning: datetime | None
    until: datetime | None
    now: datetime
    has_schedule: bool = True

    def status(self, moment: datetime) -> str:
        """Return the status of ``moment``."""
        if moment >= self.now:
            return "future"
        if self.beginning is None or moment < self.beginning:
            return "none"
        if self.until and moment < self.until:
            return "hole"
        return "pending" if self.has_schedule else "none"

    def turns(self) -> list[datetime]:
        """Return the moments at which the status may change."""
        return [moment for moment in (self.beginning, self.until, self.now) if moment]


def claim_of(attempt: Attempt) -> Claim | None:
    """Return the :class:`Claim` of a run, or None if it says nothing about its window.

    What executes, and then what people have asked for, counts before what has ended; of that,
    the latest. The window that the schedule has next counts where nothing else is known.
    """
    status, layer = _status_and_layer(attempt)
    if status is None:
        return None
    rank = (layer, attempt.ended_at or datetime.max, attempt.id)
    return Claim(attempt.window_from, attempt.window_to, status, rank, attempt.id)


def _status_and_layer(attempt: Attempt) -> tuple[str | None, int]:
    if attempt.state == "running":
        return "running", 3
    if attempt.state == "pending" and attempt.has_failed:
        # It has failed and will be tried again: not done, and not merely next either.
        return "failed", 1
    if attempt.state == "pending":
        return "pending", 0 if attempt.trigger == "schedule" else 2
    if attempt.skipped:
        return "skipped", 1
    return _ENDED.get(attempt.state), 1


def covered(
    hull: tuple[datetime, datetime] | None, gaps: Iterable[tuple[datetime, datetime, bool]]
) -> list[Claim]:
    """Return the claims for what is done within ``hull`` but not within ``gaps``.

    :param tuple hull: start of the first and end of the last done window, or None
    :param list gaps: ``(start, end, exact)`` in ascending order, apart from each other; one that
        is not exact is made of several, with done windows between them
    """
    if hull is None:
        return []
    claims, start = [], hull[0]
    for gap_start, gap_end, exact in gaps:
        claims.append(Claim(start, gap_start, "done", _DONE_SOME_TIME))
        if not exact:
            claims.append(Claim(gap_start, gap_end, None, exact=False))
        start = gap_end
    return [*claims, Claim(start, hull[1], "done", _DONE_SOME_TIME)]


def segments(
    claims: Iterable[Claim],
    start: datetime,
    end: datetime,
    expected: Expected,
    merge: bool = True,
) -> list[Segment]:
    """Return the :class:`Segment` list that tiles ``[start, end)``.

    :param list claims: of :class:`Claim`, in any order
    :param bool merge: whether neighbours of the same status become one although their runs differ
    """
    result: list[Segment] = []
    for piece in _pieces(claims, start, end, expected):
        last = result[-1] if result else None
        if last and _is_same(last, piece, merge):
            result[-1] = _joined(last, piece)
        else:
            result.append(piece)
    return result


def _is_same(one: Segment, other: Segment, merge: bool) -> bool:
    same = (one.status, one.exact) == (other.status, other.exact)
    return same and (merge or one.run_ids == other.run_ids)


def _joined(one: Segment, other: Segment) -> Segment:
    known = one.run_ids and other.run_ids
    ids = tuple(dict.fromkeys(one.run_ids + other.run_ids)) if known else ()
    return one._replace(end=other.end, run_ids=ids)


def _pieces(
    claims: Iterable[Claim], start: datetime, end: datetime, expected: Expected
) -> Iterator[Segment]:
    """Yield a segment for each span in which the claims are the same."""
    waiting = sorted(_clipped(claims, start, end), key=lambda claim: claim.start, reverse=True)
    # Highest rank first; those that are over are dropped when they get to the top.
    active: list[tuple[_Descending, int, Claim]] = []
    for left, right in _spans(waiting, start, end, expected):
        while waiting and waiting[-1].start <= left:
            claim = waiting.pop()
            heappush(active, (_Descending(claim.rank), len(waiting), claim))
        while active and active[0][2].end <= left:
            heappop(active)
        yield _piece(left, right, active[0][2] if active else None, expected)


def _clipped(claims: Iterable[Claim], start: datetime, end: datetime) -> Iterator[Claim]:
    for claim in claims:
        first, last = max(claim.start, start), min(claim.end, end)
        if first < last:
            yield claim._replace(start=first, end=last)


def _spans(
    claims: Iterable[Claim], start: datetime, end: datetime, expected: Expected
) -> Iterator[tuple[datetime, datetime]]:
    turns = {start, end}
    for claim in claims:
        turns.update((claim.start, claim.end))
    turns.update(moment for moment in expected.turns() if start < moment < end)
    moments = sorted(turns)
    return zip(moments, moments[1:], strict=False)


def _piece(start: datetime, end: datetime, claim: Claim | None, expected: Expected) -> Segment:
    if claim is None:
        return Segment(start, end, expected.status(start))
    run_ids = (claim.run_id,) if claim.run_id else ()
    status = claim.status or expected.status(start)
    return Segment(start, end, status, run_ids, claim.exact)


class _Descending:
    """A key that turns the order of a heap around."""

    def __init__(self, rank: Rank | tuple[()]) -> None:
        self.rank = rank

    def __lt__(self, other: "_Descending") -> bool:
        return other.rank < self.rank

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and other.rank == self.rank


def coarsen(pieces: list[Segment], limit: int) -> list[Segment]:
    """Return at most ``limit`` segments in place of ``pieces``, which tile a span.

    Long ones stay as they are. Short neighbours become one, with the status of the worst.

    :param int limit: at least 4
    """
    if len(pieces) <= limit:
        return pieces
    # At most a quarter each: long ones, groups that are full, groups that a long one has ended.
    unit = (pieces[-1].end - pieces[0].start) / (limit // 4)
    result: list[Segment] = []
    group: list[Segment] = []
    for piece in pieces:
        if piece.end - piece.start >= unit:
            result += [*_as_one(group), piece]
            group = []
            continue
        group.append(piece)
        if piece.end - group[0].start >= unit:
            result += _as_one(group)
            group = []
    return [*result, *_as_one(group)]


def _as_one(group: Sequence[Segment]) -> Sequence[Segment]:
    if len(group) < 2:
        return group
    status = min((piece.status for piece in group), key=STATUSES.index)
    return [Segment(group[0].start, group[-1].end, status, exact=False)]
