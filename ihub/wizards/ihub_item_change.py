from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.items import found_at, typed
from ..core.text import clean


class IhubItemChange(models.TransientModel):
    """The dialog in which the data of an item are corrected."""

    _name = "ihub.item.change"
    _inherit = ["ihub.visible.references"]
    _description = "Repair an Item"

    item_ids = fields.Many2many("ihub.item", required=True, readonly=True)
    message = fields.Text("Problem", compute="_compute_message")
    line_ids = fields.One2many(
        "ihub.item.change.line",
        "change_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.depends("item_ids")
    def _compute_message(self):
        for change in self:
            change.message = change.item_ids[:1].message

    @api.depends("item_ids")
    def _compute_line_ids(self):
        for change in self:
            item = change.item_ids[:1]
            item.integration_id._operable()
            # None, where it was deleted meanwhile.
            data, labels = (item._value(), item._labels()) if item else (None, {})
            change.line_ids = [
                (0, 0, {"path": path, "label": label, "value": text, "shown": text})
                for path, label in labels.items()
                for text in [_shown(data, path)]
            ]

    def action_save(self):
        """Keep what was corrected.

        :return: the action that closes the dialog
        """
        self.ensure_one()
        data = self.item_ids._open_ones()._value()
        corrected = self.line_ids.filtered(lambda line: line._entered() != line.shown)
        self.item_ids._change({line.path: line._typed(data) for line in corrected})
        return {"type": "ir.actions.act_window_close"}

    def action_save_and_retry(self):
        """Keep what was corrected, and try the item again with it."""
        self.action_save()
        return self.item_ids.action_retry()


class IhubItemChangeLine(models.TransientModel):
    """One value of an item that people may correct."""

    _name = "ihub.item.change.line"
    _inherit = ["ihub.visible.references"]
    _description = "Value of an Item"

    change_id = fields.Many2one("ihub.item.change", required=True, ondelete="cascade")
    path = fields.Char(required=True, readonly=True)
    label = fields.Char(readonly=True)
    # What has several lines would become one where only one can be entered.
    value = fields.Text()
    # What came meanwhile is no correction of what was to be seen.
    shown = fields.Text("Value as Shown")

    def _entered(self):
        """Return the new value as text, or what was shown; nothing is False."""
        if "\n" in (self.shown or ""):
            return self.value
        # Whoever ends a value of one line with Enter means no second one.
        return (self.value or "").strip("\n") or False

    def _typed(self, data):
        """Return the new value, of the same kind as the old one.

        :raise UserError: when it is none of that kind, or another one has come meanwhile
        """
        old, value, now = found_at(data, self.path), self._entered() or "", _shown(data, self.path)
        if value == now:
            return old
        if now != (self.shown or ""):
            raise UserError(
                self.env._(
                    "%(label)s has changed in the meantime. It is now “%(value)s”. Discard this, "
                    "and press Repair again.",
                    label=self.label,
                    value=now,
                )
            )
        try:
            return typed(old, value)
        except ValueError as error:
            values = {"label": self.label, "value": value, "old": old}
            if isinstance(old, (int, float)) and not isinstance(old, bool):
                text = self.env._("%(label)s: %(value)s is not a number. Enter one.", **values)
            else:
                text = self.env._(
                    "%(label)s: %(value)s cannot take the place of %(old)s. Enter a value of the "
                    "same kind, or have it corrected in the other system.",
                    **values,
                )
            raise UserError(text) from error


def _shown(data, path):
    value = found_at(data, path)
    # Half a character or a null byte can be neither sent nor stored.
    return "" if value is None else clean(str(value))
