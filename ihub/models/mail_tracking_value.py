from odoo import models


class MailTrackingValue(models.Model):
    _inherit = "mail.tracking.value"

    def _tracking_value_format_model(self, model):
        """Say values of the hub's fields as pages do: 17:30 instead of 17.50, None instead of 0."""
        formatted = super()._tracking_value_format_model(model)
        known = self.env[model]._fields if model in self.env else {}
        fields = {value.id: known.get(value.field_id.name) for value in self}
        for said in formatted:
            field = fields[said["id"]]
            if hasattr(field, "changed_text"):
                said["fieldInfo"]["fieldType"] = "char"
                said["oldValue"] = field.changed_text(said["oldValue"])
                said["newValue"] = field.changed_text(said["newValue"])
        return formatted
