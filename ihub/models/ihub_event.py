import logging
import re
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.retention import BATCH, LONGEST, kept_days
from ..report import time_line
from ..report.actions import page_of
from .ihub_fields import Badge, BigInteger, LooseMany2one, LooseReference, distinct

# More would cost more in the planner than they save in the index.
PIECES = 6
# The planner is asked about each: where there are more, they are searched for as they are.
CONDITIONS = 20
_logger = logging.getLogger(__name__)
# Batches between two looks at whether others need the cron; each is committed by Odoo's cron.
BATCHES = 4


class IhubEvent(models.Model):
    """One report of an integration, or of any other model: append-only.

    Rows are written by ``ihub/engine/event_store.py`` and deleted by retention, by nobody else.

    One order number is found among the summaries of millions of events: the index has the
    three-character pieces of all summaries. PostgreSQL reads the whole list of each piece of a
    pattern that it looks for as one condition. Conditions on pieces, beside the pattern itself,
    let it skip in all lists to where the rarest of them has a row.
    """

    _name = "ihub.event"
    _inherit = ["ihub.internal.fields", "ihub.outside.text"]
    _description = "Integration Event"
    _order = "id desc"
    _rec_name = "summary"
    # No create_uid and write_uid: their foreign keys would make the log wait for locked users.
    _log_access = False

    create_date = fields.Datetime("Date", readonly=True, required=True, default=fields.Datetime.now)
    level = Badge(
        [("info", "Info"), ("warning", "Warning"), ("error", "Error")],
        looks={
            "info": ("fa-info-circle", "info"),
            "warning": ("fa-exclamation-triangle", "warning"),
            "error": ("fa-times-circle", "danger"),
        },
        required=True,
        readonly=True,
        default="info",
    )
    summary = fields.Char(required=True, readonly=True, index="trigram")
    # Not read along with other fields: eighty rows of a list may have megabytes of details.
    details = fields.Text(readonly=True, prefetch=False)
    res_model = fields.Char("Related Model", readonly=True)
    res_id = fields.Many2oneReference("Related ID", model_field="res_model", readonly=True)
    # What it was called when this was reported. People see `about`, as far as they may see it.
    related_name = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    about = fields.Char(
        compute="_compute_about",
        search="_search_about",
        help="The name of the related record when this was reported. Users without access to the "
        "record see only what kind of record it is.",
    )
    related = LooseReference(
        [], "Related Record", compute="_compute_related", search="_search_related"
    )
    related_state = fields.Selection(
        [("none", "None"), ("there", "There"), ("hidden", "Hidden"), ("gone", "Gone")],
        compute="_compute_related_state",
    )
    integration_id = LooseMany2one("ihub.integration", "Integration", readonly=True)
    deleted_name = fields.Char(
        "Deleted Integration",
        compute="_compute_deleted_name",
        help="What the integration was called, if it has been deleted since.",
    )
    run_id = LooseMany2one("ihub.run", "Run", readonly=True)
    item_id = LooseMany2one("ihub.item", "Item", readonly=True)
    # What a company that is gone has left is not open to all others: it does not count as unset.
    company_id = LooseMany2one("res.company", "Company", readonly=True, missing_is_unset=False)
    user_id = LooseMany2one("res.users", "User", readonly=True)
    undone = fields.Boolean(
        "Rolled Back",
        readonly=True,
        help="The work that this event describes was rolled back.",
    )
    is_cut = fields.Boolean(
        "Truncated", readonly=True, help="The full details are in an attachment."
    )
    # See ihub/engine/event_store.py.
    open_run_id = fields.Integer(
        readonly=True, help="The run in whose open transaction this was written."
    )
    open_key = BigInteger(readonly=True)
    # The list newest first, by integration and by run. The company is what the record rule asks
    # for: with it the rows are counted in the index alone, not one page of the table for each.
    _integration_idx = models.Index("(integration_id, id) INCLUDE (company_id)")
    _run_idx = models.Index("(run_id, id) INCLUDE (company_id) WHERE run_id IS NOT NULL")
    _item_idx = models.Index("(item_id, id) WHERE item_id IS NOT NULL")
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

    def _compute_deleted_name(self):
        names = self.env["ihub.deleted.integration"]._names_of_events(self._origin.ids)
        for event in self:
            event.deleted_name = names.get(event._origin.id, False)

    @api.depends("res_model", "res_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_related(self):
        for event in self:
            is_there = event.related_state == "there"
            event.related = self.env[event.res_model].browse(event.res_id) if is_there else None

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
        named = set(self.sudo().filtered("related_name")._ids)
        for model, events in self.grouped("res_model").items():
            there = events._readable_related(model)
            existing = there if self.env.su else events.sudo()._readable_related(model)
            for event in events:
                if not model and event.id not in named:
                    event.related_state = "none"
                elif event.res_id in there:
                    event.related_state = "there"
                else:
                    event.related_state = "hidden" if event.res_id in existing else "gone"

    @api.depends("res_model", "res_id")
    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_about(self):
        # As superuser: here is decided who sees it.
        names = {event.id: event.related_name for event in self.sudo()}
        for model, events in self.grouped("res_model").items():
            is_open = self._is_name_of_gone_open(model)
            there = events._readable_related(model)
            existing = () if not is_open or self.env.su else events.sudo()._readable_related(model)
            for event in events:
                is_gone = is_open and event.res_id not in existing
                if event.res_id in there or is_gone:
                    event.about = names[event.id]
                else:
                    event.about = self._title_of(model, event.res_id)

    def _readable_related(self, model):
        """Return the ids of those records of ``model`` that these are about and the user may read.

        With one query for what exists, and one for what the record rules let through.
        """
        Model = self._related_model(model)
        if Model is None:
            return set()
        records = Model.browse({event.res_id for event in self if event.res_id}).exists()
        return set(records._filtered_access("read")._ids)

    def _related_model(self, model):
        """Return the model with the name ``model``; None if there are no records of it."""
        Model = self.env.get(model)
        return None if Model is None or Model._abstract else Model

    def _is_name_of_gone_open(self, model):
        """Return whether the user may see the names of records of ``model`` that are gone.

        What record rules would say of them is not known any more. So they must not be needed: the
        user may read all records of the model, or manages the hub and may read the model.
        """
        if not model or self.env.su:
            return True
        is_manager = self.env.user.has_group("ihub.group_manager")
        Model = self._related_model(model)
        if Model is None:
            return is_manager
        if not Model.has_access("read"):
            return False
        return is_manager or self._rule_of(Model).is_true()

    def _rule_of(self, Model):
        return Domain(self.env["ir.rule"]._compute_domain(Model._name, "read") or Domain.TRUE)

    def _title_of(self, model, id_):
        # Models are for administrators to read, but their names are on every screen.
        title = self.env["ir.model"].sudo()._get(model).name or model
        return f"{title} {id_}" if id_ else title

    @api.model
    def _search_about(self, operator, value):
        """Find what has such a name, among what the user sees by name."""
        if operator == "in" and not all(value):
            return NotImplemented
        if operator not in ("in", "like", "ilike", "=like", "=ilike"):
            return NotImplemented
        field = self._fields["related_name"]

        def to_sql(model, alias, query):
            # As superuser: the column is nobody's to search, and what may be seen is added here.
            return field.condition_to_sql(field.name, operator, value, model.sudo(), alias, query)

        models = [False, *self._models_of_events()]
        return Domain.custom(to_sql=to_sql) & Domain.OR(map(self._open_names_of, models))

    def _open_names_of(self, model):
        """Return the domain of the events about records of ``model`` whose names the user sees."""
        events = Domain("res_model", "=", model)
        is_open = self._is_name_of_gone_open(model)
        Model = self._related_model(model) if model else None
        if self.env.su or Model is None:
            return events if is_open else Domain.FALSE
        if not Model.has_access("read"):
            return Domain.FALSE
        if is_open and self._rule_of(Model).is_true():
            return events
        archived = Model.with_context(active_test=False)
        readable = Domain("res_id", "in", archived._search([]))
        if is_open:
            # As superuser: whether it exists, not whether the user may read it.
            readable |= Domain("res_id", "not in", archived.sudo()._search([]))
            readable |= Domain("res_id", "=", False)
        return events & readable

    def _models_of_events(self):
        """Return the names of all models that events are about."""
        return distinct(self.env, self._table, SQL("res_model"), SQL("res_id IS NOT NULL"))

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
        domain = self._bounded(domain)
        if sum(1 for __ in domain.iter_conditions()) <= CONDITIONS:
            domain = domain.map_conditions(self._with_pieces)
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
                    "%(name)s no longer exists, or you do not have access to it.",
                    name=self.about,
                )
            )
        return page_of(self.related)

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
        action["domain"] = list(self._domain_about(str(model), list(map(int, ids))))
        action["context"] = {}
        # Another path than that of all events: a reload must not show all.
        action["path"] = False
        return action

    def _domain_about(self, model, ids):
        about = Domain("res_model", "=", model) & Domain("res_id", "in", ids)
        if model == "ihub.integration":
            return about | Domain("integration_id", "in", ids)
        if model != "ihub.item":
            # Also what happened before there was a record.
            bound = Domain("record", "in", [f"{model},{id_}" for id_ in ids])
            ids = self.env["ihub.item"].search(bound).ids
        return about | Domain("item_id", "in", ids) if ids else about

    @api.model
    @api.readonly
    def time_line(self, model, id_, limit=time_line.PAGE):
        """Return what happened to a record: to an item, an integration, or any other one.

        :param str model: name of its model
        :param int id_: its id
        :param int limit: entries at most
        :return: a dictionary that JSON can carry: ``title``; ``entries``, newest first, each with
            ``key``, ``at`` (naive UTC), ``icon``, ``severity``, ``title``, ``detail``, ``who`` and
            ``open`` (``model`` and ``id``, or None); whether there is ``more``
        :raise AccessError: when the user may not read events, or this item or integration
        """
        self.check_access("read")
        model, id_, limit = str(model), int(id_), max(1, min(int(limit), time_line.MOST))
        reports = {"ihub.item": time_line.of_item, "ihub.integration": time_line.of_integration}
        if model not in reports:
            title = self.env._("Where %(name)s came from", name=self._name_of(model, id_))
            return {"title": title, **time_line.of_record(self.env, model, id_, limit)}
        record = self.env[model].browse(id_)
        record.check_access("read")
        title = self.env._("What happened to %(name)s", name=record.display_name)
        return {"title": title, **reports[model](record, limit)}

    def _name_of(self, model, id_):
        """Return the name of a record, or its kind where the user may not see it."""
        Model = self._related_model(model)
        record = None if Model is None else Model.browse(id_).exists()._filtered_access("read")
        return record.display_name if record else self._title_of(model, id_)

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

    def _with_pieces(self, condition):
        """Return a domain that finds what ``condition`` finds, sooner if that is rare."""
        name, operator, value = condition.field_expr, condition.operator, condition.value
        if name != "summary" or operator != "ilike" or not isinstance(value, str):
            return condition
        pieces = pieces_of(value)
        if len(pieces) < 2 or not self._is_rare(condition):
            return condition
        # In this order: PostgreSQL asks for each in turn, and goes on from what that has found.
        return Domain.AND([*(Domain(name, operator, piece) for piece in pieces), condition])

    def _is_rare(self, condition):
        """Return whether the database would look for what is rare, not read the newest events.

        Asked before there are conditions on pieces: it multiplies their probabilities as if
        they did not depend on each other, and would take what is frequent to be rare as well.
        """
        # pylint: disable-next=super-method-mismatch  # the search as it was, without pieces
        query = super()._search(condition, order="id desc", limit=80, bypass_access=True)
        rows = self.env.execute_query(SQL("EXPLAIN (FORMAT JSON) %s", query.select()))
        return "Bitmap" in str(rows)

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
        for level in self._fields["level"].get_values(self.env):
            own = self._own_days(level)
            days = kept_days(self.env, f"ihub.keep_{level}_days")
            rules.append((level, days, [id_ for id_, __ in own], False))
            rules += [(level, days, [id_], True) for id_, days in own]
        return rules

    def _own_days(self, level):
        """Return pairs of id and days of the integrations that have their own."""
        name = f"keep_days_{level}"
        Integration = self.env["ihub.integration"].sudo().with_context(active_test=False)
        return [(i.id, min(i[name], LONGEST)) for i in Integration.search([(name, ">", 0)])]


def pieces_of(text):
    """Return texts of three characters that are in every text which contains ``text``.

    Nothing of what is not ASCII: there, how a letter is lowered may depend on its neighbours.

    :param str text: as people search for it, wildcards included
    :return: list, those with digits first, because they are likely to be rarer
    """
    words = re.findall("[A-Za-z0-9]{3,}", text) if text.isascii() else []
    pieces = [w[i : i + 3] for w in words for i in (*range(0, len(w) - 2, 3), len(w) - 3)]
    return sorted(dict.fromkeys(pieces), key=lambda piece: not re.search("[0-9]", piece))[:PIECES]


def _moment(days):
    """Return the moment that was ``days`` ago, as SQL."""
    return SQL("(now() AT TIME ZONE 'UTC') - %s * interval '1 day'", days)
