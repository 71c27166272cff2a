from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.items import column_of
from .ihub_work_rows import of_work


class IhubItemsMixin(models.AbstractModel):
    """The items of an integration: how many may fail, where they are listed, and Retry.

    What people repair of an item is in ``ihub_item.py`` and ``wizards/ihub_item_change.py``.
    """

    _name = "ihub.items.mixin"
    _description = "Items of an Integration"

    failed_items_limit = fields.Integer(
        default=100,
        tracking=True,
        help="If more items fail, the whole run fails. Otherwise, failed items are left to "
        "repair, and all others are done.",
    )
    failed_items_share = fields.Float(
        "Failed Items Limit (%)",
        default=50.0,
        tracking=True,
        help="The same, in percent of the items that were tried. Applies once ten have failed.",
    )
    item_column_definitions = fields.PropertiesDefinition(
        "Item Columns",
        compute="_compute_item_column_definitions",
        search="_search_item_column_definitions",
        readonly=True,
        copy=False,
    )
    item_ids = fields.One2many("ihub.item", "integration_id", "Items")
    has_items = fields.Boolean(compute="_compute_has_items")

    @of_work
    def _compute_has_items(self):
        Item = self.env["ihub.item"]
        for integration in self:
            of_it = [("integration_id", "in", integration.ids)]
            integration.has_items = bool(Item.search_count(of_it, limit=1))

    @api.depends("integration_type")
    @api.depends_context("lang")
    def _compute_item_column_definitions(self):
        for name, integrations in self.grouped("integration_type").items():
            integrations.item_column_definitions = self._item_columns_of(name)

    def _item_columns_of(self, name):
        """Return the columns that the type ``name`` adds to lists of its items."""
        model = self._type_model(name)
        if model is None:
            return []
        return [
            {"name": column_of(path), "string": label, "type": "char"}
            for path, label in model._item_texts("item_columns").items()
        ]

    def _search_item_column_definitions(self, operator, value):
        if operator != "in" or any(value):
            return NotImplemented
        without = [name for name in self._type_names() if not self._item_columns_of(name)]
        return [("integration_type", "in", without)]

    @api.constrains("failed_items_limit", "failed_items_share")
    def _check_failed_items(self):
        for integration in self:
            if integration.failed_items_limit < 0 or not (
                0 <= integration.failed_items_share <= 100
            ):
                raise ValidationError(
                    self.env._(
                        "The number of items that may fail must be 0 or more, and the share "
                        "between 0 and 100 percent."
                    )
                )

    def open_items(self):
        """Return the action that lists the items of these integrations."""
        return self._action_on_related("ihub.ihub_item_action")

    def action_open_to_repair(self):
        """Return the action that lists what is to be repaired of these integrations."""
        action = self._action_on_related("ihub.ihub_item_action_repair")
        return self.env["ihub.item"]._opened_at_once(action)

    def _retry_items(self, items):
        """Queue a run that tries items again, which may wait for another one already.

        :param items: of this integration, failed, left out or done, as superuser
        :return: the queued ``ihub.run``
        :raise UserError: when it cannot run, or too many runs wait
        """
        self.ensure_one()
        # As superuser: whoever retries need not have rights on runs, crons and the user it runs as.
        integration = self.sudo()
        integration._check_can_run()
        run = integration._queue_manually([None], "items", user_id=self.env.uid)
        items.write({"state": "pending", "retry_run_id": run.id, "reason": False})
        return run.with_env(self.env)
