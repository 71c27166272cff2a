"""The runs of many integrations beside each other, as the screen asks for them."""

import json
from datetime import timedelta

from coverage_case import CoverageCase
from hub_case import DEMO, at
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw

# Before the window that is next.
START, END = "2025-03-01 08:00", "2025-03-01 12:00"
HOURS = 4


class GridCase(CoverageCase):
    def ask(self, integrations, columns=HOURS * 4, start=START, end=END):
        """Ask as the web client does; return what it gets."""
        period = [f"{start}:00", f"{end}:00", columns]
        answer = call_kw(integrations.browse(), "grid", [integrations.ids, *period], {})
        return json.loads(json.dumps(answer))

    def lane(self, integration, **options):
        """Return the bars of one as ``(first hour, last hour, outcome, count)``."""
        bars = self.ask(integration, **options)["lanes"][str(integration.id)]
        return [(8 + bar[0] / 3600, 8 + bar[1] / 3600, bar[2], bar[3]) for bar in bars]


class TestRunGrid(GridCase):
    def test_each_window_is_a_bar_with_its_outcome(self):
        integration = self.add(window_from=at("2025-03-01 08:00"), catch_up="each")
        integration.start()
        with self.running_as(lambda this, _from, _to: this.fail() if _from.hour == 10 else None):
            self.work(integration)
        self.assertEqual(
            self.lane(integration),
            # The last is also queued again, for when somebody presses Start.
            [(8, 9, "done", 1), (9, 10, "done", 1), (10, 11, "failed", 1)],
        )

    def test_a_bar_knows_its_run_and_how_long_it_took(self):
        integration = self.add()
        run = self.record(
            integration, "2025-03-01 09:00", "2025-03-01 10:00", "done",
            started_at=at("2025-03-01 10:00"), ended_at=at("2025-03-01 10:05"),
        )  # fmt: skip
        lanes = self.ask(integration)["lanes"]
        self.assertEqual(lanes, {str(integration.id): [[3600.0, 7200.0, "done", 1, 300.0, run.id]]})

    def test_what_is_at_work_takes_as_long_as_until_now(self):
        integration = self.add()
        self.record(
            integration, "2025-03-01 09:00", "2025-03-01 10:00", "running",
            started_at=at("2025-03-01 12:20"), ended_at=False, due=at("2025-03-01 12:20"),
        )  # fmt: skip
        (bar,) = self.ask(integration)["lanes"][str(integration.id)]
        self.assertEqual((bar[2], bar[4]), ("running", 600))

    def test_what_will_be_tried_again_has_failed(self):
        integration = self.add(window_from=at("2025-03-01 09:00"))
        # The next window of what is off waits for Start, and is nothing to be shown.
        self.assertEqual(self.lane(integration), [])
        integration.start()
        self.assertEqual(self.lane(integration), [(9, 10, "pending", 1)])
        ended = {"attempt": 1, "message": "Busy.", "ended_at": at("2025-03-01 10:05")}
        self.runs(integration).sudo().write(ended)
        self.assertEqual(self.lane(integration), [(9, 10, "failed", 1)])

    def test_windows_that_are_too_short_become_one_bar_with_the_worst_outcome(self):
        integration = self.add()
        for minute in range(60):
            start = at("2025-03-01 09:00") + timedelta(minutes=minute)
            state = "failed" if minute == 20 else "done"
            self.record(integration, start, start + timedelta(minutes=1), state)
        self.assertEqual(
            self.lane(integration),
            [
                (9, 9.25, "done", 15),
                (9.25, 9.5, "failed", 15),
                (9.5, 9.75, "done", 15),
                (9.75, 10, "done", 15),
            ],
        )

    def test_no_number_of_runs_makes_more_bars_than_columns(self):
        integration = self.add()
        for minute in range(240):
            start = at(START) + timedelta(minutes=minute)
            self.record(integration, start, start + timedelta(minutes=1))
        for columns, most in ((10, 10), (1, 1), (0, 1), (-5, 1)):
            bars = self.lane(integration, columns=columns)
            self.assertEqual(len(bars), most)
            self.assertEqual(sum(bar[3] for bar in bars), 240)
        self.assertEqual(len(self.lane(integration, columns=10**9)), 240)

    def test_a_later_run_of_the_window_is_what_counts(self):
        integration = self.add()
        window = ("2025-03-01 09:00", "2025-03-01 10:00")
        self.record(integration, *window, "failed")
        self.record(integration, *window, "interrupted")
        self.assertEqual(self.lane(integration), [(9, 10, "interrupted", 1)])
        self.record(integration, *window, "done")
        self.record(integration, *window, "cancelled")
        self.assertEqual(self.lane(integration), [(9, 10, "done", 1)])
        self.record(integration, *window, "failed")
        self.assertEqual(self.lane(integration), [(9, 10, "failed", 2)])

    def test_what_a_longer_run_has_made_up_for_is_not_red_any_more(self):
        integration = self.add()
        self.record(integration, "2025-03-01 09:00", "2025-03-01 12:00")
        self.record(integration, "2025-03-01 10:00", "2025-03-01 11:00", "failed")
        self.assertIn((10, 11, "failed", 1), self.lane(integration))
        self.record(integration, "2025-03-01 10:00", "2025-03-01 12:00")
        self.assertEqual(self.lane(integration), [(9, 12, "done", 1), (10, 12, "done", 1)])

    def test_what_was_skipped_after_it_was_done_is_done(self):
        integration = self.add()
        skipped = {"state": "cancelled", "skipped": True}
        self.record(integration, "2025-03-01 09:00", "2025-03-01 10:00")
        self.record(integration, "2025-03-01 09:00", "2025-03-01 10:00", **skipped)
        done = [(9, 10, "done", 1)]
        self.assertEqual(self.lane(integration), done)
        # Of several windows, more of them than are looked at.
        self.record(integration, "2025-03-01 10:00", "2025-03-01 11:00", with_errors=True)
        self.record(integration, "2025-03-01 11:00", "2025-03-01 12:00")
        self.record(integration, "2025-03-01 10:00", "2025-03-01 20:00", **skipped)
        done += [(10, 11, "with_errors", 1), (11, 12, "done", 1)]
        self.assertEqual(self.lane(integration), done)
        self.record(integration, "2025-03-01 08:30", "2025-03-01 10:00", **skipped)
        self.assertEqual(self.lane(integration), [(8.5, 10, "skipped", 1), *done])

    def test_what_was_cancelled_by_stop_is_not_queued(self):
        integration = self.add()
        run = self.record(integration, "2025-03-01 09:00", "2025-03-01 10:00", "pending")
        self.assertEqual(self.lane(integration), [(9, 10, "pending", 1)])
        integration.sudo().stop_before_id = run.id
        self.env.flush_all()
        self.assertEqual(self.lane(integration), [])

    def test_only_what_touches_the_period(self):
        integration = self.add()
        self.record(integration, "2025-03-01 07:00", "2025-03-01 08:00")
        self.record(integration, "2025-03-01 07:30", "2025-03-01 08:30")
        self.record(integration, "2025-03-01 12:00", "2025-03-01 12:15")
        self.assertEqual(self.lane(integration), [(7.5, 8.5, "done", 1)])

    def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(self):
        """Bars are seconds of real time, whatever the zones of reader and integration."""
        integration = self.add(tz="Europe/Berlin")
        self.record(integration, "2024-03-30 23:00", "2024-03-31 22:00")
        asked = {"start": "2024-03-30 23:00", "end": "2024-03-31 23:00"}
        for tz in ("Europe/Berlin", "Asia/Kolkata", "UTC"):
            (lane,) = self.ask(integration.with_context(tz=tz), **asked)["lanes"].values()
            self.assertEqual([bar[:2] for bar in lane], [[0, 23 * 3600]])

    def test_every_outcome_has_a_word_and_an_icon(self):
        integration = self.add()
        outcomes = self.ask(integration)["outcomes"]
        self.assertIn(["done", "Done", "fa-check"], outcomes)
        self.assertIn(["with_errors", "With Errors", "fa-exclamation-circle"], outcomes)

    def test_an_empty_period_is_refused(self):
        with self.assertRaisesRegex(UserError, "The period is empty"):
            self.add().grid(f"{END}:00", f"{START}:00", 10)


