"""Coverage, the status of every moment: done, failed, skipped, still to come.

All moments are naive UTC, and all spans are half open, as windows are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count, groupby, pairwise
from typing import NamedTuple

# Layer, time since it ended, and negative id: what sorts first holds.
Rank = tuple[int, timedelta, int]

# The worst first: one bar for many spans says what needs attention.
STATUSES = (
    "failed", "hole", "incomplete", "skipped", "running", "pending", "done", "future", "none",
)  # fmt: skip
_RUNNING, _ASKED_FOR, _ENDED, _NEXT, _UNKNOWN = range(5)
# After all runs that are known to have ended, and before what is merely next.
_DONE_SOME_TIME: Rank = (_ENDED, timedelta.max, 0)
_ENDED_AS = {"done": "done", "failed": "failed", "interrupted": "failed"}


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
    """A status of a span, as a run says; of all claims on a moment, the first in rank holds.

    A claim without a status only says that the span holds more than can be shown.
    """

    start: datetime
    end: datetime
    status: str | None
    rank: Rank = (_UNKNOWN, timedelta(0), 0)
    run_id: int | None = None
    exact: bool = True


class Flaw(NamedTuple):
    """A span of which something is left to be repaired: what is done there is ``incomplete``.

    :param datetime start: of the span
    :param datetime end: of the span
    :param int number: how many items
    """

    start: datetime
    end: datetime
    number: int


class Segment(NamedTuple):
    """A span of one status; ``run_ids`` is empty where they must be looked up by the span.

    ``to_repair`` is the number of items that are left to be repaired.
    """

    start: datetime
    end: datetime
    status: str
    run_ids: tuple[int, ...] = ()
    exact: bool = True
    to_repair: int = 0


@dataclass(frozen=True)
class Expected:
    """The expectation of what is covered, for where no run says anything.

    :param beginning: where the data begin; None: nothing is expected
    :param until: up to where all should be covered: where the next window begins
    :param now: what is later is still to come
    :param has_schedule: whether what is between ``until`` and ``now`` is taken up by itself
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
    the latest. The window that the schedule has next counts where nothing else is known. What
    was skipped after it was done is done all the same: the data are there.
    """
    status, layer = _status_and_layer(attempt)
    if status is None:
        return None
    rank = (layer, datetime.max - (attempt.ended_at or datetime.max), -attempt.id)
    return Claim(attempt.window_from, attempt.window_to, status, rank, attempt.id)


def _status_and_layer(attempt: Attempt) -> tuple[str | None, int]:
    if attempt.state == "running":
        return "running", _RUNNING
    if attempt.state == "pending" and attempt.has_failed:
        # It has failed and will be tried again: not done, and not merely next either.
        return "failed", _ENDED
    if attempt.state == "pending":
        return "pending", _NEXT if attempt.trigger == "schedule" else _ASKED_FOR
    if attempt.skipped:
        return "skipped", _ENDED
    return _ENDED_AS.get(attempt.state), _ENDED


def covered(
    start: datetime, end: datetime, gaps: Iterable[tuple[datetime, datetime, bool]]
) -> list[Claim]:
    """Return the claims for what is done.

    :param start: of the first done window
    :param end: of the last done window
    :param gaps: ``(start, end, exact)`` in ascending order, apart from each other; one that is
        not exact is made of several, with done windows between them
    """
    claims = []
    for gap_start, gap_end, exact in gaps:
        claims.append(Claim(start, gap_start, "done", _DONE_SOME_TIME))
        if not exact:
            claims.append(Claim(gap_start, gap_end, None, exact=False))
        start = gap_end
    return [*claims, Claim(start, end, "done", _DONE_SOME_TIME)]


def segments(
    claims: Iterable[Claim],
    start: datetime,
    end: datetime,
    expected: Expected,
    merge: bool = True,
    flaws: Iterable[Flaw] = (),
) -> list[Segment]:
    """Return the segments that tile ``[start, end)``.

    :param claims: in any order
    :param merge: whether neighbours of the same status become one although their runs differ
    :param flaws: in any order; they may overlap
    """

    def look(piece: Segment) -> tuple[object, ...]:
        return piece.status, piece.exact, merge or piece.run_ids

    pieces = _pieces(claims, start, end, expected, sorted(flaws, reverse=True))
    # Odoo's would also join those that are apart.
    # pylint: disable-next=bad-builtin-groupby
    return [_joined(list(alike)) for _look, alike in groupby(pieces, look)]


def _joined(pieces: list[Segment]) -> Segment:
    ids = dict.fromkeys(id_ for piece in pieces for id_ in piece.run_ids)
    run_ids = tuple(ids) if all(piece.run_ids for piece in pieces) else ()
    return pieces[0]._replace(end=pieces[-1].end, run_ids=run_ids)


def _pieces(
    claims: Iterable[Claim], start: datetime, end: datetime, expected: Expected, flaws: list[Flaw]
) -> Iterator[Segment]:
    """Yield a segment for each span in which the claims are the same.

    :param flaws: the last first
    """
    waiting = sorted(claims, key=lambda claim: claim.start, reverse=True)
    spans: list[Claim | Flaw] = [*waiting, *flaws]
    turns = {turn for span in spans for turn in (span.start, span.end)}
    inner = sorted(turn for turn in turns.union(expected.turns()) if start < turn < end)
    said, skipped = _Active(), _Active()
    flawed_until = datetime.min
    for left, right in pairwise([start, *inner, end]):
        while waiting and waiting[-1].start <= left:
            claim = waiting.pop()
            (skipped if claim.status == "skipped" else said).add(claim)
        while flaws and flaws[-1].start <= left:
            flawed_until = max(flawed_until, flaws.pop().end)
        claim_here = _first(said.first(left), skipped.first(left))
        piece = _piece(left, right, claim_here, expected)
        is_incomplete = piece.status == "done" and left < flawed_until
        yield piece._replace(status="incomplete") if is_incomplete else piece


class _Active:
    """Claims that have begun."""

    def __init__(self) -> None:
        self._heap: list[tuple[Rank, int, Claim]] = []
        self._added = count()

    def add(self, claim: Claim) -> None:
        heappush(self._heap, (claim.rank, next(self._added), claim))

    def first(self, moment: datetime) -> Claim | None:
        """Return the first in rank of those that are not over.

        :param datetime moment: never before that of the last call
        """
        # Those that are over are dropped when they get to the top.
        while self._heap and self._heap[0][2].end <= moment:
            heappop(self._heap)
        return self._heap[0][2] if self._heap else None


def _first(said: Claim | None, skipped: Claim | None) -> Claim | None:
    if said is None or skipped is None:
        return said or skipped
    return said if said.status == "done" or said.rank < skipped.rank else skipped


def _piece(start: datetime, end: datetime, claim: Claim | None, expected: Expected) -> Segment:
    if claim is None:
        return Segment(start, end, expected.status(start))
    run_ids = (claim.run_id,) if claim.run_id else ()
    return Segment(start, end, claim.status or expected.status(start), run_ids, claim.exact)


def counted(pieces: list[Segment], flaws: Iterable[Flaw]) -> list[Segment]:
    """Return ``pieces``, with how much is left to be repaired of what is incomplete."""
    known = list(flaws)

    def number(piece: Segment) -> int:
        return sum(f.number for f in known if f.start < piece.end and f.end > piece.start)

    return [
        piece._replace(to_repair=number(piece)) if piece.status == "incomplete" else piece
        for piece in pieces
    ]


def coarsen(pieces: list[Segment], limit: int) -> list[Segment]:
    """Return at most ``limit`` segments in place of ``pieces``, which tile a span.

    Long ones stay as they are. Short neighbours become one, with the status of the worst.

    :param limit: at least 4
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
    return result + _as_one(group)


def _as_one(group: list[Segment]) -> list[Segment]:
    if len(group) < 2:
        return group
    status = min((piece.status for piece in group), key=STATUSES.index)
    return [Segment(group[0].start, group[-1].end, status, exact=False)]
