from odoo import api, models
from odoo.api import NewId
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
            if not field or not field.relational:
                continue
            comodel = self.env[field.comodel_name]
            ids, nested = _referred(value)
            is_of_hub = comodel._name.startswith("ihub.") or "ihub.integration" in comodel._inherits
            if ids and is_of_hub:
                yield comodel.browse(map(_number, ids)).exists()
            for inner in nested:
                yield from self._references(comodel, inner)


def _referred(value):
    """Return the ids, and the dictionaries of values, in the value of a relational field."""
    ids, nested = [], []
    for said in value if isinstance(value, (list, tuple)) else [value]:
        its_ids, its_values = _parts(said)
        ids += [id_ for id_ in its_ids if id_ is not None and id_ is not False]
        nested += its_values
    return ids, nested


def _parts(said):
    """Return the ids, and the dictionaries of values, in a command or in what stands for a record.

    Of a default that is a dictionary, Odoo has made a ``NewId`` by then.
    """
    match said:
        case dict():
            return [said.get("id")], [said]
        case (Command.CREATE, _, dict(inner)):
            return [], [inner]
        case (Command.UPDATE, id_, dict(inner)):
            return [id_], [inner]
        case (Command.LINK, id_, *_):
            return [id_], []
        case (Command.SET, _, [*ids]):
            return ids, []
        case int() | NewId():
            return [said], []
    return [], []


def _number(id_):
    """Return an id, which no client sends as anything but a number; Odoo takes many a thing.

    :raise ValueError: it is none
    """
    if not isinstance(id_, int):
        raise ValueError(f"Wrong id of a record: {id_!r}")
    return id_
