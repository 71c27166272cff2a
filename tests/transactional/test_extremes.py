"""Numbers and moments that nobody means: refused in a sentence, and no page breaks of them."""

import itertools
import re
import sys
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta, timezone
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from hub_case import DEMO, HubCase, at
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from odoo.addons.ihub.core.schedule import MAX_INTERVAL
from odoo.addons.ihub.engine.worker import Worker
from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub.report import card_text

pytestmark = pytest.mark.slow

INTEGERS = (-(2**63), -(2**31) - 1, -(2**31), -1, 0, 100_000, 2**31 - 1, 2**31, 2**63)
FLOATS = (float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 1e-308)
NO_NUMBERS = ("many", "9" * 5000, [], {"a": 1})
NOW = "2025-03-01 12:30"
MODELS = ("ihub.integration", DEMO)
# What need not be opened again when another number has come to the same.
STORED = (
    "SELECT (to_jsonb(i) - 'write_date')::text, (to_jsonb(d) - 'write_date')::text"
    "  FROM ihub_integration i JOIN ihub_integration_demo d ON d.integration_id = i.id"
    " WHERE i.id = %s"
)


class ExtremeCase(HubCase):
    def setUp(self):
        super().setUp()
        self.names = self.names_of_views(self.env["ihub.integration"].with_user(self.manager))

    def open_everything(self, integration):
        """Read what the board, the list, the page and the dialogs read; return the page's texts."""
        self.env.flush_all()
        self.env.invalidate_all()
        board = integration.with_user(self.manager).browse()
        # Not those of the demo, which have run for long.
        domain = [("id", "in", integration.ids)]
        board.web_search_read(domain, {name: {} for name in self.names})
        board.web_read_group(domain, ["state"])
        # The views of an operator have none of what only managers see.
        fields = integration._fields
        names = [n for n in self.names if integration._has_field_access(fields[n], "read")]
        (page,) = integration.web_read({name: {} for name in names})
        self.runs(integration).with_user(self.operator).mapped("display_name")
        Wizard = self.env["ihub.run.manually"].with_user(self.operator)
        dialog = Form(Wizard.with_context(default_integration_id=integration.id))
        page["dialog"] = dialog.preview
        for operation in ("start", "stop"):
            page[operation] = (
                self.env["ihub.integration.confirm"]
                .with_user(self.operator)
                .create({"integration_ids": integration.ids, "operation": operation})
                .preview
            )
        integration.coverage("2025-02-01 00:00:00", NOW + ":00")
        return page

    def names_of_views(self, board):
        """Return the fields that any view of integrations shows."""
        views = ["form", "kanban", "list", "search"]
        models = board.get_views([(False, kind) for kind in views])["models"]
        fields = models["ihub.integration"]["fields"]
        return [name for name in fields if name not in ("message_ids", "activity_ids")]

    @contextmanager
    def kept_apart(self):
        """Undo what the body of a ``with`` does."""
        with self.env.cr.savepoint() as savepoint:
            yield
            self.env.flush_all()
            savepoint.rollback()
        self.env.invalidate_all()


