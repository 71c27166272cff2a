"""Lateness: from when on what is due is late, and when that begins and ends.

Asked by ``report/health.py`` for each look, and by ``models/ihub_alert_mixin.py`` before people
are told. All moments are naive UTC.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from .schedule import Schedule, Window, find_zone, to_local, to_utc

# A server that restarts, or a queue that is long for a moment, is nobody's business.
GRACE = timedelta(minutes=10)
_DAY = timedelta(days=1)


class Watch(NamedTuple):
    """The rule by which the window of an integration is called late.

    :param int intervals: nothing completed for so many intervals; 0: not watched
    :param float time_of_day: not completed by this hour of the wall clock, above 0, up to 24;
        0: not watched
    """

    intervals: int = 0
    time_of_day: float = 0


def late_from(
    schedule: Schedule,
    window: Window,
    watch: Watch,
    started: datetime,
    completed: datetime | None = None,
) -> datetime | None:
    """Return the moment from which on ``window`` is late.

    :param Schedule schedule: which windows there are, and when they are due
    :param Window window: the next one to be done
    :param Watch watch: what counts as late
    :param datetime started: when the integration was started: what was due before is measured
        from here
    :param datetime completed: when a window was last completed, or None
    :return: naive UTC, or None where nothing is watched
    """
    due = max(schedule.due(window), started)
    moments = []
    if watch.intervals:
        begin = max(window.end, started, completed or started)
        moments.append(_intervals_after(schedule, begin, watch.intervals))
    if watch.time_of_day:
        moments.append(_next_time_of_day(due, watch.time_of_day, schedule.tz))
    return max(min(moments), due + GRACE) if moments else None


def _intervals_after(schedule: Schedule, moment: datetime, number: int) -> datetime:
    for _number in range(number):
        moment = schedule.boundary_after(moment)
    return schedule.due(Window(moment, moment))


def _next_time_of_day(moment: datetime, hours: float, tz: str) -> datetime:
    zone = find_zone(tz)
    midnight = datetime.combine(to_local(moment, zone).date(), datetime.min.time())
    wall = midnight + timedelta(minutes=round(hours * 60))
    while (found := to_utc(wall, zone)) <= moment:
        wall += _DAY
    return found


def judge_lateness(
    late_since: datetime | None, is_late: bool, is_watched: bool, completed: datetime | None
) -> str | None:
    """Decide what happens to one occurrence of being late.

    :param datetime late_since: when the occurrence that people know of began, or None
    :param bool is_late: whether the integration is late now
    :param bool is_watched: whether it runs on schedule at all
    :param datetime completed: when a window was last completed, or None
    :return: ``begins`` (tell), ``lasts`` (tell who was not), ``ends`` (tell), ``dropped``
        (somebody stopped it: tell nobody), or None where nothing changes
    """
    if not late_since:
        return "begins" if is_late and is_watched else None
    if not is_watched:
        return "dropped"
    if is_late:
        return "lasts"
    # After an outage the window is planned anew, and is due later: that alone is no recovery.
    return "ends" if completed and completed >= late_since else None


def is_making_up(able_since: datetime | None, now: datetime) -> bool:
    """Return whether what is late may be on time soon, so that nobody needs to hear of it yet.

    :param datetime able_since: since when it is at work, or could be; None where it waits
    """
    return able_since is not None and now - GRACE <= able_since <= now
