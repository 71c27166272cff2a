from markupsafe import Markup
from odoo import models


class IhubIntegration(models.Model):
    """The sentences of what is told: whole ones, because other languages order them otherwise.

    The language and the time zone are those of the context.
    """

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    def _letter_failed(self):
        return self.env._("%(name)s has failed:", name=self._letter_name())

    def _letter_run_failed(self, run):
        return self.env._(
            "A run of %(name)s for the period from %(start)s to %(end)s has failed:",
            name=self._letter_name(),
            start=self._local(run.window_from),
            end=self._local(run.window_to),
        )

    def _letter_run_done(self, run):
        return self.env._(
            "What a run of %(name)s for the period from %(start)s to %(end)s had left undone is "
            "done now. There is nothing to do.",
            name=self._letter_name(),
            start=self._local(run.window_from),
            end=self._local(run.window_to),
        )

    def _letter_undone(self, run):
        return self.env._(
            "The period from %(start)s to %(end)s is still to be done, so nothing is lost.",
            start=self._local(run.window_from),
            end=self._local(run.window_to),
        )

    def _letter_late(self):
        period = self._late_period()
        return self.env._(
            "%(name)s is late. The period from %(start)s to %(end)s should have been completed "
            "by now.",
            name=self._letter_name(),
            start=self._local(period.window_from),
            end=self._local(period.window_to),
        )

    def _letter_on_time(self, late_since):
        return self.env._(
            "%(name)s is on time again. It had been late since %(since)s.",
            name=self._letter_name(),
            since=self._local(late_since),
        )

    def _letter_recovered(self, failures, since):
        values = {"name": self._letter_name(), "since": self._local(since)}
        if failures == 1:
            return self.env._("%(name)s works again after one failure at %(since)s.", **values)
        return self.env._(
            "%(name)s works again after %(count)s failures since %(since)s.",
            count=failures,
            **values,
        )

    def _letter_complete(self):
        return self.env._(
            "Its data are complete until %(moment)s. There is nothing to do.",
            moment=self._local(self.watermark),
        )

    def _letter_open(self):
        return self.env._("Open %(name)s", name=self.name)

    def _letter_zone(self, tz):
        return self.env._("Times are those of %(zone)s.", zone=tz)

    def _letter_name(self):
        return Markup("<b>%s</b>") % self.name
