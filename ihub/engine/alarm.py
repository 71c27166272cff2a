"""The alarm: it wakes Odoo's cron workers at the second at which something of theirs is due.

They look by themselves once a minute, and first a minute after a start. So each process that has
some of them has a thread that sleeps until the earliest due moment of its databases. It learns of
moments from the database, once a minute, and at once of those that are set in its own process:
lanes set theirs there. More alarms than one do no harm: a worker that finds nothing sleeps again.
"""

import logging

from odoo.modules.registry import Registry
from odoo.sql_db import db_connect

from .odoo_internals import is_ending, notify_cron_workers, when_cron_workers_run
from .timer import Timed, TimerThread

_logger = logging.getLogger(__name__)

# Seconds between two looks at what other processes have set.
LONGEST_SLEEP = 60.0
# Seconds until what was rung for, and is still there, is rung for again; then twice as long.
AGAIN = 1.0
# Whether there is something that was due already, and the seconds until the next moment.
_NEXT = """
    SELECT coalesce(bool_or(at <= now), false),
           extract(epoch FROM min(at) FILTER (WHERE at > now) - min(now))::float
      FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) clock,
           (SELECT nextcall AS at FROM ir_cron WHERE active
             UNION ALL
            SELECT t.call_at FROM ir_cron_trigger t JOIN ir_cron c ON c.id = t.cron_id
             WHERE c.active) moments
"""


class Alarm(Timed):
    """The alarm of one database."""

    def __init__(self, dbname):
        self._dbname = dbname
        self._again = AGAIN

    def on_time(self):
        """Wake the workers if something is due; be called again when something will be."""
        try:
            wait = self._work()
        except Exception as error:
            # The database restarts, or the server ends; workers look once a minute anyway.
            _logger.debug("The alarm could not look: %s", type(error))
            wait = LONGEST_SLEEP
        if wait is not None:
            self.call_in(wait)

    def _work(self):
        if (seen := self.look()) is None:
            return None
        is_due, ahead = seen
        wait = LONGEST_SLEEP if ahead is None else min(ahead, LONGEST_SLEEP)
        if not is_due:
            self._again = AGAIN
            return wait
        self.ring()
        # Still there until a worker is done with it; and all of them may have missed it.
        wait = min(wait, self._again)
        self._again = min(2 * self._again, LONGEST_SLEEP)
        return wait

    def call_in(self, seconds):
        """Be called after so many seconds."""
        _thread.call_in(self, seconds)

    def look(self):
        """Return whether something is due, and the seconds until the next moment, or None.

        :return: None where the database is gone
        """
        if is_ending() or self._dbname not in Registry.registries:
            return None
        with db_connect(self._dbname).cursor() as cr:
            cr.execute(_NEXT, log_exceptions=False)
            return cr.fetchone()

    def ring(self):
        """Wake the cron workers."""
        notify_cron_workers(self._dbname)


_thread = TimerThread("ihub.alarm")
_by_database = {}
_has_workers = False


def watch(dbname):
    """Have an alarm for a database whose registry is loaded, where this process has workers."""
    _by_database.setdefault(dbname, Alarm(dbname))
    when_cron_workers_run(_begin)


def _begin():
    """Look after all databases: this process has cron workers."""
    global _has_workers
    _has_workers = True
    for alarm in list(_by_database.values()):
        alarm.call_in(0)


def tell(dbname, seconds):
    """Ring after so many seconds, as the database says by now."""
    if _has_workers and dbname in _by_database:
        _by_database[dbname].call_in(max(seconds, 0))
