from odoo import api, models
from odoo.fields import Command


class IhubVisibleReferences(models.AbstractModel):
    """Nobody refers to records of the hub that they may not see.

    Odoo shows the name of a record that is referred to to whoever sees the one that refers to it,
    and computes fields of what people are just editing from whatever they say. So what somebody
    writes, edits or gives as a default is asked for first.
    """

    _name = "ihub.visible.references"
    _description = "References to What Is Visible"

    @api.model
    def default_get(self, fields):
        defaults = super().default_get(fields)
        self._check_references(defaults)
        return defaults

    def onchange(self, values, field_names, fields_spec):
        self._check_references(values)
        return super().onchange(values, field_names, fields_spec)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_references(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_references(vals)
        return super().write(vals)

    @api.model
    def _check_references(self, values):
        """Check that the user may see all records of the hub that ``values`` refer to.

        :param dict values: as for :meth:`write`
        :raise AccessError: when one of them is hidden from the user
        """
        if self.env.su:
            return
        for record in self._references(self, values):
            record.check_access("read")

    @api.model
    def _references(self, model, values):
        """Yield the records of the hub in ``values`` of ``model``, also in nested commands."""
        for name, value in values.items():
            field = model._fields.get(name)
            if not field or not field.relational or not value:
                continue
            comodel = self.env[field.comodel_name]
            ids, nested = _referred(value)
            if field.comodel_name.startswith("ihub.") or "ihub.integration" in comodel._inherits:
                yield comodel.browse(ids).exists()
            for inner in nested:
                yield from self._references(comodel, inner)


def _referred(value):
    """Return the ids, and the dictionaries of values, in the value of a relational field."""
    if isinstance(value, int):
        return [value], []
    if isinstance(value, dict):
        return [value["id"]] if isinstance(value.get("id"), int) else [], [value]
    ids, nested = [], []
    for command in value if isinstance(value, (list, tuple)) else ():
        if isinstance(command, int):
            ids.append(command)
            continue
        match command:
            case (Command.CREATE, _, dict(inner)):
                nested.append(inner)
            case (Command.UPDATE, id_, dict(inner)):
                ids.append(id_)
                nested.append(inner)
            case (Command.LINK, id_, *_):
                ids.append(id_)
            case (Command.SET, _, [*more]):
                ids += more
    return [id_ for id_ in ids if isinstance(id_, int)], nested
