"""Which earlier runs tell how many records are usual, and when none at all are doubtful.

All moments are naive UTC.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .schedule import to_local, to_utc

# What is compared: the same hour of the same weekday, so many weeks back, with done runs in at
# least so many of them.
WEEKS = 8
ENOUGH_WEEKS = 4
# Where fewer are usual, none at all is nothing to wonder about.
ENOUGH_RECORDS = 40
# A window is compared with those that are not longer; a day may have 23 hours.
LONGER = 1.1


def same_hours(moment: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Return the spans of the hour of ``moment`` in the last weeks, on the clocks of ``zone``."""
    hour = to_local(moment, zone).replace(minute=0, second=0, microsecond=0)
    starts = [to_utc(hour - timedelta(weeks=week), zone) for week in range(1, WEEKS + 1)]
    return [(start, start + timedelta(hours=1)) for start in starts]
