"""The words of the messages that people get: subjects, sentences with values, and buttons.

What mails and activities say around them is in ``data/ihub_alert_templates.xml``. Sentences are
whole ones, because other languages order them otherwise.
"""

from markupsafe import Markup

from .card_text import complete_until, late_reason
from .format import local_moment
from .sentences import read

# So many items, or errors of a run, are told one by one.
TOLD = 10


def told_reason(record, message=None, message_code=None, message_values=None):
    """Return why something failed, for a reader, and the exception nobody wrote for them.

    The arguments behind the record, which has the reader's context, are what ``sentences.stored``
    returns.
    """
    told = {"message": message, "message_code": message_code, "message_values": message_values}
    return {
        "reason": read(record, told),
        "technical": message_code == "unexpected" and message,
    }


class Notice:
    """What a message says of integrations, in the language and on the clocks of its reader.

    :param integration: the ``ihub.integration``, with the context of the reader; several only for
        the title, and for what is said of a server
    """

    def __init__(self, integration):
        self.integration = integration
        self.env = integration.env

    def title(self, kind, server=None):
        """Return what happened in a few words; also the subject of a mail."""
        if server:
            return self._server_title(kind, server)
        count = len(self.integration)
        if count > 1:
            return {
                "failed": self.env._("%(count)s integrations failed", count=count),
                "late": self.env._("%(count)s integrations are late", count=count),
                "recovered": self.env._("%(count)s integrations are working again", count=count),
            }[kind]
        name = self.integration.name
        return {
            "run_failed": self.env._("A run of %(name)s failed", name=name),
            "run_errors": self.env._("A run of %(name)s reported errors", name=name),
            "doubtful": self.env._("%(name)s: no records where many are usual", name=name),
            "items_failed": self.env._("%(name)s has something to repair", name=name),
            "items_repaired": self.env._("%(name)s: nothing left to repair", name=name),
            "run_done": self.env._("A failed run of %(name)s has since been completed", name=name),
            "failed": self.env._("%(name)s failed", name=name),
            "late": self.env._("%(name)s is late", name=name),
            "recovered": self.env._("%(name)s is working again", name=name),
        }[kind]

    def _server_title(self, kind, server):
        values = {"server": server.name, "count": len(self.integration)}
        if kind == "server_up":
            return self.env._("%(server)s is responding again", **values)
        if len(self.integration) == 1:
            return self.env._("%(server)s is down: one integration waits", **values)
        return self.env._("%(server)s is down: %(count)s integrations wait", **values)

    def failed(self):
        return self.env._("%(name)s failed:", name=self._name())

    def run_failed(self, run):
        return self.env._(
            "A run of %(name)s for the period from %(start)s to %(end)s failed:",
            name=self._name(),
            **self._period(run),
        )

    def run_errors(self, run):
        if not run.window_from:
            return self.env._(
                "%(name)s processed received messages, but reported errors:",
                name=self._name(),
            )
        return self.env._(
            "A run of %(name)s for the period from %(start)s to %(end)s is done, but reported "
            "errors:",
            name=self._name(),
            **self._period(run),
        )

    def doubtful(self, run):
        return self.env._(
            "A run of %(name)s for the period from %(start)s to %(end)s is doubtful:",
            name=self._name(),
            **self._period(run),
        )

    def items(self, run, count):
        if not run.window_from:
            # What has been received has no period.
            return self.env._(
                "%(name)s processed received messages. Items to repair: %(count)s",
                name=self._name(),
                count=count,
            )
        values = {"name": self._name(), **self._period(run)}
        if count == 1:
            return self.env._(
                "A run of %(name)s for the period from %(start)s to %(end)s is done, except one "
                "item to repair:",
                **values,
            )
        return self.env._(
            "A run of %(name)s for the period from %(start)s to %(end)s is done, except "
            "%(count)s items to repair:",
            count=count,
            **values,
        )

    def item(self, item):
        """Return what is wrong with an item, behind a link to it."""
        link = self._link(item, item.display_name)
        return self.env._("%(item)s: %(reason)s", item=link, reason=item.message or "")

    def more(self, count):
        return self.env._("And %(count)s more.", count=count)

    def button(self, run=None, items=None):
        """Return where the button of a message leads, and what it says.

        :param run: that has failed, or has reported errors
        :param items: that are to be repaired
        """
        pages = f"{self.integration.get_base_url()}/odoo"
        if items:
            return f"{pages}/ihub-repair", self.env._("Repair")
        if run and run.state == "failed":
            return f"{pages}/ihub-runs/{run.id}", self.env._("View Error")
        if run and run.with_errors:
            return f"{pages}/ihub-runs/{run.id}", self.env._("View Errors")
        name = self.integration.name
        return self._address(self.integration), self.env._("Open %(name)s", name=name)

    def repaired(self):
        name = self._name()
        if self.integration._is_any_open():
            return self.env._("%(name)s has nothing left to repair.", name=name)
        return self.env._("%(name)s has nothing left to repair. There is nothing to do.", name=name)

    def errors(self, run):
        """Return the last errors that a run has reported, one a line.

        Those of its last attempt: what earlier ones have reported was undone as a rule, and why
        they failed is no news any more. Where it reported none, those that were kept before.
        """
        reported = [("level", "=", "error"), ("item_id", "=", False), ("undone", "=", False)]
        of_attempt = [("run_id", "=", run.id), ("create_date", ">=", run.started_at)]
        of_work = [("run_id", "in", list(run._lineage_ids()))]
        Event = self.env["ihub.event"]
        events = Event.search([*reported, *of_attempt], order="id desc", limit=TOLD)
        events = events or Event.search([*reported, *of_work], order="id desc", limit=TOLD)
        return "\n".join(filter(None, reversed(events.mapped("summary"))))

    def run_done(self, run):
        values = {"name": self._name(), **self._period(run)}
        if self.integration._is_any_open() or self.integration.to_repair_count:
            return self.env._(
                "What a run of %(name)s for the period from %(start)s to %(end)s failed to do has "
                "since been completed.",
                **values,
            )
        return self.env._(
            "What a run of %(name)s for the period from %(start)s to %(end)s failed to do has "
            "since been completed. There is nothing to do.",
            **values,
        )

    def undone(self, run):
        """Return what becomes of what ``run``, which has failed, has not done."""
        if run.trigger == "webhook":
            return self.env._(
                "Received messages that are not processed yet are kept, so nothing is lost."
            )
        if run.trigger == "items":
            return self.env._(
                "The items that were to be retried are still to be repaired, so nothing is lost."
            )
        return self.env._(
            "The period from %(start)s to %(end)s is still to be done, so nothing is lost.",
            **self._period(run),
        )

    def late(self):
        # As superuser: a rule may hide the run from who reads the message.
        period = self.integration.sudo()._scheduled_run()
        return self.env._(
            "%(name)s is late. The period from %(start)s to %(end)s should have been completed "
            "by now.",
            name=self._name(),
            **self._period(period),
        )

    def late_reason(self):
        return late_reason(self.integration)

    def on_time(self, late_since):
        return self.env._(
            "%(name)s is on time again. It had been late since %(since)s.",
            name=self._name(),
            since=local_moment(self.integration, late_since),
        )

    def recovered(self, failures, since):
        values = {"name": self._name(), "since": local_moment(self.integration, since)}
        if failures == 1:
            return self.env._("%(name)s is working again after one failure at %(since)s.", **values)
        return self.env._(
            "%(name)s is working again after %(count)s failures since %(since)s.",
            count=failures,
            **values,
        )

    def complete(self):
        if self.integration.to_repair_count:
            return complete_until(self.integration)
        moment = local_moment(self.integration, self.integration.watermark)
        if self.integration._is_any_open():
            return self.env._("Its data is complete until %(moment)s.", moment=moment)
        return self.env._(
            "Its data is complete until %(moment)s. There is nothing to do.", moment=moment
        )

    def server_down(self, server):
        return self.env._(
            "The server %(server)s has been down since %(since)s:",
            server=Markup("<b>%s</b>") % server.name,
            since=local_moment(self.integration, server.failed_since),
        )

    def server_up(self, server):
        return self.env._(
            "The server %(server)s is responding again. It had been down since %(since)s.",
            server=Markup("<b>%s</b>") % server.name,
            since=local_moment(self.integration, server.failed_since),
        )

    def link(self):
        return self._link(self.integration, self.integration.name)

    def zone(self, tz):
        return self.env._("Times are in the time zone %(zone)s.", zone=tz)

    # --- What is in them ---

    def _link(self, record, text):
        return Markup('<a href="%s">%s</a>') % (self._address(record), text)

    def _address(self, record):
        return record._notify_get_action_link("view")

    def _name(self):
        return Markup("<b>%s</b>") % self.integration.name

    def _period(self, run):
        return {
            "start": local_moment(self.integration, run.window_from),
            "end": local_moment(self.integration, run.window_to),
        }
