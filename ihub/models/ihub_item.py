import logging
import re
from html import escape as escape_text
from itertools import chain

from markupsafe import Markup, escape
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import items as core
from ..engine.items import reference_in, unpacked
from ..engine.retention import BATCH, kept_days
from ..report import item_page
from ..report.actions import closing_notice, dialog, page_of
from ..report.format import safe_text
from .ihub_fields import Badge, LooseReference, distinct

_logger = logging.getLogger(__name__)

STATE_LOOKS = {
    "pending": ("fa-clock-o", "info"),
    "done": ("fa-check", "success"),
    "failed": ("fa-wrench", "warning"),
    "ignored": ("fa-ban", "muted"),
}
# So many that are to be repaired are counted for the bar at the top.
COUNT_LIMIT = 100
# So many records of a model that bear a name lead to their items.
NAMED_LIMIT = 200


class IhubItem(models.Model):
    """One thing that passes between the systems under a key, such as order 4711.

    Rows are written by ``ihub/engine/item_store.py``, in the transaction of the work; people
    change them with the buttons. It is also the binding: what the item has become. It stays as
    long as that record.
    """

    _name = "ihub.item"
    _inherit = [
        "mail.thread",
        "ihub.internal.fields",
        "ihub.outside.text",
        "ihub.failed.request",
        "ihub.work.rows",
    ]
    _description = "Integration Item"
    _order = "id desc"
    _rec_names_search = ["key", "name"]
    # As its data: see `_gc_data`.
    _request_is_old = """
        t.state IN ('done', 'ignored')
        AND t.last_attempt < (now() AT TIME ZONE 'UTC') - make_interval(days => %(days)s)
    """
    # Who may see it may say something about it.
    _mail_post_access = "read"

    integration_id = fields.Many2one(
        "ihub.integration", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="integration_id.company_id", store=True, index="btree_not_null"
    )
    kind = fields.Char(required=True, readonly=True, help="For example order or product.")
    key = fields.Char(
        required=True, readonly=True, index="trigram", help="What the other system calls it."
    )
    name = fields.Char(readonly=True, index="trigram")
    state = Badge(
        [
            ("failed", "To Repair"),
            ("pending", "Queued"),
            ("done", "Done"),
            ("ignored", "Left Out"),
        ],
        looks=STATE_LOOKS,
        required=True,
        readonly=True,
        default="done",
        # First of what is tracked.
        tracking=1,
    )
    message = fields.Text("Problem", readonly=True)
    cause = fields.Char(
        readonly=True, help="The problem, without the details that differ from item to item."
    )
    traceback = fields.Text("Technical Details", readonly=True, prefetch=False)
    attempts = fields.Integer(
        readonly=True, aggregator=None, help="How many times it was tried since it was last done."
    )
    failed_since = fields.Datetime("Since", readonly=True)
    is_told = fields.Boolean("Told", readonly=True, help="People were told that it has failed.")
    last_attempt = fields.Datetime(readonly=True)
    # The one thing of it that people write themselves.
    user_id = fields.Many2one(
        "res.users", "Assigned to", tracking=True, index="btree_not_null", copy=False
    )
    reason = fields.Text(readonly=True, tracking=True)
    # JSON text of ihub/core/items.py; it may be megabytes.
    data = fields.Text("Raw Data", readonly=True, prefetch=False, groups="ihub.group_manager")
    is_corrected = fields.Boolean("Corrected", readonly=True)
    fingerprint = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    version = fields.Char(readonly=True)
    handler = fields.Char(readonly=True, groups="ihub.group_manager")
    # The company in which it was called, where that is not the integration's: an id that stays when
    # the company is gone, so that it is called in no other.
    handler_company = fields.Integer(readonly=True, groups=fields.NO_ACCESS)
    record = LooseReference([], "Record", readonly=True)
    run_id = fields.Many2one(
        "ihub.run", "Last Run", readonly=True, ondelete="set null", index="btree_not_null"
    )
    source_run_id = fields.Many2one(
        "ihub.run",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The run in whose period it arrived.",
    )
    retry_run_id = fields.Many2one(
        "ihub.run", "Queued in Run", readonly=True, ondelete="set null", index="btree_not_null"
    )
    columns = fields.Properties(
        definition="integration_id.item_column_definitions", copy=False, readonly=True
    )
    event_ids = fields.One2many("ihub.event", "item_id", "Events")
    data_html = fields.Html("Data", compute="_compute_data_html", sanitize=False)
    can_change = fields.Boolean(compute="_compute_can_change")
    can_replay = fields.Boolean(compute="_compute_can_change")

    _key_uniq = models.UniqueIndex("(integration_id, kind, key)")
    # What is open, of an integration and by cause.
    _open_idx = models.Index(
        "(integration_id, state, id) INCLUDE (source_run_id, company_id)"
        " WHERE state IN ('failed', 'pending')"
    )
    _failed_idx = models.Index("(id) INCLUDE (company_id) WHERE state = 'failed'")
    # What has become of a record, and the binding back.
    _record_idx = models.Index("(record, integration_id) WHERE record IS NOT NULL")
    # The models of these records, which are few.
    _model_idx = models.Index("(split_part(record, ',', 1)) WHERE record IS NOT NULL")
    # Retention of data.
    _done_idx = models.Index(
        "(last_attempt) WHERE state IN ('done', 'ignored') AND data IS NOT NULL"
    )
    _failed_request_idx = models.Index("(id) WHERE failed_request IS NOT NULL")

    # --- Computes ---

    @api.depends("kind", "name", "key")
    def _compute_display_name(self):
        for item in self:
            item.display_name = " ".join(filter(None, (item.kind, item.name or item.key)))

    @api.model
    def _search_display_name(self, operator, value):
        """Find an item also by the name of the record that it has become."""
        domain = super()._search_display_name(operator, value)
        if operator in Domain.NEGATIVE_OPERATORS or not value:
            return domain
        return domain | Domain("record", "in", list(self._records_named(operator, value)))

    def _records_named(self, operator, value):
        """Yield ``model,id`` of what items have become, and the user knows by such a name."""
        models = distinct(
            self.env, self._table, SQL("split_part(record, ',', 1)"), SQL("record IS NOT NULL")
        )
        for model in models:
            Model = self.env.get(model)
            if Model is None or not (Model._rec_names_search or Model._rec_name):
                continue
            if Model.has_access("read"):
                named = Domain("display_name", operator, value)
                found = Model.with_context(active_test=False).search(named, limit=NAMED_LIMIT)
                yield from (f"{model},{id_}" for id_ in found._ids)

    def _value(self):
        """Return the data of this item, or None."""
        self.ensure_one()
        # Shown without the secrets; the raw text is the manager's.
        text = self.sudo().data
        return unpacked(self.sudo().env, text) if text else None

    def _labels(self):
        """Return ``{path: label}`` of what people may change, as the type says it."""
        self.ensure_one()
        integration = self.sudo().integration_id
        model = integration._type_model(integration.integration_type)
        return {} if model is None else model.with_env(self.env)._item_texts("item_fields")

    @api.depends("data")
    @api.depends_context("lang")
    def _compute_data_html(self):
        for item in self:
            item.data_html = safe_text(item, item._data_as_html)

    def _data_as_html(self):
        return item_page.data_html(self.env, self._value(), self._labels())

    @api.depends("state", "data")
    def _compute_can_change(self):
        for item in self:
            can = item.state == "failed" and item.sudo().data and item._labels()
            item.can_change = bool(can)
            # As superuser: the raw text is the manager's.
            data = item.sudo().data
            item.can_replay = item.state == "done" and bool(data) and not core.is_masked(data)

    @api.model
    def get_property_definition(self, full_name):
        # Odoo looks into the column of the definitions; these stand in the types.
        self.browse().check_access("read")
        Integration = self.env["ihub.integration"]
        columns = chain.from_iterable(map(Integration._item_columns_of, Integration._type_names()))
        name = full_name.partition(".")[2]
        return next((column for column in columns if column["name"] == name), {})

    @api.model
    @api.readonly
    def count_to_repair(self):
        """Return how many items the user may see that are to be repaired; 100 stands for more.

        :raise AccessError: when the user is not of the hub
        """
        return self.search_count([("state", "=", "failed")], limit=COUNT_LIMIT)

    # --- What people do ---

    def write(self, vals):
        """Let people say who looks after an item; all else is for the buttons."""
        if not self.env.su and vals.keys() - {"user_id"}:
            raise AccessError(
                self.env._(
                    "Items can only be changed with the buttons on their page: Repair, Retry, "
                    "Leave Out."
                )
            )
        return super().write(vals)

    def unlink(self):
        """Delete these items; people may have been told of them, and messages wait behind them."""
        integrations = self.integration_id
        result = super().unlink()
        self._settle_gone(integrations.exists())
        return result

    @api.model
    def _settle_gone(self, integrations):
        """Do what follows when items are no longer to be repaired, though nobody repaired them."""
        for integration in integrations:
            integration._tell_repaired_items()
            integration._notify_change()
        # Messages may wait behind them.
        integrations.filtered("has_webhook")._wake()

    @api.constrains("user_id")
    def _check_assigned(self):
        for item in self:
            user = item.user_id
            if user and not item.sudo().integration_id._may_be_notified(user):
                raise ValidationError(
                    self.env._(
                        "%(user)s does not have access to %(item)s. Assign it to another user, "
                        "or give this one access to the Integration Hub and to the company first.",
                        user=user.name,
                        item=item.display_name,
                    )
                )

    def retry(self):
        """Try these items again, in the lanes of their integrations.

        :return: the queued runs, ``ihub.run``, one of each integration
        :raise UserError: when none of them can be tried again, or an integration cannot run
        """
        return self._open_ones()._queue()

    def action_retry(self):
        """Try these items again, as ``retry`` does; return the action that says so."""
        items = self._open_ones()
        items._queue()
        return items._queued_action()

    def action_replay(self):
        """Deal once more with items that are done, with their data as they were kept.

        :return: the action that says so
        :raise UserError: when none of them can be, or an integration cannot run
        """
        items = self._operable().filtered("can_replay")
        if not items:
            raise UserError(
                self.env._(
                    "It cannot be replayed, because its data is no longer kept. Run its period "
                    "again, or have it sent again."
                )
            )
        items._queue()
        return items._queued_action()

    def _queue(self):
        """Queue a run of each integration for these items; return the runs."""
        runs = self.env["ihub.run"]
        for integration, chosen in self.grouped("integration_id").items():
            runs += integration._retry_items(chosen).with_env(self.env)
        return runs

    def _queued_action(self):
        return closing_notice(self.env._("Queued for retry: %(count)s", count=len(self)))

    def action_retry_cause(self):
        """Try again all items of the same integration that fail for the same cause."""
        # Those that are done have none, and would bring in all that have none.
        failed = self._operable().filtered(lambda item: item.state == "failed")
        alike = Domain.OR(
            Domain("integration_id", "=", integration.id)
            & Domain("cause", "in", list(set(items.mapped("cause"))))
            for integration, items in failed.grouped("integration_id").items()
        )
        return self.search(alike & Domain("state", "=", "failed")).action_retry()

    def action_change(self):
        """Return the dialog in which the data of this item are corrected."""
        self.ensure_one()
        self._operable()
        return self._dialog(
            "ihub.item.change", self.env._("Repair %(name)s", name=self.display_name)
        )

    def action_leave_out(self):
        """Return the dialog that asks why these items are left out."""
        self._operable()
        return self._dialog("ihub.item.leave.out", self.env._("Leave Out"))

    def action_assign_to_me(self):
        """Let others see that the user looks after these items."""
        self._operable().write({"user_id": self.env.uid})

    @api.model
    def _opened_at_once(self, action):
        """Return ``action``, or the page of the one item where there is one only to be repaired.

        :param dict action: lists items
        """
        items = self.search([*action["domain"], ("state", "=", "failed")], limit=2)
        return page_of(items) if len(items) == 1 else action

    def action_open_record(self):
        """Return the action that opens the record that this item has become."""
        self.ensure_one()
        record = self.record
        if not record or not record.exists():
            raise UserError(self.env._("There is no record for %(name)s.", name=self.display_name))
        return page_of(record)

    def _dialog(self, model, title):
        return dialog(model, title, context={"default_item_ids": self.ids})

    def _operable(self):
        """Return these items with the rights that the buttons need.

        :raise AccessError: when the user is not of the hub, or not of their company
        """
        self.check_access("read")
        self.integration_id._operable()
        return self.sudo()

    def _open_ones(self):
        """Return those that can be tried again.

        :raise UserError: when there are none
        """
        items = self._operable().filtered(lambda item: item.state in ("failed", "ignored"))
        if not items:
            raise UserError(self.env._("There is nothing left to repair here. Reload the page."))
        return items

    def _leave_out(self, reason):
        """Take these items from what is to be repaired.

        :param str reason: why, in words for others
        """
        items = self._open_ones()
        values = {"state": "ignored", "reason": reason, "failed_since": False, "is_told": False}
        items.write(values)
        self._settle_gone(items.integration_id)

    def _change(self, changes):
        """Correct the data of this item.

        :param dict changes: values by path, as named in ``item_fields`` of the type
        :raise UserError: when it is done meanwhile, or the type does not let it be changed
        """
        item = self._open_ones().ensure_one()
        labels = item._labels()
        value = item._value()
        lines = []
        for path, new in changes.items():
            if path not in labels:
                raise UserError(self.env._("%(path)s cannot be changed.", path=path))
            old = core.found_at(value, path)
            if old == new and type(old) is type(new):
                continue
            value = core.changed(value, {path: new})
            if core.found_at(value, path) != new:
                raise UserError(
                    self.env._(
                        "There is no place for %(label)s in these data. Have it corrected in the "
                        "other system.",
                        label=labels[path],
                    )
                )
            lines.append((labels[path], old, new))
        if not lines:
            return
        item.write({"data": core.packed(value, reference_in), "is_corrected": True})
        item.message_post(body=item_page.changes_html(item.env, lines))

    # --- Retention ---

    @api.autovacuum
    def _gc_data(self):
        """Forget the data of items that were done or left out long ago. The bindings stay.

        :return: number of items; whether there are more
        """
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE ihub_item SET data = NULL
                 WHERE id IN (SELECT id FROM ihub_item
                               WHERE state IN ('done', 'ignored') AND data IS NOT NULL
                                 AND last_attempt < (now() AT TIME ZONE 'UTC')
                                                    - make_interval(days => %s)
                               LIMIT %s FOR UPDATE SKIP LOCKED)
                RETURNING id
                """,
                kept_days(self.env, "ihub.keep_item_data_days"),
                BATCH,
            )
        )
        self.invalidate_model(["data"])
        return len(rows), int(len(rows) == BATCH)

    def action_wipe_data(self):
        """Forget the data of these items, as the law may ask for. Key, name and binding stay.

        What was told of them goes as well: what people have corrected and written on the page,
        why it was left out, and all events.
        """
        self.check_access("unlink")
        # As superuser: nobody deletes what was written on a page, or events.
        items = self.sudo().with_context(tracking_disable=True)
        items._wipe_notices()
        wiped = ("data", "columns", "message", "traceback", "failed_request", "reason")
        items.write(dict.fromkeys(wiped, False))
        # That it has failed is no secret, and tells it from one that was done.
        items.filtered("cause").cause = "…"
        items.message_ids.unlink()
        items.env["ihub.event"].search([("item_id", "in", items.ids)]).unlink()
        for item in items:
            item.message_post(body=self.env._("The data of this item was wiped."))

    def _wipe_notices(self):
        """Take from what people were told why these items had failed; that they had remains."""
        reasons = {item.id: item.message for item in self.filtered("message")}
        about = [("res_id", "in", self.integration_id.ids)]
        link = "model=ihub.item&amp;res_id="
        notices = self.env["mail.message"].search(
            [("model", "=", "ihub.integration"), *about, ("body", "like", link)]
        )
        activities = self.env["mail.activity"].search(
            [("res_model", "=", "ihub.integration"), *about, ("note", "like", link)]
        )
        texts = [(notices, "body"), (notices.mail_ids, "body_html"), (activities, "note")]
        for record, name in ((one, name) for records, name in texts for one in records):
            html = str(record[name])
            named = {int(id_) for id_ in re.findall(re.escape(link) + r"(\d+)", html)}
            for id_ in named & reasons.keys():
                # As Odoo writes it, and as it is stored once it was cleaned.
                for form in (str(escape(reasons[id_])), escape_text(reasons[id_], quote=False)):
                    html = html.replace(form, "…")
            if html != str(record[name]):
                record[name] = Markup(html)
