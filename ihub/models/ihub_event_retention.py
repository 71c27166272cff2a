import logging

from odoo import api, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# Days, unless set by the system parameters ihub.keep_<level>_days or on the integration.
KEEP_DAYS = {"info": 30, "warning": 90, "error": 365}
# A hundred years of days: what is before that, databases cannot always reckon.
LONGEST = 36_525
BATCH = 5_000
# Batches between two looks at whether others need the cron; each is committed by Odoo's cron.
BATCHES = 4


def days_in(parameter):
    """Return the number of days that a system parameter holds; 0 when it holds none."""
    text = str(parameter or "").strip()
    return min(int(text[:9]), LONGEST) if text.isdecimal() else 0


def _moment(days):
    """Return the moment that was ``days`` ago, as SQL."""
    return SQL("(now() AT TIME ZONE 'UTC') - %s * interval '1 day'", days)


class IhubEvent(models.Model):
    """How long events are kept."""

    _inherit = "ihub.event"  # pylint: disable=consider-merging-classes-inherited

    @api.autovacuum
    def _gc_expired(self):
        """Delete what has expired, a few batches at a time, and say whether there is more.

        :return: number of deleted events; whether there are more
        """
        limit = BATCH * BATCHES
        done = 0
        for rule in self._retention_rules():
            done += self._delete_by(*rule, limit - done)
            if done == limit:
                break
        if done:
            _logger.info("%s expired events were deleted", done)
        return done, int(done == limit)

    def _delete_by(self, level, days, integrations, is_own, limit):
        """Delete at most ``limit`` events that expired by one rule, the oldest first.

        Ids ascend with time: the scan begins at the oldest and ends where nothing has expired
        yet, so that it does not depend on how many events there are. Each batch begins where the
        one before it ended, so that what is kept longer is passed over once.

        :return: the number of deleted events
        """
        among = SQL("integration_id = ANY(%s)", integrations)
        if not is_own:
            among = SQL("(%s) IS NOT TRUE", among)
        condition = SQL(
            "id <= %s AND level = %s AND %s AND create_date < %s",
            self._last_id_before(days),
            level,
            among,
            _moment(days),
        )
        done = highest = 0
        while done < limit:
            size = min(BATCH, limit - done)
            deleted, highest = self._delete_batch(condition, highest, size)
            done += deleted
            if deleted < size:
                break
        return done

    def _delete_batch(self, condition, after, limit):
        """Delete at most ``limit`` events above the id ``after``, and their attachments.

        :return: the number of deleted events; the highest id of them
        """
        # SKIP LOCKED: what another transaction is deleting, or reading for update, can wait.
        # By ctid, not id: the rows that were just found are deleted without a look at any index.
        count, highest, cut = self._row(
            """
            WITH deleted AS (
                DELETE FROM ihub_event WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM ihub_event WHERE id > %s AND %s
                     ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
                RETURNING id, is_cut
            )
            SELECT count(*), max(id), array_agg(id) FILTER (WHERE is_cut) FROM deleted
            """,
            after,
            condition,
            limit,
        )
        if cut:
            # Through the ORM, which also deletes the files of those moved to the filestore.
            self.sudo().browse(cut)._attachments().unlink()
        if count:
            self.invalidate_model()
        return count, highest

    def _last_id_before(self, days):
        """Return about the highest id that is older than ``days``, by halving the ids."""
        low, high = self._row("SELECT min(id), max(id) FROM ihub_event")
        limit = self._row("SELECT %s", _moment(days))[0]
        while low is not None and low < high:
            middle = (low + high + 1) // 2
            found = self._row(
                "SELECT id, create_date FROM ihub_event WHERE id >= %s ORDER BY id LIMIT 1", middle
            )
            if found[1] < limit:
                low = found[0]
            else:
                high = middle - 1
        return low or 0

    def _row(self, query, *args):
        return self.env.execute_query(SQL(query, *args))[0]

    def _retention_rules(self):
        """Return tuples of level, days, integration ids, whether it is for these or all others."""
        rules = []
        for level in KEEP_DAYS:
            own = self._own_days(level)
            rules.append((level, self._default_days(level), [id_ for id_, __ in own], False))
            rules += [(level, days, [id_], True) for id_, days in own]
        return rules

    def _default_days(self, level):
        value = self.env["ir.config_parameter"].sudo().get_param(f"ihub.keep_{level}_days")
        return days_in(value) or KEEP_DAYS[level]

    def _own_days(self, level):
        """Return pairs of id and days of the integrations that have their own."""
        name = f"keep_days_{level}"
        Integration = self.env["ihub.integration"].sudo().with_context(active_test=False)
        if name not in Integration._fields:
            return []
        return [(i.id, min(i[name], LONGEST)) for i in Integration.search([(name, ">", 0)])]
