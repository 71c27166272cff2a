import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.traffic import DOWN_AFTER
from ..engine import transaction
from ..report import sentences
from ..report.health import goes_on

_logger = logging.getLogger(__name__)

# A server that is down is told of after so long: many are restarted at night.
TOLD_AFTER = timedelta(minutes=10)


class IhubServer(models.Model):
    """What the integrations of this database know together of a server: ``engine/server_state.py``.

    Written in short transactions of its own, by whoever talks to the server.
    """

    _name = "ihub.server"
    _description = "Other Server"
    _log_access = False
    _rec_name = "origin"

    origin = fields.Char(required=True, readonly=True, help="Scheme, host and port.")
    name = fields.Char(readonly=True, help="The name that people read.")
    free_at = fields.Datetime(
        readonly=True, help="When the next request may be sent at the agreed rate."
    )
    failures = fields.Integer(readonly=True, default=0, help="Consecutive failures.")
    failed_since = fields.Datetime(readonly=True, help="When the first of these occurred.")
    failed_at = fields.Datetime(readonly=True, help="When the last of these occurred.")
    reason = fields.Char(readonly=True, help="The reason for the last of these.")
    reason_sentence = fields.Json(readonly=True, help="Which of the hub's sentences that is.")
    explanation = fields.Char(compute="_compute_explanation")
    probe_at = fields.Datetime(readonly=True, help="When it is tried again while it is down.")
    told_ids = fields.Json(
        readonly=True, help="IDs of the integrations whose people know that it is down."
    )

    _origin_uniq = models.UniqueIndex("(origin)")

    @api.depends("reason", "reason_sentence")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for server in self:
            sentence = server.reason_sentence
            server.explanation = sentences.say(server, **sentence) if sentence else server.reason

    @api.model
    def _probe_now(self, name):
        """Let the next request to a server that is down try it."""
        now = fields.Datetime.now()
        self.search([("name", "=", name), ("probe_at", ">", now)]).probe_at = now

    @api.model
    def _let_go_on(self, name):
        """Let the runs go on that wait for a server which works again."""
        now = fields.Datetime.now()
        self.env["ihub.run"].flush_model()
        self.env.cr.execute(
            SQL("UPDATE ihub_run r SET due = %s WHERE %s", now, self._waits_for(name))
        )
        self.env["ihub.run"].invalidate_model(["due"])
        integrations = self._waiting(name)
        integrations._wake(now)
        integrations._notify_change()

    @api.model
    def _waiting(self, name):
        """Return the integrations that wait for a server, and go on as soon as it responds."""
        return self._with_waiting_runs(name, goes_on(self.env["ihub.integration"]))

    def _with_waiting_runs(self, name, condition):
        """Return the integrations ``i`` that have a run ``r`` for which a condition holds, too."""
        self.env["ihub.run"].flush_model()
        self.env["ihub.integration"].flush_model(["state", "stop_before_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT i.id
                  FROM ihub_run r JOIN ihub_integration i ON i.id = r.integration_id
                 WHERE %s AND %s
                """,
                self._waits_for(name),
                condition,
            )
        )
        return self.env["ihub.integration"].browse(id_ for (id_,) in rows)

    def _waits_for(self, name):
        """Return the condition that the run ``r`` waits for a server, or did before a Stop."""
        return SQL(
            "r.state = 'pending' AND r.message_code = 'server_down'"
            " AND r.message_values ->> 'server' = %s",
            name,
        )

    # --- Telling ---

    @api.model
    def _notify_outages(self):
        """Tell whom it concerns of each server that is down for long, and that it works again.

        Each in a transaction of its own: whoever talks to the server writes into its row with each
        request, which would be a conflict. That who is told is noted comes last, so that none of
        them waits for it.
        """
        limit = fields.Datetime.now() - TOLD_AFTER
        down = [("failures", ">=", DOWN_AFTER), ("failed_since", "<=", limit)]
        up = [("failures", "=", 0), ("told_ids", "!=", False)]
        for domain, tell in ((down, "_tell_down"), (up, "_tell_up")):
            for server in self.search(domain):
                try:
                    with transaction.own_transaction(self.env.cr.dbname) as env:
                        # What is known by now, which may be nothing any more.
                        for one in env["ihub.server"].search([("id", "=", server.id), *domain]):
                            getattr(one, tell)()
                except Exception:
                    # Others must hear of theirs, and of what is late.
                    _logger.exception("Could not tell people about the server %s.", server.name)

    def _tell_up(self):
        # Those that were stopped meanwhile do not go on.
        off = self._with_waiting_runs(self.name, SQL("TRUE")) - self._waiting(self.name)
        up = self._told().filtered("notify_recovery") - off
        up._notify_people("server_up", server=self)
        self.told_ids = False

    def _tell_down(self):
        """Tell the people of the waiting integrations who do not know of it yet."""
        told = self._told()
        new = (self._waiting(self.name) - told).filtered("notify_failure")
        if new:
            known = told._people_to_tell("server_down")
            new._notify_people("server_down", known, server=self)
            self.told_ids = (told | new).ids

    def _told(self):
        return self.env["ihub.integration"].browse(self.told_ids or ()).exists()

    @api.model
    def _known_to_wait(self):
        """Return the integrations that wait for a server whose people know that it is down."""
        servers = self.search([("failures", ">=", DOWN_AFTER), ("told_ids", "!=", False)])
        waiting = (server._told() & self._waiting(server.name) for server in servers)
        return self.env["ihub.integration"].union(*waiting)
