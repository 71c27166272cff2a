from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..engine.values import checked
from ..report.health import goes_on

# So many of those that wait are woken for a slot: the first may be unable to run.
WOKEN = 3


class IhubPool(models.Model):
    """Integrations of which only so many run at once: ``engine/slots.py`` counts them."""

    _name = "ihub.pool"
    _description = "Integration Pool"
    _inherit = ["mail.thread", "ihub.outside.text"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    slots = fields.Integer(
        "Maximum at Once",
        required=True,
        default=1,
        tracking=True,
        help="How many integrations of this pool may run at the same time. The others wait for "
        "their turn. A change applies to the next run.",
    )
    # One that is left without its company would be for all of them; none of its own is left.
    company_id = fields.Many2one("res.company", index="btree_not_null", ondelete="cascade")
    integration_ids = fields.One2many("ihub.integration", "pool_id", "Integrations")

    @api.constrains("slots")
    def _check_slots(self):
        if any(pool.slots < 1 for pool in self):
            raise ValidationError(
                self.env._(
                    "Enter how many may run at once: at least 1. To let none run, stop them."
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([checked(self, vals) for vals in vals_list])

    def write(self, vals):
        """Let those that wait have the slots that there are now."""
        result = super().write(checked(self, vals))
        if "slots" in vals:
            # Of all companies, whoever has changed it.
            self.sudo().integration_ids._wake()
        return result

    @api.ondelete(at_uninstall=False)
    def _wake_all(self):
        """Let those run that have waited for a slot of a pool that is gone."""
        # Of all companies, as in `write`.
        self.sudo().integration_ids._wake()

    def _wake_waiting(self, integration):
        """Wake those that could run now if they had a slot, the one that has waited longest first.

        :param integration: the ``ihub.integration`` that has just given one back
        :return: whether there are any
        """
        waiting = self._waiting(integration)
        waiting._wake()
        return bool(waiting)

    def _waiting(self, integration):
        for name in ("ihub.integration", "ihub.run"):
            self.env[name].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT i.id
                  FROM ihub_integration i JOIN ihub_run r ON r.integration_id = i.id
                 WHERE i.pool_id = %s AND i.id <> %s AND i.active
                   AND r.state = 'pending' AND r.due <= %s AND %s
                 GROUP BY i.id ORDER BY min(r.due), i.id LIMIT %s
                """,
                self.id,
                integration.id,
                fields.Datetime.now(),
                goes_on(integration),
                WOKEN,
            )
        )
        found = integration.browse(id_ for (id_,) in rows)
        return found.filtered(lambda one: not one._preflight_error())
