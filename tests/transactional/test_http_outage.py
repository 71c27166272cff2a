"""A server that is down: those who need it wait together, and one of them tries it."""

from unittest.mock import patch

import pytest
from freezegun import freeze_time
from http_server import Reply, local_server
from hub_case import at
from notify_case import NotifyCase

from odoo.addons.ihub.engine import server_state
from odoo.addons.ihub.lib import rest_client
from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub.lib.rest_client import RestClient

NOW = "2025-03-01 12:30"
DOWN = Reply(502)
OK = Reply(body=b"ok")
CAUSE = "is not working properly. (HTTP 502)"


class OutageCase(NotifyCase):
    def setUpOnce(self):
        super().setUpOnce()
        with freeze_time(NOW):
            self.integrations = [self.shop(f"Shop {number}") for number in range(3)]

    def setUp(self):
        super().setUp()
        self.server = self.enterContext(local_server())
        self.name = self.server.url.split("/")[2]
        self.reply(DOWN)
        self.clock = self.enterContext(freeze_time(NOW))

    def shop(self, name):
        integration = self.add(name=name, window_from=at("2025-03-01 11:00"), retry_limit=2)
        integration.start()
        return integration

    def reply(self, *replies):
        self.server.reply("orders", *replies)

    def run_all(self, integrations=None, path="orders"):
        """Let what is due be executed; return how many requests the server got."""
        before = len(self.server.requests)

        def work(this, _from, _to):
            with RestClient(self.server.url) as client:
                client.post(path, json={})

        with self.running_as(work):
            for integration in integrations or self.integrations:
                self.work(integration)
        return len(self.server.requests) - before

    def pending(self):
        return [self.runs(one, state="pending") for one in self.integrations]

    def let_it_fail(self, times=5):
        for _each in range(times):
            self.assertIsInstance(self.ask(), RetryableError)

    def ask(self):
        """Ask as a button does; return the error. Odoo's assertRaises would undo what is noted."""
        try:
            RestClient(self.server.url).post("orders", json={})
        except (RetryableError, rest_client.RequestRefused) as error:
            return error
        return None


@pytest.mark.slow
class TestHttpOutage(OutageCase):
    # --- When it is down ---

    def test_after_five_failures_in_a_row_nothing_is_sent(self):
        self.let_it_fail()
        self.assertEqual(self.run_all(), 0)
        for run in self.pending():
            self.assertEqual((run.message_code, run._tries()), ("server_down", 0))

    def test_the_run_that_sees_the_fifth_waits_as_well(self):
        self.let_it_fail(4)
        self.assertEqual(self.run_all(self.integrations[:1]), 1)
        run = self.pending()[0]
        self.assertEqual((run.message_code, run._tries()), ("server_down", 0))

    def test_an_answer_ends_the_row_of_failures(self):
        for reply in (OK, Reply(404), Reply(429)):
            self.reply(DOWN)
            self.let_it_fail(4)
            self.reply(reply)
            self.clock.tick(2)
            self.ask()
        self.reply(DOWN)
        self.let_it_fail(4)
        self.assertEqual(self.env["ihub.server"].search([]).failures, 4)

    def test_failures_of_long_ago_are_no_row(self):
        self.let_it_fail(4)
        self.clock.tick(3600)
        self.let_it_fail(1)
        self.assertEqual(self.env["ihub.server"].search([]).failures, 1)

    def test_a_server_that_dislikes_a_request_is_no_excuse_for_it(self):
        """What answers 500 to one request may answer others: who sends it fails as ever."""
        self.reply(Reply(500))
        self.let_it_fail()
        self.clock.tick(60)
        integration = self.integrations[0]
        for _attempt in range(3):
            self.assertEqual(self.run_all([integration]), 1)
            self.clock.tick(3 * 3600)
        self.assertEqual(integration.state, "failed")

    def test_another_server_is_none_of_its_business(self):
        self.let_it_fail()
        with local_server() as other:
            other.reply("orders", OK)
            self.assertEqual(RestClient(other.url).post("orders").text, "ok")

    # --- While it is down ---

    def test_the_card_says_since_when_and_who_waits(self):
        self.let_it_fail()
        self.run_all()
        self.assertIn(
            f"Down since Mar 1, 12:30 PM. The server {self.name} {CAUSE} 3 integrations "
            "wait for it, and continue as soon as it responds. Next attempt at Mar 1, 12:30",
            self.integrations[0].problem,
        )

    def test_no_attempt_is_used_up_and_it_is_said_once_in_the_log(self):
        self.let_it_fail()
        for _minutes in range(10):
            self.run_all()
            self.clock.tick(180)
        for integration, run in zip(self.integrations, self.pending(), strict=True):
            self.assertEqual((integration.state, run._tries()), ("running", 0))
            events = self.env["ihub.event"].search([("integration_id", "=", integration.id)])
            self.assertEqual(events.mapped("level"), ["warning"])

    def test_one_at_a_time_tries_it(self):
        self.let_it_fail()
        self.enterContext(patch.object(server_state, "_is_awaited", lambda: False))
        breakers = [
            server_state.Breaker(self.env.cr.dbname, self.server.url.rstrip("/"), self.name)
            for _each in range(3)
        ]
        self.assertEqual([breaker.outage().delay for breaker in breakers], [30] * 3)
        self.clock.tick(40)
        outages = [breaker.outage() for breaker in breakers]
        self.assertIsNone(outages[0])
        self.assertEqual([outage.delay for outage in outages[1:]], [30, 30])
        self.assertEqual(breakers[0].note_failure("Still down.").reason, "Still down.")

    def test_a_server_that_says_when_is_not_tried_before(self):
        self.reply(Reply(503, headers={"Retry-After": "600"}))
        self.let_it_fail()
        self.run_all()
        for run in self.pending():
            self.assertGreaterEqual(run.due, at("2025-03-01 12:40"))

    def test_people_may_always_try(self):
        self.let_it_fail()
        integration = self.integrations[0]
        integration.stop()
        run = integration.run_manually(at("2025-02-01 00:00"), at("2025-02-02 00:00"))
        self.assertEqual(self.run_all([integration]), 1)
        self.assertEqual(run.state, "failed")
        self.assertIn(CAUSE, run.message)

    def test_try_now_tries_it_now(self):
        self.let_it_fail()
        self.run_all()
        self.reply(OK)
        self.assertEqual(self.run_all(self.integrations[:1]), 0)
        self.integrations[0].action_try_now()
        self.assertEqual(self.run_all(self.integrations[:1]), 1)
        self.assertEqual(self.integrations[0].last_run_state, "done")

    # --- When it works again ---

    def test_the_first_answer_lets_all_go_on(self):
        self.let_it_fail()
        self.run_all()
        self.reply(OK)
        self.clock.tick(40)
        waiting = self.pending()[1:]
        for run in waiting:
            run.due = at("2025-03-01 12:50")
        self.assertEqual(self.run_all(self.integrations[:1]), 1)
        for run in waiting:
            self.assertEqual(run.due, at("2025-03-01 12:30").replace(second=40))
        self.assertEqual(self.run_all(self.integrations[1:]), 2)
        for integration in self.integrations:
            self.assertEqual(integration.last_run_state, "done")
            self.assertFalse(integration.problem)

    def test_so_does_one_that_people_got(self):
        self.let_it_fail()
        self.run_all()
        self.reply(OK)
        self.assertIsNone(self.ask())
        self.assertEqual(self.run_all(), 3)


