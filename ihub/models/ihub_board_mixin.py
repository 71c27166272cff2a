from collections import Counter
from functools import cached_property, partial

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, ormcache

from ..core.health import BADGES, HEALTH, RANK, STEPS, Facts, judge, word_among_all
from ..core.metrics import Sample, exposition
from ..engine import event_buffer, home
from ..engine.odoo_internals import is_cached, of_primary
from ..engine.values import moment
from ..report import card_text, coverage, grid, health, history, recent
from ..report.actions import closing_notice, dialog, page_of
from ..report.format import safe_text, start_of_today
from ..report.metrics import EVENTS_WAITING, samples_of
from .ihub_fields import Badge
from .ihub_run import OUTCOME_LOOKS
from .ihub_work_rows import of_work

# The columns of the board: what needs attention comes first.
STATE_ORDER = ("failed", "running", "stopped", "created")
# Severities of what does not go on by itself.
NEEDS_SOMEBODY = {"danger", "warning"}
# Steps to a run, which what is archived does not have.
RUNS = {"start", "retry", "run", "run_again"}
# Where the context has the snapshot.
SNAPSHOT = "ihub_snapshot"


class Snapshot(dict):
    """The facts and the health of integrations, while one answer is made.

    ``{id: (Facts, word)}``, in the context. No caller can send one: what comes as JSON is of
    another class. ``is_all`` says whether they are all that the user sees, and ``is_served``
    whether some scheduler takes up what is due; ``is_at_home`` that this is no copy in which
    nobody has said so yet.
    """

    is_all = False
    is_served = True
    is_at_home = True

    def facts_of(self, integration):
        """Return the ``Facts`` of an integration, or None where it is not in the database."""
        known = self.get(integration._origin.id)
        return known and known[0]

    @cached_property
    def ids_by_word(self):
        """Return ``{word: [id]}``; the columns of the board are each sorted by it."""
        ids = {}
        for id_, (__, word) in self.items():
            ids.setdefault(word, []).append(id_)
        return ids


