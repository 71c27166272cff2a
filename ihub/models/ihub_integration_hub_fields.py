from odoo import api, models
from odoo.exceptions import AccessError

# What Odoo itself adds to every model; it ignores what people write there.
MAGIC = {*models.MAGIC_COLUMNS, "display_name"}


class IhubIntegration(models.Model):
    """What only the hub sets: every field that is declared ``readonly``, whoever adds it.

    Odoo leaves ``readonly`` to the screens. Here it holds for everybody who is not superuser, and
    on every route: RPC, import, copies, commands on related records, the rows of types.
    """

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _hub_fields(self):
        """Return the set of the names of the fields that only the hub sets."""
        return {
            name for name, field in self._fields.items() if field.readonly and name not in MAGIC
        }

    @api.model
    def _refuse_hub_fields(self, names):
        """Keep what only the hub sets out of reach of everybody else.

        :param names: of fields that somebody sets
        :raise AccessError: when one of them is the hub's
        """
        forged = () if self.env.su else sorted(self._hub_fields() & set(names))
        if forged:
            labels = [self._fields[name]._description_string(self.env) for name in forged]
            raise AccessError(
                self.env._(
                    "Only the hub itself sets this: %(fields)s. Leave it out. Use Start and Stop "
                    "to change what the integration does.",
                    fields=", ".join(labels),
                )
            )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        # Said once, when it is added: what is required, and nothing stands in for.
        said = {
            name for name, field in self._fields.items() if field.required and not field.default
        }
        for vals in vals_list:
            self._refuse_hub_fields(vals.keys() - said)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_hub_fields(vals)
        return super().write(vals)

    @api.model
    def _add_missing_default_values(self, values):
        """Begin with the hub's own defaults, not with what a context or a person has set."""
        completed = super()._add_missing_default_values(values)
        for name in self._hub_fields() - set(values):
            completed.pop(name, None)
            if default := self._fields[name].default:
                completed[name] = default(self)
        return completed