@pytest.mark.slow
class TestWhoIsTold(OutageCase):
    """One message to each person, however many integrations wait."""

    def setUpOnce(self):
        super().setUpOnce()
        self.anna, self.emil = self.person("ihub_anna"), self.person("ihub_emil")
        for integration in self.integrations:
            self.unfollow_all(integration)
            integration.sudo().write({"user_id": self.anna.id, "late_after_intervals": 1})
        self.env["mail.mail"].sudo().search([]).unlink()

    def look(self, minutes):
        self.clock.tick(minutes * 60)
        self.env["ihub.integration"]._cron_notify_late()
        self.env.flush_all()

    def told(self, user):
        return self.mails(user).mapped("subject")

    def test_once_of_all_that_wait(self):
        self.let_it_fail()
        self.run_all()
        self.look(5)
        self.assertFalse(self.told(self.anna), "many servers are restarted at night")
        for _hour in range(5):
            self.look(60)
        self.assertEqual(self.told(self.anna), [f"{self.name} is down: 3 integrations wait"])
        body = self.mails(self.anna).body_html
        for expected in ("12:30 PM", CAUSE, "Shop 0", "Shop 1", "Shop 2"):
            self.assertIn(expected, body)

    def test_who_comes_to_it_later_is_told_then(self):
        self.integrations[2].sudo().user_id = self.emil
        for integration in self.integrations:
            integration.sudo().late_after_intervals = 0
        self.env["mail.mail"].sudo().search([]).unlink()
        self.let_it_fail()
        self.run_all(self.integrations[:1])
        self.look(15)
        self.run_all(self.integrations[1:2])
        self.look(5)
        self.assertEqual(self.told(self.anna), [f"{self.name} is down: one integration waits"])
        self.run_all(self.integrations[2:])
        self.look(5)
        self.assertEqual(len(self.told(self.anna)), 1)
        self.assertEqual(self.told(self.emil), [f"{self.name} is down: one integration waits"])

    def test_and_once_that_it_works_again(self):
        self.let_it_fail()
        self.run_all()
        self.look(15)
        self.reply(OK)
        self.assertIsNone(self.ask())
        self.run_all()
        for _hour in range(3):
            self.look(15)
        self.assertEqual(self.told(self.anna)[1:], [f"{self.name} is responding again"])
        self.assertIn("12:30 PM", self.mails(self.anna)[-1].body_html)

    def test_a_short_outage_is_not_told_at_all(self):
        self.let_it_fail()
        self.run_all()
        self.look(5)
        self.reply(OK)
        self.assertIsNone(self.ask())
        self.look(15)
        self.assertFalse(self.told(self.anna))

    def test_who_wants_to_know_of_no_failure_is_not_told(self):
        for integration in self.integrations:
            integration.sudo().notify_failure = False
        self.let_it_fail()
        self.run_all()
        self.look(15)
        self.assertFalse(self.told(self.anna))

    def test_who_was_not_told_that_it_is_down_is_told_what_is_late(self):
        for integration in self.integrations:
            integration.sudo().notify_failure = False
        self.let_it_fail()
        self.run_all()
        self.look(120)
        self.assertEqual(self.told(self.anna), ["3 integrations are late"])

    def test_whom_the_first_one_that_waits_did_not_tell_the_next_one_does(self):
        self.integrations[0].sudo().notify_failure = False
        self.let_it_fail()
        self.run_all(self.integrations[:1])
        self.look(15)
        self.assertFalse(self.told(self.anna))
        self.run_all(self.integrations[1:])
        self.look(15)
        self.assertEqual(self.told(self.anna), [f"{self.name} is down: 2 integrations wait"])

    def test_who_was_not_told_that_it_is_late_is_not_told_that_it_is_on_time(self):
        self.let_it_fail()
        self.run_all()
        for _hour in range(4):
            self.look(60)
        self.assertTrue(self.integrations[0].late_since)
        self.reply(OK)
        self.assertIsNone(self.ask())
        self.run_all()
        for _minutes in range(3):
            self.look(5)
        self.assertFalse(self.integrations[0].late_since)
        self.assertEqual(
            self.told(self.anna),
            [f"{self.name} is down: 3 integrations wait", f"{self.name} is responding again"],
        )

    def be_late_in_an_outage(self):
        """Nobody is told, since all know that the server is down, until it responds again."""
        self.let_it_fail()
        self.run_all()
        for _hour in range(4):
            self.look(60)
        self.reply(OK)
        self.assertIsNone(self.ask())
        self.look(5)
        self.assertEqual(
            self.told(self.anna),
            [f"{self.name} is down: 3 integrations wait", f"{self.name} is responding again"],
        )

    def test_what_stays_late_for_another_cause_is_told_then(self):
        self.be_late_in_an_outage()

        def unlucky(this, _from, _to):
            raise RetryableError("The shop is being maintained.", delay=3600)

        with self.running_as(unlucky):
            for integration in self.integrations:
                self.work(integration)
        for _minutes in range(3):
            self.look(5)
        self.assertEqual(self.told(self.anna)[2:], ["3 integrations are late"])
        self.assertIn("The shop is being maintained.", self.mails(self.anna)[-1].body_html)
        self.run_all()
        self.clock.tick(3600)
        self.run_all()
        self.look(5)
        self.assertEqual(self.told(self.anna)[3:], ["3 integrations are working again"])

    def test_so_is_what_nothing_takes_up_after_it(self):
        self.be_late_in_an_outage()
        self.look(5)
        self.assertEqual(len(self.told(self.anna)), 2, "it may begin at any moment")
        self.look(10)
        self.assertEqual(self.told(self.anna)[2:], ["3 integrations are late"])

    def stop_others(self):
        for integration in self.integrations[1:]:
            integration.stop()

    def test_what_is_stopped_does_not_wait(self):
        self.let_it_fail()
        self.run_all()
        self.stop_others()
        self.assertIn("The integration continues", self.integrations[0].problem)
        self.look(15)
        self.assertEqual(self.told(self.anna), [f"{self.name} is down: one integration waits"])

    def test_what_was_stopped_meanwhile_does_not_continue(self):
        self.let_it_fail()
        self.run_all()
        self.look(15)
        self.stop_others()
        self.reply(OK)
        self.assertIsNone(self.ask())
        self.look(5)
        body = self.mails(self.anna)[-1].body_html
        self.assertIn("is responding again", body)
        self.assertIn("Shop 0", body)
        self.assertNotIn("Shop 1", body)

    def test_a_stopped_one_of_which_somebody_wants_a_backfill_waits(self):
        self.let_it_fail()
        self.stop_others()
        integration = self.integrations[2]
        window = integration.sudo()._manual_window(at("2025-02-01 00:00"), at("2025-02-02 00:00"))
        integration.sudo()._queue_manually([window], "backfill")
        self.run_all()
        self.look(15)
        self.assertEqual(self.told(self.anna), [f"{self.name} is down: 2 integrations wait"])