class IhubBoardMixin(models.AbstractModel):
    """The health of an integration, its runs, and what its card says.

    The card is drawn by ``views/ihub_integration_views.xml``.
    """

    _name = "ihub.board.mixin"
    _description = "Board of Integrations"

    health = Badge(
        [(badge.word, badge.label) for badge in BADGES],
        looks={badge.word: (badge.icon, badge.severity) for badge in BADGES},
        compute="_compute_health",
        search="_search_health",
        help="The status of the integration. What needs attention comes first.",
    )
    health_severity = fields.Char(compute="_compute_look")
    scheduled_run_id = fields.Many2one(
        "ihub.run",
        compute="_compute_health",
        help="The scheduled run that is next or in progress.",
    )
    current_run_id = fields.Many2one("ihub.run", compute="_compute_health")
    next_run = fields.Datetime(compute="_compute_health")
    queued_count = fields.Integer("Queued", compute="_compute_health")
    is_waiting_for_slot = fields.Boolean(compute="_compute_health")
    is_executing = fields.Boolean(compute="_compute_health")
    is_stopping = fields.Boolean(compute="_compute_health")
    retry_run_id = fields.Many2one(
        "ihub.run",
        compute="_compute_health",
        help="The run that failed and will be retried automatically.",
    )
    to_repair_count = fields.Integer("To Repair", compute="_compute_health")
    progress = fields.Integer(compute="_compute_progress", help="Percent; 0 if unknown.")
    last_run_id = fields.Many2one("ihub.run", compute="_compute_last_run")
    last_run_state = Badge(
        lambda self: self.env["ihub.run"]._fields["outcome"]._description_selection(self.env),
        "Last Outcome",
        looks=OUTCOME_LOOKS,
        compute="_compute_last_run",
    )
    last_run_date = fields.Datetime("Last Run Ended", compute="_compute_last_run")
    last_success_date = fields.Datetime("Last Success", compute="_compute_last_success")
    run_count = fields.Integer("Number of Runs", compute="_compute_run_count")
    warning_count = fields.Integer("Warnings Today", compute="_compute_event_counts")
    error_count = fields.Integer("Errors Today", compute="_compute_event_counts")
    can_start = fields.Boolean(compute="_compute_buttons")
    can_stop = fields.Boolean(compute="_compute_buttons")
    can_edit_schedule = fields.Boolean(compute="_compute_buttons")
    next_step = fields.Selection(
        [(word, step.label) for word, step in STEPS.items()],
        compute="_compute_buttons",
        help="The button to press next.",
    )
    can_open_error = fields.Boolean(compute="_compute_trouble")
    can_dismiss = fields.Boolean(compute="_compute_trouble")
    activity = fields.Char("What It Is Doing", compute="_compute_activity")
    problem = fields.Char(
        compute="_compute_problem",
        help="What keeps it from working, and how to fix it.",
    )
    is_said_above = fields.Boolean(
        compute="_compute_problem",
        help="What is wrong concerns all integrations: the board says it once, on top.",
    )
    technical_line = fields.Char(
        compute="_compute_advice",
        help="The exception, unless its text was written for people.",
    )
    advice = fields.Char(
        "What to Do",
        compute="_compute_advice",
        help="What to do next, if the problem does not say so itself.",
    )
    # JSON as the database writes it: hundreds of runs would be copied one by one otherwise.
    run_strip = fields.Char(
        "Last Runs",
        compute="_compute_run_strip",
        help="For each run, oldest first: ID, outcome, seconds, end (UTC), and the reason if it "
        "was not done.",
    )

    # --- Health ---

    def _known(self):
        """Return the :class:`Snapshot` of these integrations at least."""
        snapshot = self.env.context.get(SNAPSHOT)
        if isinstance(snapshot, Snapshot) and snapshot.keys() >= set(self.ids):
            return snapshot
        these = SQL("SELECT * FROM ihub_integration WHERE id = ANY(%s)", self.ids)
        return self._look(these) if self.ids else Snapshot()

    @api.model
    def _all_known(self):
        """Return the :class:`Snapshot` of all integrations that the user sees, also archived."""
        snapshot = self.env.context.get(SNAPSHOT)
        if isinstance(snapshot, Snapshot) and snapshot.is_all:
            return snapshot
        visible = self.with_context(active_test=False)._search([])
        known = self._look(visible.select(SQL("ihub_integration.*")))
        known.is_all = True
        return known

    @api.model
    def _look(self, among):
        """Find out how integrations are doing.

        :param SQL among: a query of the rows of integrations that the reader may see
        """
        now = fields.Datetime.now()
        found = health.facts_of(self, among)
        known = Snapshot()
        if any(facts.state == "running" for facts in found.values()):
            # As superuser: scheduled actions belong to administrators.
            known.is_served = health.is_served(self.sudo().env)
            known.is_at_home = home.is_at_home(self.env)
        of_all = {"is_served": known.is_served, "is_at_home": known.is_at_home}
        for id_, facts in found.items():
            word = judge(facts, now)
            if facts.state == "running":
                word = word_among_all(word, **of_all)
            known[id_] = facts, word
        return known

    @api.depends(
        "state",
        "active",
        "catch_up",
        "hang_limit",
        "stop_before_id",
        "stop_run_id",
        "cron_id.active",
        "run_as_id.active",
        "run_as_id.company_ids",
        "run_as_id.group_ids",
        "company_id.active",
        "serves_all_companies",
        "late_after_intervals",
        "late_by",
        "failed_run_id",
        "doubtful_run_id",
        "doubts_empty_runs",
    )
    @of_work
    def _compute_health(self):
        known = self._known()
        # Most do nothing: what they have in common is set once for all.
        self.current_run_id = self.retry_run_id = False
        self.queued_count = self.to_repair_count = 0
        self.is_executing = self.is_stopping = self.is_waiting_for_slot = False
        now = fields.Datetime.now()
        for integration in self:
            unsaved = Facts(integration.state), integration.state
            facts, integration.health = known.get(integration._origin.id, unsaved)
            integration.scheduled_run_id = facts.scheduled_run_id
            integration.next_run = facts.due
            if facts.run_id:
                integration.current_run_id = facts.run_id
            if facts.queued:
                integration.queued_count = facts.queued
            if facts.to_repair:
                integration.to_repair_count = facts.to_repair
            if facts.is_pool_full and facts.idle_since and facts.idle_since < now:
                integration.is_waiting_for_slot = True
            if facts.executing_since:
                integration.is_executing = True
                integration.is_stopping = facts.is_stopping
            # After Stop it waits for Start, and then begins anew.
            if facts.is_retrying:
                integration.retry_run_id = facts.scheduled_run_id

    @api.depends("health")
    def _compute_look(self):
        for integration in self:
            integration.health_severity = HEALTH[integration.health].severity

    def _search_health(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        found = [id_ for id_, (__, word) in self._all_known().items() if word in value]
        return Domain("id", operator, found)

    @api.model
    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        if field_name != "health":
            return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
        return SQL("%s %s", self._health_rank(alias), direction)

    def _health_rank(self, alias):
        """Return the SQL expression that ranks rows by urgency."""
        by_health = self._all_known().ids_by_word
        # What most of them are is what all others are not: their ids need not be sent.
        usual = max(by_health, key=lambda word: len(by_health[word]), default=BADGES[0].word)
        column = SQL.identifier(alias, "id")
        whens = [
            # One constant, to be read at once, and not one for each id.
            SQL("WHEN %s = ANY(%s) THEN %s", column, f"{{{','.join(map(str, ids))}}}", RANK[word])
            for word, ids in by_health.items()
            if word != usual
        ]
        # A case without conditions is no SQL.
        whens = whens or [SQL("WHEN FALSE THEN 0")]
        return SQL("CASE %s ELSE %s END", SQL(" ").join(whens), RANK[usual])

    # --- All that one answer says is of one moment ---

    def web_read(self, specification):
        self = self.with_context(**{SNAPSHOT: self._known()})
        return super().web_read(specification)

    @api.model
    def web_search_read(self, domain, *args, **kwargs):
        self = self.with_context(**{SNAPSHOT: self._all_known()})
        result = super().web_search_read(domain, *args, **kwargs)
        return {**result, **self._board_facts()}

    @api.model
    def web_read_group(self, domain, groupby, *args, **kwargs):
        self = self.with_context(**{SNAPSHOT: self._all_known()})
        result = super().web_read_group(domain, groupby, *args, **kwargs)
        if groupby[0] == "state":
            result["groups"].sort(key=lambda group: STATE_ORDER.index(group["state"]))
        return {**result, **self._board_facts()}

    def _board_facts(self):
        return {
            "ihub_summary": self.board_summary(),
            "ihub_notice": self._board_notice(),
            "ihub_answers": self._board_answers(),
        }

    @api.model
    def _board_notice(self):
        """Return what holds for all integrations and is said once, or False."""
        # As superuser: whether this is a copy is no secret, but the parameter is administrators'.
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return self.env._(
                "This is a copy of a database: nothing starts automatically here. Press Start on "
                "what you want to try in this copy."
            )
        if not self._all_known().is_at_home:
            return self.env._(
                "This database was copied or moved, and nothing runs here until a manager of the "
                "Integration Hub says which. If it was copied, the original goes on by itself: "
                "both would do the same work."
            )
        return not self._all_known().is_served and card_text.unserved_text(self)

    @api.model
    def _board_answers(self):
        """Return the buttons beside it, each with method, label, and what it asks first."""
        is_asked = not self._all_known().is_at_home
        if not is_asked or not self.env.user.has_group("ihub.group_manager"):
            return []
        return [
            [
                "action_is_copy",
                self.env._("It Was Copied: Stop All, Delete Secrets"),
                self.env._(
                    "All integrations of this database are stopped, and their passwords and keys "
                    "are deleted here. The original is not affected."
                ),
            ],
            [
                "action_is_original",
                self.env._("It Was Moved: Run Here"),
                self.env._(
                    "All integrations that are on run here from now on. Make sure that nothing "
                    "runs in the old database any more, or both will do the same work."
                ),
            ],
        ]

    @api.model
    @of_primary
    def board_summary(self):
        """Return how many of the integrations that the user sees are doing how.

        The board gets it along with its cards, as ``ihub_summary``.

        :return: ``{health: number}`` of those that there are, such as ``{"failed": 2, "ok": 40}``
        :raise AccessError: when the user is not of the hub
        """
        self._operable()
        known = self._all_known().values()
        return dict(Counter(word for facts, word in known if facts.active))

    @api.model
    @of_primary
    def metrics(self):
        """Return figures for monitoring, of all integrations that the user sees.

        :return: text as Prometheus reads it; ``/ihub/metrics`` serves it
        :raise AccessError: when the user is not of the hub
        """
        self._operable()
        known = self._all_known()
        integrations = self.with_context(**{SNAPSHOT: known}).search(Domain.TRUE)
        waiting = Sample(EVENTS_WAITING, event_buffer.waiting(self.env.cr.dbname))
        return exposition([*samples_of(integrations, known), waiting])

    @api.model
    @of_primary
    def check_health(self):
        """Return whether the hub does its work, in a word, and how its integrations are.

        :return: ``{"status": "pass"}`` and ``integrations``, as :meth:`board_summary` has it.
            ``fail``: nothing takes up what is due; ``warn``: an integration needs somebody
        :raise AccessError: when the user is not of the hub
        """
        known = self._all_known()
        integrations = self.with_context(**{SNAPSHOT: known}).board_summary()
        is_fine = {HEALTH[word].severity for word in integrations}.isdisjoint(NEEDS_SOMEBODY)
        if not known.is_served or "no_worker" in integrations:
            return {"status": "fail", "integrations": integrations}
        return {"status": "pass" if is_fine else "warn", "integrations": integrations}

    # --- Runs and events ---

    @ormcache()
    def _fields_of_work(self):
        """Return the names of the fields whose methods are marked with ``of_work``."""
        methods = {
            name: getattr(type(self), str(f.compute), None) for name, f in self._fields.items()
        }
        return [name for name, compute in methods.items() if hasattr(compute, "is_of_work")]

    def _forget_work(self):
        """Have what was found out about runs and items found out anew; called when they change."""
        names = [n for n in self._fields_of_work() if is_cached(self._fields[n], self.env)]
        if names:
            self.invalidate_recordset(names, flush=False)
            self.modified(names)

    @api.depends("is_executing", "current_run_id")
    def _compute_progress(self):
        self.progress = False
        for integration in self.filtered("is_executing"):
            # Whoever sees an integration sees how far it is, whatever rules runs have.
            integration.progress = integration.current_run_id.sudo()._percent()

    @of_work
    def _compute_last_run(self):
        ended = recent.last_runs(self)
        for integration in self:
            (
                integration.last_run_id,
                integration.last_run_state,
                integration.last_run_date,
            ) = ended.get(integration._origin.id, (False,) * 3)

    @of_work
    def _compute_last_success(self):
        done = recent.last_successes(self)
        for integration in self:
            integration.last_success_date = done.get(integration._origin.id, False)

    @of_work
    def _compute_run_count(self):
        # As many as the list shows that opens: the one that is planned is none yet.
        is_there = Domain("state", "!=", "pending") | Domain("trigger", "!=", "schedule")
        groups = self.env["ihub.run"]._read_group(
            Domain("integration_id", "in", self.ids) & is_there, ["integration_id"], ["__count"]
        )
        counts = {integration.id: count for integration, count in groups}
        for integration in self:
            integration.run_count = counts.get(integration.id, 0)

    def _compute_event_counts(self):
        self.warning_count = self.error_count = 0
        today, levels = start_of_today(self), ("warning", "error")
        for id_, level, count in recent.events_since(self, today, levels):
            self.browse(id_)[f"{level}_count"] = count

    @api.depends_context("lang", "tz")
    @of_work
    def _compute_run_strip(self):
        strips = recent.run_strips(self)
        for integration in self:
            integration.run_strip = strips.get(integration._origin.id, False)

    # --- What to press, and what it says ---

    @api.depends(
        "active",
        "health",
        "runs_on_schedule",
        "has_webhook",
        "current_run_id",
        "queued_count",
        "is_stopping",
    )
    @api.depends_context("uid")
    def _compute_buttons(self):
        known = self._known()
        for integration in self:
            facts = known.facts_of(integration) or Facts(integration.state)
            is_running = integration.state == "running"
            run = integration.current_run_id
            integration.can_edit_schedule = not is_running and not run
            is_served = is_running and facts.has_cron and not facts.is_ahead
            integration.can_start = (
                integration.active and integration._can_be_on() and not is_served
            )
            is_busy = (run and not integration.is_stopping) or integration.queued_count
            integration.can_stop = is_running or bool(is_busy)
            integration.next_step = integration._next_step(facts)

    @api.depends("health")
    def _compute_trouble(self):
        known = self._known()
        # Most have none, which is set for all together.
        self.can_dismiss = self.can_open_error = False
        for integration in self:
            if integration.health in ("run_failed", "with_errors"):
                integration.can_dismiss = True
            facts = known.facts_of(integration)
            if facts and integration._error_run_id(facts):
                integration.can_open_error = True

    def _next_step(self, facts):
        """Return which of the steps is the one to take now, or False.

        :param Facts facts: of this integration
        """
        step = self._step_to_correct(facts)
        if step:
            return step if self._may_correct(step) else "open"
        step = HEALTH[self.health].next_step
        if not self.active and step in RUNS:
            return False
        if self._technical_line():
            return "report"
        if step == "retry" and facts.executing_since:
            return "watch"
        if self.health == "no_worker" and facts.has_cron:
            # Only whoever looks after the server can do something.
            return False
        # As superuser: a rule may hide the run from who reads the card.
        if step == "run_again" and self.sudo().failed_run_id.trigger == "items":
            return "repair" if facts.to_repair else "dismiss"
        if step == "run_again" and not self.runs_manually:
            return "open"
        if step == "start" and not self.can_start:
            return "run" if self.runs_manually and not self.runs_on_schedule else False
        return step or False

    def _step_to_correct(self, facts):
        """Return the step that leads to a setting which keeps it from working, or False."""
        if self.health == "blocked":
            # As superuser: crons, users and companies belong to administrators. And the schedule
            # can be changed only while it is stopped.
            step, __ = self.sudo()._preflight()
            return "stop" if step == "schedule" and not self.can_edit_schedule else step
        if facts.blames_settings and self.health in ("failed", "run_failed"):
            return not self._has_corrected_settings() and "settings"
        return False

    def _may_correct(self, step):
        """Return whether the user may do what only managers do, as far as ``step`` does that."""
        if step == "settings":
            # As superuser: only whether it is there. Who may change it is asked of the user.
            row = self.sudo()._existing_type_record().with_env(self.env)
            return (row or self).has_access("write")
        return step == "stop" or self.has_access("write")

    def _has_corrected_settings(self):
        """Return whether somebody has saved the settings since what blames them has failed."""
        failed = self._error_run().sudo().ended_at or self.state_date
        changed = self.sudo()._existing_type_record().write_date
        # Runs end in whole seconds; a settings row remembers more.
        return bool(changed and failed and changed.replace(microsecond=0) > failed)

    def _waits_for_manager(self):
        """Return whether what keeps it from working is for others to correct."""
        facts = self._known().facts_of(self)
        return bool(facts and self.next_step == "open" and self._step_to_correct(facts))

    def _error_run(self):
        """Return the run that says what is wrong, or an empty set."""
        facts = self._known().facts_of(self)
        return self.env["ihub.run"].browse(facts and self._error_run_id(facts))

    def _error_run_id(self, facts):
        match self.health:
            case "run_failed" | "with_errors":
                return self.failed_run_id.id
            case "failed":
                return facts.last_failed_id
            case "late" | "retrying":
                return self.retry_run_id.id
        return None

    def action_next_step(self):
        """Do what the coloured button says, beside whatever is wrong.

        :return: what that button's own method returns; True where there is nothing to press
        """
        self.ensure_one()
        word = self._operable(sudo=False).next_step
        if notice := self._changed_meanwhile(word):
            return notice
        return getattr(self, STEPS[word].method)() if word else True

    def _changed_meanwhile(self, word):
        """Return what says that the coloured button has another meaning by now, or None.

        A screen may be a minute old, and to look at a run is not to stop it.

        :param word: the step that is next now, or False
        """
        if self.env.context.get("ihub_step", word) == word:
            return None
        return closing_notice(
            self.env._("This has changed in the meantime. Check again what to do now."),
            "warning",
            self.name,
        )

    def action_open(self):
        """Return the action that opens the page of this integration."""
        self.ensure_one()
        return page_of(self)

    def action_correct(self):
        """Return the dialog of the setting on this page without which it cannot run."""
        form = self.env.ref("ihub.ihub_integration_view_form_correct")
        title = dict(self._fields["next_step"]._description_selection(self.env))
        return dialog(
            self._name,
            title.get(self.next_step, self.name),
            res_id=self.id,
            views=[[form.id, "form"]],
            # What is chosen there changes what is next, and its fields must stay.
            context={"ihub_step": self.next_step},
        )

    @api.depends("current_run_id", "queued_count", "state", "stop_date")
    @api.depends_context("lang", "tz")
    def _compute_activity(self):
        self.activity = False
        for integration in self:
            if text := safe_text(integration, partial(card_text.activity, integration)):
                integration.activity = text

    @api.depends("health", "state_reason", "state_reason_code", "state_reason_values")
    @api.depends_context("lang", "tz")
    def _compute_problem(self):
        said_above = ("copy",) if self._known().is_served else ("copy", "no_worker")
        for word, integrations in self.grouped("health").items():
            integrations.is_said_above = word in said_above
            integrations.problem = False
            for integration in integrations if word in card_text.PROBLEMS else ():
                integration.problem = safe_text(
                    integration, partial(card_text.problem, integration)
                )

    @api.depends("health", "next_step", "state_reason", "state_reason_code")
    @api.depends_context("lang", "uid")
    def _compute_advice(self):
        for integration in self:
            integration.technical_line = integration._technical_line()
            integration.advice = safe_text(integration, partial(card_text.advice, integration))

    def _technical_line(self):
        if self.health == "run_failed":
            return self.failed_run_id.sudo().technical_line
        is_unexpected = self.health == "failed" and self.state_reason_code == "unexpected"
        return is_unexpected and self.state_reason

    # --- Reports ---

    @of_primary
    def coverage(self, date_from, date_to):
        """Return what has become of each moment of a period.

        :param date_from: start: a moment as ``ihub.core.moments.parse`` understands it
        :param date_to: end
        :return: a dictionary that JSON can carry; its ``segments`` tile the period, each with
            ``from``, ``to``, ``status`` (see ``ihub.core.coverage``), ``run_ids`` (empty: look
            them up by the period), ``exact`` (False: holds more than can be shown) and
            ``to_repair`` (number of items)
        :raise UserError: when the period is empty
        :raise AccessError: when the user may not operate this integration
        """
        self.ensure_one()
        integration = self._operable(sudo=False)
        start, end = integration._coverage_period(date_from, date_to)
        expected = coverage.expected_of(integration)
        pieces = coverage.segments_of(integration, start, end, expected)
        return {
            "from": fields.Datetime.to_string(start),
            "to": fields.Datetime.to_string(end),
            "now": fields.Datetime.to_string(expected.now),
            "beginning": fields.Datetime.to_string(expected.beginning),
            "complete_until": fields.Datetime.to_string(self.watermark),
            "tz": self.tz,
            "can_fill": self.active and self.runs_manually and self.takes_period,
            "segments": [coverage.as_json(piece) for piece in pieces],
        }

    @api.readonly
    def grid(self, date_from, date_to, columns):
        """Return what ran when, of any number of integrations, to be drawn beside each other.

        :param date_from: start: a moment as ``ihub.core.moments.parse`` understands it
        :param date_to: end
        :param int columns: how many bars can be told apart; what is nearer becomes one
        :return: a dictionary that JSON can carry: ``lanes``, a list of
            ``ihub.report.grid.Bar`` by the id of the integration, as text; ``outcomes``,
            ``[word, label, icon]`` of each. Integrations that are gone, or not the user's, are
            left out.
        :raise UserError: when the period is empty
        :raise AccessError: when the user is not of the hub
        """
        self.browse()._operable()
        start, end = self._coverage_period(date_from, date_to)
        seen = self.with_context(active_test=False).search([("id", "in", self.ids)])
        bars = grid.bars_of(seen, start, end, columns)
        outcome = self.env["ihub.run"]._fields["outcome"]
        return {
            "lanes": {str(id_): bars.get(id_, []) for id_ in seen.ids},
            "outcomes": [
                [word, label, outcome.looks[word][0]]
                for word, label in outcome._description_selection(self.env)
            ],
        }

    def action_fill(self, date_from, date_to):
        """Return the dialog of Run Manually for a period, cut at the windows of the schedule.

        :param date_from: start: a moment as ``ihub.core.moments.parse`` understands it
        :param date_to: end; what is in the future is left out
        :raise UserError: when this integration cannot be run for a period
        :raise AccessError: when the user may not operate it
        """
        self.ensure_one()
        integration = self._operable(sudo=False)
        if not integration.takes_period:
            raise UserError(
                self.env._("%(name)s does not take a period. Run it without one.", name=self.name)
            )
        integration.sudo()._check_manually_runnable(None, None)
        start, end = integration._coverage_period(date_from, date_to)
        action = integration.action_run_manually()
        action["context"] |= {
            "default_date_from": fields.Datetime.to_string(start),
            "default_date_to": fields.Datetime.to_string(min(end, fields.Datetime.now())),
            "default_split": integration.runs_on_schedule,
        }
        return action

    def action_open_runs_of(self, date_from, date_to):
        """Return the action that lists the runs whose windows touch a period.

        :param date_from: start: a moment as ``ihub.core.moments.parse`` understands it
        :param date_to: end
        """
        self.ensure_one()
        start, end = self._coverage_period(date_from, date_to)
        action = self.open_runs()
        action["domain"] += [("window_from", "<", end), ("window_to", ">", start)]
        return action

    def action_open_items_of(self, date_from, date_to):
        """Return the action that leads to what is to be repaired of a period.

        :param date_from: start: a moment as ``ihub.core.moments.parse`` understands it
        :param date_to: end
        """
        self.ensure_one()
        start, end = self._coverage_period(date_from, date_to)
        action = self._action_on_related("ihub.ihub_item_action_repair")
        action["domain"] += [
            ("state", "in", ("failed", "pending")),
            ("source_run_id.window_from", "<", end),
            ("source_run_id.window_to", ">", start),
        ]
        # Also those that are about to be tried again.
        action["context"] = {"search_default_by_cause": 1}
        return self.env["ihub.item"]._opened_at_once(action)

    def _coverage_period(self, date_from, date_to):
        try:
            start, end = moment(self.env, date_from), moment(self.env, date_to)
        except ValidationError as error:
            text = self.env._("The period is empty: %(reason)s", reason=error.args[0])
            raise UserError(text) from error
        if not start or not end or start >= end:
            raise UserError(self.env._("The period is empty. Choose a start before its end."))
        return start, end

    @api.readonly
    def history(self):
        """Return the figures of the last runs, oldest first.

        :return: a dictionary that JSON can carry: ``runs`` with ``id``, ``state``, ``ended``
            (naive UTC), ``duration`` (seconds) and ``processed``; ``days`` of the user's calendar
            with ``day`` and the number of runs per outcome
        :raise AccessError: when the user may not operate this integration
        """
        self.ensure_one()
        integration = self._operable(sudo=False)
        return {"runs": history.runs_of(integration), "days": history.days_of(integration)}

    def action_open_history(self):
        """Return the action that shows the runs of this integration as a graph."""
        self.ensure_one()
        action = self.open_runs()
        action["views"] = [[False, "graph"], [False, "pivot"], [False, "list"], [False, "form"]]
        action["domain"] += [("state", "not in", ("pending", "running")), ("skipped", "=", False)]
        action["context"] |= {"graph_measure": "duration", "graph_groupbys": ["started_at:day"]}
        return action