@freeze_time(NOW)
class TestNumbers(ExtremeCase):
    def numbers(self, name):
        """Return the fields that people may enter a number into."""
        return [
            field.name
            for field in self.env[name]._fields.values()
            if field.type in ("integer", "float", "monetary")
            and not field.readonly
            and field.name != "id"
            and (field.store or field.inherited)
        ]

    def test_there_are_numbers(self):
        names = set(self.numbers("ihub.integration"))
        self.assertLessEqual({"interval_number", "retry_growth", "keep_days_info"}, names)
        self.assertLessEqual(names, set(self.numbers(DEMO)))

    def setUp(self):
        super().setUp()
        self.opened = set()

    def test_every_number_is_refused_in_words_or_harmless(self):
        integration = self.add().with_user(self.manager)
        row = integration._type_record()
        # In turn, a number of values that is odd: each of them, and each field, comes to both.
        doors, values = itertools.cycle([integration, row]), (*INTEGERS, *FLOATS, *NO_NUMBERS)
        self.assertTrue(len(values) % 2)
        for name in self.numbers(DEMO):
            for value in values:
                door = next(doors)
                record = door if name in door._fields else row
                with self.subTest(model=record._name, name=name, value=str(value)[:30]):
                    self.assertHarmless(record, {name: value})

    def test_every_number_of_pools_and_dialogs_is_refused_in_words_or_harmless(self):
        given = {
            "ihub.pool": {"name": "Shop"},
            "ihub.webhook.secret": {"integration_id": self.add().id},
        }
        models = [self.env[name].with_user(self.manager) for name in self.env if "ihub." in name]
        own = [m for m in models if m._name not in MODELS and "ihub.integration" not in m._inherits]
        entered = {m._name for m in own if m.has_access("create") and self.numbers(m._name)}
        self.assertEqual(entered, set(given))
        for name, known in given.items():
            for number, value in itertools.product(
                self.numbers(name), (*INTEGERS, *FLOATS, *NO_NUMBERS)
            ):
                with self.subTest(model=name, name=number, value=str(value)[:30]):
                    self.assertStorable(name, {**known, number: value})

    def assertStorable(self, name, values):
        with self.kept_apart(), suppress(UserError, IntegrityError), self.env.cr.savepoint():
            self.env[name].with_user(self.manager).create(values)
            self.env.flush_all()

    def test_every_interval_of_every_unit(self):
        integration = self.add().with_user(self.manager)
        for unit, longest in MAX_INTERVAL.items():
            for number in (*INTEGERS, longest, longest + 1):
                with self.subTest(unit=unit, number=number):
                    values = {"interval_type": unit, "interval_number": number}
                    self.assertHarmless(integration, values)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def assertHarmless(self, record, values):
        with self.kept_apart():
            try:
                # As a request: what the database refuses becomes a sentence.
                with self.env.cr.savepoint():
                    record.write(values)
                    self.env.flush_all()
            except (UserError, IntegrityError):
                return
            integration = self.env["ihub.integration"].browse(
                record.id if record._name == "ihub.integration" else record.integration_id.id
            )
            self.env.cr.execute(STORED, (integration.id,))
            row = self.env.cr.fetchone()
            if row in self.opened:
                return
            self.opened.add(row)
            page = self.open_everything(integration.with_user(self.operator))
            self.assertNotIn("could not be generated", str(page))
            self.assertWorks(integration)

    def assertWorks(self, integration):
        """Assert that a run that fails waits for a while, and that old events can be deleted."""
        lane, now = integration.sudo(), at(NOW)
        window = lane._manual_window(now - timedelta(hours=3), now)
        run = self.env["ihub.run"].sudo()._enqueue(lane, "backfill", window)
        run.attempt = 3
        due = Worker(lane)._retry_at(run, RetryableError("Busy."), now)
        self.assertTrue(due is None or due <= now + timedelta(days=367))
        self.env["ihub.event"]._gc_expired()

    def test_also_when_it_is_created(self):
        for model in MODELS:
            for value in (2**31, 2**63, float("inf"), "many"):
                with (
                    self.subTest(model=model, value=value),
                    self.assertRaisesRegex(ValidationError, "cannot be stored as 'Retries'"),
                ):
                    self.env[DEMO].with_user(self.manager).create({"retry_limit": value})

    def test_the_sentence_says_how_long_an_interval_can_be(self):
        integration = self.add().with_user(self.manager)
        with self.assertRaisesRegex(ValidationError, r"between 1 and 120 \(Months\)"):
            integration.write({"interval_number": 100_000, "interval_type": "months"})
        with self.assertRaisesRegex(ValidationError, r"between 1 and 5256000 \(Minutes\)"):
            integration.write({"interval_number": 2**31 - 1, "interval_type": "minutes"})

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_what_the_database_refuses_is_a_sentence_for_a_person(self):
        integration = self.add().with_user(self.manager)
        for values, words in (
            ({"retry_limit": 2_000}, "0 to 1000 retries"),
            ({"keep_days_info": 99_999}, "0 to 36525 days"),
            ({"hang_limit": 9_999_999}, "between 0 and 525600 minutes"),
            ({"retry_growth": 1e300}, "1 to 1000 times as long"),
            ({"time_of_day": 24}, "between 00:00 and 23:59"),
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(IntegrityError) as caught,
                self.env.cr.savepoint(),
            ):
                integration.write(values)
                self.env.flush_all()
            self.assertIn(words, integration._sql_error_to_message(caught.exception))

    def test_an_unfinished_number_does_not_break_the_form(self):
        integration = self.add().with_user(self.manager)
        for values in ({"interval_number": 0}, {"interval_number": 10**9}, {"time_of_day": 99}):
            names = {name: {} for name in ("schedule_preview", "counted_from", "problem")}
            result = integration.onchange(values, list(values), names)
            self.assertNotIn("could not be generated", str(result))

    # --- Rows that are there already ---

    def test_rows_from_before_these_limits_open_and_say_what_to_correct(self):
        for constraint in self.env["ihub.integration"]._table_objects.values():
            if "CHECK" in constraint.get_definition(self.registry):
                name = constraint.full_name(self.env["ihub.integration"])
                self.env.cr.execute(
                    f'ALTER TABLE ihub_integration DROP CONSTRAINT IF EXISTS "{name}"'
                )
        model = self.env["ihub.integration"]
        integration = self.add()
        usual = integration.read(self.numbers("ihub.integration"))[0]
        self.env.flush_all()
        for name in self.numbers("ihub.integration"):
            is_float = model._fields[name].type == "float"
            for value in FLOATS if is_float else (-(2**31), -1, 0, 100_000, 2**31 - 1):
                with self.subTest(name=name, value=value), self.kept_apart():
                    self.env.cr.execute(
                        f"UPDATE ihub_integration SET {name} = %s WHERE id = %s",
                        (value, integration.id),
                    )
                    self.env.invalidate_all()
                    page = self.open_everything(integration)
                    self.assertNotIn("could not be generated", str(page))
                    self.assertCorrectable(integration, {name: usual[name]})

    def assertCorrectable(self, integration, usual):
        manager = integration.with_user(self.manager)
        manager.name = "Renamed"
        manager.write(usual)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(integration.health, "created")
        self.assertWorks(integration)

    def test_an_interval_from_before_says_what_to_correct(self):
        integration = self.add()
        integration.start()
        query = "UPDATE ihub_integration SET interval_number = %s, interval_type = %s WHERE id = %s"
        for number, unit, limit in ((100_000, "months", 120), (2**31 - 1, "minutes", 5_256_000)):
            self.env.cr.execute(query, (number, unit, integration.id))
            self.env.invalidate_all()
            words = f"must be between 1 and {limit} ({unit.title()})"
            self.assertIn(words, integration.problem)
            self.assertIn(words, integration.schedule_preview)
            self.assertEqual(integration.health, "blocked")
            with self.assertRaisesRegex(UserError, re.escape(words)):
                integration.run_manually()
            with self.assertRaisesRegex(UserError, re.escape(words)):
                integration.stop()
                integration.start()
        integration.with_user(self.manager).write({"interval_number": 1, "interval_type": "hours"})
        integration.start()

    def test_days_to_keep_that_no_database_can_reckon(self):
        for value in ("99999999999", "9" * 300):
            self.env["ir.config_parameter"].sudo().set_param("ihub.keep_info_days", value)
            self.env["ir.config_parameter"].sudo().set_param("ihub.keep_run_days", value)
            self.assertEqual(self.env["ihub.event"]._gc_expired(), (0, 0))
            self.env["ihub.run"]._gc_old_runs()


