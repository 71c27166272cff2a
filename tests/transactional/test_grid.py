"""The grid of windows stays where it is, unless the interval changes or somebody moves it."""

import csv
import io

import pytest
from freezegun import freeze_time
from hub_case import DEMO, HubCase, at
from odoo.exceptions import UserError, ValidationError

SCHEDULE = ("interval_number", "interval_type", "time_of_day", "tz", "window_from", "counted_from")


@pytest.mark.slow
@freeze_time("2025-03-19 11:30")
class TestGrid(HubCase):
    """A Wednesday."""

    def thursdays(self, complete=True, **values):
        """Add an integration that runs weekly on Thursdays; return it as the manager sees it."""
        integration = self.add(
            interval_type="weeks", time_of_day=8, window_from=at("2025-03-06 08:00"), **values
        )
        if complete:
            integration.start()
            self.work(integration)
            integration.stop()
        return integration.with_user(self.manager)

    def of_months(self):
        """Add an integration whose months end on their last day."""
        integration = self.add(interval_type="months", window_from=at("2025-01-31 00:00"))
        return integration.with_user(self.manager)

    def of_months_at_a_third_of_an_hour(self):
        integration = self.of_months()
        # What a file says in decimals is rounded.
        integration.write({"time_of_day": 8 + 20 / 60})
        return integration

    def row(self, integration):
        """Return the integration's row of its type, as the manager sees it."""
        return integration._type_record()

    def ends(self, integration, number=3):
        """Return where the next windows end."""
        schedule, moment, ends = integration.sudo()._schedule(), integration.window_from, []
        for _each in range(number):
            moment = schedule.boundary_after(moment)
            ends.append(moment)
        return ends

    def notes(self, integration):
        return "".join(m.body or "" for m in integration.sudo().message_ids)

    # --- What is written as it is already ---

    def routes(self, integration):
        """Yield name and function of each way to write what is there already."""
        given = {name: integration[name] for name in SCHEDULE}
        yield "write", lambda: integration.write(dict(given))
        yield "one by one", lambda: [integration.write({n: v}) for n, v in given.items()]
        yield "the type's row", lambda: self.row(integration).write(dict(given))
        yield "web_save", lambda: integration.web_save(self.as_client(integration), {"name": {}})
        yield "load", lambda: self.load(integration)

    def as_client(self, integration):
        read = integration.web_read({name: {} for name in SCHEDULE})[0]
        return {name: read[name] for name in SCHEDULE}

    def load(self, integration):
        """Export a file and import it again as it is, with all that a file rounds."""
        paths = ["id", *SCHEDULE]
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        rows = integration.export_data(paths)["datas"]
        file = io.StringIO()
        csv.writer(file).writerows(rows)
        again = list(csv.reader(io.StringIO(file.getvalue())))
        result = integration.browse().load(paths, again)
        self.assertFalse(result["messages"])

    def test_an_equal_value_changes_nothing_on_any_route(self):
        for build in (self.thursdays, self.of_months, self.of_months_at_a_third_of_an_hour):
            integration = build()
            before = (integration.window_to, integration.counted_from, self.ends(integration))
            said = self.notes(integration)
            for name, write in self.routes(integration):
                with self.subTest(name, build=build.__name__):
                    write()
                    self.env.flush_all()
                    self.env.invalidate_all()
                    after = (
                        integration.window_to,
                        integration.counted_from,
                        self.ends(integration),
                    )
                    self.assertEqual(after, before)
                    self.assertEqual(self.notes(integration), said)

    def test_an_equal_value_forgets_no_attempt(self):
        integration = self.thursdays()
        scheduled = self.runs(integration, state="pending").sudo()
        scheduled.write(
            {"attempt": 2, "message": "Busy.", "first_message": "Busy.", "processed": 7}
        )
        for name in SCHEDULE:
            integration.write({name: integration[name]})
        self.assertEqual(
            (scheduled.attempt, scheduled.message, scheduled.processed), (2, "Busy.", 7)
        )

    def test_an_equal_value_is_allowed_while_it_runs(self):
        integration = self.thursdays()
        integration.start()
        integration.write({name: integration[name] for name in SCHEDULE})
        with self.assertRaisesRegex(UserError, "Press Stop"):
            integration.write({**{n: integration[n] for n in SCHEDULE}, "time_of_day": 9})

    # --- Copies ---

    def test_a_copy_runs_on_the_same_days(self):
        for integration in (self.thursdays(), self.of_months()):
            for copy in (integration.copy(), self.row(integration).copy().integration_id):
                self.assertEqual(copy.counted_from, integration.counted_from)
                self.assertLessEqual(copy.window_from, at("2025-03-19 11:30"))
                self.assertGreater(copy.window_to, at("2025-03-19 11:30"), "It begins now.")
                self.assertTrue(integration.sudo()._is_on_grid(copy.window_from))

    # --- What is no other interval ---

    def test_another_time_of_day_keeps_the_day(self):
        integration = self.thursdays()
        integration.time_of_day = 17.5
        self.assertEqual(self.ends(integration, 1), [at("2025-03-13 17:30")])
        self.assertEqual(integration.window_from, at("2025-03-13 08:00"))

    def test_another_time_zone_keeps_the_day_there(self):
        integration = self.thursdays(complete=False)
        integration.write({"time_of_day": 0, "window_from": at("2025-03-06 00:00")})
        for tz, expected in (
            ("America/New_York", "2025-03-13 04:00"),
            ("Pacific/Auckland", "2025-03-12 11:00"),
            ("UTC", "2025-03-13 00:00"),
        ):
            integration.tz = tz
            self.assertIn(at(expected), self.ends(integration))
        months = self.of_months()
        months.tz = "America/Los_Angeles"
        self.assertEqual(self.ends(months)[-1], at("2025-03-31 07:00"))

    def test_another_time_zone_is_nothing_to_minutes_and_hours(self):
        integration = self.add(interval_number=6, window_from=at("2025-03-19 03:00"))
        before = self.ends(integration)
        integration.with_user(self.manager).tz = "Asia/Kolkata"
        self.assertEqual(self.ends(integration), before)

    def test_a_start_on_the_grid_keeps_it(self):
        integration = self.of_months()
        integration.window_from = at("2025-02-28 00:00")
        self.assertEqual(
            self.ends(integration, 2), [at("2025-03-31 00:00"), at("2025-04-30 00:00")]
        )

    def test_doing_again_does_not_move_the_grid(self):
        integration = self.thursdays()
        integration.window_from = at("2025-03-04 14:37")
        self.assertEqual(
            self.ends(integration, 2), [at("2025-03-06 08:00"), at("2025-03-13 08:00")]
        )

    # --- What moves it ---

    def test_another_interval_moves_it(self):
        integration = self.thursdays()
        integration.interval_type = "days"
        integration.interval_type = "weeks"
        self.assertEqual(integration.counted_from, at("2025-03-17 08:00"), "A Monday.")

    def test_it_can_be_set_back_when_something_is_complete(self):
        integration = self.thursdays()
        integration.write({"interval_type": "days", "interval_number": 2})
        integration.write({"interval_type": "weeks", "interval_number": 1})
        watermark = integration.watermark
        integration.counted_from = at("2025-03-13 08:00")
        self.assertEqual(integration.window_from, watermark, "No gap, no overlap.")
        self.assertEqual(self.ends(integration, 1), [at("2025-03-20 08:00")])
        self.assertIn("Periods are counted from", self.notes(integration))

    def test_the_31st_can_be_set_back(self):
        integration = self.of_months()
        integration.interval_number = 2
        integration.interval_number = 1
        integration.counted_from = at("2024-12-31 00:00")
        self.assertEqual(
            self.ends(integration),
            [at("2025-02-28 00:00"), at("2025-03-31 00:00"), at("2025-04-30 00:00")],
        )

    def test_what_is_said_wins_over_a_new_interval_in_any_order(self):
        values = {"counted_from": at("2025-03-13 08:00"), "interval_type": "weeks"}
        for write in (lambda i: i.write(values), lambda i: self.row(i).write(values)):
            integration = self.add(interval_type="days", time_of_day=8).with_user(self.manager)
            write(integration)
            self.assertEqual(integration.counted_from, at("2025-03-13 08:00"))

    def test_it_cannot_be_moved_under_a_run(self):
        integration = self.thursdays()
        integration.start()
        with self.assertRaisesRegex(UserError, "Press Stop"):
            integration.counted_from = at("2025-03-12 08:00")

    def test_windows_tile_the_time_line_whatever_is_edited(self):
        integration = self.thursdays()
        for values in (
            {"counted_from": at("2025-03-10 08:00")},
            {"tz": "Asia/Tokyo"},
            {"time_of_day": 3},
            {"interval_type": "days"},
            {"counted_from": at("2001-01-01 10:10"), "interval_number": 2},
        ):
            integration.write(values)
            integration.start()
            self.work(integration)
            integration.stop()
        done = self.runs(integration, state="done").sorted("window_from")
        for before, after in zip(done, done[1:], strict=False):
            self.assertEqual(before.window_to, after.window_from)
        self.assertGreater(len(done), 2)

    def test_the_form_shows_what_saving_does(self):
        for values in (
            {"interval_type": "months"},
            {"tz": "Pacific/Auckland"},
            {"time_of_day": 3.5},
            {"counted_from": at("2025-03-11 08:00")},
            {"window_from": at("2025-03-04 10:00")},
            {"window_from": at("2025-03-04 10:00"), "interval_number": 3},
        ):
            for complete in (True, False):
                integration = self.thursdays(complete)
                edited = integration.new(values, origin=integration)
                with self.subTest(values=values, complete=complete):
                    shown = edited.counted_from, edited.schedule_preview
                    integration.write(values)
                    self.env.invalidate_all()
                    self.assertEqual(
                        shown, (integration.counted_from, integration.schedule_preview)
                    )

    def test_a_moment_of_nobody_is_refused(self):
        integration = self.thursdays()
        for value in ("0001-01-01 00:00:00", "9999-01-01 00:00:00"):
            with self.assertRaisesRegex(ValidationError, "between the years 1900 and 2199"):
                integration.counted_from = value

    def test_a_type_without_a_schedule_takes_any_of_it(self):
        self.patch(self.type_class(), "is_job", False)
        integration = self.add().with_user(self.manager)
        integration.write({"window_from": at("2025-03-01 00:00"), "tz": "Asia/Tokyo"})
        self.assertFalse(self.runs(integration))
        self.assertEqual(self.env[DEMO]._name, integration.integration_type)
