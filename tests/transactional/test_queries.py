"""What a run costs: queries and commits, of which each empties Odoo's cache."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.tests import test_cursor

NOW = at("2025-03-01 12:30")


@pytest.mark.slow
@freeze_time(NOW)
class TestQueries(HubCase):
    @contextmanager
    def counting(self):
        """Yield a dictionary that has the number of queries and of commits at the end."""
        found = {"queries": 0, "commits": 0}
        before = self.env.cr.sql_log_count
        commit = test_cursor.TestCursor.commit

        def counted(cr):
            found["commits"] += 1
            commit(cr)

        with patch.object(test_cursor.TestCursor, "commit", counted):
            yield found
        found["queries"] = self.env.cr.sql_log_count - before

    def cost(self, windows):
        """Return what it costs to work off so many windows."""
        integration = self.add(
            window_from=at("2025-03-01 12:00") - timedelta(hours=windows), catch_up="each"
        )
        integration.start()
        self.env.flush_all()
        with self.running_as(lambda this, *window: None), self.counting() as found:
            self.work(integration)
        self.assertEqual(len(self.runs(integration, state="done")), windows)
        return found

    def test_each_more_run(self):
        # What Odoo keeps of everything, such as the rights of users, is read the first time.
        self.cost(1)
        few, many = self.cost(2), self.cost(12)
        self.assertEqual((many["commits"] - few["commits"]) / 10, 1)
        self.assertLessEqual((many["queries"] - few["queries"]) / 10, 11)
