from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ..lib import event_buffer
from .ihub_event_fields import BigInteger, LooseMany2one, LooseReference


class IhubEvent(models.Model):
    """What integrations, and any other model, reported: append-only.

    Rows are written by ``ihub/lib/event_writer.py`` and deleted by retention, by nobody else.
    """

    _name = "ihub.event"
    _description = "Integration Event"
    _order = "id desc"
    _rec_name = "summary"
    # No create_uid and write_uid: their foreign keys would make the log wait for locked users.
    _log_access = False

    create_date = fields.Datetime("Date", readonly=True, required=True, default=fields.Datetime.now)
    level = fields.Selection(
        [("info", "Info"), ("warning", "Warning"), ("error", "Error")],
        required=True,
        readonly=True,
        default="info",
    )
    summary = fields.Char(required=True, readonly=True, index="trigram")
    # Not read along with other fields: eighty rows of a list may have megabytes of details.
    details = fields.Text(readonly=True, prefetch=False)
    res_model = fields.Char("Related Model", readonly=True)
    res_id = fields.Many2oneReference("Related ID", model_field="res_model", readonly=True)
    related_name = fields.Char(
        "About", readonly=True, help="The name of the related record when this was reported."
    )
    related = LooseReference(
        [], "Related Record", compute="_compute_related", search="_search_related"
    )
    related_state = fields.Selection(
        [("none", "None"), ("there", "There"), ("hidden", "Hidden"), ("gone", "Gone")],
        compute="_compute_related_state",
    )
    integration_id = LooseMany2one("ihub.integration", "Integration", readonly=True)
    run_id = LooseMany2one("ihub.run", "Run", readonly=True)
    # What a company that is gone has left is not open to all others: it does not count as unset.
    company_id = LooseMany2one("res.company", "Company", readonly=True, missing_is_unset=False)
    user_id = LooseMany2one("res.users", "User", readonly=True)
    undone = fields.Boolean(
        readonly=True, help="The work that this event describes was rolled back."
    )
    is_cut = fields.Boolean("Cut", readonly=True, help="The whole details are in an attachment.")
    # See ihub/lib/event_commit.py.
    open_run_id = fields.Integer(
        readonly=True, help="The run in whose open transaction this was written."
    )
    open_key = BigInteger("Open Transaction", readonly=True)

    # The list newest first, by integration and by run. The company is what the record rule asks
    # for: with it the rows are counted in the index alone, not one page of the table for each.
    _integration_idx = models.Index("(integration_id, id) INCLUDE (company_id)")
    _run_idx = models.Index("(run_id, id) INCLUDE (company_id) WHERE run_id IS NOT NULL")
    # The lists of warnings and of errors.
    _level_idx = models.Index(
        "(level, id) INCLUDE (company_id) WHERE level IN ('warning', 'error')"
    )
    # How many warnings and errors integrations have had today: on each card of the board.
    _trouble_idx = models.Index(
        "(integration_id, level, create_date) INCLUDE (company_id)"
        " WHERE level IN ('warning', 'error')"
    )
    # The events about a record.
    _related_idx = models.Index("(res_model, res_id, id) WHERE res_id IS NOT NULL")
    # Retention and the filters by day: the rows lie in order of time, so a few pages suffice.
    _date_idx = models.Index("USING brin (create_date) WITH (pages_per_range = 32)")

    # --- Computes ---

    @api.depends("res_model", "res_id")
    def _compute_related(self):
        for event in self:
            record = event._related_record()
            event.related = record if record is not None and record.exists() else None

    @api.model
    def _search_related(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = []
        for item in value:
            model, __, id_ = (item or "").partition(",")
            id_ = int(id_) if id_.isdigit() else False
            domains.append(Domain("res_model", "=", model or False) & Domain("res_id", "=", id_))
        return Domain.OR(domains)

    @api.depends("res_model", "res_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_related_state(self):
        for event in self:
            event.related_state = event._find_related_state()

    def _find_related_state(self):
        if not self.res_model and not self.related_name:
            return "none"
        record = self._related_record()
        if record is None or not record.exists():
            return "gone"
        return "there" if record.has_access("read") else "hidden"

    def _related_record(self):
        """Return the related record, which may not exist; None if its model does not."""
        self.ensure_one()
        if not self.res_id or self.res_model not in self.env:
            return None
        model = self.env[self.res_model]
        return None if model._abstract else model.browse(self.res_id)

    # --- Reading ---

    def _check_access(self, operation):
        """Hide what belongs to a company that is gone.

        A search asks the database whose it is. For records that are known by their ids, Odoo asks
        the value that was read, and a company that is gone is read as none.
        """
        result = super()._check_access(operation)
        if (result and result[0] == self) or not any(self._ids):
            return result
        hidden = self._of_gone_companies() | (result[0] if result else self.browse())
        if not hidden:
            return None
        return hidden, partial(self.env["ir.rule"]._make_access_error, operation, hidden)

    def _of_gone_companies(self):
        unset = [event.id for event in self.sudo() if not event.company_id]
        if not unset:
            return self.browse()
        rows = self.env.execute_query(
            SQL("SELECT id FROM ihub_event WHERE id = ANY(%s) AND company_id IS NOT NULL", unset)
        )
        return self.browse(id_ for (id_,) in rows)

    @api.model
    def _search(self, domain, *args, **kwargs):
        # In a test there is no cursor beside the test's: what was reported in it is found.
        if event_buffer.is_test(self.env.cr):
            event_buffer.flush(self.env.cr)
        return super()._search(domain, *args, **kwargs)

    @api.model
    def search_fetch(self, domain, field_names=None, *args, **kwargs):
        # The record rule reads the company next, with all fields that are not there yet.
        names = field_names and list(dict.fromkeys([*field_names, "company_id"]))
        return super().search_fetch(domain, names, *args, **kwargs)

    def _fetch_query(self, query, fields):
        records = super()._fetch_query(query, fields)
        for field in fields:
            if isinstance(field, LooseMany2one):
                field.forget_missing(records)
        return records

    def _read_group_groupby(self, alias, groupby_spec, query):
        field = self._fields.get(groupby_spec)
        if not isinstance(field, LooseMany2one):
            return super()._read_group_groupby(alias, groupby_spec, query)
        # What refers to nothing is in one group with what has no value.
        __, coalias = field.join(self, alias, query)
        return SQL.identifier(coalias, "id")

    # --- Actions ---

    def action_open_related(self):
        """Open the related record."""
        self.ensure_one()
        self.check_access("read")
        if self.related_state != "there":
            raise AccessError(
                self.env._(
                    "%(name)s does not exist any more, or you may not see it.",
                    name=self.related_name,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [[False, "form"]],
        }

    def action_download_details(self):
        """Download the whole details, which are too long for the form."""
        self.ensure_one()
        self.check_access("read")
        # As superuser: who may read the event may read all of it.
        attachment = self._attachments().sudo()[:1]
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "self",
        }

    @api.model
    def action_about_records(self, model, ids):
        """Return the action that lists the events about records.

        :param str model: their model's name
        :param ids: list of their ids
        :raise AccessError: when the user may not read events
        """
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("ihub.ihub_event_action")
        action["domain"] = [("res_model", "=", str(model)), ("res_id", "in", list(map(int, ids)))]
        action["context"] = {}
        # Another path than that of all events: a reload must not show all.
        action["path"] = False
        return action

    def _attachments(self):
        return self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )

    # --- Called by the hub ---

    @api.model
    def _undo_uncommitted(self, run):
        """Mark what a run reported in transactions that died with its process.

        The lane calls this when it finds that a run is dead.

        :param run: an ``ihub.run`` that is not executing any more
        """
        # The date is for the index: what is older is known to be done or undone.
        self.env.cr.execute(
            SQL(
                """
                UPDATE ihub_event e SET undone = true, open_run_id = NULL, open_key = NULL
                 WHERE open_run_id = %(run)s
                   AND create_date >= %(started)s - interval '1 hour'
                   AND NOT EXISTS (
                       SELECT FROM ihub_event_commit
                        WHERE run_id = %(run)s AND key = e.open_key)
                """,
                run=run.id,
                started=run.started_at,
            )
        )
        self.invalidate_model(["undone", "open_run_id", "open_key"])
