"""What the views of runs ask for."""

from datetime import timedelta

from freezegun import freeze_time
from hub_case import HubCase, at
from lxml import etree
from odoo.tools.safe_eval import safe_eval

NOW = "2025-03-01 12:30"


@freeze_time(NOW)
class TestCalendar(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 11:00"))
        self.pending = self.runs(self.integration)

    def made(self, **values):
        values = {
            "integration_id": self.integration.id,
            "trigger": "manual",
            "window_from": at("2025-03-01 08:00"),
            "window_to": at("2025-03-01 09:00"),
            "due": at("2025-03-01 09:00"),
            **values,
        }
        return self.env["ihub.run"].create(values).with_user(self.operator)

    def found(self, start, end):
        """Return the runs that the calendar shows for a period, as it asks for them."""
        domain = [("calendar_from", "<=", at(end)), ("calendar_to", ">=", at(start))]
        domain.append(("integration_id", "=", self.integration.id))
        return self.env["ihub.run"].with_user(self.operator).search(domain)

    def assertOnlyFound(self, run, start, end):
        self.assertEqual(self.found(start, end) & run, run)
        for near in (timedelta(hours=-3), timedelta(hours=3)):
            first, last = (f"{at(text) + near:%Y-%m-%d %H:%M}" for text in (start, end))
            self.assertFalse(self.found(first, last) & run)

    def test_what_ended_is_where_it_ran(self):
        run = self.made(
            state="done", started_at=at("2025-03-01 09:10"), ended_at=at("2025-03-01 10:10")
        )
        self.assertEqual(run.calendar_from, at("2025-03-01 09:10"))
        self.assertEqual(run.calendar_to, at("2025-03-01 10:10"))
        self.assertOnlyFound(run, "2025-03-01 09:00", "2025-03-01 10:00")

    def test_what_is_queued_is_where_it_will_run_also_after_a_failed_attempt(self):
        self.pending.sudo().started_at = at("2025-03-01 05:00")
        self.assertEqual(self.pending.calendar_from, at("2025-03-01 12:00") + timedelta(seconds=10))
        self.assertOnlyFound(self.pending, "2025-03-01 12:00", "2025-03-01 13:00")

    def test_what_was_cancelled_before_it_began_is_where_that_happened(self):
        run = self.made(
            state="cancelled", due=at("2025-03-01 12:00"), ended_at=at("2025-03-01 10:30")
        )
        self.assertEqual(run.calendar_from, at("2025-03-01 10:30"))
        self.assertEqual(run.calendar_to, at("2025-03-01 10:30"))
        self.assertOnlyFound(run, "2025-03-01 10:00", "2025-03-01 11:00")

    def test_what_is_running_reaches_to_its_last_sign_of_life(self):
        run = self.made(
            state="running", started_at=at("2025-03-01 09:10"), last_seen=at("2025-03-01 12:20")
        )
        self.assertEqual(run.calendar_to, at("2025-03-01 12:20"))
        self.assertTrue(self.found("2025-03-01 12:00", "2025-03-01 13:00") & run)


class TestHeads(HubCase):
    def test_a_card_is_headed_as_the_page(self):
        """What has no period is not always a retry."""
        Run = self.env["ihub.run"]
        heads = {}
        for kind in ("form", "kanban"):
            view = Run.get_view(view_type=kind)
            # Odoo has the browser ask for what decides which of them is shown.
            self.assertIn("trigger", view["models"]["ihub.run"])
            arch = etree.fromstring(view["arch"])
            heads[kind] = {
                "".join(each.itertext()).strip(): each.get("invisible")
                for each in arch.iter("div")
                if (each.get("invisible") or "").startswith("trigger != ")
            }
        self.assertEqual(heads["form"], heads["kanban"])
        self.assertEqual(len(heads["form"]), 2)


class TestNumberOfRuns(HubCase):
    def test_the_button_counts_what_its_list_shows(self):
        integration = self.add(window_from=at("2025-03-01 11:00"))
        self.assertEqual(self.runs(integration).mapped("state"), ["pending"])
        self.assertEqual(integration.run_count, 0)
        integration.run_manually()
        action = integration.open_runs()
        search = self.env["ihub.run"].get_view(view_type="search")["arch"]
        planned = etree.fromstring(search).find(".//filter[@name='without_planned']")
        self.assertIn("search_default_without_planned", action["context"])
        shown = [*action["domain"], *safe_eval(planned.get("domain"))]
        self.assertEqual(self.env["ihub.run"].search_count(shown), 1)
        integration.invalidate_recordset(["run_count"])
        self.assertEqual(integration.run_count, 1)


class TestWordsOfEmptyScreens(HubCase):
    def test_each_action_teaches(self):
        actions = self.env["ir.actions.act_window"].search(
            [("res_model", "in", ("ihub.integration", "ihub.run", "ihub.event"))]
        )
        listed = actions.filtered(lambda action: "list" in action.view_mode)
        self.assertGreaterEqual(len(listed), 6)
        for action in listed:
            with self.subTest(action=action.name):
                self.assertGreater(len((action.help or "").split()), 20)

    def test_only_those_who_can_are_told_to_press_new(self):
        action = self.env.ref("ihub.ihub_integration_action")
        # As the web client reads it.
        told = {
            user: action.with_user(user).sudo()._get_action_dict()["help"]
            for user in (self.operator, self.manager)
        }
        self.assertIn("Press New", told[self.manager])
        self.assertNotIn("Press New", told[self.operator])
        self.assertIn("Ask a manager", told[self.operator])


# A Saturday.
@freeze_time(NOW)
class TestSearch(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add()
        starts = {
            "today": "2025-03-01 00:00",
            "yesterday": "2025-02-28 23:59",
            "tuesday": "2025-02-25 10:00",
            "last_saturday": "2025-02-22 10:00",
            "long_ago": "2025-02-21 10:00",
        }
        self.started = {
            name: self.env["ihub.run"].create(
                {
                    "integration_id": self.integration.id,
                    "trigger": "manual",
                    "state": "done",
                    "window_from": at("2025-01-01"),
                    "window_to": at("2025-01-02"),
                    "due": at(start),
                    "started_at": at(start),
                    "ended_at": at(start),
                }
            )
            for name, start in starts.items()
        }

    def found(self, name):
        Run = self.env["ihub.run"].with_user(self.operator)
        arch = etree.fromstring(Run.get_view(view_type="search")["arch"])
        (node,) = arch.xpath(f"//filter[@name='{name}']")
        domain = [*safe_eval(node.get("domain")), ("integration_id", "=", self.integration.id)]
        return {key for key, run in self.started.items() if run in Run.search(domain)}

    def test_days_as_events_have_them(self):
        self.assertEqual(self.found("today"), {"today"})
        self.assertEqual(self.found("yesterday"), {"yesterday"})
        self.assertEqual(self.found("this_week"), {"today", "yesterday", "tuesday"})
        self.assertEqual(
            self.found("last_seven_days"), {"today", "yesterday", "tuesday", "last_saturday"}
        )
