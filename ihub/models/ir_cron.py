from odoo import fields, models

from ..engine import alarm


class IrCron(models.Model):
    _inherit = "ir.cron"

    def _trigger_list(self, at_list):
        triggers = super()._trigger_list(at_list)
        if triggers:
            wait = min(triggers.mapped("call_at")) - fields.Datetime.now()
            dbname = self.env.cr.dbname
            self.env.cr.postcommit.add(lambda: alarm.tell(dbname, wait.total_seconds()))
        return triggers