@freeze_time(NOW)
class TestMoments(ExtremeCase):
    NO_MOMENTS = ("abc", 5, 0, True, [], {}, "2025-13-01", b"2025-02-01")
    FAR_AWAY = ("0001-01-01 00:00:00", "9999-12-31T23:59:59Z", datetime.min, datetime.max)

    def doors(self):
        """Yield each public way to give a moment, as a function of it."""
        integration = self.add()
        end = "2025-02-01 00:00:00"
        wizards = self.env["ihub.run.manually"].with_user(self.operator)
        dialog = wizards.create({"integration_id": integration.id})
        manager = integration.with_user(self.manager)
        yield lambda moment: integration.run_manually(moment, end)
        yield lambda moment: integration.run_manually("2024-01-01 00:00:00", moment)
        yield lambda moment: integration.coverage(moment, end)
        yield lambda moment: integration.coverage("2024-01-01 00:00:00", moment)
        yield lambda moment: integration.action_fill(moment, end)
        yield lambda moment: integration.action_open_runs_of(moment, end)
        yield lambda moment: dialog.write({"date_from": moment})
        yield lambda moment: wizards.create({"integration_id": integration.id, "date_to": moment})
        yield lambda moment: manager.write({"window_from": moment})
        yield lambda moment: manager.write({"counted_from": moment})
        yield lambda moment: self.add(window_from=moment)

    def test_iso_is_understood_at_every_door(self):
        for number, door in enumerate(self.doors()):
            for moment in (
                "2025-01-15T06:00:00Z",
                "2025-01-15T08:00:00+02:00",
                "2025-01-15",
                date(2025, 1, 15),
                datetime(2025, 1, 15, 6, tzinfo=timezone.utc),
            ):
                with self.subTest(door=number, moment=moment):
                    door(moment)

    def test_an_offset_counts(self):
        integration = self.add()
        run = integration.run_manually("2025-01-15T08:00:00+02:00", "2025-01-15T12:00:00Z")
        self.assertEqual(run.window_from, at("2025-01-15 06:00"))
        self.assertEqual(run.window_to, at("2025-01-15 12:00"))
        integration.with_user(self.manager).write({"window_from": "2025-01-15T08:00:00+02:00"})
        self.assertEqual(integration.window_from, at("2025-01-15 06:00"))

    def test_the_rest_is_refused_in_one_sentence_at_every_door(self):
        for number, door in enumerate(self.doors()):
            for moment in self.NO_MOMENTS:
                words = "is not a date and time"
                with (
                    self.subTest(door=number, moment=moment),
                    self.assertRaisesRegex(UserError, words),
                ):
                    door(moment)

    def test_moments_of_nobody_are_refused_at_every_door(self):
        for number, door in enumerate(self.doors()):
            for moment in self.FAR_AWAY:
                words = "between the years 1900 and 2199"
                with (
                    self.subTest(door=number, moment=moment),
                    self.assertRaisesRegex(UserError, words),
                ):
                    door(moment)

    def test_swapped(self):
        with self.assertRaisesRegex(UserError, "not before its end"):
            self.add().run_manually("2025-02-02", "2025-02-01T00:00:00Z")

    def test_the_dialog_shows_what_is_wrong_with_a_moment(self):
        integration = self.add().with_user(self.manager)
        Wizard = self.env["ihub.run.manually"].with_user(self.operator)
        dialog = Wizard.new(
            {"integration_id": integration.id, "date_from": datetime(1, 1, 1), "split": True}
        )
        self.assertIn("between the years 1900 and 2199", dialog.preview)
        integration.start()
        self.work(integration)
        integration.stop()


