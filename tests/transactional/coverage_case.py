"""Runs as the lane would have written them, for the tests of what is drawn of them."""

from freezegun import freeze_time
from hub_case import HubCase, at

NOW = "2025-03-01 12:30"


class CoverageCase(HubCase):
    def setUp(self):
        super().setUp()
        frozen = freeze_time(NOW)
        frozen.start()
        self.addCleanup(frozen.stop)

    def record(self, integration, start, end, state="done", trigger="manual", **values):
        """Write a run that has ended, as the lane would have."""
        ended = values.pop("ended_at", at(end) if isinstance(end, str) else end)
        return (
            self.env["ihub.run"]
            .sudo()
            .create(
                {
                    "integration_id": integration.id,
                    "state": state,
                    "trigger": trigger,
                    "window_from": at(start) if isinstance(start, str) else start,
                    "window_to": at(end) if isinstance(end, str) else end,
                    "due": values.pop("due", ended),
                    "started_at": ended,
                    "ended_at": ended,
                    **values,
                }
            )
        )

    def line(self, integration, start="2025-03-01 08:00", end="2025-03-01 14:00"):
        """Return the time line as ``(from, to, status)``, hours and minutes."""
        found = integration.coverage(f"{start}:00", f"{end}:00")["segments"]
        return [(s["from"][11:16], s["to"][11:16], s["status"]) for s in found]
