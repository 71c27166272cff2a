import re
from datetime import time

from odoo import fields, models
from odoo.http import request
from odoo.tools import format_datetime, format_time
from odoo.tools.misc import babel_locale_parse, get_lang, posix_to_ldml

from ..core.schedule_errors import UnknownTimezone
from ..core.zone import find_zone, to_local, utc_offset


class IhubIntegration(models.Model):
    """Moments, periods and intervals in words."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    # --- For texts on screen and in mails ---

    def _local(self, moment):
        """Return ``moment`` (naive UTC) as the reader of a message reads it."""
        return self._moment_text(moment, self._reader_zone())

    def _local_period(self, start, end):
        """Return a period as the reader reads it.

        Where the clocks of the integration show another time, that follows in parentheses.

        :param datetime start: naive UTC
        :param datetime end: naive UTC
        """
        reader = self._reader_zone()
        parts = self._period_parts(start, end, reader)
        text = self.env._("%(start)s to %(end)s", start=parts[0], end=parts[1])
        if not self._clocks_differ(start, end, reader):
            return text
        there = self._period_parts(start, end, self.tz, beside=to_local(start, find_zone(reader)))
        return self.env._(
            "%(period)s (%(zone)s: %(start)s–%(end)s)",
            period=text,
            zone=self.tz,
            start=there[0],
            end=there[1],
        )

    def _reader_zone(self):
        """Return the name of the time zone in which the reader sees all other dates.

        The web client shows dates in the zone of the browser, which the server knows from a
        cookie, and not in that of the user's profile, which it sends along. What is written for
        somebody else, such as a mail, is in the zone that the context names.
        """
        own = self.env.user.tz
        wanted = self.env.context.get("tz") or own
        if request and wanted == own and _is_zone(request.cookies.get("tz")):
            return request.cookies["tz"]
        return wanted if _is_zone(wanted) else "UTC"

    def _interval_text(self):
        """Return how often it runs: "every hour", "every 2 days at 17:00 (Europe/Berlin)"."""
        every = self._every_text()
        if self.interval_type in ("minutes", "hours"):
            return every
        minutes = round(self.time_of_day * 60)
        wall = format_time(
            self.env, time(minutes // 60 % 24, minutes % 60), time_format=self._time_pattern()
        )
        now = fields.Datetime.now()
        if not self._clocks_differ(now, now, self._reader_zone()):
            return self.env._("%(every)s at %(time)s", every=every, time=wall)
        return self.env._("%(every)s at %(time)s (%(zone)s)", every=every, time=wall, zone=self.tz)

    def _every_text(self):
        count = self.interval_number
        if count == 1:
            return {
                "minutes": self.env._("every minute"),
                "hours": self.env._("every hour"),
                "days": self.env._("every day"),
                "weeks": self.env._("every week"),
                "months": self.env._("every month"),
            }[self.interval_type]
        return {
            "minutes": self.env._("every %(count)s minutes", count=count),
            "hours": self.env._("every %(count)s hours", count=count),
            "days": self.env._("every %(count)s days", count=count),
            "weeks": self.env._("every %(count)s weeks", count=count),
            "months": self.env._("every %(count)s months", count=count),
        }[self.interval_type]

    # --- For texts that are kept, whoever will read them ---

    def _stated(self, moment):
        """Return ``moment`` (naive UTC) on the clocks of the integration, with their zone."""
        zone = self.tz if _is_zone(self.tz) else "UTC"
        return self.env._(
            "%(moment)s (%(zone)s)", moment=self._moment_text(moment, zone), zone=zone
        )

    # --- Parts ---

    def _clocks_differ(self, start, end, reader):
        if not _is_zone(self.tz):
            return False
        here, there = find_zone(reader), find_zone(self.tz)
        return any(utc_offset(m, here) != utc_offset(m, there) for m in (start, end))

    def _period_parts(self, start, end, zone, beside=None):
        """Return start and end in words; a date is left out where the one before says it.

        :param datetime beside: wall time whose date stands before the period
        """
        walls = [to_local(moment, find_zone(zone)) for moment in (start, end)]
        # The clocks were set back in between.
        offset = " xxx" if walls[1] <= walls[0] else ""
        dates = [beside and beside.date(), walls[0].date(), walls[1].date()]
        return [
            self._moment_text(moment, zone, dates[index] != dates[index + 1], offset)
            for index, moment in enumerate((start, end))
        ]

    def _moment_text(self, moment, zone, with_date=True, suffix=""):
        pattern = self._time_pattern(seconds=bool(moment.second))
        if with_date:
            pattern = f"{self._pattern(get_lang(self.env).date_format)} {pattern}"
        return format_datetime(self.env, moment, tz=zone, dt_format=pattern + suffix)

    def _time_pattern(self, seconds=False):
        pattern = get_lang(self.env).time_format
        return self._pattern(pattern if seconds else re.sub(r"\W?%S", "", pattern))

    def _pattern(self, posix):
        return posix_to_ldml(posix, babel_locale_parse(get_lang(self.env).code))


def _is_zone(name):
    try:
        return bool(name) and bool(find_zone(name))
    except UnknownTimezone:
        return False