class TestGridQueries(GridCase):
    def cost(self, integrations):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.ask(integrations)
        return self.env.cr.sql_log_count - before

    def test_the_number_of_queries_does_not_depend_on_integrations_or_runs(self):
        one = self.add()
        few = self.cost(one)
        all_ = one
        for number in range(6):
            other = self.add(name=f"Other {number}")
            all_ += other
            for hour in range(8, 12):
                state = "failed" if hour == 9 else "done"
                self.record(other, f"2025-03-01 {hour:02}:00", f"2025-03-01 {hour:02}:30", state)
        self.assertEqual(len(self.ask(all_)["lanes"]), 7)
        self.assertLessEqual(self.cost(all_), few)


class TestGridAccess(GridCase):
    def test_who_is_not_of_the_hub_sees_nothing(self):
        integration = self.add()
        for user in (self.outsider, self._user("ihub_portal", "base.group_portal")):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.ask(integration.with_user(user))

    def test_other_companies_and_what_is_gone_are_left_out(self):
        mine = self.add()
        company = self.env["res.company"].create({"name": "Other"})
        record = self.env[DEMO].create({"name": "Theirs", "tz": "UTC", "company_id": company.id})
        theirs = record.integration_id
        theirs.sudo().company_id = company
        self.record(theirs, "2025-03-01 09:00", "2025-03-01 10:00", "failed")
        gone = self.add(name="Gone")
        gone.sudo().unlink()
        lanes = self.ask(mine + theirs.with_user(self.operator) + gone)["lanes"]
        self.assertEqual(lanes, {str(mine.id): []})

    def test_archived_ones_have_their_bars(self):
        integration = self.add()
        self.record(integration, "2025-03-01 09:00", "2025-03-01 10:00")
        integration.sudo().active = False
        self.assertEqual(self.lane(integration), [(9, 10, "done", 1)])
