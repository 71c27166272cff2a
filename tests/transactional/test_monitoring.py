"""What monitoring reads: /ihub/health and /ihub/metrics, and what stands in docs/monitoring."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase
from odoo.tools import mute_logger

from odoo.addons.ihub.engine import event_buffer
from odoo.addons.ihub.report import health as facts
from odoo.addons.ihub.report import metrics

from .hub_case import HubCase, at
from .test_board import NOW, BoardCase

DOCS = Path(__file__).resolve().parents[2] / "docs" / "monitoring"
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parsed(text):
    """Return ``{(metric, label values): number}``."""
    return {
        (name, *(value for key, value in LABEL.findall(labels or "") if key != "id")): float(number)
        for name, labels, number in SAMPLE.findall(text)
    }


@pytest.mark.slow
class TestFigures(BoardCase):
    def figures(self):
        with patch.object(facts, "is_served", return_value=True):
            return parsed(self.board.metrics())

    def test_each_integration_has_its_health(self):
        staged = self.stage()
        found = self.figures()
        for word, integration in staged.items():
            with self.subTest(health=word):
                name, company = integration.name, integration.sudo().company_id.name
                severity = integration.health_severity
                self.assertEqual(found["ihub_health", name, company, word, severity], 1)
        self.assertEqual(found["ihub_integrations", "late"], 1)
        self.assertEqual(found["ihub_scheduler_up",], 1)

    def test_ages_are_seconds(self):
        self.started("Orders")
        company = self.env.company.name
        found = self.figures()
        self.assertEqual(found["ihub_due_age_seconds", "Orders", company], 0)
        self.assertNotIn(("ihub_watermark_age_seconds", "Orders", company), found)

        late = self.started("Late", window_from=at("2025-03-01 11:00"))
        self.work(late)
        found = self.figures()
        self.assertEqual(found["ihub_watermark_age_seconds", "Late", company], 1800)
        self.assertEqual(found["ihub_last_success_age_seconds", "Late", company], 0)

    def test_what_ended_lately_is_counted(self):
        done = self.started("Done", window_from=at("2025-03-01 11:00"))
        self.work(done)
        company = self.env.company.name
        self.assertEqual(self.figures()["ihub_recent_runs", "Done", company, "done"], 1)
        long_ago = fields.Datetime.to_datetime(NOW) - metrics.RECENTLY - timedelta(seconds=1)
        self.runs(done, state="done").sudo().ended_at = long_ago
        self.assertNotIn(("ihub_recent_runs", "Done", company, "done"), self.figures())

    def test_a_thousand_cost_as_many_queries_as_one(self):
        self.started("One")
        self.figures()
        self.env.invalidate_all()
        with self.assertQueryCount(19):
            self.figures()
        for number in range(20):
            self.started(f"More {number}")
        self.figures()
        self.env.invalidate_all()
        with self.assertQueryCount(19):
            self.figures()

    def test_events_that_wait_are_counted(self):
        self.assertEqual(event_buffer.waiting("no such database"), 0)
        buffer = event_buffer.EventBuffer("ihub_no_such")
        buffer._waiting.append(object())
        with patch.object(event_buffer.flusher, "_due", {buffer: 0}):
            self.assertEqual(event_buffer.waiting("ihub_no_such"), 1)

    def test_nobody_else_reads_them(self):
        hub = self.env["ihub.integration"].with_user(self.outsider)
        for method in (hub.metrics, hub.check_health):
            with self.assertRaises(AccessError):
                method()

    def test_only_what_the_user_sees(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        mine, theirs = self.started("Mine"), self.started("Theirs")
        theirs.sudo().write({"company_id": other.id, "user_id": False})
        self.env.flush_all()
        names = {key[1] for key in self.figures() if key[0] == "ihub_health"}
        self.assertIn(mine.name, names)
        self.assertNotIn("Theirs", names)


class TestHealth(BoardCase):
    def check(self, is_served=True):
        with patch.object(facts, "is_served", return_value=is_served):
            return self.board.check_health()

    def test_all_is_well(self):
        self.started("Fine")
        self.assertEqual(self.check(), {"status": "pass", "integrations": {"ok": 1}})

    def test_somebody_is_needed(self):
        self.started("Failed").sudo()._fail("The price of A1 is missing.")
        self.assertEqual(self.check(), {"status": "warn", "integrations": {"failed": 1}})

    def test_nothing_takes_up_what_is_due(self):
        self.started("Fine")
        self.assertEqual(self.check(is_served=False)["status"], "fail")

    def test_one_that_nothing_takes_up(self):
        self.started("Switched off").sudo().cron_id.active = False
        self.assertEqual(self.check(), {"status": "fail", "integrations": {"no_worker": 1}})


class TestOverHttp(HubCase, HttpCase):
    def setUpOnce(self):
        super().setUpOnce()
        # What the demo has left due would be without a worker.
        self.env["ihub.integration"].search([]).stop()
        self.env["ihub.integration"].search([]).active = False

    def get(self, path, user=None):
        headers = {}
        if user:
            Keys = self.env["res.users.apikeys"].with_user(user).sudo()
            key = Keys._generate("rpc", "x", datetime.now() + timedelta(days=1))
            headers["Authorization"] = f"Bearer {key}"
        return self.url_open(path, headers=headers)

    def test_with_the_key_of_an_operator(self):
        self.add()
        with patch.object(facts, "is_served", return_value=True):
            health = self.get("/ihub/health", self.operator)
            figures = self.get("/ihub/metrics", self.operator)
        self.assertEqual(health.status_code, 200)
        self.assertIn(json.loads(health.text)["status"], ("pass", "warn"))
        self.assertEqual(figures.status_code, 200)
        self.assertTrue(figures.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        self.assertIn("# TYPE ihub_health gauge", figures.text)

    def test_503_where_nothing_takes_up_what_is_due(self):
        integration = self.add()
        integration.start()
        with patch.object(facts, "is_served", return_value=False):
            answer = self.get("/ihub/health", self.operator)
        self.assertEqual(answer.status_code, 503)
        self.assertEqual(json.loads(answer.text)["status"], "fail")

    @mute_logger("odoo.http")
    def test_nothing_without_a_key(self):
        for path in ("/ihub/health", "/ihub/metrics"):
            with self.subTest(path=path):
                self.assertNotIn("ihub_", self.get(path).text)
                self.assertGreaterEqual(self.get(path).status_code, 400)
                self.assertEqual(self.get(path, self.outsider).status_code, 403)


class TestDocs(BoardCase):
    def test_rules_and_board_ask_for_figures_that_there_are(self):
        known = {
            value.name for value in vars(metrics).values() if isinstance(value, metrics.Metric)
        }
        asked = {
            name
            for path in DOCS.iterdir()
            if path.suffix in (".yml", ".json")
            for name in re.findall(r"\bihub_[a-z_]+", path.read_text())
        }
        self.assertTrue(asked)
        self.assertLessEqual(asked - known, set())

    def test_each_is_explained(self):
        text = (DOCS.parent / "monitoring.md").read_text()
        for value in vars(metrics).values():
            if isinstance(value, metrics.Metric):
                with self.subTest(metric=value.name):
                    self.assertIn(f"`{value.name}`", text)