@freeze_time(NOW)
class TestTextsThatFail(ExtremeCase):
    """Whatever is behind a text may fail: the page opens all the same."""

    def breakable(self):
        """Return where the functions that make texts are, derived, so that none is missed."""
        Integration = self.registry["ihub.integration"]
        hub = [
            name
            for name in dir(Integration)
            if (getattr(getattr(Integration, name), "__module__", None) or "").startswith(
                "odoo.addons.ihub."
            )
        ]
        texts = [(Integration, name) for name in hub if name.endswith(("_text", "_lines"))]
        moments = [
            (module, name)
            for path, module in sys.modules.items()
            if path.startswith(("odoo.addons.ihub.models.", "odoo.addons.ihub.report.card_text"))
            for name in ("local_moment", "local_period", "stated_moment")
            if hasattr(module, name)
        ]
        card = [(card_text, name) for name in dir(card_text) if name.endswith("_text")]
        card += [(card_text, "activity"), (card_text, "problem")]
        return [*texts, (Integration, "_plan_ahead"), *card, *moments]

    @mute_logger("odoo.addons.ihub.report.format")
    def test_no_page_breaks(self):
        def broken(*args, **kwargs):
            raise OverflowError("date value out of range")

        integration = self.add(window_from=at("2025-03-01 02:00"), catch_up="each")
        integration.start()
        integration.run_manually()
        places = self.breakable()
        names = {name for __, name in places}
        self.assertLessEqual({"local_period", "_plan_lines", "_backlog_text"}, names)
        for place, name in places:
            with self.subTest(f"{place.__name__}.{name}"), patch.object(place, name, broken):
                self.open_everything(integration)

    @mute_logger("odoo.addons.ihub.report.format")
    def test_it_says_so_instead(self):
        integration = self.add()
        with patch.object(self.registry["ihub.integration"], "_plan_ahead", side_effect=KeyError):
            self.assertIn("could not be generated", integration.schedule_preview)
